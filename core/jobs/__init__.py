"""Jobs: verbs that run in child processes, one after the other; the queue, what is known of each, and their files."""
