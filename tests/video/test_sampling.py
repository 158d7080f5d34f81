"""Which frames a method chooses: against slow twins, against FFmpeg's own scene filter, against PySceneDetect."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pipeline import scan
from core.pipeline.shots import find_shots
from core.records import FrameLedger
from core.settings.extract import ExtractSettings
from core.video import plan, sampling
from core.video.probe import Video, probe
from core.video.shots import shot_of
from tests.videos import DEFAULT_FOLDER, VARIANTS, build

T = TypeVar("T")
THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
EMPTY = FrameLedger(pts=np.zeros(0, np.int64), key=np.zeros(0, bool), time_base=Fraction(1, 25))


def ledger_of(steps: list[int], time_base: Fraction, start: int = 0, keys: tuple[int, ...] = (0,)) -> FrameLedger:
    pts = start + np.cumsum([0, *steps]).astype(np.int64)
    return FrameLedger(pts=pts, key=np.isin(np.arange(len(pts)), keys), time_base=time_base)


ledgers = st.builds(
    ledger_of,
    steps=st.lists(st.integers(1, 3000), max_size=60),
    time_base=st.sampled_from([Fraction(1, 1000), Fraction(1, 90000), Fraction(1001, 30000), Fraction(1, 25)]),
    start=st.integers(-5000, 10**9),
    keys=st.lists(st.integers(0, 60), max_size=12).map(tuple),
)
targets = st.integers(1, 80)
seconds = st.one_of(st.sampled_from([0.001, 0.04, 0.1, 1 / 3, 0.3, 2.0, 10.0]), st.floats(0.001, 100))


@pytest.fixture(scope="session")
def folder() -> Path:
    return DEFAULT_FOLDER


def run(steps: Generator[int, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def chosen(video: Video, **settings: Any) -> list[int]:
    return run(scan.choose(video, ExtractSettings(**settings))).tolist()


# --- interval


def first_of_each_step(ledger: FrameLedger, step: Fraction) -> list[int]:
    """The definition, word for word: for k = 0, 1, ... the first frame with pts - pts0 >= k * step."""
    times = [(int(pts) - int(ledger.pts[0])) * ledger.time_base for pts in ledger.pts]
    found: set[int] = set()
    k, at = 0, 0
    while at < len(times):
        if times[at] >= k * step:
            found.add(at)
            k = max(k + 1, int(times[at] / step) + 1)  # the steps that this frame is the first of
        else:
            at += 1
    return sorted(found)


@given(ledgers, seconds)
def test_interval_is_its_definition(ledger: FrameLedger, seconds: float) -> None:
    expected = first_of_each_step(ledger, Fraction(str(seconds)))
    assert sampling.interval(ledger, seconds).tolist() == expected


@given(ledgers, targets)
def test_interval_for_a_target_is_one_frame_of_each_part_of_the_duration(ledger: FrameLedger, target: int) -> None:
    found = sampling.interval_for_target(ledger, target).tolist()
    if len(ledger) <= target:
        assert found == list(range(len(ledger)))
        return
    last = int(ledger.pts[-1] - ledger.pts[-2])
    duration = (int(ledger.pts[-1] - ledger.pts[0]) + last) * ledger.time_base
    assert found == first_of_each_step(ledger, duration / target)
    assert 1 <= len(found) <= target


def test_interval_of_nothing_is_nothing() -> None:
    assert sampling.interval(EMPTY, 2.0).tolist() == []


@pytest.mark.parametrize(
    ("name", "seconds", "expected"),
    [
        ("h264-25", 2.0, [0, 50, 100]),
        ("h264-25", 0.04, list(range(120))),
        ("h264-25", 100.0, [0]),
        ("h264-2997", 1.0, [0, 30, 60, 90]),  # frame 30 is shown at 1.001 s, frame 29 at 0.968 s
        ("h264-23976", 1.0, [0, 24, 48, 72, 96]),
        ("late-start", 2.0, [0, 50, 100]),
        ("h264-vfr", 1.0, [0, 27, 52, 78, 104]),  # frames last 1, 2, 4 ticks of 1/60 s
    ],
)
def test_interval_on_real_clips(folder: Path, name: str, seconds: float, expected: list[int]) -> None:
    ledger = probe(build(name, folder)).ledger
    assert sampling.interval(ledger, seconds).tolist() == expected == first_of_each_step(ledger, Fraction(str(seconds)))


# --- every n, key frames, targets


@given(ledgers, st.integers(1, 100))
def test_every_nth_is_a_slice(ledger: FrameLedger, every: int) -> None:
    assert sampling.every_nth(ledger, every).tolist() == list(range(0, len(ledger), every))


@given(ledgers, st.none() | targets)
def test_key_frames_are_thinned_evenly(ledger: FrameLedger, target: int | None) -> None:
    keys = ledger.keys.tolist()
    found = sampling.keyframes(ledger, target).tolist()
    assert set(found) <= set(keys)
    assert found == sorted(set(found))
    assert len(found) == (len(keys) if target is None else min(target, len(keys)))
    if len(found) > 1:
        gaps = np.diff([keys.index(ordinal) for ordinal in found])
        assert gaps.max() - gaps.min() <= 1


@given(
    quality=st.lists(st.one_of(st.just(float("nan")), st.integers(0, 5).map(float)), max_size=50),
    target=targets,
    spread=st.integers(1, 9),
)
def test_the_best_of_each_window(quality: list[float], target: int, spread: int) -> None:
    ordinals = np.arange(len(quality), dtype=np.int64) * spread
    found = sampling.best_of_windows(ordinals, np.array(quality, np.float64), target).tolist()
    if target >= len(quality):
        assert found == ordinals.tolist()
        return
    expected = []
    for i in range(target):
        window = range(i * len(quality) // target, (i + 1) * len(quality) // target)
        measured = [k for k in window if quality[k] == quality[k]]
        if measured:
            expected.append(max(measured, key=lambda k: (quality[k], -k)) * spread)
    assert found == expected


def test_targets_on_a_real_clip(folder: Path) -> None:
    video = probe(build("h264-shortgop", folder))
    assert chosen(video, method="interval", target=10) == list(range(0, 120, 12))
    assert chosen(video, method="keyframes", target=4) == [12, 42, 72, 102]
    assert len(chosen(video, method="scene", target=7)) == 7
    for method, every in (("all", 1), ("every_nth", 3)):
        found = chosen(video, method=method, every=3, target=8)
        assert [ordinal // 15 for ordinal in found] == list(range(8))
        assert all(ordinal % every == 0 for ordinal in found)
    assert chosen(video, method="every_nth", every=50, target=80) == [0, 50, 100]


def test_the_best_frames_of_windows_are_those_with_the_highest_scores(folder: Path) -> None:
    """The painted grating is strongest at frames 16, 48, 80 and 112."""
    video = probe(build("h264-25", folder))
    scores = run(scan.qualities(video, np.arange(120, dtype=np.int64), ExtractSettings()))
    expected = [i + int(np.argmax(scores[i : i + 40])) for i in (0, 40, 80)]
    assert chosen(video, method="all", target=3) == expected


# --- scene


@pytest.fixture(scope="session")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 pictures of noise in coarse squares: cuts of every strength, flashes, fades, and stretches of one picture."""
    dice = np.random.default_rng(11)
    pictures, square = [], np.ones((20, 20))
    while len(pictures) < 400:
        level, amplitude = dice.uniform(40, 200), dice.uniform(5, 60)
        picture = np.clip(level + amplitude * dice.standard_normal((9, 16)), 16, 235)
        length, kind = int(dice.integers(3, 18)), dice.integers(4)
        if kind == 0:
            length = 1
        shade = np.linspace(1, 0.3, length) if kind == 1 else np.ones(length)
        pictures += [np.kron(picture * s, square).astype(np.uint8) for s in shade]
    path = tmp_path_factory.mktemp("cuts") / "cuts.mp4"
    argv = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "320x180", "-r", "25", "-i", "-",
            "-c:v", "libx264", "-preset", "veryfast", "-g", "24", "-pix_fmt", "yuv420p", str(path)]  # fmt: skip
    subprocess.run(argv, input=b"".join(p.tobytes() for p in pictures[:400]), check=True, capture_output=True)
    return path


