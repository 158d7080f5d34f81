"""The fetch verb and its commands, in processes of their own, against a web server on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import SettingsError, SourceError
from core.pipeline.fetch import Fetched, download
from core.step import follow
from tests.raising import raises
from tests.videos import VARIANTS, build
from tests.web import GUARD, Page, Site, serve, until

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def guarded(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("guard")
    (folder / "sitecustomize.py").write_text(GUARD)
    (folder / "connections").touch()
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{ROOT}")
    monkeypatch.setenv("FRAMESIEVE_TEST_GUARD", str(folder / "connections"))
    yield
    assert (folder / "connections").read_text() == ""


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        clip = build("h264-25")
        site.pages |= {"/clip.mp4": Page(clip), "/a.mp4": Page(clip), "/b.mp4": Page(build("h264-24"))}
        videos = "".join(f'<video src="/{name}.mp4"></video>' for name in ("a", "gone", "b"))
        site.pages["/all"] = Page(f"<html><title>All</title>{videos}</html>".encode(), "text/html")
        yield site


def core(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *words], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def done(url: str, folder: Path, **options: Any) -> Fetched:
    return follow(download(url, folder, **options))


def test_a_playlist_comes_without_the_videos_that_the_site_does_not_give(site: Site, tmp_path: Path) -> None:
    fetched = done(f"{site.url}/all", tmp_path, playlist=True)
    assert [path.read_bytes() for path in fetched.paths] == [
        build("h264-25").read_bytes(),
        build("h264-24").read_bytes(),
    ]
    (sentence,) = fetched.refused
    assert sentence.startswith("2. ")
    assert "404" in sentence


def test_a_playlist_with_a_video_that_did_not_come_says_so_by_its_exit_code(site: Site, tmp_path: Path) -> None:
    found = core("fetch", f"{site.url}/all", "--playlist", "--json", cwd=tmp_path)
    told = json.loads(found.stdout.splitlines()[-1])
    assert (found.returncode, len(told["paths"]), len(told["refused"])) == (3, 2, 1)
    assert "1 of 3 videos did not come; the reasons stand above." in found.stderr
    assert "(404)" in found.stderr


def test_a_single_video_is_a_playlist_of_one(site: Site, tmp_path: Path) -> None:
    assert len(done(f"{site.url}/clip.mp4", tmp_path, playlist=True).paths) == 1


def test_a_playlist_of_which_nothing_comes_is_an_error(site: Site, tmp_path: Path) -> None:
    del site.pages["/a.mp4"], site.pages["/b.mp4"]
    with raises(SourceError, code="no_download", status=404):
        done(f"{site.url}/all", tmp_path, playlist=True)


@pytest.mark.parametrize("options", [{"item": 1, "playlist": True}, {"item": 0}, {"item": -1}])
def test_contradictory_wishes_are_refused_before_anything_starts(options: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        done("http://127.0.0.1:9/", tmp_path, **options)


def test_closing_a_playlist_stops_what_is_under_way(site: Site, tmp_path: Path) -> None:
    site.pages["/b.mp4"] = Page(build("h264-24"), stall_after=20_000)
    before = psutil.Process().children(recursive=True)  # servers of other tests of this process
    with closing(download(f"{site.url}/all", tmp_path, playlist=True)) as steps:
        next(step for step in steps if step.phase == "downloading the picture 3 of 3")
    left = [p for p in psutil.Process().children(recursive=True) if p not in before]
    assert [p for p in left if p.status() != psutil.STATUS_ZOMBIE] == []
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".mp4"]) == 1


def test_the_command_prints_the_path_and_nothing_else(site: Site, tmp_path: Path) -> None:
    plain = core("fetch", f"{site.url}/clip.mp4", "--max-height", "720", cwd=tmp_path)
    assert plain.returncode == 0, plain.stderr
    path = Path(plain.stdout.strip())
    assert path.parent == tmp_path / "downloads"
    assert path.read_bytes() == build("h264-25").read_bytes()
    again = core("fetch", f"{site.url}/clip.mp4", "--json", cwd=tmp_path)
    assert json.loads(again.stdout) == {"paths": [str(path)], "refused": []}
    assert "downloaded before" in again.stderr


def test_the_command_fails_with_a_sentence_and_the_code_of_its_kind(site: Site, tmp_path: Path) -> None:
    for words, code, sentence in [
        (["fetch", f"{site.url}/none.mp4"], 3, "404"),
        (["fetch", f"{site.url}/all"], 2, "a playlist of 3 videos"),
        (["extract", f"{site.url}/all"], 2, "a playlist of 3 videos"),
        (["fetch", "/etc/passwd"], 3, "not a web address"),
        (["fetch", f"{site.url}/clip.mp4", "--max-height", "100"], 2, "invalid choice"),
    ]:
        failed = core(*words, cwd=tmp_path)
        assert failed.returncode == code
        assert sentence in failed.stderr
        assert "Traceback" not in failed.stderr


def test_extract_takes_an_address_and_resumes_without_downloading_again(site: Site, tmp_path: Path) -> None:
    first = core("extract", f"{site.url}/clip.mp4", "--method", "all", "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    assert found["frames"] == len(VARIANTS["h264-25"].expected)
    run = tmp_path / found["run"]
    assert run.name.startswith("clip [file-")
    assert run.with_name(f"{run.name}.mp4").is_file()
    site.asked.clear()
    second = core("extract", f"{site.url}/clip.mp4", "--method", "all", "--json", cwd=tmp_path)
    assert json.loads(second.stdout)["run"] == found["run"]
    assert site.asked == []


def test_ctrl_c_stops_the_command_at_once_and_leaves_no_process(site: Site, tmp_path: Path) -> None:
    site.pages["/clip.mp4"] = Page(build("h264-25"), stall_after=40_000)
    words = [sys.executable, "-m", "core", "fetch", f"{site.url}/clip.mp4"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr
        next(line for line in process.stderr if line.startswith("downloading the picture"))
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 130
        assert time.monotonic() - start < 2
        assert until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family))
    (work,) = (path for path in (tmp_path / "downloads").iterdir())
    assert work.name.endswith(".part")
