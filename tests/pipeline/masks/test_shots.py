"""Cuts by hand: prompts go with their frames, only changed shots are unfinished, a new detection keeps them."""

from __future__ import annotations

import json
from pathlib import Path

from core.errors import SettingsError
from core.pipeline.masks.home import open_home
from core.pipeline.masks.shots import add_cut, find, remove_cut, shots_of, were_found
from core.pipeline.masks.state import board
from core.store.annotations import read, save_note
from core.store.shot_notes import Annotations, ObjectPrompt, ShotNote
from tests import masks
from tests.raising import raises
from tests.runs import lines
from tests.verbs import outcome_of


def test_an_added_cut_takes_prompts_with_their_frames(run: Path) -> None:
    home = masks.annotated(run)
    masks.masked(run)
    said = read(home.dir.annotations).note(20)
    assert said is not None
    save_note(home.dir.annotations, said.with_prompt(ObjectPrompt(1, 45, ((150.0, 70.0),), (1,))))
    masks.masked(run)
    assert add_cut(home, 40) == [(0, 20), (20, 40), (40, 50), (50, 70)]
    now = read(home.dir.annotations)
    assert [(n.start, n.end, n.prompt_frame) for n in now.notes] == [
        (0, 20, 0),
        (20, 40, 20),
        (40, 50, 45),
        (50, 70, 50),
    ]
    assert [shot.state for shot in board(home)] == ["propagated", "points", "points", "propagated"]
    assert json.loads((run / "shots.json").read_text()) == [[0, 20], [20, 40], [40, 50], [50, 70]]
    assert lines(run / "metadata.jsonl")[41]["shot_id"] == 2


def test_a_cut_that_is_taken_back_finds_its_masks_again(run: Path) -> None:
    home = masks.annotated(run)
    masks.masked(run)
    add_cut(home, 10)
    assert board(home)[0].state == "points"
    remove_cut(home, 10)
    assert board(home)[0].state == "propagated"
    add_cut(home, 10)
    masks.masked(run)  # the masks of frames 0 to 9 are made anew, so that the whole shot is not finished any more
    remove_cut(home, 10)
    assert board(home)[0].state == "points"


def test_both_prompts_of_a_joined_shot_count(run: Path) -> None:
    home = masks.annotated(run)
    remove_cut(home, 20)
    note = read(home.dir.annotations).note(0)
    assert note is not None
    assert (note.start, note.end, note.prompt_frame) == (0, 50, 0)
    assert [(p.frame, p.object_id) for p in note.prompts] == [(0, 1), (20, 1)]
    masks.masked(run)
    assert board(home)[0].state in ("propagated", "doubtful")


def test_cuts_by_hand_survive_a_new_detection(run: Path) -> None:
    (run / "shots.json").unlink()
    home = open_home(run)
    assert shots_of(home) == [(0, 70)]
    assert not were_found(home)
    add_cut(home, 33)
    assert not were_found(home)
    found = outcome_of("shots", run=run, detector="content").shots
    assert [33, 50] in found or any(start == 33 for start, _ in found)
    detected = [start for start, _ in shots_of(home) if start not in (0, 33)]
    assert detected
    remove_cut(home, detected[0])
    with home.lock():
        masks.end_of(find(home, "content"))
    assert detected[0] not in [start for start, _ in shots_of(home)]
    assert 33 in [start for start, _ in shots_of(home)]
    assert were_found(home)


def test_scene_detection_runs_once_where_nobody_looked(run: Path) -> None:
    (run / "shots.json").unlink()
    home = open_home(run)
    save_note(home.dir.annotations, ShotNote(0, 70, 0, (ObjectPrompt(1, 0, ((40.0, 60.0),), (1,)),)))
    masks.masked(run, scene_detect=True)
    assert were_found(home)
    phases = {step.phase for step in masks.steps(run, scene_detect=True)}
    assert "looking for cuts" not in phases


def test_what_cannot_be_cut_is_said(run: Path) -> None:
    home = open_home(run)
    with raises(SettingsError, code="cut_there"):
        add_cut(home, 20)
    with raises(SettingsError, code="no_cut"):
        remove_cut(home, 21)
    for frame in (0, 70, -1):
        with raises(SettingsError, code="no_frame"):
            add_cut(home, frame)


def test_prompts_beyond_the_video_are_dropped() -> None:
    said = Annotations((ShotNote(0, 20, 0, (ObjectPrompt(1, 15, ((1.0, 1.0),), (1,)),)),))
    assert said.moved([(0, 10)]).notes == (ShotNote(0, 10, 0),)
    assert said.moved([(0, 20)]) == said
