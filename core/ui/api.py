"""What ``gradio_client`` may call by name. The page itself uses none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import FramesieveError
from core.pipeline.select import select
from core.ui.routes import parse_filters, selection_json
from core.ui.session import Workspace


def build(workspace: Workspace) -> None:
    """Defines the endpoints; call inside ``gr.Blocks``."""

    def filter(run: str, filters: dict[str, Any]) -> dict[str, Any]:
        """Returns how many frames of a run the filters keep, and the digest of the kept ordinals. Saves nothing.

        Args:
            run: name of a run folder.
            filters: settings of ``python -m core filter`` with underscores, e.g. {"min": {"sharpness": 20}}.
        """
        return _spoken(lambda: selection_json(select(workspace.named(run).table(), parse_filters(filters))))

    gr.api(  # type: ignore[attr-defined]
        filter, api_name="filter", concurrency_limit=2
    )


def _spoken(job: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Turns our errors into what Gradio shows as one sentence."""
    try:
        return job()
    except FramesieveError as error:
        raise gr.Error(str(error), print_exception=False) from None
