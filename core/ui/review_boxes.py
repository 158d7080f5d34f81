"""The weights that a person chose, and the detection caches of the videos that are reviewed.

Named towards the browser by ids of this process. Not here: running a model (jobs and ``review_live``).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import CacheError, SettingsError, WeightsError
from core.store import detections, detections_page
from core.store.detections import DetectionCache
from core.ui.review_videos import Reviewed
from core.ui.session import Workspace, file_stamp
from core.weights import Weights, identify

SUFFIXES = (".pt", ".onnx")
DOWNLOADS = Path("downloads")
"""Where ``pipeline.detect`` puts caches of videos that have no run and whose folder cannot be written."""
WEIGHTS_HOME = ".weights"
DEEP = 2
"""Levels below an allowed folder in which weights are looked for."""
MOST = 60
MOST_LOOKED_AT = 20_000


def _below(folder: str | Path, levels: int) -> Iterator[os.DirEntry[str]]:
    """Everything in a folder and so many levels below it; hidden folders and links to folders are passed over."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        inner = []
        for entry in entries:
            yield entry
            if levels and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                inner.append(entry.path)
        for path in inner:
            yield from _below(path, levels - 1)


@dataclass(frozen=True)
class Cached:
    """A cache of a video as the page may name it."""

    id: str
    cache: DetectionCache


class Boxes:
    """Weights and caches by id. Thread-safe."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._weights: dict[str, Weights] = {}
        self._identified: dict[tuple[Path, str], Weights] = {}
        self._caches: dict[tuple[Path, str], Cached] = {}
        self._lock = threading.Lock()

    # --- weights

    @property
    def home(self) -> Path:
        """Where weights are downloaded to."""
        return self._workspace.downloads / WEIGHTS_HOME

    def offered(self) -> list[str]:
        """Returns paths of weights that lie in the allowed folders, to choose from."""
        found: list[str] = []
        for root in (*self._workspace.roots, self.home):
            for place in islice(_below(root, DEEP), MOST_LOOKED_AT):
                if place.name.lower().endswith(SUFFIXES) and place.is_file():
                    found.append(place.path)
        return sorted(found)[:MOST]

    def choose(self, text: Any) -> tuple[str, Weights]:
        """Returns an id for the weights that a text names, and which they are.

        Raises:
            WeightsError: there are none, or they lie outside the allowed folders.
        """
        weights = self.identified(self._path(text))
        with self._lock:
            known = next((i for i, w in self._weights.items() if w == weights), None)
            weights_id = known or secrets.token_urlsafe(12)
            self._weights[weights_id] = weights
        return weights_id, weights

    def weights(self, weights_id: Any) -> Weights | None:
        """Returns the weights of an id, ``None`` for no id.

        Raises:
            WeightsError: the id is not known.
        """
        if weights_id in (None, ""):
            return None
        found = self._weights.get(weights_id) if isinstance(weights_id, str) else None
        if found is None:
            raise WeightsError("these weights are not known any more; choose them again.", code="forgotten")
        return self.identified(Path(found.path))

    def identified(self, path: Path) -> Weights:
        """Returns which weights a file holds; read again only after the file changed. Raises ``WeightsError``."""
        key = (path, file_stamp(path))
        if key not in self._identified:
            self._identified[key] = identify(path)
        return self._identified[key]

    def _path(self, text: Any) -> Path:
        from core.video.source import LocalPath, classify

        if not isinstance(text, str) or not text.strip():
            raise SettingsError("weights are wanted as the path of a .pt or .onnx file.", field="weights")
        found = classify(text)
        if not isinstance(found, LocalPath):
            raise WeightsError(
                f"{found.text} is a web address; download the weights and name the file.",
                code="web_address",
                field="weights",
            )
        path = found.path
        for folder in (Path(), *self._workspace.roots, self._workspace.downloads, self.home):
            real = (folder / path).resolve()
            inside = any(real.is_relative_to(root) for root in (*self._workspace.roots, self._workspace.downloads))
            if real.is_file() and inside:
                return real
        raise WeightsError(
            f"there are no weights at {path} in the allowed folders; choose a file with Browse, or copy it into one of "
            "them.",
            code="no_weights",
            field="weights",
        )

    # --- caches

    def folders(self, one: Reviewed | None) -> tuple[Path, ...]:
        """Returns where caches lie beside the folder of the video."""
        if one is None:
            return ()
        own = (one.run.run.path,) if one.run is not None else ()
        stem = Path(one.video.info.path).stem
        return (*own, self._workspace.downloads / stem, DOWNLOADS / stem)

    def has_cache(self, path: Path, weights: Weights | None) -> bool:
        """Whether a cache for these weights, or any, lies beside a video; for lists."""
        if weights is None:
            return bool(detections.listed(path, self.folders(None)))
        return detections.exists(path, None, weights, self.folders(None))

    def of(self, one: Reviewed, weights: Weights | None) -> tuple[list[Cached], Cached | None, list[str]]:
        """Returns all caches of a video, the one to show, and a sentence for each that cannot be used.

        Shown is that of the chosen weights; without a choice, the newest.
        """
        info, refused = one.video.info, []
        found: list[Cached] = []
        for preds in detections.listed(info.path, self.folders(one), info.stream_suffix):
            try:
                found.append(self._cached(preds, one))
            except CacheError as error:
                refused.append(str(error))
        chosen = None
        if weights is not None:
            match = detections.find(info, weights, self.folders(one))
            if match.cache is not None:
                chosen = self._cached(match.cache.path, one)
        elif found:
            chosen = max(found, key=lambda cached: cached.cache.path.stat().st_mtime_ns)
        return found, chosen, refused

    def data(self, one: Reviewed, cache_id: str | None) -> bytes:
        """Returns timeline and boxes for the page (``detections_page``); without a cache, the timeline.

        Raises:
            CacheError: there is no such cache any more.
        """
        cache = None
        if cache_id is not None:
            found = next((c for c in self._caches.values() if c.id == cache_id), None)
            if found is None:
                raise CacheError("this cache is not known any more; open the video again.", code="forgotten")
            cache = found.cache
        return detections_page.page_bytes(one.video.info, one.video.ledger, cache)

    def names(self, cache_id: str | None) -> dict[int, str]:
        """Returns the class names of a cache."""
        found = next((c for c in self._caches.values() if c.id == cache_id), None)
        return dict(enumerate(found.cache.meta.names)) if found else {}

    def _cached(self, preds: Path, one: Reviewed) -> Cached:
        stamp = f"{file_stamp(preds)} {file_stamp(detections.meta_path(preds))} {one.id}"
        with self._lock:
            known = self._caches.get((preds, stamp))
        if known is not None:
            return known
        found = Cached(secrets.token_urlsafe(12), detections.read(preds, one.video.info))
        with self._lock:
            for key in [key for key in self._caches if key[0] == preds]:
                del self._caches[key]
            self._caches[(preds, stamp)] = found
            while len(self._caches) > MOST_CACHES:
                del self._caches[next(iter(self._caches))]
        return found


MOST_CACHES = 12
"""Caches that stay in memory: one of 300,000 boxes takes 4 MB."""


def cache_json(cached: Cached) -> dict[str, Any]:
    """Returns what the page says of a cache in the list."""
    meta = cached.cache.meta
    return {"id": cached.id, "weights": meta.weights, "boxes": len(cached.cache.boxes), "file": cached.cache.path.name}
