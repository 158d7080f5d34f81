"""The verbs of the command line that are about detectors: precompute, parts."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from core import config, options
from core.config import DetectSettings
from core.console import answer, counted, note, note_and_log, plural, result
from core.endings import failure
from core.errors import FramesieveError, MissingDependency, RunBusy, SettingsError, SourceError, WeightsError
from core.options import DETECT_FLAGS, given
from core.progress import Progress
from core.video.folder import videos_below


def precompute_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``precompute`` takes."""
    verb.add_argument(
        "--input-dir", type=options.path, required=True, metavar="DIR", help="the folder whose videos are looked at"
    )
    verb.add_argument(
        "--pattern",
        metavar="GLOB",
        help='which files of it, taken as it is written, such as "**/*.mp4" (default: every video in it and below it, '
        "whatever the letters of its ending; hidden files and those that systems leave are passed over)",
    )
    verb.add_argument(
        "--weights", type=options.path, required=True, metavar="FILE", help="a .pt or .onnx of an Ultralytics model"
    )
    verb.add_argument("--force", action="store_true", help="replace caches that exist")
    verb.add_argument(
        "--allow-unsafe", action="store_true", help="load weights that may run code; only if you trust their maker"
    )
    options.add_settings(verb, DetectSettings, DETECT_FLAGS)
    options.add_json(verb)
    verb.set_defaults(run=_precompute, resume=True)


def _precompute(args: argparse.Namespace) -> None:
    from core.models.yolo_weights import prepare_environment
    from core.weights import identify

    settings = config.from_mapping(DetectSettings, given(args, DETECT_FLAGS))
    weights = identify(args.weights)
    videos = _videos(args.input_dir, args.pattern)
    prepare_environment()
    done: list[dict[str, Any]] = []
    for number, path in enumerate(videos, 1):
        try:
            done.append(_one(path, weights, settings, args, f"[{number}/{len(videos)}]"))
        except (WeightsError, MissingDependency):
            raise
        except Exception as error:
            sentence = failure(error, args.command)
            done.append({"video": str(path), "state": "failed", "error": sentence})
            note_and_log(f"[{number}/{len(videos)}] {path.name} failed: {sentence}")
        if not args.json:
            result(_line(done[-1]))
    states = [entry["state"] for entry in done]
    failed = states.count("failed")
    counts = f"{states.count('done')} done, {states.count('skipped')} skipped, {failed} failed"
    answer(args, {"videos": done}, [f"{plural(len(videos), 'video')}: {counts}"])
    if failed:
        raise FramesieveError(f"{failed} of {plural(len(videos), 'video')} failed; the reasons stand above.")


def _videos(folder: Path, pattern: str | None) -> list[Path]:
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; name the one that holds the videos.")
    if pattern is None:
        found = sorted(videos_below(folder, _unread))
        if not found:
            raise SourceError(f"no file in {folder} is named like a video; give another folder or a --pattern.")
        return found
    try:
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError) as error:
        raise SettingsError(f'"{pattern}" is not a pattern ({error}); give one such as "**/*.mp4".') from None
    if not found:
        raise SourceError(f'no file in {folder} fits "{pattern}"; give another folder or another --pattern.')
    return found


def _unread(error: OSError) -> None:
    note_and_log(f"{error.filename} cannot be read ({error.strerror}), so no video in it is looked at.")


def _one(path: Path, weights: Any, settings: DetectSettings, args: argparse.Namespace, title: str) -> dict[str, Any]:
    from core.pipeline.detect import detect, folders_for, said_of
    from core.store import detections
    from core.video.probe import probe

    video = probe(path, stream=settings.stream)
    found = detections.find(video.info, weights, folders_for(path))
    for sentence in found.refused:
        note_and_log(sentence)
    if found.cache is not None and not args.force:
        return {"video": str(path), "state": "skipped", "cache": str(found.cache.path)}
    steps = detect(video, weights, settings, unsafe=args.allow_unsafe)
    before = next(steps)
    if before:
        note(f"{title} {path.name}: {before} of {plural(len(video.ledger), 'frame')} were recorded before.")
    progress = Progress(len(video.ledger), done=before, skipped=before)
    cache = counted(steps, progress, f"{title} {path.name}")
    note_and_log(f"{title} {path.name}: {cache.meta.backend}{said_of(cache)}")
    return {
        "video": str(path),
        "state": "done",
        "cache": str(cache.path),
        "frames": len(cache),
        "boxes": len(cache.confs),
        "undecoded_frames": cache.meta.undecoded_frames,
        "saturated_frames": cache.meta.saturated_frames,
        "seconds": round(progress.seconds, 3),
        "frames_per_s": round(progress.per_second, 1),
        "backend": cache.meta.backend,
    }


# --- what unfinished passes left


def parts_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``parts`` takes."""
    verb.add_argument(
        "--input-dir",
        type=options.path,
        metavar="DIR",
        help="look here and below too: earlier versions left such files, hidden, beside the videos",
    )
    verb.add_argument("--remove", action="store_true", help="delete what is listed, except what a process writes now")
    verb.add_argument(
        "--older-than", type=float, default=0.0, metavar="DAYS", help="only what did not change for so many days"
    )
    options.add_json(verb)
    verb.set_defaults(run=_parts)


def _parts(args: argparse.Namespace) -> None:
    from core.pipeline.detect import DOWNLOADS
    from core.store import detections_part, parts_left

    if args.input_dir is not None and not args.input_dir.is_dir():
        raise SourceError(f"{args.input_dir} is not a folder; name the one that holds the videos.")
    told: list[dict[str, Any]] = []
    for left in parts_left.found(DOWNLOADS / detections_part.HOME, args.input_dir):
        days = max(0.0, time.time() - left.changed_s) / 86_400
        if days >= args.older_than:
            gone = args.remove and detections_part.remove(left.path)
            about = {"video": left.video, "weights": left.weights, "frames": left.frames, "total": left.total}
            about |= {"bytes": left.bytes, "days": round(days, 1), "removed": gone}
            told.append({"file": str(left.path), **about})
    removed = sum(entry["removed"] for entry in told)
    count = "1 unfinished pass" if len(told) == 1 else f"{len(told)} unfinished passes"
    lines = [f"{count}, {removed} removed"]
    answer(args, {"parts": told}, [*lines, *map(_part_line, told)])
    if args.remove and removed < len(told):
        raise RunBusy(f"{len(told) - removed} could not be removed: a process writes them, or they may not be changed.")


def _part_line(entry: dict[str, Any]) -> str:
    total = "" if entry["total"] is None else f" of {entry['total']}"
    age = f"{entry['bytes'] / 1e6:.1f} MB, {entry['days']:g} days old"
    end = " (removed)" if entry["removed"] else ""
    return f"  {entry['video']} with {entry['weights']}: {entry['frames']}{total} frames, {age}, {entry['file']}{end}"


def _line(entry: dict[str, Any]) -> str:
    name = entry["video"]
    if entry["state"] == "failed":
        return f"{name}: failed"
    if entry["state"] == "skipped":
        return f"{name}: skipped, {Path(entry['cache']).name} is there"
    counts = f"{plural(entry['frames'], 'frame')}, {entry['boxes']} boxes, {entry['frames_per_s']:.0f} frames/s"
    return f"{name}: {counts}, {entry['cache']}"
