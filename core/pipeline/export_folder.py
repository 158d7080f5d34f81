"""Exactly the selected frames, copied or decoded in one pass, in a folder of their own that is whole or absent.

Not here: which frames (``chosen``), the verb (``export``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core import files, inside, names
from core.advice import advice
from core.errors import DecodeError, FolderTaken, RunBusy, StorageError
from core.pipeline import stills
from core.pipeline.chosen import Chosen
from core.pipeline.counting import numbered_by
from core.pipeline.export_cuts import FACES, cut_bars, cut_faces
from core.pipeline.runs import video_of
from core.records import FrameRecord, VideoInfo
from core.settings.export import ExportSettings
from core.settings.extract import ExtractSettings
from core.settings.model import from_mapping, to_mapping
from core.store import jsonl
from core.store.run import RunDir
from core.store.table import records
from core.video.frame import Frame
from core.video.stream import map_frames

RESERVE = 0.05
"""Share of the estimated size that must stay free beyond it."""


def write_folder(
    chosen: Chosen, dest: Path | None = None, video: Path | None = None, beside: ExportSettings | None = None
) -> Generator[FrameRecord, None, Path]:
    """Yields each exported frame's record once its picture is written; returns the folder.

    A new folder appears under its name only when it is complete; in a folder that exists (and must be empty) the
    pictures appear when all are written, ``manifest.json`` last. After an error or a cancel nothing of it is left.

    Args:
        chosen: from ``chosen_by``.
        dest: the export folder itself; default ``<run>_exported_<timestamp>`` beside the run.
        video: where the video lies now, if it was moved.
        beside: what is written beside the frames; nothing if ``None``.

    Raises:
        StorageError: too little free disk, or the folder cannot be written. DecodeError: a frame cannot be decoded.
        RunError: the folder holds something, or a frame is neither on disk nor its video found.
    """
    folder = _destination(chosen.run, dest)
    settings = from_mapping(ExtractSettings, chosen.saved.settings)
    wanted = set(chosen.kept.tolist())
    rows = [record for record in records(chosen.run) if record.frame_number in wanted]
    with _lock(chosen.run):
        _remove_stale(folder, chosen.run)
        with _whole_folder(folder, chosen.run) as partial:
            _check_space(chosen, rows, settings, partial)
            yield from _pictures(chosen, rows, settings, partial, video)
            if beside is not None and beside.face_crops:
                cut_faces(chosen, rows, partial, beside.face_margin)
            if beside is not None and beside.crop_bars:
                cut_bars(rows, partial)
            jsonl.rewrite(partial / "metadata.jsonl", rows)
            files.write_json(partial / MANIFEST, _manifest(chosen, rows))
            _check_set(partial, rows)
    return folder


MANIFEST = "manifest.json"
OWNER = ".framesieve-export"
"""Names the run in a folder that is being written; only such folders are ever removed."""


def _lock(run: RunDir) -> AbstractContextManager[None]:
    """A run in a folder that cannot be written is read without a lock: nobody else can write there either."""
    return run.lock() if os.access(run.path, os.W_OK) else nullcontext()


def _destination(run: RunDir, dest: Path | None) -> Path:
    folder = Path(dest or _free_name(run)).absolute()
    if folder.exists() and (not folder.is_dir() or any(not _is_partial(path) for path in folder.iterdir())):
        raise FolderTaken(f"{folder} exists and is not an empty folder; choose another one for the export.")
    return folder


def _free_name(run: RunDir) -> Path:
    while (folder := run.exported_dir(datetime.now())).exists():
        time.sleep(0.1)  # a second export within the same second
    return folder


def _is_partial(path: Path) -> bool:
    return path.name.endswith(".partial") and (path / OWNER).is_file()


def remove_partial(folder: Path, run: RunDir) -> None:
    """Removes what a killed export of this run left where ``folder`` was to be; nothing while another one runs."""
    with suppress(RunBusy), _lock(run):
        _remove_stale(folder, run)


def _remove_stale(folder: Path, run: RunDir) -> None:
    """Removes what killed exports of this run left where this one goes; its lock says that none of them still runs."""
    for parent in {folder, folder.parent}:
        for path in parent.glob("*.partial") if parent.is_dir() else ():
            if _is_partial(path) and (path / OWNER).read_bytes() == os.fsencode(run.path.absolute()):
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _whole_folder(folder: Path, run: RunDir) -> Iterator[Path]:
    """A folder of this process alone that becomes ``folder``, or moves into it where it exists, when all went well."""
    inside = folder.is_dir()
    parent = folder if inside else folder.parent
    with files.storage_errors(folder):
        parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{names.cut(folder.name, 100)}.", suffix=".partial", dir=parent))
    try:
        with files.storage_errors(folder):
            partial.chmod(0o777 & ~_umask())
            (partial / OWNER).write_bytes(os.fsencode(run.path.absolute()))
        yield partial
        with files.storage_errors(folder):
            (partial / OWNER).unlink()
            if inside:
                _move_up(partial, folder)
            else:
                partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _move_up(partial: Path, folder: Path) -> None:
    for path in sorted(partial.iterdir(), key=lambda p: (p.name == MANIFEST, p.name)):
        path.rename(folder / path.name)
    partial.rmdir()


def _pictures(
    chosen: Chosen, rows: list[FrameRecord], settings: ExtractSettings, partial: Path, video: Path | None
) -> Generator[FrameRecord, None, None]:
    """Copies what is on disk, decodes the rest from the video in one pass over it."""
    missing = []
    for record in rows:
        source = _on_disk(chosen.run, record)
        if source is None:
            missing.append(record)
            continue
        name = Path(source.name).name
        with source, files.storage_errors(partial), open(partial / name, "xb") as copy:
            shutil.copyfileobj(source, copy, COPY_BYTES)
        record.filename = name
        yield record
    if missing:
        yield from _decoded(chosen, missing, settings, partial, video)


def _on_disk(run: RunDir, record: FrameRecord) -> BinaryIO | None:
    """Opens the picture of a record if the run has it whole; its name is built, never taken from the record.

    A link that leads out of the run is none of its pictures.
    """
    suffix = Path(str(record.filename)).suffix
    path = run.frame(record.frame_number, suffix)
    if record.filename != path.name or suffix not in ENDS:
        return None
    try:
        picture = inside.open_in(path, (run.path,))
    except OSError:
        return None
    if _ends_with(picture, ENDS[suffix]):
        return picture
    picture.close()
    return None


def _ends_with(picture: BinaryIO, end: bytes) -> bool:
    picture.seek(0, os.SEEK_END)
    picture.seek(max(0, picture.tell() - len(end)))
    whole = picture.read() == end
    picture.seek(0)
    return whole


ENDS = {".jpg": b"\xff\xd9", ".png": b"IEND\xaeB`\x82"}
"""The last bytes of a whole picture: the end of image of JPEG, the last chunk of PNG."""


def _decoded(
    chosen: Chosen, rows: list[FrameRecord], settings: ExtractSettings, partial: Path, video: Path | None
) -> Generator[FrameRecord, None, None]:
    run, source = chosen.run, video_of(chosen.run, video, chosen.saved)
    by_ordinal = {record.frame_number: record for record in rows}

    def make_work() -> Callable[[Frame], str]:
        def work(frame: Frame) -> str:
            suffix, data = stills.encoded(frame, settings)
            path = partial / run.frame(frame.ordinal, suffix).name
            files.write_bytes(path, data, sync=False)
            return path.name

        return work

    with numbered_by(run), closing(map_frames(source, np.array(sorted(by_ordinal), np.int64), make_work)) as chunks:
        for chunk in chunks:
            for ordinal, name in chunk:
                if name is None:
                    raise DecodeError(
                        f"frame {ordinal} could not be decoded again; reject it by hand, then export.",
                        code="damaged_frame",
                        frame=ordinal,
                    )
                by_ordinal[ordinal].filename = name
                yield by_ordinal[ordinal]


COPY_BYTES = 1 << 20


def size_estimate(run: RunDir, info: VideoInfo, rows: list[FrameRecord], settings: ExtractSettings) -> int:
    """Returns about how many bytes the pictures of these records will take; ``info`` is of the run's video."""
    each = info.width * info.height * stills.bytes_per_pixel(info, settings)
    total = 0.0
    for record in rows:
        picture = _on_disk(run, record)
        if picture is None:
            total += each
            continue
        with picture:
            total += os.fstat(picture.fileno()).st_size
    return int(total)


