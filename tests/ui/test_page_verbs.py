"""Jobs by name for ``gradio_client``, and what the routes of jobs, sources and presets refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core import files
from core.jobs.state import JobState
from core.store import jsonl, run_file
from core.store.run import RunDir
from core.ui.owner import signed
from core.ui.session import SECRET
from tests import videos, web
from tests.serving import serving
from tests.ui.calls import call

CHAIN = """
import json, sys, time
from gradio_client import Client
address, clip, url = sys.argv[1:]
client = Client(address, verbose=False, analytics_enabled=False)
def call(name, *words, **named):
    return client.predict(*words, api_name=name, **named)
def ended(job):
    states = []
    while True:
        state = call("/job", job)
        states.append(state)
        if state["state"] in ("done", "failed", "cancelled"):
            return state
        time.sleep(0.1)
def refused(name, *words, **named):
    try:
        call(name, *words, **named)
    except Exception as error:
        return str(error)
found = {"started": call("/extract", clip, method="every_nth", every=20)}
found["extracted"] = ended(found["started"]["job"])
run = found["extracted"]["run"]
found["filtered"] = call("/filter", run, top=4)
found["exporting"] = call("/export", run, top=4, dest="chosen")
found["exported"] = ended(found["exporting"]["job"])
web = call("/extract", url, max_height="720")
found["from_web"] = ended(web["job"])
best = call("/extract", clip, best=5, spread="look")
found["best"] = ended(best["job"])
slow = call("/extract", clip, method="all", resume=False)
call("/cancel", slow["job"])
found["cancelled"] = ended(slow["job"])
found["refused"] = [
    refused("/extract", "/etc/passwd"),
    refused("/extract", clip, methd="all"),
    refused("/extract", clip, interval=-1),
    refused("/extract", clip, method="all", best=5),
    refused("/extract", clip, out="/tmp/x"),
    refused("/extract", clip, resume="yes"),
    refused("/extract", "http://127.0.0.1:1/x.mp4", max_height="999"),
    refused("/extract", "http://127.0.0.1:1/x.mp4", item=0),
    refused("/job", "00" * 16),
    refused("/job", "../../etc/passwd"),
    refused("/cancel", "nobody"),
    refused("/export", run, dest="/etc/framesieve"),
    refused("/export", run, dest="../outside"),
    refused("/export", run, dest="."),
    refused("/export", "../x"),
]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    shutil.copy(videos.build("h264-opengop"), folder / "clip one.mp4")
    return folder


