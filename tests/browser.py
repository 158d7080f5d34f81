"""A real Chromium that may talk to loopback only, one tab of it on our page, and what a person does in it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from core.settings.filter import FilterSettings
from core.settings.model import to_mapping
from tests.machine import CHROMIUM_NAMES

ARGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGS += ["--disable-background-networking", "--disable-component-update"]
ARGS += ["--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=127.0.0.1"]  # nobody is there, to ask beyond it
UNWANTED = [
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync", "LensOverlay"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "MediaRouter"),
    *("NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch"),
    *("TcpPortRandomizationWin", "ThirdPartyStoragePartitioning", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup"),
]
"""What Playwright turns off, and the pages of the address bar: a renderer as dear as ours for every window."""
ARGS += [f"--disable-features={','.join(UNWANTED)}"]
SIZES = {"1280x720": (1280, 720), "1600x1000": (1600, 1000)}
WAIT_MS = 60_000
"""How long a state is waited for: a busy machine is slow, and no test depends on how fast it is."""
PRESS_MS = 400
LATENCY_MS = 150
REFUSING = re.compile(
    r"/fs/(source/(look|faces/(photo|model))|persons/[0-9a-f]+/photo|masking/([0-9a-f]+/preview|open)"
    r"|review/(folder|weights|output|open)|files/(list|look)|patches/(load|verify))$"
)
"""Routes that are asked while a path is typed: half of it is refused, as often as the machine is slow."""
LEAVING = re.compile(r"AbortError|Connection errored out")
THUMB_PX = 16
"""Width of the thumb of a slider, as Chromium draws it."""


def launch(playwright: Any) -> Any:
    """Starts the Chromium of this machine."""
    program = next(path for name in CHROMIUM_NAMES if (path := shutil.which(name)))
    return playwright.chromium.launch(executable_path=program, args=ARGS)


class Visit:
    """One tab of the browser on our page; collects console errors and requests that leave this machine."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.address = ""
        self.stays = False
        """Whether the tab is looked at after its server has ended."""
        self.problems: list[str] = []
        self.outside: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._asked)
        page.on("framenavigated", self._left)

    def _said(self, message: Any) -> None:
        """Errors and warnings; a refusal of what is typed is an answer, which the page writes beside the field."""
        if message.type not in ("error", "warning"):
            return
        url = message.location.get("url", "")
        if "status of 4" in message.text and REFUSING.search(url):
            return
        self.problems.append(f"{message.text} ({url})" if "status of" in message.text else message.text)

    def _left(self, frame: Any) -> None:
        """Gradio calls it an error that its stream of events ends when a page is left or read anew."""
        if frame.parent_frame is None:
            self.problems = [one for one in self.problems if not LEAVING.search(one)]

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, address: str, run: str | None = None) -> Visit:
        """Opens the page, with this run."""
        self.address = address
        if run is not None:
            self.page.add_init_script(f"localStorage.setItem('framesieve.run', {json.dumps(run)})")
        self.page.goto(address)
        self.page.get_by_role("tab", name="Filtering & Export").click()
        return self.settled(run)

    def settled(self, run: str | None = None) -> Visit:
        """Waits until the run is shown, and nothing of its selection moves any more."""
        if run is not None:
            self.page.locator(".pick b", has_text=re.compile(f"^{re.escape(run)}$")).wait_for(timeout=WAIT_MS)
        self.page.evaluate("new Promise((taken) => setTimeout(taken))")  # what a control has said is taken by then
        self.page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=WAIT_MS)
        return self

    def state(self) -> dict[str, Any]:
        """What Filtering & Export shows, once nothing moves any more."""
        self.settled()
        pane, counts = self.page.locator("#filter .pane"), self.page.locator("#filter .counts b").inner_text()
        kept, total = (int(word.replace(",", "")) for word in re.findall(r"[\d,]+", counts))
        current = self.page.locator("#filter .cell.at:not([hidden])")
        return {
            "run": self.page.locator(".pick b").inner_text(),
            "kept": kept,
            "total": total,
            "shown": int(pane.get_attribute("data-shown")),
            "digest": pane.get_attribute("data-digest"),
            "current": int(current.get_attribute("data-ordinal")) if current.count() else None,
        }

    def filters(self) -> dict[str, Any]:
        """The filters that are saved, once what is chosen is saved."""
        self.settled().wait_saved()
        name = self.page.locator(".pick b").inner_text()
        run = next(line["id"] for line in self._read("runs") if line["name"] == name)
        return dict(self._read(f"runs/{run}")["filters"] or to_mapping(FilterSettings()))

    def _read(self, path: str) -> Any:
        return self.page.request.get(f"{self.address}fs/{path}").json()

    def wait_saved(self) -> None:
        """Waits until everything is in selection.json."""
        self.page.locator("#filter .pane[data-saved=yes]").wait_for(timeout=WAIT_MS)

    def far(self) -> Visit:
        """Puts the server far away from this tab: an answer takes a while, and other clicks come before it."""
        line = self.page.context.new_cdp_session(self.page)
        line.send("Network.enable")
        slow = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": -1, "uploadThroughput": -1}
        line.send("Network.emulateNetworkConditions", slow)
        return self

    def drawn(self) -> None:
        """Waits until what was changed just now is on the screen."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def picture(self, selector: str) -> np.ndarray:
        """(H, W, 3) uint8 RGB: what is on the screen at an element."""
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.page.locator(selector).screenshot())).convert("RGB"))


STILL = """async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const ends = (one) => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity;
  do await drawn(); while (document.getAnimations().some(ends));
}"""


def still(page: Any) -> None:
    """Waits until nothing of a page slides or grows any more, and what follows from its size is drawn."""
    page.evaluate(STILL)


@contextlib.contextmanager
def held(page: Any, addresses: str) -> Iterator[None]:
    """Requests of a page to such addresses go out only when this ends."""
    late: list[Any] = []
    over: list[bool] = []
    page.route(addresses, lambda one: one.continue_() if over else late.append(one))
    yield
    over.append(True)
    for one in late:
        one.continue_()


OPEN: list[list[Visit]] = []
"""The tabs of each ``visiting`` that has not ended."""


def leave(address: str) -> None:
    """Closes the tabs on a page whose server ends now: they would ask in vain, and say so in the console."""
    for one in [one for visits in OPEN for one in visits]:
        if not one.stays and not one.page.is_closed() and one.page.url.startswith(address):
            one.page.close()


@contextlib.contextmanager
def visiting(chromium: Any) -> Iterator[Callable[..., Visit]]:
    """Opens tabs; each in a browser of its own unless ``beside`` names one. Afterwards: nothing went wrong or out."""
    contexts, visits = [], []

    def start(size: str = "1280x720", dark: bool = False, beside: Visit | None = None) -> Visit:
        if beside is None:
            width, height = SIZES[size]
            scheme = "dark" if dark else "light"
            contexts.append(chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme))
            contexts[-1].set_default_timeout(WAIT_MS)
        found = Visit((beside.page.context if beside else contexts[-1]).new_page())
        visits.append(found)
        return found

    OPEN.append(visits)
    yield start
    OPEN.remove(visits)
    for context in contexts:
        context.close()
    for one in visits:
        assert not one.outside, one.outside
        assert not one.problems, one.problems


def type_text(box: Any, text: str) -> None:
    """Puts a text into a box as a person does: goes there, selects what stands in it, and types."""
    box.click()
    box.press("ControlOrMeta+a")
    box.press("Delete")
    box.press_sequentially(text)
    assert box.input_value() == text


def type_into(visit: Visit, label: str, text: str) -> None:
    """Types into a box as a person does, and goes back to the gallery."""
    box = visit.page.get_by_label(label, exact=True)
    type_text(box, text)
    box.press("Tab")
    visit.page.get_by_role("listbox", name="Frames").focus()


def choose(box: Any, text: str) -> None:
    """Chooses from a drop-down with the mouse."""
    box.click()
    box.page.get_by_role("option", name=text, exact=True).click()


def drag_slider(slider: Any, value: float) -> None:
    """Moves the thumb of a slider with the mouse, in steps, to a value that it can have."""
    slider.scroll_into_view_if_needed()
    page, box = slider.page, slider.bounding_box()
    low, high, now = (float(word) for word in slider.evaluate("(e) => [e.min, e.max, e.value]"))
    middle = box["y"] + box["height"] / 2

    def at(value: float) -> float:
        share = (value - low) / (high - low)
        return float(box["x"] + THUMB_PX / 2 + (box["width"] - THUMB_PX) * share)

    page.mouse.move(at(now), middle)
    page.mouse.down()
    page.mouse.move(at(value), middle, steps=8)
    page.mouse.up()
    assert float(slider.input_value()) == pytest.approx(value)


def press_slowly(button: Any) -> None:
    """Presses a button with the mouse for as long as people do who are in no hurry."""
    button.hover()
    button.page.mouse.down()
    button.page.wait_for_timeout(PRESS_MS)
    button.page.mouse.up()
