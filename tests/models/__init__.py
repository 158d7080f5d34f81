"""Tests of detectors and face networks."""
