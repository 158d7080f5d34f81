"""The arguments of ``doctor``: none."""

from __future__ import annotations

from core.settings.arguments import Arguments


class DoctorArguments(Arguments):
    """Nothing is asked."""
