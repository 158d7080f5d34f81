"""What a person sees of each tab at three sizes: panes have their room, and nothing is cut off at the side."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.video.command import ffmpeg_path
from tests import videos
from tests.conftest import ROOT
from tests.ui.conftest import Visit, serving, type_text
from tests.ui.review import cache_for

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WEB = ROOT / "core" / "ui" / "web"
SIZES = {(1280, 720): 336, (1024, 700): 336, (390, 844): None}
"""Width and height of the window -> the widest a column of controls may be; ``None``: the panes are stacked."""
TABS = {"Video Source": "source", "Live Review": "review", "Filtering & Export": "filter"}
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
        page.wait_for_timeout(150)
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
        page.wait_for_function("framesieve.review.video !== null", timeout=WAIT_MS)
        go(page, "Video Source")
        type_text(page.get_by_label("URL, path or dropped file"), str(media / "long.mp4"))
        page.locator(".method-card", has_text="All frames").get_by_role("radio").check()
        page.locator(".poster img").wait_for(timeout=WAIT_MS)
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
        page.wait_for_function("window.framesieve?.filter?.digest", timeout=WAIT_MS)
        check(page, "Filtering & Export", "done")
        go(page, "Live Review")
        check(page, "Live Review", "done")


def test_no_handler_is_a_property_whose_value_could_cancel_an_event() -> None:
    """``element.onkeydown = () => false`` swallows every key; a listener's value means nothing."""
    wrong = [
        f"{path.name}: {line.strip()}"
        for path in sorted(WEB.glob("*.js"))
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
