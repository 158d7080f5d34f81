"""The videos that Live Review works on: which there are in a folder, and those that are open, each with its decoder.

A video is named towards the browser by an id that cannot be guessed; an address of the page names it by its path, which
passes the guard as one that is typed. Not here: routes (``review_tab``), weights and detections (``review_boxes``).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import inside
from core.errors import FramesieveError, LedgerMismatch, RunError, SourceError, error_keys
from core.store.run import RunDir
from core.ui.session import OpenRun, Workspace, file_stamp, native
from core.video.folder import is_junk, is_video_name

if TYPE_CHECKING:
    from core.video.follow import PlayHeadDecoder
    from core.video.probe import Video

OPEN_VIDEOS = 3
"""Videos whose decoders stay; each keeps up to 128 MB of frames."""
MOST_LISTED = 2000
DEEP = 4
"""Levels below a folder in which its videos are looked for."""
MOST_FOLDERS = 2000
COUNTED_AHEAD = 12
"""Videos with a cache whose frames are counted as soon as they are listed; 30 minutes of 1080p take half a second."""
COUNTED_AT_ONCE = 50_000_000
"""Bytes up to which a file is decoded while the page waits, where only decoding tells its frames."""


@dataclass
class Reviewed:
    """One open video."""

    id: str
    path: Path
    video: Video
    run: OpenRun | None = None
    saving: threading.Lock = field(default_factory=threading.Lock)
    _follower: PlayHeadDecoder | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def follower(self) -> PlayHeadDecoder:
        """Returns the decoder beside the play head, started on first use."""
        from core.video.follow import PlayHeadDecoder

        with self._starting:
            if self._follower is None:
                self.video.check_unchanged()
                self._follower = PlayHeadDecoder(self.video)
            return self._follower

    @property
    def disproved(self) -> bool:
        """Whether the decoder beside the play head showed other frames than were counted."""
        return self._follower is not None and self._follower.disproved

    def close(self) -> None:
        """Ends the decoder."""
        with self._starting:
            follower, self._follower = self._follower, None
        if follower is not None:
            follower.close()


class Videos:
    """Everything that may be reviewed. Thread-safe."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._secret = secrets.token_bytes(32)
        """Of this process: the path behind an id is known to it alone."""
        self._paths: dict[str, tuple[Path, str | None]] = {}
        self._open: OrderedDict[str, Reviewed] = OrderedDict()
        self._wished: list[Path] = []
        self._counting = False
        self._miscounted: set[str] = set()
        """Videos that a page still numbers by a disproved count."""
        self._headers: dict[tuple[Path, str], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def roots(self) -> tuple[Path, ...]:
        """Returns the folders under which videos may lie."""
        return (*self._workspace.roots, self._workspace.downloads)

    def folder(self, text: Any) -> Path:
        """Returns the real path of an allowed folder.

        Raises:
            SourceError: it is none; one wording for missing and not allowed.
        """
        from core.video.source import LocalPath, classify

        if not isinstance(text, str):
            raise SourceError("a folder is wanted as text.", field="folder")
        found = classify(text)
        if not isinstance(found, LocalPath):
            raise SourceError(
                f"{found.text} is a web address; download it in Video Source first.", code="web_address", field="folder"
            )
        real = Path(os.path.realpath(found.path))
        if not real.is_dir() or not any(real.is_relative_to(root) for root in self.roots()):
            raise SourceError(
                f"{found.path} is not a folder in the allowed folders; choose one with Browse.",
                code="not_allowed",
                field="folder",
            )
        return real

    def listed(self, folder: Path) -> list[dict[str, Any]]:
        """Returns one line per video of a folder and below it; what cannot be opened says why.

        Those of the folder itself come first, in each folder the largest first. A video whose name has another ending
        can be reviewed as a run.

        Raises:
            SourceError: the folder cannot be read.
        """
        lines: list[dict[str, Any]] = []
        for path in _found(folder):
            real = Path(os.path.realpath(path))
            if any(real.is_relative_to(root) for root in self.roots()):
                size = real.stat().st_size if real.is_file() else 0
                name = path.relative_to(folder).as_posix()
                lines.append({"id": self._id_of(real), "name": name, "bytes": size, "path": real})
        lines.sort(key=lambda line: (_folder_of(line["name"]), -line["bytes"], line["name"]))
        return [line | self._header(line["path"]) | self._counted(line["id"]) for line in lines[:MOST_LISTED]]

    def count_ahead(self, paths: Sequence[Path]) -> None:
        """Counts the frames of videos that will probably be opened next, in the background; newer wishes win."""
        self._wished = list(paths[:COUNTED_AHEAD])
        with self._lock:
            if self._counting or not self._wished:
                return
            self._counting = True
        threading.Thread(target=self._count, name="count-ahead", daemon=True).start()

    def _count(self) -> None:
        try:
            while self._wished:
                with contextlib.suppress(FramesieveError, OSError):
                    self._video(self._wished.pop(0), None)
        finally:
            self._counting = False

    def id_of(self, text: Any) -> str:
        """Returns the id of a video that is named by its id, or by its path.

        Raises:
            SourceError: it is no video in an allowed folder.
        """
        from core.video.source import resolve_local

        if isinstance(text, str) and text in self._paths:
            return text
        if not isinstance(text, str) or not text.strip():
            raise SourceError("a video is wanted as a path in an allowed folder.", field="video")
        return self._id_of(resolve_local(text, self.roots()))

    def path_of(self, video_id: Any) -> Path:
        """Returns the path behind an id. Raises ``SourceError``."""
        return self._named(video_id)[0]

    def run_of(self, video_id: Any) -> RunDir | None:
        """Returns the run folder of a run's video, ``None`` for any other. Raises as ``path_of``."""
        run_id = self._named(video_id)[1]
        return None if run_id is None else self._workspace.run(run_id).run

    def stream_of(self, video_id: Any) -> int | None:
        """Returns the stream that a run's video was read from, ``None`` for any other. Raises as ``path_of``."""
        run_id = self._named(video_id)[1]
        return None if run_id is None else self._workspace.run(run_id).saved.video.stream_index

    def begin(self, video_id: Any) -> Reviewed:
        """Opens a video for a page that has no numbers of its frames yet. Raises as ``open``."""
        self._named(video_id)
        self._miscounted.discard(video_id)
        return self.open(video_id)

    def open(self, video_id: Any) -> Reviewed:
        """Opens a video, or returns the open one.

        Raises:
            SourceError: it is no video, or not known. RunError: it is a run's, and not the same file any more, or the
            page numbers its frames by a count that was disproved.
            Uncounted: only decoding all of it tells its frames; that is a job's work.
        """
        path, run_id = self._named(video_id)
        if not inside.is_file_in(path, self.roots()):  # it was when it was listed; a link may have taken its place
            raise SourceError(
                f"{path} is gone, or is not in the allowed folders; upload it, or choose one with Browse.",
                code="not_allowed",
            )
        with self._lock:
            known = self._open.get(video_id)
        if known is not None and known.disproved:
            self._disprove(known)
        if video_id in self._miscounted:
            raise RunError(
                f"the frames of {path.name} were counted otherwise than it shows them; open it again.",
                code="miscounted",
            )
        if known is not None and known.video.state == _state(path):
            return self._use(known)
        run = self._workspace.run(run_id) if run_id is not None else None
        return self._use(Reviewed(video_id, path, self._video(path, run), run))

    def _disprove(self, one: Reviewed) -> None:
        """Its frames are counted by decoding when it is opened again; those of a run belong to the run."""
        from core.pipeline.counting import numbered_by
        from core.pipeline.review import proxies

        if one.run is not None:
            with numbered_by(one.run.run):
                raise LedgerMismatch("the decoder shows other frames.")
        proxies.disprove(one.video, self._workspace.downloads)
        self._miscounted.add(one.id)
        with self._lock:
            self._open.pop(one.id, None)
        one.close()

    def meant(self, body: Mapping[str, Any]) -> Any:
        """Returns the id of the video that is named by ``run`` (an id), ``path`` (as in an address) or ``video``.

        Raises:
            RunError: no such run. SourceError: the path is none in an allowed folder, in the words for a typed one.
        """
        from core.video.source import resolve_local

        if body.get("run"):
            run = self._workspace.run(str(body["run"]))
            return self._id_of(Path(run.saved.video.path), run.id)
        if body.get("path") is None:
            return body.get("video")
        if not isinstance(body["path"], str):
            raise SourceError("a path is wanted as text.", field="path")
        text = body["path"]
        folder, name = os.path.split(text)
        return self._id_of(resolve_local(os.path.join(folder, native(Path(folder), name)), self.roots()))

    def run_id_of(self, video_id: Any) -> str | None:
        """Returns the id of the run whose video it is, ``None`` for any other. Raises as ``path_of``."""
        return self._named(video_id)[1]

    def close(self) -> None:
        """Ends all decoders."""
        with self._lock:
            opened = list(self._open.values())
            self._open.clear()
        for one in opened:
            one.close()

    def _video(self, path: Path, run: OpenRun | None) -> Video:
        from core.pipeline.review import proxies
        from core.pipeline.runs import video_of

        if run is not None:
            return video_of(run.run)
        downloads = self._workspace.downloads
        unknown = not proxies.is_counted(path, downloads)
        if unknown and _takes_long(path, proxies.is_disproved(path, downloads)):
            raise Uncounted(f"{path.name} has to be read once from beginning to end before it can be shown.")
        return proxies.open_counted(path, downloads)

    def _use(self, one: Reviewed) -> Reviewed:
        gone = []
        with self._lock:
            before = self._open.pop(one.id, None)
            if before is not None and before is not one:
                gone.append(before)
            self._open[one.id] = one
            while len(self._open) > OPEN_VIDEOS:
                gone.append(self._open.popitem(last=False)[1])
        for old in gone:
            old.close()
        return one

    def _named(self, video_id: Any) -> tuple[Path, str | None]:
        found = self._paths.get(video_id) if isinstance(video_id, str) else None
        if found is None:
            raise SourceError("this video is not known any more; choose it again in the list.", code="forgotten")
        return found

    def _id_of(self, path: Path, run_id: str | None = None) -> str:
        text = os.fsencode(path) + b"\0" + (run_id or "").encode()
        video_id = hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]
        self._paths[video_id] = path, run_id
        return video_id

    def _counted(self, video_id: str) -> dict[str, Any]:
        """What a video that is open really has, where its header claims something else."""
        one = self._open.get(video_id)
        if one is None:
            return {}
        info = one.video.info
        rate = float(info.rate) if info.rate else None
        return {"rate": rate, "duration_s": info.duration_s, "width": info.width, "height": info.height}

    def _header(self, path: Path) -> dict[str, Any]:
        """What the header claims; read again only after the file changed."""
        key = (path, file_stamp(path))
        if key not in self._headers:
            self._headers[key] = _header_of(path)
        return self._headers[key]