def ffmpeg_scene(path: Path, threshold: float) -> list[int]:
    """Timestamps, in units of the stream, of the frames that FFmpeg's own filter passes."""
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", "0:v:0", "-copyts",
            "-vf", f"select='gt(scene,{threshold})',metadata=print:file=-", "-f", "null", "-"]  # fmt: skip
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    return [int(line.split("pts:")[1].split()[0]) for line in lines if line.startswith("frame:")]


def assert_like_ffmpeg(path: Path, thresholds: tuple[float, ...]) -> list[int]:
    """Also returns how many frames each threshold chose."""
    video = probe(path)
    scores = run(scan.scene_scores(video))
    counts = []
    for threshold in thresholds:
        told = [video.ledger.ordinal_of(pts) for pts in ffmpeg_scene(path, threshold)]
        assert sampling.scene(scores, threshold).tolist() == sorted({0, *told}), threshold
        counts.append(len(told))
    return counts


def test_scene_is_the_filter_of_ffmpeg_on_cuts(cuts: Path) -> None:
    counts = assert_like_ffmpeg(cuts, THRESHOLDS)
    assert counts[0] > 30
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) >= 5


@pytest.mark.parametrize(
    "name", ["h264-25", "cut-opengop", "rotated-90", "mirrored", "odd-420", "ts-mpeg2", "fullrange", "gray"]
)
def test_scene_is_the_filter_of_ffmpeg_on_counting_clips(folder: Path, name: str) -> None:
    assert_like_ffmpeg(build(name, folder), (0.04, 0.1, 0.2))


