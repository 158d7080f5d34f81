"""The Faces group of Video Source: which models are there, photos of the person who is looked for, and their faces.

It is built in ``web/faces_form.js``. Looking at a photo or a model is a small job in a queue of its own: it waits for
no extraction, and is in no list. A download is an ordinary job, and begins only on a person's word.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import (
    ERROR_KEYS,
    FramesieveError,
    JobError,
    ModelError,
    RequestError,
    SettingsError,
    SourceError,
)
from core.jobs.queue import JobQueue
from core.jobs.state import RUNNING, JobState
from core.settings.faces import FACE_PACKS, FaceSettings
from core.settings.model import from_mapping, to_mapping
from core.ui import machine, owner, uploads
from core.ui.answers import answer
from core.ui.places import check_face_model, check_face_reference
from core.ui.refusals import refusal
from core.ui.routes import reading, writing
from core.ui.verbs import Verbs

LOOKS = ("face_photo", "face_model", "person_photo")
PACK_MB = {"buffalo_l": 326, "buffalo_m": 313, "buffalo_s": 159, "antelopev2": 407}
"""What insightface says of the size of its packs."""
MODEL_KEYS = ("face_model", "face_device", "min_face_confidence")


class FaceSource:
    """The routes of the group."""

    def __init__(self, verbs: Verbs, small: JobQueue) -> None:
        """Remembers what it works on; ``small`` is the queue of the inspections."""
        self._verbs, self._small = verbs, small

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/source/faces": lambda _: answer(facts()),
            "/fs/source/faces/looks/{look}": self._look,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/source/faces/model": self._model,
            "/fs/source/faces/photo": self._photo,
            "/fs/source/faces/pack": self._pack,
            "/fs/source/faces/looks/{look}/cancel": self._cancel,
        }
        return [
            Route("/fs/source/faces/upload", self._upload, methods=["POST"]),
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    # --- inspections

    def _model(self, request: Request, body: dict[str, Any]) -> Response:
        """Begins to open the model, to say where it really runs."""
        return answer({"look": self._begin("face_model", {"settings": self._settings(body)}, "Open the face model")})

    def _photo(self, request: Request, body: dict[str, Any]) -> Response:
        """Begins to look for the faces of a photo; of ``IMG#2`` it says that the second one was named."""
        from core.pipeline.faces.reference import is_photo, split

        text = body.get("photo")
        if not isinstance(text, str) or not text.strip() or not is_photo(text.strip()):
            raise SourceError("a photo is wanted as the path of a picture.", field="face_refs")
        text = text.strip()
        settings = self._settings(body, (text,))
        path, number = split(text)
        look = self._begin("face_photo", {"photo": str(path), "settings": settings}, f"Look at {path.name}")
        return answer({"look": look, "photo": str(path), "face": number})

    def _settings(self, body: Mapping[str, Any], photos: tuple[str, ...] = ()) -> dict[str, Any]:
        """Returns the settings of the model, checked."""
        from core.models.face_packs import find_pack

        wanted = from_mapping(FaceSettings, {name: body[name] for name in MODEL_KEYS if name in body})
        check_face_model(wanted.face_model, self._verbs.places.allows)
        for photo in photos:
            check_face_reference(photo, self._verbs.places.allows)
        find_pack(wanted.face_model)
        return to_mapping(wanted)

    def _begin(self, verb: str, arguments: Mapping[str, Any], title: str) -> str:
        arguments = {**arguments, "look": secrets.token_hex(8)}
        return self._small.start(verb, arguments, owner.current(), title=title)

    def _look(self, request: Request) -> Response:
        return answer(inspection_json(self._small.snapshot(request.path_params["look"])))

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        self._small.cancel(request.path_params["look"])
        return answer({})

    # --- files

    def _pack(self, request: Request, body: dict[str, Any]) -> Response:
        """Begins the download of a pack, after a person said so."""
        name = body.get("name")
        if name not in FACE_PACKS:
            raise SettingsError(f"a face model is wanted by its name: {', '.join(FACE_PACKS)}.", field="face_model")
        job = self._verbs.start("face_pack", {"name": name}, owner.current(), f"Download {name}")
        return answer({"job": job})

    async def _upload(self, request: Request) -> Response:
        length = request.headers.get("content-length", "")
        announced = int(length) if length.isdecimal() and len(length) < 19 else None
        name, downloads = request.query_params.get("name", ""), self._verbs.workspace.downloads
        try:
            path = await uploads.receive(
                request.stream(), name, announced, downloads, uploads.MOST_PHOTO_BYTES, uploads.PHOTO
            )
        except ClientDisconnect:
            return refusal(RequestError("the upload was broken off.", code="broken_off"))
        except FramesieveError as error:
            return refusal(error)
        return answer({"photo": str(path)})


def facts() -> dict[str, Any]:
    """Returns plain JSON values: each pack, whether it is there, how large it is, where it lies or comes from."""
    from core.models.face_packs import ADDRESS, find_pack, packs_folder

    packs: list[dict[str, Any]] = []
    for name in FACE_PACKS:
        line: dict[str, Any] = {
            "name": name,
            "folder": str(packs_folder() / name),
            "address": ADDRESS.format(name=name),
        }
        try:
            size = sum(path.stat().st_size for path in find_pack(name).glob("*.onnx"))
            packs.append(line | {"installed": True, "mb": round(size / 1e6)})
        except (ModelError, OSError):
            packs.append(line | {"installed": False, "mb": PACK_MB.get(name)})
    return {"packs": packs, "most_photo_bytes": uploads.MOST_PHOTO_BYTES}


def inspection_json(state: JobState) -> dict[str, Any]:
    """Returns how far an inspection is; a model that runs on the CPU although there is a GPU is said."""
    if state.verb not in LOOKS:
        raise JobError("there is no such look.", code="no_job")
    result = dict(state.result)
    return {
        "state": state.state,
        "ahead": state.ahead if state.state != RUNNING else 0,
        **{name: getattr(state, name) for name in ERROR_KEYS},
        "result": result | {"notice": _notice(state, result.get("provider"))} if result else None,
    }


def _notice(state: JobState, provider: Any) -> str | None:
    if provider != "CPU":
        return None
    device = (state.arguments.get("settings") or {}).get("face_device")
    gpu = machine.facts()["gpu"]
    advice = "install onnxruntime-gpu in place of onnxruntime, with the CUDA libraries that it names"
    if device == "cuda":
        return f"CUDA was asked for and is not there, so faces are read on the CPU; {advice}."
    if device == "auto" and gpu is not None:
        return f"ONNX Runtime finds no CUDA on this machine's {gpu}, so faces are read on the CPU; {advice}."
    return None
