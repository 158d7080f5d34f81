"""What to do next, in the words of whoever reads it: flags are typed on the command line, the page has controls."""

from __future__ import annotations

from core import inside


def advice(typed: str, chosen: str) -> str:
    """Returns the words for the command line, or those for the page and the jobs that it starts."""
    return typed if inside.confined_to() is None else chosen


def aside() -> str:
    """Returns how somebody says that a run is set aside and another one begun."""
    return advice("--no-resume", 'an empty box "Reuse an earlier run with the same settings"')
