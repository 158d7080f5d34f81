"""The persons of one video while people decide about them: read once, grouped again after each decision.

An edit or another threshold reads nothing anew, and everything that follows from it is written: edits, persons, log and
ranking. Not here: the decisions themselves (``edits``), what is told of it (``core.ui.persons_view``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.errors import SettingsError
from core.pipeline.persons import edits
from core.pipeline.persons.anchors import anchors_of
from core.pipeline.persons.canonical import GROUPING, Grouped, Material, canonical, settings_of
from core.pipeline.persons.rank import rank
from core.settings.model import from_mapping, to_mapping
from core.settings.persons import PersonGroup, PersonRank
from core.store import person_edits, persons
from core.store.person_dir import PersonDir
from core.store.person_edits import SPLIT, Edit, Edits
from core.store.persons import Persons
from core.store.run import RunDir

RANKING = "5"
"""Of ``persons.json``, where stage 5 noted its weights."""
READ = ("about", "detections", "tracklets", "analysis", "appearance", "edits", "persons")
"""Files of the folder; any of them being another one means to read all again."""


@dataclasses.dataclass(frozen=True, eq=False)
class State:
    """The persons as they are now."""

    material: Material
    grouped: Grouped
    persons: Persons
    ranking: list[dict[str, Any]]
    """Of stage 5, with the names of now."""


class Working:
    """The folder of persons of one video. Thread-safe; of two decisions at once the second waits."""

    def __init__(self, folder: PersonDir) -> None:
        """Reads nothing yet."""
        self.folder = folder
        self._lock = threading.Lock()
        self._read: tuple[tuple[tuple[int, int], ...], State] | None = None

    @property
    def is_grouped(self) -> bool:
        """Whether stage 4 ran."""
        return self.folder.persons.exists()

    def state(self) -> State:
        """Returns the persons, read again only after a file changed.

        Raises:
            RunError: the file of a stage is missing, damaged or older than the one before it.
        """
        with self._lock:
            return self._state()

    def decide(self, make: Callable[[Grouped], Edits]) -> State:
        """Does what somebody decided, and writes it.

        Args:
            make: a function of ``edits``, of what is grouped now.

        Raises:
            SettingsError: it cannot be done. RunBusy: a job works in the folder. RunError: as ``state``.
        """
        with self._lock, RunDir(self.folder.path).lock():
            before = self._state()
            made = make(before.grouped)
            return self._keep(before.material, before.material.grouped(before.grouped.settings, made))

    def regroup(self, settings: PersonGroup) -> State:
        """Groups with other thresholds, and writes it. Raises as ``decide``."""
        with self._lock, RunDir(self.folder.path).lock():
            before = self._state()
            after = self._keep(before.material, before.material.grouped(settings, before.grouped.edits))
            about = persons.read_about(self.folder.about)
            stages = dict(about.stages) | {GROUPING: to_mapping(settings)}
            persons.write_about(self.folder.about, dataclasses.replace(about, stages=stages))
            self._read = (self._stamps(), after)
            return after

    def rank_settings(self) -> PersonRank:
        """Returns the weights of the last ranking; the usual ones where they cannot be read."""
        with contextlib.suppress(Exception):
            return from_mapping(PersonRank, persons.read_about(self.folder.about).stages.get(RANKING, {}))
        return PersonRank()

    def _state(self) -> State:
        stamps = self._stamps()
        if self._read is None or self._read[0] != stamps:
            material = Material.read(self.folder)
            grouped = material.grouped(settings_of(self.folder), person_edits.read(self.folder.edits))
            self._read = (stamps, self._ranked(material, grouped, canonical(material.tracklets, grouped)))
        return self._read[1]

    def _keep(self, material: Material, grouped: Grouped) -> State:
        made = material.write(grouped, legacy=self.folder.legacy_crops.exists())
        after = self._ranked(material, grouped, made)
        files.write_json(self.folder.ranking, {"made_from": made.digest(), "persons": after.ranking})
        self._read = (self._stamps(), after)
        return after

    def _ranked(self, material: Material, grouped: Grouped, made: Persons) -> State:
        size = material.width, material.height
        ranking = rank(made, material.detections, self.rank_settings(), *size, grouped.edits.names())
        return State(material, grouped, made, ranking)

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        return tuple(_stamp(getattr(self.folder, name)) for name in READ)


def keep_apart(grouped: Grouped, one: int, other: int) -> Edits:
    """Says that two persons are two people: neither a re-run nor another threshold joins them.

    Raises:
        SettingsError: there is no such person, or both are one.
    """
    both = [edits.known(grouped, person) for person in (one, other)]
    if both[0] == both[1]:
        raise SettingsError(f"{one} and {other} are one person; split it instead.", code="no_split", field="persons")
    members = tuple(anchors_of(grouped.pieces, np.flatnonzero(grouped.who == person).tolist()) for person in both)
    return grouped.edits.made(Edit(SPLIT, tuple(both), members))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return (found.st_size, found.st_mtime_ns)
