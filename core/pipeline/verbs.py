"""Every verb, in one list: what it is for, its arguments, where it lies. Nothing of a verb is imported before it runs.

To add one: a file with its generator here, its arguments in ``core/settings``, a line in ``VERBS``. It is then on the
command line, a job, in the API and in batches.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import SettingsError
from core.settings.arguments import Arguments
from core.settings.model import from_mapping, nearest
from core.settings.unread import unread
from core.step import Notice, Outcome, Step, each


@dataclass(frozen=True)
class Verb:
    """One thing that people can ask for."""

    name: str
    """In jobs and in the API; on the command line with dashes."""
    text: str
    """What it does, in a few words."""
    model: str
    """``module:class`` of its arguments."""
    function: str
    """``module:function``: takes the arguments, is a generator of ``Step`` and returns an ``Outcome``."""
    typed: bool = True
    """Whether the command line offers it; some only serve the page."""
    resumes: bool = False
    """Whether the same call goes on where an interrupted one stopped. Its module may say how: ``resumed``."""

    @property
    def arguments(self) -> type[Arguments]:
        """The model of its arguments."""
        found: type[Arguments] = _at(self.model)
        return found

    def read(self, values: Mapping[str, Any], resumed_in: Path | None = None) -> Arguments:
        """Returns the arguments from plain JSON values.

        Args:
            values: by the names of the model.
            resumed_in: the run folder in which the same call was interrupted.

        Raises:
            SettingsError: what is wrong with them.
        """
        arguments = from_mapping(self.arguments, values)
        resumed = getattr(importlib.import_module(self.function.split(":")[0]), "resumed", None)
        if resumed_in is not None and resumed is not None:
            again: Arguments = resumed(arguments, resumed_in)
            return again
        return arguments

    def steps(self, arguments: Arguments) -> Generator[Step, None, Outcome]:
        """Returns its generator; nothing runs before the first step, which says what was given and changes nothing."""
        steps: Generator[Step, None, Outcome] = _at(self.function)(arguments)
        said = [Notice("setting_unread", one.sentence) for one in unread(arguments) if not one.is_default]
        return _with_notices(steps, said) if said else steps


def _with_notices(steps: Generator[Step, None, Outcome], said: list[Notice]) -> Generator[Step, None, Outcome]:
    """The same steps; the first one has these notices before its own."""

    def with_notices(step: Step) -> Step:
        notices = (*said, *step.notices)
        said.clear()
        return dataclasses.replace(step, notices=notices)

    return (yield from each(steps, with_notices))


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _verb(name: str, text: str, model: str, function: str, **more: bool) -> Verb:
    return Verb(name, text, f"core.settings.{model}", f"core.pipeline.{function}", **more)


VERBS = {
    verb.name: verb
    for verb in (
        _verb(
            "extract",
            "extract and score frames of a video",
            "extract:ExtractArguments",
            "extract:extract",
            resumes=True,
        ),
        _verb("fetch", "download a video from a web address", "fetch:FetchArguments", "fetch:fetch"),
        _verb("filter", "choose frames of a run by their numbers", "filter:FilterArguments", "filter:filter_run"),
        _verb("export", "write the chosen frames to a folder of their own", "export:ExportArguments", "export:export"),
        _verb("shots", "find the cuts of a run's video", "shots:ShotsArguments", "shots:shots"),
        _verb(
            "rescore",
            "apply other quality weights to a run, or read its frames again for columns that it lacks",
            "rescore:RescoreArguments",
            "rescore:rescore",
        ),
        _verb(
            "faces",
            "read the faces of a run, compare them with photos, find its people",
            "faces:FacesArguments",
            "faces.read:faces",
        ),
        _verb("face_pack", "download a face model", "faces:FacePackArguments", "faces.model:face_pack"),
        _verb(
            "face_photo",
            "find the faces of a photo",
            "faces:FacePhotoArguments",
            "faces.model:face_photo",
            typed=False,
        ),
        _verb(
            "person_photo",
            "find a person by a photo",
            "persons:PersonPhotoArguments",
            "persons.photo:person_photo",
            typed=False,
        ),
        _verb(
            "face_model",
            "say where a face model runs and how fast",
            "faces:FaceModelArguments",
            "faces.model:face_model",
            typed=False,
        ),
        _verb(
            "precompute",
            "run a detector over videos and keep its boxes beside them",
            "detect:PrecomputeArguments",
            "precompute:precompute",
            resumes=True,
        ),
        _verb(
            "people",
            "find every person of a video: detect, track, group, rank, show",
            "persons:PersonsArguments",
            "persons.people:people",
            resumes=True,
        ),
        _verb(
            "select_person",
            "write the files of a person, or list all persons",
            "persons:SelectPersonArguments",
            "persons.people:select_person",
        ),
        _verb(
            "mask",
            "mask the subjects of a run or of segments, shot by shot",
            "masks:MaskArguments",
            "masks.mask:mask",
            resumes=True,
        ),
        _verb(
            "patches",
            "cut training patches for video super-resolution out of videos",
            "patches:PatchesArguments",
            "patches.patches:patches",
            resumes=True,
        ),
        _verb(
            "parts",
            "list what unfinished passes of detectors left, and delete it",
            "parts:PartsArguments",
            "parts:parts",
        ),
        _verb(
            "fetch_weights",
            "download weights of a detector",
            "review:WeightsArguments",
            "review.weights:fetch_weights",
            typed=False,
        ),
        _verb(
            "proxy",
            "make a copy of a video that browsers play",
            "review:ProxyArguments",
            "review.proxy:proxy",
            typed=False,
        ),
        _verb("probe", "say what a video is, counted, not claimed", "probe:ProbeArguments", "probe:probe"),
        _verb(
            "doctor",
            "say what works on this machine and what is missing",
            "doctor:DoctorArguments",
            "doctor:doctor",
        ),
        _verb("demo", "make a sample video and run the main job on it", "demo:DemoArguments", "demo:demo"),
    )
}
"""Name -> verb, in the order in which they are listed to people."""


def verb_of(name: str) -> Verb:
    """Returns a verb.

    Raises:
        SettingsError: there is no such verb.
    """
    if name not in VERBS:
        raise SettingsError(f'"{name}" is not a verb{nearest(name, VERBS)}.', code="verb", verb=name)
    return VERBS[name]
