"""The mine verb: saves single frames as hard examples, refuses what is too like one that is saved already, and undoes.

Not here: which frame (the page, or a miner, decides) and its decoding (``video.follow``).
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files, log
from core.errors import FramesieveError, RunError, SettingsError
from core.metrics import colours, phash
from core.records import VideoInfo
from core.settings.mine import MineSettings
from core.store import examples
from core.store.examples import Content, Example, Note
from core.video import images
from core.video.frame import Frame

QUALITY = 95
"""JPEG quality of saved frames, part of the format."""
HASHED_HEIGHT = 256
"""Pictures that lie in the folder are read at no less than this height to be hashed."""


@dataclass(frozen=True)
class Like:
    """The saved picture that a frame is too like."""

    ordinal: int
    video: str
    """Name of its video file, as far as its sidecar tells."""
    same_video: bool
    distance: int
    """Bits of 64."""

    def sentence(self) -> str:
        """Returns ``"too like frame 123"``."""
        of = "" if self.same_video else f" of {self.video}"
        return f"too like frame {self.ordinal}{of}"


@dataclass(frozen=True)
class Saved:
    """A saved frame; ``id`` is what undo and retag name it by."""

    id: str
    picture: Path


@dataclass(frozen=True, eq=False)
class Appearance:
    """What a picture looks like, as far as likeness goes."""

    hash: int
    colours: NDArray[np.uint8]
    """(36,) uint8, as in ``core/metrics/colours.py``."""

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> Appearance:
        """Returns the appearance of an (H, W, 3) uint8 RGB picture."""
        return cls(phash.phash_image(rgb), colours.colours_of_image(rgb))


class Mine:
    """One output folder. Thread-safe; one action at a time, in the order in which they come."""

    def __init__(self, folder: Path) -> None:
        """Remembers the folder; nothing is read or made yet."""
        self.folder = Path(folder)
        self._appearances: dict[str, Appearance] | None = None
        self._undo: dict[str, tuple[Path, Content, Appearance | None]] = {}
        self._lock = threading.RLock()

    def prepare(self) -> int:
        """Hashes what lies in the folder and was not hashed before; returns how many pictures are there.

        Raises:
            StorageError: the folder cannot be read.
        """
        with self._lock:
            phash.phash_image(np.zeros((8, 8, 3), np.uint8))  # the first one loads its library
            return len(self._known())

    def save(
        self, frame: Frame, info: VideoInfo, example: Example, settings: MineSettings, force: bool
    ) -> Saved | Like:
        """Saves a frame, unless it is too like one that is there; ``force`` saves it anyway.

        Args:
            frame: at source resolution.
            info: of its video.
            example: what the sidecar says.
            settings: how like is too like.
            force: a person said so.

        Raises:
            StorageError: the disk is full or the folder cannot be written; nothing half-written stays.
        """
        rgb = frame.rgb()
        appearance = Appearance.of(rgb)
        with self._lock:
            files.make_folder(self.folder)
            known = self._known()
            if not force and (like := self._like(appearance, known, settings.hamming, info)):
                return like
            picture = examples.picture_for(self.folder, info, frame.ordinal)
            before, before_appearance = examples.content(picture), known.get(picture.name)
            examples.write(picture, images.encode_jpeg(rgb, QUALITY), fitted(example, info, rgb.shape[1], rgb.shape[0]))
            saved = Saved(secrets.token_urlsafe(12), picture)
            self._undo[saved.id] = picture, before, before_appearance
            self._note(picture, appearance)
            return saved

    def undo(self, saved_id: str) -> Path:
        """Removes picture and sidecar of a save (or brings back what the save replaced) and returns the path.

        Raises:
            RunError: there is no such save of this server. StorageError: they cannot be removed.
        """
        with self._lock:
            picture, before, before_appearance = self._of(saved_id)
            examples.restore(picture, before)
            del self._undo[saved_id]
            known = self._known()
            if before_appearance is None:
                known.pop(picture.name, None)
            else:
                known[picture.name] = before_appearance
            return picture

    def retag(self, saved_id: str, tag: str | None) -> None:
        """Writes another tag. Raises ``RunError``: it is not there any more; ``StorageError``: it cannot be written."""
        with self._lock:
            examples.retag(self._of(saved_id)[0], examples.check_tag(tag))

    def _of(self, saved_id: str) -> tuple[Path, Content, Appearance | None]:
        if saved_id not in self._undo:
            raise RunError("this save is not known any more; it can be removed in the folder itself.", code="forgotten")
        return self._undo[saved_id]

    def _like(
        self, appearance: Appearance, known: Mapping[str, Appearance], hamming: int, info: VideoInfo
    ) -> Like | None:
        """The picture of agreeing colours whose hash is nearest, if it is near enough."""
        there = {name: value for name, value in known.items() if (self.folder / name).exists()}
        if not there:
            return None
        names = list(there)
        distances = phash.hamming(appearance.hash, np.array([there[name].hash for name in names], np.uint64))
        distances[~colours.agree(np.array([there[name].colours for name in names]), appearance.colours)] = FAR
        at = int(np.argmin(distances))
        if distances[at] > hamming:
            return None
        picture = self.folder / names[at]
        said = Path(str(examples.sidecar(picture).get("video_path") or picture.name)).name
        return Like(examples.ordinal_of(picture), said, examples.is_of(picture, info), int(distances[at]))

    def _known(self) -> dict[str, Appearance]:
        """Appearances of all pictures of the folder by name; read once, then kept."""
        if self._appearances is None:
            pictures = examples.pictures(self.folder)
            noted = examples.known_hashes(self.folder)
            sizes = {picture.name: picture.stat().st_size for picture in pictures}
            found = {name: noted[name] for name, size in sizes.items() if name in noted and noted[name].size == size}
            found |= self._hashed(picture for picture in pictures if picture.name not in found)
            self._appearances = {name: _appearance_of(note) for name, note in found.items()}
        return self._appearances

    def _hashed(self, pictures: Iterable[Path]) -> dict[str, Note]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            new = {picture.name: note for picture, note in pool.map(_note_of, pictures) if note is not None}
        if new:
            try:
                examples.note_hashes(self.folder, new)
            except FramesieveError as error:
                log.get().info("%s", error)
        return new

    def _note(self, picture: Path, appearance: Appearance) -> None:
        """Remembers an appearance; the note on disk is only there to be faster after a restart."""
        self._known()[picture.name] = appearance
        try:
            examples.note_hashes(self.folder, {picture.name: _noted(picture, appearance)})
        except (FramesieveError, OSError) as error:
            log.get().info("%s", error)


FAR = 65
"""More bits than a hash has: what other colours are apart."""


def _note_of(picture: Path) -> tuple[Path, Note | None]:
    """The appearance of a picture on disk; ``None`` where it cannot be read, so that it is like nothing."""
    try:
        return picture, _noted(picture, Appearance.of(images.read_jpeg(picture, HASHED_HEIGHT)))
    except (OSError, ValueError):
        return picture, None


def _noted(picture: Path, appearance: Appearance) -> Note:
    return Note(picture.stat().st_size, phash.to_hex(appearance.hash), colours.to_hex(appearance.colours))


def _appearance_of(note: Note) -> Appearance:
    return Appearance(phash.from_hex(note.phash), colours.from_hex(note.colours))


def example_of(
    info: VideoInfo,
    ordinal: int,
    seconds: float,
    weights: str | None,
    predictions: Any,
    names: Mapping[int, str] | None,
) -> Example:
    """Returns the sidecar of a frame; the values come from a browser and are checked.

    Args:
        info: of the video.
        ordinal: 0-based.
        seconds: its presentation time.
        weights: path of the weights; ``None`` = no model.
        predictions: list of ``[class_id, confidence, x1, y1, x2, y2]``, source pixels.
        names: of the classes.

    Raises:
        SettingsError: one sentence.
    """
    found = tuple(_prediction(row, info, names or {}) for row in _rows(predictions))
    return Example(info.path, ordinal, seconds, weights, found, view=info.view)


def _rows(predictions: Any) -> list[Any]:
    if not isinstance(predictions, list) or len(predictions) > MOST_BOXES:
        raise SettingsError(f"predictions are wanted as a list of at most {MOST_BOXES} boxes.", field="predictions")
    for row in predictions:
        numbers = isinstance(row, list) and len(row) == 6 and all(type(v) in (int, float) and v == v for v in row)
        if not numbers or type(row[0]) is not int or not 0 <= row[0] < 65536 or not 0 <= row[1] <= 1:
            raise SettingsError("a prediction is wanted as [class, confidence, x1, y1, x2, y2].", field="predictions")
    return predictions


MOST_BOXES = 3000


def _prediction(row: list[Any], info: VideoInfo, names: Mapping[int, str]) -> examples.Prediction:
    x1, y1, x2, y2 = (
        round(float(min(max(value, 0), limit)), 2)
        for value, limit in zip(row[2:], (info.width, info.height) * 2, strict=True)
    )
    return examples.Prediction(row[0], names.get(row[0], f"class {row[0]}"), round(float(row[1]), 4), (x1, y1, x2, y2))


def fitted(example: Example, info: VideoInfo, width: int, height: int) -> Example:
    """Returns the example with boxes in pixels of its own picture: a video may change its size on the way."""
    if (width, height) == (info.width, info.height):
        return example
    scale = (width / info.width, height / info.height) * 2
    boxes = [tuple(round(v * s, 2) for v, s in zip(p.box_xyxy, scale, strict=True)) for p in example.predictions]
    found = (replace(p, box_xyxy=(b[0], b[1], b[2], b[3])) for p, b in zip(example.predictions, boxes, strict=True))
    return replace(example, predictions=tuple(found))


def tagged(example: Example, tag: Any) -> Example:
    """Returns the example with a tag that was checked. Raises ``SettingsError``."""
    return replace(example, tag=examples.check_tag(tag))
