"""The faces of a run brought up to date: read where there are none, compared with references, grouped into people.

References and people need no decoding. The records tell what is known; ``faces.json`` where a pass was interrupted.
Not here: the verb (``faces.read``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import log
from core.advice import advice
from core.errors import RunError
from core.models import FaceReader, FaceSearch
from core.pipeline.counting import numbered_by
from core.pipeline.faces.measure import FACE_COLUMNS, FoundFaces, columns, distances, is_read, passes, read_faces
from core.pipeline.faces.people import Person, adopted, grouped, labels, name_persons, people_of
from core.pipeline.faces.reference import references
from core.pipeline.persons.frames import COLUMN, Seen
from core.pipeline.persons.home import persons_of_run
from core.pipeline.runs import video_of
from core.records import FrameRecord
from core.settings.extract import ExtractSettings
from core.settings.faces import FaceSettings, PeopleSettings
from core.settings.model import from_mapping
from core.store import face_file, jsonl, run_file, table
from core.store import faces as face_store
from core.store.face_file import FaceFile
from core.store.run import RunDir
from core.video.frame import Frame
from core.video.stream import map_frames


@dataclass(frozen=True)
class FacesDone:
    """What an update of a run's faces leaves."""

    faces: FaceFile
    people: tuple[Person, ...] | None
    """``None`` = faces were not grouped yet."""
    rows: int
    """Faces of the run."""
    frames: int
    """Frames whose faces are known."""
    with_faces: int
    """Frames that show a face."""


def update_faces(
    path: Path,
    given: Mapping[str, Any] | None = None,
    *,
    again: bool = False,
    people: PeopleSettings | None = None,
    names: Mapping[int, str] | None = None,
    video: Path | None = None,
) -> Generator[tuple[int, int], None, FacesDone]:
    """Yields how many frames were read, and of how many; the records are written when all are.

    An interrupted pass is gone on with. Frames that were dropped for their quality are passed over.

    Args:
        path: the run folder.
        given: fields of ``FaceSettings``; the others are those of the run's faces, else the defaults. ``face_refs``
            may also name ``person:ID`` and ``face:ROW`` of the run; an empty one compares with nobody.
        again: forget the faces of the run and read them anew, as another model or a lower confidence needs it.
        people: group the faces with these settings; each group shows a person of the video.
        names: id of a person of the video -> name, given after grouping.
        video: where the video lies now, if it was moved.

    Raises:
        ModelError: no such model. SourceError, SettingsError: what is wrong with a reference. RunBusy: somebody works
        in the run. RunError: the run's faces were read with another model, or its video is gone.
    """
    run = RunDir(path)
    extracted = from_mapping(ExtractSettings, run_file.read(run.run_json).settings)
    with run.lock():
        state = settle(run)
        if again and state is not None:
            forget(run)
            state = None
        settings = _settings(state, given or {})
        reader = _once(run, state, settings)
        left = [r.frame_number for r in table.records(run) if _is_wanted(r)]
        found = references(settings.face_refs, reader, lambda: _of_run(run)) if "face_refs" in (given or {}) else None
        if left or state is None:
            state = state or new_state(reader(), settings)
            state = dataclasses.replace(state, references=state.references if found is None else found)
            state = yield from _read(run, reader(), state, left, video)
            state = _end_pass(run, state, extracted)
        state = dataclasses.replace(state, references=state.references if found is None else found)
        state = _with_people(run, state, people, names or {})
        return apply(run, state, extracted)


def name_person(path: Path, person: int, name: str) -> None:
    """Names one person of the video of a run.

    Raises:
        SettingsError: there is no such person, or the name is too long. RunError: no faces were read in this run.
        RunBusy: somebody works in the run.
    """
    run = RunDir(path)
    with run.lock():
        state = face_file.read(run.face_file)
        if state is None:
            raise RunError(f"no faces were read in {run.path}, so nobody can be named.", code="no_faces")
        if state.old_names is not None:
            state = _adopted(run, state)
            apply(run, state, from_mapping(ExtractSettings, run_file.read(run.run_json).settings))
        name_persons(run, people_of(run, state), {person: name})


