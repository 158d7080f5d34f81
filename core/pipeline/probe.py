"""``probe``: what a video is, counted, not claimed."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from core import log
from core.errors import SourceError
from core.settings.probe import ProbeArguments
from core.step import Outcome, Step
from core.store.run_file import video_to_mapping
from core.video import cut_off
from core.video.colour import described
from core.video.notices import notices_of
from core.video.probe import opened

OF_A_CUT = ("missing_bytes", "missing_frames", "promised_s")
"""What is said only of a file that was cut off."""


@dataclass(frozen=True)
class Probed(Outcome):
    """The facts of a video."""

    facts: dict[str, Any]
    """Plain values, see docs/formats.md; ``cut_off`` is a sentence or ``None``."""
    streams: tuple[tuple[int, str], ...]
    """Number and description of each video stream."""

    def to_mapping(self) -> dict[str, Any]:
        """The facts."""
        return self.facts

    def lines(self) -> list[str]:
        """A line for each fact that says something."""
        cut = self.facts["cut_off"]
        shown = {name: value for name, value in self.facts.items() if cut or name not in OF_A_CUT}
        shown |= {"cut_off": cut or "no"} | {f"stream {number}": text for number, text in self.streams}
        del shown["streams"]
        return [f"{name.replace('_', ' '):24s} {'unknown' if v is None else v}" for name, v in shown.items()]


def probe(arguments: ProbeArguments) -> Generator[Step, None, Probed]:
    """Counts the frames of a video.

    Raises:
        SourceError: it is not a file, or no video.
    """
    source = arguments.source
    if isinstance(source, str):
        raise SourceError(f"{source} is a web address; download it with fetch, then probe the file.", field="source")
    yield Step("reading the video's index")
    with opened(source, arguments.stream) as file:
        video, found = file.video(), file.choice.streams
    of_times = tuple(notice for notice in notices_of(video.info) if notice.code == "repaired_times")
    yield Step("reading the video's index", notices=of_times)  # the facts below say the rest
    values = video_to_mapping(video.info) | {
        "key_frames": len(video.ledger.keys),
        "first_pts_s": video.ledger.seconds(0),
        "last_pts_s": video.ledger.seconds(len(video.ledger) - 1),
        "clock": video.ledger.clock,
        "streams": [dataclasses.asdict(stream) for stream in found],
        "colours": described(video.info) or "shown as they are stored",
        "cut_off": cut_off.sentence_of(video.info),
    }
    del values["ledger_digest"]  # only of use to files that note it
    if values["cut_off"]:
        log.remember(f"{source}: {values['cut_off']}")
    return Probed(values, tuple((stream.index, str(stream)) for stream in found))
