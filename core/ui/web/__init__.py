"""What runs in the browser: ES modules (served by ``routes.web_file``) and styles. Here: how they are loaded."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent
STYLES = [HERE / f"{name}.css" for name in ("base", "filter", "people", "source", "review")]
THEME_SCRIPT = f"<script>{(HERE / 'theme.js').read_text(encoding='utf-8')}</script>"
"""Runs before the page is drawn, so that a chosen theme does not flash."""


def loader(module: str, version: str) -> str:
    """Returns the script of a ``gr.HTML``: it loads a module of ours and hands it the element. No data in it."""
    address = json.dumps(f"fs/web/{version}/{module}")
    return (
        f"const module = import(new URL({address}, document.baseURI).href);"
        "module.then((m) => m.mount({ element, props, watch })).catch((error) => {"
        "  element.textContent = 'This part of the page could not be loaded; reload the page.'; throw error; });"
    )
