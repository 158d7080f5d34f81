"""What the page works on: the folder of runs, which run is which, and the runs that are open in memory.

A run is named towards the browser by an id that cannot be guessed and that this program made; a path never comes in.
Not here: routes (``routes``), pictures (``pictures``), and anything of Gradio.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import os
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import RunError, error_keys
from core.pipeline.chosen import of_now
from core.records import FrameTable
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.settings.model import to_mapping
from core.store import run_file, selection
from core.store.run import RunDir
from core.store.run_file import RunFile
from core.store.table import load_table
from core.store.trash import TRASH
from core.ui.pictures import Pictures
from core.video import colour
from core.video.cut_off import sentence_of

SECRET = ".page-secret"
OPEN_RUNS = 4
"""Runs whose columns stay in memory; 100,000 frames take about 20 MB."""


@dataclass
class OpenRun:
    """One run as the page sees it. ``saved`` and ``table`` follow the files on disk."""

    id: str
    run: RunDir
    saved: RunFile
    pictures: Pictures = field(init=False)
    _table: tuple[str, FrameTable] | None = field(default=None, init=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.pictures = Pictures(self.run)

    @property
    def version(self) -> str:
        """Changes whenever the records do."""
        return file_stamp(self.run.metadata)

    def table(self) -> FrameTable:
        """Returns the columns of the records, read anew only after the file changed. Raises as ``load_table``."""
        with self._loading:
            version = self.version
            if self._table is None or self._table[0] != version:
                self._table = (version, load_table(self.run))
            return self._table[1]

    @property
    def title(self) -> str | None:
        """What people call it; ``None``: the folder's name is shown."""
        return self.saved.title[:MOST_TITLE] if self.saved.title else None

    def rename(self, title: str | None) -> None:
        """Gives it another title. It does not count as a change of the run: the list keeps its order.

        Raises:
            RunBusy: a job works in the run; it writes the same file. StorageError: it cannot be written.
        """
        with self.run.lock():
            path = self.run.run_json
            before = path.stat()
            self.saved = dataclasses.replace(run_file.read(path), title=title)
            run_file.write(path, self.saved)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def forget(self) -> None:
        """Drops the columns from memory; ``table`` reads them again."""
        with self._loading:
            self._table = None

    def facts(self) -> dict[str, Any]:
        """Returns plain JSON values: what the header and the tabs say of the run."""
        info = self.saved.video
        return {
            "id": self.id,
            "version": self.version,
            "width": info.width,
            "height": info.height,
            "rate": float(info.rate) if info.rate else None,
            "duration_s": info.duration_s,
            "video_frames": info.frames,
            "codec": info.codec,
            "colours": colour.described(info, str(self.saved.settings.get("hdr", "tonemap"))),
            "video": Path(info.path).name,
            "cut_off": sentence_of(info),
            "thumb_height": _thumb_height(self.saved.settings.get("thumb_height")),
            "best": self._best(),
            **self.summary(),
        }

    def _best(self) -> int | None:
        """How many stills are chosen now, in a run that was asked for the best ones."""
        with contextlib.suppress(RunError):
            found = selection.read(self.run.selection) if self.saved.settings.get("method") == "best" else None
            return None if found is None else len(found.kept)
        return None

    def summary(self) -> dict[str, Any]:
        """Returns plain JSON values: one line of the run picker."""
        return {
            "id": self.id,
            "name": self.run.path.name,
            "title": self.title,
            "poster": self.pictures.poster_mark(Path(self.saved.video.path)),
            "method": method_text(self.saved.settings),
            "frames": count_lines(self.run.metadata),
            "made": datetime.fromtimestamp(changed_at(self.run)).astimezone().isoformat(timespec="seconds"),
            "state": str(self.saved.extra.get("state", "running"))[:MOST_WORD],
        }

    def saved_filters(self) -> dict[str, Any] | None:
        """Returns the filters saved for this run, plain JSON values, or ``None``. Raises ``RunError`` when damaged.

        Ordinals that were chosen outside of the program are shown as just those, kept by hand; persons by the ids that
        they have now.
        """
        found = selection.read(self.run.selection)
        if found is None:
            return None
        filters = found.filters or FilterSettings(top=0, keep=tuple(found.kept.tolist()))
        return to_mapping(of_now(self.run, filters)[0])

    def made_from(self) -> selection.MadeFrom:
        """Returns what a selection that is saved now is made from."""
        weights = self.saved.settings.get("quality_weights", ExtractSettings().quality_weights)
        return selection.MadeFrom(len(self.table()), tuple(weights))


