"""Crops that are thinned while they are written, and edits as they lie in the file."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from core.errors import RunError
from core.store import person_edits, person_legacy
from core.store.person_crops import Crops, CropWriter, write_offsets
from core.store.person_edits import MERGE, NAME, NOBODY, SPLIT, Edit, Edits

BOX = np.array([[10, 10, 60, 110], [300, 10, 360, 110]], np.float32)


def written(folder: Path, frames: int, most: int, size: int = 100, cuts: tuple[int, ...] = ()) -> tuple[Path, Path]:
    """Two people in each frame; the first is surest in frame 33 and, behind a cut, in frame 77."""
    jpegs, offsets = folder / "crops.jpg", folder / "crops.npz"
    with open(jpegs, "w+b") as file:
        writer = CropWriter(file, most)
        for frame in range(frames):
            confidences = np.array([0.95 if frame in (33, 77) else 0.5, 0.4], np.float32)
            pictures = [b"%06d" % (2 * frame + at) + bytes(size - 6) for at in range(2)]
            writer.add(frame, BOX, confidences, pictures, frame in cuts)
            assert file.seek(0, 2) <= max(most, 10 * size)
        write_offsets(offsets, writer.finish())
    return jpegs, offsets


def rows_in(jpegs: Path, offsets: Path, rows: int) -> list[int]:
    with Crops(jpegs, offsets, rows) as crops:
        there = np.flatnonzero(crops.has).tolist()
        for row in there:
            assert crops.jpeg(row)[:6] == b"%06d" % row
        return there


def test_all_crops_stay_while_there_is_room(tmp_path: Path) -> None:
    assert rows_in(*written(tmp_path, 20, 10**6), 40) == list(range(40))


@pytest.mark.parametrize("most", [1000, 3000, 8000])
def test_crops_are_thinned_evenly_and_the_best_of_each_chain_stays(tmp_path: Path, most: int) -> None:
    jpegs, offsets = written(tmp_path, 100, most, cuts=(50,))
    there = rows_in(jpegs, offsets, 200)
    assert jpegs.stat().st_size <= most
    assert {66, 154} <= set(there)
    others = np.unique(np.array(there) // 2)
    steps = np.diff(np.setdiff1d(others, [33, 77, 0, 50]))
    assert len(set(steps.tolist())) <= 2


def test_no_box_at_all_is_a_file_without_crops(tmp_path: Path) -> None:
    jpegs, offsets = written(tmp_path, 0, 1000)
    assert rows_in(jpegs, offsets, 0) == []


def test_the_nearest_crop_stands_for_one_that_was_thinned(tmp_path: Path) -> None:
    jpegs, offsets = written(tmp_path, 100, 1000, cuts=(50,))
    with Crops(jpegs, offsets, 200) as crops:
        assert crops.nearest(np.arange(0, 100, 2), 30) == 66
        assert crops.nearest(np.zeros(0, np.int64), 0) is None


@pytest.mark.parametrize("harm", ["cut", "gone", "other", "no offsets"])
def test_crops_that_do_not_fit_are_one_sentence(tmp_path: Path, harm: str) -> None:
    jpegs, offsets = written(tmp_path, 10, 10**6)
    rows = 20
    if harm == "cut":
        jpegs.write_bytes(jpegs.read_bytes()[:-1])
    elif harm == "gone":
        jpegs.unlink()
    elif harm == "no offsets":
        offsets.write_bytes(b"PK")
    else:
        rows = 21
    with pytest.raises(RunError, match="run stage 1"):
        Crops(jpegs, offsets, rows)


# --- edits


def test_edits_come_back_as_they_were_written(tmp_path: Path) -> None:
    anchor = (5, 1.0, 2.0, 3.5, 4.25)
    edits = Edits(
        (
            Edit(MERGE, (1, 2), ((anchor,), (anchor,))),
            Edit(SPLIT, (1,), ((anchor,), ()), at=7),
            Edit(NAME, (1,), name="Ä"),
        ),
        (Edit(NOBODY, (3,), ((anchor,),)),),
        {2: 1},
        9,
        {1: (anchor,), 2: ()},
    )
    person_edits.write(tmp_path / "edits.json", edits)
    assert person_edits.read(tmp_path / "edits.json") == edits
    assert person_edits.read(tmp_path / "absent.json") == Edits()


def test_undo_and_redo_walk_through_the_edits_and_a_new_one_forgets_the_undone() -> None:
    one, two, three = (Edit(NAME, (1,), name=name) for name in "abc")
    edits = Edits().made(one).made(two)
    assert edits.names() == {1: "b"}
    assert edits.without_last().names() == {1: "a"}
    assert edits.without_last().without_last().without_last().names() == {}
    assert edits.without_last().without_last().with_last_undone().with_last_undone() == edits
    assert edits.without_last().made(three).undone == ()


def test_an_id_that_was_forwarded_twice_leads_to_who_is_there_now() -> None:
    edits = Edits(forward={3: 2, 2: 1})
    assert [edits.now(person) for person in (1, 2, 3, 4)] == [1, 1, 1, 4]
    assert Edits(forward={1: 2, 2: 1}).now(1) in (1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"schema": 2}',
        '{"schema": 1, "edits": 3}',
        '{"schema": 1, "edits": [], "undone": [], "forward": {"a": 1}, "next_id": 1, "known": {}}',
        '{"schema": 1, "edits": [], "undone": [], "forward": {}, "next_id": 1, "known": {"1": [[1, 2]]}}',
        '{"schema": 1, "edits": [{"kind": "merge", "ids": []}], "undone": [], "forward": {}, "next_id": 1, "known": 0}',
    ],
)
def test_edits_that_were_damaged_are_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "edits.json").write_text(text)
    with pytest.raises(RunError, match="is damaged"):
        person_edits.read(tmp_path / "edits.json")


def test_a_pickle_written_frame_by_frame_loads_as_one_dictionary(tmp_path: Path) -> None:
    frames = [
        (frame, {at: np.full((4, 2, 3), frame + at, np.uint8) for at in range(frame % 3)}) for frame in (0, 4, 5, 300)
    ]
    assert person_legacy.write_crops(tmp_path / "crops.pkl", frames) == 3
    loaded = pickle.loads((tmp_path / "crops.pkl").read_bytes())
    assert list(loaded) == [0, 4, 5, 300]
    assert loaded[5][1].tolist() == np.full((4, 2, 3), 6).tolist()
    assert loaded[0] == {}
