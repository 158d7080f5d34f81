"""``python -m core VERB``: one small function per verb. Imports nothing heavy before a verb needs it."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import __version__, config, log
from core.config import HEIGHTS, METHODS, ExtractSettings, FetchSettings, FilterSettings
from core.console import counted, followed, note, result, result_json, watched
from core.errors import FramesieveError, SettingsError
from core.progress import Progress

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells use it."""
EXIT_CODES = """exit codes:
  0 done   1 other error   2 wrong option or setting   3 not a video   4 a frame cannot be decoded
  5 run folder unusable   6 another process works in the run   7 disk full or not writable
  8 a package or program is missing   130 stopped by Ctrl-C (run the same command again to resume)
"""


def main(argv: list[str] | None = None) -> int:
    """Runs one verb and returns the exit code."""
    args = parser().parse_args(argv)
    log.start(verbose=args.verbose)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        run: Callable[[argparse.Namespace], int | None] = args.run
        return run(args) or 0
    except FramesieveError as error:
        log.get().debug("failed", exc_info=True)
        note(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        note("stopped; run the same command again to resume.")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def parser() -> argparse.ArgumentParser:
    """Returns the parser of all verbs."""
    top = argparse.ArgumentParser(
        prog="python -m core",
        description="Framesieve: turns video into the frames that matter.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"framesieve {__version__}")
    top.add_argument("-v", "--verbose", action="store_true", help="say more on the console")
    verbs = top.add_subparsers(metavar="VERB", required=True)
    for name, text, build in VERBS:
        verb = verbs.add_parser(name, help=text, description=text)
        build(verb)
    return top


# --- extract


def _extract_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("source", metavar="SOURCE", help="a video file, or a web address to download it from")
    _knobs(verb, ExtractSettings, EXTRACT_FLAGS)
    _knobs(verb, FetchSettings, FETCH_FLAGS)
    verb.add_argument("--out", type=Path, metavar="DIR", help="the run folder itself (default downloads/<video stem>)")
    verb.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on with the run of the same video and settings (default)",
    )
    verb.add_argument("--preset", metavar="NAME", help="settings from presets/NAME.json; options given here win")
    _json_option(verb)
    verb.set_defaults(run=_extract)


def _extract(args: argparse.Namespace) -> None:
    from core.pipeline.extract import open_extraction, records_of

    settings = config.from_mapping(ExtractSettings, _preset(args, "extract") | _given(args, EXTRACT_FLAGS))
    args.source = _local(args)
    with open_extraction(args.source, settings, out=args.out, resume=args.resume) as extraction:
        info = extraction.video.info
        note(
            f"{args.source}: {info.frames} frames, {info.width}x{info.height}, {_rate(info)}; run {extraction.run.path}"
        )
        watch = Progress(info.frames)
        counted(extraction.choose(), watch, "looking")
        looked = watch.done
        total = 0 if extraction.ordinals is None else len(extraction.ordinals)
        progress = Progress(total, done=extraction.done, skipped=extraction.done)
        if extraction.done:
            note(f"{extraction.done} of {total} frames were recorded before.")
        for _ in watched(records_of(extraction), progress, "extracting"):
            pass
        seconds = watch.seconds
        run = extraction.run
    _extract_summary(args, run, max(looked, progress.done - progress.skipped), seconds)


def _local(args: argparse.Namespace) -> str:
    """The file to work on: the source itself, or what a web address was downloaded to."""
    from core.video.source import is_url

    if not is_url(args.source):
        return str(args.source)
    from core.pipeline.fetch import fetch

    return str(followed(fetch(args.source, settings=FetchSettings(**_given(args, FETCH_FLAGS)))).paths[0])


def _extract_summary(args: argparse.Namespace, run: Any, looked: int, seconds: float) -> None:
    from core.store.table import load_table

    table = load_table(run)
    kept = int(((table.discarded == "") & ~table.error).sum())
    damaged = table.ordinal[table.error].tolist()
    if damaged:
        note(f"{len(damaged)} frames could not be decoded or measured and carry an error: {_ranges(damaged)}.")
    if args.json:
        values = {"run": str(run.path), "frames": len(table), "kept": kept, "seconds": round(seconds, 3)}
        result_json(values | {"frames_per_s": round(looked / seconds, 1) if seconds > 0 else 0.0})
    else:
        result(f"{kept} of {len(table)} frames kept in {run.path} ({seconds:.1f} s, {looked / seconds:.0f} frames/s)")


# --- fetch


def _fetch_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("url", metavar="URL", help="a web address, http or https")
    _knobs(verb, FetchSettings, FETCH_FLAGS)
    verb.add_argument("--out", type=Path, default=Path("downloads"), metavar="DIR", help="where the video goes")
    verb.add_argument("--item", type=int, metavar="N", help="one video of a playlist, counted from 1")
    verb.add_argument("--playlist", action="store_true", help="all videos of a playlist")
    verb.add_argument("--again", action="store_true", help="download a video that is there already once more")
    _json_option(verb)
    verb.set_defaults(run=_fetch)


def _fetch(args: argparse.Namespace) -> None:
    from core.pipeline.fetch import fetch

    settings = FetchSettings(**_given(args, FETCH_FLAGS))
    steps = fetch(args.url, args.out, settings, item=args.item, playlist=args.playlist, again=args.again)
    fetched = followed(steps)
    for sentence in fetched.refused:
        note(sentence)
    if args.json:
        result_json({"paths": [str(path) for path in fetched.paths], "refused": list(fetched.refused)})
        return
    for path in fetched.paths:
        result(str(path))


# --- filter and export


def _filter_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("path", metavar="RUN", type=Path, help="a run folder")
    _knobs(verb, FilterSettings, FILTER_FLAGS)
    verb.add_argument("--preset", metavar="NAME", help="filters from presets/NAME.json; options given here win")


def _filter_verb_options(verb: argparse.ArgumentParser) -> None:
    _filter_options(verb)
    verb.add_argument("--dry-run", action="store_true", help="do not save the selection for export")
    _json_option(verb)
    verb.set_defaults(run=_filter)


def _filter(args: argparse.Namespace) -> None:
    from core.pipeline.select import select
    from core.store import run_file, selection
    from core.store.run import RunDir
    from core.store.table import load_table

    run = RunDir(args.path)
    run_file.read(run.run_json)
    table = load_table(run)
    filters = config.from_mapping(FilterSettings, _preset(args, "filter") | _given(args, FILTER_FLAGS))
    chosen = select(table, filters)
    if not args.dry_run:
        with run.lock():
            selection.write(run.selection, filters, chosen.kept)
    if args.json:
        result_json(_selection_json(run.path, chosen.kept.tolist(), len(table), selection.digest(chosen.kept)))
        return
    result(f"{len(chosen.kept)} of {len(table)} frames kept")
    for reason, count in chosen.counts().items():
        result(f"  {count:7d} refused: {reason}")
    for name, count in chosen.only_by.items():
        result(f"  {count:7d} removed only by: {name}")
    for name, (low, high) in chosen.relaxed.items():
        result(f"  {name} was loosened to {'any' if low is None else low} ... {'any' if high is None else high}")


def _export_options(verb: argparse.ArgumentParser) -> None:
    _filter_options(verb)
    verb.add_argument("--selection", type=Path, metavar="FILE", help="a saved selection instead of filters")
    verb.add_argument(
        "--dest", type=Path, metavar="DIR", help="the export folder itself (default <run>_exported_<time>)"
    )
    _video_option(verb)
    _json_option(verb)
    verb.set_defaults(run=_export)


def _export(args: argparse.Namespace) -> None:
    from core.pipeline.export import chosen_by, export

    given = _preset(args, "filter") | _given(args, FILTER_FLAGS)
    if given and args.selection:
        raise SettingsError("both --selection and filters came; give one of them.")
    filters = config.from_mapping(FilterSettings, given) if given else None
    chosen = chosen_by(args.path, filters, args.selection)
    dest: Path | None = None
    steps = export(chosen, args.dest, args.video)

    def files() -> Any:
        nonlocal dest
        dest = yield from steps

    for _ in watched(files(), Progress(len(chosen.kept)), "exporting"):
        pass
    values = _selection_json(args.path, chosen.kept.tolist(), len(chosen.table), chosen.digest)
    if args.json:
        result_json(values | {"dest": str(dest)})
    else:
        result(f"{len(chosen.kept)} of {len(chosen.table)} frames exported to {dest}")


def _selection_json(run: Path, kept: list[int], total: int, digest: str) -> dict[str, Any]:
    return {"run": str(run), "kept": len(kept), "total": total, "digest": digest, "ordinals": kept}


# --- the smaller verbs


def _shots_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("path", metavar="RUN", type=Path, help="a run folder")
    verb.add_argument(
        "--detector", choices=("adaptive", "content"), default="adaptive", help="PySceneDetect's detector"
    )
    _video_option(verb)
    _json_option(verb)
    verb.set_defaults(run=_shots)


def _shots(args: argparse.Namespace) -> None:
    from core.pipeline.shots import shots
    from core.store import run_file
    from core.store.run import RunDir

    frames = run_file.read(RunDir(args.path).run_json).video.frames
    found = counted(shots(args.path, args.detector, args.video), Progress(frames), "looking for cuts")
    if args.json:
        result_json({"run": str(args.path), "shots": [list(shot) for shot in found]})
        return
    result(f"{len(found)} shots in {args.path}")
    for number, (start, end) in enumerate(found):
        result(f"  shot {number}: frames {start} to {end - 1}")


def _rescore_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("path", metavar="RUN", type=Path, help="a run folder")
    _knobs(verb, ExtractSettings, {"quality_weights": EXTRACT_FLAGS["quality_weights"]})
    _json_option(verb)
    verb.set_defaults(run=_rescore)


def _rescore(args: argparse.Namespace) -> None:
    from core.pipeline.rescore import rescore

    weights = _given(args, EXTRACT_FLAGS).get("quality_weights")
    if weights is None:
        raise SettingsError("no weights came; give --quality-weights and five numbers.")
    count = rescore(args.path, weights)
    values = {"run": str(args.path), "frames": count}
    result_json(values) if args.json else result(f"{count} frames scored again in {args.path}")


def _probe_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("source", metavar="VIDEO", help="a video file")
    _json_option(verb)
    verb.set_defaults(run=_probe)


def _probe(args: argparse.Namespace) -> None:
    from core.store.run_file import video_to_mapping
    from core.video.probe import probe

    video = probe(args.source)
    values = video_to_mapping(video.info) | {
        "key_frames": len(video.ledger.keys),
        "first_pts_s": video.ledger.seconds(0),
        "last_pts_s": video.ledger.seconds(len(video.ledger) - 1),
        "clock": video.ledger.clock,
    }
    if args.json:
        result_json(values)
        return
    for name, value in values.items():
        result(f"{name.replace('_', ' '):24s} {'unknown' if value is None else value}")


def _doctor_options(verb: argparse.ArgumentParser) -> None:
    _json_option(verb)
    verb.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    from core.pipeline.doctor import doctor

    checks = list(doctor())
    if args.json:
        result_json({"checks": [{"name": c.name, "state": c.status, "text": c.sentence} for c in checks]})
    else:
        for check in checks:
            result(f"{check.status:8s} {check.name:22s} {check.sentence}")
    return 0


def _demo_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--out", type=Path, default=Path("downloads"), metavar="DIR", help="where the demo's files go")
    _json_option(verb)
    verb.set_defaults(run=_demo)


def _demo(args: argparse.Namespace) -> None:
    from core.pipeline.demo import demo

    values: dict[str, Any] = {}
    for line, facts in demo(args.out):
        note(line)
        values |= facts
    if args.json:
        result_json(values)
    else:
        result(f"the best {values['kept']} of {values['frames']} frames are in {values['dest']}")


# --- options made from the settings

EXTRACT_FLAGS: dict[str, tuple[str, dict[str, Any]]] = {
    "method": ("--method", {"choices": METHODS}),
    "interval": ("--interval", {"type": float, "metavar": "S"}),
    "every": ("--every", {"type": int, "metavar": "N"}),
    "scene_threshold": ("--scene-threshold", {"type": float, "metavar": "T"}),
    "scene_fast": ("--scene-fast", {"action": "store_true"}),
    "target": ("--target", {"type": int, "metavar": "N"}),
    "png": ("--png", {"action": "store_true"}),
    "jpeg_quality": ("--jpeg-quality", {"type": int, "metavar": "Q"}),
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

FETCH_FLAGS: dict[str, tuple[str, dict[str, Any]]] = {"max_height": ("--max-height", {"choices": HEIGHTS})}

FILTER_FLAGS: dict[str, tuple[str, dict[str, Any]]] = {
    "min": ("--min", {"action": "append", "metavar": "COLUMN=VALUE"}),
    "max": ("--max", {"action": "append", "metavar": "COLUMN=VALUE"}),
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


def _knobs(verb: argparse.ArgumentParser, kind: type, flags: dict[str, tuple[str, dict[str, Any]]]) -> None:
    import dataclasses

    fields = {f.name: f for f in dataclasses.fields(kind)}
    for name, (flag, reading) in flags.items():
        verb.add_argument(flag, dest=name, default=argparse.SUPPRESS, help=_help(fields[name]), **reading)


def _help(field: Any) -> str:
    facts = field.metadata
    bounds = f", {facts['low']:g} to {facts['high']:g}" if facts["low"] is not None else ""
    unit = f" [{facts['unit']}{bounds}]" if facts["unit"] else f" [{bounds[2:]}]" if bounds else ""
    default = field.default
    shown = "" if default in (None, False, ()) or not isinstance(default, (int, float, str, tuple)) else default
    text = f"{facts['help']}{unit}" + (f" (default {shown})" if shown != "" else "")
    return text.replace("%", "%%")


def _json_option(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="end the output with one JSON object on a line of its own")


def _video_option(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--video", type=Path, metavar="FILE", help="where the run's video lies now, if it was moved")


def _given(args: argparse.Namespace, flags: dict[str, Any]) -> dict[str, Any]:
    """The settings that were really typed, as plain values."""
    values = {name: getattr(args, name) for name in flags if hasattr(args, name)}
    for name in ("min", "max"):
        if name in values:
            values[name] = dict(_bound(text, name) for text in values[name])
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}


def _bound(text: str, flag: str) -> tuple[str, float]:
    column, _, number = text.partition("=")
    try:
        return column.strip(), float(number)
    except ValueError:
        raise SettingsError(f'--{flag} "{text}" is not COLUMN=NUMBER, for example --{flag} sharpness=20.') from None


def _preset(args: argparse.Namespace, part: str) -> dict[str, Any]:
    if not args.preset:
        return {}
    from core.store import presets

    preset = presets.load(args.preset)
    return config.differences(preset.extract if part == "extract" else preset.filter)


def _rate(info: Any) -> str:
    return f"{float(info.rate):.3f} frames/s" if info.rate else "one frame"


def _ranges(numbers: list[int], shown: int = 8) -> str:
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:shown]]
    return ", ".join(texts) + (f" and {len(runs) - shown} more" if len(runs) > shown else "")


VERBS: tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...] = (
    ("extract", "extract and score frames of a video", _extract_options),
    ("fetch", "download a video from a web address", _fetch_options),
    ("filter", "choose frames of a run by their numbers", _filter_verb_options),
    ("export", "write the chosen frames to a folder of their own", _export_options),
    ("shots", "find the cuts of a run's video", _shots_options),
    ("rescore", "apply other quality weights to a run, without decoding", _rescore_options),
    ("probe", "say what a video is, counted, not claimed", _probe_options),
    ("doctor", "say what works on this machine and what is missing", _doctor_options),
    ("demo", "make a sample video and run the main job on it", _demo_options),
)
