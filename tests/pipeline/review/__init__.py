"""Tests of live inference and saved examples."""
