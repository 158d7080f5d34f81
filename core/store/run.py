"""The run folder: its file names (only here), its lock, and which folder belongs to a video and its settings.

Not here: what is in the files (``run_file``, ``ledger``, ``selection``, ``jsonl``, ``table``).
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import portalocker

from core import files, inside, names
from core.errors import RunBusy, RunError, StorageError
from core.store import run_file
from core.store.run_file import RunFile

EXPORTED_BYTES = 32
"""Room for what the name of an export adds to that of its run: ``_exported_``, the time, perhaps a number."""
FRAME_NAME = re.compile(r"^frame_(\d{6,})\.(jpg|png)$")


@dataclass(frozen=True)
class RunDir:
    """Paths of everything in one run folder; creating the object touches nothing on disk."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    @property
    def run_json(self) -> Path:
        """Schema version, fingerprint, video, settings, digest."""
        return self.path / "run.json"

    @property
    def ledger(self) -> Path:
        """Every frame's pts and key flag."""
        return self.path / "ledger.npz"

    @property
    def metadata(self) -> Path:
        """One record per processed frame."""
        return self.path / "metadata.jsonl"

    @property
    def faces(self) -> Path:
        """One line per face."""
        return self.path / "faces.jsonl"

    @property
    def face_vectors(self) -> Path:
        """Rows of float32 unit vectors, row numbers as in ``faces``."""
        return self.path / "faces.f32"

    @property
    def face_file(self) -> Path:
        """Face model, references and people."""
        return self.path / "faces.json"

    @property
    def face_crops(self) -> Path:
        """Folder of small pictures of faces."""
        return self.path / "faces"

    @property
    def shots(self) -> Path:
        """Shots as ranges of ordinals; absent until ``shots`` has run."""
        return self.path / "shots.json"

    @property
    def annotations(self) -> Path:
        """Prompts for subject masking."""
        return self.path / "annotations.json"

    @property
    def selection(self) -> Path:
        """Filter settings and the ordinals that they keep."""
        return self.path / "selection.json"

    @property
    def thumbs(self) -> Path:
        """Folder of small previews."""
        return self.path / "thumbs"

    @property
    def masks(self) -> Path:
        """Folder of masks."""
        return self.path / "masks"

    @property
    def jobs(self) -> Path:
        """Folder of job logs."""
        return self.path / "jobs"

    @property
    def persons(self) -> Path:
        """Folder of the person pipeline."""
        return self.path / "persons"

    @property
    def lock_file(self) -> Path:
        """Holds the process id of whoever works in the run."""
        return self.path / ".lock"

    def frame(self, ordinal: int, suffix: str = ".jpg") -> Path:
        """Path of the extracted frame."""
        return self.path / frame_name(ordinal, suffix)

    def thumb(self, ordinal: int, suffix: str = ".jpg") -> Path:
        """Path of the preview of a frame."""
        return self.thumbs / thumb_name(ordinal, suffix)

    def face_crop(self, row: int) -> Path:
        """Path of the small picture of a face."""
        return self.face_crops / f"face_{row:06d}.jpg"

    def mask(self, ordinal: int) -> Path:
        """Path of the mask of a frame."""
        return self.masks / mask_name(ordinal)

    def job(self, job_id: str) -> Path:
        """Path of the log of a job."""
        return self.jobs / f"{job_id}.jsonl"

    def exported_dir(self, when: datetime) -> Path:
        """Folder beside the run for what is exported at ``when`` (local time, to the second)."""
        name = names.fitted(self.path.name, names.NAME_BYTES - EXPORTED_BYTES)
        return self.path.with_name(f"{name}_exported_{when:%Y%m%d_%H%M%S}")

    def check_files(self) -> None:
        """Checks that each of the run's files, where it exists, is a regular file inside the run.

        Raises:
            RunError: one of the names is a link that leads out of the run, or a pipe, device or folder.
        """
        names = [self.run_json, self.ledger, self.metadata, self.faces, self.face_vectors, self.face_file, self.shots]
        for path in (*names, self.annotations, self.selection, self.lock_file):
            self._check(path, stat.S_ISREG)

    def check_folders(self) -> None:
        """Does the same for the run's folders, before anything is written into them. Raises ``RunError``."""
        for path in (self.face_crops, self.thumbs, self.masks, self.jobs, self.persons):
            self._check(path, stat.S_ISDIR)

    def _check(self, path: Path, is_right: Callable[[int], bool]) -> None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                if not inside.lies_in(path, (self.path,)):
                    raise RunError(
                        f"{path} is a link that leads out of its run; put the file itself there.", code="leads_out"
                    )
                try:
                    mode = os.stat(path).st_mode
                except OSError as error:
                    raise RunError(
                        f"{path} is a link that leads nowhere ({error.strerror}); remove it.", code="leads_out"
                    ) from None
            if not is_right(mode):
                raise RunError(
                    f"{path} is not what its name says (a pipe, device, file or folder); remove it.", code="no_file"
                )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Takes the exclusive lock of the run, and creates its folder.

        The system releases the lock when the process dies, however it dies. The lock file itself stays.

        Raises:
            RunBusy: another process, or another part of this one, works in the run.
            StorageError: the folder cannot be written, or its file system has no locks.
            RunError: this process is confined (``inside``), and the folder or something in it leads out.
        """
        if inside.confined_to() is not None:
            if not inside.allows(self.path):
                raise RunError(
                    f"{self.path} is not in the allowed folders; choose another run, or start the page with --root.",
                    code="not_allowed",
                )
            self.check_files()
            self.check_folders()
        files.make_folder(self.path)
        with contextlib.ExitStack() as stack:
            with files.storage_errors(self.lock_file):
                file = stack.enter_context(open(self.lock_file, "a+b", buffering=0, opener=_no_link))
            try:
                portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            except portalocker.AlreadyLocked as error:
                raise RunBusy(_busy(self)) from error
            except portalocker.LockException as error:
                raise StorageError(
                    f"{self.path} cannot be locked ({error}); choose a folder on a local disk.", code="cannot_lock"
                ) from error
            try:
                with files.storage_errors(self.lock_file):
                    file.truncate(0)
                    file.write(str(os.getpid()).encode())
                yield
            finally:
                portalocker.unlock(file)


def _no_link(path: str, flags: int) -> int:
    """Opens without following a link: the lock file is truncated next, and a link would lead to another file."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def frame_name(ordinal: int, suffix: str = ".jpg") -> str:
    """Returns ``"frame_000123.jpg"``; more digits from a million on. ``suffix`` with its dot."""
    return f"frame_{ordinal:06d}{suffix}"