def _check_space(chosen: Chosen, rows: list[FrameRecord], settings: ExtractSettings, partial: Path) -> None:
    needed = int(size_estimate(chosen.run, chosen.saved.video, rows, settings) * (1 + RESERVE))
    free = shutil.disk_usage(partial).free
    if needed > free:
        raise StorageError(
            f"the export of {len(rows)} frames needs about {needed / 1e6:.0f} MB and {free / 1e6:.0f} MB are free; "
            f"free some space or choose a folder on another disk{advice(' with --dest', '')}.",
            code="disk_full",
            wanted_bytes=needed,
        )


def _manifest(chosen: Chosen, rows: list[FrameRecord]) -> dict[str, object]:
    saved = chosen.saved
    return {
        "schema": 1,
        "run": chosen.run.path.name,
        "fingerprint": saved.fingerprint,
        "digest": chosen.digest,
        "kept": len(rows),
        "total": len(chosen.table),
        "ordinals": chosen.kept.tolist(),
        "filter": None if chosen.filters is None else to_mapping(chosen.filters),
        "settings": dict(saved.settings),
    }


def _check_set(partial: Path, rows: list[FrameRecord]) -> None:
    """The last look before the folder gets its name: the pictures in it are the selection, no more and no fewer."""
    written = {p.name for p in partial.iterdir()} - {"metadata.jsonl", MANIFEST, OWNER, FACES}
    if written != {record.filename for record in rows} or len(written) != len(rows):
        raise StorageError(
            f"{partial} does not hold the selected frames; the disk may be failing, export again.", code="other_frames"
        )
