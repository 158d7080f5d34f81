"""The shots verb: cuts are ordinals, every record knows its shot, and filters can ask for one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import RunBusy, RunError
from core.pipeline.chosen import chosen_by
from core.pipeline.extraction import extract_records
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.store.run import RunDir
from tests.raising import raises
from tests.runs import contents, lines
from tests.verbs import outcome_of, steps_of

Clip = Callable[[str], Path]
Runs = Callable[[str, bool], dict[str, Path]]
Copy = Callable[..., Path]


@pytest.mark.parametrize("method", ["all", "every_nth", "keyframes"])
@pytest.mark.parametrize("save", [True, False])
def test_every_record_gets_the_shot_that_it_is_in(run_copy: Copy, method: str, save: bool) -> None:
    run = run_copy(save=save, method=method)
    before = {r["frame_number"]: r for r in lines(run / "metadata.jsonl")}
    looked_at = [step.done for step in steps_of("shots", run=run, detector="content")]
    assert looked_at == sorted(looked_at)
    assert looked_at[-1] == 120
    assert json.loads((run / "shots.json").read_text()) == [[0, 40], [40, 80], [80, 120]]
    for record in lines(run / "metadata.jsonl"):
        assert record == before[record["frame_number"]] | {"shot_id": record["frame_number"] // 40}
    assert {i // 40 for i in chosen_by(run, FilterSettings(shots=(1,))).kept.tolist()} == {1}


def test_finding_shots_again_changes_nothing(run_copy: Copy) -> None:
    run = run_copy()
    outcome_of("shots", run=run, detector="content")
    before = contents(run)
    outcome_of("shots", run=run, detector="content")
    assert contents(run) == before


def test_a_single_take_is_one_shot(clip: Clip, tmp_path: Path) -> None:
    list(extract_records(clip("cut-tail"), ExtractSettings(), out=tmp_path / "run"))
    outcome_of("shots", run=tmp_path / "run", detector="adaptive")
    found = json.loads((tmp_path / "run" / "shots.json").read_text())
    assert found[0][0] == 0
    assert found[-1][1] == 75


def test_stopping_early_leaves_the_run_as_it_was(run_copy: Copy) -> None:
    run = run_copy()
    before = contents(run)
    steps = steps_of("shots", run=run, detector="content")
    next(steps)
    steps.close()
    assert contents(run) == before
    with RunDir(run).lock():
        pass


def test_a_moved_video_is_named(clip: Clip, tmp_path: Path) -> None:
    source = Path(shutil.copy(clip("h264-25"), tmp_path / "film.mp4"))
    run = tmp_path / "run"
    list(extract_records(source, ExtractSettings(save_frames=False), out=run))
    moved = source.rename(tmp_path / "moved.mp4")
    with raises(RunError, code="no_video", field="video"):
        outcome_of("shots", run=run)
    with raises(RunError, code="other_video", field="video"):
        outcome_of("shots", run=run, video=clip("decoy"))
    outcome_of("shots", run=run, detector="content", video=moved)
    assert (run / "shots.json").exists()


def test_a_run_in_use_is_refused(run_copy: Copy) -> None:
    run = run_copy()
    with RunDir(run).lock(), pytest.raises(RunBusy):
        outcome_of("shots", run=run)
