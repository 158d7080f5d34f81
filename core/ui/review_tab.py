"""Live Review: plays a video with the boxes of a model and saves hard examples. The tab is built in ``web/review.js``.

Here are its routes: videos and their media, detections, the play head, saves. What comes in is checked each time.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import config, inside
from core.config import DEVICES, DetectSettings, MineSettings
from core.errors import FramesieveError, RunError, SettingsError, WeightsError
from core.store import examples
from core.ui import machine, owner
from core.ui.answers import OpenFile
from core.ui.header import part
from core.ui.review_boxes import Boxes, cache_json
from core.ui.review_live import Lives, checked_rate
from core.ui.review_videos import Reviewed, Uncounted, Videos
from core.ui.routes import FRESH, IMMUTABLE, answer, reading, writing
from core.ui.session import file_mark, native, utf8
from core.ui.verbs import Verbs

OUTPUT = "hard_examples"
"""Where saved frames go unless a person says otherwise, in the folder of runs."""
MEDIA_TYPES = {"matroska": "video/webm", "mov": "video/mp4"}
THUMB_HEIGHT, THUMB_QUALITY = 96, 80
MOST_FOLDERS = 100
"""Output folders whose saves can be undone; the one that was used longest ago is forgotten."""


def build() -> gr.HTML:
    """Returns the tab's content."""
    return part("review.js", "review")


