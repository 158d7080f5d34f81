"""Finds a person of a video by a photo: by the face where faces were read, else by what the whole person looks like."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.advice import advice
from core.errors import RunError, SettingsError, SourceError
from core.metrics import appearance
from core.models import FaceReader
from core.pipeline.persons.faces import faces_of_video, of_persons
from core.settings.persons import PersonPhotoArguments
from core.step import Outcome, Step
from core.store import person_edits, persons
from core.store.person_dir import PersonDir
from core.store.persons import Persons
from core.video import images
from core.video.photos import read_photo
from core.wording import plural

BY_FACE, BY_LOOKS = "face", "looks"
CROP = (128, 256)
"""(w, h) to which crops are resized before they are described."""


@dataclass(frozen=True)
class Likeness:
    """How much somebody is like the person on a photo."""

    person_id: int
    name: str
    similarity: float
    """Cosine, more is more alike; of faces and of looks on scales of their own."""
    by: str
    """``face`` or ``looks``."""

    def to_mapping(self) -> dict[str, Any]:
        """Returns plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class AlikePersons(Outcome):
    """Persons of a video, the one most like a photo first."""

    alike: list[dict[str, Any]]
    """As ``Likeness``."""

    def lines(self) -> list[str]:
        """One line a person."""
        return [f"{one['person_id']} {one['name']} {one['similarity']:.2f} by {one['by']}" for one in self.alike]


def person_photo(arguments: PersonPhotoArguments) -> Generator[Step, None, AlikePersons]:
    """Finds a person by a photo. Raises as ``find_by_photo``."""
    yield Step("looking at the photo")
    folder = PersonDir(arguments.folder)
    photo = str(arguments.photo) if arguments.face is None else f"{arguments.photo}#{arguments.face}"
    return AlikePersons([one.to_mapping() for one in find_by_photo(folder, photo, open_reader_for(folder))])


def find_by_photo(folder: PersonDir, photo: str, reader: FaceReader | None = None) -> list[Likeness]:
    """Returns the persons of a video, the one most like a photo first.

    With faces of the video and a model that reads the photo's, those whose face is known are compared by face. Else,
    and where the photo shows no face, all are compared by looks: then it should show one person from head to foot.

    Args:
        folder: of the persons.
        photo: a picture; ``IMG#2`` = the second face from the left.
        reader: the face model; ``None`` = none is there.

    Raises:
        SourceError: it is not a picture. SettingsError: several faces and none chosen. RunError: nobody can be
        compared: no stage 4, or no looks that can be made of a photo.
    """
    known = person_edits.read(folder.edits)
    names = known.names()
    found = persons.read_persons(folder.persons) if folder.persons.exists() else None
    faces = faces_of_video(folder) if reader is not None else None
    if reader is not None and faces is not None and faces.digest == reader.digest:
        wanted = _face_of(photo, reader)
        means = of_persons(found, faces, known)
        if wanted is None and found is None:
            sentence = f"no face is to be seen on {photo}, and persons of this video are known by faces only."
            raise SourceError(sentence, code="no_face", field="photo", photo=photo)
        if wanted is not None and means:
            return _sorted({person: float(vector @ wanted) for person, vector in means.items()}, names, BY_FACE)
    return _sorted(_by_looks(folder, found, photo), names, BY_LOOKS)


def open_reader_for(folder: PersonDir) -> FaceReader | None:
    """Opens the model that read the faces of the video, if it is installed; it is never fetched."""
    from core.errors import ModelError

    faces = faces_of_video(folder)
    if faces is None:
        return None
    from core.models.face_packs import find_pack

    try:
        find_pack(faces.model)
        from core.models.faces import open_reader

        return open_reader(faces.model, "auto", 0.5)
    except ModelError:
        return None


def _face_of(photo: str, reader: FaceReader) -> NDArray[np.float32] | None:
    """The face of a photo; ``None`` = it shows none."""
    from core.pipeline.faces.reference import faces_in, split

    path, number = split(photo)
    _, faces = faces_in(path, reader)
    if not len(faces):
        return None
    if (number is None and len(faces) > 1) or not 1 <= (number or 1) <= len(faces):
        raise SettingsError(
            f"{path} shows {plural(len(faces), 'face')}; choose one, counted from the left, with "
            + advice(f"#1 to #{len(faces)} behind the name, or with --face.", f"#1 to #{len(faces)} behind the name."),
            code="several_faces",
            field="photo",
            faces=len(faces),
        )
    vector: NDArray[np.float32] = faces.vectors[(number or 1) - 1]
    return vector


def _by_looks(folder: PersonDir, found: Persons | None, photo: str) -> dict[int, float]:
    from core.pipeline.faces.reference import split

    if not folder.tracklets.exists():
        raise RunError(
            "persons of this video are known by faces only, and the model that read them is not here; find people "
            "first, then all are compared by looks.",
            code="no_stage",
            stage="4a",
        )
    tracklets = persons.read_tracklets(folder.tracklets)
    looks = persons.read_appearances(folder.appearance, tracklets)
    if looks.kind != appearance.KIND:
        raise RunError(
            f"{folder.path} knows looks of {looks.kind} only, which a photo is not compared by; run stage 4 without "
            "reid_model, or read faces.",
            code="stale_stage",
            stage="4a",
        )
    if found is None:
        found = persons.read_persons(folder.persons)
    rgb = read_photo(split(photo)[0])
    wanted = appearance.describe(images.resized(rgb, *CROP))
    weights = np.diff(tracklets.indptr) * looks.vectors.any(axis=1)
    likeness = looks.vectors @ wanted
    values: dict[int, float] = {}
    for person in found.person_ids.tolist():
        mine = (found.tracklet_person == person) & (weights > 0)
        if mine.any():
            values[person] = float(np.average(likeness[mine], weights=weights[mine]))
    return values


def _sorted(values: dict[int, float], names: dict[int, str], by: str) -> list[Likeness]:
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return [Likeness(person, names.get(person, ""), round(similarity, 4), by) for person, similarity in ordered]
