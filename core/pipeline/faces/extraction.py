"""Faces read while frames are extracted: the same pass, the same rows as if they were read later."""

from __future__ import annotations

import dataclasses
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SettingsError
from core.models import FaceReader, FaceSearch
from core.pipeline.faces import update
from core.pipeline.faces.measure import FoundFaces, columns, distances, passes, read_faces
from core.pipeline.faces.reference import from_photo, is_photo
from core.records import FrameRecord
from core.settings.extract import ExtractSettings
from core.settings.model import from_mapping
from core.store import face_file, run_file
from core.store import faces as face_store
from core.store.face_file import FaceFile, Reference
from core.store.run import RunDir
from core.video.frame import Frame


class ExtractFaces:
    """Reads the faces of each frame of an extraction, and drops frames without one where that is wanted.

    Entered around the pass: it then holds the run's face files open. Made by ``open_faces``.
    """

    def __init__(self, reader: FaceReader, settings: ExtractSettings, references: tuple[Reference, ...] | None) -> None:
        self._reader, self._settings, self._given = reader, settings, references
        self._run: RunDir | None = None
        self._state: FaceFile | None = None
        self._wanted = np.zeros((0, reader.dimension), np.float32)
        self._appender: face_store.FaceAppender | None = None
        self._search: FaceSearch = "twice"

    def join(self, run: RunDir) -> None:
        """Prepares a locked run: what an interrupted pass left is repaired, other references are compared at once."""
        state = update.settle(run)
        if state is None:
            face_store.remove(run)
            state = update.new_state(self._reader, self._settings.face_settings)
        update.check_model(state, self._reader, run)
        given = state.references if self._given is None else self._given
        changed = given != state.references
        state = dataclasses.replace(state, references=given, provider=self._reader.provider)
        if changed and run.metadata.exists():
            extracted = from_mapping(ExtractSettings, run_file.read(run.run_json).settings)
            state = update.apply(run, state, extracted).faces
        face_file.write(run.face_file, state)
        self._run, self._state, self._wanted = run, state, state.reference_vectors

    def start_over(self) -> None:
        """Forgets the faces of frames that are numbered anew."""
        assert self._run is not None
        assert self._state is not None
        if self._appender is not None:
            self.__exit__(None, None, None)
        face_store.remove(self._run)
        self._state = dataclasses.replace(self._state, face_groups=None, old_names=None, second_look=True)
        face_file.write(self._run.face_file, self._state)

    def read(self, frame: Frame, rgb: NDArray[np.uint8], record: FrameRecord) -> FoundFaces:
        """Reads the faces of a frame and writes into its record what they are, all but their rows."""
        found = read_faces(self._reader, frame, rgb, self._search)
        near = distances(found.vectors, self._wanted)
        record.more |= columns(found.lines, (), None if near is None else near.tolist())
        if self._settings.face_filter and not passes(record, self._settings.min_face_area):
            record.discard_reason = "face"
        return found

    def append(self, done: list[tuple[FrameRecord, FoundFaces | None]]) -> None:
        """Makes the faces of frames durable and tells their records the rows, in the order of the frames."""
        assert self._appender is not None
        some = [(record, found) for record, found in done if found is not None and len(found)]
        row = self._appender.rows
        lines: list[dict[str, Any]] = []
        for record, found in some:
            record.more["face_rows"] = list(range(row, row + len(found)))
            row += len(found)
            lines += found.lines
        if some:
            self._appender.append(lines, np.vstack([found.vectors for _, found in some]))

    def __enter__(self) -> ExtractFaces:
        assert self._run is not None
        assert self._state is not None
        self._search = update.search_of(self._state)
        self._appender = face_store.FaceAppender(self._run, self._reader.dimension).__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        appender, self._appender = self._appender, None
        if appender is not None:
            appender.__exit__(kind, error, at)


def open_faces(settings: ExtractSettings) -> ExtractFaces:
    """Opens the model and the photos of the settings, before anything of a run is touched.

    Raises:
        ModelError: no such model. SourceError, SettingsError: what is wrong with a photo.
    """
    reader = update.open_model(settings.face_settings)
    for text in settings.face_refs:
        if not is_photo(text):
            raise SettingsError(
                f"{text} is of a run; give photos here, and {text} to the verb faces when the run is there.",
                field="face_refs",
            )
    references = tuple(from_photo(text, reader) for text in settings.face_refs)
    return ExtractFaces(reader, settings, references or None)