def settle(run: RunDir) -> FaceFile | None:
    """Makes what an interrupted extraction or pass left consistent: torn rows go, read frames say so in their records.

    The caller holds the lock. Returns ``None`` when no faces were read in this run.
    """
    state = face_file.read(run.face_file)
    if state is None:
        return None
    records = list(table.records(run)) if run.metadata.exists() else []
    if state.read_from is None:
        last = records[-1].frame_number if records else -1
        known = any(map(is_read, records))
        face_store.cut_after(run, 0, last if known else -1, state.dimension)
        return state
    face_store.cut_after(run, state.read_from, state.read_to, state.dimension)
    extracted = from_mapping(ExtractSettings, run_file.read(run.run_json).settings)
    return _end_pass(run, state, extracted)


def forget(run: RunDir) -> None:
    """Takes all faces out of a run: first out of its records. The caller holds the lock."""
    records = list(table.records(run))
    for record in records:
        for name in FACE_COLUMNS:
            record.more.pop(name, None)
    jsonl.rewrite(run.metadata, records)
    face_store.remove(run)


def new_state(reader: FaceReader, settings: FaceSettings) -> FaceFile:
    """Returns the state of a run whose faces are about to be read."""
    return FaceFile(
        settings.face_model,
        reader.digest,
        reader.dimension,
        settings.min_face_confidence,
        reader.provider,
        second_look=True,
    )


def search_of(state: FaceFile) -> FaceSearch:
    """Returns how the frames of a run that are left are looked at: as those before them were, and says so."""
    if state.second_look:
        return "twice"
    log.notice(
        "faces_of_older_program",
        "the faces of this run were begun by an older program, which did not find faces that fill the picture; the "
        f"frames that are left are read in the same way{advice('; --again reads all anew', '')}.",
        loud=True,
    )
    return "once"


def apply(run: RunDir, state: FaceFile, extracted: ExtractSettings) -> FacesDone:
    """Writes references and people, then what they mean for each record. The caller holds the lock."""
    face_file.write(run.face_file, state)
    records = _write_columns(run, state, extracted)
    read = [record for record in records if is_read(record)]
    rows = sum(record.more["face_count"] for record in read)
    some = sum(1 for record in read if record.more["face_count"])
    return FacesDone(state, people_of(run, state), rows, len(read), some)


def check_model(state: FaceFile, reader: FaceReader, run: RunDir) -> None:
    """Raises ``RunError`` when the run's faces were read with other weights: their vectors cannot be compared."""
    if state.digest != reader.digest:
        anew = advice(f", or read them anew: python -m core faces {run.path} --again", "")
        raise RunError(
            f"the faces of {run.path} were read with other weights ({Path(state.model).name}), and vectors of two "
            f"models cannot be compared; take that model{anew}.",
            code="other_face_model",
            field="face_model",
        )


def _settings(state: FaceFile | None, given: Mapping[str, Any]) -> FaceSettings:
    values = dict(given)
    if state is not None:
        of_run = {"face_model": state.model, "min_face_confidence": state.min_confidence}
        values = of_run | values
        if values["min_face_confidence"] != state.min_confidence:
            wanted = values["min_face_confidence"]
            anew = advice(f"; --again reads them anew from {wanted:g} on", f", and stay so; {wanted:g} was asked for")
            log.notice(
                "faces_of_other_confidence",
                f"the faces of this run were read from a confidence of {state.min_confidence:g} on{anew}.",
                loud=True,
                kept=state.min_confidence,
            )
            values["min_face_confidence"] = state.min_confidence
    return from_mapping(FaceSettings, values)


def _is_wanted(record: FrameRecord) -> bool:
    return record.error is None and record.discard_reason in (None, "face") and not is_read(record)


def _once(run: RunDir, state: FaceFile | None, settings: FaceSettings) -> Callable[[], FaceReader]:
    """Returns a function that opens the model at its first call."""

    @cache
    def reader() -> FaceReader:
        opened = open_model(settings)
        if state is not None:
            check_model(state, opened, run)
        return opened

    return reader


def open_model(settings: FaceSettings) -> FaceReader:
    """Loads the face model and says where it runs. Raises ``ModelError``."""
    from core.models.faces import open_reader

    reader = open_reader(settings.face_model, settings.face_device, settings.min_face_confidence)
    text = f"faces are read with {reader.name} on the {reader.provider}"
    log.notice("faces_read", text, model=reader.name, provider=reader.provider)
    return reader


