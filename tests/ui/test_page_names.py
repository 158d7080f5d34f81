"""The page and names as disks have them: bytes that are not UTF-8, line breaks, quotes, spaces at the end."""

from __future__ import annotations

import http.cookiejar
import io
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.ui.session import native, utf8
from tests import videos
from tests.serving import serving
from tests.ui.calls import call

NAMES = {
    "latin-1": b"caf\xe9.mp4",
    "no-utf-8": b"\xff\xfe \xe9.mp4",
    "newline": b"two\nlines.mp4",
    "space": b"clip .mp4 ",
    "backslash": b"back\\ slash.mp4",
    "quotes": b"'it'\"s\".mp4'",
    "signs": b"100%41#a?b&c.mp4",
    "right-to-left": "\u05e9\u05dc\u202e4pm.mp4".encode(),
}
PATIENCE_S = 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("films")
    for name in (*NAMES.values(), b"._caf\xe9.mp4", b"UPPER.MP4"):
        shutil.copyfile(videos.build("h264-25"), os.path.join(os.fsencode(place), name))
    return place


@pytest.fixture(scope="module")
def served(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    downloads = tmp_path_factory.mktemp("names") / "downloads"
    with serving(downloads, "--root", str(folder)) as address:
        ask(address)  # the page itself gives the cookie
        yield address, downloads


COOKIES = http.cookiejar.CookieJar()
BROWSER = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(COOKIES))
"""Keeps the cookie by which a browser finds its jobs."""


def word_of(address: str) -> str:
    """The word by which the page knows this browser."""
    ask(f"{address}fs/jobs")
    return next(str(cookie.value) for cookie in COOKIES if cookie.name.startswith("framesieve-owner"))


def ask(address: str, values: Any = None) -> tuple[int, bytes, dict[str, str]]:
    data = None if values is None else json.dumps(values).encode()
    try:
        with BROWSER.open(address, data, timeout=30) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), {}


def told(address: str, values: Any = None) -> Any:
    status, body, _ = ask(address, values)
    assert status == 200, body
    return json.loads(body)


def ended(address: str, job: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        states = told(f"{address}fs/jobs")["jobs"]
        for state in states:
            if state["id"] == job and state["state"] not in ("queued", "running"):
                return dict(state)
        time.sleep(0.1)
    raise AssertionError(f"the job did not end: {states}")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_file_is_looked_at_extracted_exported_and_sent(name: bytes, served: tuple[str, Path], folder: Path) -> None:
    address, downloads = served
    path = os.path.join(str(folder), os.fsdecode(name))
    pasted = "file://" + urllib.parse.quote(os.fsencode(path))
    for text in (path, pasted):
        found = told(f"{address}fs/source/look", {"text": text})
        assert found["source"] == path
    job = call(address, "extract", found["source"], owner=word_of(address))["job"]
    state = ended(address, job)
    assert state["state"] == "done", state
    stem = Path(path).stem
    (run,) = [line for line in told(f"{address}fs/runs") if line["name"] == stem]
    digest = told(f"{address}fs/runs/{run['id']}/selection", {"filters": {}, "force": True})["digest"]
    export = call(address, "export", run["id"], digest=digest, owner=word_of(address))["job"]
    assert ended(address, export)["state"] == "done"
    status, body, headers = ask(f"{address}fs/exports/{export}/zip")
    assert status == 200
    assert headers["content-disposition"].isascii()
    entries = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert sum(entry.endswith(".jpg") for entry in entries) == 4
    assert all(entry.count("/") == 1 for entry in entries)
    assert json.loads((downloads / stem / "run.json").read_bytes())["video"]["path"] == path


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_persons_of_a_file_are_asked_for_by_its_path(name: bytes, served: tuple[str, Path], folder: Path) -> None:
    address, _ = served
    path = os.path.join(str(folder), os.fsdecode(name))
    for text in dict.fromkeys((path, utf8(path))):
        found = told(f"{address}fs/persons/open", {"path": text})
        assert found["there"]
        assert os.fsencode(found["path"]) == os.fsencode(path)
        assert told(f"{address}fs/persons/{found['id']}")["id"] == found["id"]
    status, body, _ = ask(f"{address}fs/persons/open", {"path": path + "x"})
    assert status == 400, body
    status, body, _ = ask(f"{address}fs/persons/{found['id']}/photo", {"photo": path})
    assert json.loads(body)["code"] == "no_stage", "nobody was looked for in it yet"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_file_is_listed_opened_saved_from_and_shown_again(
    name: bytes, served: tuple[str, Path], folder: Path
) -> None:
    address, downloads = served
    lines = {line["name"]: line for line in told(f"{address}fs/review/folder", {"folder": str(folder)})["videos"]}
    assert "UPPER.MP4" in lines
    assert not any(line.startswith(".") for line in lines)
    if not name.endswith(b".mp4"):
        return
    video = lines[os.fsdecode(name)]["id"]
    told(f"{address}fs/review/open", {"video": video})
    body = {"frame": 3, "folder": "saved", "predictions": [], "force": True, "tag": "uncertain"}
    saved = told(f"{address}fs/review/{video}/save", body)
    told(f"{address}fs/review/{video}/retag", {"folder": "saved", "save": saved["id"], "tag": "false_positive"})
    (line,) = told(f"{address}fs/review/{video}/saved?folder=saved")
    assert (line["name"], line["tag"], line["frame"]) == (saved["name"], "false_positive", 3)
    picture = urllib.parse.quote(line["name"], safe="")
    status, jpeg, _ = ask(f"{address}fs/review/{video}/saved/{picture}?folder=saved")
    assert (status, jpeg[:2]) == (200, b"\xff\xd8")
    file = downloads / "saved" / native(downloads / "saved", line["name"])
    assert json.loads(file.with_suffix(".json").read_bytes())["video_path"] == str(folder / os.fsdecode(name))


CHAIN = """
import json, sys, time
from gradio_client import Client
address, clip = sys.argv[1:]
client = Client(address, verbose=False, analytics_enabled=False)
def call(name, *words):
    return client.predict(*words, api_name=name)
job = call("/extract", clip)["job"]
while (state := call("/job", job))["state"] not in ("done", "failed"):
    time.sleep(0.1)
print(json.dumps([state, client.predict(state["run"], top=2, api_name="/filter")]))
"""


@pytest.mark.slow
def test_a_program_names_such_a_file_by_its_file_address(served: tuple[str, Path], folder: Path) -> None:
    clip = "file://" + urllib.parse.quote(os.path.join(os.fsencode(folder), b"\xff\xfe \xe9.mp4"))
    argv = [sys.executable, "-W", "ignore", "-c", CHAIN, served[0], clip]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    state, found = json.loads(done.stdout.splitlines()[-1])
    assert (state["state"], state["run"]) == ("done", r"\udcff\udcfe \udce9")
    assert found["kept"] == 2


@pytest.mark.parametrize("name", ["caf\udce9", "plain", "\udcff\udc80x", "caf\u00e9"])
def test_a_name_in_an_address_is_read_back(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    utf8(name).encode("utf-8")
    assert native(tmp_path, utf8(name)) == name
    (tmp_path / r"caf\udce9").touch()
    assert native(tmp_path, r"caf\udce9") == r"caf\udce9"
