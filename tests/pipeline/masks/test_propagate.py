"""Masks are carried through shots: the known masks come back, through cuts, loss and return; shots resume."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.errors import SettingsError
from core.pipeline.masks.home import open_home
from core.pipeline.masks.mask_files import read_mask
from core.pipeline.masks.state import board, trust
from core.pipeline.masks.trust import worst_first
from core.settings.masks import MaskSettings
from core.store.annotations import read, save_note
from core.store.masks import read_shot
from core.store.shot_notes import ObjectPrompt, ShotNote
from tests import masks
from tests.fakes import FloodFill
from tests.raising import raises
from tests.runs import contents, stamps


def mask_at(run: Path, frame: int) -> np.ndarray:
    pixels = read_mask(open_home(run).dir.mask(frame))
    assert pixels is not None
    return pixels


def masks_in(run: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(run).items() if name.startswith("masks/")}


def test_the_known_masks_come_back(run: Path) -> None:
    masks.annotated(run)
    found = masks.masked(run)
    assert found.masked == 3
    for frame in range(masks.SHOTS[1][1]):
        pixels = mask_at(run, frame)
        assert set(np.unique(pixels)) <= {0, 255}
        assert masks.overlap(pixels == 255, masks.truth(frame)) >= 0.95, frame
    for frame in range(*masks.SHOTS[2]):
        pixels = mask_at(run, frame)
        assert masks.overlap(pixels == 1, masks.truth(frame)) >= 0.95, frame
        assert masks.overlap(pixels == 2, masks.truth(frame, "blue")) >= 0.95, frame
    assert all(not mask_at(run, frame).any() for frame in masks.AWAY)


def test_a_prompt_in_the_middle_goes_both_ways(run: Path) -> None:
    x, y = masks.middle(12) or (0, 0)
    home = masks.annotated(run, (masks.note(0, (1, x, y), frame=12),))
    masks.masked(run)
    shot = read_shot(home.dir.shot(0))
    assert shot is not None
    assert shot.area.min() > 0
    for frame in range(*masks.SHOTS[0]):
        assert masks.overlap(mask_at(run, frame) > 0, masks.truth(frame)) >= 0.95
    assert np.isnan(shot.iou_previous[0, 0])
    expected = [masks.overlap(mask_at(run, f) > 0, mask_at(run, f - 1) > 0) for f in range(1, 20)]
    assert np.allclose(shot.iou_previous[0, 1:], expected)


def test_a_second_call_makes_nothing_again(run: Path) -> None:
    masks.annotated(run)
    masks.masked(run)
    before = stamps(run)
    assert masks.masked(run).masked == 0
    assert stamps(run) == before


def test_an_interrupted_call_goes_on_with_the_unfinished_shot_and_gives_the_same_files(run: Path, film: Path) -> None:
    masks.annotated(run)
    with closing(masks.steps(run)) as running:
        for step in running:
            if step.phase == "masking" and step.done >= 33:
                break
    home = open_home(run)
    assert [shot.state for shot in board(home)] == ["propagated", "points", "points"]
    first = {name: when for name, when in stamps(run).items() if name in masks_of_shot(0)}
    assert masks.masked(run).masked == 2
    assert {name: when for name, when in stamps(run).items() if name in masks_of_shot(0)} == first
    whole = masks_in(run)
    masks.masked(run, force=True)
    assert masks_in(run) == whole


def masks_of_shot(shot: int) -> set[str]:
    return {f"masks/mask_{frame:06d}.png" for frame in range(*masks.SHOTS[shot])}


def test_a_correction_makes_only_its_shot_and_its_object_again(run: Path) -> None:
    home = masks.annotated(run)
    masks.masked(run)
    before, when = masks_in(run), stamps(run)
    said = read(home.dir.annotations).note(50)
    assert said is not None
    save_note(home.dir.annotations, said.with_prompt(ObjectPrompt(2, 60, ((140.0, 80.0),), (1,))))
    assert [shot.state for shot in board(home)] == ["propagated", "propagated", "points"]
    fill = FloodFill()
    assert masks.masked(run, lambda *_, **__: fill).masked == 1
    assert sorted(fill.frames) == list(range(20))
    after = masks_in(run)
    for name in masks_of_shot(0) | masks_of_shot(1):
        assert stamps(run)[name] == when[name]
    for name, data in before.items():
        if name.startswith("masks/object_001/"):
            assert after[name] == data
            assert stamps(run)[name] == when[name]


def test_a_second_object_leaves_the_first_one_as_it_is(run: Path) -> None:
    home = masks.annotated(run, (masks.note(2, (1, 60, 30)),))
    masks.masked(run)
    single = [mask_at(run, frame) for frame in range(*masks.SHOTS[2])]
    save_note(home.dir.annotations, masks.USUAL[2])
    asked: list[int] = []

    class Asked(FloodFill):
        def shot(self, frames, prompts):  # type: ignore[no-untyped-def]
            asked.extend(sorted({prompt.object_id for prompt in prompts}))
            return super().shot(frames, prompts)

    masks.masked(run, lambda *_, **__: Asked())
    assert asked == [2]
    for frame, old in zip(range(*masks.SHOTS[2]), single, strict=True):
        assert np.array_equal(mask_at(run, frame) == 1, old == 255)
    shot = read_shot(home.dir.shot(50))
    assert shot is not None
    assert shot.object_ids.tolist() == [1, 2]
    # The object that is taken away again leaves the file of a single object.
    save_note(home.dir.annotations, masks.note(2, (1, 60, 30)))
    masks.masked(run)
    assert set(np.unique(mask_at(run, 55))) == {0, 255}


def test_an_object_that_walks_out_of_the_picture_is_not_doubtful(run: Path) -> None:
    home = masks.annotated(run)
    masks.masked(run)
    shot = trust(home, 20)
    away = [frame - 20 for frame in masks.AWAY]
    assert np.isnan(shot.trust[away[1:]]).all()
    assert board(home)[0].state == "propagated"


def test_a_spoiled_shot_is_flagged_and_comes_first(run: Path) -> None:
    home = masks.annotated(run)

    class Drifts(FloodFill):
        """Takes a third of the object from frame 8 of each shot that has the object at the left."""

        def _masks(self, rgb, index, ids, colours, here):  # type: ignore[no-untyped-def]
            found = super()._masks(rgb, index, ids, colours, here)
            if len(ids) == 2 and index >= 8:
                found.masks[0][int(masks.middle(50 + index)[1]) - 10 :] = False  # type: ignore[index]
            return found

    masks.masked(run, lambda *_, **__: Drifts())
    states = board(home, MaskSettings())
    assert states[2].state == "doubtful"
    assert states[2].worst_frame == 58
    assert worst_first([one.worst for one in states])[0] == 2
    assert masks.masked(run, lambda *_, **__: Drifts()).shots[0]["shot"] == 2


def test_only_the_wanted_shots(run: Path) -> None:
    home = masks.annotated(run)
    masks.masked(run, shots="2")
    assert [shot.state == "points" for shot in board(home)] == [True, True, False]


def test_what_is_wrong_is_one_sentence(run: Path) -> None:
    with raises(SettingsError, code="no_points"):
        masks.masked(run)
    home = open_home(run)
    save_note(home.dir.annotations, ShotNote(0, 20, 0, (ObjectPrompt(1, 0, ((400.0, 20.0),), (1,)),)))
    with raises(SettingsError, code="point_outside"):
        masks.masked(run)
    with raises(SettingsError, code="no_shot"):
        masks.masked(run, shots="9")
    with raises(SettingsError):
        masks.masked(run, shots="first")


def test_a_shot_of_one_frame(run: Path) -> None:
    (run / "shots.json").write_text("[[0, 1], [1, 70]]")
    home = open_home(run)
    save_note(home.dir.annotations, ShotNote(0, 1, 0, (ObjectPrompt(1, 0, ((40.0, 60.0),), (1,)),)))
    masks.masked(run)
    assert masks.overlap(mask_at(run, 0) > 0, masks.truth(0)) >= 0.95
    assert board(home)[0].state == "propagated"


@pytest.mark.parametrize("name", ["annotations.json", "cuts.json"])
def test_damaged_files_are_told_of(run: Path, name: str) -> None:
    from core.errors import RunError

    masks.annotated(run)
    (run / name).write_text('{"schema": 1, "shots": [{}]}')
    with raises(RunError, code="damaged"):
        masks.masked(run)
