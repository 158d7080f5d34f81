"""The verbs about faces as jobs; see ``job_verbs``."""

from __future__ import annotations

import base64
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from core import config
from core.config import FaceSettings, PeopleSettings
from core.errors import SettingsError
from core.pipeline.job_report import Report
from core.store import face_file, run_file
from core.store.run import RunDir

Arguments = Mapping[str, Any]
Steps = Generator[None, None, None]


def faces(arguments: Arguments, report: Report) -> Steps:
    """``run``, ``settings`` (``FaceSettings``), ``again``, ``people`` (``PeopleSettings``), ``names``, ``video``.

    As in ``pipeline.faces``; with ``people`` the best pictures of each person are cut out too.
    """
    from core.pipeline.face_crops import cut_out, shown_rows
    from core.pipeline.faces import faces as read_faces
    from core.store import faces as face_store

    run = RunDir(Path(arguments["run"]))
    people = arguments.get("people")
    grouping = None if people is None else config.from_mapping(PeopleSettings, people)
    names = {_person(person): str(name) for person, name in (arguments.get("names") or {}).items()}
    video = Path(arguments["video"]) if arguments.get("video") else None
    report.phase("reading faces", run_file.read(run.run_json).video.frames)
    report.open(run)
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in (arguments.get("settings") or {}).items()}
    again = bool(arguments.get("again"))
    with closing(read_faces(run.path, given, again=again, people=grouping, names=names, video=video)) as steps:
        while True:
            try:
                report.at(next(steps))
            except StopIteration as end:
                done = end.value
                break
            yield
    if done.faces.people is not None:
        table = face_store.load(run, done.faces.dimension)
        best, singles = shown_rows(done.faces, table)
        rows = [row for some in best for row in some] + singles
        report.phase("cutting out faces", len(rows), unit="faces")
        with run.lock(), closing(cut_out(run.path, rows, video)) as cuts:
            for count in cuts:
                report.at(count)
                yield
    report.result = {
        "run": str(run.path),
        "faces": done.rows,
        "frames": done.frames,
        "frames_with_faces": done.with_faces,
        "provider": done.faces.provider,
        "people": None if done.faces.people is None else len(done.faces.people),
    }


def face_photo(arguments: Arguments, report: Report) -> Steps:
    """``photo``, ``settings`` (``FaceSettings``): finds the faces of a photo, from left to right, to choose one of.

    ``look`` is any text; with texts of their own two looks at the same photo are not the same job.

    The result: ``width``, ``height`` of the photo as it is shown, ``provider``, ``faces`` [{``face`` from 1, ``box``,
    ``confidence``, ``picture`` (a data URL)}], ``why`` there are none and what to do (the rest of a sentence; "" where
    there are some).
    """
    from core.pipeline.face_advice import why_no_face
    from core.pipeline.face_crops import MARGIN, QUALITY, SIDE_PX, crop
    from core.pipeline.face_reference import faces_in
    from core.pipeline.faces import open_model
    from core.video import images

    given = {k: tuple(v) if isinstance(v, list) else v for k, v in (arguments.get("settings") or {}).items()}
    report.phase("looking for faces")
    yield
    reader = open_model(config.from_mapping(FaceSettings, given))
    rgb, found = faces_in(Path(arguments["photo"]), reader)
    shown = []
    for number, box in enumerate(found.boxes.tolist(), 1):
        small = images.encode_jpeg(images.fitted(crop(rgb, box, MARGIN), SIDE_PX), QUALITY)
        picture = "data:image/jpeg;base64," + base64.b64encode(small).decode()
        confidence = round(float(found.confidence[number - 1]), 4)
        shown.append({"face": number, "box": [round(v, 1) for v in box], "confidence": confidence, "picture": picture})
    why = "" if shown else why_no_face(rgb, reader)
    size = {"width": rgb.shape[1], "height": rgb.shape[0]}
    report.result = {**size, "provider": reader.provider, "faces": shown, "why": why}


def face_model(arguments: Arguments, report: Report) -> Steps:
    """``settings`` (``FaceSettings``), ``look``: opens the model, to say what it is, where it runs and how fast.

    The result: ``name``, ``provider``, ``ms`` of one picture without faces.
    """
    from core.pipeline.faces import open_model

    report.phase("opening the model")
    yield
    reader = open_model(config.from_mapping(FaceSettings, arguments.get("settings") or {}))
    empty = np.zeros((360, 640, 3), np.uint8)
    began = time.perf_counter()
    reader.read(empty)
    taken_ms = round(1000 * (time.perf_counter() - began), 1)
    report.result = {"name": reader.name, "provider": reader.provider, "ms": taken_ms}


def face_pack(arguments: Arguments, report: Report) -> Steps:
    """``name``: downloads a face model; only when a person says so."""
    from core.models.face_packs import fetch_pack

    name = arguments["name"]
    report.phase(f"downloading {name}", unit="bytes")
    told: int | None = None
    with closing(fetch_pack(name)) as steps:
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                report.result = {"name": name, "folder": str(end.value)}
                return
            if total != told:
                told = total
                report.phase(f"downloading {name}", total, unit="bytes")
            report.at(done)
            yield


def resumed(arguments: Arguments, run: str) -> dict[str, Any]:
    """Returns the arguments with which an interrupted ``faces`` goes on: what it had begun to read anew stays."""
    state = face_file.read(RunDir(Path(run)).face_file)
    began = state is not None and state.read_from is not None
    return {**arguments, "again": bool(arguments.get("again")) and not began}


def _person(text: Any) -> int:
    if not str(text).isdecimal():
        raise SettingsError(f'"{text}" is not the id of a person; ids are whole numbers from 0.')
    return int(text)
