"""Looks at this machine and says what works, what is slow or old, and what is missing. Changes nothing.

Packages that load fast are imported, in a child process: one that is broken, or that kills its process, is named like
any other. The heavy ones (torch and what needs it, the page) are looked up without loading them.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core import log
from core.errors import FramesieveError
from core.metrics import machine_code
from core.step import Outcome, Step
from core.video.command import ffmpeg_path, ffmpeg_version, ffprobe_path, library_versions

if TYPE_CHECKING:
    from core.settings.doctor import DoctorArguments  # needs a package, and any package may be missing here

Status = Literal["ok", "warn", "missing"]

FEATURES = {
    "quality metrics": ("numba", "opencv-python-headless"),
    "image files": ("simplejpeg", "pillow"),
    "run folders": ("orjson", "portalocker"),
    "duplicates": ("imagehash",),
    "shots": ("scenedetect-headless",),
    "downloading": ("yt-dlp", "yt-dlp-ejs"),
    "the page": ("gradio",),
    "detection": ("torch", "ultralytics-opencv-headless"),
    "fast detection without a GPU": ("openvino",),
    "faces": ("onnxruntime", "insightface"),
    "masks": ("torch", "sam2"),
    "batches": ("ray",),
}
"""What a person does -> the packages that it needs, by the names under which they are installed."""

MODULES = {
    "av": "av",
    "numba": "numba",
    "opencv-python-headless": "cv2",
    "simplejpeg": "simplejpeg",
    "pillow": "PIL",
    "orjson": "orjson",
    "portalocker": "portalocker",
    "imagehash": "imagehash",
    "scenedetect-headless": "scenedetect",
    "yt-dlp": "yt_dlp",
    "yt-dlp-ejs": "yt_dlp_ejs",
    "gradio": "gradio",
    "torch": "torch",
    "ultralytics-opencv-headless": "ultralytics",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "insightface": "insightface",
    "sam2": "sam2",
    "ray": "ray",
}
"""Package, as it is installed -> module, as it is imported."""

HEAVY = ("gradio", "torch", "ultralytics-opencv-headless", "onnxruntime", "openvino", "insightface", "sam2", "ray")
"""Packages that take seconds to import, so that only their presence is looked at."""

IMPORT_TIMEOUT_S = 60.0
IMPORT_CODE = """
import importlib, sys
for module in sys.argv[1:]:
    try:
        importlib.import_module(module)
        reason = "imported"
    except BaseException as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    print("result", module, reason, flush=True)
"""

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
INSTALL = "install it with: make setup"
YTDLP_DAYS = 60
"""Video sites change often: a yt-dlp older than this fails on some of them."""

JAVASCRIPT_RUNTIMES = ("deno", "node", "bun")
FREE_DISK_GB = 5.0
FOLDERS = ("downloads", "logs")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``missing``: a feature does not work; ``warn``: it works less well."""

    name: str
    status: Status
    sentence: str

    def line(self) -> str:
        """Returns what a person reads."""
        return f"{self.status:8s} {self.name:22s} {self.sentence}"


@dataclass(frozen=True)
class Examined(Outcome):
    """Every check; each has said its line already."""

    checks: list[dict[str, str]]
    """``name``, ``state`` and ``text`` of each."""

    def lines(self) -> list[str]:
        """None."""
        return []


def doctor(arguments: DoctorArguments) -> Generator[Step, None, Examined]:
    """Checks this machine and says each finding when it is known."""
    found: list[Check] = []
    for check in checks():
        found.append(check)
        yield Step("looking at this machine", len(found), unit="checks", item=check, line=check.line())
    not_ok = [f"{check.name} {check.status}" for check in found if check.status != "ok"]
    log.remember(f"doctor: {', '.join(not_ok) or 'all ok'}")
    return Examined([{"name": check.name, "state": check.status, "text": check.sentence} for check in found])


def checks(folder: Path = Path(), *, today: datetime.date | None = None) -> Iterator[Check]:
    """Yields one check after the other, cheap ones first; none raises.

    Args:
        folder: Where ``downloads/`` and ``logs/`` are, or will be.
        today: The day against which the age of yt-dlp is counted.
    """
    yield _python()
    yield _ffmpeg()
    yield _ffprobe()
    problems = _import_problems()
    yield _libraries(problems)
    for feature, packages in FEATURES.items():
        yield _feature(feature, packages, problems)
    yield from _ytdlp_age(today or datetime.date.today())
    yield _javascript()
    yield _cpu()
    yield _gpu()
    yield _disk(folder)
    for name in FOLDERS:
        yield _writable(folder / name)
    yield from _unfinished(folder / "downloads")
    yield from _kernels(problems)


def _unfinished(downloads: Path) -> Iterator[Check]:
    """What detectors found of videos that they did not finish; nothing to say where there is none."""
    files = sorted((downloads / ".parts").glob("*.part"))
    if files:
        size = sum(path.stat().st_size for path in files if path.is_file())
        yield Check(
            "unfinished passes",
            "ok",
            f"{len(files)} of detectors, {size / 1e6:.1f} MB in {downloads / '.parts'}; precompute goes on with them; "
            "to see and delete them: python -m core parts",
        )


def _python() -> Check:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Check("python", "ok", found)
    return Check("python", "warn", f"{found}; the lock was made for 3.11 to 3.14")


def _ffmpeg() -> Check:
    return _or_missing("ffmpeg", lambda: f"FFmpeg {ffmpeg_version()} at {ffmpeg_path()}")


