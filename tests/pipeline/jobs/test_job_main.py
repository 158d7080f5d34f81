"""Jobs as they are: real children, real videos, real kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.child import ChildProcess
from core.errors import JobError, RunBusy, SourceError
from core.jobs.archive import JobArchive
from core.jobs.queue import JobQueue
from core.jobs.state import MAX_ROWS, MAX_THUMBS, JobState
from core.pipeline.extraction import extract_records
from core.pipeline.jobs import COMMAND
from core.settings.extract import ExtractSettings
from core.store.run import RunDir
from tests.raising import raises
from tests.videos import build, build_broken

CHILD = (sys.executable, str(Path(__file__).with_name("job_child.py")))
SERVER = (sys.executable, str(Path(__file__).with_name("job_server.py")))
FRAMES = 120
LIMIT_S = 60.0
SETTINGS = {"method": "all", "min_quality": 60.0}


@pytest.fixture(scope="module")
def video() -> Path:
    return build("h264-25")


@pytest.fixture(scope="module")
def wanted(video: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What ``extract`` in this process makes."""
    out = tmp_path_factory.mktemp("wanted") / "run"
    assert len(list(extract_records(video, ExtractSettings(**SETTINGS), out=out))) == FRAMES
    return contents(out)


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "downloads"


@pytest.fixture
def queue(downloads: Path) -> Iterator[JobQueue]:
    with JobQueue(JobArchive(downloads), command=CHILD) as jobs:
        yield jobs


def contents(run: Path) -> dict[str, bytes]:
    """Records and frames of a run."""
    return {p.name: p.read_bytes() for p in run.iterdir() if p.name == "metadata.jsonl" or p.name.startswith("frame_")}


def slow(video: Path, downloads: Path, pause_s: float = 0.02) -> dict[str, Any]:
    return {"source": str(video), "settings": SETTINGS, "downloads": str(downloads), "pause_s": pause_s}


def until(state: Callable[[], JobState], true: Callable[[JobState], bool]) -> JobState:
    limit = time.monotonic() + LIMIT_S
    while not true(now := state()):
        assert time.monotonic() < limit, now
        time.sleep(0.01)
    return now


def at_frame(queue: JobQueue, job: str, frame: int) -> JobState:
    """Waits until the job extracts and has recorded so many frames."""
    return until(lambda: queue.snapshot(job), lambda now: now.ended or (bool(now.rows) and now.done >= frame))


def ended(queue: JobQueue, job: str) -> JobState:
    return until(lambda: queue.snapshot(job), lambda now: now.ended)


def pid_of(state: JobState) -> int:
    assert state.run
    with open(RunDir(Path(state.run)).job(state.id), "rb") as file:
        lines = [json.loads(line) for line in file]
    return int([line for line in lines if "pid" in line][-1]["pid"])


