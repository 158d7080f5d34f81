"""Stage 4b as a whole: tracklets, their looks and what people decided become persons with lasting ids."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import RunError, SettingsError
from core.pipeline.persons import candidates
from core.pipeline.persons.analyse import analyse
from core.pipeline.persons.anchors import Finder, cut_up
from core.pipeline.persons.changes import Changes, changes_of, vectors_of
from core.pipeline.persons.constraints import constraints_of, cuts_of
from core.pipeline.persons.doubles import Rows, covered_rows
from core.pipeline.persons.faces import VideoFaces, faces_of_video, of_tracklets
from core.pipeline.persons.group import group
from core.pipeline.persons.grouping_log import Grouping, numbers
from core.pipeline.persons.identity import with_ids
from core.settings.model import from_mapping, to_mapping
from core.settings.persons import PersonGroup
from core.store import person_edits, person_legacy, persons
from core.store.person_dir import PersonDir
from core.store.person_edits import Edits
from core.store.persons import NOBODY, Analysis, Appearances, Persons, RawDetections, Tracklets

GROUPING = "4"
"""Of ``persons.json``."""


@dataclass(frozen=True, eq=False)
class Material:
    """What grouping needs, read once: grouping again after an edit or with another threshold reads nothing anew."""

    folder: PersonDir
    detections: RawDetections
    tracklets: Tracklets
    analysis: Analysis
    appearances: Appearances | None
    faces: VideoFaces | None
    rate: Fraction | None
    width: int
    height: int

    @classmethod
    def read(cls, folder: PersonDir) -> Material:
        """Reads stages 1 to 4a.

        Raises:
            RunError: one of their files is missing, damaged or older than the one before it. Without 4a grouping goes
                by motion alone.
        """
        about = persons.read_about(folder.about).video
        detections = persons.read_detections(folder.detections)
        tracklets = persons.read_tracklets(folder.tracklets, detections)
        analysis = persons.read_analysis(folder.analysis, tracklets)
        looks = persons.read_appearances(folder.appearance, tracklets) if folder.appearance.exists() else None
        faces = faces_of_video(folder)
        return cls(folder, detections, tracklets, analysis, looks, faces, about.rate, about.width, about.height)

    @cached_property
    def face_vectors(self) -> NDArray[np.float32] | None:
        """(T, D): what is known of the faces of each tracklet."""
        return of_tracklets(self.tracklets, self.faces, len(self.tracklets))

    @cached_property
    def covered(self) -> Rows:
        """Rows of boxes that lie in others of the same frame."""
        return covered_rows(self.tracklets)

    @cached_property
    def changes(self) -> Changes | None:
        """Where each tracklet may go over to somebody else; ``None`` = its crops are not known one by one."""
        looks = self.appearances
        return changes_of(self.tracklets, looks) if looks is not None and len(looks.rows) else None

    def grouped(self, settings: PersonGroup, edits: Edits) -> Grouped:
        """Groups, without writing anything."""
        cuts = cuts_of(self.tracklets, edits.edits)
        if self.changes is not None:
            cuts |= self.changes.cuts(settings.change)
        pieces, whole = cut_up(self.tracklets, cuts)
        vectors = None if self.appearances is None else vectors_of(pieces, whole, self.appearances)
        analysis, faces = self.analysis, self.face_vectors
        if len(pieces) != len(self.tracklets):
            analysis = analyse(pieces, self.detections, self.width, self.height)
            faces = of_tracklets(pieces, self.faces, len(pieces))
        finder = Finder(pieces)
        constraints = constraints_of(pieces, edits, finder)
        found = group(
            pieces, analysis, vectors, settings, constraints, self.rate, self.height, faces, self.covered, whole
        )
        ids, edits = with_ids(pieces, found.label, edits, finder)
        who = np.full(len(pieces), NOBODY, np.int64)
        for label, person in ids.items():
            who[found.label == label] = person
        return Grouped(pieces, whole, analysis, vectors, faces, found, who, edits, settings)

    def write(self, grouped: Grouped, *, legacy: bool = False) -> Persons:
        """Writes ``edits.json``, ``grouping_log.json`` and, last, ``canonical_persons.npz``."""
        made = canonical(self.tracklets, grouped)
        person_edits.write(self.folder.edits, grouped.edits)
        files.write_json(self.folder.log, log_of(grouped), indent=1)
        more = person_legacy.persons_array(made) if legacy else None
        persons.write_persons(self.folder.persons, made, more)
        return made


@dataclass(frozen=True, eq=False)
class Grouped:
    """Groups with ids, before they are written."""

    pieces: Tracklets
    """Tracklets, cut where people split them."""
    whole: NDArray[np.int64]
    """(T',) int64: the place of the tracklet that a piece is of."""
    analysis: Analysis
    vectors: NDArray[np.float32] | None
    faces: NDArray[np.float32] | None
    found: Grouping
    who: NDArray[np.int64]
    """(T',) int64: the id of the person of each piece; ``NOBODY`` = none."""
    edits: Edits
    settings: PersonGroup


def regroup(folder: PersonDir, settings: PersonGroup, *, legacy: bool = False) -> Persons:
    """Reads, groups and writes. Raises ``RunError``: a file is missing, damaged or stale."""
    material = Material.read(folder)
    return material.write(material.grouped(settings, person_edits.read(folder.edits)), legacy=legacy)


def settings_of(folder: PersonDir) -> PersonGroup:
    """Returns the settings of the last grouping; the usual ones where they cannot be read."""
    try:
        return from_mapping(PersonGroup, persons.read_about(folder.about).stages.get(GROUPING, {}))
    except (RunError, SettingsError):
        return PersonGroup()


def canonical(tracklets: Tracklets, grouped: Grouped) -> Persons:
    """Returns the persons: one box a frame, the surer one where somebody merged tracklets that overlap in time."""
    pieces, who = grouped.pieces, grouped.who
    owner = np.repeat(who, np.diff(pieces.indptr))
    rows = np.flatnonzero(owner != NOBODY)
    order = np.lexsort((-pieces.confidences[rows], pieces.frame_numbers[rows], owner[rows]))
    rows = rows[order]
    person, frame = owner[rows], pieces.frame_numbers[rows]
    first = np.ones(len(rows), np.bool_)
    first[1:] = (person[1:] != person[:-1]) | (frame[1:] != frame[:-1])
    rows, person = rows[first], person[first]
    ids, counts = np.unique(person, return_counts=True)
    return Persons(
        ids.astype(np.int64),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        pieces.frame_numbers[rows],
        pieces.bboxes[rows],
        pieces.confidences[rows],
        pieces.detection_rows[rows],
        _of_wholes(tracklets, grouped),
        tracklets.digest(),
    )


def _of_wholes(tracklets: Tracklets, grouped: Grouped) -> NDArray[np.int64]:
    """The person of each tracklet; of one that was cut that of its longest piece."""
    sizes = np.diff(grouped.pieces.indptr)
    found = np.full(len(tracklets), NOBODY, np.int64)
    order = np.argsort(sizes, kind="stable")
    found[grouped.whole[order]] = grouped.who[order]
    return found


def log_of(grouped: Grouped) -> dict[str, Any]:
    """Returns what ``grouping_log.json`` holds."""
    found, who = grouped.found, grouped.who.tolist()
    suggested = [
        {
            "persons": sorted((who[a], who[b])),
            "tracklets": [int(grouped.pieces.tracklet_ids[t]) for t in (a, b)],
            "similarity": likeness,
        }
        for likeness, a, b in found.suggested
    ]
    settings = to_mapping(grouped.settings)
    return {"settings": settings, "suggestions": suggested, "merges": found.merges, "near_misses": found.near}


def why(grouped: Grouped, one: int, other: int) -> dict[str, Any]:
    """Returns what keeps two persons apart: the numbers of their nearest pair of tracklets, plain JSON values.

    ``persons``, ``shared_frames`` (how many), ``tracklets`` and the numbers of the log; for any two, logged or not.

    Raises:
        SettingsError: there is no such person.
    """
    sides = [np.flatnonzero(grouped.who == person) for person in (one, other)]
    for person, side in zip((one, other), sides, strict=True):
        if not len(side):
            raise SettingsError(f"there is no person {person}.", code="no_person", person=person)
    a, b = (grid.ravel() for grid in np.meshgrid(*sides, indexing="ij"))
    pairs = candidates.numbers_of(grouped.pieces, grouped.analysis, grouped.vectors, a, b, grouped.faces)
    apart = np.where(pairs.gap > 0, pairs.gap, 0)
    at = int(np.lexsort((apart, -np.nan_to_num(pairs.similarity, nan=-1.0)))[0])
    places = (int(pairs.first[at]), int(pairs.second[at]))
    return {
        "persons": [one, other],
        "shared_frames": len(shared_frames(grouped, one, other)),
        "tracklets": [int(grouped.pieces.tracklet_ids[t]) for t in places],
        **numbers(pairs, at),
    }


def shared_frames(grouped: Grouped, one: int, other: int) -> NDArray[np.int64]:
    """Returns (S,) int64: the ordinals in which both persons have a box."""
    owner = np.repeat(grouped.who, np.diff(grouped.pieces.indptr))
    frames = grouped.pieces.frame_numbers
    return np.intersect1d(frames[owner == one], frames[owner == other])
