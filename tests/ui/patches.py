"""Training Patches for the tests of the page: its tab is opened, tables are typed into, jobs are waited for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.browser import Visit, type_text

TAB = "Training Patches"
TILES = ".patch_flipbook .tiles figure"
PATIENCE_MS = 60_000
OWN = (".lock", ".control.json", "generator_config.json", ".generator_status.json")
"""Files of a folder of patches that say how it was made."""


def open_tab(seen: Visit, address: str, run: str | None = None) -> Any:
    """Opens the tab, and waits for its first row."""
    page = seen.page
    if run is not None:
        page.add_init_script(f"localStorage.setItem('framesieve.run', {json.dumps(run)})")
    page.goto(address)
    page.get_by_role("tab", name=TAB).click(timeout=PATIENCE_MS)
    page.get_by_label("Video or folder of video 1").wait_for(timeout=PATIENCE_MS)
    return page


def cell(page: Any, label: str, text: str) -> None:
    """Types into a box of a table, such as ``"Weight of category 2"``."""
    type_text(page.get_by_label(label, exact=True), text)


def knob(page: Any, name: str, text: str) -> None:
    """Types into the box of a setting."""
    box = page.locator(f"#patches-{name} input")
    type_text(box, text)
    box.press("Tab")


def fold(page: Any, title: str) -> None:
    """Opens a fold."""
    page.locator("#patches .fold > button.label-wrap", has_text=title).click()


def path(page: Any, label: str, text: str) -> None:
    """Types into a box for a path."""
    box = page.get_by_label(label, exact=True)
    type_text(box, text)
    box.press("Tab")


def previewed(page: Any) -> None:
    """Presses Preview and waits until all sample windows are there."""
    page.get_by_role("button", name="Preview", exact=True).click()
    page.locator(".patch_flipbook .amount", has_text="about").wait_for(timeout=PATIENCE_MS)


def state(page: Any, name: str) -> None:
    """Waits until the job of the tracker is in this state."""
    page.locator(f"#patches-tracker[data-state={name}], #patches-tracker [data-state={name}]").first.wait_for(
        state="attached", timeout=PATIENCE_MS
    )


def made(page: Any, category: str) -> int:
    """Patches of a category as the tracker shows them."""
    text = page.locator(f".patch_tracker tr[data-category={category}] .made").inner_text()
    return int(re.sub(r"\D", "", text))


def patches_in(folder: Path) -> dict[str, bytes]:
    """Pictures and manifest of a folder, by their paths in it."""
    files = (one for one in sorted(folder.rglob("*")) if one.is_file())
    kept = (one for one in files if one.name not in OWN and one.relative_to(folder).parts[0] != "jobs")
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in kept}
