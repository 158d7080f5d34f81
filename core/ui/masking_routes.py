"""The routes of Subject Masking: shots, their pictures and masks, what a person says of them, clicks, jobs.

A video is named by an id that was handed out (``masking_homes``). Not here: the tab (``masking_tab``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from core.errors import RequestError, RunError, SettingsError
from core.settings.masks import MaskSettings
from core.settings.model import from_mapping, to_mapping
from core.ui import machine, masking_view, owner
from core.ui.answers import FRESH, answer
from core.ui.masking_homes import Part
from core.ui.masking_work import MaskingWork, number, seed_of
from core.ui.routes import IMMUTABLE, MEDIA, begun, closing_stream, ordinals_of, picture, reading, writing
from core.ui.verbs import Verbs

if TYPE_CHECKING:
    from core.pipeline.masks.home import Home

MOST_PROMPTS = 5000
"""Of one shot."""
KEPT_TILES = 500


class MaskingRoutes:
    """The routes of the tab."""

    def __init__(self, verbs: Verbs, work: MaskingWork) -> None:
        self._verbs, self._work = verbs, work

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/masking": self._about,
            "/fs/masking/{id}": self._facts,
            "/fs/masking/{id}/frame/{ordinal:number}": self._frame,
            "/fs/masking/{id}/thumbs": self._thumbs,
            "/fs/masking/{id}/tile/{start:number}": self._tile,
            "/fs/masking/{id}/overlay/{ordinal:number}": self._overlay,
            "/fs/masking/{id}/shot/{start:number}": self._shot,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/masking/open": lambda request, body: answer(self._work.facts(self._work.homes.named(body))),
            "/fs/masking/maskers": self._maskers,
            "/fs/masking/{id}/preview": self._preview,
            "/fs/masking/{id}/save": self._save,
            "/fs/masking/{id}/cut": self._cut,
            "/fs/masking/{id}/find": self._find,
            "/fs/masking/{id}/estimate": self._estimate,
            "/fs/masking/{id}/seed": self._seed,
            "/fs/masking/{id}/seed-all": self._seed_all,
        }
        return [
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    # --- what there is

    def _about(self, request: Request) -> Response:
        facts = {"weights": self._work.boxes.offered(), "gpu": machine.facts()["gpu"]}
        return answer(facts | {"unsafe_weights": self._verbs.unsafe_weights})

    def _facts(self, request: Request) -> Response:
        return answer(self._work.facts(self._work.homes.subject(request.path_params["id"])))

    def _maskers(self, request: Request, body: dict[str, Any]) -> Response:
        """Every masker, and why it cannot run with its weights (``weights``: name of a masker -> path)."""
        from core.models.masking import masker_kinds

        device = to_mapping(from_mapping(MaskSettings, {"device": body.get("device", "auto")}))["device"]
        named = body.get("weights")
        found = []
        for kind in masker_kinds(self._work.there(named if isinstance(named, dict) else {}), device):
            reason = kind.reason
            found.append({"name": kind.name, "label": kind.label, "reason": reason and reason.to_mapping()})
        return answer({"maskers": found})

    # --- pictures

    def _part(self, request: Request) -> tuple[Part, Home]:
        part = self._work.homes.part(request.path_params["id"])
        return part, part.home()

    def _frame(self, request: Request) -> Response:
        part, home = self._part(request)
        ordinal = request.path_params["ordinal"]
        if ordinal >= home.frames:
            raise RequestError(f"there is no frame {ordinal}.", code="not_found")
        return picture(part.frame(ordinal))

    def _thumbs(self, request: Request) -> Response:
        """Small pictures: for each, uint32 ordinal, uint32 length, JPEG, as they come."""
        part, _ = self._part(request)
        wanted = ordinals_of(request.query_params.get("ordinals", ""))
        body = begun(
            number.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data for number, data in part.small(wanted)
        )
        return StreamingResponse(closing_stream(body), media_type="application/octet-stream", headers=FRESH)

    def _tile(self, request: Request) -> Response:
        """A shot on its prompt frame, or on its worst one where it is doubtful, with its masks."""
        from core.video import images

        part, home = self._part(request)
        shot = self._work.told(part, home, request.path_params["start"])
        ordinal = shot["shown"]
        small = next((data for _, data in part.small([ordinal])), None)
        if small is None:
            raise RequestError(f"frame {ordinal} cannot be decoded.", code="not_found")
        found = None if shot["state"] in ("empty", "points") else masking_view.masks_at(home, shot["start"], ordinal)
        return picture(masking_view.tile(images.decode_jpeg(small), found))

    def _overlay(self, request: Request) -> Response:
        """The written masks of a frame in colours, clear around them."""
        from core.pipeline.masks.shots import shots_of
        from core.video import overlay

        _, home = self._part(request)
        ordinal = request.path_params["ordinal"]
        start = next((start for start, end in shots_of(home) if start <= ordinal < end), None)
        found = None if start is None else masking_view.masks_at(home, start, ordinal)
        if found is None:
            raise RequestError(f"frame {ordinal} has no mask.", code="not_found")
        return Response(overlay.overlay_png(*found), media_type=MEDIA[".png"], headers=IMMUTABLE)

    def _shot(self, request: Request) -> Response:
        part, home = self._part(request)
        shot = self._work.told(part, home, request.path_params["start"])
        done = shot["state"] in ("propagated", "doubtful")
        told = {"trust": masking_view.curves(home, shot["start"]) if done else {}}
        return answer(told | {"stamp": shot["stamp"] if shot["state"] not in ("empty", "points") else None})

    # --- clicks

    def _preview(self, request: Request, body: dict[str, Any]) -> Response:
        part, home = self._part(request)
        return answer(self._work.preview(part, home, body, owner.current()))

    # --- what is said

    def _save(self, request: Request, body: dict[str, Any]) -> Response:
        part, home = self._part(request)
        try:
            self._work.save(part, home, body)
        except RunError as error:
            if error.code != "annotations_changed":
                raise
            return answer(error.to_mapping() | {"conflict": True})
        return answer(self._work.facts(self._work.homes.subject(str(body.get("subject")))))

    def _cut(self, request: Request, body: dict[str, Any]) -> Response:
        """A cut more, or one less."""
        from core.pipeline.masks.shots import add_cut, remove_cut

        _, home = self._part(request)
        (remove_cut if body.get("remove") is True else add_cut)(home, number(body, "ordinal"))
        return answer(self._work.facts(self._work.homes.subject(str(body.get("subject")))))

    def _estimate(self, request: Request, body: dict[str, Any]) -> Response:
        """How long a frame of this video takes with this masker, measured; null where nobody can tell."""
        part, _ = self._part(request)
        weights, settings, unsafe = self._work.masker(body.get("masker"))
        message = {"home": str(part.path), "estimate": True, "asker": f"{owner.current()} estimate"}
        found = self._work.clicks.ask(weights, settings, unsafe, message)
        return answer({"seconds_per_frame": found.get("seconds_per_frame")})

    def _seed(self, request: Request, body: dict[str, Any]) -> Response:
        """Where the primary subject, the face that is looked for, or a person is in one shot: prompts."""
        part, home = self._part(request)
        start, end = self._work.around(home, number(body, "start"))
        message = {"home": str(part.path), "start": start, "end": end, "frame": start, "asker": owner.current()}
        message |= seed_of(body)
        weights, settings, unsafe = self._work.masker(body.get("masker"))
        found = self._work.clicks.ask(weights, settings, unsafe, message)
        return answer({"prompts": found.get("prompts", [])})

    # --- jobs

    def _seed_all(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that points at the same in every shot without points, and makes the masks of those frames."""
        wanted = seed_of(body)
        more: dict[str, Any] = {"auto": True} if wanted["seed"] == "primary" else {"person": wanted.get("person")}
        if wanted["seed"] == "face":
            raise SettingsError("the face that is looked for is pointed at by the primary subject.", field="seed")
        said, word = body.get("masker"), owner.current()
        more |= {"stills": True}
        return answer({"job": self._work.process(request.path_params["id"], None, said, more, word, "Points in")})

    def _find(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that looks for cuts."""
        subject = self._work.homes.subject(request.path_params["id"])
        run = subject.run
        if run is None:
            raise RunError("cuts are looked for in the video of a run; a segment is one shot.", code="no_run")
        job = self._verbs.start(
            "shots", {"run": str(run.run.path)}, owner.current(), f"Shots of {run.run.path.name}", run.run.path
        )
        return answer({"job": job})