@pytest.mark.weights
@pytest.mark.parametrize("name", ["hideandseek.mp4", "driving.mp4"])
def test_scene_is_the_filter_of_ffmpeg_on_real_clips(assets: Path, name: str) -> None:
    assert_like_ffmpeg(assets / "media" / name, (0.001, 0.01, 0.4))


def test_scene_scores_do_not_depend_on_how_the_clip_is_shared(cuts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = probe(cuts)
    before = run(scan.scene_scores(video))
    monkeypatch.setattr(plan, "TASK_FRAMES", 1)
    assert run(scan.scene_scores(video)).tolist() == before.tolist()


def test_the_first_frame_is_always_a_scene() -> None:
    assert sampling.scene(np.array([0.0, 0.1, 0.9]), 0.4).tolist() == [0, 2]
    assert sampling.scene(np.zeros(0), 0.4).tolist() == []
    assert sampling.scene(np.array([0.0, 0.1, 0.9, 0.5]), 0.4, target=2).tolist() == [2, 3]


# --- shots


@pytest.mark.parametrize("detector", ["adaptive", "content"])
def test_shots_are_those_of_pyscenedetect(cuts: Path, detector: str) -> None:
    assert_shots_like_pyscenedetect(cuts, detector)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["hideandseek.mp4", "driving.mp4"])
def test_shots_of_real_clips_are_those_of_pyscenedetect(assets: Path, name: str) -> None:
    assert_shots_like_pyscenedetect(assets / "media" / name, "adaptive")


def assert_shots_like_pyscenedetect(path: Path, detector: str) -> None:
    import scenedetect

    kind = {"adaptive": scenedetect.AdaptiveDetector, "content": scenedetect.ContentDetector}[detector]
    told = [(a.frame_num, b.frame_num) for a, b in scenedetect.detect(str(path), kind(), start_in_scene=True)]
    assert run(find_shots(probe(path), detector)) == told


@pytest.mark.parametrize("name", ["h264-25", "h264-opengop", "rotated-90", "avi-mpeg4-b", "h264-vfr"])
def test_shots_of_counting_clips_begin_where_the_picture_changes(folder: Path, name: str) -> None:
    assert len(VARIANTS[name].expected) == 120
    assert run(find_shots(probe(build(name, folder)), "content")) == [(0, 40), (40, 80), (80, 120)]


@pytest.mark.parametrize(
    ("shots", "ordinals", "expected"),
    [([], [], []), ([(0, 9)], [0, 8], [0, 0]), ([(0, 3), (3, 9)], [0, 2, 3, 8], [0, 0, 1, 1])],
)
def test_shot_of_an_ordinal(shots: list[tuple[int, int]], ordinals: list[int], expected: list[int]) -> None:
    assert shot_of(shots, np.array(ordinals, np.int64)).tolist() == expected
