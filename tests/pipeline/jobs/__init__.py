"""Tests of verbs as jobs."""
