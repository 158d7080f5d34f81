"""Pictures that one hash calls alike: other colours keep them apart, and small changes of light do not."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.metrics.colours import agree
from core.pipeline.duplicates import duplicate_rows
from core.pipeline.extraction import extract_records
from core.pipeline.select import select
from core.records import FrameTable
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.store.table import load_table
from tests.tables import coded
from tests.verbs import outcome_of

Picture = NDArray[np.uint8]
Color = tuple[int, int, int]
W, H = 320, 180

FLAT: tuple[Color, ...] = ((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128))
EQUALLY_LIGHT: tuple[Color, ...] = ((160, 100, 100), (90, 135, 90), (114, 114, 150), (118, 118, 118), (150, 96, 150))
GREYS: tuple[Color, ...] = tuple((v, v, v) for v in range(20, 256, 40))


def flat(color: Color) -> Picture:
    return np.full((H, W, 3), color, np.uint8)


def card(background: Color, text: Color = (255, 255, 255)) -> Picture:
    """A title: bars of text on a background."""
    picture = flat(background)
    for row, (left, right) in enumerate(((60, 250), (40, 280), (100, 220))):
        picture[50 + 30 * row : 66 + 30 * row, left:right:3] = text
    return picture


def logo(color: Color, background: Color = (255, 255, 255)) -> Picture:
    """A sign of a fiftieth of the picture on a page that says nothing else."""
    picture = flat(background)
    picture[20:54, 20:54] = color
    return picture


def scene(seed: int = 3) -> NDArray[np.float64]:
    """Something like a photograph: soft light and shade, 0-1, (H, W, 3)."""
    import cv2

    coarse = np.random.default_rng(seed).random((6, 8, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (W, H), interpolation=cv2.INTER_CUBIC), np.float64).clip(0, 1)


def shade(gain: Sequence[float]) -> Picture:
    return (scene() * 200 * np.array(gain)).clip(0, 255).astype(np.uint8)


def halves(*colors: Color) -> Picture:
    return np.hstack([flat(color)[:, : W // len(colors)] for color in colors])


SLIDES = {
    "flat": [flat(color) for color in FLAT],
    "equally light": [flat(color) for color in EQUALLY_LIGHT],
    "greys": [flat(grey) for grey in GREYS],
    "one text, other backgrounds": [
        card(c) for c in ((20, 20, 20), (120, 0, 0), (0, 0, 160), (0, 80, 0), (75, 75, 75))
    ],
    "one text, other letters": [card((0, 0, 0), c) for c in ((255, 255, 255), (255, 60, 60), (70, 160, 255))],
    "logos": [logo(color) for color in ((200, 30, 30), (30, 90, 200), (20, 130, 40))],
    "day and night": [shade((1, 1, 1)), shade((0.35, 0.45, 0.7)), shade((1.1, 0.9, 0.6))],
    "sides exchanged": [halves((160, 100, 100), (90, 135, 90)), halves((90, 135, 90), (160, 100, 100))],
}

Run = Callable[[Sequence[Picture]], FrameTable]
CODECS = {
    "h264": (".mp4", ["-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuv420p"]),
    "deep": (".mkv", ["-c:v", "libx265", "-x265-params", "log-level=none", "-crf", "8", "-pix_fmt", "yuv420p10le"]),
    "rgb": (".mkv", ["-c:v", "ffv1", "-pix_fmt", "bgr0"]),
    "packed": (".nut", ["-c:v", "rawvideo", "-pix_fmt", "yuyv422"]),
    "palette": (".gif", ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none"]),
}


def film(path: Path, pictures: Sequence[Picture], codec: Sequence[str], each: int = 1) -> None:
    raw = b"".join(picture.tobytes() * each for picture in pictures)
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{W}x{H}",
        "-r",
        "10",
        "-i",
        "-",
    ]
    subprocess.run([*argv, *codec, f"file:{path}"], input=raw, check=True)


def recorded(folder: Path, pictures: Sequence[Picture], codec: str = "h264", each: int = 1) -> FrameTable:
    suffix, options = CODECS[codec]
    video = folder / f"slides{suffix}"
    film(video, pictures, options, each)
    settings = ExtractSettings(method="every_nth", every=each, save_frames=False)
    assert len(list(extract_records(video, settings, out=folder / "run"))) == len(pictures)
    return load_table(folder / "run")


def kept(table: FrameTable, distance: int) -> int:
    return len(select(table, FilterSettings(dedup=distance)).kept)


@pytest.mark.parametrize("kind", SLIDES)
def test_pictures_of_other_colours_are_all_kept(tmp_path: Path, kind: str) -> None:
    slides = SLIDES[kind]
    table = recorded(tmp_path, slides, each=4)
    assert [kept(table, distance) for distance in (0, 3)] == [len(slides)] * 2
    alike = agree(table.colours[:, None], table.colours[None])
    assert np.count_nonzero(alike) == len(slides)


@pytest.mark.parametrize("codec", CODECS)
def test_flat_pictures_are_told_apart_in_every_kind_of_video(tmp_path: Path, codec: str) -> None:
    table = recorded(tmp_path, [*SLIDES["flat"], *SLIDES["flat"]], codec)
    assert (kept(table, 0), kept(table, 3)) == (6, 6)


def drift(steps: int, low: float, high: float) -> list[Picture]:
    return [shade((gain,) * 3) for gain in np.linspace(low, high, steps)]


def noisy(count: int, sigma: float) -> list[Picture]:
    rng = np.random.default_rng(0)
    return [(shade((1, 1, 1)) + rng.normal(0, sigma, (H, W, 3))).clip(0, 255).astype(np.uint8) for _ in range(count)]


@pytest.mark.parametrize(
    "pictures",
    [drift(12, 0.94, 1.06), noisy(12, 12.0), [flat((120 + i, 120 + i, 120 + i)) for i in range(12)]],
    ids=["exposure", "noise", "a flat wall in changing light"],
)
def test_small_changes_of_light_stay_duplicates(tmp_path: Path, pictures: list[Picture]) -> None:
    assert kept(recorded(tmp_path, pictures), 5) == 1


def test_hard_compression_stays_a_duplicate(tmp_path: Path) -> None:
    pictures = [shade((1, 1, 1))] * 2
    film(tmp_path / "soft.mp4", pictures, ["-c:v", "libx264", "-crf", "45", "-pix_fmt", "yuv420p"])
    film(tmp_path / "fine.mp4", pictures, ["-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p"])
    (tmp_path / "list").write_text("file soft.mp4\nfile fine.mp4\n")
    argv = ["ffmpeg", "-v", "error", "-f", "concat", "-i", "list", "-c", "copy", "both.mp4"]
    subprocess.run(argv, check=True, cwd=tmp_path)
    list(extract_records(tmp_path / "both.mp4", ExtractSettings(method="all", save_frames=False), out=tmp_path / "run"))
    assert kept(load_table(tmp_path / "run"), 5) == 1


def test_colours_do_not_depend_on_the_number_of_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "v.mp4", [shade((g, 1, 1)) for g in np.linspace(0.5, 1, 150)], CODECS["h264"][1] + ["-g", "20"])
    texts = []
    for threads in (1, 3):
        monkeypatch.setattr("core.video.stream.threads_to_use", lambda threads=threads: threads)
        found = extract_records(
            tmp_path / "v.mp4", ExtractSettings(method="all", save_frames=False), out=tmp_path / f"{threads}"
        )
        texts.append([record.colours for record in found])
    assert texts[0] == texts[1]
    assert None not in texts[0]


def test_rescore_keeps_the_colours(tmp_path: Path) -> None:
    before = recorded(tmp_path, SLIDES["flat"])
    outcome_of("rescore", run=tmp_path / "run", quality_weights=(50, 20, 10, 10, 10))
    after = load_table(tmp_path / "run")
    np.testing.assert_array_equal(after.colours, before.colours)
    assert after.has_colours.all()


def test_a_run_begun_before_colours_were_noted_goes_on(tmp_path: Path) -> None:
    """Its older records have none, so that their pairs are compared by hash alone; nothing is lost or done twice.

    Black has a hash of its own; the five other flat pictures share one.
    """
    from core.store import jsonl
    from core.store.run import RunDir

    recorded(tmp_path, SLIDES["flat"])
    run = RunDir(tmp_path / "run")
    old = [{k: v for k, v in line.items() if k != "colours"} for line in jsonl.read(run.metadata)][:3]
    run.metadata.unlink()
    with jsonl.Appender(run.metadata) as appender:
        appender.append(old)
    run.run_json.write_bytes(run.run_json.read_bytes().replace(b'"complete"', b'"running"'))
    settings = ExtractSettings(method="every_nth", every=1, save_frames=False)
    assert [r.frame_number for r in extract_records(tmp_path / "slides.mp4", settings, out=run.path)] == [3, 4, 5]
    table = load_table(run)
    assert table.has_colours.tolist() == [False] * 3 + [True] * 3
    assert duplicate_rows(table, np.arange(6), 0).tolist() == [-1, -1, 1, 1, 1, 1]
    found = select(dataclasses.replace(table, **coded(["quality"] * 3 + [""] * 3)), FilterSettings(dedup=0))
    assert found.kept.tolist() == [3, 4, 5]
