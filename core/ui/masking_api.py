"""What ``gradio_client`` may call by name of Subject Masking beside ``process_all`` and ``export_masks``.

A video is named as ``run``: the name of a run, or the path of a folder of segments; a shot by ``segment`` (its number
in a folder of segments) and ``shot`` (from 0).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import FramesieveError, SettingsError
from core.settings.masks import MaskSettings
from core.settings.model import to_mapping
from core.ui import owner
from core.ui.forms import plain
from core.ui.masking_work import MaskingWork
from core.ui.session import utf8
from core.ui.verbs import Verbs

Answer = dict[str, Any]
TOLD = ("number", "start", "end", "prompt_frame", "prompts", "state", "worst", "worst_frame", "saved_at", "revision")
"""What a program is told of a shot."""


def build(verbs: Verbs, work: MaskingWork) -> None:
    """Defines the endpoints; call inside ``gr.Blocks``."""
    for name, handler in MaskingApi(verbs, work).all().items():
        gr.api(handler, api_name=name, concurrency_limit=2)  # type: ignore[attr-defined]


class MaskingApi:
    """The endpoints. Every value that comes in is checked; an error is one sentence."""

    def __init__(self, verbs: Verbs, work: MaskingWork) -> None:
        self._verbs, self._work = verbs, work

    def all(self) -> dict[str, Callable[..., Answer]]:
        """Returns the endpoints by name; their signatures are what programs see."""
        return {**self._shots(), **self._masks(), **self._jobs()}

    def _shots(self) -> dict[str, Callable[..., Answer]]:
        def init(run: str) -> Answer:
            """Opens a run or a folder of segments. Returns its size, and the first shot that has no points.

            Args:
                run: name of a run, or the path of a folder of segments.
            """
            return _spoken(lambda: self._opened(run))

        def load_segment(run: str, segment: int | None = None, shot: int = 0) -> Answer:
            """Returns one shot: its frames, and what is saved of it.

            Args:
                run: as in ``init``.
                segment: number of the segment, in a folder of segments.
                shot: number of the shot, from 0.
            """
            return _spoken(lambda: self._told(self._shot(run, segment, shot)))

        def skip_segment(run: str, segment: int | None = None, shot: int = 0) -> Answer:
            """Returns the next shot after this one that has no points; ``shot`` is null where all have some."""
            return _spoken(lambda: self._skipped(run, segment, shot))

        def annotations_summary(run: str) -> Answer:
            """Returns how many shots have points, masks, and look doubtful, and each of them."""
            return _spoken(lambda: self._summary(run))

        found: list[Callable[..., Answer]] = [init, load_segment, skip_segment, annotations_summary]
        return {one.__name__: one for one in found}

    def _masks(self) -> dict[str, Callable[..., Answer]]:
        def preview_mask(
            run: str,
            points: list[list[float]],
            labels: list[int],
            box: list[float] | None = None,
            segment: int | None = None,
            shot: int = 0,
            frame: int | None = None,
            object_id: int = 1,
            masker: str = "sam2",
            weights: str = "",
            settings: dict[str, Any] | None = None,
        ) -> Answer:
            """Returns the mask of some points: overlay and green screen as PNG data addresses, and its share in %.

            Args:
                run: as in ``init``.
                points: [[x, y], ...] in pixels of the picture.
                labels: 1 = include, 0 = exclude, one for each point.
                box: [x1, y1, x2, y2].
                segment: number of the segment.
                shot: number of the shot, from 0.
                frame: of the video; without one, the prompt frame of the shot.
                object_id: which object of the shot.
                masker: "sam2" or "yolo-seg".
                weights: path of its weights in an allowed folder.
                settings: further settings of masks, by their names.
            """
            prompt = _prompt(object_id, points, labels, box)
            said = _masker(settings, masker, weights)
            return _spoken(lambda: self._preview(self._shot(run, segment, shot), frame, prompt, said))

        def save_annotation(
            run: str,
            points: list[list[float]],
            labels: list[int],
            box: list[float] | None = None,
            segment: int | None = None,
            shot: int = 0,
            frame: int | None = None,
            object_id: int = 1,
        ) -> Answer:
            """Keeps what is said of an object on a frame of a shot, and returns the shot. Other objects stay."""
            prompt = _prompt(object_id, points, labels, box)
            return _spoken(lambda: self._saved(self._shot(run, segment, shot), frame, prompt))

        def delete_annotation(run: str, segment: int | None = None, shot: int = 0) -> Answer:
            """Forgets everything that is said of a shot."""
            return _spoken(lambda: self._deleted(self._shot(run, segment, shot)))

        return {one.__name__: one for one in (preview_mask, save_annotation, delete_annotation)}

    def _jobs(self) -> dict[str, Callable[..., Answer]]:
        def process_segment(
            run: str,
            segment: int | None = None,
            shot: int = 0,
            masker: str = "sam2",
            weights: str = "",
            settings: dict[str, Any] | None = None,
        ) -> Answer:
            """Masks every frame of one shot that has points, as a job. Returns the job."""
            said = _masker(settings, masker, weights)
            return _spoken(lambda: self._process(run, [self._shot(run, segment, shot)], said, {}))

        def preview_all(
            run: str, masker: str = "sam2", weights: str = "", settings: dict[str, Any] | None = None
        ) -> Answer:
            """Makes the mask of the prompt frame of every shot that has points, as a job. Returns the job."""
            said = _masker(settings, masker, weights)
            return _spoken(lambda: self._process(run, None, said, {"stills": True}))

        return {one.__name__: one for one in (process_segment, preview_all)}

    # --- what they do

    def _shot(self, run: Any, segment: int | None, number: int) -> dict[str, Any]:
        subject = self._work.meant(run)
        return self._work.shot(subject, segment, number)

    def _opened(self, run: Any) -> Answer:
        subject = self._work.meant(run)
        facts = self._work.facts(subject)
        first = next((shot for shot in facts["shots"] if shot["state"] == "empty"), None)
        homes = [{name: home[name] for name in ("name", "number", "frames", "width", "height")} for home in _of(facts)]
        settings = to_mapping(MaskSettings())
        told = {"name": facts["name"], "shots": len(facts["shots"]), "videos": homes, "settings": settings}
        return told | {"first": None if first is None else self._told(first)}

    def _told(self, shot: dict[str, Any]) -> Answer:
        return {name: shot[name] for name in TOLD} | {"segment": shot["segment"]}

    def _skipped(self, run: Any, segment: int | None, number: int) -> Answer:
        subject, here = self._work.meant(run), self._shot(run, segment, number)
        shots = self._work.shots(subject)
        at = next(i for i, shot in enumerate(shots) if shot["key"] == here["key"])
        order = [*shots[at + 1 :], *shots[:at]]
        found = next((shot for shot in order if shot["state"] == "empty"), None)
        return {"shot": None if found is None else self._told(found)}

    def _summary(self, run: Any) -> Answer:
        shots = self._work.shots(self._work.meant(run))
        states = [shot["state"] for shot in shots]
        counts = {state: states.count(state) for state in ("empty", "points", "mask", "propagated", "doubtful")}
        told = {"shots": len(shots), "annotated": len(shots) - counts["empty"], "states": counts}
        return told | {"each": [self._told(shot) for shot in shots]}

    def _preview(self, shot: dict[str, Any], frame: int | None, prompt: dict[str, Any], said: dict[str, Any]) -> Answer:
        part = self._work.part(shot)
        at = shot["prompt_frame"] if frame is None else frame
        body = {"frame": at, "prompts": [prompt | {"frame": at}], "masker": said}
        found = self._work.preview(part, part.home(), body, self._work.new_asker(), green=True)
        coverage = sum(one["coverage_pct"] for one in found.get("objects", ()))
        return {name: value for name, value in found.items() if name != "id"} | {"coverage_pct": coverage}

    def _saved(self, shot: dict[str, Any], frame: int | None, prompt: dict[str, Any]) -> Answer:
        at = shot["prompt_frame"] if frame is None else frame
        others = [one for one in shot["prompts"] if (one["object"], one["frame"]) != (prompt["object"], at)]
        if not shot["start"] <= at < shot["end"]:
            sentence = f"frame {at} is not of this shot, which has the frames {shot['start']} to {shot['end'] - 1}."
            raise SettingsError(sentence, code="no_frame", field="frame", frame=at)
        first = min([one["frame"] for one in others] + [at]) if others else at
        body = {"start": shot["start"], "prompt_frame": first, "prompts": [*others, prompt | {"frame": at}]}
        part = self._work.part(shot)
        self._work.save(part, part.home(), body | {"force": True})
        return self._told(self._work.again(shot))

    def _deleted(self, shot: dict[str, Any]) -> Answer:
        part = self._work.part(shot)
        body = {"start": shot["start"], "prompts": [], "force": True}
        self._work.save(part, part.home(), body)
        return self._told(self._work.again(shot))

    def _process(
        self, run: Any, shots: list[dict[str, Any]] | None, said: dict[str, Any], more: dict[str, Any]
    ) -> Answer:
        keys = None if shots is None else [shot["key"] for shot in shots]
        return {"job": self._work.process(run, keys, said, more, owner.API)}


def _prompt(object_id: int, points: list[list[float]], labels: list[int], box: list[float] | None) -> dict[str, Any]:
    """What is said of an object, as the page says it."""
    return {"object": object_id, "points": points, "labels": labels, "box": box}


def _masker(settings: dict[str, Any] | None, masker: str, weights: str) -> dict[str, Any]:
    """The masker as the controls of the page say it."""
    return {**(settings or {}), "masker": masker, "weights": weights}


def _of(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return list(facts["homes"].values())


def _spoken(act: Callable[[], Answer]) -> Answer:
    """Turns our errors into what Gradio shows as one sentence; a program finds the code in its title."""
    try:
        told: Answer = plain(act())
        return told
    except FramesieveError as error:
        raise gr.Error(utf8(str(error)), title=error.code, print_exception=False) from None
