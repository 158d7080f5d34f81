"""Child processes as they are: each guarantee of core.child and core.parent once, with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import errors, inside
from core.child import GRACE_S, ChildProcess, command_of, error_of
from core.errors import FolderTaken, FramesieveError

PROGRAM = str(Path(__file__).with_name("child_program.py"))
LIMIT_S = 20.0
SOON_S = GRACE_S + 2.0
"""On a busy machine; on a quiet one all is gone within a second."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


def start(name: str, **request: Any) -> ChildProcess:
    return ChildProcess(request, (sys.executable, PROGRAM, name))


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie: nobody may reap an orphan here."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def soon(true: Callable[[], bool]) -> bool:
    limit = time.monotonic() + SOON_S
    while not true():
        if time.monotonic() > limit:
            return False
        time.sleep(0.005)
    return True


def all_gone(*pids: int) -> bool:
    return soon(lambda: not any(map(alive, pids)))


@pytest.fixture
def hanging() -> Iterator[tuple[ChildProcess, int]]:
    """A child that never ends by itself, and the program that it has started."""
    with start("hang") as child:
        yield child, next(child.events())["started"]


# --- what is said


def test_an_empty_request_is_answered_and_nothing_is_left_open() -> None:
    open_before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    with start("echo") as child:
        assert list(child.events()) == [{"request": {}, "roots": None}]
        assert child.reap() == 0
    assert child.last_words() == ""
    if open_before:
        assert len(os.listdir("/proc/self/fd")) == open_before


def test_the_child_is_confined_to_the_folders_of_its_parent(tmp_path: Path) -> None:
    inside.confine([tmp_path])
    try:
        with start("echo", text='ä"\n') as child:
            assert list(child.events()) == [{"request": {"text": 'ä"\n'}, "roots": [str(tmp_path.resolve())]}]
    finally:
        inside.confine(None)


def test_a_request_that_is_no_json_starts_no_child() -> None:
    with pytest.raises(TypeError):
        start("echo", what=object())


def test_a_program_that_cannot_be_started_is_an_os_error() -> None:
    with pytest.raises(OSError, match="no/such/program"):
        ChildProcess({}, ("/no/such/program",))


def test_what_a_library_prints_or_reads_harms_nothing() -> None:
    with start("chatter") as child:
        assert list(child.events()) == [{"read": "", "input": ""}]


def test_what_is_no_json_object_is_left_out_and_so_is_a_torn_last_line() -> None:
    with start("torn") as child:
        assert list(child.events()) == [{"whole": 1}]


def test_events_of_many_threads_come_whole() -> None:
    with start("many") as child:
        assert sorted(event["text"] for event in child.events()) == [str(n) * 100_000 for n in range(4)]


def test_silence_is_told() -> None:
    with start("slow") as child:
        told = list(child.events_or_silence(0.1))
    assert [event for event in told if event is not None] == [{"n": 1}, {"n": 2}]
    between = told[told.index({"n": 1}) : told.index({"n": 2})]
    assert between.count(None) >= 2


def test_an_error_keeps_its_class_code_field_and_facts() -> None:
    with start("refuse") as child:
        (event,) = child.events()
        assert child.reap() == FolderTaken.exit_code
    error = error_of(event)
    assert type(error) is FolderTaken
    assert error.to_mapping() == {
        "error": "the folder is taken.",
        "code": "folder_is_a_file",
        "field": "out",
        "facts": {"folder": "a", "files": 3},
    }


@pytest.mark.parametrize("kind", [None, "Any", "annotations", "NoSuchError", 7])
def test_an_error_of_an_unknown_class_is_one_of_ours(kind: object) -> None:
    error = error_of({"error": "a sentence.", "kind": kind})
    assert type(error) is FramesieveError
    assert error.to_mapping() == {"error": "a sentence.", "code": "error", "field": None, "facts": {}}


def test_every_error_is_rebuilt_as_it_was() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FramesieveError)]
    assert len(kinds) > 15
    for kind in kinds:
        sent = json.loads(json.dumps(kind("a sentence.").to_mapping() | {"kind": kind.__name__}))
        assert type(error_of(sent)) is kind
        assert error_of(sent).code == kind.code


@pytest.mark.parametrize(
    ("name", "code", "words"), [("fail", 1, "ZeroDivisionError: the sum of nothing"), ("end_silently", 3, "last wörds")]
)
def test_the_last_words_of_a_child_that_fails_are_kept(name: str, code: int, words: str) -> None:
    with start(name) as child:
        assert list(child.events()) == []
        assert child.reap() == code
        assert child.last_words() == words
    assert child.last_words() == words


