"""``extract``: a video, or what a web address brings, becomes a run folder of scored frames."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.pipeline import best
from core.pipeline.extraction import Extraction, open_extraction, records_of
from core.records import FrameRecord, VideoInfo
from core.settings.extract import ExtractArguments
from core.settings.masks import MaskArguments
from core.settings.model import changed
from core.step import Notice, Outcome, Step, each
from core.store import jsonl
from core.store.run import RunDir
from core.video import cut_off
from core.video.notices import notices_of
from core.wording import plural, ranges

EXTRACTING = "extracting"


@dataclass(frozen=True)
class Extracted(Outcome):
    """A run whose frames are all recorded."""

    run: str
    frames: int
    """Frames that were chosen."""
    kept: int
    seconds: float
    """Since the first frame was looked at."""
    cut_off: str | None
    """What the file promises and does not hold; ``None``: it is whole."""
    frames_per_s: float
    """Frames that were looked at or recorded in this start, per second."""
    masked: int | None = None
    """Shots whose subject is masked; ``None`` = that was not asked for."""
    best: int | None = None
    """Stills that were chosen of the frames, with the method ``best``."""
    first_by: str | None = None
    """Of a long film, the column that ranked the subset which was scored first."""

    def to_mapping(self) -> dict[str, Any]:
        """Every field; ``masked``, ``best`` and ``first_by`` only where there is something to say."""
        asked = ("masked", "best", "first_by")
        return {name: value for name, value in super().to_mapping().items() if name not in asked or value is not None}

    def lines(self) -> list[str]:
        """One line."""
        speed = f", {self.frames_per_s:.0f} frames/s" if self.frames_per_s else ""
        what = f"{self.kept} of {plural(self.frames, 'frame')} kept"
        if self.best is not None:
            what = f"the best {self.best} of {plural(self.frames, 'frame')}"
            what += f" (a subset first, by {self.first_by})" if self.first_by is not None else ""
        kept = f"{what} in {self.run} ({self.seconds:.1f} s{speed})"
        return [kept if self.masked is None else f"{kept}, {plural(self.masked, 'shot')} masked"]


def extract(arguments: ExtractArguments) -> Generator[Step, None, Extracted]:
    """Extracts the frames of a video and yields after each durable record; the item is a ``FrameRecord``.

    A source on the web is downloaded first. A run that exists keeps its ``quality_weights`` unless others are given.

    Raises:
        SourceError, SettingsError, RunError, RunBusy, StorageError, ModelError: as ``open_extraction``.
    """
    source, settings = arguments.source, arguments.settings
    if not isinstance(source, Path):
        from core.pipeline.fetch import download

        folder = arguments.downloads
        source = (yield from download(source, folder, arguments.fetch_settings, item=arguments.item)).paths[0]
    yield Step("reading the video's index")
    with open_extraction(
        source,
        settings,
        out=arguments.out,
        downloads=arguments.downloads,
        resume=arguments.resume,
        keep_weights="quality_weights" not in settings.model_fields_set,
    ) as extraction:
        found = yield from _steps(extraction, source)
    if arguments.subject_mask:
        found = dataclasses.replace(found, masked=(yield from _masked(arguments, Path(found.run))))
    return found


def _masked(arguments: ExtractArguments, run: Path) -> Generator[Step, None, int]:
    """Masks the primary subject of every shot of the run; returns how many shots have masks."""
    from core.pipeline.masks.mask import mask

    wanted = MaskArguments(
        run=run,
        settings=arguments.mask,
        weights=arguments.mask_weights,
        auto=True,
        scene_detect=arguments.scene_detect,
    )
    found = yield from mask(wanted)
    return sum(shot["worst"] is not None for shot in found.shots)


def resumed(arguments: ExtractArguments, run: Path) -> ExtractArguments:
    """Returns the arguments with which an interrupted start goes on in the run that it had."""
    return changed(arguments, out=run, resume=True) if RunDir(run).run_json.exists() else arguments


def _steps(extraction: Extraction, source: Path) -> Generator[Step, None, Extracted]:
    frames, looked = extraction.video.info.frames, 0
    run, began = extraction.run.path.absolute(), time.perf_counter()
    by_best = extraction.settings.method == "best"
    if by_best:
        frames = best.first_looked_at(extraction.video, extraction.settings)

    def choosing(done: int) -> Step:
        nonlocal looked
        looked = done
        return Step("choosing frames", done, frames)

    yield Step("choosing frames", 0, frames, notices=tuple(_notices(extraction, source)), run=run)
    yield from each(extraction.choose(), choosing)
    tally, before = Tally(), extraction.done
    yield from _recording(extraction, tally)
    stills = (yield from best.finish(extraction)) if by_best else None
    seconds = time.perf_counter() - began
    looked = max(looked, sum(tally.counts.values()) - before)
    return Extracted(
        run=str(extraction.run.path),
        frames=sum(tally.counts.values()),
        kept=tally.counts["kept"],
        seconds=round(seconds, 3),
        cut_off=cut_off.sentence_of(extraction.video.info),
        frames_per_s=round(looked / seconds, 1) if seconds > 0 else 0.0,
        best=stills,
        first_by=best.subset_by(extraction.video, extraction.settings) if by_best else None,
    )


@dataclass
class Tally:
    """What became of the frames of a run: how many of which status, and which of them cannot be used."""

    counts: Counter[str] = field(default_factory=Counter)
    unusable: dict[str, list[int]] = field(default_factory=lambda: {"error": [], "damaged": []})
    last: int = -1

    def add(self, record: FrameRecord) -> None:
        """Counts one record."""
        status = record.status
        self.counts[status] += 1
        self.last = record.frame_number
        if status in self.unusable:
            self.unusable[status].append(record.frame_number)

    def clear(self) -> None:
        """Forgets all of it: the frames are numbered anew."""
        self.counts.clear()
        for frames in self.unusable.values():
            frames.clear()
        self.last = -1

    def damage(self) -> Iterator[Notice]:
        """Which frames carry an error: those without a picture, and those whose picture is not surely the right one."""
        kinds = {"error": "could not be decoded", "damaged": "decoded with damage"}
        said = [f"{len(of)} {kinds[kind]} ({ranges(of)})" for kind, of in self.unusable.items() if of]
        if said:
            frames = plural(sum(map(len, self.unusable.values())), "frame")
            text = f"{frames} cannot be used; the records carry an error: {', '.join(said)}."
            yield Notice("unusable_frames", text, {kind: len(of) for kind, of in self.unusable.items()})


def _recording(extraction: Extraction, tally: Tally) -> Generator[Step, None, None]:
    """The steps of the pass. Where the decoder disproves the ledger, it begins anew with an exact one."""
    before, total = extraction.done, _total(extraction)
    notices: tuple[Notice, ...] = ()
    if before:
        for line in jsonl.read(extraction.run.metadata):
            tally.add(FrameRecord.from_mapping(line))
        were = "was" if total == 1 else "were"
        text = f"{before} of {plural(total, 'frame')} {were} recorded before."
        notices = (Notice("recorded_before", text, {"before": before, "total": total}),)
    yield Step(EXTRACTING, before, total, before, counts=dict(tally.counts), notices=notices)
    done, preview = before, extraction.settings.thumbs
    with closing(records_of(extraction)) as records:
        for record in records:
            if record.frame_number <= tally.last:
                done, before, total = 0, 0, _total(extraction)
                tally.clear()
                yield Step(EXTRACTING, 0, total, counts={})
            tally.add(record)
            done += 1
            yield Step(EXTRACTING, done, total, before, item=record, preview=preview)
    if damage := tuple(tally.damage()):
        yield Step(EXTRACTING, done, total, before, notices=damage)


def _total(extraction: Extraction) -> int:
    return 0 if extraction.ordinals is None else len(extraction.ordinals)


def _notices(extraction: Extraction, source: Path) -> Iterator[Notice]:
    info, settings = extraction.video.info, extraction.settings
    size = f"{plural(info.frames, 'frame')}, {info.width}x{info.height}, {_rate(info)}"
    yield Notice("video", f"{source}: {size}; run {extraction.run.path}", {"run": str(extraction.run.path)})
    yield from notices_of(info, settings.hdr, settings.png)
    if settings.method == "best":
        yield from best.said(extraction.video, settings)


def _rate(info: VideoInfo) -> str:
    return f"{float(info.rate):.3f} frames/s" if info.rate else "one frame"
