"""What a person meets at the edges of the command line: each failure is one sentence, and no traceback is ever seen."""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from core import log
from core.cli import console, main
from core.cli.endings import Command, ending
from core.errors import MissingDependency, SettingsError, SourceError
from core.log import printable
from core.pipeline import failures
from core.progress import Progress
from core.settings.paths import absolute
from core.step import Step
from core.wording import plural
from tests.videos import build

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "core"]
LOG = Path("logs") / "frame_extractor.log"


def core(*argv: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *(a if isinstance(a, bytes) else str(a) for a in argv)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def sentence_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a failure."""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert done.stdout == ""
    return line.removeprefix("error: ")


@pytest.fixture(scope="module")
def video() -> Path:
    return build("h264-25")


@pytest.fixture(scope="module")
def first_run(video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first") / "run"
    assert core("extract", video, "--out", folder, cwd=folder.parent).returncode == 0
    return folder


@pytest.fixture
def run(first_run: Path, tmp_path: Path) -> Path:
    """A run of its own for each test, in an empty folder."""
    return Path(shutil.copytree(first_run, tmp_path / "run"))


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The logger of this process, left as it was found."""
    monkeypatch.setattr(log, "_started", None)
    logger = log.get()
    before = logger.propagate, logger.level, logging.raiseExceptions
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.addHandler(logging.NullHandler())
    logger.propagate, logger.level, logging.raiseExceptions = before


# --- paths


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("extract", "x.mp4", "--out", ""), "--out"),
        (("export", ""), "RUN"),
        (("export", "x", "--dest", " "), "--dest"),
        (("shots", "x", "--video", ""), "--video"),
    ],
)
def test_an_empty_path_is_refused(tmp_path: Path, argv: tuple[str, ...], name: str) -> None:
    done = core(*argv, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence_of(done).startswith(f"argument {name}: an empty path came")
    assert not list(tmp_path.iterdir())


def test_a_dot_is_the_folder_that_it_stands_for(run: Path, video: Path) -> None:
    assert core("export", ".", cwd=run).returncode == 0
    assert [p.name for p in run.parent.glob("run_exported_*")]
    (run / "deeper").mkdir()
    assert core("filter", "..", cwd=run / "deeper").returncode == 0
    empty = run.parent / "empty"
    empty.mkdir()
    for again in ((), ("--no-resume",)):
        assert core("extract", video, "--out", ".", *again, cwd=empty).returncode == 0
    assert list(run.parent.glob("empty_old_*"))


def test_a_path_keeps_the_name_of_a_link_and_follows_it_only_for_dots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path)
    assert absolute("link") == tmp_path / "link"
    assert absolute("link/..") == (tmp_path / "a").resolve()
    assert absolute(".").name == tmp_path.name


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("export", "file"), 5, "is a file, not a run folder"),
        (("filter", "absent"), 5, "is missing, so"),
        (("extract", "file", "--out", "file"), 7, "is a file and a folder is wanted"),
        (("demo", "--out", "file"), 7, "is a file and a folder is wanted"),
        (("extract", ""), 3, "an empty path came"),
        (("probe", ""), 3, "an empty path came"),
        (("probe", "http://x/y.mp4"), 3, "http://x/y.mp4 is"),
        (("extract", "rtsp://x/y"), 3, "rtsp://x/y is neither a file nor a web address"),
        (("extract", "file", "--out", "x" * 300), 7, "File name too long); choose a shorter name"),
        (("filter", "x" * 300), 7, "File name too long"),
        (("frobnicate",), 2, "invalid choice"),
        (("rescore", "run"), 2, "--quality-weights or --read-again; python -m core rescore --help"),
        (("extract", "file", "--min", "sharpness=101"), 2, "min sharpness = 101.0 is out of range"),
        (("extract", "file", "--min", "face_count=1"), 2, "valid ones are sharpness, edge_strength"),
        (("extract", "file", "--min", "sharpness=x"), 2, "is not COLUMN=NUMBER"),
        (("extract", "file", "--min", "entropy=1", "--min", "entropy=2"), 2, "--min entropy came twice (1 and 2)"),
        (("extract", "file", "--preset", ""), 2, "cannot name a preset"),
    ],
)
def test_a_wrong_argument_is_one_sentence(tmp_path: Path, argv: tuple[str, ...], code: int, words: str) -> None:
    (tmp_path / "file").write_text("no video")
    done = core(*argv, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in sentence_of(done)


def test_an_export_beside_a_run_with_the_longest_name_gets_a_shorter_one(run: Path) -> None:
    longest = run.rename(run.with_name("r" * 255))
    done = core("export", longest, cwd=run.parent)
    assert done.returncode == 0
    (made,) = [path for path in run.parent.iterdir() if "_exported_" in path.name]
    assert made.name.startswith("rrr")
    assert len(list(made.glob("frame_*"))) == len(list(longest.glob("frame_*")))


def test_a_deleted_folder_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'rmdir ../gone; exec "{sys.executable}" -m core filter x'
    done = subprocess.run(
        ["sh", "-c", script], cwd=gone, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "the folder that you are in was deleted" in done.stderr
    assert "Traceback" not in done.stderr


# --- packages


BLOCKER = """
import os, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == os.environ.get("BLOCKED"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def without(module: str, *argv: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command on a Python that does not find a module, where no kernel was compiled."""
    folder = cwd / "blocker"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(BLOCKER)
    bare = {} if module != "numba" else {"NUMBA_CACHE_DIR": str(cwd / "nothing compiled")}
    return core(*argv, cwd=cwd, BLOCKED=module, PYTHONPATH=f"{folder}{os.pathsep}{ROOT}", **bare)


@pytest.mark.parametrize(
    ("module", "package", "argv"),
    [
        ("numba", "numba", ("extract", "VIDEO")),
        ("numba", "numba", ("filter", "RUN", "--dedup", "3")),
        ("llvmlite", "llvmlite", ("extract", "VIDEO")),
        ("orjson", "orjson", ("rescore", "RUN", "--quality-weights", "1", "1", "1", "1", "1")),
        ("simplejpeg", "simplejpeg", ("extract", "VIDEO", "--out", "other")),
        ("cv2", "opencv-python-headless", ("extract", "VIDEO", "--out", "other", "--png")),
        ("cv2", "opencv-python-headless", ("shots", "RUN")),
        ("scenedetect", "scenedetect-headless", ("shots", "RUN")),
        ("av", "av", ("export", "RUN")),
        ("orjson", "orjson", ("filter", "RUN")),
        ("portalocker", "portalocker", ("extract", "VIDEO")),
    ],
)
def test_a_missing_package_is_named(run: Path, video: Path, module: str, package: str, argv: tuple[str, ...]) -> None:
    done = without(module, *({"VIDEO": video, "RUN": run}.get(a, a) for a in argv), cwd=run.parent)
    assert done.returncode == MissingDependency.exit_code, done.stderr
    expected = f"error: {argv[0]} needs the package {package}, which is not installed; install it with: make setup."
    assert done.stderr.splitlines()[-1] == expected


def test_a_package_that_every_verb_needs_is_named_before_there_is_a_verb(tmp_path: Path) -> None:
    done = without("pydantic", "--help", cwd=tmp_path)
    assert done.returncode == MissingDependency.exit_code
    assert done.stderr == (
        "error: Framesieve needs the package pydantic, which is not installed; install it with: make setup.\n"
    )


@pytest.mark.parametrize(("module", "feature"), [("scenedetect", "shots"), ("numba", "kernels"), ("av", "decoder")])
def test_the_doctor_tries_packages_and_does_not_trust_their_metadata(tmp_path: Path, module: str, feature: str) -> None:
    lines = without(module, "doctor", cwd=tmp_path).stdout.splitlines()
    (line,) = (line for line in lines if line.split()[1] == feature)
    assert line.startswith("missing")
    assert "cannot be imported" in line


def test_a_package_that_is_there_and_broken_is_not_called_absent() -> None:
    sentence, code = ending(ImportError("libGL.so.1: cannot open shared object file", name="cv2"), Command("shots"))
    assert code == MissingDependency.exit_code
    assert sentence.startswith("error: shots needs the package opencv-python-headless, which cannot be loaded (libGL")


def test_a_module_of_our_own_that_is_missing_is_an_internal_error() -> None:
    sentence, code = ending(
        ModuleNotFoundError("No module named 'core.video.x'", name="core.video.x"), Command("shots")
    )
    assert code == failures.INTERNAL
    assert "an error of its own (ModuleNotFoundError" in sentence


# --- names that no terminal can show


ODD_NAMES = (b"b\xff.mp4", b"c\x1b[31m\x07\nFAKE.mp4", "ü日.mp4".encode())


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_can_be_told(tmp_path: Path, video: Path, name: bytes, encoding: str) -> None:
    os.symlink(os.fsencode(video), os.path.join(os.fsencode(tmp_path), name))
    for argv, code in ((("probe", name), 0), (("probe", name + b"x"), 3), (("extract", name), 0)):
        done = core(*argv, cwd=tmp_path, PYTHONIOENCODING=encoding)
        assert done.returncode == code, done.stderr
        assert "Logging error" not in done.stderr
        assert not set("\x1b\x07") & set(done.stdout + done.stderr)
        assert not re.search("^FAKE", done.stdout + done.stderr, re.MULTILINE)
    text = (tmp_path / LOG).read_bytes()
    assert b"\x1b" not in text
    assert not re.search(b"^FAKE", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("ü日 a", "ü日 a"), ("a\nb\x1b[2J", "a\\nb\\x1b[2J"), ("\u202egpj", "\\u202egpj"), ("\x9b", "\\x9b")],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


# --- the log


def test_the_log_keeps_command_video_result_and_failure(run: Path, video: Path) -> None:
    core("extract", video, "--out", run, cwd=run.parent)
    core("filter", run / "absent", cwd=run.parent)
    lines = (run.parent / LOG).read_text(encoding="utf-8").splitlines()
    assert f"python -m core extract {video} --out {run}" in lines[0]
    assert f"{video}: " in lines[1]
    assert "were recorded before" in lines[2]
    assert re.search(r"extract: \d+ of \d+ frames? kept", lines[3])
    assert "python -m core filter" in lines[4]
    assert "ERROR" in lines[5]
    assert "filter failed, exit code 5" in lines[5]
    assert lines[6] == "    Traceback (most recent call last):"


@pytest.mark.parametrize("argv", [(), ("--help",), ("--version",), ("filter", "--help"), ("nonsense",)])
def test_what_does_nothing_leaves_no_log(tmp_path: Path, argv: tuple[str, ...]) -> None:
    core(*argv, cwd=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("blocked", ["logs", "logs/frame_extractor.log"])
def test_a_log_that_cannot_be_written_is_done_without(tmp_path: Path, blocked: str) -> None:
    path = tmp_path / blocked
    path.mkdir(parents=True) if path.suffix else path.write_text("")
    assert "is missing" in sentence_of(core("filter", "absent", cwd=tmp_path))
    assert "no log is kept: logs/frame_extractor.log" in core("-v", "filter", "absent", cwd=tmp_path).stderr


@pytest.mark.usefixtures("logger")
def test_an_internal_error_is_one_sentence_that_names_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "check_paths", lambda arguments: {}["no such key"])
    assert main.main(["filter", "x"]) == failures.INTERNAL
    assert capsys.readouterr().err == (
        "error: filter met an error of its own (KeyError: 'no such key'); "
        "please report it with the last lines of logs/frame_extractor.log.\n"
    )
    assert "KeyError: 'no such key'" in (tmp_path / LOG).read_text().splitlines()[-1]


@pytest.mark.usefixtures("logger")
def test_without_a_log_an_internal_error_says_so() -> None:
    sentence, _ = ending(ValueError(""), Command("probe"))
    assert "(ValueError: no message), and no log could be written" in sentence


def test_a_message_that_cannot_be_written_is_no_traceback(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.start(tmp_path)
    (file,) = (handler for handler in logger.handlers if isinstance(handler, logging.FileHandler))
    file.stream.close()
    log.remember("lost")
    file.stream = None
    assert capsys.readouterr().err == ""


# --- output that nobody takes


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("argv", [("--help",), ("--version",), ("filter", "RUN"), ("filter", "RUN", "--json")])
def test_a_result_that_cannot_be_written_is_told(run: Path, argv: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *(str(run) if a == "RUN" else a for a in argv)],
            **{"cwd": run.parent, "env": {**os.environ, "PYTHONPATH": str(ROOT)}},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 7
    assert done.stderr.startswith("error: the result could not be written to standard output (No space left")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("redirection", "code"),
    [("| true", 0), ("2>&1 | true", 0), (">&-", 0), ("2>&-", 0), ("2>/dev/full", 0), (">/dev/null 2>&1 </dev/null", 0)],
)
def test_a_reader_that_is_gone_is_no_error(run: Path, redirection: str, code: int) -> None:
    script = f'( "{sys.executable}" -m core filter "{run}"; echo $? >code ) {redirection}'
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=run.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (run.parent / "code").read_text().strip() == str(code)
    assert done.stderr == ""


# --- Ctrl-C


@pytest.fixture
def long_work(tmp_path: Path) -> Path:
    """A module that lets ``doctor`` wait, as a heavy import or a long pass does."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == os.environ.get('SLOW'):\n"
        "            open('reached', 'w').close()\n"
        "            exec('time.sleep(60)')\n"
        "sys.meta_path.insert(0, Slow())\n"
    )
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("slow", "argv", "said"),
    [
        ("core.cli.main", ("doctor",), "stopped."),
        ("core.pipeline.doctor", ("doctor",), "stopped."),
        ("core.pipeline.extract", ("extract", "x"), "stopped; run the same command again to resume."),
        ("core.pipeline.extract", ("extract", "x", "--no-resume"), "stopped."),
        ("core.pipeline.select", ("filter", "x"), "stopped."),
    ],
)
def test_ctrl_c_ends_with_130_and_promises_only_what_is_true(
    long_work: Path, number: signal.Signals, slow: str, argv: tuple[str, ...], said: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{long_work}{os.pathsep}{ROOT}", "SLOW": slow}
    process = subprocess.Popen([*COMMAND, *argv], cwd=long_work, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (long_work / "reached").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.05)
    for _ in range(3):  # a key that is held down
        process.send_signal(number)
        time.sleep(0.002)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == main.INTERRUPTED, stderr
    assert stderr == f"{said}\n"
    if slow != "core.cli.main":
        assert f"{argv[0]} stopped on request" in (long_work / LOG).read_text()


# --- what is shown


@pytest.mark.parametrize(("count", "text"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_one_is_not_many(count: int, text: str) -> None:
    assert plural(count, "frame") == text


@pytest.mark.parametrize("width", [30, 45, 69, 70, 80, 200])
def test_the_bar_fits_into_any_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    narrow = Console(file=shown, force_terminal=True, width=width)
    monkeypatch.setattr("rich.console.Console", lambda **_: narrow)
    with console._Bar(Progress(99_000, done=45_000), "looking for cuts") as bar:
        bar.update()
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.getvalue().split("\r")[-1]).rstrip("\n")
    assert "45000/99000" in last
    assert "━" in last
    assert "…" not in last
    assert len(last) <= width


def test_work_that_needs_no_look_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=80)
    monkeypatch.setattr("rich.console.Console", lambda **_: terminal)
    monkeypatch.setattr(console.sys.stderr, "isatty", lambda: True, raising=False)

    with console.Display() as display:
        display.show(Step("choosing frames", 0, 2250))
        display.show(Step("extracting", 9, 9, before=9))
    assert shown.getvalue() == ""


def test_a_complete_run_has_no_speed(run: Path, video: Path) -> None:
    done = core("extract", video, "--out", run, cwd=run.parent)
    assert "frames/s" not in done.stdout
    assert "extracting" not in done.stderr


def test_a_required_option_has_no_default_in_the_help(tmp_path: Path) -> None:
    text = core("precompute", "--help", cwd=tmp_path).stdout
    assert "--weights" in text
    assert "[--weights" not in text
    assert "default 30" not in core("rescore", "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [(OSError(errno.ENOSPC, "No space left", "a"), 7), (SettingsError("x."), 2), (SourceError("x."), 3)],
)
def test_each_kind_of_error_has_its_exit_code(error: Exception, code: int) -> None:
    sentence, found = ending(error, Command("export"))
    assert found == code
    assert sentence.startswith("error: ")
    assert sentence.endswith(".")
