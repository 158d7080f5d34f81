"""Video Source for the tests: a source is named, an extraction is begun and waited for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from core.store.run import RunDir
from tests.browser import Visit, type_text

WAIT_MS = 60_000


def begin(seen: Visit, address: str, source: str, method: str | None = None) -> Any:
    """Opens the page, names the source and chooses the method."""
    page = seen.page
    page.goto(address)
    box = page.get_by_label("URL, path or dropped file")
    box.wait_for(timeout=WAIT_MS)
    type_text(box, source)
    if method is not None:
        choose_method(page, method)
    return page


def choose_method(page: Any, method: str) -> None:
    page.locator("#extract-method label", has_text=method).click()
    page.locator("#extract-method label.selected", has_text=method).wait_for(timeout=WAIT_MS)


def unfold(page: Any, name: str) -> None:
    """Opens a group of the form."""
    head = page.locator(".fold > button", has_text=name)
    if "open" not in (head.get_attribute("class") or "").split():
        head.click()


def choose(page: Any, label: str, option: str, inside: str = "body") -> None:
    """Chooses from a drop-down by the words of the option, as a person does."""
    page.locator(inside).get_by_label(label, exact=True).click()
    page.get_by_role("option", name=re.compile(f"^{re.escape(option)}")).click()


def options(page: Any, label: str) -> list[str]:
    """What a drop-down offers."""
    box = page.get_by_label(label, exact=True)
    box.click()
    page.get_by_role("option").first.wait_for(timeout=WAIT_MS)
    found = [text.strip().removeprefix("✓").strip() for text in page.get_by_role("option").all_inner_texts()]
    page.keyboard.press("Escape")
    return found


def wrong(page: Any, name: str) -> str:
    """The sentence beside a control of the form."""
    place = page.locator(f"#extract-{name} .wrong-text")
    place.wait_for(timeout=WAIT_MS)
    return str(place.inner_text())


def extract(page: Any) -> None:
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    page.get_by_role("button", name="Extract & Analyze Frames").click()


def ended(page: Any, state: str = "done") -> None:
    page.wait_for_selector(f".live[data-state={state}]", timeout=WAIT_MS)


def run_of(downloads: Path) -> RunDir:
    return RunDir(next(downloads.glob("*/run.json")).parent)


def is_counted(page: Any) -> None:
    """Waits until the frames of the source are counted."""
    page.locator(".about-source dt:has-text('Frames') + dd", has_text=re.compile("[0-9]")).wait_for(timeout=WAIT_MS)