class Workspace:
    """The folder of runs. Thread-safe."""

    def __init__(self, downloads: Path, roots: Sequence[Path] = ()) -> None:
        """Remembers the folders; nothing is created.

        Args:
            downloads: the folder of all runs; may be absent.
            roots: folders under which sources may lie.
        """
        self.downloads = Path(downloads).resolve()
        self.roots = tuple(Path(root).resolve() for root in roots)
        self._secret: bytes | None = None
        self._known: dict[str, OpenRun] = {}
        self._used: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def runs(self) -> list[dict[str, Any]]:
        """Returns the lines of the run picker, the run that changed last first; a damaged one says what is wrong."""
        found = []
        for path in self._folders():
            try:
                line = self._opened(path).summary()
            except (RunError, OSError, ValueError) as error:  # one bad folder never hides the others
                wrong = error if isinstance(error, RunError) else RunError(str(error))
                line = {"id": None, "name": path.name, "state": "damaged", **error_keys(wrong)}
                line["damaged"] = self._signed("damaged", str(path))  # it can be deleted, nothing else
            found.append((changed_at(RunDir(path)), line))
        return [line for _, line in sorted(found, key=lambda pair: -pair[0])]

    def run(self, run_id: str) -> OpenRun:
        """Returns the run of an id that ``runs`` gave out.

        Raises:
            RunError: no such id, the run is gone (``run_gone``), or it is damaged.
        """
        known = self._known.get(run_id)
        if known is None:  # a page that was open before this server was started
            self.runs()
            known = self._known.get(run_id)
        if known is None:
            raise RunError("this run is not known any more; choose it again in the list of runs.", code="forgotten")
        try:
            return self._use(self._opened(known.run.path))
        except RunError as error:
            if error.code != "no_run":
                raise
            sentence = "this run was deleted or moved; undo that, or choose another in the list of runs."
            raise RunError(sentence, code="run_gone") from error

    def named(self, name: str) -> OpenRun:
        """Returns the run with this folder name (for the API), or with this id.

        Raises:
            RunError: there is none, or it is damaged.
        """
        for path in self._folders():
            if name in (path.name, utf8(path.name)):
                return self._use(self._opened(path))
        if name in self._known:
            return self.run(name)
        raise RunError(f'there is no run "{name}" in {self.downloads}.', code="no_run")

    def folder_of(self, run_id: str) -> Path:
        """Returns the folder of a run that ``runs`` gave out, of a damaged one too. Raises ``RunError``."""
        for path in self._folders():
            if hmac.compare_digest(self._signed("damaged", str(path)).encode(), _bytes_of(run_id)):
                return path
        return self.run(run_id).run.path

    def at(self, path: Path) -> OpenRun | None:
        """Returns the run in this folder of ``downloads``, ``None`` where there is none that can be read."""
        path = Path(path)
        if (
            Path(os.path.realpath(path.parent)) != self.downloads
            or Path(os.path.realpath(path)).parent != self.downloads
        ):
            return None
        try:
            return self._opened(self.downloads / path.name)
        except RunError:
            return None

    def _folders(self) -> Iterator[Path]:
        """Run folders directly under ``downloads``; links out of it are not followed."""
        if not self.downloads.is_dir():
            return
        for path in sorted(self.downloads.iterdir()):
            inside = path.name != TRASH and Path(os.path.realpath(path)).parent == self.downloads
            if inside and path.is_dir() and os.path.lexists(path / "run.json"):
                yield path

    def _opened(self, path: Path) -> OpenRun:
        RunDir(path).check_files()
        saved = run_file.read(RunDir(path).run_json)
        run_id = self._id_of(path, saved)
        with self._lock:
            run = self._known.setdefault(run_id, OpenRun(run_id, RunDir(path), saved))
            run.saved = saved
        return run

    def _use(self, run: OpenRun) -> OpenRun:
        """Lets only the runs that were used last keep their columns in memory."""
        with self._lock:
            self._used[run.id] = None
            self._used.move_to_end(run.id)
            if len(self._used) > OPEN_RUNS:
                self._known[self._used.popitem(last=False)[0]].forget()
        return run

    def secret(self) -> bytes:
        """Returns what makes ids unguessable and words of owners ours; the same after a restart."""
        with self._lock:
            self._secret = self._secret or _secret_of(self.downloads)
            return self._secret

    def _id_of(self, path: Path, saved: RunFile) -> str:
        """Same run, same id, also after a restart; a run made anew from something else is another one."""
        return self._signed(str(path), saved.fingerprint, saved.digest)

    def _signed(self, *words: str) -> str:
        text = "\n".join(words)
        return hmac.new(self.secret(), _bytes_of(text), hashlib.sha256).hexdigest()[:32]


