"""The face files: what an interruption leaves at any byte is cut, and the rest is as if nothing had happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import RunError
from core.store import face_file
from core.store import faces as store
from core.store.face_file import FaceFile, FaceGroup, Reference
from core.store.run import RunDir
from tests.raising import raises

D = 4


def line(frame: int) -> dict[str, Any]:
    return {
        "frame_number": frame,
        "bbox": [1.0, 2.0, 30.5, 40.25],
        "kps": [[1.0, 2.0]] * 5,
        "confidence": 0.75,
        "area_pct": 1.5,
        "sharpness": None,
        "frontality": 88.0,
    }


def vectors(count: int, start: int = 0) -> NDArray[np.float32]:
    return np.arange(start * D, (start + count) * D, dtype=np.float32).reshape(count, D)


def filled(folder: Path, frames: list[int]) -> RunDir:
    run = RunDir(folder)
    folder.mkdir(exist_ok=True)
    with store.FaceAppender(run, D) as appender:
        for i, frame in enumerate(frames):
            assert appender.append([line(frame)], vectors(1, i)) == [i]
        assert appender.append([], vectors(0)) == []
    return run


def test_a_run_without_faces_has_none(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    assert store.count(run, D) == 0
    assert len(store.load(run, D)) == 0
    assert face_file.read(run.face_file) is None
    store.cut(run, 0, D)
    assert list(tmp_path.iterdir()) == []


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    run = filled(tmp_path, [3, 3, 7])
    table = store.load(run, D)
    assert table.frame.tolist() == [3, 3, 7]
    assert table.vectors.tolist() == vectors(3).tolist()
    assert table.boxes[0].tolist() == [1.0, 2.0, 30.5, 40.25]
    assert np.isnan(table.sharpness).all()
    assert (table.quality() > 0).all()


@given(st.integers(0, 3 * D * 4), st.integers(0, 600))
def test_any_torn_end_is_cut_before_more_is_appended(tmp_path_factory: pytest.TempPathFactory, a: int, b: int) -> None:
    run = filled(tmp_path_factory.mktemp("torn"), [1, 2, 5])
    whole = run.faces.read_bytes(), run.face_vectors.read_bytes()
    run.face_vectors.write_bytes(whole[1][:a])
    run.faces.write_bytes(whole[0][:b])
    left = store.count(run, D)
    assert len(store.load(run, D)) == left
    with store.FaceAppender(run, D) as appender:
        assert appender.rows == left
        for i in range(left, 3):
            appender.append([line([1, 2, 5][i])], vectors(1, i))
    assert (run.faces.read_bytes(), run.face_vectors.read_bytes()) == whole


@pytest.mark.parametrize(
    ("first_row", "last", "left"), [(0, 9, 4), (0, 5, 4), (0, 4, 2), (0, -1, 0), (2, 4, 2), (3, 4, 3)]
)
def test_faces_of_frames_that_no_record_knows_are_cut(tmp_path: Path, first_row: int, last: int, left: int) -> None:
    run = filled(tmp_path, [1, 2, 5, 5])
    store.cut_after(run, first_row, last, D)
    assert store.count(run, D) == left
    assert run.face_vectors.stat().st_size == left * D * 4


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    run = filled(tmp_path, [1])
    run.faces.write_text('{"row": 0}\n')
    with pytest.raises(RunError, match=r"faces\.jsonl is damaged .*read the faces again"):
        store.load(run, D)


def test_the_face_file_comes_back_as_it_was(tmp_path: Path) -> None:
    full = FaceFile(
        model="own",
        digest="ab",
        dimension=2,
        min_confidence=0.5,
        references=(Reference("a.jpg#1", (0.6, 0.8)),),
        face_groups=(FaceGroup(4, (0, 2)), FaceGroup(1, (1, 3))),
        read_from=7,
        read_to=30,
    )
    for one in (full, FaceFile("own", "ab", 2, 0.5)):
        face_file.write(tmp_path / "faces.json", one)
        assert face_file.read(tmp_path / "faces.json") == one
    assert full.reference_vectors.shape == (1, 2)
    for text in ("{}", "[]", '{"schema": 1}', "nothing"):
        (tmp_path / "faces.json").write_text(text)
        with raises(RunError, code="damaged"):
            face_file.read(tmp_path / "faces.json")
    (tmp_path / "faces.json").write_text('{"schema": 3}')
    with raises(RunError, code="newer_schema"):
        face_file.read(tmp_path / "faces.json")


def test_a_face_file_of_an_older_program_keeps_its_people_until_they_are_persons_of_the_video(tmp_path: Path) -> None:
    path = tmp_path / "faces.json"
    face_file.write(path, FaceFile("own", "ab", 2, 0.5))
    values = json.loads(path.read_text())
    del values["face_groups"]
    people = [{"id": 0, "rows": [0, 2], "name": "Anna"}, {"id": 1, "rows": [1], "name": ""}]
    path.write_text(json.dumps(values | {"schema": 1, "people": people}))
    read = face_file.read(path)
    assert read is not None
    assert read.face_groups == (FaceGroup(0, (0, 2)), FaceGroup(1, (1,)))
    assert read.old_names == {0: "Anna", 1: ""}
    face_file.write(path, read)
    assert face_file.read(path) == read
    assert json.loads(path.read_text())["people"] == people
