"""Persons as tracks that other tools read: MOTChallenge text, CVAT XML ("CVAT for video 1.1")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from core import files
from core.store.persons import Persons

LABEL = "person"


def write_mot(path: Path, persons: Persons, wanted: Iterable[int]) -> int:
    """Writes one line a box: frame (from 1), id, left, top, width, height, confidence, -1, -1, -1; returns how many.

    Raises:
        StorageError: it cannot be written.
    """
    lines: list[tuple[int, int, str]] = []
    for person in wanted:
        rows = persons.rows(person)
        values = zip(persons.frame_numbers[rows], persons.bboxes[rows].tolist(), persons.confidences[rows], strict=True)
        for frame, (x1, y1, x2, y2), sure in values:
            box = f"{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f}"
            lines.append((int(frame), person, f"{int(frame) + 1},{person},{box},{float(sure):.4f},-1,-1,-1\n"))
    files.write_bytes(path, "".join(line for _, _, line in sorted(lines)).encode())
    return len(lines)


def write_cvat(
    path: Path,
    persons: Persons,
    wanted: Iterable[int],
    names: Mapping[int, str],
    *,
    frames: int,
    size: tuple[int, int],
    source: str,
) -> int:
    """Writes a track for each person, with attributes ``person_id`` and ``name``; returns how many.

    Where somebody is gone for a while the track says so by a box that is ``outside``.

    Args:
        path: the file.
        persons: of stage 4.
        wanted: ids.
        names: id -> name.
        frames: of the video.
        size: width and height of the picture.
        source: name of the video.

    Raises:
        StorageError: it cannot be written.
    """
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n',
        f"      <name>{escape(source)}</name>\n      <size>{frames}</size>\n      <mode>interpolation</mode>\n",
        f"      <start_frame>0</start_frame>\n      <stop_frame>{max(0, frames - 1)}</stop_frame>\n",
        f"      <labels>\n        <label>\n          <name>{LABEL}</name>\n          <attributes>\n",
        *(_attribute(name, kind) for name, kind in (("person_id", "number"), ("name", "text"))),
        "          </attributes>\n        </label>\n      </labels>\n",
        f"      <original_size><width>{size[0]}</width><height>{size[1]}</height></original_size>\n",
        f"      <source>{escape(source)}</source>\n    </task>\n  </meta>\n",
    ]
    count = 0
    for number, person in enumerate(wanted):
        parts += _track(number, persons, person, names.get(person, ""), frames)
        count += 1
    parts.append("</annotations>\n")
    files.write_bytes(path, "".join(parts).encode())
    return count


def _attribute(name: str, kind: str) -> str:
    values = "0;1000000000;1" if kind == "number" else ""
    return (
        f"            <attribute><name>{name}</name><mutable>False</mutable><input_type>{kind}</input_type>"
        f"<default_value></default_value><values>{values}</values></attribute>\n"
    )


def _track(number: int, persons: Persons, person: int, name: str, frames: int) -> list[str]:
    found = [f'  <track id="{number}" label="{LABEL}" source="auto">\n']
    rows = persons.rows(person)
    ordinals, boxes = persons.frame_numbers[rows].tolist(), persons.bboxes[rows].tolist()
    for at, (frame, box) in enumerate(zip(ordinals, boxes, strict=True)):
        found.append(_box(frame, box, person, name, outside=False))
        following = ordinals[at + 1] if at + 1 < len(ordinals) else frames
        if following > frame + 1:
            found.append(_box(frame + 1, box, person, name, outside=True))
    return [*found, "  </track>\n"]


def _box(frame: int, box: list[float], person: int, name: str, *, outside: bool) -> str:
    corners = " ".join(f'{side}="{v:.2f}"' for side, v in zip(("xtl", "ytl", "xbr", "ybr"), box, strict=True))
    return (
        f'    <box frame="{frame}" outside="{int(outside)}" occluded="0" keyframe="1" {corners} z_order="0">'
        f'<attribute name="person_id">{person}</attribute><attribute name="name">{escape(name)}</attribute></box>\n'
    )
