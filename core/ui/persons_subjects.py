"""The videos whose persons the page looks at: by the id of a run or by path, then by an id that was handed out."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from core import inside
from core.errors import RequestError, RunError, SettingsError
from core.store.person_dir import PersonDir
from core.ui.session import OpenRun, file_stamp, native
from core.ui.verbs import Verbs

if TYPE_CHECKING:
    from core.pipeline.persons.working import Working
    from core.store.person_crops import Crops

KNOWN_VIDEOS = 400
"""More are forgotten, the longest unused first; a page that still shows one opens it again."""
OPEN_FOLDERS = 4
"""Folders of persons whose numbers stay in memory."""


@dataclass
class Subject:
    """A video whose persons are looked at."""

    id: str
    path: Path
    run: OpenRun | None
    """Whose video it is; ``None`` = it was named by its path."""
    sharpness: dict[int, float] = field(default_factory=dict)
    crops: str = ""
    """Stamp of the crops of which ``sharpness`` was measured."""


class Videos:
    """The videos that the page knows, and their folders of persons."""

    def __init__(self, verbs: Verbs) -> None:
        """Knows none yet; ``verbs`` know the runs and the allowed folders."""
        self._workspace, self._places = verbs.workspace, verbs.places
        self._subjects: OrderedDict[str, Subject] = OrderedDict()
        self._works: OrderedDict[Path, Working] = OrderedDict()
        self._lock = threading.Lock()

    def named(self, body: Mapping[str, Any]) -> Subject:
        """Returns the video of a run (``run``: its id), or one by its ``path``.

        Raises:
            SettingsError: neither is given. SourceError: no video there, or not in an allowed folder.
        """
        from core.video.source import resolve_local

        if body.get("run"):
            run = self._workspace.run(str(body["run"]))
            return self._known(Path(run.saved.video.path), run)
        if not isinstance(body.get("path"), str):
            raise SettingsError("a run or the path of a video is wanted.", field="path")
        folder, name = os.path.split(body["path"])
        return self._known(resolve_local(os.path.join(folder, native(Path(folder), name)), self._places.roots))

    def meant(self, text: Any) -> Subject:
        """Returns the video of an id that the page has, or of a path. Raises as ``named``."""
        known = self._subjects.get(text) if isinstance(text, str) else None
        if known is not None:
            return known
        if not isinstance(text, str) or not text.strip():
            raise SettingsError("choose a video first, or open a run.", field="video")
        return self.named({"path": text})

    def _known(self, path: Path, run: OpenRun | None = None) -> Subject:
        text = os.fsencode(path) + b"\0persons\0" + (run.id if run else "").encode()
        subject_id = hmac.new(self._workspace.secret(), text, hashlib.sha256).hexdigest()[:32]
        with self._lock:
            found = self._subjects.setdefault(subject_id, Subject(subject_id, path, run))
            self._subjects.move_to_end(subject_id)
            while len(self._subjects) > KNOWN_VIDEOS:
                self._subjects.popitem(last=False)
        return found

    def of(self, request: Request) -> Subject:
        """Returns the video of a route. Raises ``RequestError``: its id is not known (any more)."""
        with self._lock:
            found = self._subjects.get(request.path_params["video"])
            if found is None:
                raise RequestError("this video is not known any more; open it again.", code="forgotten")
            self._subjects.move_to_end(found.id)
        return found

    # --- its folder

    def folder(self, subject: Subject) -> PersonDir | None:
        """Returns where its persons lie; ``None`` where it has no run yet.

        Raises:
            RequestError: the video is gone. RunError: the folder is a link out of its run.
        """
        from core.pipeline.persons.home import persons_of_file, persons_of_run
        from core.video.probe import fingerprint

        if subject.run is not None:
            found: PersonDir | None = persons_of_run(subject.run.run)
        else:
            if not inside.is_file_in(subject.path, self._places.roots):
                raise RequestError(f"{subject.path} is gone, or is not in the allowed folders.", code="not_found")
            found = persons_of_file(subject.path, fingerprint(subject.path), self._workspace.downloads)
        if found is not None and not self._places.allows(found.path):
            raise RunError(f"{found.path} is a link that leads out of its run; remove it.", code="leads_out")
        return found

    def working(self, subject: Subject) -> Working:
        """Returns its persons, to be read and decided on. Raises as ``existing``."""
        from core.pipeline.persons.working import Working

        folder = self.existing(subject)
        with self._lock:
            work = self._works.setdefault(folder.path, Working(folder))
            self._works.move_to_end(folder.path)
            while len(self._works) > OPEN_FOLDERS:
                self._works.popitem(last=False)
        return work

    def existing(self, subject: Subject) -> PersonDir:
        """Returns ``folder``. Raises ``RunError``: nobody was looked for."""
        folder = self.folder(subject)
        if folder is None:
            raise nobody_in(subject)
        return folder

    def crops(self, subject: Subject) -> Crops:
        """Returns its open crops; ``sharpness`` of the subject is that of these."""
        from core.store.person_crops import Crops

        work = self.working(subject)
        state = work.state()
        stamp = file_stamp(work.folder.crops)
        if subject.crops != stamp:
            subject.crops, subject.sharpness = stamp, {}
        return Crops(work.folder.crops, work.folder.crop_offsets, len(state.material.detections))


def nobody_in(subject: Subject) -> RunError:
    """Returns what to raise where the persons of a video were never looked for."""
    return RunError(f"no persons of {subject.path.name} were looked for; run stage 1 first.", code="no_stage")
