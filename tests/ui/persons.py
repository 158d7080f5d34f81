"""Persons for the tests of the page: the files of stages 1 to 5 of a run, made without a model, and their crops."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.pipeline.faces.people import grouped
from core.pipeline.persons.canonical import regroup
from core.pipeline.persons.frames import write_ids
from core.pipeline.persons.rank import rank
from core.settings.persons import PersonGroup, PersonRank
from core.store import face_file, jsonl, person_crops, persons, run_file
from core.store.face_file import FaceFile
from core.store.faces import FaceAppender, load
from core.store.person_dir import PersonDir
from core.store.persons import Appearances
from core.store.run import RunDir
from core.store.table import records
from core.video import images
from tests.browser import Visit, type_text
from tests.pipeline.persons.people import Walk, filled

TAB = "Person Selection"
RUN = "counting <b>"
"""The first run of the counting video: there its persons lie."""
WAIT_MS = 60_000
CROP = (256, 128)


def make_persons(
    run: Path,
    walks: list[Walk],
    looks: list[int],
    cuts: tuple[int, ...] = (),
    near: tuple[int, int, float] | None = None,
) -> PersonDir:
    """Puts the persons of straight walks into a run folder; those of one number in ``looks`` look exactly alike.

    ``near``: two of the numbers, and how much they look alike (others not at all).
    """
    info = run_file.read(RunDir(run).run_json).video
    folder = filled(RunDir(run).persons, info, walks, looks, cuts)
    if near is not None:
        _look_alike(folder, *near)
    _write_crops(folder, looks)
    found = regroup(folder, PersonGroup())
    detections = persons.read_detections(folder.detections)
    ranked = rank(found, detections, PersonRank(), 1920, 1080)
    files.write_json(folder.ranking, {"made_from": found.digest(), "persons": ranked})
    return folder


Face = tuple[int, int, float, float]
"""First and last frame, and where the face is: x and y of its box of 40x50 pixels."""


def make_faces(run: Path, faces: list[Face], every: int = 1) -> RunDir:
    """Reads and groups faces in a run folder without a model: a group for each; its vector is an axis of its own."""
    where, lines, vectors, label = RunDir(run), [], [], []
    for group, (first, last, x, y) in enumerate(faces):
        for frame in range(first, last + 1, every):
            line = {"frame_number": frame, "bbox": [x, y, x + 40, y + 50], "kps": [[x, y]] * 5, "confidence": 0.8}
            lines.append(line | {"area_pct": 0.1, "sharpness": 50.0, "frontality": 80.0})
            vectors.append(np.eye(len(faces), dtype=np.float32)[group])
            label.append(group)
    state = FaceFile("test", "0" * 16, len(faces), 0.5)
    with FaceAppender(where, len(faces)) as appender:
        appender.append(lines, np.array(vectors, np.float32))
    made = grouped(where, state, load(where, len(faces)), np.array(label, np.int64))
    face_file.write(where.face_file, made)
    where.face_crops.mkdir()
    for row, group in enumerate(label):
        picture = figure(group)[20:70, 44:84]
        picture[30:] = figure(group)[100, 60]
        where.face_crop(row).write_bytes(images.encode_jpeg(picture, 90))
    told = list(records(where))
    for record in told:
        record.more["face_count"] = sum(line["frame_number"] == record.frame_number for line in lines)
    with where.lock():
        jsonl.rewrite(where.metadata, told)
        write_ids(where)
    return where


def _look_alike(folder: PersonDir, one: int, other: int, likeness: float) -> None:
    tracklets = persons.read_tracklets(folder.tracklets)
    vectors = persons.read_appearances(folder.appearance, tracklets).vectors.copy()
    rows = vectors[:, other] == 1
    vectors[rows, one], vectors[rows, other] = likeness, np.sqrt(1 - likeness**2)
    persons.write_appearances(folder.appearance, Appearances(vectors, "test"), tracklets.digest())


def _write_crops(folder: PersonDir, looks: list[int]) -> None:
    """A figure of a colour for each look; the walk is told by the confidence, as ``walked`` says."""
    detections = persons.read_detections(folder.detections)
    figures = [images.encode_jpeg(figure(look), 90) for look in looks]
    walk = np.rint((0.9 - detections.confidences) * 100).astype(int).tolist()
    with open(folder.crops, "w+b") as file:
        writer = person_crops.CropWriter(file, 1_000_000_000)
        indptr = detections.indptr()
        for frame in range(detections.frames):
            rows = slice(int(indptr[frame]), int(indptr[frame + 1]))
            shown: list[Any] = [figures[one] for one in walk[rows]]
            writer.add(frame, detections.bboxes[rows], detections.confidences[rows], shown, frame == 0)
        person_crops.write_offsets(folder.crop_offsets, writer.finish())


def figure(look: int) -> np.ndarray:
    """A person in clothes of the colour of this number, the size of a crop."""
    picture = np.full((*CROP, 3), 225, np.uint8)
    colour = (40 + look * 67 % 180, 40 + look * 131 % 180, 40 + look * 29 % 180)
    picture[20:70, 44:84] = (236, 188, 160)
    picture[70:160, 30:98] = colour
    picture[160:250, 38:60] = picture[160:250, 68:90] = (60, 66, 74)
    return picture


ROWS = "table.persons tbody tr"


def open_tab(seen: Visit, address: str, run: str) -> Any:
    """Opens the tab on a run, and waits for its persons."""
    page = seen.page
    page.add_init_script(f"localStorage.setItem('framesieve.run', {json.dumps(run)})")
    page.goto(address)
    page.get_by_role("tab", name=TAB).click(timeout=60_000)
    page.locator(ROWS).first.wait_for(timeout=WAIT_MS)
    settled(page)
    return page


def ids(page: Any) -> list[int]:
    """The persons of the table, from top to bottom."""
    return [int(one) for one in page.locator(f"{ROWS} .id").all_inner_texts()]


def settled(page: Any) -> None:
    """Waits until no decision is on its way to the server."""
    page.locator(".scrolled[aria-busy=false]").wait_for(timeout=WAIT_MS)


def press(page: Any, *keys: str) -> None:
    """Presses keys as a person does, and waits for what they decide."""
    for key in keys:
        page.keyboard.press(key)
        settled(page)


def pick(page: Any, *wanted: int) -> None:
    """Picks rows out with the mouse."""
    for person in wanted:
        page.get_by_role("checkbox", name=re.compile(rf"\b[Pp]erson {person}$")).click()


def name(page: Any, person: int, text: str) -> None:
    """Types a name into its row, and Enter."""
    box = page.get_by_label(f"Name of person {person}", exact=True)
    type_text(box, text)
    box.press("Enter")
    settled(page)


def state(page: Any) -> str:
    """The line that says how the persons stand."""
    return str(page.locator(".suggested .state").inner_text())
