"""Job files: what is read from them after any ending, and from files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import StorageError
from core.jobs.archive import TAIL_BYTES, JobArchive, JobLog, read_job
from core.store.run import RunDir
from tests.raising import raises

JOB = "ab" * 16
HEAD: dict[str, Any] = {"id": JOB, "verb": "extract", "arguments": {}, "owner": "me", "title": "t", "created_s": 1.0}


def written(run: RunDir, *events: dict[str, Any]) -> Path:
    with JobLog(run, JOB) as log:
        for event in events:
            log.append(event)
    return run.job(JOB)


def test_no_folder_no_jobs(tmp_path: Path) -> None:
    archive = JobArchive(tmp_path / "none")
    assert list(archive.jobs()) == []
    assert archive.read(JOB) is None


def test_a_job_runs_while_its_child_holds_the_lock(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    with JobLog(run, JOB) as log:
        log.append(HEAD)
        state = JobArchive(tmp_path).read(JOB)
        assert state is not None
        assert state.state == "running"
        with raises(StorageError, code="cannot_lock"), JobLog(run, JOB):
            pass
    state = JobArchive(tmp_path).read(JOB)
    assert state is not None
    assert (state.state, state.run) == ("interrupted", str(run.path))
    assert [path.name for path in run.jobs.iterdir()] == [f"{JOB}.jsonl"]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "interrupted"),
        ([{"state": "running", "done": 3}], "interrupted"),
        ([{"state": "running"}, {"cancelling": True}], "cancelled"),
        ([{"state": "done"}], "done"),
        ([{"state": "failed", "error": "no"}], "failed"),
        ([{"state": "cancelled"}, HEAD, {"state": "running"}], "interrupted"),
    ],
)
def test_the_last_state_counts(tmp_path: Path, events: list[dict[str, Any]], state: str) -> None:
    found = read_job(written(RunDir(tmp_path / "run"), HEAD, *events))
    assert found is not None
    assert found.state == state


def test_a_resumed_job_starts_afresh_in_its_file(tmp_path: Path) -> None:
    before = {"state": "failed", "error": "no", "kept": 7, "log": ["a"]}
    found = read_job(written(RunDir(tmp_path / "run"), HEAD, before, HEAD, {"state": "running", "log": ["b"]}))
    assert found is not None
    assert (found.state, found.error, found.kept, found.log) == ("interrupted", None, 0, ("a", "b"))


def test_every_prefix_of_a_job_file_is_readable(tmp_path: Path) -> None:
    path = written(RunDir(tmp_path / "run"), HEAD, {"state": "running", "done": 1, "log": ["a"]}, {"state": "done"})
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        found = read_job(path)
        if length <= whole.index(b"\n"):
            assert found is None
        else:
            assert found is not None
            assert found.state == ("done" if length == len(whole) else "interrupted")


@pytest.mark.parametrize("events", [20_000, 1])
def test_a_long_file_is_read_at_its_ends(tmp_path: Path, events: int) -> None:
    last = {"state": "done", "done": 5, "result": {"x": "y" * 2 * TAIL_BYTES if events == 1 else ""}}
    found = read_job(written(RunDir(tmp_path / "run"), HEAD, *[{"state": "running", "done": 1}] * events, last))
    assert found is not None
    assert (found.verb, found.state, found.done) == ("extract", "done", 5)


@pytest.mark.parametrize(
    "content", ["", "\n", "no json\n", "[]\n", json.dumps(HEAD), json.dumps(HEAD | {"id": "cd" * 16}) + "\n"]
)
def test_a_file_that_is_none_is_no_job(tmp_path: Path, content: str) -> None:
    path = RunDir(tmp_path / "run").job(JOB)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert list(JobArchive(tmp_path).jobs()) == []


@pytest.mark.parametrize("name", ["", "..", "../x", "*", "AB" * 16, "ab" * 16 + "\n"])
def test_an_id_never_leads_out_of_the_jobs(tmp_path: Path, name: str) -> None:
    written(RunDir(tmp_path / "run"), HEAD)
    assert JobArchive(tmp_path).read(name) is None


def test_the_end_of_a_dead_child_is_added_once_it_is_dead(tmp_path: Path) -> None:
    run, archive = RunDir(tmp_path / "run"), JobArchive(tmp_path)
    archive.append(run.path, JOB, {"state": "failed"})
    assert not run.path.exists()
    with JobLog(run, JOB) as log:
        log.append(HEAD)
        archive.append(run.path, JOB, {"state": "failed"})
        assert archive.read(JOB).state == "running"  # type: ignore[union-attr]
    archive.append(run.path, JOB, {"state": "failed"})
    assert archive.read(JOB).state == "failed"  # type: ignore[union-attr]
