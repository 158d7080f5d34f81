"""What a tour walks over: clips, weights, runs made by the real pipeline, and the page that is served over them."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.pipeline.extraction import extract_records
from core.pipeline.faces.crops import cut_out, people_view
from core.pipeline.faces.update import update_faces
from core.settings.extract import ExtractSettings
from core.settings.faces import PeopleSettings
from core.store.run import RunDir
from core.video.command import run_ffmpeg
from tests import videos
from tests.faces import make_pack, six_people
from tests.machine import assets_folder, missing_weights
from tests.serving import free_port, serving
from tests.ui.persons import make_persons
from tests.ui.review import cache_for

LONG_NAME = "2026-05-14 stage left camera B, second take after the rain, colour graded and denoised (final 2).mp4"
CLIPS = {"juggle.mp4": None, "driving.mp4": 72, "hideandseek.mp4": 72, "crowd.avi": 48}
"""Clips of the assets -> how many frames from their beginning are taken; ``None``: all."""
TWO_PEOPLE = "[0:v]setpts=N/24/TB[a];[1:v]setpts=N/24/TB[b];[a][b]concat=n=2:v=1,scale=960:540[v]"
DRAWN = dict.fromkeys(("juggle.mp4", "driving.mp4", "hideandseek.mp4", "both.mp4"), "h264-25")
"""Without assets: counting videos of tests/videos.py under the names of the clips."""
CAR, PERSON = (1, 0.9, 0.1, 0.5, 0.4, 0.9), (0, 0.4, 0.5, 0.5, 0.7, 0.8)
"""Boxes that lie beside a drawn clip."""
LOOPS = 60
FORTY = "forty people"
"""Name of a video and of its run."""
SEGMENTS = "segments"
"""Name of a folder of segments, ``video_part_022`` and on."""
MADE = "made"
"""Marks a folder in which everything of a stage lies."""


@dataclass
class Stage:
    """The folders of a tour, and its page while it is served."""

    home: Path
    real: bool
    """Real clips and weights; else counting videos, and no weights."""
    address: str = ""
    served: Path = Path()
    """The folder of runs of the page that is served now."""
    port: str = field(default_factory=lambda: str(free_port()))
    _server: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def media(self) -> Path:
        """Videos, photos, a text that is no video, a film that is cut off."""
        return self.home / "videos"

    @property
    def models(self) -> Path:
        """Weights, good and bad, and the folders of face models."""
        return self.home / "models"

    @property
    def downloads(self) -> Path:
        """The folder of runs."""
        return self.home / "downloads"

    def serve(self, downloads: Path | None = None) -> None:
        """Starts the page, or starts it anew at the same port: the old process ends in whatever it does."""
        self.close()
        roots = ("--root", str(self.media), "--root", str(self.models))
        self.served = downloads or self.downloads
        self.address = self._server.enter_context(serving(self.served, *roots, port=self.port))

    def forget_detections(self) -> None:
        """Deletes what was detected in the videos, so that the next one begins as the first did."""
        for pattern in ("*.preds.npz", "*.meta.json"):
            for path in self.media.glob(pattern):
                path.unlink()

    def close(self) -> None:
        """Ends the page."""
        self._server.close()


@contextlib.contextmanager
def stage(home: Path, real: bool | None = None) -> Iterator[Stage]:
    """Makes a stage in a folder, with assets where they are (``real=None``), and takes the page down later.

    A folder in which one was made before is used again as it is: that saves a minute.
    """
    found = Stage(home, missing_weights() is None if real is None else real)
    if not (home / MADE).exists():
        _make(found)
    try:
        yield found
    finally:
        found.close()


def _make(found: Stage) -> None:
    for folder in (found.media, found.models, found.downloads, found.home / "empty", found.media / "empty folder"):
        folder.mkdir(parents=True, exist_ok=True)
    _clips(found)
    _faults(found)
    if found.real:
        _models(found)
    _runs(found)
    (found.home / MADE).touch()


def _clips(made: Stage) -> None:
    if not made.real:
        for name, kind in DRAWN.items():
            shutil.copy(videos.build(kind), made.media / name)
        cache_for(made.media / "driving.mp4", [[CAR, PERSON]] * videos.FRAMES)
    else:
        assets = assets_folder() / "media"
        for name, frames in CLIPS.items():
            cut = [] if frames is None else ["-frames:v", str(frames)]
            run_ffmpeg(["-i", str(assets / name), "-map", "0:v", "-c", "copy", *cut, str(made.media / name)])
        both = [word for name in ("juggle", "hideandseek") for word in ("-i", str(assets / f"{name}.mp4"))]
        codec = ["-preset", "ultrafast", "-g", "48"]
        frames = ["-map", "[v]", "-fps_mode", "passthrough"]
        run_ffmpeg([*both, "-filter_complex", TWO_PEOPLE, *frames, *codec, str(made.media / "both.mp4")])
    driving = made.media / "driving.mp4"
    loop = ["-stream_loop", str(LOOPS), "-i", str(driving), "-c", "copy"]
    run_ffmpeg([*loop, str(made.media / "a long drive.mp4")])
    shutil.copy(driving, made.media / LONG_NAME)
    _loop_of(made.media / "juggle.mp4", made.media / f"{FORTY}.mp4")
    _segments(made)


def _segments(made: Stage) -> None:
    """Three folders of pictures, as the original annotation tool takes them."""
    for number, name in enumerate(("hideandseek", "juggle", "driving"), 22):
        folder = made.media / SEGMENTS / f"video_part_{number:03d}"
        folder.mkdir(parents=True)
        small = ["-vf", "scale=640:-2", "-frames:v", "12", "-q:v", "3"]
        run_ffmpeg(["-i", str(made.media / f"{name}.mp4"), *small, str(folder / "%05d.jpg")])


def _loop_of(video: Path, path: Path) -> None:
    """The same pictures until there are 300 of them: another video than the one it is made of."""
    run_ffmpeg(["-stream_loop", "5", "-i", str(video), "-c", "copy", "-frames:v", "300", str(path)])


def _faults(made: Stage) -> None:
    whole = (made.media / "juggle.mp4").read_bytes()
    (made.media / "broken.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    front = made.home / "front.mp4"
    run_ffmpeg(["-i", str(made.media / "juggle.mp4"), "-c", "copy", "-movflags", "+faststart", str(front)])
    first = front.read_bytes()
    (made.media / "half a film.mp4").write_bytes(first[: len(first) * 6 // 10])
    (made.media / "notes.mp4").write_text("this is no video\n" * 50)
    shutil.copy(six_people(), made.media / "six people.jpg")
    (made.models / "broken.pt").write_bytes(b"PK\x03\x04" + b"no weights" * 300)
    make_unsafe(made.models / "unsafe.pt")


class RunsCode:
    """What weights hold that run code when they are loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Says what a loader would call."""
        return exec, ("pass",)


def make_unsafe(path: Path) -> None:
    """Writes weights that are refused because they would run code."""
    import torch

    torch.save({"model": RunsCode(), "train_args": {}}, path)


def _models(made: Stage) -> None:
    assets = assets_folder()
    for name in ("yolov8n.pt", "yolov8n-seg.pt"):
        shutil.copy(assets / "models" / name, made.models / name)
    make_pack(assets, made.models / "faces")
    make_pack(assets, made.models / "half of a pack", ("scrfd_500m_bnkps.onnx",))


def _runs(made: Stage) -> None:
    """Runs as people have them: small, long of name, with people, without any frame, and one that is damaged."""
    faces = {"faces": True, "face_model": str(made.models / "faces")} if made.real else {}
    wanted = {
        "juggle": ("juggle.mp4", ExtractSettings(method="every_nth", every=2)),
        "two people": ("both.mp4", ExtractSettings(method="every_nth", every=4, thumbs=True, **faces)),
        LONG_NAME.removesuffix(".mp4"): (LONG_NAME, ExtractSettings(method="every_nth", every=6)),
        "both": ("both.mp4", ExtractSettings(method="every_nth", every=8, thumbs=True)),
        FORTY: (f"{FORTY}.mp4", ExtractSettings(method="every_nth", every=12)),
        "nothing found": ("driving.mp4", ExtractSettings(method="interval", interval=2.0)),
    }
    for name, (video, settings) in wanted.items():
        for _ in extract_records(made.media / video, settings, out=made.downloads / name):
            pass
    RunDir(made.downloads / "nothing found").metadata.write_bytes(b"")
    damaged = made.downloads / "damaged"
    damaged.mkdir()
    (damaged / "run.json").write_text('{"video": {"path": ')
    _forty(made.downloads / FORTY)
    if made.real:
        _people(made.downloads / "two people")


def _forty(run: Path) -> None:
    """Persons as boxes and figures, without a model: forty that come and go in three shots."""
    dice = random.Random(4)
    begins = [dice.randrange(0, 200) for _ in range(40)]
    walks = [
        (begin, begin + dice.randrange(20, 99), 20.0 + 45 * k % 1700, 100.0 + 37 * k % 700, dice.uniform(-2, 2))
        for k, begin in enumerate(begins)
    ]
    make_persons(run, walks, list(range(40)), cuts=(90, 180), near=(3, 17, 0.85))


def _people(run: Path) -> None:
    for _ in update_faces(run, people=PeopleSettings()):
        pass
    for _ in cut_out(run, map(int, people_view(run)["frame_of"])):
        pass
