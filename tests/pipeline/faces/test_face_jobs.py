"""The verbs about faces as jobs: real children, real networks."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.jobs.archive import JobArchive
from core.jobs.queue import JobQueue
from core.jobs.state import JobState
from core.pipeline.extraction import extract_records
from core.pipeline.faces.crops import people_view
from core.settings.extract import ExtractSettings
from core.store.run import RunDir
from tests.faces import make_pack, six_people

pytestmark = pytest.mark.weights
LIMIT_S = 120.0


@pytest.fixture(scope="module")
def pack(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pack(assets, tmp_path_factory.mktemp("packs") / "own")


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobQueue]:
    monkeypatch.chdir(tmp_path)
    command = (sys.executable, str(Path(__file__).parents[1] / "jobs" / "job_child.py"))
    with JobQueue(JobArchive(tmp_path / "downloads"), command=command) as jobs:
        yield jobs


def ended(queue: JobQueue, verb: str, **arguments: Any) -> JobState:
    run = Path(arguments["run"]) if "run" in arguments else None
    job = queue.start(verb, arguments, "me", run, verb)
    until = time.monotonic() + LIMIT_S
    while not (state := queue.snapshot(job)).ended:
        assert time.monotonic() < until
        time.sleep(0.05)
    return state


def test_faces_are_read_grouped_and_cut_out(queue: JobQueue, assets: Path, pack: Path, tmp_path: Path) -> None:
    run = tmp_path / "downloads" / "run"
    settings = ExtractSettings(method="every_nth", every=20, save_frames=False)
    list(extract_records(assets / "media" / "hideandseek.mp4", settings, out=run))
    model = {"face_model": str(pack)}
    first = ended(queue, "faces", run=str(run), settings=model, people={})
    assert first.state == "done", first.error
    assert first.result["provider"] in ("CPU", "CUDA")
    assert first.result["frames"] == 10
    assert first.result["people"] == 1
    person = people_view(run)["people"][0]
    assert all(RunDir(run).face_crop(row).is_file() for row in person["best"])
    second = ended(queue, "faces", run=str(run), settings={"face_refs": ["person:1"]}, names={"1": "Boy"})
    assert second.state == "done", second.error
    view = people_view(run)
    assert view["references"] == ["person:1"]
    assert view["people"][0]["name"] == "Boy"


def test_the_faces_of_a_photo_are_shown_from_the_left(queue: JobQueue, pack: Path) -> None:
    state = ended(queue, "face_photo", photo=str(six_people()), settings={"face_model": str(pack)})
    assert state.state == "done", state.error
    faces = state.result["faces"]
    assert [face["face"] for face in faces] == [1, 2, 3, 4, 5, 6]
    lefts = [face["box"][0] for face in faces]
    assert lefts == sorted(lefts)
    assert all(face["picture"].startswith("data:image/jpeg;base64,/9j/") for face in faces)


def test_what_is_wrong_is_one_sentence(queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    state = ended(queue, "face_photo", photo=str(six_people()))
    assert state.state == "failed"
    assert "fetch it with: python -m core face-pack buffalo_l" in str(state.error)
    state = ended(queue, "face_pack", name="buffalo_x")
    assert "the nearest valid one is" in str(state.error)