def thumb_name(ordinal: int, suffix: str = ".jpg") -> str:
    """Returns ``"thumb_000123.jpg"``."""
    return f"thumb_{ordinal:06d}{suffix}"


def mask_name(ordinal: int) -> str:
    """Returns ``"mask_000123.png"``."""
    return f"mask_{ordinal:06d}.png"


def ordinal_of(name: str) -> int | None:
    """Returns the ordinal in the name of an extracted frame, ``None`` for any other name."""
    match = FRAME_NAME.match(name)
    return int(match[1]) if match else None


def find_run(
    downloads_root: Path, stem: str, fingerprint: str, digest: str, others: Sequence[Path] = ()
) -> tuple[RunDir, RunFile | None]:
    """Returns the run of this video with these settings, else the first free of ``stem``, ``stem-2``, ``stem-3`` ...

    With its ``run.json``; ``None`` for a free folder. A folder is free when it is absent or holds neither ``run.json``
    nor records nor frames. Nothing is created; two processes may get the same free folder, then ``lock`` stops the
    second.

    Args:
        downloads_root: the folder of all runs; may be absent.
        stem: the video's file name without its suffix.
        fingerprint: of the video (``VideoInfo.fingerprint``).
        digest: of the settings (``ExtractSettings.digest()``).
        others: folders that are not taken though they match.

    Raises:
        RunError: ``stem`` is not the name of a folder, or no run matches while one of them has a damaged ``run.json``.
    """
    if stem in ("", ".", "..") or Path(stem).name != stem:
        raise RunError(
            f'"{stem}" cannot name a run folder; rename the video or give the folder with --out.', code="run_name"
        )
    damaged: RunError | None = None
    for _, run in _candidates(Path(downloads_root), stem):
        try:
            if run.path not in others and run.run_json.exists():
                saved = run_file.read(run.run_json)
                if saved.matches(fingerprint, digest):
                    return run, saved
        except RunError as error:
            damaged = damaged or error
    if damaged:
        raise damaged
    return _first_free(Path(downloads_root), stem), None


def _candidates(root: Path, stem: str) -> list[tuple[int, RunDir]]:
    """Existing folders of ``stem`` with their number, ascending."""
    numbered = re.compile(re.escape(stem) + r"(?:-([2-9]|[1-9]\d+))?")
    runs = []
    for path in root.iterdir() if root.is_dir() else ():
        match = numbered.fullmatch(path.name)
        if match:
            runs.append((int(match[1] or 1), RunDir(path)))
    return sorted(runs, key=lambda pair: pair[0])


def _first_free(root: Path, stem: str) -> RunDir:
    number = 1
    while True:
        run = RunDir(root / (stem if number == 1 else f"{stem}-{number}"))
        if _is_free(run):
            return run
        number += 1


def _is_free(run: RunDir) -> bool:
    if not run.path.exists():
        return True
    if not run.path.is_dir() or run.run_json.exists() or run.metadata.exists():
        return False
    return not any(ordinal_of(path.name) is not None for path in run.path.iterdir())


def _busy(run: RunDir) -> str:
    try:
        owner = int(run.lock_file.read_bytes())
    except (OSError, ValueError):
        return f"another process works in {run.path}; wait for it or stop it."
    return f"another process ({owner}) works in {run.path}; wait for it or stop it."