@pytest.fixture(scope="module")
def served(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    downloads = tmp_path_factory.mktemp("api") / "downloads"
    with serving(downloads, "--root", str(media)) as address:
        yield address, downloads


@pytest.mark.slow
def test_the_whole_chain_runs_by_name(served: tuple[str, Path], media: Path) -> None:
    address, downloads = served
    with web.serve() as site:
        site.pages["/far.mp4"] = web.Page(videos.build("h264-opengop"))
        argv = [sys.executable, "-W", "ignore", "-c", CHAIN, address, str(media / "clip one.mp4")]
        done = subprocess.run([*argv, f"{site.url}/far.mp4"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["started"]["run"] == found["extracted"]["run"] == "clip one"
    state = found["extracted"]
    assert (state["state"], state["done"], state["total"], state["error"]) == ("done", 6, 6, None)
    assert found["exporting"]["dest"] == str(downloads / "chosen")
    assert found["exported"]["state"] == "done"
    assert found["exported"]["result"]["digest"] == found["filtered"]["digest"]
    assert len(list((downloads / "chosen").glob("frame_*.jpg"))) == 4
    assert (found["from_web"]["state"], found["from_web"]["kept"]) == ("done", 5)
    assert (found["best"]["state"], found["best"]["result"]["best"]) == ("done", 5)
    assert found["cancelled"]["state"] == "cancelled"
    wanted = [
        "not a file in the allowed folders",
        "methd",
        "interval = -1 is out of range",
        "the method is all",
        "out",
        'resume = "yes" is not true or false',
        "max_height = ",
        "item = ",
        "there is no such job",
        "there is no such job",
        "there is no such job",
        "is not in the folder of runs",
        "is not in the folder of runs",
        "is not in the folder of runs",
        "there is no run",
    ]
    for sentence, expected in zip(found["refused"], wanted, strict=True):
        assert expected in sentence


def post(address: str, path: str, body: Any, **headers: str) -> tuple[int, Any, Any]:
    """Status, JSON and headers of a POST (of bytes or JSON), or of a GET without a body."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}fs/{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as found:
            return found.status, json.loads(found.read()), found.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("source/look", {}, "wanted as text"),
        ("source/look", {"text": ["a"]}, "wanted as text"),
        ("source/look", {"text": "/dev/zero"}, "not a file in the allowed folders"),
        ("source/look", {"text": "x\0y"}, "control character"),
        ("source/ask", {"text": "file:///etc/passwd"}, "not a file in the allowed folders"),
        ("source/ask", {"text": "http://127.0.0.1:1/", "max_height": "1e9"}, "max_height"),
        ("source/upload?name=a.exe", b"MZ", "not named like a video"),
        ("source/upload?name=a.mp4", b"", "did not arrive whole"),
        ("jobs/none/cancel", {}, "there is no such job"),
    ],
)
def test_what_does_not_belong_is_refused(served: tuple[str, Path], path: str, body: Any, sentence: str) -> None:
    status, answer, _ = post(served[0], path, body)
    assert 400 <= status < 500
    assert sentence in answer["error"]


def test_an_upload_cannot_leave_its_folder(served: tuple[str, Path]) -> None:
    address, downloads = served
    data = videos.build("tiny").read_bytes()
    names = ["../../evil.mp4", "..%5C..%5Cevil.mp4", "%2Fetc%2Fevil.mp4", ".hidden.mp4", "a%00b.mp4"]
    for name in names:
        status, answer, _ = post(address, f"source/upload?name={name}", data)
        assert status == 200, answer
        assert Path(answer["source"]).parent == downloads / "uploads"
    assert not list(downloads.parent.glob("*evil*"))
    assert not list((downloads / "uploads").glob(".*"))


def test_an_upload_over_the_limit_leaves_nothing(tmp_path: Path) -> None:
    import anyio

    from core.errors import SourceError
    from core.ui.uploads import receive

    async def pieces() -> Any:
        for _ in range(5):
            yield b"x" * 1000

    with ThreadPoolExecutor() as threads:  # Playwright has a loop of its own in this one
        for announced in (None, 5000):
            with pytest.raises(SourceError, match="limit for uploads"):
                threads.submit(anyio.run, receive, pieces(), "a.mp4", announced, tmp_path, 3000).result()
    assert not list(tmp_path.glob("uploads/*"))


def test_people_see_their_own_jobs_only(served: tuple[str, Path], media: Path) -> None:
    address, _ = served
    _, _, headers = post(address, "jobs", None)
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/fs/" in cookie
    assert cookie.startswith(f"framesieve-owner-{urlsplit(address).port}=")
    mine = {"Cookie": cookie.split(";")[0]}
    started = call(address, "extract", str(media / "clip one.mp4"), owner=cookie.split(";")[0].partition("=")[2])
    assert [job["id"] for job in post(address, "jobs", None, **mine)[1]["jobs"]] == [started["job"]]
    assert post(address, "jobs", None)[1]["jobs"] == []
    name, _, word = mine["Cookie"].partition("=")
    for foreign in ("api", word.partition(".")[0], word[:-1] + ("1" if word[-1] == "0" else "0"), "ab" * 16 + ".x", ""):
        assert post(address, "jobs", None, Cookie=f"{name}={foreign}")[1]["jobs"] == []
    assert post(address, "jobs", None, Cookie=f"framesieve-owner={word}")[1]["jobs"] == []


def test_the_page_keeps_its_word_where_no_other_port_gets_it(served: tuple[str, Path], media: Path) -> None:
    address, _ = served
    _, _, headers = post(address, "jobs", None, **{"X-Framesieve-Owner": ""})
    word = headers["x-framesieve-owner"]
    assert "set-cookie" not in headers
    mine = {"X-Framesieve-Owner": word}
    started = call(address, "extract", str(media / "clip one.mp4"), owner=word, resume=False)
    _, _, headers = post(address, "jobs", None, **mine)
    assert "x-framesieve-owner" not in headers
    assert [job["id"] for job in post(address, "jobs", None, **mine)[1]["jobs"]] == [started["job"]]
    for foreign in ("made-up", word[:40], word.upper(), "ab" * 16 + "." + "cd" * 16):
        _, found, headers = post(address, "jobs", None, **{"X-Framesieve-Owner": foreign})
        assert found["jobs"] == []
        assert headers["x-framesieve-owner"] not in (foreign, word)
    assert "set-cookie" not in post(address, "machine", None)[2]


@pytest.mark.parametrize(
    "forged",
    [
        {"source": "/etc/passwd"},
        {"source": "SOURCE", "downloads": "/etc"},
        {"source": "SOURCE", "out": "/etc/framesieve/x"},
        {"source": "concat:a|b"},
        {"source": 7},
        {"source": "SOURCE", "settings": {"faces": True, "face_model": "/etc"}},
        {"source": "SOURCE", "settings": {"face_filter": True, "face_refs": ["/etc/passwd#1"]}},
        {"source": "SOURCE", "settings": {"faces": True, "face_refs": "/etc/passwd"}},
        {"source": "SOURCE", "photo": "/etc/passwd"},
    ],
)
def test_a_job_found_on_disk_is_resumed_in_allowed_folders_only(
    media: Path, tmp_path: Path, counting_runs: Path, forged: dict[str, Any]
) -> None:
    run = RunDir(shutil.copytree(counting_runs / "files", tmp_path / "downloads" / "run"))
    arguments = {key: str(media / "clip one.mp4") if value == "SOURCE" else value for key, value in forged.items()}
    owner, job = "ab" * 16, "cd" * 16
    head = {"id": job, "verb": "extract", "arguments": arguments, "owner": owner, "title": "t", "created_s": 1.0}
    files.make_folder(run.jobs)
    jsonl.append(run.job(job), [head, {"state": "failed", "error": "x"}])
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        word = signed(owner, (tmp_path / "downloads" / SECRET).read_bytes())
        _, found, _ = post(address, "jobs", None, **{"X-Framesieve-Owner": word})
        assert [one["id"] for one in found["jobs"]] == [job]
        status, answer, _ = post(address, f"jobs/{job}/resume", {})
    assert 400 <= status < 500, answer
    assert read_state(run) == "complete"


def read_state(run: RunDir) -> str:
    return str(run_file.read(run.run_json).extra["state"])


def test_a_job_state_says_its_unit() -> None:
    state = JobState("id", "fetch", {}, "me", "t", 1.0)
    assert state.unit == "frames"
    assert state.after({"unit": "bytes"}).unit == "bytes"