def alive_in_group(leader: int) -> list[int]:
    """Processes of a group that are no zombies (nobody may be there to reap an orphan)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(group) == leader and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


def nothing_is_left(state: JobState, pid: int) -> None:
    assert state.run
    assert alive_in_group(pid) == []
    with RunDir(Path(state.run)).lock():
        pass
    assert list(Path(state.run).glob("jobs/*.lock")) == []


# --- to the end


def test_an_extraction_by_a_job_equals_one_in_process(video: Path, downloads: Path, wanted: dict[str, bytes]) -> None:
    with JobQueue(JobArchive(downloads), command=COMMAND) as queue:  # the product's own child
        arguments = {"source": str(video), "settings": SETTINGS | {"thumbs": True}, "downloads": str(downloads)}
        job = queue.start("extract", arguments, "me")
        states = list(queue.follow(job))
    last = states[-1]
    assert (last.state, last.done, last.total, last.error) == ("done", FRAMES, FRAMES, None)
    assert last.run == str(downloads / "h264-25")
    assert contents(Path(last.run)) == wanted
    kept = [name for name in sorted(wanted) if name.startswith("frame_")]
    assert (last.kept, last.dropped) == (len(kept), {"quality": FRAMES - len(kept)})
    assert [row.ordinal for row in last.rows] == list(range(FRAMES - MAX_ROWS, FRAMES))
    assert {row.filename for row in last.rows if row.status == "kept"} <= set(kept)
    assert last.frames_per_s > 0
    assert last.thumbs == tuple(name.replace("frame", "thumb") for name in kept[-len(last.thumbs) :])
    assert all((Path(last.run) / "thumbs" / name).is_file() for name in last.thumbs)
    assert len(last.thumbs) == MAX_THUMBS


def test_progress_is_monotone_and_follow_ends(video: Path, downloads: Path, queue: JobQueue) -> None:
    states = list(queue.follow(queue.start("slow-extract", slow(video, downloads, 0.005), "me")))
    assert states[-1].state == "done"
    extracting = [state.done for state in states if state.phase == "extracting"]
    assert extracting == sorted(extracting)
    assert len(set(extracting)) > 3
    versions = [state.version for state in states]
    assert versions == sorted(set(versions))
    middle = [state for state in states if state.phase == "extracting" and 0 < state.done < FRAMES]
    assert any(state.seconds_left is not None for state in middle)


def test_every_verb_runs_in_the_run_that_extract_made(video: Path, downloads: Path, queue: JobQueue) -> None:
    arguments = {"source": str(video), "settings": {"method": "every_nth", "every": 40}, "downloads": str(downloads)}
    made = ended(queue, queue.start("extract", arguments, "me"))
    assert made.run
    shots = ended(queue, queue.start("shots", {"run": made.run}, "me", Path(made.run)))
    assert (shots.state, shots.done, shots.result["shots"]) == ("done", FRAMES, 3)
    rescored = ended(
        queue, queue.start("rescore", {"run": made.run, "quality_weights": [1, 1, 1, 1, 1]}, "me", Path(made.run))
    )
    assert (rescored.state, rescored.result["frames"]) == ("done", 3)
    exported = ended(queue, queue.start("export", {"run": made.run, "filters": {"top": 2}}, "me", Path(made.run)))
    assert (exported.state, exported.kept, exported.result["kept"]) == ("done", 2, 2)
    assert len(list(Path(exported.result["dest"]).glob("frame_*.jpg"))) == 2
    other = {"run": made.run, "filters": {"top": 1}, "digest": exported.result["digest"]}
    refused = ended(queue, queue.start("export", other, "me", Path(made.run)))
    assert refused.state == "failed"
    assert "look at the selection again" in (refused.error or "")
    assert [state.verb for state in queue.jobs_of("me")] == ["export", "export", "rescore", "shots", "extract"]


def test_a_run_is_set_aside_and_its_job_file_with_it(video: Path, downloads: Path, queue: JobQueue) -> None:
    out = downloads / "own"
    arguments = {"source": str(video), "settings": {"method": "keyframes"}, "out": str(out)}
    first = ended(queue, queue.start("extract", arguments, "me", out))
    second = ended(queue, queue.start("extract", {**arguments, "resume": False}, "me", out))
    assert (first.state, second.state, second.run) == ("done", "done", str(out))
    assert [path.stem for path in (out / "jobs").glob("*.jsonl")] == [second.id]
    assert [path.stem for path in downloads.glob("own_old_*/jobs/*.jsonl")] == [first.id]


# --- errors end the job, never the queue


@pytest.mark.parametrize(
    ("verb", "arguments", "sentence"),
    [
        ("extrakt", {}, '"extrakt" is not a verb; the nearest valid one is "extract".'),
        ("extract", {}, '"source" is missing'),
        ("extract", {"sauce": "x"}, '"sauce" is not an argument; the nearest valid one is "source".'),
        ("extract", {"source": "x", "settings": {"methode": "all"}}, '"methode" is not a setting'),
        ("rescore", {"run": "no such run", "quality_weights": [1, 1, 1, 1, 1]}, "is not a run; run extract first."),
        ("export", {"run": "x", "filters": {}, "selection": "y"}, "give one of them"),
    ],
)
def test_wrong_arguments_fail_with_a_sentence(
    verb: str, arguments: dict[str, Any], sentence: str, queue: JobQueue
) -> None:
    state = ended(queue, queue.start(verb, arguments, "me"))
    assert state.state == "failed"
    assert sentence in (state.error or "")


def test_a_bad_source_fails_with_the_sentence_of_the_verb(downloads: Path, queue: JobQueue) -> None:
    source = build_broken("text")
    with pytest.raises(SourceError) as ours:
        list(extract_records(source, ExtractSettings()))
    state = ended(queue, queue.start("extract", {"source": str(source), "downloads": str(downloads)}, "me"))
    assert (state.state, state.error) == ("failed", str(ours.value))
    assert state.run is None


def test_an_unexpected_error_shows_a_sentence_and_logs_the_traceback(queue: JobQueue) -> None:
    state = ended(queue, queue.start("fail", {}, "me", title="Summing up"))
    assert state.state == "failed"
    assert state.error == (
        "Summing up stopped because of an error of the program (ZeroDivisionError: the sum of nothing); "
        "its traceback is in the log."
    )
    assert "Traceback" not in json.dumps(state.to_mapping())
    assert state.log_file
    assert "Traceback" in Path(state.log_file).read_text()


@pytest.mark.parametrize(
    ("verb", "named"),
    [
        ("segfault", "signal SIGSEGV"),
        ("kill", "signal SIGKILL, perhaps because memory ran out"),
        ("exit", 'exit code 3): "the model said goodbye"'),
    ],
)
def test_a_crash_is_named_and_the_queue_goes_on(verb: str, named: str, downloads: Path, queue: JobQueue) -> None:
    run = downloads / "run"
    run.mkdir(parents=True)
    crashed = queue.start(verb, {"run": str(run)}, "me")
    next_one = queue.start("clock", {"from_s": time.time(), "seconds": 0}, "me")
    state = ended(queue, crashed)
    assert state.state == "failed"
    assert named in (state.error or "")
    assert "frame_extractor.log" in (state.error or "")
    assert ended(queue, next_one).state == "done"
    later = JobQueue(JobArchive(downloads), command=COMMAND).snapshot(crashed)
    assert (later.state, later.error, later.resumable) == ("failed", state.error, True)


def test_a_child_that_cannot_be_started_fails() -> None:
    with JobQueue(command=("/no/such/program",)) as queue:
        state = ended(queue, queue.start("extract", {"source": "x"}, "me"))
    assert state.state == "failed"
    assert "could not be started" in (state.error or "")


def test_what_libraries_print_is_no_event_and_a_grandchild_cannot_read_our_pipe(queue: JobQueue) -> None:
    state = ended(queue, queue.start("chatter", {}, "me"))
    assert (state.state, state.error) == ("done", None)


# --- cancel


@needs_proc
def test_cancel_while_running_leaves_nothing_and_resume_completes(
    video: Path, downloads: Path, queue: JobQueue, wanted: dict[str, bytes]
) -> None:
    job = queue.start("slow-extract", slow(video, downloads), "me")
    running = at_frame(queue, job, 10)
    pid = pid_of(running)
    assert alive_in_group(pid) == [pid]
    asked = time.monotonic()
    queue.cancel(job)
    cancelled = ended(queue, job)
    print(f"\ncancelled after {time.monotonic() - asked:.3f} s")
    assert time.monotonic() - asked < 3
    assert (cancelled.state, cancelled.error, cancelled.cancelling) == ("cancelled", None, False)
    assert 10 <= cancelled.done < FRAMES
    nothing_is_left(cancelled, pid)
    assert JobQueue(JobArchive(downloads), command=COMMAND).snapshot(job).state == "cancelled"
    assert queue.resume(job) == job
    done = ended(queue, job)
    assert (done.state, done.done, done.kept + sum(done.dropped.values())) == ("done", FRAMES, FRAMES)
    assert any("were recorded before" in line for line in done.log)
    assert done.run == cancelled.run
    assert contents(Path(done.run or "")) == wanted


@needs_proc
def test_what_does_not_stop_is_killed_with_all_it_started(downloads: Path, queue: JobQueue) -> None:
    run = downloads / "run"
    run.mkdir(parents=True)
    job = queue.start("hang", {"run": str(run)}, "me", run)
    hanging = until(lambda: queue.snapshot(job), lambda now: bool(now.log))
    pid = pid_of(hanging)
    assert len(alive_in_group(pid)) == 2
    asked = time.monotonic()
    queue.cancel(job)
    state = ended(queue, job)
    print(f"\nkilled after {time.monotonic() - asked:.3f} s")
    assert state.state == "cancelled"
    assert alive_in_group(pid) == []
    assert JobQueue(JobArchive(downloads), command=COMMAND).snapshot(job).state == "cancelled"


def test_cancel_while_queued_never_starts_it(video: Path, downloads: Path, queue: JobQueue) -> None:
    first = queue.start("hang", {}, "me")
    second = queue.start("extract", {"source": str(video), "downloads": str(downloads)}, "me")
    assert (queue.snapshot(second).state, queue.snapshot(second).ahead) == ("queued", 1)
    queue.cancel(second)
    assert queue.snapshot(second).state == "cancelled"
    assert [state.state for state in queue.follow(second)] == ["cancelled"]
    queue.cancel(first)
    assert ended(queue, first).state == "cancelled"
    assert not downloads.exists()


def test_cancel_before_the_child_listens(queue: JobQueue) -> None:
    job = queue.start("hang", {}, "me")
    queue.cancel(job)
    queue.cancel(job)
    assert ended(queue, job).state == "cancelled"


def test_an_ended_job_cannot_be_cancelled_or_resumed_when_done(queue: JobQueue) -> None:
    job = queue.start("clock", {"from_s": time.time(), "seconds": 0}, "me")
    assert ended(queue, job).state == "done"
    queue.cancel(job)
    assert queue.snapshot(job).state == "done"
    with raises(JobError, code="not_resumable", state="done"):
        queue.resume(job)


# --- order, owners, one job per run


def test_jobs_start_in_order_one_at_a_time(queue: JobQueue) -> None:
    now = time.time()
    jobs = [queue.start("clock", {"from_s": now, "seconds": 0, "number": n}, "me") for n in range(4)]
    seen = []
    while any(not queue.snapshot(job).ended for job in jobs):
        states = [queue.snapshot(job).state for job in reversed(jobs)][::-1]  # one that ends meanwhile is seen ended
        seen.append(states)
        assert states.count("running") <= 1
        time.sleep(0.01)
    for states in seen:
        assert states == sorted(states, key=["done", "running", "queued"].index)
    assert len({tuple(states) for states in seen}) >= 4


def test_two_jobs_run_at_once_where_that_is_allowed() -> None:
    with JobQueue(command=CHILD, parallel=2) as queue:
        jobs = [queue.start("hang", {"n": n}, "me") for n in range(3)]
        assert [queue.snapshot(job).state for job in jobs] == ["running", "running", "queued"]
        queue.cancel(jobs[0])
        until(lambda: queue.snapshot(jobs[2]), lambda now: now.state == "running")


def test_a_second_start_on_the_same_run_is_refused(video: Path, downloads: Path, queue: JobQueue) -> None:
    arguments = slow(video, downloads)
    job = queue.start("slow-extract", arguments, "me")
    with pytest.raises(RunBusy, match=r"slow-extract h264-25\.mp4 is running; wait for it or cancel it\."):
        queue.start("slow-extract", arguments, "another")
    run = at_frame(queue, job, 1).run
    with pytest.raises(RunBusy, match=r"is running in .*h264-25; wait"):
        queue.start("export", {"run": run}, "me", Path(str(run)) / ".." / "h264-25")
    with raises(RunBusy, code="job_active", state="running"):
        queue.resume(job)
    queue.cancel(job)
    assert ended(queue, job).state == "cancelled"
    queued_behind = queue.start("hang", {}, "me")
    again = queue.resume(job)
    with raises(RunBusy, code="job_active", state="queued"):
        queue.start("export", {"run": run}, "me", Path(str(run)))
    queue.cancel(queued_behind)
    assert ended(queue, again).state == "done"


def test_a_run_in_which_another_process_works_is_refused_by_the_child(
    video: Path, downloads: Path, queue: JobQueue
) -> None:
    with RunDir(downloads / "h264-25").lock():
        state = ended(queue, queue.start("extract", {"source": str(video), "downloads": str(downloads)}, "me"))
    assert state.state == "failed"
    assert f"another process ({os.getpid()}) works in" in (state.error or "")


def test_two_owners_do_not_list_each_others_jobs_but_an_id_is_enough(queue: JobQueue) -> None:
    mine = queue.start("clock", {"from_s": time.time(), "seconds": 0}, "me")
    yours = queue.start("clock", {"from_s": time.time(), "seconds": 0.1}, "you")
    assert [state.id for state in queue.jobs_of("me")] == [mine]
    assert [state.id for state in queue.jobs_of("you")] == [yours]
    assert queue.jobs_of("nobody") == []
    assert list(queue.follow(yours))[-1].owner == "you"
    with raises(JobError, code="no_job"):
        queue.snapshot("../../etc/passwd")


# --- kills


@needs_proc
def test_a_killed_child_fails_and_resumes(
    video: Path, downloads: Path, queue: JobQueue, wanted: dict[str, bytes]
) -> None:
    job = queue.start("slow-extract", slow(video, downloads), "me")
    pid = pid_of(at_frame(queue, job, 10))
    os.kill(pid, signal.SIGKILL)
    failed = ended(queue, job)
    assert failed.state == "failed"
    assert "signal SIGKILL" in (failed.error or "")
    assert alive_in_group(pid) == []
    queue.resume(job)
    done = ended(queue, job)
    assert (done.state, done.error) == ("done", None)
    assert contents(Path(done.run or "")) == wanted


@needs_proc
@pytest.mark.parametrize("verb", ["slow-extract", "hang"])
def test_a_killed_server_takes_its_child_along_and_the_next_one_resumes(
    verb: str, video: Path, downloads: Path, wanted: dict[str, bytes]
) -> None:
    run = downloads / "h264-25"
    arguments = slow(video, downloads) if verb == "slow-extract" else {"run": str(run)}
    run.mkdir(parents=True)
    with started_server(downloads, verb, arguments) as server:
        assert server.stdout is not None
        job = server.stdout.readline().decode().strip()
        archive = JobArchive(downloads)
        seen = until(
            lambda: archive.read(job) or JobState(job, verb, {}, "", "", 0),
            lambda now: now.done >= 10 if verb == "slow-extract" else bool(now.log),
        )
        pid = pid_of(seen)
        with JobQueue(archive, command=CHILD) as beside:  # a second server on the same downloads
            assert beside.snapshot(job).state == "running"
            with pytest.raises(RunBusy):
                beside.resume(job)
            with raises(JobError, code="other_server"):
                beside.cancel(job)
            server.kill()
            killed = time.monotonic()
            while alive_in_group(pid):
                assert time.monotonic() - killed < 5
                time.sleep(0.005)
            print(f"\n{verb}: child gone {time.monotonic() - killed:.3f} s after its server")
            assert until(lambda: beside.snapshot(job), lambda now: now.ended).state == "interrupted"
    with JobQueue(JobArchive(downloads), command=CHILD) as restarted:
        assert [state.id for state in restarted.jobs_of("somebody")] == [job]
        state = restarted.snapshot(job)
        assert (state.state, state.verb, state.owner, state.run) == ("interrupted", verb, "somebody", str(run))
        assert state.arguments == arguments
        if verb == "slow-extract":
            assert 10 <= state.done < FRAMES
            restarted.resume(job)
            assert ended(restarted, job).state == "done"
            assert contents(run) == wanted
            assert [s.id for s in JobQueue(JobArchive(downloads), command=COMMAND).jobs_of("somebody")] == [job]


def started_server(downloads: Path, verb: str, arguments: dict[str, Any]) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [*SERVER, str(downloads), verb, json.dumps(arguments)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": root},
    )


@needs_proc
def test_closing_the_queue_interrupts_its_jobs(video: Path, downloads: Path) -> None:
    with JobQueue(JobArchive(downloads), command=CHILD) as queue:
        job = queue.start("slow-extract", slow(video, downloads), "me")
        queue.start("hang", {}, "me")
        pid = pid_of(at_frame(queue, job, 5))
    assert queue.snapshot(job).state == "interrupted"
    assert alive_in_group(pid) == []
    with raises(JobError, code="server_ending"):
        queue.start("hang", {"n": 2}, "me")
    assert JobQueue(JobArchive(downloads), command=COMMAND).snapshot(job).state == "interrupted"


# --- how fast


def test_a_child_says_that_it_runs_and_ends_cleanly() -> None:
    took = []
    for _ in range(3):
        began = time.monotonic()
        request = {
            "id": "0" * 32,
            "verb": "none",
            "arguments": {},
            "owner": "",
            "title": "",
            "created_s": 0,
            "run": None,
        }
        child = ChildProcess(request, COMMAND)
        events = child.events()
        assert next(events)["state"] == "running"
        took.append(time.monotonic() - began)
        assert [event["state"] for event in events][-1] == "failed"
        assert child.reap() == 0
        assert child.last_words() == ""
    print(f"\nchild start-up: {sorted(round(s, 3) for s in took)} s")


def test_the_state_is_never_old(queue: JobQueue) -> None:
    from_s = time.time()
    job = queue.start("clock", {"from_s": from_s, "seconds": 30}, "me")  # a busy machine starts it late
    until(lambda: queue.snapshot(job), lambda now: now.done > 0)
    ages, begun_s = [], time.time()
    while not (state := queue.snapshot(job)).ended and time.time() - begun_s < 2.5:
        ages.append(time.time() - from_s - state.done / 1000)
        time.sleep(0.005)
    print(f"\nage of the state: median {sorted(ages)[len(ages) // 2]:.3f} s, oldest {max(ages):.3f} s")
    assert ages
    assert max(ages) < 30  # the clock of the job and ours are one
