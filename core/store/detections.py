"""The detection cache: ``<video_stem>__<weights_stem>.preds.npz`` with its ``.meta.json``, as docs/formats.md says.

Read are ours and those of the original tool, the script whose layout this is and which notes less about itself. Not
here: part files of an unfinished pass (``detections_part``), the binary that the page gets (``detections_page``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files, names
from core.errors import CacheError, RunError, StorageError
from core.records import Detections, VideoInfo
from core.store import npz
from core.weights import Weights

PREDS, META = ".preds.npz", ".meta.json"
SHA_DIGITS = 8


@dataclass(frozen=True)
class CacheMeta:
    """The ``.meta.json`` of a cache. ``None`` in our additions = the original tool made it and did not say."""

    fps: float | None
    total_frames: int
    width: int
    height: int
    weights: str
    """File name of the weights."""
    names: tuple[str, ...]
    """Class names; index = class id."""
    conf_floor: float | None = None
    """Lowest confidence that was kept."""
    nms_iou: float | None = None
    """IoU above which overlapping boxes of a class were removed; ``None`` for end-to-end weights as well."""
    imgsz: int | None = None
    """Longest side of the picture that the model saw, pixels."""
    fingerprint: str | None = None
    """Of the video."""
    weights_sha256: str | None = None
    end_to_end: bool = False
    """The model needs no NMS and had none, so that an IoU threshold has no meaning."""
    backend: str | None = None
    """What ran the model, for people."""
    saturated_frames: int | None = None
    """Frames with more boxes than were kept."""
    undecoded_frames: int | None = None
    """Frames that could not be decoded and are empty for that reason."""
    ledger_digest: str | None = None
    """``VideoInfo.ledger_digest`` of the ledger that numbers its frames."""
    stream_index: int | None = None
    """Of the video stream, as FFmpeg counts; ``None`` = the first film of the file."""
    mirrored: bool = False
    """Whether the pictures were mirrored for display, as ``VideoInfo``."""
    rendering: str | None = None
    """How wide gamut or HDR became the picture that the model saw, as ``VideoInfo``; ``None`` = shown as stored."""

    @property
    def ours(self) -> bool:
        """Whether this program wrote it; else the original tool did."""
        return self.conf_floor is not None


@dataclass(frozen=True, eq=False, slots=True)
class DetectionCache:
    """The detections of all frames of a video as columns; those of frame i are the rows ``indptr[i]:indptr[i + 1]``."""

    path: Path
    """The ``.preds.npz``."""
    meta: CacheMeta
    boxes: NDArray[np.float16]
    """(M, 4) float16 xyxy, divided by width and height of the video."""
    confs: NDArray[np.float16]
    """(M,) float16."""
    clss: NDArray[np.uint16]
    """(M,) uint16 class ids."""
    indptr: NDArray[np.int64]
    """(F + 1,) int64."""

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def frame(self, ordinal: int) -> Detections:
        """Returns the detections of one frame, in source pixels, in the order of the cache."""
        rows = slice(int(self.indptr[ordinal]), int(self.indptr[ordinal + 1]))
        scale = np.array([self.meta.width, self.meta.height] * 2, np.float32)
        xyxy = self.boxes[rows].astype(np.float32) * scale
        return Detections(xyxy, self.confs[rows].astype(np.float32), self.clss[rows].astype(np.int64))


@dataclass(frozen=True)
class CacheLookup:
    """The cache of a video for some weights, or why there is none."""

    cache: DetectionCache | None
    refused: tuple[str, ...] = ()
    """A sentence for each file that has the name of such a cache and cannot be one."""


# --- names


def paths_for(video: str | Path, weights: Weights, folder: Path | None = None, stream_suffix: str = "") -> list[Path]:
    """Returns the paths that a cache of this video and these weights may have, the plain ``<stem>__<stem>`` first.

    The others are taken where the plain one is already that of other weights of the same stem (everyone's is
    ``best.pt``), or of another video of the same stem (``a.mp4`` and ``a.avi``). Names that are too long for a file
    system are left out.

    Args:
        video: the file.
        weights: from ``weights.identify``.
        folder: where the cache lies; beside the video if ``None``.
        stream_suffix: ``VideoInfo.stream_suffix``; empty for the stream that the rules take.
    """
    return [
        path for path in _all_paths(Path(video), weights, folder or Path(video).parent, stream_suffix) if _fits(path)
    ]


def _all_paths(video: Path, weights: Weights, folder: Path, stream_suffix: str) -> list[Path]:
    """Two names by the stem of the video, then two by its whole name."""
    stems = weights.stem, f"{weights.stem}-{weights.sha256[:SHA_DIGITS]}"
    return [folder / f"{v}{stream_suffix}__{w}{PREDS}" for v in (video.stem, video.name) for w in stems]


def _fits(path: Path) -> bool:
    return names.length(path.name) <= names.NAME_BYTES


def meta_path(preds: Path) -> Path:
    """Returns the path of the ``.meta.json`` that belongs to a ``.preds.npz``."""
    return preds.with_name(preds.name.removesuffix(PREDS) + META)


def writable(folders: Iterable[Path]) -> Path:
    """Returns the first folder that can be written, made where it is absent.

    Raises:
        StorageError: none can; the sentence is about the last one.
    """
    folders = list(folders)
    for folder in folders[:-1]:
        if folder.is_dir() and _can_write(folder):
            return folder
    return files.make_folder(folders[-1])


def _can_write(folder: Path) -> bool:
    probe = folder / f".write.{secrets.token_hex(4)}.tmp"
    try:
        with open(probe, "xb"):
            pass
    except OSError:
        return False
    with contextlib.suppress(OSError):
        probe.unlink()
    return True


# --- find and list


def find(info: VideoInfo, weights: Weights, folders: Sequence[Path] = ()) -> CacheLookup:
    """Returns the cache of this video made with these weights: beside the video, or in one of ``folders``.

    A cache that does not say which weights made it (the original tool's) counts by their name.
    """
    refused: list[str] = []
    for preds in _candidates(info.path, weights, folders, info.stream_suffix):
        try:
            meta = _meta_values(preds)
            if _of_other_weights(meta, weights):
                continue
            return CacheLookup(read(preds, info), tuple(refused))
        except (CacheError, FileNotFoundError) as error:
            refused.append(str(error))
    return CacheLookup(None, tuple(refused))


def exists(video: str | Path, fingerprint: str | None, weights: Weights, folders: Sequence[Path] = ()) -> bool:
    """Whether a cache of this video and these weights seems to be there; reads only the small file, for lists."""
    for preds in _candidates(video, weights, folders):
        with contextlib.suppress(CacheError):
            meta = _meta_values(preds)
            known = meta.get("fingerprint")
            if not _of_other_weights(meta, weights) and (None in (known, fingerprint) or known == fingerprint):
                return True
    return False


def listed(video: str | Path, folders: Sequence[Path] = (), stream_suffix: str = "") -> list[Path]:
    """Returns every ``.preds.npz`` that is named after this video, whatever the weights; ``read`` checks each.

    ``stream_suffix`` is that of ``VideoInfo``.
    """
    video = Path(video)
    found = []
    for folder in dict.fromkeys([video.parent, *folders]):
        with contextlib.suppress(OSError):
            there = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(PREDS))
            found += [
                folder / n
                for n in there
                if n.startswith((f"{video.stem}{stream_suffix}__", f"{video.name}{stream_suffix}__"))
            ]
    return found


def path_to_write(info: VideoInfo, weights: Weights, folder: Path) -> Path:
    """Returns where the cache of this video and these weights is written in ``folder``: the first name that is free.

    A name is free when no cache has it, or one of this video and these weights, which is then replaced.

    Raises:
        StorageError: the names of video and weights are too long together.
    """
    paths = _all_paths(Path(info.path), weights, folder, info.stream_suffix)
    for named in (paths[:2], paths[2:]):
        for preds in filter(_fits, named):
            meta = _meta_or_empty(preds)
            if meta.get("fingerprint") not in (None, info.fingerprint):
                break  # another video has this stem
            if not _of_other_weights(meta, weights):
                return preds
    if not _fits(paths[-1]):
        raise StorageError(_too_long(Path(info.path), weights), code="name_too_long")
    return paths[-1]


def _too_long(video: Path, weights: Weights) -> str:
    rest = f"__{weights.stem}{PREDS}"
    return (
        f"the name of {video} leaves no room for that of its cache, which adds {rest}: a file system takes "
        f"{names.NAME_BYTES} bytes, so give the video a name of at most {names.NAME_BYTES - names.length(rest)}."
    )


def _meta_or_empty(preds: Path) -> Mapping[str, Any]:
    """The ``.meta.json`` of the cache of this name; empty where there is none, or a damaged one to replace."""
    with contextlib.suppress(CacheError):
        return _meta_values(preds) if preds.exists() else {}
    return {}


def _candidates(video: str | Path, weights: Weights, folders: Sequence[Path], stream_suffix: str = "") -> list[Path]:
    places = dict.fromkeys([Path(video).parent, *folders])
    return [path for folder in places for path in paths_for(video, weights, folder, stream_suffix) if path.exists()]


def _of_other_weights(meta: Mapping[str, Any], weights: Weights) -> bool:
    known = meta.get("weights_sha256")
    return isinstance(known, str) and known != weights.sha256


# --- read


def read(preds: Path, info: VideoInfo) -> DetectionCache:
    """Reads a cache and checks that it is of this video.

    Keys that its ``.meta.json`` lacks are filled from the video. Surplus frames at the end are cut off when they are
    empty: the original tool took the number of frames from the video's header.

    Raises:
        CacheError: it is damaged, or its fingerprint, size or number of frames is another video's.
    """
    meta = _meta(preds, info)
    if meta.fingerprint not in (None, info.fingerprint):
        raise CacheError(
            f"{preds} was made from another video (its fingerprint differs); delete it or move it away.",
            code="other_video",
        )
    if (meta.width, meta.height) != (info.width, info.height):
        raise CacheError(
            f"{preds} is of a video of {meta.width}x{meta.height} pixels, this one has {info.width}x{info.height}; "
            "delete it or move it away.",
            code="other_video",
        )
    _check_view(preds, meta, info)
    if meta.ours and meta.ledger_digest != info.ledger_digest:
        raise CacheError(
            f"{preds} was made when the frames of this video were counted otherwise; delete it or move it away, and "
            "precompute again.",
            code="miscounted",
        )
    boxes, confs, clss, indptr = _columns(preds, info.frames)
    frames = len(indptr) - 1
    if frames < info.frames or int(indptr[min(frames, info.frames)]) != len(boxes):
        raise CacheError(
            f"{preds} has detections for {frames} frames, the video has {info.frames}; delete it and precompute again.",
            code="other_video",
        )
    indptr = indptr[: info.frames + 1]
    return DetectionCache(preds, dataclasses.replace(meta, total_frames=info.frames), boxes, confs, clss, indptr)


def _check_view(preds: Path, meta: CacheMeta, info: VideoInfo) -> None:
    """Refuses boxes of another stream, or of pictures that were mirrored otherwise or had other colours."""
    same_stream = info.first_stream if meta.stream_index is None else meta.stream_index == info.stream_index
    if not same_stream:
        which = "the first stream" if meta.stream_index is None else f"stream {meta.stream_index}"
        raise CacheError(
            f"{preds} is of {which} of its video, not of stream {info.stream_index}; precompute again to replace it.",
            code="otherwise_shown",
        )
    if meta.mirrored != info.mirrored:
        was, has = ("mirrored", "is not") if meta.mirrored else ("not mirrored", "has to be")
        raise CacheError(
            f"{preds} is of {was} pictures and the video {has}; precompute again to replace it.", code="otherwise_shown"
        )
    if meta.ours and meta.rendering != info.rendering:
        raise CacheError(
            f"{preds} was made when this video was shown in other colours; precompute again to replace it.",
            code="otherwise_shown",
        )


def _columns(
    preds: Path, frames: int
) -> tuple[NDArray[np.float16], NDArray[np.float16], NDArray[np.uint16], NDArray[np.int64]]:
    try:
        rows = min(MOST_BOXES, frames * MOST_BOXES_OF_A_FRAME)
        most = {"boxes": 4 * rows, "confs": rows, "clss": rows, "indptr": MOST_HEADER_FRAMES + 2 * frames}
        file = npz.read(preds, most)
        boxes = file["boxes"].astype(np.float16, copy=False)
        confs = file["confs"].astype(np.float16, copy=False)
        clss = file["clss"].astype(np.uint16, copy=False)
        indptr = file["indptr"].astype(np.int64, copy=False)
    except FileNotFoundError:
        raise CacheError(f"{preds} is missing; precompute to make it.", code="missing") from None
    except (OSError, *npz.DAMAGED) as error:
        raise CacheError(f"{preds} is damaged ({error}); delete it and precompute again.", code="damaged") from None
    count = len(confs) if confs.ndim == 1 else -1
    sound = (
        boxes.shape == (count, 4)
        and clss.shape == (count,)
        and indptr.ndim == 1
        and len(indptr) > 0
        and indptr[0] == 0
        and indptr[-1] == count
        and bool(np.all(indptr[1:] >= indptr[:-1]))
        and bool(np.isfinite(boxes.sum(dtype=np.float64)))
        and bool(np.isfinite(confs.sum(dtype=np.float64)))
    )
    if not sound:
        raise CacheError(
            f"{preds} is damaged (its columns do not fit together); delete it and precompute again.", code="damaged"
        )
    return boxes, confs, clss, indptr


MOST_BOXES = 100_000_000
MOST_BOXES_OF_A_FRAME = 30_000
"""No model proposes more."""
MOST_HEADER_FRAMES = 10_000_000
"""Surplus frames that a cache of the original tool may have; it took their number from the video's header."""


def _meta_values(preds: Path) -> Mapping[str, Any]:
    """The ``.meta.json`` of a cache as it stands; empty when there is none."""
    path = meta_path(preds)
    try:
        values = files.read_json(path)
    except FileNotFoundError:
        return {}
    except RunError as error:
        raise CacheError(f"{error}", code=error.code, **error.facts) from None
    if not isinstance(values, dict):
        raise CacheError(f"{path} is not an object; delete the cache and precompute again.", code="damaged")
    return values


def _meta(preds: Path, info: VideoInfo) -> CacheMeta:
    values = _meta_values(preds)

    def number(name: str) -> float | None:
        value = values.get(name)
        return (
            value
            if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MOST_NUMBER
            else None
        )

    def text(name: str) -> str | None:
        value = values.get(name)
        return value[:MOST_LETTERS] if isinstance(value, str) else None

    def whole(name: str) -> int | None:
        value = number(name)
        return None if value is None or abs(value) > MOST else int(value)

    label = preds.name.removesuffix(PREDS)
    stem = Path(info.path).stem
    return CacheMeta(
        fps=number("fps") or (float(info.rate) if info.rate else None),
        total_frames=info.frames,
        width=whole("width") or info.width,
        height=whole("height") or info.height,
        weights=text("weights") or label.removeprefix(f"{stem}__"),
        names=_names(values.get("names")),
        conf_floor=number("conf_floor"),
        nms_iou=number("nms_iou"),
        imgsz=whole("imgsz"),
        fingerprint=text("fingerprint"),
        weights_sha256=text("weights_sha256"),
        end_to_end=values.get("end_to_end") is True,
        backend=text("backend"),
        saturated_frames=whole("saturated_frames"),
        undecoded_frames=whole("undecoded_frames"),
        ledger_digest=text("ledger_digest"),
        stream_index=whole("stream_index"),
        mirrored=values.get("mirrored") is True,
        rendering=text("rendering"),
    )


MOST = 2**31
MOST_NUMBER = 1e12
"""Also keeps out what is no number."""
MOST_LETTERS = 1000


def _names(value: Any) -> tuple[str, ...]:
    """Class names from a list, or from an object whose keys are class ids."""
    if isinstance(value, dict):
        ids = {int(key): str(name)[:MOST_NAME] for key, name in value.items() if CLASS_ID.fullmatch(str(key))}
        return tuple(ids.get(i, f"class {i}") for i in range(max((i for i in ids if i < MOST_CLASSES), default=-1) + 1))
    return tuple(str(name)[:MOST_NAME] for name in value[:MOST_CLASSES]) if isinstance(value, list) else ()


CLASS_ID = re.compile(r"[0-9]{1,6}")
MOST_CLASSES, MOST_NAME = 1 << 16, 200


# --- write


def write(preds: Path, meta: CacheMeta, columns: Mapping[str, NDArray[Any]]) -> DetectionCache:
    """Writes both files. The cache exists from the rename of the ``.preds.npz`` on, never before it is complete.

    Args:
        preds: from ``path_to_write``.
        meta: for the ``.meta.json``, complete.
        columns: ``boxes``, ``confs``, ``clss``, ``indptr`` with the types of ``DetectionCache``.

    Raises:
        StorageError: the disk is full or the folder cannot be written; an older cache is then untouched.
    """
    values = dataclasses.asdict(meta) | {"names": list(meta.names)}
    for name in ("ledger_digest", "rendering"):  # of few videos
        if values[name] is None:
            del values[name]
    text = files.json_bytes(values, indent=2)
    with files.atomic(preds) as file:
        np.savez_compressed(file, allow_pickle=False, **columns)
        file.flush()
        os.fsync(file.fileno())
        with files.atomic(meta_path(preds)) as description:
            description.write(text)
            description.flush()
            os.fsync(description.fileno())
            preds.unlink(missing_ok=True)  # an old cache must never be seen with the new description
    return DetectionCache(preds, meta, columns["boxes"], columns["confs"], columns["clss"], columns["indptr"])
