"""Which videos Subject Masking works on: that of a run, or the segments of a folder; each by an id that was handed out.

Not here: what is told of them (``masking_view``), the routes (``masking_routes``).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core import inside
from core.errors import RequestError, RunError, SettingsError, SourceError
from core.ui.pictures import FRAME_QUALITY, THUMB_QUALITY, Pictures
from core.ui.places import named
from core.ui.session import OpenRun, native
from core.ui.verbs import Verbs

if TYPE_CHECKING:
    from core.pipeline.masks.home import Home

MOST_SEGMENTS = 2000
SIDE = 426
"""Longer side of the small picture of a segment that is a folder of pictures, pixels."""


@dataclass
class Part:
    """One video: that of a run, or a segment."""

    id: str
    path: Path
    number: int | None
    """Of a segment."""
    _home: Home | None = None
    _pictures: Pictures | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Lets ``home`` read it anew."""
        with self._lock:
            self._home = None

    def home(self) -> Home:
        """Returns where its masks lie, read once. Raises ``RunError``, ``SourceError``."""
        from core.pipeline.masks.home import open_home

        with self._lock:
            if self._home is None:
                self._home = open_home(self.path)
                run = self._home.run
                self._pictures = None if run is None else Pictures(run)
            return self._home

    def frame(self, ordinal: int) -> Any:
        """Returns a frame at source size: an open file, or JPEG bytes. Raises ``DecodeError``, ``RunError``."""
        from core.video import images

        home = self.home()
        if self._pictures is not None:
            return self._pictures.frame_file(ordinal) or self._pictures.decoded_frame(ordinal)
        return images.encode_jpeg(self._still(home, ordinal), FRAME_QUALITY)

    def small(self, ordinals: list[int]) -> Generator[tuple[int, bytes], None, None]:
        """Yields ``(ordinal, JPEG)`` small pictures, as they come. Raises as ``frame``."""
        from core.video import images

        home = self.home()
        if self._pictures is not None:
            yield from self._pictures.decoded_thumbs(ordinals)
            return
        for ordinal in ordinals:
            if ordinal < home.frames:
                small = images.fitted(self._still(home, ordinal), SIDE)
                yield ordinal, images.encode_jpeg(small, THUMB_QUALITY)

    def _still(self, home: Home, ordinal: int) -> NDArray[np.uint8]:
        if home.stills is None or ordinal >= home.frames:
            raise RequestError(f"there is no frame {ordinal}.", code="not_found")
        return home.stills.picture(ordinal)


@dataclass
class Subject:
    """What is worked on: one video, or all segments of a folder."""

    id: str
    path: Path
    run: OpenRun | None
    """``None`` = a folder was named by its path."""
    parts: list[Part]


class Homes:
    """Videos and folders by id. Thread-safe."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._subjects: dict[str, Subject] = {}
        self._parts: dict[str, Part] = {}
        self._lock = threading.Lock()

    def named(self, body: Mapping[str, Any]) -> Subject:
        """Returns the video of a run (``run``: its id), or what lies at a ``path``.

        Raises:
            SettingsError, SourceError, RunError: there is no such run or folder, or it is not in an allowed one.
        """
        if body.get("run"):
            run = self._verbs.workspace.run(str(body["run"]))
            return self._known(run.run.path, run, {None: run.run.path})
        if not isinstance(body.get("path"), str) or not body["path"].strip():
            raise SettingsError("a run or the path of a folder is wanted.", field="path")
        return self.at(body["path"].strip())

    def at(self, text: str) -> Subject:
        """Returns what lies at a path: a run, a segment, or a folder of segments. Raises as ``named``."""
        folder, name = os.path.split(text.rstrip("/"))
        path = named(Path(folder, native(Path(folder), name)).expanduser())
        path = path if path.is_absolute() else self._verbs.workspace.downloads / path
        path = Path(os.path.realpath(path))
        if not self._verbs.places.allows(path):
            sentence = f"{text} is not in an allowed folder; choose one with Browse."
            raise SourceError(sentence, code="not_allowed", field="path")
        if path.is_file():
            sentence = f"{text} is a file: open it in Video Source first, or name a folder of segments."
            raise SourceError(sentence, code="no_folder", field="path")
        if not path.is_dir():
            raise SourceError(f"there is no folder {text}; choose one with Browse.", code="missing", field="path")
        run = self._verbs.workspace.at(path)
        return self._known(path, run, {None: path} if run is not None else segments_of(path))

    def subject(self, subject_id: str) -> Subject:
        """Returns the subject of an id. Raises ``RequestError``: it was not handed out."""
        found = self._subjects.get(subject_id)
        if found is None:
            raise RequestError("these shots are not known any more; open them again.", code="forgotten")
        return found

    def part(self, part_id: str) -> Part:
        """Returns the video of an id. Raises as ``subject``; ``RunError``: it leads out of the allowed folders."""
        found = self._parts.get(part_id)
        if found is None:
            raise RequestError("this video is not known any more; open its shots again.", code="forgotten")
        if not inside.lies_in(found.path, self._verbs.places.roots):
            raise RunError(
                f"{found.path} is a link that leads out of the allowed folders; remove it.", code="leads_out"
            )
        return found

    def _known(self, path: Path, run: OpenRun | None, folders: Mapping[int | None, Path]) -> Subject:
        subject_id = self._signed("subject", str(path))
        with self._lock:
            parts = [self._of(folder, number) for number, folder in folders.items()]
            for part in parts:
                part.forget()
            found = self._subjects[subject_id] = Subject(subject_id, path, run, parts)
        return found

    def _of(self, path: Path, number: int | None) -> Part:
        part_id = self._signed("part", str(path))
        return self._parts.setdefault(part_id, Part(part_id, path, number))

    def _signed(self, *words: str) -> str:
        text = "\0".join(("masking", *words)).encode("utf-8", "surrogateescape")
        return hmac.new(self._verbs.workspace.secret(), text, hashlib.sha256).hexdigest()[:32]


def segments_of(path: Path) -> dict[int | None, Path]:
    """Returns number -> folder of the segments in a folder; itself where it holds none, or is one.

    Raises:
        SourceError: two segments have one number, or there are too many.
    """
    from core.video.picture_folder import segment_number, segments_in

    found = segments_in(path)
    if len(found) > MOST_SEGMENTS:
        raise SourceError(
            f"{path} holds {len(found):,} segments; up to {MOST_SEGMENTS:,} are shown: put them into several folders.",
            code="too_many_segments",
            field="path",
        )
    if not found:
        return {segment_number(path): path}
    return {number: folder for number, folder in found.items()}  # noqa: C416  other keys
