"""Video Source: what a pasted text or dropped file is, how frames are chosen from it, and the start of the extraction.

The tab is built in ``web/source.js``; here are its routes. A source comes in as text and is checked each time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from core import config
from core.config import ExtractSettings, FetchSettings
from core.errors import FramesieveError, SettingsError, SourceError
from core.store import presets
from core.store.presets import Preset
from core.ui import owner, uploads
from core.ui.header import part
from core.ui.looks import Look, Looks
from core.ui.routes import FRESH, answer, reading, safely, writing
from core.ui.verbs import Verbs


def build() -> gr.HTML:
    """Returns the tab's content."""
    return part("source.js", "source")


class SourceRoutes:
    """The routes of the tab."""

    def __init__(self, verbs: Verbs, looks: Looks, upload_bytes: int, own_presets: Path) -> None:
        """Remembers what it works on.

        Args:
            verbs: starts extractions and knows the allowed folders.
            looks: looks at sources.
            upload_bytes: the limit of one upload.
            own_presets: where people's presets are kept; shipped ones are only read.
        """
        self._verbs, self._looks, self._upload_bytes, self._presets = verbs, looks, upload_bytes, own_presets

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/source": self._about,
            "/fs/source/looks/{look}": lambda request: answer(look_json(self._look(request))),
            "/fs/source/looks/{look}/poster": self._poster,
            "/fs/presets": lambda _: answer(self._all_presets()),
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/source/look": self._begin,
            "/fs/source/ask": self._ask,
            "/fs/source/looks/{look}/cancel": self._cancel,
            "/fs/source/extract": self._extract,
            "/fs/presets/save": self._save_preset,
            "/fs/presets/delete": self._delete_preset,
        }
        return [
            Route("/fs/source/upload", self._upload, methods=["POST"]),
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def _about(self, request: Request) -> Response:
        roots = [str(root) for root in self._verbs.workspace.roots]
        return answer({"roots": roots, "upload_bytes": self._upload_bytes})

    # --- what it is

    def _begin(self, request: Request, body: dict[str, Any]) -> Response:
        """Looks at a file; of a web address it only says that it is one."""
        found = self._verbs.source(body.get("text"))
        if isinstance(found, Path):
            stream = config.from_mapping(ExtractSettings, {"stream": body.get("stream")}).stream
            return answer(file_json(found, self._looks.at_file(found, stream)))
        return answer({"kind": "url", "source": found.text})

    def _ask(self, request: Request, body: dict[str, Any]) -> Response:
        """Asks a site, after a person said so."""
        found = self._verbs.source(body.get("text"))
        if isinstance(found, Path):
            raise SourceError(f"{found} is a file on this machine, not a web address.")
        height = body.get("max_height") or FetchSettings().max_height
        look = self._looks.at_address(found.text, config.from_mapping(FetchSettings, {"max_height": height}))
        return answer({"kind": "url", "source": found.text, "look": look.id})

    def _look(self, request: Request) -> Look:
        return self._looks.get(request.path_params["look"])

    def _poster(self, request: Request) -> Response:
        data = self._look(request).poster
        if data is None:
            return answer({"error": "there is no poster."}, 404)
        return Response(data, media_type="image/jpeg", headers=FRESH)

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        self._looks.cancel(request.path_params["look"])
        return answer({})

    async def _upload(self, request: Request) -> Response:
        length = request.headers.get("content-length", "")
        announced = int(length) if length.isdecimal() and len(length) < 19 else None
        name = request.query_params.get("name", "")
        try:
            path = await uploads.receive(
                request.stream(), name, announced, self._verbs.workspace.downloads, self._upload_bytes
            )
        except ClientDisconnect:
            return answer({"error": "the upload was broken off."}, 400)
        except FramesieveError as error:
            return answer({"error": str(error)}, 413 if "limit" in str(error) else 400)
        return safely(lambda: answer(file_json(path, self._looks.at_file(path))))

    # --- what is done with it

    def _extract(self, request: Request, body: dict[str, Any]) -> Response:
        return answer({"job": self._verbs.extract(body.get("source"), body.get("settings"), owner.current())})

    # --- presets

    def _all_presets(self) -> list[dict[str, Any]]:
        found = [_preset_json(name, self._presets, own=True) for name in presets.names(self._presets)]
        own = {line["name"] for line in found}
        shipped = [_preset_json(name, presets.SHIPPED, own=False) for name in presets.names() if name not in own]
        return sorted(found + shipped, key=lambda line: str(line["name"]))

    def _save_preset(self, request: Request, body: dict[str, Any]) -> Response:
        """Parts that come replace those of an own preset of this name; the other part stays."""
        name, parts = _name_of(body), {kind: body[kind] for kind in presets.KINDS if kind in body}
        if not parts or not all(isinstance(part, dict) for part in parts.values()):
            raise SettingsError("the settings of a preset are wanted as objects, extract or filter.")
        if name in presets.names() and name not in presets.names(self._presets):
            raise SettingsError(f'"{name}" comes with the program; choose another name.')
        before = presets.load(name, self._presets) if name in presets.names(self._presets) else Preset()
        checked = {kind: config.from_mapping(presets.KINDS[kind], part) for kind, part in parts.items()}
        presets.save(name, dataclasses.replace(before, **checked), self._presets)
        return answer(self._all_presets())

    def _delete_preset(self, request: Request, body: dict[str, Any]) -> Response:
        name = _name_of(body)
        if name in presets.names() and name not in presets.names(self._presets):
            raise SettingsError(f'"{name}" comes with the program; only your own presets can be deleted.')
        presets.delete(name, self._presets)
        return answer(self._all_presets())


def file_json(path: Path, look: Look) -> dict[str, Any]:
    """Returns what the browser is told first of a file."""
    return {"kind": "file", "source": str(path), "title": path.name, "look": look.id}


def look_json(look: Look) -> dict[str, Any]:
    """Returns how far a look is."""
    return {"state": look.state, "error": look.error, "facts": look.facts, "poster": look.poster is not None}


def _name_of(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str):
        raise SettingsError("the name of a preset is wanted as text.")
    return name.strip()


def _preset_json(name: str, folder: Path, own: bool) -> dict[str, Any]:
    """One line of the list; a damaged preset says what is wrong with it."""
    try:
        found = presets.load(name, folder)
    except FramesieveError as error:
        return {"name": name, "own": own, "error": str(error), "about": ""} | dict.fromkeys(presets.KINDS)
    parts = {kind: getattr(found, kind) for kind in presets.KINDS}
    told = {kind: None if part is None else config.differences(part) for kind, part in parts.items()}
    return {"name": name, "own": own, "error": None, "about": found.about} | told
