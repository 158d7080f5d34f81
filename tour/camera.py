"""Takes the pictures: one of every state, and of a tab's main state one at each size, in the dark and zoomed."""

from __future__ import annotations

import base64
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser import launch
from tour.stage import Stage
from tour.states import Scene, State, scenes

LIGHT = (1280, 720)
SIZES = ((1600, 1000), (1024, 700), (768, 1024), (390, 844))
ZOOMS = {"zoom150": (853, 480, 1.5), "zoom200": (640, 360, 2.0)}
"""Name -> width, height and scale of a window of 1280x720 in which a person has zoomed in."""
DARK = ((1280, 720), (1600, 1000), (390, 844))
STEP_MS = 20_000


@dataclass(frozen=True)
class Shot:
    """One picture of the sheets."""

    path: Path
    tab: str
    title: str
    fault: str = ""
    """Why the state could not be reached; the picture shows how far the page came."""


class Camera:
    """Plays scenes in a browser and writes what is seen into a folder."""

    def __init__(self, browser: Any, stage: Stage, folder: Path) -> None:
        self.browser, self.stage, self.folder = browser, stage, folder
        self.shots: list[Shot] = []

    def play(self, scene: Scene, first: int) -> int:
        """Plays one scene; its pictures are numbered from ``first`` on. Returns the next number."""
        self.stage.serve(self.stage.home / "empty" if scene.empty else None)
        context = self.browser.new_context(
            viewport={"width": LIGHT[0], "height": LIGHT[1]}, color_scheme="light", accept_downloads=False
        )
        page = context.new_page()
        page.set_default_timeout(STEP_MS)
        number = first
        try:
            for state in scene.states:
                if not state.can_be(self.stage):
                    continue
                self._state(page, scene, state, number)
                number += 1
        finally:
            context.close()
        return number

    def _state(self, page: Any, scene: Scene, state: State, number: int) -> None:
        began, fault = time.monotonic(), ""
        try:
            state.reach(page, self.stage)
        except Exception as error:  # a state that is out of reach is seen on the sheet, and the tour goes on
            fault = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        self._shoot(page, scene, state, number, fault)
        if state.main and not fault:
            self._at_all_sizes(page, scene, state, number)
        said = f"{scene.tab} {number:02d} {state.name} {time.monotonic() - began:.1f} s {fault}"
        print(said, file=sys.stderr, flush=True)

    def _shoot(self, page: Any, scene: Scene, state: State, number: int, fault: str = "", size: str = "") -> None:
        path = self.folder / f"{scene.tab}_{number:02d}_{state.name}{'_' + size if size else ''}.png"
        page.screenshot(path=str(path))
        self.shots.append(Shot(path, scene.tab, f"{number:02d} {state.name} {size}".strip(), fault))

    def _at_all_sizes(self, page: Any, scene: Scene, state: State, number: int) -> None:
        for width, height in SIZES:
            self._resize(page, width, height)
            self._shoot(page, scene, state, number, size=f"{width}x{height}")
        page.emulate_media(color_scheme="dark")
        for width, height in DARK:
            self._resize(page, width, height)
            self._shoot(page, scene, state, number, size=f"dark_{width}x{height}")
        page.emulate_media(color_scheme="light")
        for name, (width, height, scale) in ZOOMS.items():
            self._resize(page, width, height)
            self._zoomed(page, scene, state, number, name, (width, height, scale))
        self._resize(page, *LIGHT)

    def _resize(self, page: Any, width: int, height: int) -> None:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(700)

    def _zoomed(
        self, page: Any, scene: Scene, state: State, number: int, name: str, wanted: tuple[int, int, float]
    ) -> None:
        """A window of fewer CSS pixels whose picture has as many pixels as the screen."""
        width, height, scale = wanted
        path = self.folder / f"{scene.tab}_{number:02d}_{state.name}_{name}.png"
        line = page.context.new_cdp_session(page)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
        data = line.send("Page.captureScreenshot", {"format": "png", "clip": clip})["data"]
        path.write_bytes(base64.b64decode(data))
        line.detach()
        self.shots.append(Shot(path, scene.tab, f"{number:02d} {state.name} {name}"))


def tour(playwright: Any, stage: Stage, folder: Path, wanted: str = "") -> list[Shot]:
    """Plays every scene whose tab and name hold ``wanted``; returns the pictures in the order of the sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    browser = launch(playwright)
    camera, numbers = Camera(browser, stage, folder), dict.fromkeys((scene.tab for scene in scenes()), 1)
    try:
        for scene in scenes():
            if wanted in f"{scene.tab} {scene.name}" and any(state.can_be(stage) for state in scene.states):
                numbers[scene.tab] = camera.play(scene, numbers[scene.tab])
            else:
                numbers[scene.tab] += sum(state.can_be(stage) for state in scene.states)
    finally:
        browser.close()
    return camera.shots