class ReviewRoutes:
    """The routes of the tab. Close it: it decodes and infers in the background."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._videos, self._boxes = Videos(verbs.workspace), Boxes(verbs.workspace)
        self._lives = Lives(verbs.workspace.downloads)
        self._mines: dict[Path, Any] = {}
        self._lock = threading.Lock()

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/review": self._about,
            "/fs/review/{video}/media/{mark}": self._media,
            "/fs/review/{video}/data/{cache}": self._data,
            "/fs/review/{video}/saved": self._saved,
            "/fs/review/{video}/saved/{name}": self._saved_picture,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/review/folder": self._folder,
            "/fs/review/weights": self._choose_weights,
            "/fs/review/fetch-weights": self._fetch_weights,
            "/fs/review/precompute": self._precompute,
            "/fs/review/open": self._open,
            "/fs/review/proxy": self._proxy,
            "/fs/review/output": self._output,
            "/fs/review/{video}/head": self._head,
            "/fs/review/{video}/live": self._live,
            "/fs/review/{video}/live/stop": self._stop_live,
            "/fs/review/{video}/save": self._save,
            "/fs/review/{video}/undo": self._undo,
            "/fs/review/{video}/retag": self._retag,
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
        for line, path in zip(lines, paths, strict=True):
            line["cached"] = self._boxes.has_cache(path, weights)
        self._videos.count_ahead([path for line, path in zip(lines, paths, strict=True) if line["cached"]])
        return answer({"folder": str(folder), "videos": lines})

    def _choose_weights(self, request: Request, body: dict[str, Any]) -> Response:
        try:
            weights_id, weights = self._boxes.choose(body.get("text"))
        except WeightsError as error:
            name = downloadable(body.get("text"))
            return answer({"error": str(error), "download": name}, 400)
        return answer({"id": weights_id, "name": weights.name, "path": weights.path})

    def _fetch_weights(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that downloads weights by their name: a person said so."""
        name, folder = downloadable(body.get("name")), self._boxes.home
        if name is None:
            raise SettingsError("the name of weights is wanted, for example yolov8n.pt.")
        arguments = {"name": name, "out": str(folder)}
        job = self._verbs.queue.start("fetch_weights", arguments, owner.current(), title=f"Download {name}")
        return answer({"job": job, "path": str(folder / name)})

    def _precompute(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that makes the detection cache of a video."""
        path, weights = self._videos.path_of(body.get("video")), self._boxes.weights(body.get("weights"))
        if weights is None:
            raise SettingsError("choose weights first.")
        unsafe = self._verbs.unsafe(body.get("unsafe"))
        self._lives.stop(body["video"])  # the job goes on from what was inferred
        stream = self._videos.stream_of(body.get("video"))
        settings = config.from_mapping(DetectSettings, {"device": body.get("device", "auto"), "stream": stream})
        arguments: dict[str, Any] = {
            "source": str(path),
            "weights": weights.path,
            "settings": config.differences(settings),
            "downloads": str(self._verbs.workspace.downloads),
            "force": body.get("force") is True,
            "unsafe": unsafe,
        }
        run = self._videos.run_of(body.get("video"))
        if run is not None:
            arguments["run"] = str(run.path)
        title = f"Detections of {path.name} by {weights.name}"
        place = None if run is None else run.path
        return answer({"job": self._verbs.queue.start("precompute", arguments, owner.current(), place, title)})

    # --- one video

    def _open(self, request: Request, body: dict[str, Any]) -> Response:
        try:
            one = self._videos.of_run(body["run"]) if body.get("run") else self._videos.begin(body.get("video"))
        except Uncounted as error:
            return answer({"id": body.get("video"), "uncounted": True, "reason": str(error)})
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
            "needs_proxy": needs_proxy(one.video),
            "proxied": proxy.is_file(),
            "media": f"review/{one.id}/media/{file_mark(self._file_of(one))}",
            "starts_s": 0.0 if not proxy.is_file() else ledger.seconds(0),
            "caches": [cache_json(cached) for cached in caches],
            "cache": chosen and chosen.id,
            "refused": refused,
        }

    def _proxy_of(self, one: Reviewed) -> Path:
        from core.pipeline import proxies

        return proxies.proxy_path(one.video.info, self._verbs.workspace.downloads)

    def _file_of(self, one: Reviewed) -> Path:
        proxy = self._proxy_of(one)
        return proxy if proxy.is_file() else one.path

    def _media(self, request: Request) -> Response:
        one = self._videos.open(request.path_params["video"])
        file = self._file_of(one)
        if file_mark(file) != request.path_params["mark"]:
            return answer({"error": "the video changed; open it again."}, 404)
        family = "mov" if file != one.path else one.video.info.container.split(",")[0]
        try:
            opened = inside.open_in(file, self._videos.roots())
        except OSError:
            return answer({"error": "the video is gone, or leads out of the allowed folders."}, 404)
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
        return answer({"job": self._verbs.queue.start("proxy", arguments, owner.current(), title=title)})

    def _head(self, request: Request, body: dict[str, Any]) -> Response:
        """Says where the play head is, so that the decoder of the saves is there too."""
        one = self._videos.open(request.path_params["video"])
        ordinal = _whole(body, "frame")
        one.follower().look_at(ordinal, _whole(body, "ahead"))
        if body.get("live"):
            rate = checked_rate(body.get("speed", 1))
            self._lives.at(body["live"], ordinal, rate, body.get("playing") is True, body.get("exact") is True)
        return answer({})

    # --- live inference

    def _live(self, request: Request, body: dict[str, Any]) -> Response:
        """Begins to infer ahead of the play head."""
        one, weights = self._videos.open(request.path_params["video"]), self._boxes.weights(body.get("weights"))
        if weights is None:
            raise SettingsError("choose weights first.")
        settings = config.from_mapping(DetectSettings, {"device": body.get("device", "auto")})
        unsafe = self._verbs.unsafe(body.get("unsafe"))
        return answer({"live": self._lives.start(one, weights, settings, unsafe)})

    def _stop_live(self, request: Request, body: dict[str, Any]) -> Response:
        self._lives.stop(request.path_params["video"])
        return answer({})

    # --- saves

    def _output(self, request: Request, body: dict[str, Any]) -> Response:
        """Checks an output folder, and begins to read what is in it: a save waits for that, the page does not."""
        mine = self._mine(body.get("folder"))
        threading.Thread(target=_quietly, args=(mine.prepare,), name="prepare", daemon=True).start()
        return answer({"folder": str(mine.folder)})

    def _save(self, request: Request, body: dict[str, Any]) -> Response:
        from core.pipeline.mine import Like, example_of, tagged

        one, mine = self._videos.open(request.path_params["video"]), self._mine(body.get("folder"))
        ordinal = _whole(body, "frame")
        if ordinal >= one.video.info.frames:
            raise SettingsError(f"frame {ordinal} was asked for; the video has {one.video.info.frames} frames.")
        weights = self._boxes.weights(body.get("weights"))
        example = example_of(
            one.video.info,
            ordinal,
            one.video.ledger.seconds(ordinal),
            weights.path if weights else None,
            body.get("predictions"),
            self._lives.names(body.get("live")) or self._boxes.names(body.get("cache")),
        )
        settings = config.from_mapping(MineSettings, {"hamming": body.get("hamming", MineSettings().hamming)})
        with one.saving:
            frame = one.follower().frame(ordinal)
            example = tagged(example, body.get("tag"))
            found = mine.save(frame, one.video.info, example, settings, bool(body.get("force")))
        if isinstance(found, Like):
            return answer({"like": found.sentence(), "frame": found.ordinal, "same_video": found.same_video})
        return answer({"id": found.id} | _picture_json(found.picture, body.get("tag")))

    def _undo(self, request: Request, body: dict[str, Any]) -> Response:
        picture = self._mine(body.get("folder")).undo(str(body.get("save")))
        return answer({"name": utf8(picture.name), "left": picture.exists()})

    def _retag(self, request: Request, body: dict[str, Any]) -> Response:
        self._mine(body.get("folder")).retag(str(body.get("save")), body.get("tag"))
        return answer({})

    def _saved(self, request: Request) -> Response:
        one = self._videos.open(request.path_params["video"])
        folder = self._mine(request.query_params.get("folder")).folder
        found = examples.of_video(folder, one.video.info)
        return answer([_picture_json(path, values.get("tag")) for path, values in found])

    def _saved_picture(self, request: Request) -> Response:
        """A small copy of a saved picture."""
        from core.video import images

        folder = self._mine(request.query_params.get("folder")).folder
        picture = folder / native(folder, request.path_params["name"])
        if picture.parent != folder or not examples.NAME.fullmatch(picture.name):
            return answer({"error": "there is no such picture."}, 404)
        try:
            data = inside.read_bytes(picture, (folder,), images.MOST_BYTES)
        except OSError:
            return answer({"error": "there is no such picture."}, 404)
        try:
            small = images.encode_jpeg(images.decode_jpeg(data, THUMB_HEIGHT), THUMB_QUALITY)
        except ValueError as error:
            raise RunError(f"{picture.name} cannot be read ({error}).") from None
        return Response(small, media_type="image/jpeg", headers=IMMUTABLE)

    def _mine(self, folder: Any) -> Any:
        from core.pipeline.mine import Mine

        place = self._verbs.place(folder)
        with self._lock:
            mine = self._mines[place] = self._mines.pop(place, None) or Mine(place)
            while len(self._mines) > MOST_FOLDERS:
                del self._mines[next(iter(self._mines))]
            return mine


def _quietly(work: Callable[[], Any]) -> None:
    """What fails here fails again, with its sentence, when a frame is saved."""
    with contextlib.suppress(FramesieveError):
        work()


def downloadable(text: Any) -> str | None:
    """Returns a name that Ultralytics may offer, ``None`` for anything else."""
    found = WEIGHTS_NAME.fullmatch(text.strip()) if isinstance(text, str) else None
    return found[0] if found else None


WEIGHTS_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{2,40}\.pt")


def _whole(body: dict[str, Any], name: str) -> int:
    value = body.get(name, 0)
    if type(value) is not int or not 0 <= value < 2**53:
        raise SettingsError(f"{name} is wanted as a whole number from 0 on.")
    return value


def _picture_json(picture: Path, tag: Any) -> dict[str, Any]:
    frame = examples.ordinal_of(picture)
    return {"name": utf8(picture.name), "frame": frame, "tag": tag, "mark": file_mark(picture)}
