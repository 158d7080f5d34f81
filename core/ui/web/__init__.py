"""What runs in the browser and belongs to no one instrument: ES modules, served by ``routes.web_file``, and styles.

Here: which there are, those of the instruments among them, and how they are loaded.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from core.ui.web.bundle import bundle

HERE = Path(__file__).parent
INSTRUMENTS = HERE.parent / "instruments"
STYLES = [
    HERE / f"{name}.css" for name in ("base", "native", "filter", "source", "review", "persons", "masking", "patches")
]
STYLES += sorted(INSTRUMENTS.glob("*/*.css"))
EARLIEST = ("theme", "tab_clicks", "calls", "former")
EARLY = "".join(f"<script>{(HERE / f'{name}.js').read_text(encoding='utf-8')}</script>" for name in EARLIEST)
"""Runs before the page is drawn: a chosen theme does not flash, no click and no change of a control is lost."""


def scripts() -> dict[str, Path]:
    """Returns all ES modules by their address under ``fs/web/<version>/``: ``dom.js``, ``<instrument>/<file>.js``."""
    found = {path.name: path for path in sorted(HERE.glob("*.js"))}
    return found | {f"{path.parent.name}/{path.name}": path for path in sorted(INSTRUMENTS.glob("*/*.js"))}


ALL = "all.js"
WORKER = "select_worker.js"
ALONE = (*(f"{name}.js" for name in EARLIEST), WORKER)
"""What is no part of the page's one module: it runs earlier, or in a thread of its own."""


@cache
def bundled(name: str) -> bytes:
    """Returns the page's one module, ``ALL``, or that of its thread, ``WORKER``, each with all that it imports.

    They are read once: a new script wants a new start.
    """
    texts = {name: path.read_text(encoding="utf-8") for name, path in scripts().items()}
    return bundle(texts, *([WORKER] if name == WORKER else sorted(texts.keys() - {*ALONE}))).encode()


@cache
def scripts_version() -> str:
    """Returns a digest of the scripts: a new version gets new addresses, so browsers may keep the old ones."""
    digest = hashlib.sha256()
    for name, path in scripts().items():
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def address_of(name: str) -> str:
    """Returns the address of a script, relative to that of the page."""
    return f"fs/web/{scripts_version()}/{name}"
