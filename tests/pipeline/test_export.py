"""The export verb: the pictures in the folder are the selection, each shows its frame, all or none."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import FolderTaken, RunBusy, RunError
from core.pipeline.chosen import chosen_by
from core.pipeline.export_folder import OWNER, write_folder
from core.pipeline.extraction import extract_records
from core.records import FrameRecord
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.store import selection
from core.store.run import RunDir
from tests.raising import raises
from tests.runs import contents, lines, numbers_in
from tests.videos import VARIANTS

Clip = Callable[[str], Path]
Runs = Callable[[str, bool], dict[str, Path]]
Copy = Callable[..., Path]

CLIPS = (
    "h264-23976", "h264-24", "h264-25", "h264-2997", "h264-5994", "h264-vfr", "h264-opengop", "hevc-opengop", "cut",
    "late-start", "rotated-90", "mirrored-90", "odd-444", "avi-mpeg4-b", "avi-packed", "vp9-altref", "ts-cut-opengop",
    "ts-joined",
)  # fmt: skip


def exported(run: Path, dest: Path | None, filters: FilterSettings | None = None, **where: Any) -> Path:
    """Exports to the end; returns the folder."""
    steps = write_folder(chosen_by(run, filters, where.pop("saved", None)), dest, **where)
    while True:
        try:
            assert isinstance(next(steps), FrameRecord)
        except StopIteration as end:
            return Path(end.value)


def digest_of(ordinals: list[int]) -> str:
    return hashlib.sha256(np.array(ordinals, "<i8").tobytes()).hexdigest()


def beside(run: Path) -> list[str]:
    return sorted(p.name for p in run.parent.iterdir() if p != run)


# --- the frames


@pytest.mark.parametrize("save", [True, False], ids=["save", "no-save"])
@pytest.mark.parametrize("name", CLIPS)
def test_every_exported_picture_shows_the_frame_in_its_name(
    extracted: Runs, tmp_path: Path, name: str, save: bool
) -> None:
    for method, run in extracted(name, save).items():
        dest = exported(run, tmp_path / method)
        kept = [record["frame_number"] for record in lines(run / "metadata.jsonl")]
        assert numbers_in(dest) == {i: VARIANTS[name].expected[i] for i in kept}
        records = lines(dest / "metadata.jsonl")
        assert [(r["frame_number"], r["filename"]) for r in records] == [(i, f"frame_{i:06d}.jpg") for i in kept]
        manifest = json.loads((dest / "manifest.json").read_text())
        assert manifest["ordinals"] == kept
        assert manifest["digest"] == digest_of(kept)
        assert (manifest["kept"], manifest["total"], manifest["run"]) == (len(kept), len(kept), run.name)


@pytest.mark.parametrize("name", ["h264-opengop", "rotated-90", "avi-packed"])
def test_decoding_at_export_gives_the_bytes_that_saving_would_have(extracted: Runs, tmp_path: Path, name: str) -> None:
    for method in ("all", "interval", "keyframes"):
        folders = [exported(extracted(name, save)[method], tmp_path / f"{method}-{save}") for save in (True, False)]
        saved, decoded = ({n: d for n, d in contents(f).items() if n != "manifest.json"} for f in folders)
        assert saved == decoded


@pytest.mark.parametrize("save", [True, False])
def test_filters_decide_exactly_what_is_exported(extracted: Runs, tmp_path: Path, save: bool) -> None:
    run = extracted("h264-opengop", save)["all"]
    scores = {r["frame_number"]: r["quality_score"] for r in lines(run / "metadata.jsonl")}
    bound = sorted(scores.values())[60]
    filters = FilterSettings(min={"quality_score": bound}, top=25, keep=(1, 2), reject=(48,))
    chosen = chosen_by(run, filters)
    dest = exported(run, tmp_path / "out", filters)
    kept = chosen.kept.tolist()
    assert numbers_in(dest) == {i: i for i in kept}
    assert {1, 2} <= set(kept)
    assert 48 not in kept
    assert all(scores[i] >= bound for i in kept if i > 2)
    manifest = json.loads((dest / "manifest.json").read_text())
    assert (manifest["digest"], manifest["ordinals"]) == (digest_of(kept), kept)
    assert manifest["digest"] == chosen.digest
    assert manifest["filter"]["top"] == 25


def test_without_filters_the_saved_selection_counts(run_copy: Copy, tmp_path: Path) -> None:
    run = run_copy()
    selection.write(RunDir(run).selection, FilterSettings(top=3), [5, 50, 119])
    assert numbers_in(exported(run, tmp_path / "one")) == {5: 5, 50: 50, 119: 119}
    selection.write(tmp_path / "other.json", FilterSettings(), [7])
    assert numbers_in(exported(run, tmp_path / "two", saved=tmp_path / "other.json")) == {7: 7}
    assert len(numbers_in(exported(run, tmp_path / "three", FilterSettings()))) == 120


def test_nothing_chosen_is_an_empty_export(extracted: Runs, tmp_path: Path) -> None:
    dest = exported(extracted("h264-25", True)["all"], tmp_path / "out", FilterSettings(top=0))
    assert sorted(contents(dest)) == ["manifest.json", "metadata.jsonl"]
    assert json.loads((dest / "manifest.json").read_text())["digest"] == digest_of([])


def test_discarded_frames_kept_by_hand_are_decoded(clip: Clip, tmp_path: Path) -> None:
    run = tmp_path / "run"
    list(extract_records(clip("h264-opengop"), ExtractSettings(method="all", min_quality=100.0), out=run))
    assert numbers_in(run) == {}
    assert numbers_in(exported(run, tmp_path / "none")) == {}
    assert numbers_in(exported(run, tmp_path / "some", FilterSettings(keep=(3, 77)))) == {3: 3, 77: 77}


def test_more_than_three_hundred_frames(long_video: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    list(extract_records(long_video, ExtractSettings(method="all", save_frames=False, jpeg_quality=60), out=run))
    dest = exported(run, tmp_path / "out", FilterSettings(reject=(0, 599)))
    assert numbers_in(dest) == {i: i for i in range(1, 599)}


def test_pictures_that_vanished_from_the_run_are_decoded_again(run_copy: Copy, tmp_path: Path) -> None:
    run = run_copy()
    whole = contents(exported(run, tmp_path / "whole"))
    for ordinal in (0, 47, 48, 119):
        (run / f"frame_{ordinal:06d}.jpg").unlink()
    assert contents(exported(run, tmp_path / "again")) == whole


def test_png_runs_export_png(clip: Clip, tmp_path: Path) -> None:
    for save in (True, False):
        run = tmp_path / f"run-{save}"
        list(extract_records(clip("odd-444"), ExtractSettings(png=True, save_frames=save), out=run))
        dest = exported(run, tmp_path / f"out-{save}")
        assert {p.suffix for p in dest.glob("frame_*")} == {".png"}
        assert all(ordinal == number for ordinal, number in numbers_in(dest).items())
    assert numbers_in(dest)


# --- the folder


def test_the_default_folder_is_beside_the_run(run_copy: Copy) -> None:
    run = run_copy(method="keyframes")
    dest = exported(run, None)
    assert dest.parent == run.parent
    assert dest.name.startswith(f"{run.name}_exported_20")
    assert numbers_in(dest) == {i: i for i in range(0, 120, 24)}


@pytest.mark.parametrize("there", ["file in it", "a file"])
def test_what_exists_is_never_written_over(extracted: Runs, tmp_path: Path, there: str) -> None:
    run, dest = extracted("h264-25", True)["keyframes"], tmp_path / "out"
    if there == "a file":
        dest.write_text("mine")
    else:
        dest.mkdir()
        (dest / "mine.txt").write_text("mine")
    before = contents(tmp_path)
    with raises(FolderTaken, code="folder_taken"):
        exported(run, dest)
    assert contents(tmp_path) == before


def test_an_empty_folder_is_filled(extracted: Runs, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert numbers_in(exported(extracted("h264-25", True)["keyframes"], tmp_path / "out")) == {
        i: i for i in (0, 30, 60, 90)
    }


@pytest.mark.parametrize("save", [True, False])
def test_an_export_closed_early_leaves_nothing(extracted: Runs, tmp_path: Path, save: bool) -> None:
    chosen = chosen_by(extracted("h264-opengop", save)["all"])
    with closing(write_folder(chosen, tmp_path / "out")) as steps:
        for _ in range(20):
            next(steps)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_cleared_and_what_others_left_is_not(extracted: Runs, tmp_path: Path) -> None:
    run = extracted("h264-25", True)["keyframes"]
    for name, owner in ((".out.1.partial", str(run)), (".out.2.partial", "another run"), (".out.3.partial", None)):
        left = tmp_path / name
        left.mkdir()
        (left / "frame_000999.jpg").write_bytes(b"half")
        if owner:
            (left / OWNER).write_text(owner)
    dest = exported(run, tmp_path / "out")
    assert sorted(numbers_in(dest)) == [0, 30, 60, 90]
    assert sorted(p.name for p in tmp_path.iterdir()) == [".out.2.partial", ".out.3.partial", "out"]


# --- what is refused


def test_a_run_in_use_is_not_exported(run_copy: Copy, tmp_path: Path) -> None:
    run = run_copy()
    with RunDir(run).lock(), pytest.raises(RunBusy):
        exported(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_its_video_a_run_without_pictures_is_not_exported(clip: Clip, tmp_path: Path) -> None:
    source = Path(shutil.copy(clip("h264-25"), tmp_path / "film.mp4"))
    run = tmp_path / "run"
    list(extract_records(source, ExtractSettings(save_frames=False), out=run))
    moved = source.rename(tmp_path / "moved.mp4")
    before = contents(tmp_path)
    with raises(RunError, code="no_video", field="video"):
        exported(run, tmp_path / "out")
    with raises(RunError, code="other_video", field="video"):
        exported(run, tmp_path / "out", video=clip("decoy"))
    assert contents(tmp_path) == before
    assert beside(run) == ["moved.mp4"]
    assert numbers_in(exported(run, tmp_path / "out", video=moved)) == {i: i for i in (0, 30, 60, 90)}


def test_a_selection_of_frames_that_the_run_does_not_have_is_refused(run_copy: Copy, tmp_path: Path) -> None:
    run = run_copy(method="keyframes")
    selection.write(RunDir(run).selection, FilterSettings(), [0, 1])
    with raises(RunError, code="no_frame", frame=1):
        exported(run, tmp_path / "out")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with raises(RunError, code="no_run"):
        exported(tmp_path, None)
