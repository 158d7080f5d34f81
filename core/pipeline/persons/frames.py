"""Which persons are to be seen in each frame, by body or by face: the column ``person_ids`` of records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from core import log
from core.errors import RunBusy, RunError
from core.pipeline.persons.home import persons_of_run, runs_of
from core.records import FrameRecord
from core.step import Notice
from core.store import face_file, jsonl, persons, run_file, table
from core.store import faces as face_store
from core.store.person_dir import PersonDir
from core.store.person_edits import Edits
from core.store.person_edits import read as read_edits
from core.store.run import RunDir

COLUMN = "person_ids"


class Seen:
    """The persons of every frame of a video."""

    def __init__(self, folder: PersonDir) -> None:
        """Reads them. Raises ``RunError``: a file is damaged."""
        self._frames: dict[int, list[int]] | None = None
        self._now = read_edits(folder.edits).now
        if folder.persons.exists():
            found = persons.read_persons(folder.persons)
            self._frames = {}
            who = found.person_ids[found.owner].tolist()
            for frame, person in zip(found.frame_numbers.tolist(), who, strict=True):
                self._frames.setdefault(frame, []).append(person)

    @property
    def by_bodies(self) -> bool:
        """Whether persons were found by their bodies."""
        return self._frames is not None

    def ids(self, ordinal: int, by_faces: Iterable[int] | None) -> list[int] | None:
        """Returns the ids of a frame, ascending; ``None`` = nobody was looked for.

        Args:
            ordinal: of the frame.
            by_faces: persons whose faces are in it; ``None`` = faces were not grouped, or not read.
        """
        if self._frames is None and by_faces is None:
            return None
        bodies = () if self._frames is None else self._frames.get(ordinal, ())
        return sorted({self._now(person) for person in (*bodies, *(by_faces or ()))})


def write_ids(run: RunDir) -> bool:
    """Brings ``person_ids`` of the records of a run up to date; returns whether any changed. The caller holds the lock.

    Raises:
        RunError: a file is damaged. StorageError: the records cannot be written.
    """
    if not run.metadata.exists():
        return False
    seen, records = Seen(persons_of_run(run)), list(table.records(run))
    faces = _by_faces(run)
    if faces is None and not seen.by_bodies:
        return False
    changed = [record for record in records if _told(record, seen, faces)]
    if changed:
        jsonl.rewrite(run.metadata, records)
    return bool(changed)


def _told(record: FrameRecord, seen: Seen, faces: dict[int, list[int]] | None) -> bool:
    read = faces is not None and record.more.get("face_count") is not None
    ids = seen.ids(record.frame_number, (faces or {}).get(record.frame_number, ()) if read else None)
    if record.more.get(COLUMN) == ids:
        return False
    record.more[COLUMN] = ids
    return True


def _by_faces(run: RunDir) -> dict[int, list[int]] | None:
    """Frame -> persons whose faces are there; ``None`` = faces were not grouped."""
    state = face_file.read(run.face_file)
    if state is None or state.face_groups is None:
        return None
    frames = np.array(face_store.frames_of_rows(run), np.int64)
    found: dict[int, list[int]] = {}
    for group in state.face_groups:
        for frame in frames[[row for row in group.rows if row < len(frames)]].tolist():
            found.setdefault(frame, []).append(group.person)
    return found


def tell_runs(folder: PersonDir) -> list[Notice]:
    """Writes ``person_ids`` into the records of every run of the video whose persons lie in this folder.

    A run in which somebody works just now is left, and named; ``write_ids`` comes to it when it is worked in next.
    """
    with contextlib.suppress(RunError):
        home = RunDir(folder.path.parent)
        if home.persons != folder.path or not home.run_json.exists():
            return []
        by_bodies = folder.about.exists()  # else its persons are known by faces alone
        about = persons.read_about(folder.about).video if by_bodies else run_file.read(home.run_json).video
        notices = []
        for run in runs_of(about, home.path.parent):
            try:
                with run.lock():
                    write_ids(run)
            except RunBusy:
                text = f"{run.path} is in use: its records name persons as before until it is grouped again."
                notices.append(Notice("run_not_told", text, {"run": str(run.path)}))
            except RunError as error:
                log.get().warning("the records of %s were not told of persons: %s", run.path, error)
        return notices
    return []


def tell_run(path: Path) -> None:
    """Brings one run up to date after frames were added to it; a run without persons stays as it is, unread."""
    run = RunDir(path)
    folder = persons_of_run(run)
    if folder.persons.exists():
        write_ids(run)


def now_called(run: RunDir, wanted: Sequence[int]) -> tuple[tuple[int, ...], list[Notice]]:
    """Returns the ids that persons have now, for filters that were made before; and what to say of those forwarded."""
    edits: Edits = read_edits(persons_of_run(run).edits) if run_file_there(run) else Edits()
    found = tuple(dict.fromkeys(edits.now(person) for person in wanted))
    notices = [
        Notice("person_forwarded", f"person {asked} is person {edits.now(asked)} now.", {"person": asked})
        for asked in wanted
        if edits.now(asked) != asked
    ]
    return found, notices


def run_file_there(run: RunDir) -> bool:
    """Whether the run says of which video it is."""
    with contextlib.suppress(RunError):
        run_file.read(run.run_json)
        return True
    return False
