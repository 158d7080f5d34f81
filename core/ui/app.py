"""Builds the page (all tabs first, then what joins them) and serves it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from core import inside
from core.errors import SettingsError
from core.jobs.archive import JobArchive
from core.jobs.queue import JobQueue
from core.pipeline.jobs import COMMAND
from core.ui import api
from core.ui.bounds import Bounds
from core.ui.exporter import Exporter, JobExporter
from core.ui.face_source import FaceSource
from core.ui.files import FileRoutes
from core.ui.filter_tab import FilterTab
from core.ui.first_load import Hint, Uncompressed
from core.ui.glances import Glances
from core.ui.guard import Guard
from core.ui.instruments.header import Header
from core.ui.instruments.job_bar import JobBar
from core.ui.jobs_bar import JobRoutes
from core.ui.looks import Inspections
from core.ui.masking_routes import MaskingRoutes
from core.ui.masking_tab import MaskingTab
from core.ui.masking_work import MaskingWork
from core.ui.owner import OwnerWord
from core.ui.patches_routes import PatchesRoutes
from core.ui.patches_tab import PatchesTab
from core.ui.patches_work import PatchesWork
from core.ui.people import PeopleRoutes
from core.ui.persons_routes import PersonsRoutes
from core.ui.persons_tab import PersonsTab
from core.ui.presets_bar import Book
from core.ui.review_routes import ReviewRoutes
from core.ui.review_tab import ReviewTab
from core.ui.routes import Routes
from core.ui.run_routes import RunRoutes
from core.ui.session import Workspace
from core.ui.source_routes import SourceRoutes
from core.ui.source_tab import SourceTab
from core.ui.theme import theme
from core.ui.verbs import Verbs
from core.ui.web import EARLY, STYLES

PRESETS = ".presets"
"""Folder of people's own presets, in the folder of runs."""

SERVING: dict[str, Any] = {"prevent_thread_lock": True, "quiet": True, "ssr_mode": False, "run_history": False}
SERVING |= {"enable_monitoring": False, "footer_links": [], "_frontend": False}
"""What of Gradio's own the page goes without. The last: asking itself for its page, with three seconds of patience, and
giving up the start with a sentence about share links where a busy machine takes longer."""
NO_PAGES_OF_GRADIO = {"docs_url": None, "redoc_url": None, "openapi_url": None}


@dataclass(frozen=True)
class Options:
    """How the page is served."""

    host: str = "127.0.0.1"
    port: int = 7860
    auth: tuple[str, str] | None = None
    share: bool = False
    downloads: Path = Path("downloads")
    roots: tuple[Path, ...] = ()
    """Folders under which sources may lie."""
    upload_bytes: int = 8_000_000_000
    """The limit of one upload."""
    unsafe_weights: bool = False
    """Whether people may load weights that can run any code: then who may use the page may run anything here."""


def build(
    verbs: Verbs,
    exporter: Exporter,
    book: Book,
    review: ReviewRoutes,
    persons: PersonsRoutes,
    masking: MaskingWork,
    patches: PatchesWork,
) -> gr.Blocks:
    """Returns the page. Each tab builds itself; data reaches it over our own routes, never through a template."""
    page: gr.Blocks
    with gr.Blocks(title="Framesieve", fill_width=True, analytics_enabled=False) as page:
        Header("top")
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):  # in its menu a tab would be out of reach of addresses
            with gr.Tab("Video Source", id="source", elem_id="source-tab"):
                SourceTab(verbs, book)
            with gr.Tab("Live Review", id="review", elem_id="review-tab"):
                ReviewTab(verbs, review)
            with gr.Tab("Person Selection", id="persons", elem_id="persons-tab"):
                PersonsTab(verbs, persons)
            with gr.Tab("Subject Masking", id="masking", elem_id="masking-tab"):
                MaskingTab(verbs, masking)
            with gr.Tab("Filtering & Export", id="filter", elem_id="filter-tab"):
                FilterTab(verbs, exporter, book)
            with gr.Tab("Training Patches", id="patches", elem_id="patches-tab"):
                PatchesTab(verbs, patches)
        JobBar("jobs")
        api.build(verbs)
    return page


def launch(options: Options, *, wait: bool = True) -> gr.Blocks:
    """Serves the page; returns at once with ``wait=False`` (tests; close it with ``page.close()``).

    Raises:
        SettingsError: the port is taken.
    """
    workspace = Workspace(options.downloads, options.roots)
    queue, looks = JobQueue(JobArchive(workspace.downloads), command=COMMAND), Inspections()
    small = JobQueue(command=COMMAND)
    verbs = Verbs(workspace, queue, unsafe_weights=options.unsafe_weights)
    queue.when_ended = verbs.sweep
    exporter, review, persons = JobExporter(verbs), ReviewRoutes(verbs), PersonsRoutes(verbs, small)
    masking, patches = MaskingWork(verbs), PatchesWork(verbs)
    page = build(verbs, exporter, Book(workspace.downloads / PRESETS), review, persons, masking, patches)
    glances = Glances()
    routes: list[Any] = [
        Routes(workspace, exporter),
        JobRoutes(verbs),
        SourceRoutes(verbs, looks, options.upload_bytes),
    ]
    routes += [FaceSource(verbs, small), PeopleRoutes(verbs), RunRoutes(verbs), FileRoutes(verbs.places, glances)]
    routes += [review, persons, MaskingRoutes(verbs, masking), PatchesRoutes(patches)]
    layers = [Middleware(Bounds), Middleware(OwnerWord, secret=workspace.secret())]
    layers += [] if options.auth else [Middleware(Hint)]  # who is not signed in may not fetch scripts yet

    @asynccontextmanager
    async def ending(app: Any) -> AsyncIterator[None]:
        # In front of everything: Gradio puts its own answers to preflights before the middleware that it is given.
        inner = app.middleware_stack if options.share else Uncompressed(app.middleware_stack)  # a tunnel ends here too
        app.middleware_stack = Guard(inner, listens_on=options.host, share=options.share)
        try:
            yield
        finally:
            await run_in_threadpool(looks.close)
            await run_in_threadpool(glances.close)
            await run_in_threadpool(small.close)
            await run_in_threadpool(review.close)
            await run_in_threadpool(masking.clicks.close)
            await run_in_threadpool(patches.looks.close)
            await run_in_threadpool(queue.close)

    try:
        page.launch(
            server_name=options.host,
            server_port=options.port,
            auth=options.auth,
            share=options.share,
            theme=theme(),
            css_paths=STYLES,
            head=EARLY,
            **SERVING,
            app_kwargs={
                "routes": [route for each in routes for route in each.all()],
                "middleware": layers,
                "lifespan": ending,
                **NO_PAGES_OF_GRADIO,
            },
        )
    except OSError as error:
        raise SettingsError(
            f"port {options.port} of {options.host} cannot be opened ({error}); choose another with --port."
        ) from error
    if wait:
        _say_address(page, options)
        page.block_thread()
    return page


def _say_address(page: gr.Blocks, options: Options) -> None:
    print(f"Framesieve is at {page.local_url} (Ctrl-C stops it)", flush=True)
    if page.share_url:
        print(f"and for everybody who knows it at {page.share_url}", flush=True)
    elif options.share:
        print("No public address: gradio.live could not be reached; the page is served here only.", flush=True)


def serve(options: Options) -> None:
    """Serves the page until Ctrl-C; this process and its children read in the allowed folders only."""
    inside.confine((*options.roots, options.downloads))
    logging.getLogger("httpx").setLevel(logging.WARNING)
    launch(options)