def _of_run(run: RunDir) -> tuple[tuple[Person, ...] | None, NDArray[np.float32]]:
    state = face_file.read(run.face_file)
    if state is None:
        sentence = f"no faces were read in {run.path} yet, so none of them can be a reference; give a photo."
        raise RunError(sentence, code="no_faces", field="face_refs")
    return people_of(run, state), face_store.load(run, state.dimension).vectors


def _read(
    run: RunDir, reader: FaceReader, state: FaceFile, left: list[int], video: Path | None
) -> Generator[tuple[int, int], None, FaceFile]:
    """One pass over the frames that have no faces yet; each durable step is noted in ``faces.json``."""
    source = video_of(run, video)
    search = search_of(state)

    def make_work() -> Callable[[Frame], FoundFaces]:
        return lambda frame: read_faces(reader, frame, frame.rgb(), search)

    done = 0
    with face_store.FaceAppender(run, reader.dimension) as appender:
        state = dataclasses.replace(state, provider=reader.provider, read_from=appender.rows, read_to=-1)
        face_file.write(run.face_file, state)
        with numbered_by(run), closing(map_frames(source, np.array(left, np.int64), make_work)) as chunks:
            for chunk in chunks:
                some = [one for _, one in chunk if one is not None and len(one)]
                if some:
                    appender.append([line for one in some for line in one.lines], np.vstack([o.vectors for o in some]))
                state = dataclasses.replace(state, read_to=chunk[-1][0])
                face_file.write(run.face_file, state, sync=False)
                done += len(chunk)
                yield done, len(left)
    return state


def _end_pass(run: RunDir, state: FaceFile, extracted: ExtractSettings) -> FaceFile:
    """The records of the frames that a pass read say so, then the mark of the pass goes."""
    _write_columns(run, state, extracted, read_to=state.read_to)
    state = dataclasses.replace(state, read_from=None, read_to=-1)
    face_file.write(run.face_file, state)
    return state


def _with_people(run: RunDir, state: FaceFile, people: PeopleSettings | None, names: Mapping[int, str]) -> FaceFile:
    if people is not None:
        table = face_store.load(run, state.dimension)
        from core.models.face_groups import group_faces

        label = group_faces(np.array(table.vectors), people.person_distance)
        state = grouped(run, _adopted(run, state), table, label)
    elif names or state.old_names is not None:
        state = _adopted(run, state)
    name_persons(run, people_of(run, state), names)
    return state


def _adopted(run: RunDir, state: FaceFile) -> FaceFile:
    if state.old_names is None:
        return state
    state, notices = adopted(run, state, face_store.load(run, state.dimension))
    for notice in notices:
        log.notice(notice.code, notice.text, loud=True, **notice.facts)
    return state


def _write_columns(run: RunDir, state: FaceFile, extracted: ExtractSettings, read_to: int = -1) -> list[FrameRecord]:
    """Sets the face columns, and the reason, of frames that were read; up to ``read_to`` of those that were not."""
    records = list(table.records(run)) if run.metadata.exists() else []
    lines = list(jsonl.read(run.faces))
    stored = face_store.load(run, state.dimension)
    lines = lines[: len(stored)]
    rows_of: dict[int, list[int]] = {}
    for row, ordinal in enumerate(stored.frame.tolist()):
        rows_of.setdefault(ordinal, []).append(row)
    near = distances(stored.vectors, state.reference_vectors)
    apart = None if near is None else near.tolist()
    label = labels(people_of(run, state), len(stored))
    person = None if label is None else label.tolist()
    seen = Seen(persons_of_run(run))
    for record in records:
        if (bodies := seen.ids(record.frame_number, None)) is not None or COLUMN in record.more:
            record.more[COLUMN] = bodies
        unread = not is_read(record)
        if record.error is not None or (unread and (record.frame_number > read_to or not _is_wanted(record))):
            continue
        rows = rows_of.get(record.frame_number, [])
        record.more |= columns(
            [lines[row] for row in rows],
            rows,
            None if apart is None else [apart[row] for row in rows],
        )
        record.more[COLUMN] = seen.ids(
            record.frame_number, None if person is None else [person[row] for row in rows if person[row] >= 0]
        )
        if extracted.face_filter and record.discard_reason in (None, "face"):
            record.discard_reason = None if passes(record, extracted.min_face_area) else "face"
    if records:
        jsonl.rewrite(run.metadata, records)
    return records
