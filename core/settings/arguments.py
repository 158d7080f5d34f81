"""What a verb takes: base of the arguments of each."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from core.settings.model import Model

DOWNLOADS = Path("downloads")
"""The folder of runs and downloads, unless another one is named."""


class Arguments(Model):
    """The arguments of a verb; its settings are a model within it."""

    noun = "argument"
    at_least_one_of: ClassVar[tuple[str, ...]] = ()
    """Fields of which one has to be given, although each has a default."""

    @property
    def waits_in(self) -> Path | None:
        """The folder of runs in which the file of a job waits until the verb has a run; ``None``: it needs no file."""
        return None
