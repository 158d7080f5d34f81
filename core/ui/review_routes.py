"""The routes of Live Review: videos and their media, detections, the play head.

What comes in is checked each time. Not here: the tab (``review_tab``), saves (``review_saves``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import inside
from core.errors import RequestError, SettingsError, WeightsError
from core.settings.detect import DetectSettings
from core.settings.faces import DEVICES
from core.settings.model import differences, from_mapping
from core.store import examples
from core.ui import machine, owner
from core.ui.answers import FRESH, OpenFile, answer
from core.ui.refusals import refusal
from core.ui.review_boxes import Boxes, cache_json
from core.ui.review_live import LiveChildren, checked_rate
from core.ui.review_saves import SaveRoutes, whole
from core.ui.review_videos import Reviewed, Uncounted, Videos
from core.ui.routes import IMMUTABLE, reading, writing
from core.ui.session import file_stamp
from core.ui.verbs import Verbs

OUTPUT = "hard_examples"
"""Where saved frames go unless a person says otherwise, in the folder of runs."""
MEDIA_TYPES = {"matroska": "video/webm", "mov": "video/mp4"}


class ReviewRoutes:
    """The routes of the tab. Close it: it decodes and infers in the background."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._videos, self._boxes = Videos(verbs.workspace), Boxes(verbs.workspace)
        self._lives = LiveChildren(verbs.workspace.downloads)
        self._saves = SaveRoutes(verbs, self._videos, self._boxes, self._lives)

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/review": self._about,
            "/fs/review/{video}/media/{mark}": self._media,
            "/fs/review/{video}/data/{cache}": self._data,
            **self._saves.gets(),
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/review/folder": self._folder,
            "/fs/review/weights": self._choose_weights,
            "/fs/review/fetch-weights": self._fetch_weights,
            "/fs/review/open": self._open,
            "/fs/review/proxy": self._proxy,
            "/fs/review/{video}/head": self._head,
            "/fs/review/{video}/live": self._live,
            "/fs/review/{video}/live/stop": self._stop_live,
            **self._saves.posts(),
        }
        return [
            Route("/fs/review/live/{live}", self._lives.stream, methods=["GET"]),
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def close(self) -> None:
        """Ends the decoders and the inference."""
        self._lives.close()
        self._videos.close()

    # --- what there is

    def _about(self, request: Request) -> Response:
        workspace = self._verbs.workspace
        roots = [str(root) for root in (*workspace.roots, workspace.downloads)]
        facts = {"roots": roots, "output": str(workspace.downloads / OUTPUT), "tags": list(examples.TAGS)}
        facts |= {"gpu": machine.facts()["gpu"], "devices": list(DEVICES)}
        return answer(facts | {"weights": self._boxes.offered(), "unsafe_weights": self._verbs.unsafe_weights})

    def _folder(self, request: Request, body: dict[str, Any]) -> Response:
        folder = self._videos.folder(body.get("folder"))
        weights = self._boxes.weights(body.get("weights"))
        lines = self._videos.listed(folder)
        paths = [line.pop("path") for line in lines]
        saved = self._saves.by_stem(body.get("output"))
        for line, path in zip(lines, paths, strict=True):
            line["cached"] = self._boxes.has_cache(path, weights)
            line["saved"] = saved.get(path.stem, 0)
        self._videos.count_ahead([path for line, path in zip(lines, paths, strict=True) if line["cached"]])
        return answer({"folder": str(folder), "videos": lines})

    def _choose_weights(self, request: Request, body: dict[str, Any]) -> Response:
        try:
            weights_id, weights = self._boxes.choose(body.get("text"))
        except WeightsError as error:
            name = downloadable(body.get("text"))
            return refusal(error, download=name)
        return answer({"id": weights_id, "name": weights.name, "path": weights.path})

    def _fetch_weights(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that downloads weights by their name: a person said so."""
        name, folder = downloadable(body.get("name")), self._boxes.home
        if name is None:
            raise SettingsError("the name of weights is wanted, for example yolov8n.pt.", field="name")
        arguments = {"name": name, "out": str(folder)}
        job = self._verbs.start("fetch_weights", arguments, owner.current(), f"Download {name}")
        return answer({"job": job, "path": str(folder / name)})

    def precompute(
        self, video: Any, weights: Any, settings: dict[str, Any], word: str, *, force: bool, unsafe: Any
    ) -> str:
        """Starts the job that makes the detection cache of a video, and returns its id.

        Args:
            video: an id that the page has, or a path in an allowed folder.
            weights: path of a ``.pt`` or ``.onnx`` file.
            settings: ``DetectSettings`` as plain JSON values.
            word: the owner of the job.
            force: replace a cache that is there.
            unsafe: load weights that may run any code.

        Raises:
            SourceError, WeightsError, SettingsError: what is wrong with them. RunBusy: the same is queued or running.
        """
        video_id = self._videos.id_of(video)
        path = self._videos.path_of(video_id)
        unsafe = self._verbs.unsafe(unsafe)
        _, chosen = self._boxes.choose(weights)
        stream = self._videos.stream_of(video_id)
        own = {} if stream is None or "stream" in settings else {"stream": stream}
        wanted = from_mapping(DetectSettings, settings | own)
        self._lives.stop(video_id)  # the job goes on from what was inferred
        arguments: dict[str, Any] = {
            "source": str(path),
            "weights": chosen.path,
            "settings": differences(wanted),
            "downloads": str(self._verbs.workspace.downloads),
            "force": force is True,
            "unsafe": unsafe,
        }
        run = self._videos.run_of(video_id)
        place = None if run is None else run.path
        if place is not None:
            arguments["run"] = str(place)
        return self._verbs.start("precompute", arguments, word, f"Boxes of {path.name} by {chosen.name}", place)

    # --- one video

    def _open(self, request: Request, body: dict[str, Any]) -> Response:
        video = self._videos.meant(body)
        try:
            one = self._videos.begin(video)
        except Uncounted as error:
            told, path = error.to_mapping(), str(self._videos.path_of(video))
            uncounted = {"id": video, "uncounted": True, "reason": told["error"], "code": told["code"], "path": path}
            return answer(uncounted | {"run_id": self._videos.run_id_of(video)})
        return answer(self._facts(one, body.get("weights")))

    def _facts(self, one: Reviewed, weights_id: Any) -> dict[str, Any]:
        from core.video.proxy import needs_proxy

        info, ledger = one.video.info, one.video.ledger
        proxy = self._proxy_of(one)
        caches, chosen, refused = self._boxes.of(one, self._boxes.weights(weights_id))
        return {
            "id": one.id,
            "name": Path(info.path).name,
            "path": str(one.path),
            "width": info.width,
            "height": info.height,
            "frames": info.frames,
            "rate": float(info.rate) if info.rate else None,
            "duration_s": info.duration_s,
            "codec": info.codec,
            "run": one.run and one.run.run.path.name,
            "run_id": one.run and one.run.id,
            "needs_proxy": needs_proxy(one.video),
            "proxied": proxy.is_file(),
            "media": f"review/{one.id}/media/{file_stamp(self._file_of(one))}",
            "starts_s": 0.0 if not proxy.is_file() else ledger.seconds(0),
            "caches": [cache_json(cached) for cached in caches],
            "cache": chosen and chosen.id,
            "refused": refused,
        }

    def _proxy_of(self, one: Reviewed) -> Path:
        from core.pipeline.review import proxies

        return proxies.proxy_path(one.video.info, self._verbs.workspace.downloads)

    def _file_of(self, one: Reviewed) -> Path:
        proxy = self._proxy_of(one)
        return proxy if proxy.is_file() else one.path

    def _media(self, request: Request) -> Response:
        one = self._videos.open(request.path_params["video"])
        file = self._file_of(one)
        if file_stamp(file) != request.path_params["mark"]:
            raise RequestError("the video changed; open it again.", code="not_found")
        family = "mov" if file != one.path else one.video.info.container.split(",")[0]
        try:
            opened = inside.open_in(file, self._videos.roots())
        except OSError:
            raise RequestError("the video is gone, or leads out of the allowed folders.", code="not_found") from None
        return OpenFile(opened, MEDIA_TYPES.get(family, "application/octet-stream"), IMMUTABLE)

    def _data(self, request: Request) -> Response:
        one, cache = self._videos.open(request.path_params["video"]), request.path_params["cache"]
        data = self._boxes.data(one, None if cache == "none" else cache)
        return Response(data, media_type="application/octet-stream", headers=FRESH)

    def _proxy(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that makes a playable copy."""
        path = self._videos.path_of(body.get("video"))
        downloads = self._verbs.workspace.downloads
        arguments: dict[str, Any] = {"video": str(path), "downloads": str(downloads)}
        if (stream := self._videos.stream_of(body.get("video"))) is not None:
            arguments["stream"] = stream
        title = f"Playable copy of {path.name}"
        return answer({"job": self._verbs.start("proxy", arguments, owner.current(), title)})

    def _head(self, request: Request, body: dict[str, Any]) -> Response:
        """Says where the play head is, so that the decoder of the saves is there too."""
        one = self._videos.open(request.path_params["video"])
        ordinal = whole(body, "frame")
        one.follower().move_to(ordinal, whole(body, "ahead"))
        if body.get("live"):
            rate = checked_rate(body.get("speed", 1))
            self._lives.at(body["live"], ordinal, rate, body.get("playing") is True, body.get("exact") is True)
        return answer({})

    # --- live inference

    def _live(self, request: Request, body: dict[str, Any]) -> Response:
        """Begins to infer ahead of the play head."""
        one, weights = self._videos.open(request.path_params["video"]), self._boxes.weights(body.get("weights"))
        if weights is None:
            raise SettingsError("choose weights first.", field="weights")
        settings = from_mapping(DetectSettings, body.get("settings") or {})
        unsafe = self._verbs.unsafe(body.get("unsafe"))
        return answer({"live": self._lives.start(one, weights, settings, unsafe)})

    def _stop_live(self, request: Request, body: dict[str, Any]) -> Response:
        self._lives.stop(request.path_params["video"])
        return answer({})


def downloadable(text: Any) -> str | None:
    """Returns a name that Ultralytics may offer, or of a checkpoint of SAM 2; ``None`` for anything else."""
    found = WEIGHTS_NAME.fullmatch(text.strip()) if isinstance(text, str) else None
    return found[0] if found else None


WEIGHTS_NAME = re.compile(r"(?:sam2(?:\.1)?_hiera_(?:tiny|small|base_plus|large)|[a-z0-9][a-z0-9_-]{2,40})\.pt")
