"""Framesieve: turn video into the frames that matter."""

__version__ = "0.1.0"
