"""The verbs as jobs: each runs in a child process of its own."""

from core.child import command_of

COMMAND = command_of("core.pipeline.jobs.main")
"""Starts the child process of one job; what ``core.jobs.queue.JobQueue`` is given."""
