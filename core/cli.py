"""``python -m core VERB``: one small function per verb. Imports nothing heavy before a verb needs it."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import __version__, config, detect_verbs, face_verbs, fetching, log, options, run_verbs
from core.config import ExtractSettings
from core.console import answer, counted, note, note_and_log, plural, ranges, result, result_json, watched
from core.endings import EXIT_CODES, INTERRUPTED, Command, ending
from core.errors import SourceError
from core.options import EXTRACT_FLAGS, STREAM_FLAG, given, preset
from core.progress import Progress

if TYPE_CHECKING:
    from core.records import FrameTable

__all__ = ["INTERRUPTED", "VERBS", "main", "parser"]


def main(argv: list[str] | None = None) -> int:
    """Runs one verb and returns the exit code; whatever goes wrong is one sentence on standard error."""
    command = Command()
    try:
        args = parser().parse_args(argv)
        command.verb, command.resumes = args.verb, getattr(args, "resume", False)
        command.log_file = log.start(verbose=args.verbose)
        log.remember(f"python -m core {shlex.join(sys.argv[1:] if argv is None else argv)}")
        command.place = next((f"--{name}" for name in ("out", "dest") if hasattr(args, name)), None)
        args.command = command
        options.check_paths(args)
        run: Callable[[argparse.Namespace], None] = args.run
        run(args)
        return 0
    except (Exception, KeyboardInterrupt) as error:
        sentence, code = ending(error, command)
        note(sentence)
        return code


def parser() -> argparse.ArgumentParser:
    """Returns the parser of all verbs."""
    top = options.Parser(
        prog="python -m core",
        description="Framesieve: turns video into the frames that matter.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"framesieve {__version__}")
    top.add_argument("-v", "--verbose", action="store_true", help="say more on the console")
    verbs = top.add_subparsers(metavar="VERB", dest="verb", required=True)
    for name, text, build in VERBS:
        verb = verbs.add_parser(name, help=text, description=text)
        build(verb)
    return top


# --- extract


def _extract_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "source", metavar="SOURCE", type=options.source, help="a video file, or a web address to download it from"
    )
    options.add_settings(verb, ExtractSettings, EXTRACT_FLAGS)
    fetching.add_height(verb)
    verb.add_argument(
        "--out", type=options.path, metavar="DIR", help="the run folder itself (default downloads/<video stem>)"
    )
    verb.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on with the run of the same video and settings (default)",
    )
    verb.add_argument("--preset", metavar="NAME", help="settings from presets/NAME.json; options given here win")
    options.add_json(verb)
    verb.set_defaults(run=_extract)


def _extract(args: argparse.Namespace) -> None:
    from core.pipeline.counting import said_of
    from core.pipeline.extract import open_extraction, records_of
    from core.pipeline.stills import sentence
    from core.video.cut_off import said_of as cut_off_said

    values = preset(args, "extract") | given(args, EXTRACT_FLAGS)
    settings = config.from_mapping(ExtractSettings, values)
    keep_weights = "quality_weights" not in values
    args.source = fetching.local(args)
    with open_extraction(
        args.source, settings, out=args.out, resume=args.resume, keep_weights=keep_weights
    ) as extraction:
        info = extraction.video.info
        size = f"{plural(info.frames, 'frame')}, {info.width}x{info.height}, {_rate(info)}"
        note_and_log(f"{args.source}: {size}; run {extraction.run.path}")
        for sentence_of_video in (said_of(info), sentence(info, extraction.settings)):
            if sentence_of_video:
                note_and_log(sentence_of_video)
        watch = Progress(info.frames)
        counted(extraction.choose(), watch, "looking")
        looked = watch.done
        total = 0 if extraction.ordinals is None else len(extraction.ordinals)
        progress = Progress(total, done=extraction.done, skipped=extraction.done)
        if extraction.done:
            note(f"{extraction.done} of {plural(total, 'frame')} {'was' if total == 1 else 'were'} recorded before.")
        for _ in watched(records_of(extraction), progress, "extracting"):
            pass
        seconds = watch.seconds
        run, cut_off = extraction.run, cut_off_said(info)
    _extract_summary(args, run, max(looked, progress.done - progress.skipped), seconds, cut_off)


def _extract_summary(args: argparse.Namespace, run: Any, looked: int, seconds: float, cut_off: str | None) -> None:
    from core.store.table import load_table

    table = load_table(run)
    kept = int(((table.discarded == "") & ~table.error).sum())
    if table.error.any():
        note_and_log(_damage_in(table))
    values = {"run": str(run.path), "frames": len(table), "kept": kept, "seconds": round(seconds, 3)}
    values["cut_off"] = cut_off
    values["frames_per_s"] = round(looked / seconds, 1) if seconds > 0 else 0.0
    speed = f", {looked / seconds:.0f} frames/s" if looked else ""
    line = f"{kept} of {plural(len(table), 'frame')} kept in {run.path} ({seconds:.1f} s{speed})"
    answer(args, values, [line])


def _damage_in(table: FrameTable) -> str:
    """Which frames carry an error: those without a picture, and those whose picture is not surely the right one."""
    import numpy as np

    lost = table.error & np.isnan(table.values.get("quality_score", np.full(len(table), np.nan)))
    kinds = (("could not be decoded", lost), ("decoded with damage", table.error & ~lost))
    told = [f"{np.count_nonzero(of)} {name} ({ranges(table.ordinal[of].tolist())})" for name, of in kinds if of.any()]
    frames = plural(int(np.count_nonzero(table.error)), "frame")
    return f"{frames} cannot be used; the records carry an error: {', '.join(told)}."


# --- fetch


def _fetch_options(verb: argparse.ArgumentParser) -> None:
    fetching.add_options(verb)
    options.add_json(verb)
    verb.set_defaults(run=_fetch)


def _fetch(args: argparse.Namespace) -> None:
    done = fetching.fetched(args)
    for sentence in done.refused:
        note(sentence)
    paths = [str(path) for path in done.paths]
    answer(args, {"paths": paths, "refused": list(done.refused)}, paths or ["nothing was downloaded"])
    if done.failed:
        count = plural(done.failed + len(paths), "video")
        raise SourceError(f"{done.failed} of {count} did not come; the reasons stand above.")


# --- the smaller verbs


def _probe_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("source", metavar="VIDEO", type=options.source, help="a video file")
    options.add_settings(verb, ExtractSettings, STREAM_FLAG)
    options.add_json(verb)
    verb.set_defaults(run=_probe)


def _probe(args: argparse.Namespace) -> None:
    from core.pipeline.counting import said_of
    from core.store.run_file import video_to_mapping
    from core.video.colour import described
    from core.video.container import choose_stream
    from core.video.cut_off import said_of as cut_off_said
    from core.video.probe import probe

    if isinstance(args.source, str):
        raise SourceError(f"{args.source} is a web address; download it with fetch, then probe the file.")
    settings = config.from_mapping(ExtractSettings, given(args, STREAM_FLAG))
    video, found = probe(args.source, stream=settings.stream), choose_stream(args.source).streams
    if (said := said_of(video.info)) is not None:
        note(said)
    values = video_to_mapping(video.info) | {
        "key_frames": len(video.ledger.keys),
        "first_pts_s": video.ledger.seconds(0),
        "last_pts_s": video.ledger.seconds(len(video.ledger) - 1),
        "clock": video.ledger.clock,
        "streams": [dataclasses.asdict(one) for one in found],
        "colours": described(video.info) or "shown as they are stored",
    }
    del values["ledger_digest"]  # only of use to files that note it
    cut_off = cut_off_said(video.info)
    if cut_off:
        log.remember(f"{args.source}: {cut_off}")
    shown = {name: v for name, v in values.items() if cut_off or name not in OF_A_CUT} | {"cut_off": cut_off or "no"}
    shown |= {f"stream {one.index}": str(one) for one in found}
    shown.pop("streams")
    lines = [f"{name.replace('_', ' '):24s} {'unknown' if v is None else v}" for name, v in shown.items()]
    answer(args, values | {"cut_off": cut_off}, lines)


OF_A_CUT = ("missing_bytes", "missing_frames", "promised_s")
"""What is said only of a file that was cut off."""


def _doctor_options(verb: argparse.ArgumentParser) -> None:
    options.add_json(verb)
    verb.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace) -> None:
    from core.pipeline.doctor import doctor

    checks = []
    for check in doctor():
        checks.append({"name": check.name, "state": check.status, "text": check.sentence})
        if not args.json:
            result(f"{check.status:8s} {check.name:22s} {check.sentence}")
    not_ok = [f"{check['name']} {check['state']}" for check in checks if check["state"] != "ok"]
    log.remember(f"doctor: {', '.join(not_ok) or 'all ok'}")
    if args.json:
        result_json({"checks": checks})


def _demo_options(verb: argparse.ArgumentParser) -> None:
    downloads = Path("downloads")
    verb.add_argument(
        "--out",
        type=options.path,
        default=downloads,
        metavar="DIR",
        help="where the demo's files go (default downloads)",
    )
    options.add_json(verb)
    verb.set_defaults(run=_demo)


def _demo(args: argparse.Namespace) -> None:
    from core.pipeline.demo import demo

    values: dict[str, Any] = {}
    for line, facts in demo(args.out):
        note(line)
        values |= facts
    answer(args, values, [f"the best {values['kept']} of {values['frames']} frames are in {values['dest']}"])


def _rate(info: Any) -> str:
    return f"{float(info.rate):.3f} frames/s" if info.rate else "one frame"


VERBS: tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...] = (
    ("extract", "extract and score frames of a video", _extract_options),
    ("fetch", "download a video from a web address", _fetch_options),
    ("filter", "choose frames of a run by their numbers", run_verbs.filter_verb_options),
    ("export", "write the chosen frames to a folder of their own", run_verbs.export_options),
    ("shots", "find the cuts of a run's video", run_verbs.shots_options),
    ("rescore", "apply other quality weights to a run, without decoding", run_verbs.rescore_options),
    ("faces", "read the faces of a run, compare them with photos, find its people", face_verbs.faces_options),
    ("face-pack", "download a face model", face_verbs.face_pack_options),
    ("precompute", "run a detector over videos and keep its boxes beside them", detect_verbs.precompute_options),
    ("parts", "list what unfinished passes of detectors left, and delete it", detect_verbs.parts_options),
    ("probe", "say what a video is, counted, not claimed", _probe_options),
    ("doctor", "say what works on this machine and what is missing", _doctor_options),
    ("demo", "make a sample video and run the main job on it", _demo_options),
)
