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
from core.jobs import JobQueue
from core.store.job_log import JobArchive
from core.ui import api, export_tab, header, jobs_bar, review_tab, source_tab
from core.ui.bounds import Bounds
from core.ui.exporter import JobExporter
from core.ui.face_source import FaceSource
from core.ui.guard import Guard
from core.ui.jobs_bar import JobRoutes
from core.ui.looks import Looks
from core.ui.owner import OwnerWord
from core.ui.people import PeopleRoutes
from core.ui.review_tab import ReviewRoutes
from core.ui.routes import Routes
from core.ui.session import Workspace
from core.ui.source_tab import SourceRoutes
from core.ui.theme import theme
from core.ui.verbs import Verbs
from core.ui.web import STYLES, THEME_SCRIPT

PRESETS = ".presets"
"""Folder of people's own presets, in the folder of runs."""


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


def build(verbs: Verbs) -> gr.Blocks:
    """Returns the page. Each tab builds itself; data reaches it over our own routes, never through a template."""
    page: gr.Blocks
    with gr.Blocks(title="Framesieve", fill_width=True, analytics_enabled=False) as page:
        header.build()
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Video Source", id="source", elem_id="source-tab"):
                source_tab.build()
            with gr.Tab("Live Review", id="review", elem_id="review-tab"):
                review_tab.build()
            with gr.Tab("Filtering & Export", id="filter", elem_id="filter-tab"):
                export_tab.build()
        jobs_bar.build()
        api.build(verbs)
    return page


def launch(options: Options, *, wait: bool = True) -> gr.Blocks:
    """Serves the page; returns at once with ``wait=False`` (tests; close it with ``page.close()``).

    Raises:
        SettingsError: the port is taken.
    """
    workspace = Workspace(options.downloads, options.roots)
    queue, looks = JobQueue(JobArchive(workspace.downloads)), Looks()
    small = JobQueue()
    verbs = Verbs(workspace, queue, unsafe_weights=options.unsafe_weights)
    queue.when_ended = verbs.sweep
    page = build(verbs)
    own_presets = workspace.downloads / PRESETS
    routes = Routes(workspace, JobExporter(verbs)).all() + JobRoutes(verbs).all()
    routes += SourceRoutes(verbs, looks, options.upload_bytes, own_presets).all()
    routes += FaceSource(verbs, small).all()
    routes += PeopleRoutes(verbs).all()
    review = ReviewRoutes(verbs)
    routes += review.all()
    owned = Middleware(OwnerWord, secret=workspace.secret())

    @asynccontextmanager
    async def ending(app: Any) -> AsyncIterator[None]:
        # In front of everything: Gradio puts its own answers to preflights before the middleware that it is given.
        app.middleware_stack = Guard(app.middleware_stack, listens_on=options.host, share=options.share)
        try:
            yield
        finally:
            await run_in_threadpool(looks.close)
            await run_in_threadpool(small.close)
            await run_in_threadpool(review.close)
            await run_in_threadpool(queue.close)

    try:
        page.launch(
            server_name=options.host,
            server_port=options.port,
            auth=options.auth,
            share=options.share,
            prevent_thread_lock=True,
            quiet=True,
            ssr_mode=False,
            run_history=False,
            enable_monitoring=False,
            footer_links=[],
            theme=theme(),
            css_paths=STYLES,
            head=THEME_SCRIPT,
            app_kwargs={
                "routes": routes,
                "middleware": [Middleware(Bounds), owned],
                "lifespan": ending,
                "docs_url": None,
                "redoc_url": None,
                "openapi_url": None,
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
