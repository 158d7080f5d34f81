"""``precompute``: a detector runs over a video, or over all of a folder, and its boxes are kept beside each."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import FramesieveError, MissingDependency, SettingsError, SourceError, WeightsError
from core.models.yolo_weights import prepare_environment
from core.pipeline.detect import detect, folders_for, summary_of
from core.pipeline.failures import failure_of_one
from core.settings.detect import PrecomputeArguments
from core.step import Notice, Outcome, Step, each
from core.store import detections
from core.store.detections import DetectionCache
from core.video.folder import videos_below
from core.video.probe import probe
from core.weights import Weights, identify
from core.wording import plural

VERB = "precompute"
DETECTING = "detecting"
DONE, SKIPPED, FAILED = "done", "skipped", "failed"


@dataclass(frozen=True)
class Precomputed(Outcome):
    """What became of each video."""

    videos: list[dict[str, Any]]
    """Plain values: ``video``, ``state``, ``cache``, ``error`` ..., see docs/formats.md."""

    def brief(self) -> dict[str, Any]:
        """Of one video: its cache, frames and boxes."""
        if len(self.videos) != 1:
            return self.to_mapping()
        return {name: self.videos[0].get(name) for name in ("cache", "frames", "boxes")}

    def lines(self) -> list[str]:
        """One line; each video has said its own."""
        counts = ", ".join(f"{self._count(state)} {state}" for state in (DONE, SKIPPED, FAILED))
        return [f"{plural(len(self.videos), 'video')}: {counts}"]

    def shortfall(self) -> FramesieveError | None:
        """Says how many failed."""
        if not (failed := self._count(FAILED)):
            return None
        count = plural(len(self.videos), "video")
        return FramesieveError(f"{failed} of {count} failed; the reasons stand above.", failed=failed)

    def _count(self, state: str) -> int:
        return sum(video["state"] == state for video in self.videos)


def precompute(arguments: PrecomputeArguments) -> Generator[Step, None, Precomputed]:
    """Detects in one video, or in each of a folder; a video of a folder that fails does not stop the others.

    Raises:
        SettingsError: neither a video nor a folder came, or both. SourceError: there is none, or it is no video.
        WeightsError, MissingDependency: the weights cannot be used. StorageError: no folder can be written.
    """
    if (arguments.source is None) == (arguments.input_dir is None):
        raise SettingsError("one video or one folder of videos is wanted.", field="source")
    prepare_environment()
    if arguments.source is not None:
        yield Step("reading the video's index")
        entry = yield from _detected(arguments.source, identify(arguments.weights), arguments, "")
        return Precomputed([entry])
    weights = identify(arguments.weights)
    assert arguments.input_dir is not None
    unread: list[Notice] = []
    videos = _videos(arguments.input_dir, arguments.pattern, unread)
    yield Step(DETECTING, notices=tuple(unread))
    done: list[dict[str, Any]] = []
    for number, path in enumerate(videos, 1):
        title = f"[{number}/{len(videos)}] {path.name}"
        try:
            done.append((yield from _detected(path, weights, arguments, title)))
        except (WeightsError, MissingDependency):
            raise
        except Exception as error:
            sentence = failure_of_one(error, VERB)
            done.append({"video": str(path), "state": FAILED, "error": sentence})
            yield Step(title, notices=(Notice("video_failed", f"{title} failed: {sentence}", {"video": str(path)}),))
        yield Step(title, line=_line(done[-1]))
    return Precomputed(done)


def _videos(folder: Path, pattern: str | None, unread: list[Notice]) -> list[Path]:
    def skipped(error: OSError) -> None:
        text = f"{error.filename} cannot be read ({error.strerror}), so no video in it is looked at."
        unread.append(Notice("folder_unread", text, {"folder": str(error.filename)}))

    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; name the one that holds the videos.", field="input_dir")
    if pattern is None:
        found = sorted(videos_below(folder, skipped))
        if not found:
            raise SourceError(f"no file in {folder} is named like a video; give another folder or a --pattern.")
        return found
    try:
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError) as error:
        raise SettingsError(
            f'"{pattern}" is not a pattern ({error}); give one such as "**/*.mp4".', field="pattern"
        ) from None
    if not found:
        raise SourceError(f'no file in {folder} fits "{pattern}"; give another folder or another --pattern.')
    return found


def _detected(
    path: Path, weights: Weights, arguments: PrecomputeArguments, title: str
) -> Generator[Step, None, dict[str, Any]]:
    """Detects in one video; ``title`` names it among others, "" = it is the only one."""
    settings, phase = arguments.settings, title or DETECTING
    video = probe(path, stream=settings.stream)
    found = detections.find(video.info, weights, folders_for(video.path, arguments.run))
    if found.refused:
        yield Step(phase, notices=tuple(Notice("cache_refused", sentence) for sentence in found.refused))
    if found.cache is not None and not arguments.force:
        text = f"{found.cache.path.name} is there already"
        yield Step(phase, notices=() if title else (Notice("cache_there", text),))
        return {"video": str(path), "state": SKIPPED, "cache": str(found.cache.path)} | (
            {} if title else _size(found.cache)
        )
    if not title:
        yield Step("loading the model")
    began, total, before = time.perf_counter(), len(video.ledger), -1

    def step(done: int) -> Step:
        nonlocal before
        if before >= 0:
            return Step(phase, done, total, before)
        before = done
        text = f"{title}: {before} of {plural(total, 'frame')} were recorded before.".removeprefix(": ")
        return Step(phase, done, total, before, notices=(Notice("recorded_before", text),) if before else ())

    passes = detect(video, weights, settings, run=arguments.run, downloads=arguments.downloads, unsafe=arguments.unsafe)
    cache: DetectionCache = yield from each(passes, step)
    seconds = time.perf_counter() - began
    text = f"{title}: {cache.meta.backend}{summary_of(cache)}".removeprefix(": ")
    yield Step(phase, total, total, before, notices=(Notice("backend", text, {"backend": cache.meta.backend}),))
    return (
        {"video": str(path), "state": DONE, "cache": str(cache.path)}
        | _size(cache)
        | {
            "undecoded_frames": cache.meta.undecoded_frames,
            "saturated_frames": cache.meta.saturated_frames,
            "seconds": round(seconds, 3),
            "frames_per_s": round((total - before) / seconds, 1) if seconds > 0 else 0.0,
            "backend": cache.meta.backend,
        }
    )


def _size(cache: DetectionCache) -> dict[str, int]:
    return {"frames": len(cache), "boxes": len(cache.confs)}


def _line(entry: dict[str, Any]) -> str:
    name = entry["video"]
    if entry["state"] == FAILED:
        return f"{name}: failed"
    if entry["state"] == SKIPPED:
        return f"{name}: skipped, {Path(entry['cache']).name} is there"
    counts = f"{plural(entry['frames'], 'frame')}, {entry['boxes']} boxes, {entry['frames_per_s']:.0f} frames/s"
    return f"{name}: {counts}, {entry['cache']}"
