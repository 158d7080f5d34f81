"""The verbs as jobs: plain JSON arguments in, a generator that reports and yields after each durable thing out.

A later verb adds one function here and one line to ``VERBS``. The keys of its arguments are the command line's names.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import config
from core.config import DetectSettings, ExportSettings, ExtractSettings, FetchSettings, FilterSettings, nearest
from core.errors import SelectionChanged, SettingsError
from core.pipeline import face_jobs
from core.pipeline.job_report import Report
from core.records import FrameRecord
from core.store import jsonl, run_file
from core.store.run import RunDir

if TYPE_CHECKING:
    from core.pipeline.fetch import Fetched

Arguments = Mapping[str, Any]
Steps = Generator[None, None, None]


def extract(arguments: Arguments, report: Report) -> Steps:
    """``source``, ``settings`` (``ExtractSettings``), ``out``, ``downloads``, ``resume`` as in ``open_extraction``.

    A source on the web is downloaded first, by ``max_height`` and ``item`` of ``fetch``. Without ``quality_weights`` in
    the settings a run that exists keeps its own.
    """
    from core.pipeline.counting import said_of
    from core.pipeline.extract import DOWNLOADS, open_extraction, records_of
    from core.pipeline.stills import sentence
    from core.video.cut_off import said_of as cut_off_said
    from core.video.source import is_url

    _check(arguments, ("source",), ("settings", "out", "downloads", "resume", "max_height", "item"))
    given = arguments.get("settings") or {}
    settings = config.from_mapping(ExtractSettings, given)
    source, downloads = arguments["source"], _path(arguments.get("downloads")) or DOWNLOADS
    if is_url(source):
        report.wait_for_run(downloads)
        source = (yield from _downloaded({**arguments, "url": source}, downloads, report)).paths[0]
    report.phase("reading the video's index")
    with open_extraction(
        source,
        settings,
        out=_path(arguments.get("out")),
        downloads=downloads,
        resume=bool(arguments.get("resume", True)),
        keep_weights="quality_weights" not in given,
    ) as extraction:
        report.open(extraction.run)
        for said in (said_of(extraction.video.info), sentence(extraction.video.info, extraction.settings)):
            if said:
                report.line(said)
        report.phase("choosing frames", extraction.video.info.frames)
        yield
        with closing(extraction.choose()) as looked:
            for done in looked:
                report.at(done)
                yield
        total = 0 if extraction.ordinals is None else len(extraction.ordinals)
        if extraction.done:
            report.line(f"{extraction.done} of {total} frames were recorded before")
            report.recorded(map(FrameRecord.from_mapping, jsonl.read(extraction.run.metadata)))
        report.phase("extracting", total, extraction.done)
        last = -1
        with closing(records_of(extraction)) as records:
            for record in records:
                if record.frame_number <= last and extraction.ordinals is not None:  # begun anew with an exact ledger
                    report.recorded(())
                    report.phase("extracting", len(extraction.ordinals))
                last = record.frame_number
                report.frame(record, settings.thumbs)
                yield
        cut_off = cut_off_said(extraction.video.info)
        report.result = {"run": str(extraction.run.path), "frames": total, "cut_off": cut_off}


def fetch(arguments: Arguments, report: Report) -> Steps:
    """``url``, ``out``, ``max_height``, ``item``, ``playlist``, ``again`` as in ``pipeline.fetch``."""
    from core.pipeline.fetch import DOWNLOADS

    _check(arguments, ("url",), ("out", "max_height", "item", "playlist", "again"))
    fetched = yield from _downloaded(arguments, _path(arguments.get("out")) or DOWNLOADS, report)
    report.result = {"paths": [str(path) for path in fetched.paths], "refused": list(fetched.refused)}


def _downloaded(arguments: Arguments, folder: Path, report: Report) -> Generator[None, None, Fetched]:
    """Downloads what ``url`` names and shows how far it is."""
    from core.pipeline.fetch import fetch as fetch_videos

    settings = config.from_mapping(FetchSettings, {k: v for k, v in arguments.items() if k == "max_height" and v})
    playlist, again = bool(arguments.get("playlist")), bool(arguments.get("again"))
    item = arguments.get("item")
    shown: tuple[int, str, int | None] | None = None
    said: set[str | None] = {None}
    with closing(fetch_videos(arguments["url"], folder, settings, item=item, playlist=playlist, again=again)) as steps:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                fetched: Fetched = end.value
                return fetched
            now = step.progress
            if (step.number, now.phase, now.total_bytes) != shown:
                shown = (step.number, now.phase, now.total_bytes)
                which = f" {step.number} of {step.of}" if step.of > 1 else ""
                report.phase(f"{PHASES.get(now.phase, now.phase)}{which}", now.total_bytes, unit="bytes")
            report.at(now.done_bytes)
            for text in (now.title, now.note):
                if text not in said:
                    said.add(text)
                    report.line(text or "")
            yield


PHASES = {
    "looking": "asking the site",
    "video": "downloading the picture",
    "audio": "downloading the sound",
    "merging": "joining picture and sound",
    "checking": "checking the download",
    "reused": "downloaded before",
}
"""What people read for the phases of ``FetchProgress``."""


def export(arguments: Arguments, report: Report) -> Steps:
    """``run``, ``filters`` (``FilterSettings``) or ``selection`` (a file), ``dest``, ``video``, ``digest``.

    ``settings`` are those of ``ExportSettings``.

    With ``digest``, that of the selection which a person saw, nothing is exported when the filters keep others now.
    """
    from core.pipeline.export import chosen_by
    from core.pipeline.export import export as export_chosen

    _check(arguments, ("run",), ("filters", "selection", "dest", "video", "digest", "settings"))
    filters = arguments.get("filters")
    if filters is not None and arguments.get("selection"):
        raise SettingsError("both a saved selection and filters came; give one of them.")
    report.phase("choosing frames")
    chosen = chosen_by(
        Path(arguments["run"]),
        None if filters is None else config.from_mapping(FilterSettings, filters),
        _path(arguments.get("selection")),
    )
    if arguments.get("digest") not in (None, chosen.digest):
        raise SelectionChanged(
            "the run changed since these frames were chosen; look at the selection again, then export."
        )
    report.open(chosen.run)
    report.phase("exporting", len(chosen.kept))
    settings = config.from_mapping(ExportSettings, arguments.get("settings") or {})
    dest, video = _path(arguments.get("dest")), _path(arguments.get("video"))
    with closing(export_chosen(chosen, dest, video, settings)) as steps:
        while True:
            try:
                report.frame(next(steps))
            except StopIteration as end:
                folder = str(end.value)
                break
            yield
    report.result = {
        "run": str(chosen.run.path),
        "dest": folder,
        "kept": len(chosen.kept),
        "total": len(chosen.table),
        "digest": chosen.digest,
    }


def shots(arguments: Arguments, report: Report) -> Steps:
    """``run``, ``detector``, ``video`` as in ``pipeline.shots``."""
    from core.pipeline.shots import shots as find_shots

    _check(arguments, ("run",), ("detector", "video"))
    run = RunDir(Path(arguments["run"]))
    report.phase("looking for cuts", run_file.read(run.run_json).video.frames)
    report.open(run)
    detector = arguments.get("detector") or "adaptive"
    with closing(find_shots(run.path, detector, _path(arguments.get("video")))) as steps:
        while True:
            try:
                report.at(next(steps))
            except StopIteration as end:
                report.result = {"run": str(run.path), "shots": len(end.value)}
                return
            yield


def rescore(arguments: Arguments, report: Report) -> Steps:
    """``run``, ``quality_weights`` (five numbers)."""
    from core.pipeline.rescore import rescore as rescore_run

    _check(arguments, ("run", "quality_weights"), ())
    run = RunDir(Path(arguments["run"]))
    run_file.read(run.run_json)
    report.open(run)
    report.phase("scoring")
    yield
    count = rescore_run(run.path, tuple(arguments["quality_weights"]))
    report.at(count)
    report.result = {"run": str(run.path), "frames": count}


def _faces(arguments: Arguments, report: Report) -> Steps:
    _check(arguments, ("run",), ("settings", "again", "people", "names", "video"))
    return face_jobs.faces(arguments, report)


def _face_photo(arguments: Arguments, report: Report) -> Steps:
    _check(arguments, ("photo",), ("settings", "look"))
    return face_jobs.face_photo(arguments, report)


def _face_model(arguments: Arguments, report: Report) -> Steps:
    _check(arguments, (), ("settings", "look"))
    return face_jobs.face_model(arguments, report)


def _face_pack(arguments: Arguments, report: Report) -> Steps:
    _check(arguments, ("name",), ())
    return face_jobs.face_pack(arguments, report)


def precompute(arguments: Arguments, report: Report) -> Steps:
    """``source``, ``weights``, ``settings`` (``DetectSettings``), ``run``, ``downloads``, ``force``, ``unsafe``.

    ``run``: the run of this video, whose folder also takes the cache when that of the video cannot be written.
    ``unsafe``: load weights that hold more than weights; this process ends with the job.
    """
    from core.pipeline.detect import detect, folders_for, said_of
    from core.pipeline.extract import DOWNLOADS
    from core.store import detections
    from core.video.probe import probe
    from core.weights import identify

    _check(arguments, ("source", "weights"), ("settings", "run", "downloads", "force", "unsafe"))
    settings = config.from_mapping(DetectSettings, arguments.get("settings") or {})
    run, downloads = _path(arguments.get("run")), _path(arguments.get("downloads")) or DOWNLOADS
    if run is None:
        report.wait_for_run(downloads)
    else:
        report.open(RunDir(run))
    report.phase("reading the video's index")
    video, weights = probe(arguments["source"], stream=settings.stream), identify(arguments["weights"])
    yield
    found = detections.find(video.info, weights, folders_for(video.path, run))
    if found.cache is not None and not arguments.get("force"):
        report.line(f"{found.cache.path.name} is there already")
        report.result = {"cache": str(found.cache.path), "frames": len(found.cache), "boxes": len(found.cache.confs)}
        return
    for sentence in found.refused:
        report.line(sentence)
    report.phase("loading the model")
    yield
    unsafe = bool(arguments.get("unsafe"))
    with closing(detect(video, weights, settings, run=run, downloads=downloads, unsafe=unsafe)) as steps:
        before = next(steps)
        report.phase("detecting", len(video.ledger), before)
        while True:
            try:
                report.at(next(steps))
            except StopIteration as end:
                cache = end.value
                break
            yield
    report.line(f"{cache.meta.backend}{said_of(cache)}")
    report.result = {"cache": str(cache.path), "frames": len(cache), "boxes": len(cache.confs)}


def fetch_weights(arguments: Arguments, report: Report) -> Steps:
    """``name`` of weights that Ultralytics offers, ``out`` (a folder); it downloads them in this process."""
    from core.models.yolo_weights import download

    _check(arguments, ("name", "out"), ())
    report.phase(f"downloading {arguments['name']}")
    yield
    report.result = {"path": str(download(arguments["name"], Path(arguments["out"])))}


def proxy(arguments: Arguments, report: Report) -> Steps:
    """``video``, ``downloads`` and ``stream`` as in ``pipeline.proxies``."""
    from core.pipeline import proxies

    _check(arguments, ("video", "downloads"), ("stream",))
    stream = config.from_mapping(ExtractSettings, {"stream": arguments.get("stream")}).stream
    path, downloads = Path(arguments["video"]), Path(arguments["downloads"])
    report.phase("reading the video's index")
    yield
    total = len(proxies.open_counted(path, downloads, stream).ledger)
    report.phase("making a copy that browsers play", total)
    with closing(proxies.make(path, downloads, stream)) as steps:
        while True:
            try:
                report.at(next(steps))
            except StopIteration as end:
                report.result = {"proxy": str(end.value), "frames": total}
                return
            yield


VERBS: dict[str, Callable[[Arguments, Report], Steps]] = {
    "extract": extract,
    "precompute": precompute,
    "fetch_weights": fetch_weights,
    "fetch": fetch,
    "export": export,
    "shots": shots,
    "rescore": rescore,
    "faces": _faces,
    "face_photo": _face_photo,
    "face_model": _face_model,
    "face_pack": _face_pack,
    "proxy": proxy,
}
IN_THEIR_RUN: dict[str, Callable[[Arguments, str], dict[str, Any]]] = {
    "extract": lambda arguments, run: (
        {**arguments, "out": run, "resume": True} if RunDir(Path(run)).run_json.exists() else dict(arguments)
    ),
    "faces": face_jobs.resumed,
}
"""How a verb that finds its own run folder is told the one that it had before it was interrupted."""


def steps_of(verb: str, arguments: Arguments, report: Report, resumed_in: str | None = None) -> Steps:
    """Returns the generator of a verb; nothing runs before its first step.

    Args:
        verb: a key of ``VERBS``.
        arguments: of the verb.
        report: where it tells what it does.
        resumed_in: the run folder in which the same job was interrupted.

    Raises:
        SettingsError: there is no such verb.
    """
    if verb not in VERBS:
        raise SettingsError(f'"{verb}" is not a verb{nearest(verb, VERBS)}.')
    if resumed_in is not None and verb in IN_THEIR_RUN:
        arguments = IN_THEIR_RUN[verb](arguments, resumed_in)
    return VERBS[verb](arguments, report)


def _check(arguments: Arguments, wanted: tuple[str, ...], possible: tuple[str, ...]) -> None:
    for key in arguments:
        if key not in (*wanted, *possible):
            raise SettingsError(f'"{key}" is not an argument{nearest(key, (*wanted, *possible))}.')
    for key in wanted:
        if not arguments.get(key):
            raise SettingsError(f'"{key}" is missing; give it.')


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
