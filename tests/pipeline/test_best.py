"""``extract --best N``: which frames are scored, what is saved of them, and what a second start does."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import SettingsError
from core.metrics.picture_score import picture_score
from core.pipeline import best
from core.pipeline.extract import extract
from core.pipeline.extraction import extract_records
from core.pipeline.select import select
from core.records import FrameLedger
from core.settings.columns import FLAGS
from core.settings.extract import METHODS, ExtractArguments, ExtractSettings
from core.settings.model import from_mapping
from core.store import jsonl, selection, table
from core.store.run import RunDir
from core.video.command import run_ffmpeg
from core.video.probe import opened
from tests.raising import raises
from tests.tables import table as table_of
from tests.videos import build


def run_of(tmp_path: Path, **settings: Any) -> tuple[Any, RunDir]:
    arguments = ExtractArguments(source=build("h264-opengop"), settings=ExtractSettings(**settings), downloads=tmp_path)
    steps = extract(arguments)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, RunDir(Path(end.value.run))


def test_the_n_are_saved_and_all_frames_are_recorded(tmp_path: Path) -> None:
    found, run = run_of(tmp_path, best=6)
    saved = selection.read(run.selection)
    assert saved is not None
    assert saved.filters is not None
    assert (found.frames, found.best, saved.filters.best) == (120, len(saved.kept), 6)
    records = list(jsonl.read(run.metadata))
    named = {record["frame_number"]: record["filename"] for record in records if record["filename"]}
    assert sorted(named) == saved.kept.tolist()
    assert all((run.path / name).is_file() for name in named.values())


def test_a_second_start_changes_nothing_and_saves_what_was_chosen_since(tmp_path: Path) -> None:
    _, run = run_of(tmp_path, best=3)
    saved = selection.read(run.selection)
    assert saved is not None
    assert saved.filters is not None
    other = sorted({*saved.kept.tolist(), 77})
    selection.write(run.selection, saved.filters, other)
    found, again = run_of(tmp_path, best=3)
    assert again.path == run.path
    assert found.best == len(other)
    assert (run.path / "frame_000077.jpg").is_file()


def test_nothing_is_saved_where_pictures_are_not_wanted(tmp_path: Path) -> None:
    _, run = run_of(tmp_path, best=3, save_frames=False)
    assert not list(run.path.glob("frame_*"))
    assert selection.read(run.selection) is not None


def test_best_is_a_method_unless_another_one_is_named() -> None:
    assert ExtractSettings(best=7).method == "best"
    assert ExtractSettings(best=7, method="all").method == "all"
    assert ExtractSettings(best=7, method="all").digest() == ExtractSettings(method="all").digest()
    assert ExtractSettings(method="best").stills == 20
    assert (
        ExtractSettings(method="best").digest() == ExtractSettings(best=20).digest() != ExtractSettings(best=7).digest()
    )


@pytest.mark.parametrize("method", [name for name in METHODS if name != "best"])
def test_a_wanted_number_that_the_method_does_not_read_is_refused(method: str) -> None:
    with raises(SettingsError, field="best", method=method):
        ExtractArguments(source=build("h264-opengop"), settings=ExtractSettings(best=7, method=method))
    assert ExtractArguments(source=build("h264-opengop"), settings=ExtractSettings(target=7, method=method))
    with raises(SettingsError, field="target", method="best"):
        ExtractArguments(source=build("h264-opengop"), settings=ExtractSettings(target=7, method="best"))


@pytest.mark.parametrize("wrong", [0, 501, -1, 2.5])
def test_n_is_1_to_500(wrong: float) -> None:
    with raises(SettingsError, field="best"):
        from_mapping(ExtractSettings, {"best": wrong})


def ledger(frames: int, keys: int) -> FrameLedger:
    key = np.zeros(frames, np.bool_)
    key[np.arange(keys) * frames // keys] = True
    return FrameLedger(np.arange(frames, dtype=np.int64), key, Fraction(1, 25))


def test_of_a_long_film_key_frames_come_first_where_there_are_enough() -> None:
    first, name = best.subset(ledger(100_000, 500), 20)
    assert (len(first), name) == (500, "key frames")
    first, name = best.subset(ledger(100_000, 20_000), 20)
    assert (len(first), name) == (4000, "key frames")
    first, name = best.subset(ledger(100_000, 10), 20)
    assert (len(first), name) == (4000, "frames at even steps")


def test_then_every_frame_around_the_winners_is_scored() -> None:
    found = best.around(ledger(1000, 10), np.array([0, 500, 505]))
    assert found.tolist() == [*range(13), *range(488, 518)]


def returned(steps: Any) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_all_frames_of_a_film_that_is_not_long_are_scored() -> None:
    with opened(build("h264-opengop")) as file:
        video = file.video()
        assert returned(best.candidates(video, ExtractSettings(best=3), long=120)).tolist() == list(range(120))
        assert best.said(video, ExtractSettings(best=3)) == ()


@pytest.mark.parametrize("column", ["picture_score", "sharpness", "detail"])
def test_the_best_of_the_subset_are_those_that_a_whole_run_would_choose_of_it(tmp_path: Path, column: str) -> None:
    film = tmp_path / "film.mp4"
    keys = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "4", "-keyint_min", "4", "-sc_threshold", "0"]
    run_ffmpeg(["-i", str(build("h264-opengop")), *keys, str(film)])
    settings = ExtractSettings(best=2, rank_by=column)
    whole = tmp_path / "whole"
    list(extract_records(film, ExtractSettings(method="all", save_frames=False), out=whole))
    records = [record for record in table.records(RunDir(whole)) if record.frame_number % 4 == 0]
    for record in records:
        record.shot_id = None
        record.more |= dict.fromkeys(FLAGS)  # the frames beside those of the subset are not decoded
        record.more["picture_score"] = picture_score(record.more)
    jsonl.rewrite(RunDir(whole).metadata, records)
    winners = select(table.load_table(RunDir(whole)), best.filters_of(settings)).kept
    with opened(film) as file:
        video = file.video()
        first, _ = best.subset(video.ledger, 2)
        assert first.tolist() == list(range(0, 120, 4))
        found = returned(best.candidates(video, settings, long=100))
        assert found.tolist() == np.union1d(first, best.around(video.ledger, winners)).tolist()
    assert len(found) < 120


def test_a_long_film_is_scored_in_parts(tmp_path: Path) -> None:
    settings = ExtractSettings(best=3)
    with opened(build("h264-opengop")) as file:
        video = file.video()
        steps = best.candidates(video, settings, long=100)
        looked = 0
        while True:
            try:
                looked = next(steps)
            except StopIteration as end:
                chosen = np.asarray(end.value)
                break
    assert looked > 0
    assert 3 <= len(chosen) <= 120
    assert np.all(np.diff(chosen) > 0)


@pytest.fixture(scope="module")
def long_film(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real clip over and over in 12,400 small frames, a key frame in 40, seen through a window that moves."""
    folder = tmp_path_factory.mktemp("long")
    small, path = folder / "small.mkv", folder / "long.mp4"
    clip = str(assets / "media" / "bedroom.mp4")
    run_ffmpeg(["-i", clip, "-vf", "scale=240:-2", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", str(small)])
    moving = "crop=96:54:x='(iw-ow)*(0.5+0.5*sin(t/31))':y='(ih-oh)*(0.5+0.5*cos(t/17))'"
    keys = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "40", "-keyint_min", "40", "-sc_threshold", "0"]
    run_ffmpeg(["-stream_loop", "61", "-i", str(small), "-vf", moving, *keys, "-an", str(path)])
    return path


@pytest.mark.weights
@pytest.mark.parametrize(
    ("column", "stand_in"),
    [("moment", "picture_score"), ("sharpness_rank", "detail"), ("subject_detail", None), ("picture_score", None)],
)
def test_the_n_of_a_long_film_have_the_column_that_ranks_them(
    long_film: Path, tmp_path: Path, column: str, stand_in: str | None
) -> None:
    wanted = ExtractSettings(best=10, rank_by=column, save_frames=False)
    steps = extract(ExtractArguments(source=long_film, settings=wanted, out=tmp_path / "run"))
    said, totals = [], set()
    while True:
        try:
            step = next(steps)
            said += step.notices
            totals |= {step.total} if step.phase == "choosing frames" else set()
        except StopIteration as end:
            found = end.value
            break
    (notice,) = [one for one in said if one.code == "scored_subset"]
    assert totals == {notice.facts["subset"]}  # so that the time that is left is true
    assert notice.facts["first_by"] == found.first_by == (stand_in or column)
    assert (f"ranked by {stand_in}" in notice.text) == (stand_in is not None)
    assert found.to_mapping()["first_by"] in found.lines()[0]
    run = RunDir(tmp_path / "run")
    frames, saved = table.load_table(run), selection.read(run.selection)
    assert saved is not None
    assert len(saved.kept) == 10
    assert len(frames) < 1000 < 12_000
    values = frames.values[column][np.isin(frames.ordinal, saved.kept)]
    assert not np.isnan(values).any()
    span = frames.pts_s[-1] * len(frames) / (len(frames) - 1)
    windows = np.floor(frames.pts_s[np.isin(frames.ordinal, saved.kept)] * 10 / span)
    assert len(np.unique(windows)) >= 9
    known = frames.values[column][~np.isnan(frames.values[column])]
    better = values <= np.median(known) if column == "sharpness_rank" else values >= np.median(known)
    assert np.mean(better) >= 0.8


def test_each_part_of_a_long_film_is_looked_at_though_all_its_key_frames_look_like_a_winner() -> None:
    scored = table_of(6, step=10, picture_score=[1, 5, 2, 4, 3, 9])
    assert best.best_of_windows(scored, np.array([1]), 3, "picture_score").tolist() == [3, 5]
    assert best.best_of_windows(scored, np.array([1, 3, 5]), 3, "picture_score").tolist() == []
    nothing = np.zeros(0, np.int64)
    assert best.best_of_windows(table_of(0), nothing, 3, "picture_score").tolist() == []
    assert best.best_of_windows(table_of(1, first=7), nothing, 3, "sharpness").tolist() == [7]


def test_a_frame_with_none_beside_it_has_no_place_in_sharpness(tmp_path: Path) -> None:
    def ranks(**settings: Any) -> list[int | None]:
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        found = extract_records(build("h264-opengop"), ExtractSettings(save_frames=False, **settings), out=out)
        list(found)
        return [record.more["sharpness_rank"] for record in table.records(RunDir(out))]

    assert set(ranks(method="interval", interval=1.5)) == {None}
    assert None not in ranks(method="interval", interval=0.5)
    assert 1 in ranks(method="all")
