import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import WeightsError
from core.jobs.queue import JobQueue
from core.pipeline.jobs import COMMAND
from core.pipeline.review.live import LiveInference
from core.store import detections
from core.video.probe import probe
from core.weights import identify

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 120


def wait_for(condition):
    limit = time.monotonic() + LIMIT_S
    while not (found := condition()):
        assert time.monotonic() < limit
        time.sleep(0.05)
    return found


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A folder of runs for each test, away from the videos."""
    monkeypatch.chdir(tmp_path_factory.mktemp("home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Path.cwd()


@pytest.fixture
def film(long_video, tmp_path):
    return Path(shutil.copy(long_video, tmp_path / "film.mp4"))


def arguments(film, weights, tmp_path):
    return {
        "source": str(film),
        "weights": str(weights),
        "settings": {"device": "cpu"},
        "downloads": str(tmp_path / "downloads"),
    }


@pytest.mark.weights
def test_a_cancelled_precompute_goes_on_where_it_was(assets, film, tmp_path):
    weights = assets / "models" / "yolov8n.pt"
    with JobQueue(command=COMMAND) as jobs:
        job = jobs.start("precompute", arguments(film, weights, tmp_path), "me")
        wait_for(lambda: jobs.snapshot(job).done > 30 and jobs.snapshot(job).phase == "detecting")
        jobs.cancel(job)
        state = wait_for(lambda: jobs.snapshot(job).ended and jobs.snapshot(job))
        assert state.state == "cancelled"
        assert detections.find(probe(film).info, identify(weights)).cache is None
        jobs.resume(job)
        seen = [s.done for s in jobs.follow(job) if s.phase == "detecting"]
        assert seen[0] > 30
        state = jobs.snapshot(job)
        assert (state.state, state.result["frames"]) == ("done", 600), state.error
        assert any("OpenVINO" in line for line in state.log)
    assert len(detections.find(probe(film).info, identify(weights)).cache) == 600


@pytest.mark.weights
def test_a_job_says_what_is_wrong_in_one_sentence(assets, film, tmp_path):
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    good = assets / "models" / "yolov8n.pt"
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with JobQueue(command=COMMAND) as jobs:
        for source, weights, said in (
            (film, tmp_path / "bad.pt", "cannot be read as weights"),
            (film, tmp_path / "gone.pt", "no weights at"),
            (empty, good, "empty"),
            (tmp_path, good, "directory"),
        ):
            job = jobs.start("precompute", arguments(source, weights, tmp_path), "me")
            state = wait_for(lambda job=job: jobs.snapshot(job).ended and jobs.snapshot(job))
            assert state.state == "failed"
            assert said in state.error
            assert "\n" not in state.error
    assert not list(tmp_path.glob("*.npz"))


def test_weights_that_ultralytics_does_not_offer_fail_with_a_sentence(tmp_path):
    with JobQueue(command=COMMAND) as jobs:
        job = jobs.start("fetch_weights", {"name": "mine.pt", "out": str(tmp_path / "weights")}, "me")
        state = wait_for(lambda: jobs.snapshot(job).ended and jobs.snapshot(job))
        assert state.state == "failed"
        assert "offers no weights" in state.error


@pytest.mark.weights
def test_live_inference_with_real_weights_agrees_with_the_cache(assets, tmp_path):
    video = probe(shutil.copy(assets / "media" / "driving.mp4", tmp_path / "driving.mp4"))
    weights = assets / "models" / "yolov8n.pt"
    with LiveInference(video.info, weights) as live:
        live.at(60)
        wait_for(lambda: live.frame(60) is not None or live.state.error)
        assert live.state.error is None
        assert live.state.names[2] == "car"
        assert "CPU" in live.state.backend or "CUDA" in live.state.backend
        live.at(0)
        wait_for(lambda: live.frame(0) is not None)
        cars = live.frame(60)
    assert (cars.confidence > 0.25).sum() > 3
    assert not list(tmp_path.glob("*.npz"))


def test_an_unsafe_file_runs_only_in_the_child_and_only_when_allowed(long_video, tmp_path):
    marker = tmp_path / "it-ran"
    code = (
        "import sys, torch\n"
        "class Evil:\n"
        "    def __reduce__(self):\n"
        "        return (exec, (f'open({sys.argv[2]!r}, \"w\").close()',))\n"
        "torch.save({'model': Evil()}, sys.argv[1])\n"
    )
    weights = tmp_path / "evil.pt"
    subprocess.run([sys.executable, "-c", code, str(weights), str(marker)], check=True)
    info = probe(shutil.copy(long_video, tmp_path / "film.mp4")).info
    for unsafe in (False, True):
        with LiveInference(info, weights, unsafe=unsafe) as live:
            error = wait_for(lambda live=live: live.state.error)
        assert ("could run any code" in error) is not unsafe
        assert marker.exists() is unsafe
    assert identify(weights).name == "evil.pt"
    assert issubclass(WeightsError, Exception)


def test_watching_live_inference_needs_no_model_library():
    code = (
        "import sys, core.pipeline.review.live\n"
        "print(sorted({'torch', 'ultralytics', 'openvino', 'onnxruntime', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
