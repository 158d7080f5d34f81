"""Tests of the queue of jobs and its archive."""
