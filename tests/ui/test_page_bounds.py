"""Bodies that are too large, halt or drip, and what an export that was killed leaves: without a browser or a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.errors import StorageError
from core.jobs.queue import JobQueue
from core.jobs.state import JobState
from core.pipeline.export_folder import OWNER
from core.pipeline.jobs import COMMAND
from core.store.run import RunDir
from core.ui import bounds, uploads
from core.ui.bounds import Bounds
from core.ui.session import Workspace
from core.ui.verbs import Verbs

PATIENCE_S = 60


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads the body and tells how large it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs it in a thread of its own: Playwright keeps a loop in this one, in which no other can begin."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def status_of(
    path: str, pieces: Callable[[], Iterator[tuple[float, bytes]]], app: Any = reads_all, **headers: str
) -> int:
    """Sends pieces, each after a pause in seconds, and returns the status; a body that halts never ends."""
    sent: list[dict[str, Any]] = []
    left = pieces()

    async def receive() -> dict[str, Any]:
        for pause_s, piece in left:
            await asyncio.sleep(pause_s)
            return {"type": "http.request", "body": piece, "more_body": piece != b""}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": given}
    run(Bounds(app)(scope, receive, send))
    return int(sent[0]["status"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PAUSE_S": 0.2, "BODY_S": 0.5, "PASSED_OVER_S": 0.1}.items():
        monkeypatch.setattr(bounds, name, value)


def test_a_body_that_comes_is_let_through() -> None:
    assert status_of("/x", lambda: iter([(0, b"x" * 1000), (0.05, b"y"), (0, b"")])) == 200
    assert status_of("/fs/source/upload", lambda: iter([(0, b"x" * 20_000_000), (0, b"")])) == 200


@pytest.mark.parametrize("path", ["/fs/source/look", "/gradio_api/queue/join", "/fs/source/upload"])
def test_a_body_that_halts_is_given_up(impatient: None, path: str) -> None:
    assert status_of(path, lambda: iter([(0, b"x")])) == 408
    assert status_of(path, lambda: iter([])) == 408


@pytest.mark.parametrize("path", ["/fs/source/look", "/gradio_api/queue/join", "/fs/source/faces/upload"])
def test_a_body_that_drips_is_given_up(impatient: None, path: str) -> None:
    assert status_of(path, lambda: ((0.05, b"x") for _ in range(1000))) == 408


def test_a_giant_body_is_refused_whether_it_says_so_or_not(impatient: None) -> None:
    million = b"x" * 1_000_000
    assert status_of("/x", lambda: ((0, million) for _ in range(20))) == 413
    assert status_of("/x", lambda: iter([(0, b"x"), (0, b"")]), content_length="17000000") == 413
    assert status_of("/x", lambda: iter([(0, b"x"), (0, b"")]), content_length="9" * 400) == 413


def test_so_many_uploads_at_once_and_no_more() -> None:
    asked: list[int] = []

    async def all_at_once() -> None:
        ended = asyncio.Event()

        async def waits(scope: Any, receive: Any, send: Any) -> None:
            await ended.wait()

        async def send(message: Any) -> None:
            if "status" in message:
                asked.append(message["status"])

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        stack, scope = Bounds(waits), {"type": "http", "method": "POST", "path": "/fs/source/upload", "headers": []}
        tasks = [asyncio.create_task(stack(scope, receive, send)) for _ in range(bounds.MOST_UPLOADS + 3)]
        async with asyncio.timeout(PATIENCE_S):
            while len(asked) < 3 or sum(task.done() for task in tasks) < 3:
                await asyncio.sleep(0.01)
        ended.set()
        await asyncio.gather(*tasks)
        await stack(scope, receive, send)

    run(all_at_once())
    assert asked == [503] * 3


def test_an_upload_folder_that_leads_out_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "downloads" / "uploads").symlink_to(tmp_path / "outside")

    async def pieces() -> Any:
        yield b"x"

    with pytest.raises(StorageError, match="leads out of the folder of runs"):
        run(uploads.receive(pieces(), "a.mp4", None, tmp_path / "downloads", 1000))
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("state", ["cancelled", "failed", "interrupted"])
def test_what_an_export_left_goes_when_it_ends_and_only_in_the_allowed_folders(tmp_path: Path, state: str) -> None:
    downloads = tmp_path / "downloads"
    run = RunDir(downloads / "run")
    run.path.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    verbs = Verbs(Workspace(downloads), JobQueue(command=COMMAND))
    for place, goes in ((downloads, True), (tmp_path / "outside", False)):
        left = place / ".made.abc.partial"
        left.mkdir()
        (left / OWNER).write_text(str(run.path))
        ended = JobState("id", "export", {"dest": str(place / "made")}, "me", "t", 1.0, state=state, run=str(run.path))
        verbs.sweep(ended)
        assert left.exists() is not goes