def _ffprobe() -> Check:
    path = ffprobe_path()
    return Check("ffprobe", "ok", f"ffprobe at {path}" if path else "ffprobe is not on PATH, and nothing needs it")


def _libraries(problems: Mapping[str, str]) -> Check:
    if "av" in problems:
        return _feature("decoder", ("av",), problems)

    def sentence() -> str:
        libraries = library_versions()
        names = ", ".join(f"{name} {libraries[name]}" for name in ("libavformat", "libavcodec") if name in libraries)
        return f"PyAV {_version('av')} with {names}"

    return _or_missing("decoder", sentence)


def _or_missing(name: str, sentence: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", sentence())
    except FramesieveError as error:
        return Check(name, "missing", str(error).rstrip("."))
    except ImportError as error:
        return Check(name, "missing", f"{error}; {INSTALL}")


def _import_problems() -> dict[str, str]:
    """Returns package -> why it cannot be imported, for every package that cannot; a child process tries it."""
    problems, left = {}, [package for package in MODULES if package not in HEAVY]
    while left:
        said, ending = _try_imports([MODULES[package] for package in left])
        for package in left[: len(said)]:
            if said[MODULES[package]] != "imported":
                problems[package] = said[MODULES[package]]
        left = left[len(said) :]
        if left:  # the child ended before it could say anything about the next one
            problems[left.pop(0)] = ending
    heavy = {package: f"No module named {MODULES[package]!r}" for package in HEAVY if not _is_there(MODULES[package])}
    return problems | heavy


def _try_imports(modules: list[str]) -> tuple[dict[str, str], str]:
    """Returns module -> "imported" or a reason, in order, as far as the child came, and how the child ended."""
    argv = [sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", IMPORT_CODE, *modules]
    try:
        child = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=IMPORT_TIMEOUT_S)
        output, ending = child.stdout, f"its import ended Python with exit code {child.returncode}"
    except subprocess.TimeoutExpired as error:
        output, ending = error.stdout or b"", f"its import had not ended after {IMPORT_TIMEOUT_S:g} s"
    except OSError as error:
        output, ending = b"", f"Python could not be started to import it: {error.strerror or error}"
    lines = [line.split(" ", 2) for line in output.decode("utf-8", "replace").splitlines()]
    return {words[1]: words[2] for words in lines if words[0] == "result" and len(words) == 3}, ending


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _feature(feature: str, packages: tuple[str, ...], problems: Mapping[str, str]) -> Check:
    versions = {package: _version(package) for package in packages}
    absent = [package for package, version in versions.items() if version is None]
    if absent:
        return Check(feature, "missing", f"{' and '.join(absent)} not installed; {INSTALL}")
    broken = [f"{package} cannot be imported ({problems[package]})" for package in packages if package in problems]
    if broken:
        return Check(feature, "missing", f"{' and '.join(broken)}; {INSTALL}")
    return Check(feature, "ok", ", ".join(f"{package} {version}" for package, version in versions.items()))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _ytdlp_age(today: datetime.date) -> Iterator[Check]:
    """Yields nothing without yt-dlp; its versions are days, such as 2026.10.26."""
    version = _version("yt-dlp")
    try:
        year, month, day = map(int, (version or "").split(".")[:3])
        age = (today - datetime.date(year, month, day)).days
    except ValueError:
        return
    old = age > YTDLP_DAYS
    advice = "; video sites change often: make update-ytdlp" if old else ""
    yield Check("yt-dlp age", "warn" if old else "ok", f"yt-dlp is {max(0, age)} days old{advice}")


def _javascript() -> Check:
    found = [f"{name} at {path}" for name in JAVASCRIPT_RUNTIMES if (path := shutil.which(name))]
    if found:
        return Check("javascript", "ok", ", ".join(found))
    names = ", ".join(JAVASCRIPT_RUNTIMES)
    return Check("javascript", "warn", f"none of {names} is on PATH; downloads from YouTube need one, best deno")


def _cpu() -> Check:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cpu", "ok", f"{usable} of {os.cpu_count()} cores usable")


def _gpu() -> Check:
    path = shutil.which("nvidia-smi")
    return Check("gpu", "ok", f"NVIDIA driver at {path}" if path else "no NVIDIA driver; models run on the CPU")


def _disk(folder: Path) -> Check:
    try:
        free_gb = shutil.disk_usage(_existing(folder)).free / 1e9
    except OSError as error:
        return Check("disk", "warn", f"free space is unknown: {error.strerror or error}")
    if free_gb < FREE_DISK_GB:
        return Check("disk", "warn", f"only {free_gb:.1f} GB free; frames of an hour of video can fill that")
    return Check("disk", "ok", f"{free_gb:.0f} GB free")


def _writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return Check(folder.name, "ok", f"{folder} can be written")
    except OSError as error:
        return Check(folder.name, "missing", f"{folder} cannot be written: {error.strerror or error}")


def _existing(folder: Path) -> Path:
    """Returns the folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())


def _kernels(problems: Mapping[str, str]) -> Iterator[Check]:
    if "numba" in problems:
        yield Check("kernels", "missing", f"the numeric kernels need numba, which cannot be imported; {INSTALL}")
        return
    if machine_code.is_there():
        yield Check("kernels", "ok", "the numeric kernels are compiled")
    else:
        yield Check("kernels", "warn", "the numeric kernels will be compiled at the first run; or now: make setup")
