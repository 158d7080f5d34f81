"""The five quality metrics inside black bars, where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.pipeline.extraction import extract_records
from core.pipeline.measure import even
from core.pipeline.rescore import rescore
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.settings.rescore import RescoreArguments
from core.step import follow
from core.store import jsonl, table
from core.store.run import RunDir
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
    assert even(bars, 320, 180) == left_out


NIGHT = (
    "pad=320:240:0:30:black,"
    "drawbox=0:30:320:40:black:fill:enable='between(n,6,11)',"  # a night sky above: its own bars are bigger
    "drawbox=0:170:320:40:black:fill:enable='between(n,6,11)',"
    "drawbox=0:0:320:240:black:fill:enable='between(n,14,15)',"  # two black frames
    "eq=brightness='if(between(n,20,24),-0.05*(n-19),0)':eval=frame"  # a fade
)
PLAIN = (
    "drawbox=0:0:320:40:black:fill:enable='between(n,6,11)',drawbox=0:140:320:40:black:fill:enable='between(n,6,11)',"
    "drawbox=0:0:320:180:black:fill:enable='between(n,14,15)',"
    "eq=brightness='if(between(n,20,24),-0.05*(n-19),0)':eval=frame"
)


def film_of(path: Path, filters: str) -> Path:
    run_ffmpeg(["-i", str(build("h264-opengop")), "-frames:v", "30", "-vf", filters, "-c:v", "ffv1", str(path)])
    return path


def run_of(film: Path, **settings: Any) -> RunDir:
    wanted = ExtractSettings(**{"method": "all", "save_frames": False} | settings)
    out = film.with_name(f"{film.stem}-{wanted.digest()}")
    list(extract_records(film, wanted, out=out))
    return RunDir(out)


def test_dark_frames_are_measured_inside_the_bars_of_their_shot(tmp_path: Path) -> None:
    """A night shot, black frames and a fade in a boxed film have the numbers of the film without its bars."""
    boxed = run_of(film_of(tmp_path / "boxed.mkv", NIGHT), inside_bars=True)
    plain = run_of(film_of(tmp_path / "plain.mkv", PLAIN))
    found = list(table.records(boxed))
    assert {tuple(record.more["letterbox"]) for record in found} == {(0, 30, 320, 180)}
    assert five(found) == five(list(table.records(plain)))
    assert five(found) != five(list(table.records(run_of(tmp_path / "boxed.mkv"))))


def test_a_film_without_bars_has_the_numbers_of_whole_pictures_in_its_dark_frames_too(tmp_path: Path) -> None:
    film = film_of(tmp_path / "plain.mkv", PLAIN)
    assert five(list(table.records(run_of(film, inside_bars=True)))) == five(list(table.records(run_of(film))))


def test_read_again_measures_inside_the_bars_of_shots(tmp_path: Path) -> None:
    run = run_of(film_of(tmp_path / "boxed.mkv", NIGHT), inside_bars=True)
    right = [record.to_mapping() for record in table.records(run)]
    old = list(table.records(run))
    for record in old:  # as a program of before wrote it, by the bars of each frame
        record.sharpness = record.quality_score = 1.0
        record.more["letterbox"] = None
    jsonl.rewrite(run.metadata, old)
    follow(rescore(RescoreArguments(run=run.path, read_again=True)))
    assert [record.to_mapping() for record in table.records(run)] == right


def test_what_a_pre_filter_dropped_by_its_own_bars_comes_back(tmp_path: Path) -> None:
    film = film_of(tmp_path / "boxed.mkv", NIGHT)
    by_number = {record.frame_number: record for record in table.records(run_of(film, inside_bars=True))}
    bound = (by_number[8].contrast + by_number[0].contrast) / 2
    kept = run_of(film, inside_bars=True, min={"contrast": bound})
    for record in table.records(kept):
        assert record.discard_reason == (None if record.contrast >= bound else "contrast")
        assert record.contrast == by_number[record.frame_number].contrast


def test_a_run_that_was_killed_before_it_settled_has_the_same_records(tmp_path: Path) -> None:
    film = film_of(tmp_path / "boxed.mkv", NIGHT)
    whole = run_of(film, inside_bars=True).metadata.read_bytes()
    wanted = ExtractSettings(method="all", save_frames=False, inside_bars=True)
    steps = extract_records(film, wanted, out=tmp_path / "killed")
    for _ in range(12):
        next(steps)
    steps.close()
    list(extract_records(film, wanted, out=tmp_path / "killed"))
    assert RunDir(tmp_path / "killed").metadata.read_bytes() == whole
