"""Bad input at the real door: one clear sentence each, an exit code of its own, nothing lost, nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import log
from core.cli.main import main
from core.pipeline.extraction import extract_records
from core.settings.extract import ExtractSettings
from tests.runs import COMMAND, ROOT, contents, core, errors_in, lines, numbers_in
from tests.videos import BROKEN

Clip = Callable[[str], Path]
Refused = Callable[..., str]
REFUSED = tuple(name for name, broken in BROKEN.items() if not broken.opens)
WORDS = {
    "empty": "0 bytes", "text": "cannot be opened", "noise": "cannot be opened", "sound-only": "no video stream",
    "no-index": "its index is missing", "unknown-codec": "codec", "directory.mp4": "is a directory",
    "dangling-link": "is a link to gone.mp4, which does not exist", "link-to-text": "cannot be opened",
    "link-to-itself": "symbolic links", "playlist": "is a playlist", "playlist-http": "is a playlist",
    "playlist-renamed": "is a playlist", "script-renamed": "is a playlist",
}  # fmt: skip
ADDRESSES = (
    "concat:a.mp4|b.mp4", "rtsp://127.0.0.1:9/a", "pipe:0",
    "subfile,,start,0,end,9,,:a.mp4", "data:video/mp4;base64,AAAA", "crypto:a.mp4", "file:a.mp4", "-", "",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; afterwards the process listens and logs as before."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)
    for handler in list(log.get().handlers):
        log.get().removeHandler(handler)
        handler.close()


@pytest.fixture
def refused(home: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs the program in this process, proves that it fails with one sentence and leaves no file, and returns that."""

    def run(*argv: object, code: int) -> str:
        before = files_of(home)
        assert main([str(word) for word in argv]) == code
        out, err = capsys.readouterr()
        assert out == ""
        (sentence,) = errors_in(err)
        assert err.splitlines() == [sentence]
        assert sentence.endswith(".")
        assert files_of(home) == before
        return sentence

    return run


def files_of(home: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(home).items() if not name.startswith("logs")}


# --- no video


@pytest.mark.parametrize("verb", ["extract", "probe"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_video_is_refused(clip: Clip, refused: Refused, home: Path, verb: str, name: str) -> None:
    words = ("--out", "out") if verb == "extract" else ()
    assert WORDS[name] in refused(verb, clip(name), *words, code=3)
    assert sorted(p.name for p in home.iterdir()) == ["logs"]


def test_a_missing_file_is_refused(refused: Refused) -> None:
    assert "does not exist" in refused("extract", "absent.mp4", code=3)
    assert "does not exist" in refused("probe", "absent.mp4", code=3)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_not_followed(clip: Clip, refused: Refused, home: Path, address: str) -> None:
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(clip("h264-25"), home / name)
    refused("extract", "--out", "out", "--", address, code=3)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/stdin"])
def test_a_device_is_not_read(refused: Refused, device: str) -> None:
    if not Path(device).exists():
        pytest.skip(f"no {device} here")
    refused("extract", device, code=3)


def test_a_pipe_is_not_waited_for(refused: Refused, home: Path) -> None:
    os.mkfifo(home / "pipe.mp4")
    try:
        assert "device or pipe" in refused("extract", home / "pipe.mp4", code=3)
    finally:
        (home / "pipe.mp4").unlink()


def test_a_file_that_may_not_be_read_is_refused(clip: Clip, home: Path) -> None:
    shutil.copy(clip("h264-25"), home / "secret.mp4")
    (home / "secret.mp4").chmod(0)
    if os.access(home / "secret.mp4", os.R_OK):
        pytest.skip("root reads everything")
    assert main(["extract", "secret.mp4"]) == 3


def test_at_the_real_door_a_refusal_is_one_sentence(clip: Clip, tmp_path: Path) -> None:
    for source in (clip("no-index"), "concat:a.mp4|b.mp4", "absent.mp4"):
        done = core("extract", source, "--out", "out", cwd=tmp_path)
        assert done.returncode == 3
        assert done.stdout == ""
        assert done.stderr.splitlines() == errors_in(done.stderr)
        assert len(errors_in(done.stderr)) == 1
        assert not (tmp_path / "out").exists()


# --- damaged videos


@pytest.mark.parametrize("name", ["flipped-mp4", "flipped-ts", "torn-ts", "torn-mp4"])
def test_of_a_damaged_video_the_gap_is_named(
    clip: Clip, home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["extract", str(clip(name)), "--method", "all", "--out", "out", "--json"]) == 0
    out, err = capsys.readouterr()
    records = lines(home / "out" / "metadata.jsonl")
    bad = [r["frame_number"] for r in records if r["error"]]
    assert bad
    assert errors_in(err) == []
    (said,) = (line for line in err.splitlines() if "carry an error" in line)
    assert said.startswith(f"{len(bad)} frame")
    assert str(bad[0]) in said
    assert json.loads(out.splitlines()[-1])["kept"] == len(records) - len(bad)
    good = [r["frame_number"] for r in records if not r["error"]]
    assert numbers_in(home / "out") == {i: i for i in good}
    assert main(["export", "out", "--dest", "exported"]) == 0
    assert numbers_in(home / "exported") == {i: i for i in good}


# --- wrong settings


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--quality-weights", "0", "0", "0", "0", "0"), "sum to zero"),
        (("--interval", "0"), "out of range"),
        (("--interval", "nan"), "finite"),
        (("--target", "0"), "out of range"),
        (("--method", "all", "--best", "20"), "asks for the best stills, but the method is all"),
        (("--best", "20", "--target", "20"), "give best = 20 instead"),
        (("--min", "sharpness"), "COLUMN=NUMBER"),
        (("--min", "a=b"), "COLUMN=NUMBER"),
        (("--min", "sharpnes=3"), '"sharpness"'),
        (("--preset", "no such preset"), "no preset"),
        (("--preset", "../secret"), "cannot name a preset"),
    ],
)
def test_wrong_settings_are_refused(clip: Clip, refused: Refused, words: tuple[str, ...], says: str) -> None:
    assert says in refused("extract", clip("h264-25"), "--out", "out", *words, code=2)


