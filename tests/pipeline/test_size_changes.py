"""Videos that change their size or pixel format on the way: every frame in its own size, and no cut where none is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core import files
from core.pipeline import scan
from core.pipeline.extraction import extract_records
from core.pipeline.review.mine import Mine, Saved, example_of
from core.pipeline.shots import find_shots
from core.settings.extract import ExtractSettings
from core.settings.mine import MineSettings
from core.store import examples
from core.video.follow import PlayHeadDecoder
from core.video.images import read_jpeg
from core.video.probe import probe

LENGTH = 20
"""Frames of a part: PySceneDetect joins shots of less than 15."""
VP8 = (".webm", ("-c:v", "libvpx", "-b:v", "2M"))
VP9 = (".webm", ("-c:v", "libvpx-vp9", "-b:v", "1M", "-cpu-used", "8"))
H264 = (".ts", ("-c:v", "libx264", "-crf", "15", "-bf", "2"))
MPEG2 = (".ts", ("-c:v", "mpeg2video", "-q:v", "2"))

Part = tuple[str, str]
"""What is shown, and in which form: a place of the running scene (``"0"``, ``"1"``, ...) or ``"other"``; a filter."""

CLIPS: dict[str, tuple[tuple[str, tuple[str, ...]], list[Part], list[int]]] = {
    "smaller, larger and back": (
        VP8,
        [("0", "scale=320:180"), ("1", "scale=160:90"), ("2", "scale=240:136"), ("3", "scale=320:180")],
        [],
    ),
    "a cut with it, and back": (
        VP8,
        [("0", "scale=320:180"), ("other", "scale=160:90"), ("1", "null")],
        [20, 40],
    ),
    "upright and back": (VP9, [("0", "scale=320:180"), ("1", "scale=180:320"), ("2", "scale=320:180")], []),
    "a cut before the change": (VP9, [("0", "null"), ("other", "null"), ("other", "scale=640:360")], [20]),
    "another aspect": (H264, [("0", "null"), ("1", "scale=320:240"), ("2", "scale=480:180"), ("3", "null")], []),
    "pixel formats": (
        H264,
        [("0", "null"), ("1", "format=yuv444p"), ("2", "format=yuv422p"), ("3", "null")],
        [],
    ),
    "a cut with another pixel format": (H264, [("0", "null"), ("other", "format=yuv444p")], [20]),
    "broadcast": (MPEG2, [("0", "null"), ("1", "scale=352:288"), ("2", "null")], []),
    "many sizes": (VP8, [(str(i), f"scale={s}") for i, s in enumerate(["320:180", "160:90"] * 7)], []),
}
"""Name -> encoder, parts, and where its contents change."""


def build(folder: Path, name: str) -> Path:
    (suffix, codec), parts, _ = CLIPS[name]
    for i, (what, form) in enumerate(parts):
        first = LENGTH * int(what) if what.isdigit() else 0
        source = "testsrc2=s=320x180:r=25" if what.isdigit() else "mandelbrot=s=320x180:r=25:start_scale=0.1"
        steps = f"trim=start_frame={first}:end_frame={first + LENGTH},setpts=PTS-STARTPTS,format=yuv420p,{form}"
        argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-vf", steps, "-frames:v", str(LENGTH), *codec]
        subprocess.run([*argv, str(folder / f"{i}{suffix}")], check=True)
    (folder / "list").write_text("".join(f"file {i}{suffix}\n" for i in range(len(parts))))
    made = folder / f"call{suffix}"
    if suffix == ".ts":
        made.write_bytes(b"".join((folder / f"{i}{suffix}").read_bytes() for i in range(len(parts))))
    else:
        argv = ["ffmpeg", "-v", "error", "-f", "concat", "-i", "list", "-c", "copy", made.name]
        subprocess.run(argv, check=True, cwd=folder)
    return made


def returned(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def ffmpegs_scores(path: Path) -> list[float]:
    """What FFmpeg's own filter says of each frame."""
    steps = "select=gte(scene\\,0),metadata=print:file=-"
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-vf", steps, "-fps_mode", "passthrough"]
    said = subprocess.run([*argv, "-f", "null", "-"], check=True, capture_output=True, text=True).stdout
    return [float(number) for number in re.findall(r"lavfi\.scene_score=([\d.]+)", said)]


@pytest.mark.parametrize("name", CLIPS)
def test_scores_are_ffmpegs_and_only_contents_make_a_shot(tmp_path: Path, name: str) -> None:
    path = build(tmp_path, name)
    video = probe(path)
    theirs = ffmpegs_scores(path)
    assert len(theirs) == len(video.ledger)
    np.testing.assert_allclose(returned(scan.scene_scores(video)), theirs, atol=2e-6)
    cuts = [start for start, _ in returned(find_shots(video))[1:]]
    assert cuts == CLIPS[name][2]


def test_every_frame_is_saved_in_its_own_size(tmp_path: Path) -> None:
    path = build(tmp_path, "smaller, larger and back")
    settings = ExtractSettings(method="every_nth", every=10, thumbs=True)
    found = list(extract_records(path, settings, out=tmp_path / "run"))
    shapes = [read_jpeg(tmp_path / "run" / str(record.filename)).shape[:2] for record in found]
    assert shapes == [(180, 320)] * 2 + [(90, 160)] * 2 + [(136, 240)] * 2 + [(180, 320)] * 2
    assert len({record.colours is None for record in found}) == 1


def test_boxes_of_a_hard_example_are_in_pixels_of_its_own_picture(tmp_path: Path) -> None:
    video = probe(build(tmp_path, "smaller, larger and back"))
    with PlayHeadDecoder(video) as follower:
        for ordinal, box in ((5, [32, 18, 320, 180]), (25, [16, 9, 160, 90]), (45, [24, 13.6, 240, 136])):
            shown = [[0, 0.5, 32, 18, 320, 180]]
            example = example_of(video.info, ordinal, 0.0, None, shown, None)
            saved = Mine(tmp_path / "saved").save(follower.frame(ordinal), video.info, example, MineSettings(), True)
            assert isinstance(saved, Saved)
            assert files.read_json(examples.sidecar_of(saved.picture))["predictions"][0]["box_xyxy"] == box