def test_a_child_runs_the_program_itself_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the folder in which we were started')")
    with ChildProcess({"path": "absent.mp4", "stream": None}, command_of("core.pipeline.look")) as child:
        (event,) = child.events()
    assert "absent.mp4" in event["error"]


# --- how it ends


@needs_proc
def test_a_cancel_is_heard_and_the_work_is_closed(tmp_path: Path) -> None:
    with start("tidy", file=str(tmp_path / "tidied")) as child:
        events = child.events()
        sleeper = next(events)["started"]
        child.say({"n": 1})
        child.ask_to_stop()
        assert list(events) == [{"heard": [{"n": 1}, {"cancel": True}]}]
        assert child.reap() == 0
    assert (tmp_path / "tidied").exists()
    assert all_gone(child.pid, sleeper)


@needs_proc
@pytest.mark.parametrize("end", [ChildProcess.ask_to_stop, ChildProcess.close_input, ChildProcess.kill])
def test_a_child_that_does_not_end_is_killed_with_all_that_it_started(
    end: Callable[[ChildProcess], None], hanging: tuple[ChildProcess, int]
) -> None:
    child, sleeper = hanging
    began = time.monotonic()
    end(child)
    assert list(child.events()) == []
    assert child.reap() == -signal.SIGKILL
    assert all_gone(child.pid, sleeper)
    assert time.monotonic() - began < SOON_S


@needs_proc
def test_leaving_the_block_kills_the_child(hanging: tuple[ChildProcess, int]) -> None:
    child, sleeper = hanging
    child.__exit__(None, None, None)
    assert all_gone(child.pid, sleeper)


def test_no_zombie_is_left_and_reaping_again_is_the_same() -> None:
    with start("echo") as child:
        list(child.events())
        assert child.reap() == child.reap() == 0
        with pytest.raises(ChildProcessError):
            os.waitpid(child.pid, os.WNOHANG)


@needs_proc
def test_what_is_reaped_is_never_killed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with start("echo") as child:
        list(child.events())
        child.reap()
        killed: list[int] = []
        monkeypatch.setattr("os.killpg", lambda pid, number: killed.append(pid))
        monkeypatch.setattr("os.kill", lambda pid, number: killed.append(pid))
        monkeypatch.setattr("os.getpgid", lambda pid: pid)  # its id is another's now
        child.kill()
        child.ask_to_stop()
        time.sleep(GRACE_S + 0.2)
        assert killed == []


def test_a_child_that_closes_its_output_and_lingers_is_killed() -> None:
    with start("linger") as child:
        assert list(child.events()) == []
        assert child.reap() == -signal.SIGKILL


@needs_proc
@pytest.mark.parametrize(("holds", "group"), [(False, True), (True, True), (True, False)])
def test_a_program_that_outlives_the_child_keeps_nobody_waiting(holds: bool, group: bool) -> None:
    with start("leave", holds=holds, group=group) as child:
        began = time.monotonic()
        (event,) = child.events()
        child.reap()
        assert time.monotonic() - began < LIMIT_S
    if group:
        assert all_gone(event["started"])
    else:
        os.kill(event["started"], signal.SIGKILL)  # it left its group on purpose: nobody can know of it


def test_a_child_that_does_not_read_keeps_nobody_waiting() -> None:
    with start("deaf") as child:
        next(child.events())
        speaker = threading.Thread(target=lambda: child.say({"text": "x" * 1_000_000}))
        speaker.start()
        time.sleep(0.2)
        assert speaker.is_alive()
        began = time.monotonic()
        child.close_input()
        speaker.join(LIMIT_S)
        assert not speaker.is_alive()
        assert time.monotonic() - began < SOON_S


PARENT = """
import sys, time
from core.child import ChildProcess
child = ChildProcess({{"file": {file!r}}}, (sys.executable, {program!r}, {name!r}))
print(child.pid, next(child.events())["started"], flush=True)
time.sleep(600)
"""


@needs_proc
@pytest.mark.parametrize("name", ["hang", "tidy"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent_however_that_dies(name: str, number: int, tmp_path: Path) -> None:
    code = PARENT.format(program=PROGRAM, name=name, file=str(tmp_path / "tidied"))
    root = str(Path(__file__).parents[1])
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert all(map(alive, pids))
        parent.send_signal(number)
        parent.wait()
        assert all_gone(*pids)
    assert (tmp_path / "tidied").exists() == (name == "tidy")


def test_a_child_whose_parent_is_gone_before_it_asked_ends() -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM, "echo"], input=b"", capture_output=True, timeout=LIMIT_S, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
