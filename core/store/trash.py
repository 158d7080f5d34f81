"""The folder ``.trash`` beside runs: runs that people deleted lie there, each in a folder of its own, as they were.

Nothing here removes anything: what is in the trash can be brought back until somebody empties it by hand.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from datetime import datetime
from pathlib import Path

from core import files
from core.errors import RunError

TRASH = ".trash"
DELETED = re.compile(r"[0-9]{8}_[0-9]{6}-[0-9a-f]{32}")
"""Name of the folder in which one deleted run lies: the time, and what nobody guesses and no other run has."""
MOST_NUMBERED = 10_000


def throw_away(run: Path) -> str:
    """Moves a run folder into the trash beside it. Returns the name under which ``bring_back`` finds it.

    Raises:
        RunError: the trash is a link or a file.
        StorageError: it cannot be moved.
    """
    deleted = f"{datetime.now():%Y%m%d_%H%M%S}-{secrets.token_hex(16)}"
    with files.storage_errors(run):
        home = _home(run.parent, make=True) / deleted
        home.mkdir()
        os.rename(run, home / run.name)
    return deleted


def bring_back(runs: Path, deleted: object) -> Path:
    """Moves a run out of the trash of the folder ``runs``, to its old name or, where that is taken, one with a number.

    Returns the run folder.

    Raises:
        RunError: there is no such run in the trash.
        StorageError: it cannot be moved.
    """
    found = _found(runs, deleted)
    if found is None:
        raise RunError("this run is not in the trash any more; it was brought back or moved.", code="forgotten")
    with files.storage_errors(found):
        place = next(path for path in _numbered(runs / found.name) if not os.path.lexists(path))
        os.rename(found, place)
        found.parent.rmdir()
    return place


def _home(runs: Path, *, make: bool = False) -> Path:
    """The trash itself; a link would lead what is deleted elsewhere."""
    home = runs / TRASH
    if make:
        home.mkdir(exist_ok=True)
    if not stat.S_ISDIR(os.lstat(home).st_mode):
        raise RunError(f"{home} is a link; put a folder in its place.", code="leads_out")
    return home


def _found(runs: Path, deleted: object) -> Path | None:
    if not isinstance(deleted, str) or not DELETED.fullmatch(deleted):
        return None
    try:
        home = _home(runs) / deleted
        if not stat.S_ISDIR(os.lstat(home).st_mode):
            return None
        names = os.listdir(home)
    except FileNotFoundError:
        return None
    return home / names[0] if len(names) == 1 else None


def _numbered(path: Path) -> list[Path]:
    return [path, *(path.with_name(f"{path.name}-{number}") for number in range(2, MOST_NUMBERED))]