def test_a_preset_with_an_unknown_key_is_refused(clip: Clip, tmp_path: Path) -> None:
    """In a copy of the program, which has presets of its own."""
    shutil.copytree(ROOT / "core", tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "odd.json").write_text('{"extract": {"intervall": 3.0}}')
    command = [*COMMAND, "extract", str(clip("h264-25")), "--preset", "odd"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert errors_in(done.stderr) == [
        'error: preset "odd": "intervall" is not a setting; the nearest valid one is "interval".'
    ]
    assert not (tmp_path / "downloads").exists()


# --- wrong runs


def test_what_is_no_run_is_refused(clip: Clip, refused: Refused, home: Path) -> None:
    (home / "folder").mkdir()
    for verb in (("filter", "folder"), ("export", "folder"), ("shots", "folder"), ("export", "absent")):
        assert "not a run" in refused(*verb, code=5)
    assert "not a run" in refused("rescore", "folder", "--quality-weights", "1", "1", "1", "1", "1", code=5)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": 1}', '{"schema": 99}'])
def test_a_damaged_run_file_is_refused_and_nothing_is_lost(
    clip: Clip, refused: Refused, home: Path, damage: str
) -> None:
    list(extract_records(clip("h264-25"), ExtractSettings(), out=home / "run"))
    (home / "run" / "run.json").write_text(damage)
    for words in (("extract", clip("h264-25"), "--out", "run"), ("filter", "run"), ("export", "run")):
        assert "run.json" in refused(*words, code=5)


# --- disks


@contextmanager
def disk(folder: Path, options: str) -> Iterator[Path]:
    """A disk of its own, mounted; the test is skipped where that is not allowed."""
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a disk needs root")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.mark.parametrize(
    ("size", "words"),
    [("600k", ("--method", "all")), ("24k", ("--method", "all", "--no-save-frames")), ("4k", ("--method", "all"))],
)
def test_a_full_disk_is_one_sentence_and_with_more_room_the_run_is_whole(
    clip: Clip, home: Path, capsys: pytest.CaptureFixture[str], size: str, words: tuple[str, ...]
) -> None:
    source = str(clip("h264-opengop"))
    assert main(["extract", source, *words, "--out", "whole"]) == 0
    capsys.readouterr()
    with disk(home / "disk", f"size={size}") as small:
        argv = ["extract", source, *words, "--out", str(small / "run")]
        assert main(argv) == 7
        err = capsys.readouterr().err
        assert len(errors_in(err)) == 1
        assert "disk is full" in err
        assert not list(small.rglob("*.tmp"))
        assert all(ordinal == number for ordinal, number in numbers_in(small / "run").items())
        remount(small, "size=64m")
        assert main(argv) == 0
        assert contents(small / "run") == contents(home / "whole")


def test_an_export_to_a_full_disk_leaves_nothing(clip: Clip, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    list(extract_records(clip("h264-opengop"), ExtractSettings(method="all"), out=home / "run"))
    list(extract_records(clip("h264-opengop"), ExtractSettings(method="all", save_frames=False), out=home / "scored"))
    with disk(home / "disk", "size=300k") as small:
        for run in ("run", "scored"):
            assert main(["export", run, "--dest", str(small / "out")]) == 7
            err = capsys.readouterr().err
            assert len(errors_in(err)) == 1
            assert list(small.iterdir()) == []
        remount(small, "size=64m")
        assert main(["export", "run", "--dest", str(small / "out")]) == 0
        assert numbers_in(small / "out") == {i: i for i in range(120)}


def test_a_read_only_folder_is_one_sentence_and_made_writable_it_goes_on(
    clip: Clip, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = str(clip("h264-opengop"))
    assert main(["extract", source, "--out", "whole"]) == 0
    capsys.readouterr()
    with disk(home / "disk", "size=8m,ro") as fixed:
        assert main(["extract", source, "--out", str(fixed / "run")]) == 7
        assert "writable" in errors_in(capsys.readouterr().err)[0]
        assert main(["export", "whole", "--dest", str(fixed / "out")]) == 7
        assert len(errors_in(capsys.readouterr().err)) == 1
        monkeypatch.chdir(fixed)  # logs/ and downloads/ cannot be made there either
        assert main(["extract", source]) == 7
        assert len(errors_in(capsys.readouterr().err)) == 1
        monkeypatch.chdir(home)
        assert list(fixed.iterdir()) == []
        remount(fixed, "rw,size=8m")
        assert main(["extract", source, "--out", str(fixed / "run")]) == 0
        assert contents(fixed / "run") == contents(home / "whole")
