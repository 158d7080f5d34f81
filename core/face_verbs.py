"""The verbs of the command line that are about faces: faces, face-pack."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core import config, options
from core.config import FACE_PACKS, FaceSettings, PeopleSettings
from core.console import answer, counted, plural
from core.errors import SettingsError
from core.options import FACE_FLAGS, given
from core.progress import Progress

PEOPLE_FLAGS: options.Flags = {"person_distance": ("--person-distance", {"type": float, "metavar": "D"})}
SHOWN_PEOPLE = 20


def faces_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``faces`` takes."""
    options.add_run(verb)
    flags = {name: flag for name, flag in FACE_FLAGS.items() if name != "face_refs"}
    options.add_settings(verb, FaceSettings, flags)
    verb.add_argument(
        "--reference",
        "--face-ref-img",
        dest="face_refs",
        type=options.reference,
        action="append",
        default=argparse.SUPPRESS,
        metavar="IMG",
        help="a photo of the person who is looked for, or person:ID or face:ROW of the run; repeat for more",
    )
    verb.add_argument("--face", type=int, metavar="N", help="which face of the one photo, counted from 1 from the left")
    verb.add_argument("--no-reference", action="store_true", help="compare with nobody any more")
    verb.add_argument("--people", action="store_true", help="group the faces into people")
    options.add_settings(verb, PeopleSettings, PEOPLE_FLAGS)
    verb.add_argument(
        "--name", action="append", default=[], metavar="ID=NAME", help="name a person of the run; repeat for more"
    )
    verb.add_argument("--again", action="store_true", help="read all faces anew, with another model for instance")
    options.add_video(verb)
    options.add_json(verb)
    verb.set_defaults(run=_faces)


def _faces(args: argparse.Namespace) -> None:
    from core.pipeline.faces import faces
    from core.store import run_file
    from core.store.run import RunDir

    values = given(args, FACE_FLAGS) | _references(args)
    config.from_mapping(FaceSettings, values)
    wants_people = args.people or hasattr(args, "person_distance")
    people = config.from_mapping(PeopleSettings, given(args, PEOPLE_FLAGS)) if wants_people else None
    names = dict(_name(text) for text in args.name)
    frames = run_file.read(RunDir(args.path).run_json).video.frames
    steps = faces(args.path, values, again=args.again, people=people, names=names, video=args.video)
    done = counted(steps, Progress(frames), "reading faces")
    told = {
        "run": str(args.path),
        "model": Path(done.faces.model).name,
        "provider": done.faces.provider,
        "faces": done.rows,
        "frames": done.frames,
        "frames_with_faces": done.with_faces,
        "references": [reference.label for reference in done.faces.references],
        "people": None
        if done.faces.people is None
        else [{"id": p.id, "name": p.name, "faces": len(p.rows)} for p in done.faces.people],
    }
    answer(args, told, _lines(done))


def _references(args: argparse.Namespace) -> dict[str, Any]:
    texts = getattr(args, "face_refs", None)
    if args.no_reference and texts:
        raise SettingsError("both --reference and --no-reference came; give one of them.")
    if args.face is None:
        return {"face_refs": ()} if args.no_reference else {}
    if texts is None or len(texts) != 1:
        raise SettingsError("--face chooses a face of one photo; with several write IMG#N for each --reference.")
    return {"face_refs": (f"{texts[0]}#{args.face}",)}


def _name(text: str) -> tuple[int, str]:
    number, equals, name = text.partition("=")
    if not equals or not number.strip().isdecimal():
        raise SettingsError(f'--name "{text}" is not ID=NAME, for example --name 0=Anna.')
    return int(number), name


def _lines(done: Any) -> list[str]:
    frames = plural(done.frames, "frame")
    lines = [f"{plural(done.rows, 'face')} on {done.with_faces} of {frames} ({done.faces.provider})"]
    lines += [f"  compared with {reference.label}" for reference in done.faces.references]
    people = done.faces.people
    if people is None:
        return lines
    single = done.rows - sum(len(person.rows) for person in people)
    lines.append(f"  {len(people)} people, {plural(single, 'single face')}")
    for person in people[:SHOWN_PEOPLE]:
        name = f" ({person.name})" if person.name else ""
        lines.append(f"  person {person.id}{name}: {plural(len(person.rows), 'face')}")
    if len(people) > SHOWN_PEOPLE:
        lines.append(f"  and {len(people) - SHOWN_PEOPLE} more")
    return lines


def face_pack_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``face-pack`` takes."""
    verb.add_argument("name", metavar="NAME", help=f"one of {', '.join(FACE_PACKS)}")
    options.add_json(verb)
    verb.set_defaults(run=_face_pack)


def _face_pack(args: argparse.Namespace) -> None:
    from core.models.face_packs import fetch_pack

    progress = Progress(None)

    def steps() -> Any:
        inner = fetch_pack(args.name)
        while True:
            try:
                done, progress.total = next(inner)
            except StopIteration as end:
                return end.value
            yield done

    folder = counted(steps(), progress, "downloading bytes")
    answer(args, {"name": args.name, "folder": str(folder)}, [f"{args.name} is in {folder}"])
