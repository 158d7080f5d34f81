"""Tests of reading videos."""