def _found(folder: Path) -> Iterator[Path]:
    """Everything in a folder and some levels below it that is named like a video; of many folders the first ones."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise SourceError(f"{folder} cannot be read ({error.strerror}).", field="folder") from None
    for number, (place, inner, names) in enumerate(os.walk(folder)):
        deep = len(Path(place).relative_to(folder).parts)
        yield from (Path(place, name) for name in (*names, *inner) if is_video_name(name))
        inner[:] = sorted(name for name in inner if not is_junk(name)) if deep < DEEP else []
        if number >= MOST_FOLDERS:
            return


def _folder_of(name: str) -> tuple[str, ...]:
    return Path(name).parent.parts


class Uncounted(RunError):
    """Nobody knows yet which frames the video has."""

    code = "uncounted"


def _header_of(path: Path) -> dict[str, Any]:
    from core.video.container import open_video

    try:
        container, stream = open_video(path)
    except FramesieveError as error:
        return error_keys(error.reworded(str(error).replace(str(path), path.name)))
    with closing(container):
        context, length, rate = stream.codec_context, container.duration, stream.average_rate
        return {
            "codec": context.name,
            "width": context.width,
            "height": context.height,
            "rate": float(rate) if rate else None,
            "duration_s": length / 1e6 if length else None,
            **error_keys(None),
        }


def _takes_long(path: Path, disproved: bool) -> bool:
    """Whether only decoding tells the frames, and there are many."""
    from core.video.container import open_video
    from core.video.ledger import TRUSTED

    container, _ = open_video(path)
    with closing(container):
        trusted = container.format.name.split(",")[0] in TRUSTED
    return (disproved or not trusted) and path.stat().st_size > COUNTED_AT_ONCE


def _state(path: Path) -> tuple[int, int]:
    from core.video.probe import file_state

    return file_state(path)
