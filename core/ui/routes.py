"""The page's own routes: facts, columns and pictures of runs, the saved selection, exports. All under ``/fs/``.

Ids that were handed out are the only names that come in. Errors of ours become answers in ``refusals``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from core import log
from core.errors import FramesieveError, RequestError, RunError, SettingsError, StorageError
from core.pipeline.select import digest, select
from core.records import Selection
from core.settings.filter import FilterSettings
from core.settings.model import from_mapping, to_mapping
from core.store import selection
from core.ui import columns, knobs, machine, why, zipped
from core.ui.answers import FRESH, OpenFile, answer
from core.ui.exporter import Exporter, ExportStatus
from core.ui.pictures import thumb_ordinals
from core.ui.refusals import refusal
from core.ui.session import OpenRun, Workspace, file_stamp
from core.ui.web import ALL, WORKER, bundled, scripts

MOST_BYTES = 16_000_000
"""Of a posted body: choices by hand on 100,000 frames take about 1 MB."""
MOST_THUMBS = 200
IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
MEDIA = {".js": "text/javascript", ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}

Answer = Callable[[Request], Awaitable[Response]]


class Routes:
    """The routes of one page."""

    def __init__(self, workspace: Workspace, exporter: Exporter) -> None:
        self._workspace = workspace
        self._exporter = exporter
        self._saving = threading.Lock()

    def all(self) -> list[Route]:
        """Returns the routes for ``launch(app_kwargs={"routes": ...})``."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/web/{version}/{name:path}": web_file,
            "/fs/machine": lambda _: answer(machine.facts()),
            "/fs/settings": lambda _: answer(knobs.facts()),
            "/fs/runs": lambda _: answer(self._workspace.runs()),
            "/fs/runs/{run}": self._facts,
            "/fs/runs/{run}/columns/{version}": self._columns,
            "/fs/runs/{run}/why/{ordinal:number}": self._why,
            "/fs/runs/{run}/thumb/{ordinal:number}": in_good_faith(self._thumb),
            "/fs/runs/{run}/frame/{ordinal:number}": in_good_faith(self._frame),
            "/fs/runs/{run}/thumbs": self._thumbs,
            "/fs/exports/{export}": self._export_status,
            "/fs/exports/{export}/zip": self._zip,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/runs/{run}/selection": self._save,
            "/fs/runs/{run}/size": self._size,
            "/fs/exports/{export}/cancel": self._cancel,
        }
        return [
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    def _run(self, request: Request) -> OpenRun:
        return self._workspace.run(request.path_params["run"])

    # --- a run

    def _facts(self, request: Request) -> Response:
        run = self._run(request)
        return answer(run.facts() | self._saved(run) | {"export": self._last_export(run)})

    def _last_export(self, run: OpenRun) -> dict[str, Any] | None:
        """How the last export goes; one that cannot be told is not the end of the page."""
        try:
            export = self._exporter.last_of(run.run)
            return None if export is None else status_json(export)
        except (FramesieveError, OSError, ValueError) as error:
            log.get().info("the last export of %s cannot be told: %s", run.run.path, error)
            return None

    def _saved(self, run: OpenRun) -> dict[str, Any]:
        """The saved filters; a damaged selection.json is a sentence, not the end of the page."""
        try:
            return {"filters": run.saved_filters(), "revision": file_stamp(run.run.selection)}
        except RunError as error:
            told = {"warning": str(error), "warning_code": error.code}
            return {"filters": None, "revision": file_stamp(run.run.selection)} | told

    def _columns(self, request: Request) -> Response:
        run = self._run(request)
        table = run.table()
        data = columns.pack(table, thumb_ordinals(run.run.thumbs))
        return Response(data, media_type="application/octet-stream", headers=FRESH)

    def _why(self, request: Request) -> Response:
        run = self._run(request)
        return answer(why.of_run(run.run, run.table(), request.path_params["ordinal"]))

    def _thumb(self, request: Request) -> Response:
        return picture(self._run(request).pictures.thumb_file(request.path_params["ordinal"]))

    def _frame(self, request: Request) -> Response:
        run, ordinal = self._run(request), request.path_params["ordinal"]
        file = run.pictures.frame_file(ordinal)
        if file is not None:
            return picture(file)
        return Response(run.pictures.decoded_frame(ordinal), media_type="image/jpeg", headers=IMMUTABLE)

    def _thumbs(self, request: Request) -> Response:
        """Previews that are decoded now: for each, uint32 ordinal, uint32 length, JPEG, as they come."""
        run, wanted = self._run(request), ordinals_of(request.query_params.get("ordinals", ""))
        body = begun(
            number.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data
            for number, data in run.pictures.decoded_thumbs(wanted)
        )
        return StreamingResponse(closing_stream(body), media_type="application/octet-stream", headers=FRESH)

    # --- what is chosen

    def _save(self, request: Request, body: dict[str, Any]) -> Response:
        """Saves the filters, unless somebody else saved others since ``revision``.

        Without the lock of the run, which a running job holds: the file is written whole, and no job writes it.
        """
        run, filters = self._run(request), filters_of(body)
        chosen = select(run.table(), filters)
        with self._saving:
            if body.get("revision") != file_stamp(run.run.selection) and not body.get("force"):
                saved = self._saved(run)
                if saved["filters"] != to_mapping(filters):
                    sentence = "this run's selection was changed elsewhere (another tab, or the command line)."
                    error = RunError(sentence, code="selection_conflict")
                    return answer(error.to_mapping() | {"conflict": True} | saved)
            selection.write(run.run.selection, filters, chosen.kept, run.made_from())
            return answer(selection_json(chosen) | {"revision": file_stamp(run.run.selection)})

    def _size(self, request: Request, body: dict[str, Any]) -> Response:
        run, filters = self._run(request), filters_of(body)
        return answer({"bytes": zipped.size_of(run.run, select(run.table(), filters).kept)})

    # --- export

    def _export_status(self, request: Request) -> Response:
        return answer(status_json(self._exporter.status(request.path_params["export"])))

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        return answer(status_json(self._exporter.cancel(request.path_params["export"])))

    def _zip(self, request: Request) -> Response:
        status = self._exporter.status(request.path_params["export"])
        if status.folder is None:
            raise RunError(status.wrong["error"] or "this export is not finished.", code="export_not_done")
        if not status.folder.is_dir():
            raise RunError(f"{status.folder} is gone: moved or deleted; export again.", code="export_gone")
        body = closing_stream(zipped.stream(status.folder))
        headers = FRESH | {"Content-Disposition": zipped.disposition(status.folder)}
        return StreamingResponse(body, media_type="application/zip", headers=headers)


def web_file(request: Request) -> Response:
    """Answers with one of our scripts; the version in the address only makes it cacheable.

    Raises:
        RequestError: there is no such script (404).
    """
    name, known = request.path_params["name"], scripts()
    if name in (ALL, WORKER):
        return Response(bundled(name), media_type=MEDIA[".js"], headers=IMMUTABLE)
    if name not in known:
        raise RequestError("there is no such script.", code="not_found")
    return FileResponse(known[name], media_type=MEDIA[".js"], headers=IMMUTABLE)


def picture(file: BinaryIO | bytes | None) -> Response:
    """Answers with a JPEG, or an open picture file, and closes it. Raises ``RequestError`` (404) without one."""
    if isinstance(file, bytes):
        return Response(file, media_type=MEDIA[".jpg"], headers=IMMUTABLE)
    if file is None:
        raise RequestError("there is no such picture.", code="not_found")
    return OpenFile(file, media_type=MEDIA[Path(file.name).suffix], headers=IMMUTABLE)


def in_good_faith(make: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Makes an answer with a picture of a run say 204 where the run was deleted after its page was told of it.

    Pictures are asked for by the dozen, and some are on their way when *Delete* is pressed: no fault of the page.
    """

    def made(request: Request) -> Response:
        try:
            return make(request)
        except RunError as error:
            if error.code != "run_gone":
                raise
            return Response(status_code=204, headers=FRESH)

    return made


def filters_of(body: dict[str, Any]) -> FilterSettings:
    """Checks what the browser sent as filters.

    Raises:
        SettingsError: one sentence.
    """
    return from_mapping(FilterSettings, body.get("filters", {}))


def selection_json(chosen: Selection) -> dict[str, Any]:
    """Returns ``kept``, ``total`` and ``digest``."""
    return {"kept": len(chosen.kept), "total": len(chosen.ordinal), "digest": digest(chosen.kept)}


def status_json(status: ExportStatus) -> dict[str, Any]:
    """Returns what the browser may know of an export."""
    values: dict[str, Any] = {"id": status.id, "state": status.state, "done": status.done, "total": status.total}
    values |= {"seconds": round(status.seconds, 2), **status.wrong, "folder": None, "zip": False}
    if status.folder is not None:
        values |= {"folder": str(status.folder)} | zipped.offer(status.folder)
    return values


def ordinals_of(text: str) -> list[int]:
    """Returns the ordinals in ``"3,4,9"``, at most ``MOST_THUMBS``. Raises ``SettingsError``."""
    words = text.split(",") if text else []
    if not all(word.isdecimal() and len(word) < 12 for word in words):
        raise SettingsError("ordinals are wanted as whole numbers with commas between them.", field="ordinals")
    return [int(word) for word in words[:MOST_THUMBS]]


def begun(pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """Makes the first piece now, so that what stands in the way is said instead of a stream that breaks off."""
    first = next(pieces, None)

    def all_of_it() -> Generator[bytes, None, None]:
        with closing(pieces):
            if first is not None:
                yield first
                yield from pieces

    return all_of_it()


async def closing_stream(pieces: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """Yields from a generator that blocks, and closes it however the request ends."""
    end = object()
    try:
        while (piece := await run_in_threadpool(next, pieces, end)) is not end:
            assert isinstance(piece, bytes)
            yield piece
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(pieces.close)


def reading(make: Callable[[Request], Response]) -> Answer:
    """Makes the endpoint of a GET; errors of ours become sentences."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(safely, make, request)

    return endpoint


def writing(make: Callable[[Request, dict[str, Any]], Response]) -> Answer:
    """Makes the endpoint of a POST with a JSON object."""

    async def endpoint(request: Request) -> Response:
        try:
            values = _checked(await _body_of(request))
        except RequestError as error:
            return refusal(error)
        return await run_in_threadpool(safely, make, request, values)

    return endpoint


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                raise RequestError("that is too much at once.", code="too_large")
    except ClientDisconnect:
        raise RequestError("the request was broken off.", code="broken_off") from None
    return bytes(body)


def _checked(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise RequestError("that is not JSON.", code="not_json") from None
    if not isinstance(values, dict):
        raise RequestError("an object is wanted.", code="not_json")
    if (wrong := _what_is_wrong(values)) is not None:
        raise RequestError(wrong, code="not_json")
    return values


def _what_is_wrong(values: dict[str, Any]) -> str | None:
    """Says what no setting, path or name can be; bytes of names that are not UTF-8 (U+DC80 to U+DCFF) can."""
    level: list[Any] = [values]
    for _ in range(DEEPEST):
        texts = [item for item in level if isinstance(item, str)]
        texts += [name for item in level if isinstance(item, dict) for name in item]
        if any(HALVES.search(text) for text in texts):
            return "a text holds halves of signs (surrogates); type it anew."
        if any(isinstance(item, int) and abs(item) > LARGEST for item in level):
            return "a number is too large to mean anything."
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))]
        level = [item for some in inner for item in some]
        if not level:
            return None
    return f"that is nested more than {DEEPEST} levels deep."


DEEPEST = 20
LARGEST = 10**40
HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def safely(make: Callable[..., Response], *words: Any) -> Response:
    """Answers, if need be with an error of ours."""
    try:
        return make(*words)
    except FramesieveError as error:
        return refusal(error)
    except (OSError, UnicodeError) as error:  # a name that no file can have, a disk that fails, a file that went
        log.remember("a request could not be answered", trace=True)
        why = getattr(error, "strerror", None) or error
        return refusal(StorageError(f"that cannot be read or written ({why}); check the name and the disk."))
