"""How faces are found, compared and grouped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.errors import SettingsError
from core.settings.arguments import Arguments
from core.settings.model import Model, knob
from core.settings.paths import FaceModel, FaceReference, ReadFile, RunFolder

FACE_PACKS = ("buffalo_l", "buffalo_m", "buffalo_s", "antelopev2")
"""insightface's model packs; a folder of ONNX files may be named instead."""


DEVICES = ("auto", "cpu", "cuda")


face_model_knob = partial(
    knob,
    "buffalo_l",
    f"face model: {', '.join(FACE_PACKS)}, or a folder of ONNX files",
    metavar="NAME_OR_FOLDER",
    label="Face model",
)
face_device_knob = partial(
    knob,
    "auto",
    "where face models run; auto takes CUDA if it is there",
    choices=DEVICES,
    in_digest=False,
    label="Face model runs on",
)
min_face_confidence_knob = partial(
    knob,
    0.5,
    "leave out faces that the detector is less sure of",
    low=0.1,
    high=1.0,
    metavar="C",
    label="Face confidence at least",
)


class FaceSettings(Model):
    """How faces are found, and whose face is looked for."""

    face_model: FaceModel = face_model_knob()
    face_device: str = face_device_knob()
    min_face_confidence: float = min_face_confidence_knob()
    face_refs: tuple[FaceReference, ...] = knob(
        (),
        "a photo of the person who is looked for, or person:ID or face:ROW of the run; repeat for more",
        in_digest=False,
        flag=("--reference", "--face-ref-img"),
        metavar="IMG",
    )


MAX_FACE_DISTANCE = 0.5
"""Cosine distance up to which a face counts as that of the reference; chosen by measurement: benchmarks/faces.py."""


class PeopleSettings(Model):
    """How the faces of a run become people."""

    person_distance: float = knob(
        0.55, "mean cosine distance up to which two groups of faces are one", low=0.05, high=1.5, metavar="D"
    )


class FacesArguments(Arguments):
    """Whose faces are read, whom they are compared with, and whether they become people."""

    run: RunFolder = knob(..., "a run folder", flag="", metavar="RUN")
    settings: FaceSettings = knob(FaceSettings(), "what differs from the settings of the run's faces")
    face: int | None = knob(None, "which face of the one photo, counted from 1 from the left", metavar="N")
    no_reference: bool = knob(False, "compare with nobody any more")
    people: PeopleSettings | None = knob(None, "group the faces into people", flag="--people")
    names: Mapping[str, str] = knob({}, "name a person of the video; repeat for more", flag="--name", metavar="ID=NAME")
    again: bool = knob(False, "read all faces anew, with another model for instance")
    video: ReadFile | None = knob(None, "where the run's video lies now, if it was moved", metavar="FILE")
    cut: bool = knob(True, "cut out the best pictures of each person", flag=())

    @property
    def given(self) -> dict[str, Any]:
        """The settings that were given; an empty list of references compares with nobody.

        Raises:
            SettingsError: what was said about references contradicts itself.
        """
        values = {name: getattr(self.settings, name) for name in self.settings.model_fields_set}
        references = values.get("face_refs")
        if self.no_reference and references:
            raise SettingsError("both --reference and --no-reference came; give one of them.", field="no_reference")
        if self.face is None:
            return values | ({"face_refs": ()} if self.no_reference else {})
        if references is None or len(references) != 1:
            raise SettingsError(
                "--face chooses a face of one photo; with several write IMG#N for each --reference.", field="face"
            )
        return values | {"face_refs": (f"{references[0]}#{self.face}",)}

    @property
    def person_names(self) -> dict[int, str]:
        """Person id -> name. Raises ``SettingsError`` for an id that is none."""
        return {_person(person): name for person, name in self.names.items()}


def _person(text: str) -> int:
    if not text.isdecimal():
        raise SettingsError(f'"{text}" is not the id of a person; ids are whole numbers from 0.', field="names")
    return int(text)


class FacePhotoArguments(Arguments):
    """Which photo is looked at."""

    photo: ReadFile = knob(..., "a photo")
    settings: FaceSettings = knob(FaceSettings(), "how faces are found")
    look: str = knob("", "any text: with texts of their own two looks at one photo are not the same job", flag=())


class FaceModelArguments(Arguments):
    """Which model is opened."""

    settings: FaceSettings = knob(FaceSettings(), "which model, and where it runs")
    look: str = knob("", "any text: with texts of their own two looks at one model are not the same job", flag=())


class FacePackArguments(Arguments):
    """Which model is downloaded."""

    name: str = knob(..., f"one of {', '.join(FACE_PACKS)}", flag="", metavar="NAME")
