"""Training patches: windows of consecutive frames, chosen exactly, cut for many categories from one decode."""
