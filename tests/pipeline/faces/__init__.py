"""Tests of the verbs about faces."""
