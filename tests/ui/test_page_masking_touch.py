"""Subject Masking by fingers: a tap is a point, a drag is a box, two fingers zoom and move and leave no point."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Visit
from tests.ui.masking import RUN, at, edit, notes, open_tab, saved
from tests.ui.site import Site

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
Place = tuple[float, float]


class Fingers:
    """Fingers on the screen of a page."""

    def __init__(self, page: Any) -> None:
        self._line = page.context.new_cdp_session(page)
        self._line.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})

    def move(self, *ways: list[Place]) -> None:
        """Puts a finger down at the start of each way, moves all of them along, and lifts them."""
        for step, places in enumerate(zip(*ways, strict=True)):
            self._send("touchMove" if step else "touchStart", places)
        self._send("touchEnd", ())

    def tap(self, place: Place) -> None:
        self.move([place])

    def _send(self, kind: str, places: tuple[Place, ...]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self._line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def way(start: Place, end: Place, steps: int = 8) -> list[Place]:
    return [tuple(a + (b - a) * i / steps for a, b in zip(start, end, strict=True)) for i in range(steps + 1)]  # type: ignore[misc]


@pytest.mark.parametrize("size", [(390, 844), (1280, 720)])
def test_fingers_point_drag_and_zoom(site: Site, visit: Visitor, size: tuple[int, int]) -> None:
    run: Path = site.run(RUN)
    (run / "shots.json").write_text(json.dumps([[0, 60], [60, 120]]))
    page = open_tab(visit(), site.address, RUN)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    edit(page, 0)
    fingers, zoom = Fingers(page), page.locator(".point_canvas button", has_text="%")
    fingers.tap(at(page, 33, 44))
    fingers.move(way(at(page, 60, 30), at(page, 99, 79)))
    fitted = zoom.inner_text()
    middle = at(page, 80, 45)
    fingers.move(
        way((middle[0] - 20, middle[1]), (middle[0] - 70, middle[1])),
        way((middle[0] + 20, middle[1]), (middle[0] + 70, middle[1])),
    )
    assert int(zoom.inner_text().split()[0]) > 2 * int(fitted.split()[0]), (fitted, zoom.inner_text())
    fingers.tap(at(page, 80, 45))
    page.keyboard.press("s")
    saved(page)
    [prompt] = notes(run).note(0).prompts  # type: ignore[union-attr]
    assert prompt.box == (60, 30, 100, 80)
    assert prompt.points == ((33, 44), (80, 45)), "two fingers leave none"