def _bytes_of(text: str) -> bytes:
    """The bytes of a path, or of whatever a file says in its place."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _secret_of(downloads: Path) -> bytes:
    """Returns what makes ids unguessable; kept in the folder of runs, so that an open page survives a restart."""
    path = downloads / SECRET
    try:
        downloads.mkdir(parents=True, exist_ok=True)  # at the first start of all there is none
        with contextlib.suppress(FileExistsError), open(path, "xb", opener=_private) as file:
            file.write(secrets.token_bytes(32))
        found = path.read_bytes()
    except OSError:
        found = b""
    return found if len(found) == 32 else secrets.token_bytes(32)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def utf8(text: str) -> str:
    r"""Returns a text with bytes that are not UTF-8 as escapes (``\\udce9``), for those who take no others."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def native(folder: Path, name: str) -> str:
    """Returns the name of a file in a folder that ``utf8`` made of it, or that it has: an address takes only UTF-8."""
    if ESCAPED.search(name) is None or os.path.lexists(folder / name):
        return name
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


ESCAPED = re.compile(r"\\u(dc[89a-f][0-9a-f])")


def method_text(settings: Any) -> str:
    """Returns the method with its own input, ``"interval 2 s"``."""
    method = str(settings.get("method", "unknown"))[:MOST_WORD]
    if method == "interval":
        seconds = settings.get("interval", 0)
        return f"interval {seconds:g} s" if type(seconds) in (int, float) else method
    return f"one frame of {str(settings.get('every', 0))[:MOST_WORD]}" if method == "every_nth" else method


MOST_WORD = 40
"""Characters of a run's own words that a line shows."""
MOST_TITLE = 120
"""Characters of the title of a run."""


def _thumb_height(value: Any) -> int:
    return value if type(value) is int and 0 < value <= MOST_THUMB_HEIGHT else 180


MOST_THUMB_HEIGHT = 4096


def file_stamp(path: Path) -> str:
    """Returns a short text that changes when the file does; ``"none"`` without a file."""
    try:
        stat = path.stat()
    except OSError:
        return "none"
    return f"{stat.st_size:x}-{stat.st_mtime_ns:x}"


def changed_at(run: RunDir) -> float:
    """Returns when the run last got records (or was made), seconds since 1970; 0 when it is gone."""
    times = [0.0]
    for path in (run.metadata, run.run_json):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


_LINES: dict[Path, tuple[str, int]] = {}


def count_lines(path: Path) -> int:
    """Returns how many lines a file has; counted anew only after it changed."""
    stamp = file_stamp(path)
    if _LINES.get(path, ("", 0))[0] != stamp:
        lines = 0
        if path.is_file():
            with open(path, "rb", buffering=0) as file:
                lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        _LINES[path] = stamp, lines
    return _LINES[path][1]
