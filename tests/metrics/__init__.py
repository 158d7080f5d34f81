"""Tests of arithmetic on pixels."""
