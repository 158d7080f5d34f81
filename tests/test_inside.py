"""Only what really lies in the folders is opened, and what is checked is the opened file."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core import inside
from core.errors import RunError, SourceError, WeightsError
from core.store.run import RunDir
from core.video.container import check_file, open_video
from core.video.probe import fingerprint, probe
from core.weights import identify
from tests import videos
from tests.raising import raises


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """An allowed folder and a secret outside of it."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "own.txt").write_text("own")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "in", tmp_path / "secret.txt"


def test_what_lies_inside_is_read_also_through_a_link_that_stays(places: tuple[Path, Path]) -> None:
    folder, _ = places
    (folder / "deep" / "link.txt").symlink_to(folder / "own.txt")
    for path in (folder / "own.txt", folder / "deep" / "link.txt", folder / "deep" / ".." / "own.txt"):
        assert inside.read_bytes(path, [folder], 10) == b"own"
        assert inside.is_file_in(path, [folder])
    with pytest.raises(inside.Outside, match="more than 2 bytes"):
        inside.read_bytes(folder / "own.txt", [folder], 2)


def test_what_leads_out_is_not_opened(places: tuple[Path, Path]) -> None:
    folder, secret = places
    (folder / "link.txt").symlink_to(secret)
    (folder / "up").symlink_to(folder.parent)
    (folder / "twice.txt").symlink_to(folder / "link.txt")
    for path in (secret, folder / "link.txt", folder / "up" / "secret.txt", folder / "twice.txt", "/proc/self/environ"):
        with pytest.raises(inside.Outside):
            inside.open_in(path, [folder])
        assert not inside.lies_in(path, [folder])


@pytest.mark.parametrize("kind", ["fifo", "socket", "folder", "loop", "device"])
def test_what_is_no_file_is_not_opened_and_nobody_waits(places: tuple[Path, Path], kind: str) -> None:
    folder, _ = places
    path = folder / "x"
    with socket.socket(socket.AF_UNIX) as listening:
        {
            "fifo": lambda: os.mkfifo(path),
            "socket": lambda: listening.bind(str(path)),
            "folder": path.mkdir,
            "loop": lambda: path.symlink_to(path),
            "device": lambda: path.symlink_to("/dev/zero"),
        }[kind]()
        with pytest.raises(OSError, match=r"x|null|surrogate|regular|directory"):
            inside.open_in(path, [folder])
    assert not inside.is_file_in(path, [folder])


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 300, ""])
def test_names_that_no_file_can_have_are_refused(places: tuple[Path, Path], name: str) -> None:
    folder, _ = places
    with pytest.raises(OSError, match=r"x|null|surrogate|regular|directory"):
        inside.open_in(f"{folder}/{name}", [folder])
    assert not inside.lies_in(f"{folder}/../{name}", [folder])


def test_a_name_that_changes_all_the_time_never_shows_the_secret(places: tuple[Path, Path]) -> None:
    folder, secret = places
    path, done = folder / "own.txt", threading.Event()

    def swap() -> None:
        for number in range(100_000):
            if done.is_set():
                return
            new = folder / f".{number}"
            if number % 2:
                new.symlink_to(secret)
            else:
                new.write_text("own")
            os.replace(new, path)

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(inside.read_bytes(path, [folder], 100))
            except OSError:
                seen.add(b"refused")
    finally:
        done.set()
        thread.join()
    assert b"secret" not in seen
    assert {b"own", b"refused"} <= seen


def test_a_confined_process_opens_nothing_outside(tmp_path: Path, confined: Callable[..., None]) -> None:
    (tmp_path / "in").mkdir()
    clip, own = tmp_path / "clip.mp4", tmp_path / "in" / "own.mp4"
    for path in (clip, own):
        path.write_bytes(videos.build("tiny").read_bytes())
    (tmp_path / "in" / "link.mp4").symlink_to(clip)
    confined(tmp_path / "in")
    open_video(own)[0].close()
    assert identify(own).name == "own.mp4"
    for path in (clip, tmp_path / "in" / "link.mp4", tmp_path / "absent.mp4", Path("/etc/passwd")):
        for opened in (check_file, open_video, fingerprint, probe):
            with raises(SourceError, code="not_allowed"):
                opened(path)
        with raises(WeightsError, code="not_allowed"):
            identify(path)


@pytest.mark.parametrize("name", [".lock", "metadata.jsonl", "faces.f32", "selection.json"])
def test_a_confined_run_with_a_link_that_leads_out_is_not_worked_in(
    tmp_path: Path, confined: Callable[..., None], name: str
) -> None:
    run = RunDir(tmp_path / "runs" / "x")
    run.path.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (run.path / name).symlink_to(victim)
    confined(tmp_path / "runs")
    with raises(RunError, code="leads_out"), run.lock():
        pass
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", ["thumbs", "faces", "jobs"])
def test_nothing_is_written_through_a_folder_that_leads_out(
    tmp_path: Path, confined: Callable[..., None], name: str
) -> None:
    run = RunDir(tmp_path / "runs" / "x")
    run.path.mkdir(parents=True)
    (run.path / name).symlink_to(tmp_path)
    with run.lock():  # the command line belongs to who types
        pass
    confined(tmp_path / "runs")
    with raises(RunError, code="leads_out"), run.lock():
        pass


def test_the_lock_never_empties_the_file_behind_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    run = RunDir(tmp_path / "x")
    run.path.mkdir()
    run.lock_file.symlink_to(victim)
    with pytest.raises(Exception, match="could not be written"), run.lock():
        pass
    assert victim.read_text() == "precious"
