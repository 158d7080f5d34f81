"""annotations.json comes back as it was written, refuses nonsense, and tells two browsers apart."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from core.errors import RunError
from core.store.annotations import delete_note, read, save, save_note
from core.store.shot_notes import Annotations, ObjectPrompt, ShotNote
from tests.raising import raises

coordinates = st.floats(0, 4000, allow_nan=False).map(lambda v: round(v, 3))


@st.composite
def notes(draw: st.DrawFn) -> ShotNote:
    start = draw(st.integers(0, 1000))
    end = start + draw(st.integers(1, 50))
    frames = st.integers(start, end - 1)
    prompts = {}
    for _ in range(draw(st.integers(0, 4))):
        points = draw(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=3))
        labels = tuple(draw(st.integers(0, 1)) for _ in points)
        box = draw(st.none() | st.tuples(coordinates, coordinates, coordinates, coordinates))
        prompt = ObjectPrompt(draw(st.integers(1, 255)), draw(frames), tuple(points), labels, box)
        prompts[prompt.frame, prompt.object_id] = prompt
    return ShotNote(start, end, draw(frames), tuple(prompts.values()))


@hypothesis.given(notes())
@hypothesis.settings(max_examples=60)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, note: ShotNote) -> None:
    path = tmp_path_factory.mktemp("a") / "annotations.json"
    save_note(path, note, fingerprint="12-ab", size=(640, 360))
    found = read(path)
    assert (found.fingerprint, found.size, found.revision) == ("12-ab", (640, 360), 1)
    (back,) = found.notes
    assert (back.start, back.end, back.prompt_frame, back.prompts) == (
        note.start,
        note.end,
        note.prompt_frame,
        note.prompts,
    )
    assert back.saved_at


def test_two_browsers_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    point = ObjectPrompt(1, 0, ((1.0, 2.0),), (1,))
    first = save_note(path, ShotNote(0, 10, 0, (point,)), seen=0).note(0)
    assert first is not None
    save_note(path, ShotNote(10, 20, 10), seen=0)
    second = save_note(path, ShotNote(0, 10, 0), seen=first.revision).note(0)
    assert second is not None
    with raises(RunError, code="annotations_changed"):
        save_note(path, ShotNote(0, 10, 0, (point,)), seen=first.revision)
    with raises(RunError, code="annotations_changed"):
        delete_note(path, 0, seen=first.revision)
    delete_note(path, 0, seen=second.revision)
    assert [note.start for note in read(path).notes] == [10]
    with raises(RunError, code="annotations_changed"):
        save(path, Annotations(), seen=1)


def test_threads_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    threads = [threading.Thread(target=save_note, args=(path, ShotNote(i, i + 1, i))) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [note.start for note in read(path).notes] == list(range(20))
    assert read(path).revision == 20


@pytest.mark.parametrize(
    "said",
    [
        {"start": 5, "end": 3, "prompt_frame": 5, "objects": []},
        {"start": 0, "end": 3, "prompt_frame": 3, "objects": []},
        {"start": 0, "end": 3, "prompt_frame": 0, "objects": [{"id": 0, "points": [[1, 1]], "labels": [1]}]},
        {"start": 0, "end": 3, "prompt_frame": 0, "objects": [{"id": 1, "points": [[1, 1]], "labels": [2]}]},
        {"start": 0, "end": 3, "prompt_frame": 0, "objects": [{"id": 1, "points": [[1, 1]], "labels": []}]},
        {"start": 0, "end": 3, "prompt_frame": 0, "objects": [{"id": 1, "points": [[1]], "labels": [1]}]},
        {"start": 0, "end": 3, "prompt_frame": 0, "objects": [{"id": 1, "box": [1, 2, 3]}]},
        {"start": 0, "end": 3, "prompt_frame": 0, "objects": [{"id": 1, "corrections": [{"frame": 9, "points": []}]}]},
        {"start": 0.5, "end": 3, "prompt_frame": 1, "objects": []},
        "nothing",
        {},
    ],
)
def test_nonsense_is_refused(tmp_path: Path, said: object) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps({"schema": 1, "revision": 1, "shots": [said]}))
    with raises(RunError, code="damaged"):
        read(path)
    before = path.read_bytes()
    with raises(RunError, code="damaged"):
        save_note(path, ShotNote(0, 1, 0))
    assert path.read_bytes() == before


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps({"schema": 99, "revision": 1, "shots": []}))
    with raises(RunError, code="newer_schema"):
        read(path)
