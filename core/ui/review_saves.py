"""The routes of saved frames: the folder they go to, a save, its undo and tag, and what is saved of a video already."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core import inside
from core.errors import FramesieveError, RequestError, RunError, SettingsError
from core.settings.mine import MineSettings
from core.settings.model import from_mapping
from core.store import examples
from core.ui.answers import answer
from core.ui.review_boxes import Boxes
from core.ui.review_live import LiveChildren
from core.ui.review_videos import Videos
from core.ui.routes import IMMUTABLE
from core.ui.session import file_stamp, native, utf8
from core.ui.verbs import Verbs

THUMB_HEIGHT, THUMB_QUALITY = 96, 80
MOST_FOLDERS = 100
"""Output folders whose saves can be undone; the one that was used longest ago is forgotten."""

Get = Callable[[Request], Response]
Post = Callable[[Request, dict[str, Any]], Response]


class SaveRoutes:
    """Saves frames of the open videos, with the boxes that were shown."""

    def __init__(self, verbs: Verbs, videos: Videos, boxes: Boxes, lives: LiveChildren) -> None:
        """Remembers what it works on: the open videos, and who knows the names of classes."""
        self._verbs, self._videos, self._boxes, self._lives = verbs, videos, boxes, lives
        self._mines: dict[Path, Any] = {}
        self._lock = threading.Lock()

    def gets(self) -> dict[str, Get]:
        """Returns what is read, by path."""
        return {
            "/fs/review/{video}/saved": self._saved,
            "/fs/review/{video}/saved/{name}": self._saved_picture,
        }

    def posts(self) -> dict[str, Post]:
        """Returns what is written, by path."""
        return {
            "/fs/review/output": self._output,
            "/fs/review/{video}/save": self._save,
            "/fs/review/{video}/undo": self._undo,
            "/fs/review/{video}/retag": self._retag,
        }

    def by_stem(self, folder: Any) -> Counter[str]:
        """How many frames of each video are saved, by the names of the pictures: a list does not read each sidecar."""
        try:
            place = self._verbs.places.folder(folder)
            return Counter(examples.stem_of(picture) for picture in examples.pictures(place))
        except (FramesieveError, OSError):
            return Counter()

    def _output(self, request: Request, body: dict[str, Any]) -> Response:
        """Checks an output folder, and begins to read what is in it: a save waits for that, the page does not."""
        mine = self._mine(body.get("folder"))
        threading.Thread(target=_quietly, args=(mine.prepare,), name="prepare", daemon=True).start()
        return answer({"folder": str(mine.folder)})

    def _save(self, request: Request, body: dict[str, Any]) -> Response:
        from core.pipeline.review.mine import Like, example_of, tagged

        one, mine = self._videos.open(request.path_params["video"]), self._mine(body.get("folder"))
        ordinal = whole(body, "frame")
        if ordinal >= one.video.info.frames:
            sentence = f"frame {ordinal} was asked for; the video has {one.video.info.frames} frames."
            raise SettingsError(sentence, code="no_frame", field="frame", frame=ordinal)
        weights = self._boxes.weights(body.get("weights"))
        example = example_of(
            one.video.info,
            ordinal,
            one.video.ledger.seconds(ordinal),
            weights.path if weights else None,
            body.get("predictions"),
            self._lives.names(body.get("live")) or self._boxes.names(body.get("cache")),
        )
        settings = from_mapping(MineSettings, {"hamming": body.get("hamming", MineSettings().hamming)})
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
            raise RequestError("there is no such picture.", code="not_found")
        try:
            data = inside.read_bytes(picture, (folder,), images.MOST_BYTES)
        except OSError:
            raise RequestError("there is no such picture.", code="not_found") from None
        try:
            small = images.encode_jpeg(images.decode_jpeg(data, THUMB_HEIGHT), THUMB_QUALITY)
        except ValueError as error:
            raise RunError(f"{picture.name} cannot be read ({error}).", code="damaged") from None
        return Response(small, media_type="image/jpeg", headers=IMMUTABLE)

    def _mine(self, folder: Any) -> Any:
        from core.pipeline.review.mine import Mine

        place = self._verbs.places.folder(folder)
        with self._lock:
            mine = self._mines[place] = self._mines.pop(place, None) or Mine(place)
            while len(self._mines) > MOST_FOLDERS:
                del self._mines[next(iter(self._mines))]
            return mine


def _quietly(work: Callable[[], Any]) -> None:
    """What fails here fails again, with its sentence, when a frame is saved."""
    with contextlib.suppress(FramesieveError):
        work()


def whole(body: dict[str, Any], name: str) -> int:
    """Returns a whole number of a body. Raises ``SettingsError``."""
    value = body.get(name, 0)
    if type(value) is not int or not 0 <= value < 2**53:
        raise SettingsError(f"{name} is wanted as a whole number from 0 on.", field=name)
    return value


def _picture_json(picture: Path, tag: Any) -> dict[str, Any]:
    frame = examples.ordinal_of(picture)
    return {"name": utf8(picture.name), "frame": frame, "tag": tag, "mark": file_stamp(picture)}
