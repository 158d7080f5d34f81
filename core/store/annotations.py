"""``annotations.json``: what people pointed at on the shots of a video, written whole, two browsers told apart.

Not here: what it holds (``shot_notes``), files of the original tool (``annotations_old``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import portalocker

from core import files
from core.errors import RunError
from core.store.annotations_old import is_old
from core.store.shot_notes import Annotations, Box, ObjectPrompt, ShotNote

SCHEMA = 1


# --- reading


def read(path: Path) -> Annotations:
    """Reads the file; none where there is no such file.

    Raises:
        RunError: it is damaged, of a newer program, or of the original tool, which has to be imported.
    """
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        return Annotations()
    if is_old(values):
        raise RunError(
            f"{path} is of the original annotation tool; import it, so that its points come to the right shots.",
            code="old_annotations",
        )
    if isinstance(values, dict) and isinstance(values.get("schema"), int) and values["schema"] > SCHEMA:
        raise RunError(
            f"{path} has schema {values['schema']}, this program reads up to {SCHEMA}; update the program.",
            code="newer_schema",
        )
    try:
        return _parse(values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(
            f"{path} is damaged ({error}); restore it, or move it away, which forgets all points.", code="damaged"
        ) from error


def _parse(values: Any) -> Annotations:
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise ValueError(f"it is no object of schema {SCHEMA}")
    notes = sorted(map(_note, values["shots"]), key=lambda note: note.start)
    if any(a.end > b.start for a, b in itertools.pairwise(notes)):
        raise ValueError("two shots overlap")
    size = values.get("size")
    return Annotations(
        tuple(notes), int(values["revision"]), str(values.get("video", "")), None if size is None else _pair(size)
    )


def _pair(value: Sequence[Any]) -> tuple[int, int]:
    width, height = value
    return int(width), int(height)


def _note(value: dict[str, Any]) -> ShotNote:
    frame = value["prompt_frame"]
    prompts: list[ObjectPrompt] = []
    for item in value["objects"]:
        if "points" in item or "box" in item:
            prompts.append(_prompt(item["id"], frame, item))
        prompts += [_prompt(item["id"], later["frame"], later) for later in item.get("corrections", ())]
    whole = (value["start"], value["end"], frame)
    if not all(type(v) is int for v in whole):
        raise ValueError("a frame of a shot is not a whole number")
    return ShotNote(*whole, tuple(prompts), str(value.get("saved_at", "")), int(value.get("revision", 0)))


def _prompt(object_id: Any, frame: Any, value: dict[str, Any]) -> ObjectPrompt:
    box = value.get("box")
    return ObjectPrompt(
        object_id,
        frame,
        tuple((float(x), float(y)) for x, y in value.get("points", ())),
        tuple(int(label) for label in value.get("labels", ())),
        None if box is None else _box(box),
        str(value.get("by", "")),
    )


def _box(value: Sequence[Any]) -> Box:
    x1, y1, x2, y2 = map(float, value)
    return x1, y1, x2, y2


# --- writing


def save(path: Path, annotations: Annotations, seen: int | None = None) -> Annotations:
    """Writes the whole file atomically and returns what it holds now.

    Args:
        path: the file.
        annotations: all of them.
        seen: the revision that they were made from; ``None`` = whatever is there is replaced.

    Raises:
        RunError: somebody saved since (``annotations_changed``). StorageError: it cannot be written.
    """
    with _alone(path):
        there = read(path)
        if seen is not None and there.revision != seen:
            raise changed(path)
        return _write(path, dataclasses.replace(annotations, revision=there.revision + 1))


def save_note(
    path: Path, note: ShotNote, seen: int | None = None, *, fingerprint: str = "", size: tuple[int, int] | None = None
) -> Annotations:
    """Writes what is said of one shot, the rest as it stands in the file; returns what the file holds now.

    Args:
        path: the file.
        note: of the shot; ``saved_at`` and ``revision`` are set here.
        seen: the ``revision`` of the note that the page knows, 0 = none; ``None`` = whatever is there is replaced.
        fingerprint: of the video.
        size: width and height of the picture.

    Raises:
        RunError: somebody else saved this shot since (``annotations_changed``). StorageError: it cannot be written.
    """
    with _alone(path):
        there = read(path)
        _check_seen(path, there.note(note.start), seen)
        now = dataclasses.replace(note, saved_at=_now(), revision=there.revision + 1)
        whole = dataclasses.replace(
            there.with_note(now),
            revision=there.revision + 1,
            fingerprint=fingerprint or there.fingerprint,
            size=size or there.size,
        )
        return _write(path, whole)


def delete_note(path: Path, start: int, seen: int | None = None) -> Annotations:
    """Forgets what is said of a shot; returns what the file holds now. Raises as ``save_note``."""
    with _alone(path):
        there = read(path)
        _check_seen(path, there.note(start), seen)
        return _write(path, dataclasses.replace(there.without(start), revision=there.revision + 1))


def move(path: Path, shots: Sequence[tuple[int, int]]) -> Annotations:
    """Takes the prompts of a file to the shots as they are now; a file that is not there is not made. As ``save``."""
    if not path.exists():
        return Annotations()
    with _alone(path):
        there = read(path)
        moved = there.moved(shots)
        if moved == there:
            return there
        return _write(path, dataclasses.replace(moved, revision=there.revision + 1))


def changed(path: Path) -> RunError:
    """Returns the error of a page that is out of date."""
    return RunError(
        f"the points of this shot in {path} were changed by somebody else meanwhile; load the shot again.",
        code="annotations_changed",
    )


def _check_seen(path: Path, note: ShotNote | None, seen: int | None) -> None:
    if seen is not None and seen != (0 if note is None else note.revision):
        raise changed(path)


def _write(path: Path, annotations: Annotations) -> Annotations:
    values: dict[str, Any] = {"schema": SCHEMA, "revision": annotations.revision}
    values |= {"video": annotations.fingerprint} if annotations.fingerprint else {}
    values |= {"size": list(annotations.size)} if annotations.size else {}
    files.write_json(path, values | {"shots": list(map(_plain_note, annotations.notes))})
    return annotations


def _plain_note(note: ShotNote) -> dict[str, Any]:
    objects: dict[int, dict[str, Any]] = {}
    for prompt in note.prompts:
        item = objects.setdefault(prompt.object_id, {"id": prompt.object_id})
        if prompt.frame == note.prompt_frame:
            item |= _plain_prompt(prompt)
        else:
            item.setdefault("corrections", []).append({"frame": prompt.frame} | _plain_prompt(prompt))
    return {
        "start": note.start,
        "end": note.end,
        "prompt_frame": note.prompt_frame,
        "objects": [objects[number] for number in sorted(objects)],
        "saved_at": note.saved_at,
        "revision": note.revision,
    }


def _plain_prompt(prompt: ObjectPrompt) -> dict[str, Any]:
    values: dict[str, Any] = {"points": [list(point) for point in prompt.points], "labels": list(prompt.labels)}
    values |= {} if prompt.box is None else {"box": list(prompt.box)}
    return values | ({"by": prompt.by} if prompt.by else {})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Lets one writer at a time read, change and write the file, whichever process it is of."""
    files.make_folder(path.parent)
    with _OF_PROCESS, files.storage_errors(path), open(path.with_name(f".{path.name}.lock"), "a+b") as lock:
        with contextlib.suppress(portalocker.LockException):  # a file system without locks: the revision still tells
            portalocker.lock(lock, portalocker.LOCK_EX)
        yield


_OF_PROCESS = threading.Lock()
