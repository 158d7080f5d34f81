import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.detect import detect
from core.pipeline.review.live import LiveInference
from core.pipeline.review.live_plan import Head, next_ordinal, stride_for
from core.settings.detect import DetectSettings
from core.store import detections
from core.video.probe import probe
from tests.fakes import open_number_reader, reader_weights

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 60


def known(frames, *ordinals):
    done = np.zeros(frames, bool)
    done[list(ordinals)] = True
    return done


@pytest.mark.parametrize(
    ("head", "cost_s", "last", "done", "expected"),
    [
        (Head(), 0.02, None, known(1, 0), None),
        (Head(), 0.02, None, known(100), 0),
        (Head(5), 0.02, None, known(100, 5, 6), 7),
        (Head(99), 0.02, None, known(100, 99), 69),
        (Head(5, playing=True), 0.02, None, known(100), 6),
        (Head(5, playing=True), 0.1, None, known(100), 8),
        (Head(5, playing=True), 0.1, 20, known(100, 20), 23),
        (Head(50, playing=True), 0.1, 20, known(100, 20), 53),
        (Head(5, rate=2.0, playing=True), 0.1, 20, known(100, 20), 25),
        (Head(5, playing=True, exact=True), 0.1, 20, known(100, 5, 20), 6),
        (Head(95, playing=True), 0.1, 97, known(100, 97), 98),
    ],
)
def test_the_next_frame(head, cost_s, last, done, expected):
    assert next_ordinal(head, 0.0, 25.0, cost_s, last, done) == expected


def test_it_jumps_to_where_the_head_will_be():
    head = Head(10, playing=True, at_s=100.0)
    goal = next_ordinal(head, 102.0, 25.0, 0.2, 12, known(1000, 12))
    assert goal == 10 + 50 + 5


@given(
    st.integers(0, 99), st.floats(0, 8), st.booleans(), st.booleans(), st.floats(0.001, 2), st.sets(st.integers(0, 99))
)
def test_it_never_looks_twice_and_never_outside(at, rate, playing, exact, cost_s, seen):
    done = known(100, *seen)
    goal = next_ordinal(Head(at, rate, playing, exact), 0.3, 25.0, cost_s, max(seen, default=None), done)
    assert goal is None or (0 <= goal < 100 and not done[goal])


