"""The routes of Video Source: what a pasted text or dropped file is, and uploads. A source is checked each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import FramesieveError, RequestError, SourceError, error_keys
from core.settings.extract import ExtractSettings
from core.settings.fetch import FetchSettings
from core.settings.model import from_mapping
from core.ui import uploads
from core.ui.answers import FRESH, answer
from core.ui.looks import Inspection, Inspections
from core.ui.refusals import refusal
from core.ui.routes import reading, safely, writing
from core.ui.verbs import Verbs


class SourceRoutes:
    """The routes of the tab."""

    def __init__(self, verbs: Verbs, looks: Inspections, upload_bytes: int) -> None:
        """Remembers what it works on.

        Args:
            verbs: starts extractions and knows the allowed folders.
            looks: looks at sources.
            upload_bytes: the limit of one upload.
        """
        self._verbs, self._looks, self._upload_bytes = verbs, looks, upload_bytes

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/source": self._about,
            "/fs/source/looks/{look}": lambda request: answer(inspection_json(self._look(request))),
            "/fs/source/looks/{look}/poster": self._poster,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/source/look": self._begin,
            "/fs/source/ask": self._ask,
            "/fs/source/looks/{look}/cancel": self._cancel,
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
        found = self._verbs.places.source(body.get("text"))
        if isinstance(found, Path):
            stream = from_mapping(ExtractSettings, {"stream": body.get("stream")}).stream
            return answer(file_json(found, self._looks.at_file(found, stream)))
        return answer({"kind": "url", "source": found.text})

    def _ask(self, request: Request, body: dict[str, Any]) -> Response:
        """Asks a site, after a person said so."""
        found = self._verbs.places.source(body.get("text"))
        if isinstance(found, Path):
            raise SourceError(f"{found} is a file on this machine, not a web address.", code="no_address")
        height = body.get("max_height") or FetchSettings().max_height
        inspection = self._looks.at_address(found.text, from_mapping(FetchSettings, {"max_height": height}))
        return answer({"kind": "url", "source": found.text, "look": inspection.id})

    def _look(self, request: Request) -> Inspection:
        return self._looks.get(request.path_params["look"])

    def _poster(self, request: Request) -> Response:
        data = self._look(request).poster
        if data is None:
            raise RequestError("there is no poster.", code="not_found")
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
            return refusal(RequestError("the upload was broken off.", code="broken_off"))
        except FramesieveError as error:
            return refusal(error)
        return safely(lambda: answer(file_json(path, self._looks.at_file(path))))


def file_json(path: Path, inspection: Inspection) -> dict[str, Any]:
    """Returns what the browser is told first of a file."""
    return {"kind": "file", "source": str(path), "title": path.name, "look": inspection.id}


def inspection_json(inspection: Inspection) -> dict[str, Any]:
    """Returns how far an inspection is."""
    return {
        "state": inspection.state,
        **error_keys(inspection.error),
        "facts": inspection.facts,
        "poster": inspection.poster is not None,
    }
