"""Choosing files and folders: what lies in the allowed folders, for the instrument ``file_picker``.

A path is bounded as one that is typed; a listing never shows what is hidden, or a link that leads out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import inside
from core.errors import RequestError, SourceError
from core.settings.files import FILE_KINDS, ListedFolder, LookedAt
from core.settings.model import from_mapping
from core.ui import uploads
from core.ui.answers import answer
from core.ui.glances import Glances
from core.ui.places import Places
from core.ui.review_boxes import SUFFIXES as WEIGHTS_ENDINGS
from core.ui.routes import IMMUTABLE, reading, writing
from core.video import folder as video_folder

MOST_LISTED = 20_000
"""Files and folders of one folder; of more the rest is counted."""
ENDINGS: dict[str, frozenset[str]] = {
    "video": frozenset(video_folder.SUFFIXES) | {f".{suffix}" for suffix in uploads.VIDEO.suffixes},
    "photo": frozenset(f".{suffix}" for suffix in uploads.PHOTO.suffixes),
    "weights": frozenset(WEIGHTS_ENDINGS),
    "config": frozenset({".json"}),
}
"""Kind of file -> the endings by which it is known, in small letters."""
assert set(ENDINGS) == set(FILE_KINDS)


class FileRoutes:
    """The routes of the instrument."""

    def __init__(self, places: Places, glances: Glances) -> None:
        """Remembers the folders, and who looks at files."""
        self._places, self._glances = places, glances

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/files/roots": lambda _: answer({"roots": roots_json(self._places)}),
            "/fs/files/posters/{poster}": self._poster,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/files/list": self._list,
            "/fs/files/look": self._look,
        }
        return [
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def _list(self, request: Request, body: dict[str, Any]) -> Response:
        wanted = from_mapping(ListedFolder, body)
        return answer(listed(self._places, wanted.folder, wanted.kind))

    def _look(self, request: Request, body: dict[str, Any]) -> Response:
        """What is known of a file so far; asked again until ``state`` is not ``looking``."""
        path = Path(from_mapping(LookedAt, body).path)
        kind = next((kind for kind in ("video", "photo") if is_named_like(path.name, kind)), None)
        if kind is None or not inside.is_file_in(path, self._places.roots):
            raise SourceError("this is no file that can be looked at; choose it again.", code="not_allowed")
        seen = self._glances.at(Path(os.path.realpath(path)), kind)
        return answer({"state": seen.state, "duration_s": None, **seen.facts, "poster": seen.poster})

    def _poster(self, request: Request) -> Response:
        data = self._glances.poster(request.path_params["poster"])
        if data is None:
            raise RequestError("there is no such picture.", code="not_found")
        return Response(data, media_type="image/jpeg", headers=IMMUTABLE)


def roots_json(places: Places) -> list[dict[str, Any]]:
    """Returns the allowed folders, each with ``path``, ``name``, ``there``, and whether it is the folder of runs."""
    found: dict[str, dict[str, Any]] = {}
    for root in places.roots:
        own = root == places.downloads
        name = "Runs and uploads" if own else root.name or str(root)
        line = {"path": str(root), "name": name, "own": own, "there": root.is_dir()}
        found[str(root)] = found.get(str(root), {}) | line
    return list(found.values())


def is_named_like(name: str, kind: str) -> bool:
    """Whether a file is named like one of a kind, and is neither hidden nor a system's own."""
    return os.path.splitext(name)[1].lower() in ENDINGS[kind] and not video_folder.is_junk(name)


def listed(places: Places, text: str, kind: str) -> dict[str, Any]:
    """Returns what a folder shows to whoever chooses, plain JSON values.

    Args:
        places: the allowed folders.
        text: path of the folder, or of a file in it (``at`` names it then), as it is typed.
        kind: one of ``core.settings.files.KINDS``; of folders no files are listed.

    Raises:
        SourceError: it lies in no allowed folder, is hidden, is gone or cannot be read.
    """
    path = _folder(places, text)
    real = Path(os.path.realpath(path))
    at = None
    if places.allows(real) and not os.path.isdir(real) and os.path.isdir(real.parent):
        at, real = real.name, real.parent
    root = _root_of(places, real)
    if root is None:
        raise SourceError(
            f"{path} is not in the allowed folders, or is hidden; choose another folder.",
            code="not_allowed",
            field="folder",
        )
    try:
        with os.scandir(real) as found:
            folders, files, others = _entries(places, real, found, kind)
    except FileNotFoundError:
        raise SourceError(f"{real} is not there any more; choose another folder.", code="missing") from None
    except OSError as error:
        raise SourceError(
            f"{real} cannot be read ({error.strerror}); choose another folder.", code="cannot_read"
        ) from None
    left_off = max(0, len(folders) - MOST_LISTED) + max(0, len(files) - MOST_LISTED)
    return {
        "folder": str(real),
        "separator": os.sep,
        "crumbs": _crumbs(root, real),
        "folders": folders[:MOST_LISTED],
        "files": files[:MOST_LISTED],
        "others": others,
        "left_off": left_off,
        "at": at if any(line["name"] == at for line in files) else None,
    }


def _folder(places: Places, text: str) -> Path:
    """The path that a text names: sign for sign where there is one of that name, else as typed paths are read."""
    from core.video.source import LocalPath, classify, is_there

    if is_there(text, places.roots):
        return Path(text)
    found = classify(text)
    if not isinstance(found, LocalPath):
        raise SourceError(f"{found.text} is a web address, not a folder; choose a folder.", code="web_address")
    return found.path


def _root_of(places: Places, real: Path) -> Path | None:
    """The allowed folder under which a real path is shown: the outermost with nothing hidden on the way."""
    for root in sorted({Path(os.path.realpath(root)) for root in places.roots}, key=lambda root: len(root.parts)):
        if real.is_relative_to(root) and not any(map(video_folder.is_junk, real.relative_to(root).parts)):
            return root
    return None


def _crumbs(root: Path, real: Path) -> list[dict[str, str]]:
    parts = real.relative_to(root).parts
    steps = [root, *(root.joinpath(*parts[: end + 1]) for end in range(len(parts)))]
    return [{"name": step.name or str(step), "path": str(step)} for step in steps]


def _entries(
    places: Places, real: Path, found: Iterator[os.DirEntry[str]], kind: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Folders, files of the kind, and how many other files there are; nothing hidden, nothing that leads out."""
    folders, files, others = [], [], 0
    for entry in found:
        if video_folder.is_junk(entry.name):
            continue
        try:
            if entry.is_symlink() and _root_of(places, Path(os.path.realpath(entry.path))) is None:
                continue
            facts = entry.stat()
        except (OSError, ValueError):
            continue  # went away meanwhile, or leads nowhere
        line: dict[str, Any] = {"name": entry.name, "changed_s": int(facts.st_mtime)}
        if stat.S_ISDIR(facts.st_mode):
            folders.append(line)
        elif stat.S_ISREG(facts.st_mode):
            if kind in ENDINGS and is_named_like(entry.name, kind) and not _is_text(entry, kind):
                files.append(line | {"bytes": facts.st_size})
            else:
                others += 1
    for lines in (folders, files):
        lines.sort(key=lambda line: line["name"].lower())  # nearly as the page sorts, which is quick then
    return folders, files, others


def _is_text(entry: os.DirEntry[str], kind: str) -> bool:
    return kind == "video" and video_folder.is_source_text(Path(entry.path))
