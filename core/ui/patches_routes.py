"""The routes of Training Patches: configurations that are loaded, sample windows, how far a job is, pause and threads.

Not here: the tab (``patches_tab``), what is done (``patches_work``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.ui import owner
from core.ui.answers import answer
from core.ui.patches_work import PatchesWork
from core.ui.routes import picture, reading, writing


class PatchesRoutes:
    """The routes of the tab."""

    def __init__(self, work: PatchesWork) -> None:
        self._work = work

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/patches/look/{look}": lambda request: answer(self._look(request).told()),
            "/fs/patches/look/{look}/{tile:number}": self._strip,
            "/fs/patches/job/{job}": lambda request: answer(self._work.track(request.path_params["job"])),
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/patches/load": lambda _, body: answer(self._work.load(body.get("config"))),
            "/fs/patches/look/{look}/cancel": self._cancel,
            "/fs/patches/job/{job}/control": self._control,
            "/fs/patches/verify": self._verify,
        }
        return [
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def _look(self, request: Request) -> Any:
        return self._work.looks.get(request.path_params["look"])

    def _strip(self, request: Request) -> Response:
        """The seven pictures of a window side by side."""
        strips, tile = self._look(request).strips, request.path_params["tile"]
        return picture(strips[tile] if tile < len(strips) else None)

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        self._work.looks.cancel(request.path_params["look"])
        return answer({})

    def _control(self, request: Request, body: dict[str, Any]) -> Response:
        wish = self._work.control(request.path_params["job"], body.get("paused"), body.get("workers"))
        return answer(wish)

    def _verify(self, request: Request, body: dict[str, Any]) -> Response:
        return answer({"job": self._work.verify(body.get("out"), owner.current())})
