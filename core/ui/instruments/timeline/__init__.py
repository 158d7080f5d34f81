"""A strip under a video: a value of each frame, which of them are searched for, what is marked, the play head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from core.ui.instruments import Instrument


@dataclass(frozen=True)
class Mode:
    """One thing that the strip can show of each frame."""

    key: str
    name: str
    found: str
    """What is said of the frames that are searched for: "with {of}"; ``{of}`` is of which kind, or "boxes"."""
    top: float | None = None
    """Upper end of the scale; ``None`` = the largest value there is, which the strip names."""
    under: float | None = None
    """Frames whose value is less are searched for, at the start; ``None`` = those whose value is not 0."""


class Timeline(Instrument):
    """A strip with a title, modes and the scale of what it shows. A click or a drag goes to a frame.

    Methods in the browser: ``open(frames)`` (of another video; nothing of the last one stays), ``at(frame)``,
    ``show({key: column}, of)`` (a number for each frame, NaN = none; ``of`` = of which kind, for the title),
    ``mark(Map)`` of frames, ``wanted()`` -> ``{mode, under}``.

    Says: ``goto`` (a frame), ``find`` (1 or -1: the next or the one before of what is searched for), ``mode``.
    """

    folder = "timeline"

    def __init__(self, elem_id: str, modes: Sequence[Mode]) -> None:
        """Args: modes: what it can show; the first one is shown at the start."""
        super().__init__(elem_id, modes=[asdict(mode) for mode in modes])
