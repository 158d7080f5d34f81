"""The people of a run, for the page: who was found, pictures of faces, finding, naming and looking for somebody.

Pictures are named by the row of a face in a run that was handed out; only files of that run are answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import SettingsError
from core.settings.faces import FACE_PACKS, MAX_FACE_DISTANCE, PeopleSettings
from core.ui import knobs, owner
from core.ui.answers import answer
from core.ui.routes import in_good_faith, picture, reading, writing
from core.ui.session import OpenRun, file_stamp
from core.ui.verbs import Verbs

MOST_NAME = 1000
"""Characters of a name that are looked at; far more than a name may have."""


class PeopleRoutes:
    """The routes of people and faces."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/runs/{run}/people": self._people,
            "/fs/runs/{run}/face/{row:number}": in_good_faith(self._picture),
            "/fs/runs/{run}/faces/{ordinal:number}": self._faces,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/runs/{run}/people": self._find,
            "/fs/runs/{run}/people/{person:number}/name": self._name,
        }
        return [
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def _run(self, request: Request) -> OpenRun:
        return self._verbs.workspace.run(request.path_params["run"])

    def _people(self, request: Request) -> Response:
        """What ``people_view`` tells; ``cut``: the rows that have a picture; ``mark`` changes with the faces."""
        from core.pipeline.faces.crops import people_view
        from core.pipeline.faces.people import edits_of

        run = self._run(request).run
        offers = {"max_distance": MAX_FACE_DISTANCE, "grouping": knobs.of(PeopleSettings), "packs": list(FACE_PACKS)}
        view = people_view(run.path)
        view.setdefault("names", {str(person): name for person, name in edits_of(run).names().items()})
        cut = [row for row in map(int, view.get("frame_of", ())) if run.face_crop(row).exists()]
        return answer(view | {"cut": cut, "mark": file_stamp(run.faces), "offers": offers})

    def _picture(self, request: Request) -> Response:
        run = self._run(request)
        return picture(run.pictures.opened(run.run.face_crop(request.path_params["row"])))

    def _faces(self, request: Request) -> Response:
        from core.pipeline.faces.crops import faces_of_frame

        return answer(faces_of_frame(self._run(request).run.path, request.path_params["ordinal"]))

    def _find(self, request: Request, body: dict[str, Any]) -> Response:
        return answer({"job": self._verbs.faces(self._run(request).run, body, owner.current())})

    def _name(self, request: Request, body: dict[str, Any]) -> Response:
        from core.pipeline.faces.update import name_person

        name = body.get("name")
        if not isinstance(name, str) or len(name) > MOST_NAME:
            raise SettingsError("name is wanted as text.", field="name")
        name_person(self._run(request).run.path, request.path_params["person"], name)
        return answer({})
