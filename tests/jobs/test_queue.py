"""The state of a job and the queue, without a verb: the children here are small programs that speak the protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.child import ending
from core.errors import JobError, ModelError, SettingsError, revived
from core.jobs.queue import JobQueue
from core.jobs.state import MAX_LINES, MAX_NOTICES, MAX_ROWS, MAX_THUMBS, FrameRow, JobState, from_head, last_event
from core.step import Notice
from tests.raising import raises

HEAD = {
    "id": "ab" * 16,
    "verb": "extract",
    "arguments": {"source": "a.mp4"},
    "owner": "me",
    "title": "t",
    "created_s": 1.0,
}


def child(program: str) -> tuple[str, ...]:
    """A child that reads its request and then runs ``program``."""
    return (sys.executable, "-c", f"import json, os, sys, time\nrequest = json.loads(input())\n{program}")


def said(program: str, **arguments: object) -> JobState:
    with JobQueue(command=child(program)) as queue:
        return list(queue.follow(queue.start("verb", arguments, "me")))[-1]


# --- states


def test_an_empty_event_changes_nothing() -> None:
    state = JobState(**HEAD)
    assert state.after({}) == state


@pytest.mark.parametrize(
    "event",
    [
        {"done": "many"},
        {"state": 7},
        {"rows": "abc"},
        {"rows": [1, [2], None]},
        {"thumbs": {"a": 1}},
        {"log": [1, None]},
        {"owner": "thief"},
        {"id": "other"},
        {"nonsense": 1},
        {"dropped": []},
        {"error_code": 7, "error_field": ["a"], "error_facts": "b"},
        {"notices": "abc"},
        {"notices": [1, None, {}, {"code": 1, "text": "b", "facts": {}}, {"code": "a", "text": "b", "facts": []}]},
    ],
)
def test_what_does_not_belong_into_an_event_is_left_out(event: dict[str, object]) -> None:
    state = JobState(**HEAD)
    assert state.after(event) == state


def test_values_replace_and_lists_grow_to_their_limit() -> None:
    state = JobState(**HEAD)
    for n in range(200):
        state = state.after(
            {"done": n + 1, "rows": [[n, "kept", 1.5, None]], "thumbs": [f"t{n}"], "log": [f"line {n}"]}
        )
    assert state.done == 200
    assert [row.ordinal for row in state.rows] == list(range(200 - MAX_ROWS, 200))
    assert state.rows[-1] == FrameRow(199, "kept", 1.5, None)
    assert state.thumbs == tuple(f"t{n}" for n in range(200 - MAX_THUMBS, 200))
    assert state.log == tuple(f"line {n}" for n in range(200 - MAX_LINES, 200))


def test_notices_grow_to_their_limit() -> None:
    state = JobState(**HEAD)
    for n in range(30):
        state = state.after({"notices": [{"code": "c", "text": f"text {n}", "facts": {"n": n}}]})
    assert state.notices == tuple(Notice("c", f"text {n}", {"n": n}) for n in range(30 - MAX_NOTICES, 30))


def test_the_last_event_tells_the_kind_of_the_error_and_a_later_one_takes_it_back() -> None:
    error = SettingsError("no", code="setting_range", field="interval", low=0.001, high=86_400)
    state = JobState(**HEAD).after(json.loads(json.dumps(last_event("failed", error))))
    assert (state.state, state.error, state.lasting, state.resumable) == ("failed", "no", True, False)
    assert (state.error_code, state.error_field) == ("setting_range", "interval")
    assert state.error_facts == {"low": 0.001, "high": 86_400}
    state = state.after(last_event("done"))
    assert (state.error, state.error_code, state.error_field, state.error_facts) == (None, None, None, {})


def test_an_unfit_model_is_not_offered_again() -> None:
    missing, unfit = (ModelError("no", code=code) for code in ("face_model_missing", "face_model_unfit"))
    assert [JobState(**HEAD).after(last_event("failed", error)).resumable for error in (missing, unfit)] == [
        True,
        False,
    ]
    assert revived("ModelError", unfit.to_mapping()).lasting


def test_the_file_of_an_older_program_has_no_kind_of_error() -> None:
    state = JobState(**HEAD).after({"state": "failed", "error": "no", "lasting": True})
    assert (state.error, state.error_code, state.error_field, state.error_facts) == ("no", None, None, {})


def test_a_state_is_plain_json() -> None:
    notice = {"code": "faces_read", "text": "faces are read", "facts": {"model": "m"}}
    event = {"state": "done", "rows": [[1, "blur", None, None]], "dropped": {"blur": 1}, "notices": [notice]}
    state = JobState(**HEAD).after(event)
    values = json.loads(json.dumps(state.to_mapping(), allow_nan=False))
    assert values["rows"] == [[1, "blur", None, None]]
    assert values["state"] == "done"
    assert values["dropped"] == {"blur": 1}
    assert values["notices"] == [notice]


@pytest.mark.parametrize("values", [{}, {"id": 1}, HEAD | {"arguments": []}, HEAD | {"owner": None}])
def test_a_head_that_is_none_is_refused(values: dict[str, object]) -> None:
    assert from_head(values) is None


def test_a_head_names_the_job() -> None:
    state = from_head(HEAD | {"log_file": "x.log", "pid": 3})
    assert state is not None
    assert (state.id, state.owner, state.log_file, state.state) == (HEAD["id"], "me", "x.log", "queued")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-11, "signal SIGSEGV"),
        (-9, "signal SIGKILL, perhaps because memory ran out"),
        (-999, "signal 999"),
    ],
)
def test_an_ending_has_a_name(code: int, name: str) -> None:
    assert ending(code) == name


# --- the queue and its children


def test_the_request_reaches_the_child_and_its_events_the_state() -> None:
    state = said(
        "print(json.dumps({'phase': request['verb'], 'log': [json.dumps(request['arguments'])]}), flush=True)\n"
        "print(json.dumps({'state': 'done', 'result': {'n': 1}}))",
        text='"ä\n',
    )
    assert (state.state, state.phase, state.result) == ("done", "verb", {"n": 1})
    assert json.loads(state.log[0]) == {"text": '"ä\n'}


@pytest.mark.parametrize("junk", ["no json", "[]", "{", "", "7"])
def test_what_is_no_event_is_left_out(junk: str) -> None:
    state = said(f"print({junk!r}, flush=True)\nprint(json.dumps({{'state': 'done'}}))")
    assert (state.state, state.error) == ("done", None)


def test_a_child_that_ends_without_a_word_has_failed() -> None:
    state = said("sys.stderr.write('first\\nlast words\\n\\n')\nsys.exit(4)", source="films/a.mp4")
    assert state.state == "failed"
    assert state.error == 'verb a.mp4 stopped by itself (exit code 4): "last words". What is recorded stays: resume.'


def test_a_child_that_tells_its_end_and_then_lingers_is_killed() -> None:
    state = said("print(json.dumps({'state': 'done'}), flush=True)\nos.close(1)\ntime.sleep(60)")
    assert state.state == "done"


def test_a_child_that_closes_its_pipe_and_lingers_has_failed() -> None:
    assert said("os.close(1)\ntime.sleep(60)").state == "failed"


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), b"x"])
def test_arguments_that_are_not_json_are_refused(value: object) -> None:
    with JobQueue(command=child("")) as queue, raises(SettingsError, code="not_json"):
        queue.start("verb", {"x": value}, "me")


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    with JobQueue(command=child("print(json.dumps({'state': 'done'}))")) as jobs:
        yield jobs


def test_an_empty_queue_has_no_jobs(queue: JobQueue) -> None:
    assert queue.jobs_of("me") == []
    for act in (queue.snapshot, queue.cancel, queue.resume, lambda job: next(queue.follow(job))):
        with raises(JobError, code="no_job"):
            act("0" * 32)


def test_ids_are_long_and_differ(queue: JobQueue) -> None:
    ids = {queue.start("verb", {"n": n}, "me") for n in range(20)}
    assert {len(job) for job in ids} == {32}
    assert len(ids) == 20


def test_closing_a_follower_does_nothing_to_the_job(queue: JobQueue) -> None:
    job = queue.start("verb", {}, "me")
    follower = queue.follow(job)
    next(follower)
    follower.close()
    assert list(queue.follow(job))[-1].state == "done"


def test_an_ended_job_is_followed_once(queue: JobQueue) -> None:
    job = queue.start("verb", {}, "me")
    list(queue.follow(job))
    assert [state.state for state in queue.follow(job)] == ["done"]


def test_the_queue_imports_nothing_heavy() -> None:
    code = "import sys, core.jobs; print(sorted({'numpy', 'av', 'orjson', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
