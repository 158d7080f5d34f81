"""The routes of the run picker: titles, posters, the trash. A run is named by an id that was handed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import SettingsError
from core.store import trash
from core.store.run import RunDir
from core.ui.answers import answer
from core.ui.routes import in_good_faith, picture, reading, writing
from core.ui.session import MOST_TITLE
from core.ui.verbs import Verbs


class RunRoutes:
    """What people do with whole runs."""

    def __init__(self, verbs: Verbs) -> None:
        """Remembers the runs, and the queue whose jobs use them."""
        self._workspace, self._queue = verbs.workspace, verbs.queue

    def all(self) -> list[Route]:
        """Returns the routes."""
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/runs/{run}/title": self._title,
            "/fs/runs/{run}/delete": self._delete,
            "/fs/trash/restore": self._restore,
        }
        return [
            Route("/fs/runs/{run}/poster/{mark}", reading(in_good_faith(self._poster)), methods=["GET"]),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def _poster(self, request: Request) -> Response:
        """The picture of a line; ``mark``, which the line tells, only makes it cacheable.

        Where the video is gone there is none; that is no fault of the page.
        """
        run = self._workspace.run(request.path_params["run"])
        found = run.pictures.poster()
        if found is None and request.path_params["mark"] == run.summary()["poster"]:
            return Response(status_code=204)  # told in good faith: the video is damaged, or was changed since
        return picture(found)

    def _title(self, request: Request, body: dict[str, Any]) -> Response:
        run, title = self._workspace.run(request.path_params["run"]), title_of(body)
        run.rename(title)
        return answer({"title": title})

    def _delete(self, request: Request, body: dict[str, Any]) -> Response:
        """Moves a run to the trash; ``deleted`` brings it back."""
        path = self._workspace.folder_of(request.path_params["run"])
        run = self._workspace.at(path)

        def throw_away() -> str:
            with RunDir(path).lock():  # the command line may be at work in it
                pass  # a file that is held open cannot be moved on every system
            return trash.throw_away(path)

        deleted = self._queue.withdraw(path, throw_away)
        if run is not None:
            run.forget()
        return answer({"deleted": deleted, "name": path.name, "title": run and run.title})

    def _restore(self, request: Request, body: dict[str, Any]) -> Response:
        run = self._workspace.at(trash.bring_back(self._workspace.downloads, body.get("deleted")))
        return answer({"id": run and run.id, "name": run and run.run.path.name})


def title_of(body: dict[str, Any]) -> str | None:
    """Returns the title that was sent, without spaces around it; ``None`` for an empty one.

    Raises:
        SettingsError: it cannot be one.
    """
    title = body.get("title")
    title = "" if title is None else title
    if not isinstance(title, str) or len(title.strip()) > MOST_TITLE or not title.strip().isprintable():
        raise SettingsError(f"a title is one line of at most {MOST_TITLE} characters that can be seen.", field="title")
    return title.strip() or None
