"""Every route with bodies, headers, addresses and queries that nobody sends by accident: a refusal, never a 500."""

from __future__ import annotations

import http.client
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from core.jobs.queue import JobQueue
from core.pipeline.jobs import COMMAND
from core.ui.exporter import JobExporter
from core.ui.face_source import FaceSource
from core.ui.files import FileRoutes
from core.ui.glances import Glances
from core.ui.jobs_bar import JobRoutes
from core.ui.looks import Inspections
from core.ui.people import PeopleRoutes
from core.ui.review_routes import ReviewRoutes
from core.ui.routes import Routes
from core.ui.run_routes import RunRoutes
from core.ui.session import Workspace
from core.ui.source_routes import SourceRoutes
from core.ui.verbs import Verbs
from tests import videos
from tests.serving import serving
from tests.ui.asking import ask

ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    10**30,
    10**400,
    1.5,
    "",
    "x",
    "\0",
    "\ud800",
    "\udc80",
    "..",
    "/etc/passwd",
]
ODD += [
    "a" * 300,
    "a" * 100_000,
    "é" * 200,
    "${x}",
    [],
    [None],
    [[]],
    {},
    {"a": {"b": [1]}},
    {"\ud800": 1},
    [10**30],
    ["x"] * 1000,
]
NAMES = ("text", "source", "settings", "filters", "dest", "digest", "revision", "force", "folder", "video", "weights")
NAMES += ("unsafe", "device", "run", "frame", "ahead", "live", "speed", "tag", "save", "predictions", "hamming", "name")
NAMES += (
    "photo",
    "people",
    "again",
    "extract",
    "filter",
    "max_height",
    "face_model",
    "cache",
    "playing",
    "path",
    "kind",
)
RAW = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"{}" * 9,
    b'{"a":' * 3000,
    b'{"a":1,"a":[],"a":"x"}',
    b'{"filters":NaN}',
    b"\xff\xfe{}",
]
RAW += [
    b'{"frame":1e999}',
    b'{"frame":' + b"9" * 5000 + b"}",
    b'{"folder":"\xed\xa0\x80"}',
    b"\0" * 100,
    b'{"dest":"\\ud83d"}',
]
WORDS = (
    "x",
    "..",
    "%00",
    "%ED%A0%80",
    "%ff",
    "9" * 400,
    "-1",
    "a" * 3000,
    "%2e%2e%2f%2e%2e",
    "%D9%A1",
    "1.0",
    "'\"<>",
    "null",
)
HEADERS: list[dict[str, str]] = [
    {"Origin": "http://[::1"},
    {"Origin": "http://[x]:y"},
    {"Origin": "\xff\xfe"},
    {"Origin": "a" * 5000},
    {"Cookie": "framesieve-owner=\xff; \x7f=;;;="},
    {"Cookie": "x" * 9000},
    {"X-Framesieve-Owner": "\xff" * 100},
    {"Range": "bytes=" + "9" * 5000 + "-"},
    {"Range": "bytes=1-0,5-2,,-"},
    {"Range": "x"},
    {"If-Range": "\xff"},
    {"Last-Event-ID": "9" * 5000},
    {"Sec-Fetch-Site": "\xff", "Sec-Fetch-Mode": "\xff"},
    {"Content-Type": "multipart/form-data; boundary=\xff"},
    {"Accept-Encoding": "\xff"},
]
GRADIO = ("", "config", "gradio_api/info", "gradio_api/queue/join", "gradio_api/queue/data", "gradio_api/call/job")
GRADIO += (
    "gradio_api/run/job",
    "gradio_api/api/job",
    "gradio_api/file=/etc/passwd",
    "gradio_api/cancel",
    "gradio_api/reset",
)
GRADIO += (
    "gradio_api/heartbeat/x",
    "theme.css",
    "static/x",
    "assets/x",
    "svelte/x",
    "login",
    "logout",
    "gradio_api/upload",
)
GRADIO += (
    "gradio_api/component_server",
    "gradio_api/upload_progress",
    "gradio_api/call/job/x",
    "gradio_api/process_recording",
)
GRADIO += ("gradio_api/deep_link", "robots.txt", "manifest.json", "custom_component/x/y/z/w", "user", "token", "app_id")


def own_routes(folder: Path) -> list[tuple[str, str]]:
    """(method, path with its names in braces) of every route of ours."""
    workspace = Workspace(folder)
    verbs = Verbs(workspace, JobQueue(command=COMMAND))
    made = [Routes(workspace, JobExporter(verbs)), JobRoutes(verbs), SourceRoutes(verbs, Inspections(), 1)]
    made += [FaceSource(verbs, JobQueue(command=COMMAND)), PeopleRoutes(verbs), ReviewRoutes(verbs), RunRoutes(verbs)]
    made += [FileRoutes(verbs.places, Glances())]
    return [("POST" if "POST" in route.methods else "GET", route.path) for one in made for route in one.all()]


