"""``python -m core.pipeline.masks.click_main``: the child process that answers clicks; see ``click``.

The request names the masker; each message after it is one question about one frame, with a number, and is answered by
a line with that number: the masks as a picture, or what is wrong. Of questions of one asker that wait, only the newest
is worked on. How it speaks with its parent is in ``core.parent``.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import math
import queue
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import FramesieveError, SettingsError
from core.models import Masker
from core.parent import Parent, serve
from core.pipeline.masks.home import Home, Pictures, open_home
from core.pipeline.masks.opening import OpenMasker, open_by_settings
from core.pipeline.masks.seeds import Seed, Seeder
from core.pipeline.masks.stills import still_of
from core.prompts import FrameMasks
from core.settings.masks import MaskSettings
from core.settings.model import from_mapping
from core.store.shot_notes import ObjectPrompt, ShotNote
from core.video import images, overlay


def main(opener: OpenMasker = open_by_settings) -> None:
    """Serves questions until the input ends, and ends the process."""
    asked: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def gone() -> bool:
        asked.put(None)
        return False

    serve(lambda parent: _answer(parent, asked, opener), asked.put, gone)


def _answer(parent: Parent, asked: queue.SimpleQueue[dict[str, Any] | None], opener: OpenMasker) -> None:
    request = parent.request
    weights = request.get("weights")
    settings = from_mapping(MaskSettings, request.get("settings") or {})
    masker = opener(settings, Path(weights) if weights else None, unsafe=bool(request.get("unsafe")))
    parent.send({"ready": True, "backend": masker.backend})
    with contextlib.ExitStack() as stack:
        clicks = _Clicks(masker, stack)
        while True:
            waiting = _next(asked)
            for place, message in enumerate(waiting):
                if message is None:
                    return
                newer = any(other and other.get("asker") == message.get("asker") for other in waiting[place + 1 :])
                parent.send({"id": message["id"]} | ({"outdated": True} if newer else clicks.answer(message)))


def _next(asked: queue.SimpleQueue[dict[str, Any] | None]) -> list[dict[str, Any] | None]:
    """Waits for a question, and takes all that are there."""
    found = [asked.get()]
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(asked.get_nowait())
    return found


class _Clicks:
    """The masker, and the video that was asked about last, which stays open."""

    def __init__(self, masker: Masker, stack: contextlib.ExitStack) -> None:
        self._masker, self._stack = masker, stack
        self._home: Home | None = None
        self._pictures: Pictures | None = None
        self._measured: dict[tuple[int, int], float] = {}

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._looked(message)
        except FramesieveError as error:
            return error.to_mapping() | {"kind": type(error).__name__}
        except (OSError, ValueError, RuntimeError) as error:
            wrong = SettingsError(f"this frame cannot be masked ({error}); try another one.", code="mask_failed")
            return wrong.to_mapping() | {"kind": "SettingsError"}

    def _looked(self, message: Mapping[str, Any]) -> dict[str, Any]:
        home, pictures = self._opened(Path(message["home"]))
        if message.get("estimate"):
            return {"seconds_per_frame": self._seconds(home)}
        if message.get("seed"):
            return {"prompts": self._seeded(message, home, pictures)}
        frame = int(message["frame"])
        rgb = pictures.picture(frame)
        note = note_of(message)
        if not note.on(frame):
            return {}  # the picture is decoded, and what is asked next is answered sooner
        found = still_of(home, note, self._masker, rgb, frame)
        return told(found, rgb, green=bool(message.get("green")))

    def _seconds(self, home: Home) -> float | None:
        """How long a frame takes, measured once for each size of picture; ``None``: the masker does not say."""
        size = home.width, home.height
        measure = getattr(self._masker, "seconds_per_frame", None)
        if size not in self._measured and measure is not None:
            self._measured[size] = float(measure(*size))
        return self._measured.get(size)

    def _seeded(self, message: Mapping[str, Any], home: Home, pictures: Pictures) -> list[dict[str, Any]]:
        """Where somebody is in a shot, as prompts. Raises ``SettingsError``: nobody is seen, or nothing looks."""
        seeder, (start, end) = Seeder(home, pictures, self._masker), (int(message["start"]), int(message["end"]))
        if not seeder.can_look():
            raise SettingsError(
                "nothing tells where subjects are: this masker sees no objects by itself; find the persons of the "
                "video first, or choose YOLO segmentation.",
                code="no_seeds",
                field="seed",
            )
        seeds: Mapping[str, Callable[[], Seed | None]] = {
            "primary": lambda: seeder.primary(start, end),
            "face": lambda: seeder.face(start, end),
            "person": lambda: seeder.person(start, end, int(message["person"])),
        }
        found = seeds[str(message["seed"])]()
        if found is None:
            raise SettingsError(
                "nobody of that kind is seen in this shot; point yourself.", code="no_seed", field="seed"
            )
        return [plain_prompt(prompt) for prompt in found.note(start, end).prompts]

    def _opened(self, path: Path) -> tuple[Home, Pictures]:
        if self._home is None or self._home.path != path or self._pictures is None:
            self._stack.close()
            self._pictures = None
            self._home = open_home(path)
            self._pictures = self._stack.enter_context(self._home.pictures())
        return self._home, self._pictures


def note_of(message: Mapping[str, Any]) -> ShotNote:
    """Returns what is said of a shot: ``start``, ``end``, ``prompt_frame`` and ``prompts`` as the page tells them.

    Raises:
        SettingsError: they are not that.
    """
    try:
        prompts = tuple(prompt_of(one) for one in message["prompts"])
        start, end, frame = (int(message[name]) for name in ("start", "end", "prompt_frame"))
        return ShotNote(start, end, frame, prompts)
    except (ValueError, TypeError, KeyError) as error:
        raise SettingsError(
            f"the points of a shot are wanted as objects with frame, points, labels and perhaps a box ({error}).",
            field="points",
        ) from None


def prompt_of(value: Mapping[str, Any]) -> ObjectPrompt:
    """Returns what is said of one object on one frame. Raises ``ValueError``, ``TypeError``, ``KeyError``."""
    points = tuple((float(x), float(y)) for x, y in value.get("points") or ())
    labels = tuple(value.get("labels") or ())
    if not all(type(label) is int for label in labels):
        raise ValueError("labels are 1 and 0")
    box = value.get("box")
    corners = None if box is None else tuple(float(one) for one in box)
    return ObjectPrompt(value["object"], value["frame"], points, labels, corners)  # type: ignore[arg-type]


def told(found: FrameMasks, rgb: np.ndarray[Any, Any], *, green: bool = False) -> dict[str, Any]:
    """Returns what the page is told of the masks of a frame: the overlay as a data address, and each object's share."""
    pixels = rgb.shape[0] * rgb.shape[1]
    objects = [
        {
            "object": object_id,
            "area_px": int(mask.sum()),
            "coverage_pct": 100 * int(mask.sum()) / pixels,
            "score": float(score) if math.isfinite(score) else None,
        }
        for object_id, mask, score in zip(found.object_ids, found.masks, found.scores, strict=True)
    ]
    values: dict[str, Any] = {"objects": objects, "overlay": _png(overlay.overlay_png(found.masks, found.object_ids))}
    if green:
        values["green"] = _png(images.encode_png(overlay.before(rgb, found.masks)))
    empty = [str(one["object"]) for one in objects if not one["area_px"]]
    if empty:
        sentence = (
            f"the mask of object {' and '.join(empty)} is empty: its points contradict each other, or nothing is "
        )
        wrong = SettingsError(
            f"{sentence}found under them; move them, or take some away.", code="empty_mask", field="points"
        )
        values |= {"notice": str(wrong), "code": wrong.code}
    return values


def _png(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def plain_prompt(prompt: ObjectPrompt) -> dict[str, Any]:
    """Returns a prompt as the page is told it."""
    values = dataclasses.asdict(prompt)
    return {
        "object": prompt.object_id,
        "frame": prompt.frame,
        "points": [list(point) for point in values["points"]],
        "labels": list(prompt.labels),
        "box": None if prompt.box is None else list(prompt.box),
    }


if __name__ == "__main__":
    main()
