"""What a person sees of each tab at three sizes: panes have their room, and nothing is cut off at the side."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.ui.web import scripts
from core.video.command import ffmpeg_path
from tests import videos
from tests.browser import Visit, still, type_text
from tests.machine import ROOT
from tests.serving import serving
from tests.ui import masking
from tests.ui.persons import RUN, ids, make_faces, make_persons, open_tab, pick
from tests.ui.review import cache_for
from tests.ui.site import Site
from tests.ui.source import choose_method

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WEB = ROOT / "core" / "ui" / "web"
SIZES = {(1280, 720): 336, (1024, 700): 336, (390, 844): None}
"""Width and height of the window -> the widest a column of controls may be; ``None``: the panes are stacked."""
TABS = {"Video Source": "source", "Live Review": "review"}
TABS |= {"Person Selection": "persons", "Subject Masking": "masking", "Filtering & Export": "filter"}
TABS |= {"Training Patches": "patches"}
WAIT_MS = 180_000

MEASURE = """(id) => {
  const box = (node) => { const r = node.getBoundingClientRect(); return [r.left, r.right, r.width, r.height]; };
  const shown = (node) => node.checkVisibility() && node.getBoundingClientRect().width > 0;
  const tab = document.getElementById(id);
  const clipped = (node) => {
    for (let up = node.parentElement; up && up !== tab; up = up.parentElement)
      if (!/visible/.test(getComputedStyle(up).overflowX)) return true;
    return false;
  };
  const controls = [...tab.querySelectorAll('button, input, select, a')].filter(shown);
  const cards = [...tab.querySelectorAll('.live > .card, .live > .results')].filter(shown);
  return {
    side: box(tab.querySelector('.side')), pane: box(tab.querySelector('.pane')),
    cards: cards.map(box),
    outside: controls.filter((node) => !clipped(node))
      .filter((node) => box(node)[0] < 0 || box(node)[1] > innerWidth + 0.5)
      .map((node) => node.outerHTML.slice(0, 90)),
    toolbars: [...tab.querySelectorAll('.toolbar, .selbar')].filter(shown).flatMap((bar) =>
      [...bar.children].filter(shown).map((part) => box(part)[1] - box(bar)[1])),
    sideways: document.documentElement.scrollWidth - innerWidth,
  };
}"""


def check(page: Any, tab: str, state: str) -> list[dict[str, Any]]:
    """Measures a tab at every size; returns the measures."""
    found = []
    for (width, height), column in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        seen = page.evaluate(MEASURE, TABS[tab])
        where = (tab, state, width, seen)
        left, right, wide, high = seen["pane"]
        assert seen["sideways"] <= 0, where
        assert not seen["outside"], where
        assert max(seen["toolbars"], default=0) <= 0.5, where
        assert left >= 0, where
        assert right <= width, where
        if not wide:
            assert tab == "Filtering & Export", where
            assert state != "done", where  # no run is open yet
            continue
        if column is None:
            assert wide >= 0.9 * width, where
            assert seen["side"][2] >= 0.9 * width, where
        else:
            assert seen["side"][2] <= column, where
            assert wide >= width - column - 64, where
            assert high >= 0.6 * height, where
        for _, _, card, _ in seen["cards"]:
            assert card >= 0.95 * wide, where
        found.append(seen)
    page.set_viewport_size({"width": 1280, "height": 720})
    return found


def go(page: Any, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()
    page.locator(f"#{TABS[tab]} .pane").wait_for(state="attached", timeout=WAIT_MS)


def test_every_pane_has_its_room_while_running_and_when_done(visit: Visitor, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    argv = [ffmpeg_path(), "-v", "error", "-stream_loop", "30", "-i", str(videos.build("h264-25")), "-c", "copy"]
    subprocess.run([*argv, str(media / "long.mp4")], check=True, timeout=60)
    cache_for(media / "long.mp4", [[(0, 0.9, 0.1, 0.1, 0.5, 0.5)]] * (31 * videos.FRAMES))
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        seen = visit()
        page = seen.page
        page.goto(address)
        for tab in TABS:
            go(page, tab)
            check(page, tab, "empty")
        go(page, "Live Review")
        folder = page.get_by_label("Folder of videos")
        type_text(folder, str(media))
        folder.press("Enter")
        page.locator(".video", has_text="long").click()
        page.locator(".film").wait_for(timeout=WAIT_MS)
        go(page, "Video Source")
        type_text(page.get_by_label("URL, path or dropped file"), str(media / "long.mp4"))
        choose_method(page, "All frames")
        page.locator(":is(.poster, .ready) img:visible").first.wait_for(timeout=WAIT_MS)
        page.get_by_role("button", name="Extract & Analyze Frames").click()
        page.locator(".latest tbody tr").nth(3).wait_for(timeout=WAIT_MS)
        running = check(page, "Video Source", "running")
        assert len(running[0]["cards"]) >= 3
        for tab in ("Live Review", "Filtering & Export"):
            go(page, tab)
            check(page, tab, "running")
        go(page, "Video Source")
        page.locator(".live[data-state=done]").wait_for(timeout=WAIT_MS)
        page.get_by_role("button", name="Open in Filtering").wait_for()
        assert len(check(page, "Video Source", "done")[0]["cards"]) >= 4
        page.get_by_role("button", name="Open in Filtering").click()
        page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=WAIT_MS)
        check(page, "Filtering & Export", "done")
        check_sheet(page, "Filtering & Export", "Filters")
        go(page, "Live Review")
        check(page, "Live Review", "done")
        check_sheet(page, "Live Review", "Video and model")


def test_person_selection_has_its_room_filled_and_with_a_drawer(site: Site, visit: Visitor) -> None:
    walks = [(4 * at, 4 * at + 60, 30.0 * at, 100.0, 1.0) for at in range(20)]
    folder = make_persons(site.run(RUN), walks, list(range(20)), cuts=(50,), near=(0, 19, 0.85))
    make_faces(folder.path.parent, [(10, 60, 1500.0, 600.0)])
    page = open_tab(visit(), site.address, RUN)
    check(page, "Person Selection", "filled")
    check_sheet(page, "Person Selection", "Video and model")
    for key, name in {"c": "Side by side", "p": "Find a person by a photo", "e": "Chosen persons"}.items():
        page.locator(".persons_table .scrolled").focus()
        pick(page, *ids(page)[:2])
        page.keyboard.press(key)
        drawer = page.get_by_role("complementary", name=name)
        drawer.wait_for()
        check(page, "Person Selection", name)
        page.set_viewport_size({"width": 768, "height": 1024})
        still(page)
        seen = page.evaluate(MEASURE, "persons")
        assert seen["sideways"] <= 0, (name, seen)
        assert not seen["outside"], (name, seen)
        assert max(seen["toolbars"], default=0) <= 0.5, (name, seen)
        page.set_viewport_size({"width": 1280, "height": 720})
        page.keyboard.press("Escape")
        drawer.wait_for(state="hidden")
        page.keyboard.press("Escape")


NARROW = {(390, 844), (768, 1024), (640, 360), (853, 480)}
"""The last two are a window of 1280x720 in which a person zoomed in."""


def test_subject_masking_has_its_room_on_the_board_and_on_the_canvas(site: Site, visit: Visitor) -> None:
    run = site.run(RUN)
    (run / "shots.json").write_text("[[0, 40], [40, 80], [80, 120]]")
    page = masking.open_tab(visit(), site.address, RUN)
    check(page, "Subject Masking", "board")
    check_sheet(page, "Subject Masking", "Video and masker")
    masking.edit(page, 1)
    masking.click(page, 20, 20)
    found = check(page, "Subject Masking", "canvas")
    assert found
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        assert page.locator(".point_canvas .stage").bounding_box()["height"] >= 160, (width, height)


PLACES = """([tab, opener]) => {
  const box = (node) => node.getBoundingClientRect();
  const buttons = [...document.querySelectorAll('#tabs > .tab-wrapper button:not([aria-hidden=true] *)')];
  const tabs = buttons.filter((one) => one.checkVisibility({ visibilityProperty: true }));
  const line = box(document.querySelector('#tabs > .tab-wrapper')), own = box(opener);
  const row = box(document.querySelector('#tabs .tab-container'));  // it scrolls: what is beyond it is not seen
  return {
    inLine: own.top >= line.top && own.bottom <= line.bottom && own.right <= innerWidth,
    tabs: tabs.map((one) => Math.min(box(one).right, row.right)).filter((right) => right > own.left),
    player: document.querySelector(`#${tab} .screen`)?.clientHeight ?? null,
    form: box(document.querySelector(`#${tab} > .side`)).toJSON(),
  };
}"""


def check_sheet(page: Any, tab: str, name: str) -> None:
    """Where the form is not beside the work, what opens it covers nothing; the form comes and goes."""
    for width, height in sorted(NARROW):
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        opener, form = page.get_by_role("button", name=name, exact=True), page.locator(f"#{TABS[tab]} > .side")
        if form.is_visible():
            assert (tab, width) in {
                (wide, 853) for wide in ("Filtering & Export", "Person Selection", "Subject Masking")
            }
            assert not opener.is_visible()
            continue
        found = page.evaluate(PLACES, [TABS[tab], opener.element_handle()])
        assert found["inLine"], (tab, width, found)
        assert not found["tabs"], (tab, width, found)
        assert found["player"] is None or found["player"] >= 200, (tab, width, found)
        opener.click()
        form.wait_for()
        still(page)
        found = page.evaluate(PLACES, [TABS[tab], opener.element_handle()])["form"]
        assert found["top"] >= 88, "header and tabs stay free"
        assert found["right"] <= width
        assert found["width"] == min(width, 400)
        page.locator(f"#{TABS[tab]} .pane").click(position={"x": 4, "y": 4})
        form.wait_for(state="hidden")
        opener.click()
        form.wait_for()
        opener.click()
        form.wait_for(state="hidden")
        if tab == "Filtering & Export":  # a drawer can be closed with the mouse: nothing lies over its button
            page.get_by_role("listbox", name="Frames").press("p")
            panel = page.get_by_role("complementary", name="People")
            panel.get_by_role("button", name="Close (Esc)").click(timeout=WAIT_MS)
            panel.wait_for(state="hidden")
    page.set_viewport_size({"width": 1280, "height": 720})


def test_no_handler_is_a_property_whose_value_could_cancel_an_event() -> None:
    """``element.onkeydown = () => false`` swallows every key; a listener's value means nothing."""
    wrong = [
        f"{path.name}: {line.strip()}"
        for path in scripts().values()
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\.on[a-z]+\s*=[^=]", line)
    ]
    assert not wrong


def test_the_styles_of_live_review_reach_no_other_tab() -> None:
    text = re.sub(r"/\*.*?\*/", "", (WEB / "review.css").read_text(encoding="utf-8"), flags=re.S)
    selectors = [part for rule in re.findall(r"([^{}@]+)\{", text) for part in rule.split(",")]
    assert selectors
    outside = [part.strip() for part in selectors if not part.strip().startswith(("#review", "(", "max-", "min-"))]
    assert [part for part in outside if "width" not in part and "height" not in part] == []