def test_the_stride_keeps_up_with_the_head():
    assert [stride_for(0.04, fps) for fps in (12.5, 25, 50, 100)] == [1, 1, 2, 4]


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A folder of runs for each test, away from the videos."""
    monkeypatch.chdir(tmp_path_factory.mktemp("home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Path.cwd()


@pytest.fixture
def film(clip, tmp_path):
    def copy(name):
        return probe(shutil.copy(clip(name), tmp_path / clip(name).name))

    return copy


def live(video, tmp_path, kind="plain", **more):
    command = (sys.executable, str(ROOT / "tests" / "pipeline" / "review" / "live_child.py"), kind)
    return LiveInference(video.info, reader_weights(tmp_path).path, command=command, **more)


def wait_for(condition):
    limit = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["h264-25", "h264-vfr", "avi-mpeg4-b", "mirrored-90"])
def test_every_result_is_of_its_own_frame_while_the_head_jumps(name, film, tmp_path):
    video = film(name)
    seen, moved, limit = 0, 0, time.monotonic() + LIMIT_S
    with live(video, tmp_path) as inference:
        while seen < 60:
            assert time.monotonic() < limit
            for ordinal, found in inference.results(seen, wait_s=1):
                assert found.class_id.tolist() == [ordinal]
                if seen % 7 == 0:
                    inference.at((ordinal * 37 + 11) % 120, 1 + seen % 3, seen % 2 == 1)
                seen += 1
                if seen == 60:
                    break
            else:  # where the head is now nothing is left to look at: somewhere else each time
                moved += 1
                inference.at((moved * 53 + 29) % 120)


def test_paused_it_looks_at_the_shown_frame_first(film, tmp_path):
    with live(film("h264-25"), tmp_path, "slow") as inference:
        inference.at(70)
        wait_for(lambda: inference.frame(70) is not None)
        assert inference.frame(70).class_id.tolist() == [70]
        wait_for(lambda: inference.frame(71) is not None)
        assert inference.state.stride == 1


def test_playing_fast_it_strides_and_stays_ahead(film, tmp_path):
    with live(film("h264-25"), tmp_path, "slow") as inference:
        inference.at(0, 8.0, True)
        wait_for(lambda: inference.state.stride > 1)
        assert inference.state.per_second < 25
        assert inference.state.backend == "a reader of painted numbers"


def test_a_complete_pass_becomes_the_cache(film, tmp_path):
    video = film("h264-25")
    with live(video, tmp_path) as inference:
        for head in (60, 0):
            inference.at(head)
            wait_for(lambda head=head: inference.frame(head) is not None)
        wait_for(lambda: inference.state.cache)
        assert inference.state.phase == "complete"
        assert sum(1 for _ in inference.rows(wait_s=0.1)) == 120
        assert len(list(inference.rows(start=100, wait_s=0.1))) == 20
    cache = detections.find(video.info, reader_weights(tmp_path)).cache
    assert [int(c) for c in cache.clss] == list(range(120))


def test_what_was_inferred_is_there_when_it_is_opened_again(film, tmp_path):
    video = film("h264-25")
    with live(video, tmp_path, "slow") as inference:
        inference.at(50)
        wait_for(lambda: inference.frame(52) is not None)
    with live(video, tmp_path, "slow") as again:
        wait_for(lambda: again.frame(51) is not None)
        assert again.frame(50).class_id.tolist() == [50]


def test_live_inference_leaves_nothing_beside_the_video_and_a_pass_goes_on_from_it(film, tmp_path, home):
    video, weights = film("h264-25"), reader_weights(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with live(video, tmp_path, "slow") as inference:
        wait_for(lambda: inference.state.done >= 20)
        assert sorted(os.listdir(tmp_path)) == before
        assert f"{Path('downloads', '.parts')}" in inference.state.note
    assert sorted(os.listdir(tmp_path)) == before
    assert len(list((home / "downloads" / ".parts").glob("*.part"))) == 1
    steps = detect(video, weights, DetectSettings(), opener=open_number_reader)
    assert next(steps) >= 20
    list(steps)
    assert [int(c) for c in detections.find(video.info, weights).cache.clss] == list(range(120))
    assert list((home / "downloads" / ".parts").iterdir()) == []
    assert sorted(os.listdir(tmp_path)) == sorted([*before, "h264-25__reader.preds.npz", "h264-25__reader.meta.json"])


def test_live_inference_goes_on_from_a_pass_in_the_folder_of_runs_that_it_is_told(film, tmp_path, home):
    video, weights, runs = film("h264-25"), reader_weights(tmp_path), home / "my runs"
    steps = detect(video, weights, DetectSettings(), downloads=runs, opener=open_number_reader)
    while next(steps) < 40:
        pass
    steps.close()
    with live(video, tmp_path, "slow", downloads=runs) as inference:
        assert sum(1 for _, _ in zip(inference.rows(wait_s=LIMIT_S), range(40), strict=False)) == 40
        wait_for(lambda: inference.state.done >= 40)
    assert not (home / "downloads").exists()


def test_a_crash_ends_with_a_sentence_and_only_the_child(film, tmp_path):
    with live(film("h264-25"), tmp_path, "crash") as inference:
        assert list(inference.rows(wait_s=LIMIT_S)) == []
        wait_for(lambda: inference.state.phase == "ended")
        assert "SIGSEGV" in inference.state.error


def test_weights_that_are_gone_are_a_sentence(film, tmp_path):
    video = film("h264-25")
    with LiveInference(video.info, tmp_path / "gone.pt") as inference:
        assert list(inference.rows(wait_s=LIMIT_S)) == []
        wait_for(lambda: inference.state.error)
        assert "no weights at" in inference.state.error


def test_closing_leaves_no_process(film, tmp_path):
    inference = live(film("h264-25"), tmp_path, "slow")
    wait_for(lambda: inference.state.done or inference.state.backend)
    pid = inference._child.pid
    inference.close()
    inference.close()
    assert not alive(pid)


PARENT = """
import sys, time
sys.path.insert(0, {tests!r})
from core.pipeline.review.live import LiveInference
from core.video.probe import probe
from pathlib import Path
from tests.fakes import reader_weights
weights = reader_weights(Path({folder!r}))
live = LiveInference(probe({video!r}).info, weights.path, command=(sys.executable, {child!r}, "slow"))
next(live.rows())
print(live._child.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_when_its_parent_dies(film, tmp_path):
    child = str(ROOT / "tests" / "pipeline" / "review" / "live_child.py")
    code = PARENT.format(tests=str(ROOT), video=film("h264-25").path, folder=str(tmp_path), child=child)
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not alive(pid))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or ") Z" not in state.read_text()
