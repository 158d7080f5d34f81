"""The options of the verbs: flags made from the settings, paths that are made whole once, and what was really typed."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from core import config
from core.config import DEVICES, FACE_PACKS, MAX_FACE_DISTANCE, METHODS
from core.console import note, result
from core.errors import RunError, SettingsError, SourceError, StorageError


class Parser(argparse.ArgumentParser):
    """Answers a wrong option with one sentence instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Prints the sentence and leaves with exit code 2."""
        self.exit(2, f"error: {message}; {self.prog} --help lists what can be given.\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Prints as everything else is printed; argparse itself says nothing when a help text cannot be written."""
        for line in message.splitlines():
            (result if file is sys.stdout else note)(line)


# --- paths


def path(text: str) -> Path:
    """Returns an absolute path that ends in a name, as ``.`` and ``..`` do not; refuses an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty path came, perhaps from a variable that is not set")
    typed = Path(text)
    try:
        # Only ".." needs the links resolved; a link that is the run folder itself keeps its name.
        return Path(os.path.realpath(typed)) if ".." in typed.parts else typed.absolute()
    except FileNotFoundError:
        raise argparse.ArgumentTypeError("the folder that you are in was deleted; go to another one") from None


def source(text: str) -> Path | str:
    """Returns the path of a video; a URL, which as a path would lose a slash, and an empty text stay what they are."""
    return text if not text.strip() or ("://" in text and not Path(text).exists()) else path(text)


def face_model(text: str) -> str:
    """Returns the name of a pack, or the absolute path of a folder."""
    return text if text in FACE_PACKS or ("/" not in text and not Path(text).is_dir()) else str(path(text))


def reference(text: str) -> str:
    """Returns a photo (``IMG``, ``IMG#N``) with its absolute path; ``person:ID`` and ``face:ROW`` as they are."""
    return text if text.startswith(("person:", "face:")) and not Path(text).exists() else str(path(text))


def check_paths(args: argparse.Namespace) -> None:
    """Says what is wrong with a path where a verb would only see that the system refuses it.

    Raises:
        FramesieveError: a URL for a video, a file for a run, a file for a folder to write to.
    """
    for name, check in CHECKS.items():
        value = getattr(args, name, None)
        if value is not None:
            check(value)


def _check_source(value: Path | str) -> None:
    if not str(value).strip():
        raise SourceError("an empty path came, perhaps from a variable that is not set; name a video.")
    if isinstance(value, str) and not value.lower().startswith(("http://", "https://")):
        raise SourceError(f"{value} is neither a file nor a web address that starts with http or https; check it.")


def _check_run(value: Path) -> None:
    if value.is_file():
        raise RunError(f"{value} is a file, not a run folder; name the folder that extract made.")


def _check_out(value: Path) -> None:
    if value.is_file():
        raise StorageError(f"{value} is a file and a folder is wanted; choose another name for --out.")


CHECKS: dict[str, Callable[[Any], None]] = {"source": _check_source, "path": _check_run, "out": _check_out}
"""Argument -> what is looked at before the verb starts."""


# --- options that several verbs have


def add_json(verb: argparse.ArgumentParser) -> None:
    """Adds ``--json``."""
    verb.add_argument("--json", action="store_true", help="end the output with one JSON object on a line of its own")


def add_video(verb: argparse.ArgumentParser) -> None:
    """Adds ``--video``."""
    verb.add_argument("--video", type=path, metavar="FILE", help="where the run's video lies now, if it was moved")


def add_run(verb: argparse.ArgumentParser) -> None:
    """Adds the run folder, as ``path``."""
    verb.add_argument("path", metavar="RUN", type=path, help="a run folder")


# --- options made from the settings

Flags = dict[str, tuple[str, dict[str, Any]]]
STREAM_FLAG: Flags = {"stream": ("--stream", {"type": int, "metavar": "N"})}
EXTRACT_FLAGS: Flags = {
    "method": ("--method", {"choices": METHODS}),
    "interval": ("--interval", {"type": float, "metavar": "S"}),
    "every": ("--every", {"type": int, "metavar": "N"}),
    "scene_threshold": ("--scene-threshold", {"type": float, "metavar": "T"}),
    "scene_fast": ("--scene-fast", {"action": "store_true"}),
    "target": ("--target", {"type": int, "metavar": "N"}),
    "png": ("--png", {"action": "store_true"}),
    "jpeg_quality": ("--jpeg-quality", {"type": int, "metavar": "Q"}),
    "hdr": ("--hdr", {"choices": config.HDR}),
    "save_frames": ("--save-frames", {"action": argparse.BooleanOptionalAction}),
    "thumbs": ("--thumbs", {"action": "store_true"}),
    "thumb_height": ("--thumb-height", {"type": int, "metavar": "PX"}),
    "quality_weights": (
        "--quality-weights",
        {"type": float, "nargs": 5, "metavar": ("SHARP", "EDGE", "CONTRAST", "BRIGHT", "ENTROPY")},
    ),
    "min_quality": ("--min-quality", {"type": float, "metavar": "Q"}),
    "min": ("--min", {"action": "append", "metavar": "METRIC=VALUE"}),
    "sharpness_scale": ("--sharpness-scale", {"type": float, "metavar": "X"}),
    "edge_scale": ("--edge-scale", {"type": float, "metavar": "X"}),
}
"""Setting -> flag and how argparse reads it; help, range and default come from the setting itself."""

FACE_FLAGS: Flags = {
    "face_model": ("--face-model", {"type": face_model, "metavar": "NAME_OR_FOLDER"}),
    "face_device": ("--face-device", {"choices": DEVICES}),
    "min_face_confidence": ("--min-face-confidence", {"type": float, "metavar": "C"}),
    "face_refs": ("--face-ref-img", {"type": reference, "action": "append", "metavar": "IMG"}),
}
EXTRACT_FLAGS |= {
    "faces": ("--faces", {"action": "store_true"}),
    "face_filter": ("--enable-face-filter", {"action": "store_true"}),
    **{name: FACE_FLAGS[name] for name in ("face_model", "face_device", "min_face_confidence")},
    "min_face_area": ("--min-face-area", {"type": float, "metavar": "P"}),
    "face_refs": FACE_FLAGS["face_refs"],
    **STREAM_FLAG,
}

EXPORT_FLAGS: Flags = {
    "face_crops": ("--face-crops", {"action": "store_true"}),
    "face_margin": ("--face-margin", {"type": float, "metavar": "M"}),
}

DETECT_FLAGS: Flags = {
    "device": ("--device", {"choices": config.DEVICES}),
    "precision": ("--precision", {"choices": config.PRECISIONS}),
    "imgsz": ("--imgsz", {"type": int, "metavar": "PX"}),
    "conf_floor": ("--conf-floor", {"type": float, "metavar": "C"}),
    "nms_iou": ("--nms-iou", {"type": float, "metavar": "IOU"}),
    "max_det": ("--max-det", {"type": int, "metavar": "N"}),
    **STREAM_FLAG,
}

FILTER_FLAGS: Flags = {
    "min": ("--min", {"action": "append", "metavar": "COLUMN=VALUE"}),
    "max": ("--max", {"action": "append", "metavar": "COLUMN=VALUE"}),
    "person_ids": ("--person", {"type": int, "nargs": "+", "metavar": "ID"}),
    "shots": ("--shots", {"type": int, "nargs": "+", "metavar": "SHOT"}),
    "dedup": ("--dedup", {"type": int, "metavar": "D"}),
    "rank_by": ("--rank-by", {"metavar": "COLUMN"}),
    "top": ("--top", {"type": int, "metavar": "N"}),
    "top_percent": ("--top-percent", {"type": float, "metavar": "P"}),
    "per_shot": ("--per-shot", {"type": int, "metavar": "N"}),
    "per_shot_percent": ("--per-shot-percent", {"type": float, "metavar": "P"}),
    "per_window": ("--per-window", {"type": int, "metavar": "N"}),
    "per_window_percent": ("--per-window-percent", {"type": float, "metavar": "P"}),
    "window": ("--window", {"type": float, "metavar": "S"}),
    "at_least": ("--at-least", {"type": int, "metavar": "N"}),
    "keep": ("--keep", {"type": int, "nargs": "+", "metavar": "FRAME"}),
    "reject": ("--reject", {"type": int, "nargs": "+", "metavar": "FRAME"}),
}


def add_settings(verb: argparse.ArgumentParser, kind: type, flags: Flags, *, required: bool = False) -> None:
    """Adds a flag for each setting; what is not typed is absent from the parsed arguments."""
    fields = {f.name: f for f in dataclasses.fields(kind)}
    for name, (flag, reading) in flags.items():
        text = _help(fields[name], with_default=not required)
        verb.add_argument(flag, dest=name, default=argparse.SUPPRESS, help=text, required=required, **reading)


def _help(field: Any, with_default: bool) -> str:
    facts = field.metadata
    notes = [facts["unit"], _range(facts["low"], facts["high"]), _default(field.default) if with_default else ""]
    text = ", ".join(note for note in notes if note)
    return (f"{facts['help']} ({text})" if text else facts["help"]).replace("%", "%%")


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    start, end = 0 < low < SMALLEST, high > OPEN_ENDED
    return "" if start and end else f"from {low:g}" if end else f"{low:g} to {high:g}"


def _default(value: Any) -> str:
    if isinstance(value, tuple) and value:
        return "default " + " ".join(f"{number:g}" for number in value)
    if isinstance(value, bool):
        return "default on" if value else ""
    if isinstance(value, (int, float)):
        return f"default {value:g}"
    return f"default {value}" if isinstance(value, str) else ""


OPEN_ENDED, SMALLEST = 50_000, 0.001
"""Bounds beyond these only catch typing errors; the help leaves them out."""


def add_face_distance(verb: argparse.ArgumentParser) -> None:
    """Adds ``--max-face-distance``, another way to say ``--max face_distance=D``."""
    verb.add_argument(
        "--max-face-distance",
        type=float,
        nargs="?",
        const=MAX_FACE_DISTANCE,
        metavar="D",
        help=f"drop frames whose faces are farther from the reference (0-2; {MAX_FACE_DISTANCE:g} without a number)",
    )


def given(args: argparse.Namespace, flags: Flags) -> dict[str, Any]:
    """Returns the settings that were really typed, as plain values.

    Raises:
        SettingsError: a bound is not COLUMN=NUMBER, or a column came twice.
    """
    values = {name: getattr(args, name) for name in flags if hasattr(args, name)}
    for name in ("min", "max"):
        if name in values:
            values[name] = _bounds(values[name], name)
    if flags is FILTER_FLAGS and getattr(args, "max_face_distance", None) is not None:
        values["max"] = values.get("max", {}) | {"face_distance": args.max_face_distance}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}


def _bounds(texts: list[str], flag: str) -> dict[str, float]:
    bounds: dict[str, float] = {}
    for column, value in (_bound(text, flag) for text in texts):
        if column in bounds:
            raise SettingsError(f"--{flag} {column} came twice ({bounds[column]:g} and {value:g}); give it once.")
        bounds[column] = value
    return bounds


def _bound(text: str, flag: str) -> tuple[str, float]:
    column, _, number = text.partition("=")
    try:
        return column.strip(), float(number)
    except ValueError:
        raise SettingsError(f'--{flag} "{text}" is not COLUMN=NUMBER, for example --{flag} sharpness=20.') from None


def preset(args: argparse.Namespace, part: str) -> dict[str, Any]:
    """Returns what ``--preset`` says about a verb, as plain values. Raises ``SettingsError`` for an unknown one."""
    if args.preset is None:
        return {}
    from core.store import presets

    loaded = presets.load(args.preset)
    settings = loaded.extract if part == "extract" else loaded.filter
    return {} if settings is None else config.differences(settings)
