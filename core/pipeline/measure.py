"""One frame becomes one record: metrics, hash, quality score, and whether the pre-filters drop it."""

from __future__ import annotations

import numpy as np

from core.metrics.colours import to_hex
from core.metrics.judge import Judged, judge
from core.metrics.plane_colours import colours_of
from core.metrics.quality import Stats, measure, quality_score
from core.metrics.scratch import Scratch
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.video.frame import Frame, Luma

UNDECODABLE = "this frame could not be decoded: its data in the file are damaged or missing."
DAMAGED = (
    "this frame was decoded with damage: its data in the file, or those of a frame that it refers to, are damaged, "
    "so its picture cannot be trusted."
)


class Measurer:
    """Measures frames for one thread with buffers of its own."""

    def __init__(self, settings: ExtractSettings, *, hashes: bool = True) -> None:
        """Remembers the settings; ``hashes``: whether each frame gets its perceptual hash."""
        self._settings = settings
        self._hashes = hashes
        self._scratch = Scratch()
        self._luma: Luma | None = None

    def measure(self, frame: Frame) -> Stats:
        """Returns the five metrics (0-100) of a frame and its hash."""
        self._luma = luma = frame.luma()
        return measure(
            luma.plane,
            luma.width,
            full_range=luma.full_range,
            scratch=self._scratch,
            sharpness_scale=self._settings.sharpness_scale,
            edge_scale=self._settings.edge_scale,
            phash=self._hashes,
        )

    def colours(self, frame: Frame) -> str | None:
        """Returns the coarse colours of the frame that was measured last, 72 hex digits; ``None`` without hashes."""
        if not self._hashes:
            return None
        found = frame.chroma()
        if found is None:
            return to_hex(colours_of(self._scratch.box, None))
        facts = found.step, found.width, found.shift, found.full_range, found.turns, found.mirrored
        return to_hex(colours_of(self._scratch.box, (found.blue, found.red), *facts))

    def score(self, stats: Stats) -> float:
        """Returns the quality score (0-100) of measured metrics with the weights in force."""
        return score_of(stats, self._settings.quality_weights)

    def judged(self, frame: Frame, stats: Stats) -> Judged:
        """Judges the frame that was measured last."""
        luma = self._luma or frame.luma()
        return judge(
            luma.plane, luma.width, full_range=luma.full_range, laplacian=stats.laplacian, scratch=self._scratch
        )

    def quality(self, frame: Frame) -> float:
        """Returns the quality score (0-100) of a frame, as its record has it."""
        stats = self.measure(frame)
        if self._settings.inside_bars:
            stats = self.inside_own(stats, self.judged(frame, stats))
        return self.score(stats)

    def inside(self, frame: Frame, box: list[int] | None) -> Stats:
        """Returns the five metrics of a frame inside a ``letterbox`` (x, y, width, height); ``None`` = no bars."""
        stats, luma = self.measure(frame), self._luma
        if box is None or luma is None:
            return stats
        left, top, width, height = box
        tall, wide = len(luma.plane), luma.width
        return self._within(stats, even((top, tall - top - height, left, wide - left - width), wide, tall))

    def inside_own(self, stats: Stats, judged: Judged) -> Stats:
        """Returns the five metrics inside the bars of the frame that was judged last; the hash is that of the whole."""
        return self._within(stats, even_bars(judged))

    def _within(self, stats: Stats, bars: Bars) -> Stats:
        top, bottom, left, right = bars
        if self._luma is None or not any(bars):
            return stats
        width = self._luma.width - left - right
        rows = self._luma.plane[top : len(self._luma.plane) - bottom]
        inner = rows if not left else np.ascontiguousarray(rows[:, left : left + width])
        found = measure(
            inner,
            width,
            full_range=self._luma.full_range,
            scratch=self._scratch,
            sharpness_scale=self._settings.sharpness_scale,
            edge_scale=self._settings.edge_scale,
        )
        return found._replace(phash=stats.phash, laplacian=stats.laplacian)

    def record(self, frame: Frame, pts_s: float) -> FrameRecord:
        """Returns the record of a decoded frame, with its discard reason but without a file name."""
        return self.record_and_maps(frame, pts_s)[0]

    def record_and_maps(self, frame: Frame, pts_s: float) -> tuple[FrameRecord, Judged]:
        """Returns the record, and what is still to be judged with the frames beside it."""
        stats = self.measure(frame)
        judged = self.judged(frame, stats)
        colours = self.colours(frame)
        if self._settings.inside_bars:
            stats = self.inside_own(stats, judged)
        record = FrameRecord(
            frame_number=frame.ordinal,
            pts_s=pts_s,
            quality_score=self.score(stats),
            sharpness=stats.sharpness,
            edge_strength=stats.edge_strength,
            contrast=stats.contrast,
            brightness=stats.brightness,
            entropy=stats.entropy,
            phash=stats.phash,
            colours=colours,
            error=DAMAGED if frame.damaged else None,
        )
        record.discard_reason = discard_reason(record, self._settings)
        return record, judged


LEAST_INSIDE = 0.3
"""Share of the picture that lies inside bars at least: an upright film in a wide frame has 0.32."""
UNEVEN = 2
"""Rows or columns by which two bars that belong together may differ."""


Bars = tuple[int, int, int, int]
"""Rows and columns: top, bottom, left, right."""


def even_bars(judged: Judged) -> Bars:
    """Returns the rows and columns of a frame's own bars that are left out of the five metrics."""
    return even(judged.bars, judged.width, judged.height)


def even(bars: Bars, width: int, height: int) -> Bars:
    """Returns what is left out of the five metrics of a picture of so many pixels.

    Bars are as wide on one side as on the other; what is black on one side alone is a part of a dark picture.
    """
    top, bottom, left, right = bars
    if abs(top - bottom) > UNEVEN:
        top = bottom = min(top, bottom)
    if abs(left - right) > UNEVEN:
        left = right = min(left, right)
    inside = (height - top - bottom) * (width - left - right)
    return (top, bottom, left, right) if inside >= LEAST_INSIDE * width * height else (0, 0, 0, 0)


def score_of(stats: Stats, weights: tuple[float, ...]) -> float:
    """Returns the quality score (0-100) of measured metrics."""
    values = (stats.sharpness, stats.edge_strength, stats.contrast, stats.brightness, stats.entropy)
    return float(quality_score(values, weights))


def discard_reason(record: FrameRecord, settings: ExtractSettings) -> str | None:
    """Returns why the pre-filters drop a frame: ``"quality"``, else the first metric below its bound, else ``None``.

    A metric that was not measured never passes a bound.
    """
    if settings.min_quality is not None and _below(record.quality_score, settings.min_quality):
        return "quality"
    for name in METRIC_NAMES:
        if name in settings.min and _below(getattr(record, name), settings.min[name]):
            return name
    return None


def _below(value: float | None, bound: float) -> bool:
    return value is None or not value >= bound
