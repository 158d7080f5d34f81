"""The shots of a video as masking sees them: found on demand, cuts added and taken away by hand."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import numpy as np

from core.errors import SettingsError
from core.pipeline.masks.home import Home
from core.pipeline.shots import find_shots, write_shot_ids
from core.store import annotations as annotation_file
from core.store import cuts, selection
from core.store.cuts import Cuts, Shots
from core.video import images
from core.video.shots import WIDTH, ShotFinder


def shots_of(home: Home) -> Shots:
    """Returns ``[start, end)`` ordinals of every shot; the whole video is one where nobody looked for cuts.

    Raises:
        RunError: a file is damaged.
    """
    by_hand = cuts.read(home.dir.cuts)
    if by_hand is not None:
        return by_hand.shots(home.frames)
    found = selection.read_shots(home.dir.shots)
    if found is None:
        return [(0, home.frames)]
    return cuts.shots_between(found[:, 0].tolist(), home.frames)


def were_found(home: Home) -> bool:
    """Whether a detector has looked for cuts. Raises ``RunError``: a file is damaged."""
    by_hand = cuts.read(home.dir.cuts)
    return home.dir.shots.exists() if by_hand is None else by_hand.found is not None


def add_cut(home: Home, ordinal: int) -> Shots:
    """Begins a shot at this frame; prompts go with their frames. Returns the shots now.

    Raises:
        SettingsError: a shot begins there already, or the video has no such frame. RunBusy: somebody works there.
    """
    _check(home, ordinal)
    if ordinal in _starts(shots_of(home)):
        raise SettingsError(f"a shot begins at frame {ordinal} already.", code="cut_there", field="cut", frame=ordinal)
    return _changed(home, _cuts(home).with_cut(ordinal))


def remove_cut(home: Home, ordinal: int) -> Shots:
    """Joins the shot that begins at this frame to the one before it. Returns the shots now. Raises as ``add_cut``."""
    _check(home, ordinal)
    if ordinal not in _starts(shots_of(home)):
        raise SettingsError(f"no shot begins at frame {ordinal}.", code="no_cut", field="cut", frame=ordinal)
    return _changed(home, _cuts(home).without_cut(ordinal))


def find(home: Home, detector: str = "adaptive") -> Generator[int, None, Shots]:
    """Looks for cuts and writes them; cuts made by hand stay. Yields how many frames were looked at.

    The caller holds the lock. Raises ``RunError``, ``SourceError``, ``LedgerMismatch``.
    """
    video = home.video()
    with closing(_find_in_pictures(home, detector) if video is None else find_shots(video, detector)) as looking:
        found = yield from looking
    return _save(home, cuts.found_again(home.dir.cuts, found, home.frames))


def _find_in_pictures(home: Home, detector: str) -> Generator[int, None, Shots]:
    assert home.stills is not None
    finder, scale = ShotFinder(home.rate, detector), max(1.0, max(home.width, home.height) / WIDTH)
    size = max(1, round(home.width / scale)), max(1, round(home.height / scale))
    for ordinal in range(home.frames):
        small = images.resized(home.stills.picture(ordinal), *size)
        finder.push(ordinal, np.ascontiguousarray(small[:, :, ::-1]))
        yield ordinal + 1
    return finder.shots(home.frames)


def _changed(home: Home, now: Cuts) -> Shots:
    with home.lock():
        cuts.write(home.dir.cuts, now)
        return _save(home, now.shots(home.frames))


def _save(home: Home, shots: Shots) -> Shots:
    """Writes shots, shot ids of records, and takes prompts to their new shots. The caller holds the lock."""
    if home.run is not None:
        write_shot_ids(home.run, shots)
    else:
        selection.write_shots(home.dir.shots, shots)
        annotation_file.move(home.dir.annotations, shots)
    return shots


def _cuts(home: Home) -> Cuts:
    there = cuts.read(home.dir.cuts)
    if there is not None:
        return there
    found = selection.read_shots(home.dir.shots)
    return Cuts(None if found is None else tuple(start for start in found[:, 0].tolist() if start))


def _starts(shots: Shots) -> set[int]:
    return {start for start, _ in shots}


def _check(home: Home, ordinal: int) -> None:
    if not 0 < ordinal < home.frames:
        raise SettingsError(
            f"frame {ordinal} cannot begin a shot; a cut can be made at frames 1 to {home.frames - 1}.",
            code="no_frame",
            field="cut",
            frame=ordinal,
        )
