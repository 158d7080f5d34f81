"""Points of another file: those of the original annotation tool, by number of the segment, or of another run."""

from __future__ import annotations

from pathlib import Path

from core import files
from core.errors import RunError
from core.pipeline.masks.home import Home
from core.pipeline.masks.shots import shots_of
from core.store import annotations as annotation_file
from core.store.annotations_old import OldNote, read_old
from core.store.shot_notes import ObjectPrompt, ShotNote


def import_points(home: Home, path: Path) -> int:
    """Takes the points of a file into the annotations of a video; returns of how many shots.

    Of the original tool, a segment takes the points of its number, on its first frame; in a run number 1 is the first
    shot (number 0 where the file has one). Shots that the file does not name keep their points.

    Raises:
        RunError: the file is absent, damaged, of another video, or names a shot that there is not.
    """
    old = read_old(path)
    notes = _of_other(home, path) if old is None else _of_old(home, path, dict(old))
    for note in notes:
        annotation_file.save_note(
            home.dir.annotations, note, fingerprint=home.fingerprint, size=(home.width, home.height)
        )
    return len(notes)


def import_in_place(home: Home) -> int:
    """Imports a file of the original tool that lies where the annotations of a video are kept; it is kept beside.

    Returns of how many shots; 0 where there is no such file. Raises as ``import_points``.
    """
    path = home.dir.annotations
    if not path.exists() or read_old(path) is None:
        return 0
    kept = path.with_name("annotations.original.json")
    with files.storage_errors(kept):
        path.rename(kept)
    try:
        return import_points(home, kept)
    except RunError:
        kept.rename(path)
        raise


def _of_old(home: Home, path: Path, old: dict[int, OldNote]) -> list[ShotNote]:
    shots = shots_of(home)
    if home.segment is not None or home.run is None:
        said = old.get(home.segment if home.segment is not None else min(old))
        return [] if said is None else [_note(*shots[0], said)]
    first = 0 if 0 in old else 1
    notes = []
    for number, said in sorted(old.items()):
        if number - first >= len(shots):
            raise RunError(
                f"{path} has points for segment {number}, and {home.path} has {len(shots)} shots; find its cuts first, "
                "or name the folder of the segments.",
                code="no_shot",
            )
        notes.append(_note(*shots[number - first], said))
    return notes


def _note(start: int, end: int, said: OldNote) -> ShotNote:
    return ShotNote(start, end, start, (ObjectPrompt(1, start, said.points, said.labels),))


def _of_other(home: Home, path: Path) -> list[ShotNote]:
    found = annotation_file.read(path)
    if found.fingerprint and found.fingerprint != home.fingerprint:
        raise RunError(
            f"the points in {path} are of another video than {home.path}; name the right file.", code="other_video"
        )
    moved = found.moved(shots_of(home))
    return list(moved.notes)
