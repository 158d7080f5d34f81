"""The verbs of the command line that work on a run: filter, export, shots, rescore."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core import config, options
from core.config import ExportSettings, ExtractSettings, FilterSettings
from core.console import answer, counted, note, plural, watched
from core.errors import SettingsError
from core.options import EXPORT_FLAGS, EXTRACT_FLAGS, FILTER_FLAGS, given, preset
from core.progress import Progress

# --- filter and export


def _filter_options(verb: argparse.ArgumentParser) -> None:
    options.add_run(verb)
    options.add_settings(verb, FilterSettings, FILTER_FLAGS)
    options.add_face_distance(verb)
    verb.add_argument("--preset", metavar="NAME", help="filters from presets/NAME.json; options given here win")


def filter_verb_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``filter`` takes."""
    _filter_options(verb)
    verb.add_argument("--dry-run", action="store_true", help="do not save the selection for export")
    options.add_json(verb)
    verb.set_defaults(run=_filter)


def _filter(args: argparse.Namespace) -> None:
    from core.pipeline.notes import notes
    from core.pipeline.select import select
    from core.store import run_file, selection
    from core.store.run import RunDir
    from core.store.table import load_table

    run = RunDir(args.path)
    weights = run_file.read(run.run_json).settings["quality_weights"]
    table = load_table(run)
    filters = config.from_mapping(FilterSettings, preset(args, "filter") | given(args, FILTER_FLAGS))
    chosen = select(table, filters)
    for hint in notes(table, filters, chosen):
        note(hint)
    if not args.dry_run:
        with run.lock():
            made_from = selection.MadeFrom(len(table), tuple(weights))
            selection.write(run.selection, filters, chosen.kept, made_from)
    values = _selection_json(run.path, chosen.kept.tolist(), len(table), selection.digest(chosen.kept))
    answer(args, values, [f"{len(chosen.kept)} of {plural(len(table), 'frame')} kept", *_reasons(chosen)])


def _reasons(chosen: Any) -> list[str]:
    return [
        *(f"  {count:7d} refused: {reason}" for reason, count in chosen.counts().items()),
        *(f"  {count:7d} removed only by: {name}" for name, count in chosen.only_by.items()),
        *(
            f"  {name} was loosened to {'any' if low is None else low} ... {'any' if high is None else high}"
            for name, (low, high) in chosen.relaxed.items()
        ),
    ]


def export_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``export`` takes."""
    _filter_options(verb)
    verb.add_argument("--selection", type=options.path, metavar="FILE", help="a saved selection instead of filters")
    verb.add_argument(
        "--dest", type=options.path, metavar="DIR", help="the export folder itself (default <run>_exported_<time>)"
    )
    options.add_video(verb)
    options.add_settings(verb, ExportSettings, EXPORT_FLAGS)
    options.add_json(verb)
    verb.set_defaults(run=_export)


def _export(args: argparse.Namespace) -> None:
    from core.pipeline.export import chosen_by, export

    wanted = preset(args, "filter") | given(args, FILTER_FLAGS)
    if wanted and args.selection:
        raise SettingsError("both --selection and filters came; give one of them.")
    filters = config.from_mapping(FilterSettings, wanted) if wanted else None
    chosen = chosen_by(args.path, filters, args.selection)
    if chosen.note:
        note(chosen.note)
    dest: Path | None = None
    steps = export(chosen, args.dest, args.video, config.from_mapping(ExportSettings, given(args, EXPORT_FLAGS)))

    def files() -> Any:
        nonlocal dest
        dest = yield from steps

    for _ in watched(files(), Progress(len(chosen.kept)), "exporting"):
        pass
    values = _selection_json(args.path, chosen.kept.tolist(), len(chosen.table), chosen.digest)
    line = f"{len(chosen.kept)} of {plural(len(chosen.table), 'frame')} exported to {dest}"
    answer(args, values | {"dest": str(dest)}, [line])


def _selection_json(run: Path, kept: list[int], total: int, digest: str) -> dict[str, Any]:
    return {"run": str(run), "kept": len(kept), "total": total, "digest": digest, "ordinals": kept}


def shots_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``shots`` takes."""
    options.add_run(verb)
    verb.add_argument(
        "--detector", choices=("adaptive", "content"), default="adaptive", help="PySceneDetect's detector"
    )
    options.add_video(verb)
    options.add_json(verb)
    verb.set_defaults(run=_shots)


def _shots(args: argparse.Namespace) -> None:
    from core.pipeline.shots import shots
    from core.store import run_file
    from core.store.run import RunDir

    frames = run_file.read(RunDir(args.path).run_json).video.frames
    found = counted(shots(args.path, args.detector, args.video), Progress(frames), "looking for cuts")
    lines = [f"  shot {number}: frames {start} to {end - 1}" for number, (start, end) in enumerate(found)]
    values = {"run": str(args.path), "shots": [list(shot) for shot in found]}
    answer(args, values, [f"{plural(len(found), 'shot')} in {args.path}", *lines])


WEIGHTS_FLAG = {"quality_weights": EXTRACT_FLAGS["quality_weights"]}


def rescore_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``rescore`` takes."""
    options.add_run(verb)
    options.add_settings(verb, ExtractSettings, WEIGHTS_FLAG, required=True)
    options.add_json(verb)
    verb.set_defaults(run=_rescore)


def _rescore(args: argparse.Namespace) -> None:
    from core.pipeline.rescore import rescore

    count = rescore(args.path, given(args, WEIGHTS_FLAG)["quality_weights"])
    line = f"{plural(count, 'frame')} scored again in {args.path}"
    answer(args, {"run": str(args.path), "frames": count}, [line])
