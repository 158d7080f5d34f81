"""Takes the pictures of README.md anew: a video of free photos, extracted and filtered in a real browser.

Run from the repository root: ``python docs/pictures.py``. The photos ship inside scikit-image and are in the public
domain or under CC0.
"""

from __future__ import annotations

import importlib.util
import io
import shutil
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.video.encode import encode  # noqa: E402
from core.video.sample import sample_frames  # noqa: E402
from tests.conftest import CHROMIUM_NAMES  # noqa: E402
from tests.ui.conftest import ARGS, serving  # noqa: E402

PHOTOS = ("astronaut.png", "chelsea.png", "rocket.jpg", "coffee.png", "hubble_deep_field.jpg")
TARGET = ROOT / "docs" / "pictures"
QUALITY = 80
STEPS, STEP_MS = 18, 140


def main() -> None:
    from playwright.sync_api import sync_playwright

    TARGET.mkdir(exist_ok=True)
    program = next(path for name in CHROMIUM_NAMES if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        video = Path(folder) / "five places.mp4"
        encode(sample_frames(photos(), 750, 640, 360), video, Fraction(25))
        browser = playwright.chromium.launch(executable_path=program, args=ARGS)
        with serving(Path(folder) / "downloads", "--root", folder) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
            page.goto(address)
            source(page, video)
            filtering(page)
            page.close()
        browser.close()


def photos() -> list[Path]:
    spec = importlib.util.find_spec("skimage")
    assert spec is not None
    assert spec.submodule_search_locations
    return [Path(spec.submodule_search_locations[0]) / "data" / name for name in PHOTOS]


def source(page: Any, video: Path) -> None:
    page.get_by_label("URL, path or dropped file").fill(str(video))
    page.locator(".method-card", has_text="All frames").get_by_role("radio").check()
    page.wait_for_selector(".poster img")
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    page.wait_for_function("document.querySelectorAll('.strip img').length > 8", timeout=60_000)
    page.wait_for_timeout(700)
    page.evaluate("document.querySelector('#fs-source').value = '/videos/five places.mp4'")
    page.evaluate("document.querySelector('#source .scroller').scrollTop = 0")
    shot(page, "source")
    page.wait_for_selector(".live[data-state=done]", timeout=120_000)
    page.get_by_role("button", name="Open in Filtering").click()
    page.wait_for_function("window.framesieve?.filter?.digest")


def filtering(page: Any) -> None:
    page.wait_for_timeout(1500)
    animation(page, "Sharpness, lower bound")
    page.get_by_label("Remove near-duplicates").check()
    page.evaluate("framesieve.filter.settledDigest()")
    page.get_by_role("button", name="Kept").click()
    page.wait_for_timeout(1200)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    shot(page, "filtering")
    page.emulate_media(color_scheme="light")
    page.get_by_role("listbox", name="Frames").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1200)
    shot(page, "enlarged")


def shot(page: Any, name: str) -> None:
    picture(page).save(TARGET / f"{name}.webp", quality=QUALITY, method=6)


def picture(page: Any) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def animation(page: Any, label: str) -> None:
    """A slider is dragged over 18 steps and the gallery follows."""
    box = page.get_by_label(label, exact=True).bounding_box()
    left, middle = box["x"] + 7, box["y"] + box["height"] / 2
    page.mouse.move(left, middle)
    page.mouse.down()
    seen = [picture(page)]
    for step in range(1, STEPS + 1):
        page.mouse.move(left + step * (box["width"] - 14) * 0.16 / STEPS, middle)
        page.wait_for_timeout(STEP_MS)
        seen.append(picture(page))
    page.mouse.up()
    small = [one.resize((960, 540), Image.Resampling.LANCZOS) for one in seen]
    times = [STEP_MS] * STEPS + [2500]
    small[0].save(
        TARGET / "slider.webp", save_all=True, append_images=small[1:], duration=times, loop=0, quality=60, method=6
    )


if __name__ == "__main__":
    main()
