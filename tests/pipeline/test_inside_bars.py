"""The five quality metrics inside black bars, where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.metrics.judge import Judged
from core.pipeline.extraction import extract_records
from core.pipeline.measure import even_bars
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.video.command import run_ffmpeg
from tests.videos import build

FIVE = ("quality_score", *METRIC_NAMES)


def records(path: Path, filters: str, **settings: Any) -> list[FrameRecord]:
    """The counting clip after an FFmpeg filter, without loss, as records."""
    film = path / f"film{len(list(path.iterdir()))}.mkv"
    run_ffmpeg(["-i", str(build("h264-opengop")), "-frames:v", "30", "-vf", filters, "-c:v", "ffv1", str(film)])
    wanted = ExtractSettings(**{"method": "every_nth", "every": 10, "save_frames": False} | settings)
    return list(extract_records(film, wanted, out=film.with_suffix("")))


def five(found: list[FrameRecord]) -> list[list[float]]:
    return [[getattr(record, name) for name in FIVE] for record in found]


@pytest.mark.parametrize("pad", ["320:240:0:30", "400:180:40:0", "384:240:32:30"])
def test_a_boxed_film_has_the_metrics_of_the_film_without_its_bars(tmp_path: Path, pad: str) -> None:
    plain = records(tmp_path, "null")
    boxed = records(tmp_path, f"pad={pad}:black", inside_bars=True)
    whole = records(tmp_path, f"pad={pad}:black")
    assert five(boxed) == five(plain) != five(whole)
    assert [(one.phash, one.colours, one.more) for one in boxed] == [
        (one.phash, one.colours, one.more) for one in whole
    ]


def test_the_best_of_equal_parts_is_chosen_by_the_same_metrics(tmp_path: Path) -> None:
    wanted = {"method": "all", "target": 4}
    plain = records(tmp_path, "null", **wanted)
    boxed = records(tmp_path, "pad=320:240:0:30:black", inside_bars=True, **wanted)
    assert [one.frame_number for one in boxed] == [one.frame_number for one in plain]


def test_without_bars_nothing_changes_but_the_digest(tmp_path: Path) -> None:
    assert five(records(tmp_path, "null", inside_bars=True)) == five(records(tmp_path, "null"))
    assert ExtractSettings(inside_bars=True).digest() != ExtractSettings().digest()


@pytest.mark.parametrize(
    ("bars", "left_out"),
    [
        ((0, 0, 0, 0), (0, 0, 0, 0)),
        ((20, 22, 0, 0), (20, 22, 0, 0)),
        ((70, 20, 3, 0), (20, 20, 0, 0)),  # a dark sky above, a dark edge
        ((100, 0, 0, 0), (0, 0, 0, 0)),
        ((0, 0, 110, 110), (0, 0, 110, 110)),  # an upright film
        ((80, 80, 50, 50), (0, 0, 0, 0)),  # a title on black
        ((180, 0, 0, 0), (0, 0, 0, 0)),  # black
    ],
)
def test_bars_are_as_wide_on_one_side_as_on_the_other(bars: Any, left_out: Any) -> None:
    judged = Judged(*[0.0] * 5, bars, 0.0, 0.0, None, np.zeros((1, 1), np.float32), 320, 180, 1, None)  # type: ignore[arg-type]
    assert even_bars(judged) == left_out
