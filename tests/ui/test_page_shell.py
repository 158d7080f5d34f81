"""The shell: it opens fast and quietly, says what is there, and its keys and theme work."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import Visit, still
from tests.machine import ROOT
from tests.serving import free_port
from tests.ui.site import Site

HEAVY = (
    "torch",
    "cv2",
    "av",
    "numba",
    "ultralytics",
    "insightface",
    "onnxruntime",
    "scenedetect",
    "sam2",
    "ray",
    "yt_dlp",
)
Visitor = Callable[..., Visit]


def test_the_page_starts_without_heavy_libraries() -> None:
    code = f"import sys, core.ui.app; print(sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_app_says_its_address_and_refuses_a_taken_port(tmp_path: Path) -> None:
    port = str(free_port())
    argv = [sys.executable, "app.py", "--port", port, "--downloads", str(tmp_path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as first:
        try:
            assert first.stdout is not None
            line = first.stdout.readline()
            assert line == f"Framesieve is at http://127.0.0.1:{port}/ (Ctrl-C stops it)\n"
            second = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)
            assert second.returncode == 2
            assert f"port {port} of 127.0.0.1 cannot be opened" in second.stderr
            assert "Traceback" not in second.stderr
        finally:
            first.terminate()


@pytest.mark.browser
def test_without_a_run_the_page_says_what_to_do(serve: Callable[..., str], visit: Visitor, tmp_path: Path) -> None:
    seen = visit()
    seen.page.goto(serve(tmp_path / "absent"))
    seen.page.get_by_role("heading", name="Choose a video.").wait_for()
    seen.page.get_by_role("tab", name="Filtering & Export").click()
    seen.page.get_by_role("heading", name="No run yet.").wait_for()
    expect(seen.page.locator("#filter > .side")).to_be_hidden()
    seen.page.get_by_role("button", name="Open Video Source").click()
    seen.page.get_by_role("heading", name="Choose a video.").wait_for()


@pytest.mark.browser
def test_the_newest_run_opens_and_the_picker_changes_it_by_keyboard(site: Site, visit: Visitor) -> None:
    for name, of in (("older", "files"), ("newest", "bare")):
        (site.run(name, of) / "metadata.jsonl").touch()
        time.sleep(0.02)
    seen = visit().open(site.address)
    assert seen.state()["run"] == "newest"
    expect(seen.page.locator("#top .facts")).to_have_text(
        "120 frames of 120, 320x180, 25 fps, 0:04.800", use_inner_text=True
    )
    seen.page.locator(".pick").focus()
    seen.page.keyboard.press("Enter")
    seen.page.get_by_role("option", name="older").wait_for()
    seen.page.keyboard.press("ArrowDown")
    seen.page.keyboard.press("Enter")
    seen.settled("older")
    seen.page.reload()
    seen.open(site.address)
    assert seen.state()["run"] == "older"


@pytest.mark.browser
def test_keys_are_listed_and_do_nothing_while_typing(site: Site, visit: Visitor) -> None:
    run = site.run("typing")
    seen = visit().open(site.address, run.name)
    seen.page.get_by_label("Sharpness, lower bound, as a number").focus()
    seen.page.keyboard.type("kxzed? ")
    filters = seen.filters()
    assert (filters["keep"], filters["reject"]) == ([], [])
    expect(seen.page.locator("dialog.help")).to_be_hidden()
    seen.page.get_by_role("listbox", name="Frames").focus()
    seen.page.keyboard.press("?")
    expect(seen.page.locator("dialog.help")).to_contain_text("keep by hand", use_inner_text=True)
    seen.page.keyboard.press("Escape")
    expect(seen.page.locator("dialog.help")).to_be_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_can_be_changed_and_stays(site: Site, visit: Visitor, dark: bool) -> None:
    run = site.run(f"theme-{dark}")
    seen = visit(dark=dark).open(site.address, run.name)
    is_dark = "document.body.classList.contains('dark')"
    assert seen.page.evaluate(is_dark) is dark
    seen.page.get_by_label("Switch between light and dark").click()
    assert seen.page.evaluate(is_dark) is not dark
    seen.page.reload()
    seen.open(site.address, run.name)
    assert seen.page.evaluate(is_dark) is not dark


@pytest.mark.browser
def test_every_control_has_a_name_and_can_be_reached_by_tab(site: Site, visit: Visitor) -> None:
    run = site.run("names")
    seen = visit().open(site.address, run.name)
    nameless = seen.page.evaluate(
        """() => [...document.querySelectorAll('.fs button, .fs input, .fs select')].filter((e) => e.checkVisibility())
          .filter((e) => !(e.innerText?.trim() || e.getAttribute('aria-label') || e.labels?.[0]?.innerText.trim()))
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    reached = set()
    for _ in range(200):
        seen.page.keyboard.press("Tab")
        reached.add(
            seen.page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText")
        )
    wanted = {"Sharpness, lower bound", "Frames", "Sort by", "Export", "Best by", "Keys of this tab (?)"}
    assert wanted <= reached


@pytest.mark.browser
def test_every_tab_is_reached_in_a_narrow_window_by_mouse_and_by_address(site: Site, visit: Visitor) -> None:
    run = site.run("narrow")
    seen = visit()
    page = seen.page
    page.set_viewport_size({"width": 390, "height": 844})
    seen.open(site.address, run.name)
    row = page.locator("#tabs [role=tablist]")
    right = row.bounding_box()["x"] + row.bounding_box()["width"]
    tabs = page.get_by_role("tab")
    names = tabs.all_inner_texts()
    for name in names:
        tab = page.get_by_role("tab", name=name)
        tab.click()
        page.wait_for_function("(id) => location.hash.startsWith(`#${id}`)", arg=tab.get_attribute("data-tab-id"))
        still(page)
        box = tab.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= right + 1
    page.reload()
    page.locator(f"[role=tab][aria-selected=true]:has-text('{names[-1]}')").wait_for()


@pytest.mark.browser
def test_the_tab_that_is_seen_stays_in_its_row_when_the_window_becomes_narrow(site: Site, visit: Visitor) -> None:
    seen = visit()
    page = seen.page
    page.set_viewport_size({"width": 1280, "height": 720})
    seen.open(site.address, site.run("narrowed").name)
    page.get_by_role("tab").last.click()
    page.locator("[role=tab][aria-selected=true]:last-of-type").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        """() => {
            const [row, tab] = ['#tabs [role=tablist]', '#tabs [role=tab][aria-selected=true]']
                .map((one) => document.querySelector(one).getBoundingClientRect());
            return row.width < 390 && tab.left >= row.left - 1 && tab.right <= row.right + 1;
        }"""
    )