class Line:
    """One connection that is kept; a server that answers badly is found out at once."""

    def __init__(self, address: str) -> None:
        place = urlsplit(address)
        self.address, self.place = address, (place.hostname, place.port)
        self.connection = http.client.HTTPConnection(*self.place, timeout=60)

    def ask(self, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None) -> int:
        """Returns the status, 0 without an answer; tries once more where the server had closed the line."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        for _ in range(2):
            try:
                return self._ask(path, method, data, headers or {})
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = http.client.HTTPConnection(*self.place, timeout=60)
        return 0

    def _ask(self, path: str, method: str, data: bytes | None, headers: dict[str, str]) -> int:
        self.connection.putrequest(method, path)
        for name, value in headers.items():
            self.connection.putheader(name, value.encode("latin1"))
        if data is not None:
            self.connection.putheader("Content-Length", str(len(data)))
        self.connection.endheaders(data)
        with self.connection.getresponse() as answer:
            if "event-stream" in (answer.getheader("content-type") or ""):
                self.connection.close()
                self.connection = http.client.HTTPConnection(*self.place, timeout=60)
            else:
                answer.read()
            return answer.status


@pytest.fixture(scope="module")
def fuzzed(
    counting_runs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Line, list[tuple[str, str]], dict[str, str]]]:
    """A page with a run, a video and an output folder; what ids stand for the names in braces."""
    home = tmp_path_factory.mktemp("fuzzed")
    shutil.copytree(counting_runs / "files", home / "downloads" / "files")
    shutil.copy(videos.build("tiny"), home / "tiny.mp4")
    with serving(home / "downloads", "--root", str(home), "--root", str(counting_runs.parent)) as address:
        run = json.loads(ask(address, "/fs/runs")[2])[0]["id"]
        listed = json.loads(ask(address, "/fs/review/folder", "POST", {"folder": str(home)})[2])
        known = {"run": run, "video": listed["videos"][0]["id"], "ordinal": "1", "row": "0", "person": "0"}
        line = Line(address)
        yield line, own_routes(home / "elsewhere"), known
        line.connection.close()


def filled(path: str, known: dict[str, str], other: str = "x") -> str:
    """The path with ids in its braces; the run itself is deleted by ``test_page_runs.py`` only."""
    known = {} if path.endswith("/delete") else known
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, known.get(part.strip("{}").partition(":")[0], other), 1)
    return path


def test_no_body_brings_a_route_down(fuzzed: tuple[Line, list[tuple[str, str]], dict[str, str]]) -> None:
    line, routes, known = fuzzed
    chance = random.Random(7)
    for method, path in routes:
        if method != "POST" or path.endswith(("/ask", "fetch-weights", "/pack")):
            continue
        bodies: list[Any] = [
            *RAW,
            *([value] for value in ODD),
            *({name: value} for name in NAMES for value in chance.sample(ODD, 4)),
        ]
        bodies += [{name: chance.choice(ODD) for name in chance.sample(NAMES, 5)} for _ in range(20)]
        for body in bodies:
            if path.endswith("/upload"):
                body = json.dumps(body).encode() if not isinstance(body, bytes) else body
            status = line.ask(filled(path, known), "POST", body)
            assert 200 <= status < 500, (path, status, str(body)[:200])


def test_no_address_query_or_header_brings_a_route_down(
    fuzzed: tuple[Line, list[tuple[str, str]], dict[str, str]],
) -> None:
    line, routes, known = fuzzed
    for method, path in routes:
        if "/live/{live}" in path:
            continue
        body = b"{}" if method == "POST" else None
        for word in WORDS:
            found = [filled(path, {}, word), filled(path, known, word)]
            found += [
                f"{filled(path, known)}?{name}={word}" for name in ("folder", "ordinals", "detail", "seen", "name")
            ]
            for address in found:
                assert line.ask(address, method, body) not in (0, 500), address
        for headers in HEADERS:
            assert line.ask(filled(path, known), method, body, headers) not in (0, 500), (path, headers)
        for other in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"):
            assert line.ask(filled(path, known), other) not in (0, 500), (path, other)


@pytest.mark.parametrize("path", GRADIO)
def test_gradios_own_routes_stay_up_too(fuzzed: tuple[Line, list[tuple[str, str]], dict[str, str]], path: str) -> None:
    line, _, _ = fuzzed
    assert line.ask(f"/{path}") not in (0, 500)
    for body in RAW:
        for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
            assert line.ask(f"/{path}", "POST", body, {"Content-Type": kind}) not in (0, 500), (path, body)
    for headers in HEADERS:
        assert line.ask(f"/{path}", "GET", None, headers) not in (0, 500), (path, headers)
    for word in WORDS:
        assert line.ask(f"/{path}/{word}") not in (0, 500), word
        assert line.ask(f"/{path}?session_hash={word}&id={quote(word)}") not in (0, 500), word
