"""The pictures of README.md and docs/: ``make tour ARGS=--pictures`` takes them anew into docs/pictures/.

A video of free photos, extracted and filtered; a drawn drive in Live Review; drawn people in Person Selection. The
photos ship inside scikit-image and are in the public domain or under CC0.
"""

from __future__ import annotations

import importlib.util
import io
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from core.pipeline.extraction import extract_records
from core.settings.extract import ExtractSettings
from core.video.encode import encode
from core.video.sample import sample_frames
from tests.browser import launch
from tests.machine import assets_folder, missing_weights
from tests.pipeline.persons.people import Walk
from tests.serving import serving
from tests.ui.persons import make_persons
from tour import drive, hands

PHOTOS = ("astronaut.png", "chelsea.png", "rocket.jpg", "coffee.png", "hubble_deep_field.jpg")
QUALITY = 80
STEPS, STEP_MS, LAST_MS = 18, 140, 2500
SMALL = (960, 540)
WALKS: list[Walk] = [
    *(
        (0, 140, 100.0, 300.0, 2.0),
        (0, 96, 900.0, 200.0, -1.0),
        (20, 90, 1300.0, 320.0, 0.5),
        (96, 149, 500.0, 260.0, 1.0),
    ),
    *((150, 280, 200.0, 300.0, 2.0), (160, 299, 1000.0, 240.0, -2.0), (200, 260, 1500.0, 200.0, 0.0)),
]
"""Persons of the picture of Person Selection."""
SAVED = ((60, "fs"), (131, "s"), (188, "ns"), (96, "us"))
"""Frames of the drive that are saved, and the keys that do it."""


def take(playwright: Any, home: Path, target: Path) -> list[Path]:
    """Takes all pictures; ``home`` is an empty folder to work in. Returns what was written into ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    video = home / "five places.mp4"
    encode(sample_frames(_photos(), 750, 640, 360), video, Fraction(25))
    drive.make(home / "drives")
    browser = launch(playwright)
    with serving(home / "downloads", "--root", str(home)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
        hands.go(page, address)
        _source(page, video, target)
        _filtering(page, target)
        page.close()
    with serving(home / "reviewed", "--root", str(home / "drives")) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
        _review(page, address, home / "drives", target)
        page.close()
    with serving(home / "chosen", "--root", str(home)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
        _persons(page, address, video, home / "chosen", target)
        page.close()
    with serving(home / "patched", "--root", str(home)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
        _patches(page, address, video, target)
        page.close()
    if missing_weights() is None:
        models = home / "models"
        models.mkdir()
        shutil.copy(assets_folder() / "models" / "yolov8n-seg.pt", models)
        with serving(home / "masked", "--root", str(home)) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light")
            _masking(page, address, video, home / "masked", target)
            page.close()
    browser.close()
    return sorted([*target.glob("*.webp"), *target.glob("*.png")])


def _photos() -> list[Path]:
    spec = importlib.util.find_spec("skimage")
    assert spec is not None
    assert spec.submodule_search_locations
    return [Path(spec.submodule_search_locations[0]) / "data" / name for name in PHOTOS]


def _source(page: Any, video: Path, target: Path) -> None:
    hands.name_source(page, video)
    hands.choose_method(page, "all")
    hands.is_looked_at(page)
    hands.extract(page)
    hands.extracting(page)
    page.wait_for_timeout(1200)
    hands.show_path_as(page, "/videos/five places.mp4")
    _shot(page, target / "source.webp")
    hands.extraction_is(page, "done")
    hands.to_filtering(page)


def _filtering(page: Any, target: Path) -> None:
    page.wait_for_timeout(1500)
    _animation(page, "Sharpness, lower bound", target / "slider.webp")
    hands.remove_duplicates(page)
    hands.view(page, "Kept")
    page.wait_for_timeout(1200)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    _shot(page, target / "filtering.webp")
    page.emulate_media(color_scheme="light")
    hands.keys(page, "ArrowRight")
    hands.enlarge(page)
    page.wait_for_timeout(1200)
    _shot(page, target / "enlarged.webp")
    hands.shrink(page)
    hands.reset_filters(page)
    hands.best_stills(page, 20)
    hands.view(page, "Kept")
    page.wait_for_timeout(1200)
    _shot(page, target / "best.webp")


def _review(page: Any, address: str, folder: Path, target: Path) -> None:
    hands.go(page, address)
    hands.open_tab(page, hands.REVIEW)
    hands.list_folder(page, folder)
    hands.folder_listed(page)
    hands.open_video(page, "drive_0412.mp4")
    hands.plays(page)
    for frame, keys in SAVED:
        hands.go_to_frame(page, frame)
        hands.review_keys(page, *keys)
    page.wait_for_timeout(2600)
    hands.show_path_as(page, "/videos/drives", "Folder of videos")
    page.screenshot(path=str(target / "live_review.png"))


def _persons(page: Any, address: str, video: Path, downloads: Path, target: Path) -> None:
    """People who are drawn, with boxes that lie beside them: no weights are wanted."""
    run = downloads / video.stem
    for _ in extract_records(video, ExtractSettings(method="every_nth", every=25), out=run):
        pass
    make_persons(run, WALKS, list(range(len(WALKS))), cuts=(150,), near=(0, 4, 0.86))
    hands.go(page, address)
    hands.open_run_of(page, video.stem)
    hands.open_tab(page, hands.PERSONS)
    hands.persons_there(page)
    for name in ("Ada", "Grace", "Emmy"):
        hands.table_keys(page, "Enter")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.wait_for_timeout(700)
    hands.table_keys(page, "Home", "Shift+ArrowDown")
    page.wait_for_timeout(1200)
    _shot(page, target / "persons.webp")


def _patches(page: Any, address: str, video: Path, target: Path) -> None:
    """Two categories of the video of photos: sample windows, and the job half done."""
    page.route("**/fs/patches/job/*", _as_elsewhere)
    hands.go(page, address)
    hands.open_tab(page, hands.PATCHES)
    hands.in_table(page, "Video or folder of video 1", str(video))
    hands.in_table(page, "Weight of category 1", "0.5")
    page.get_by_role("button", name="Add a category").click()
    hands.in_table(page, "Category of category 2", "universal")
    for number, size in enumerate(("240x240", "320x180"), 1):
        page.get_by_role("button", name="Add a format").click()
        hands.in_table(page, f"Size of format {number}", size)
    hands.set_patches(page, "base_frame_limit", "300")
    hands.preview_patches(page)
    hands.patches_previewed(page)
    page.get_by_role("button", name="Cut patches").click()
    hands.patches_written(page, 80)
    page.locator("#patches-pause").click()
    page.locator("#patches-tracker", has_text="paused").wait_for(timeout=hands.BROAD_MS)
    hands.show_path_as(page, "/videos/five places.mp4", "Video or folder of video 1")
    page.mouse.move(640, 20)
    page.wait_for_timeout(600)
    _shot(page, target / "patches.webp")


def _as_elsewhere(route: Any) -> None:
    """Another folder than that of this machine."""
    response = route.fetch()
    route.fulfill(response=response, json=response.json() | {"folder": "downloads/patches"})


def _masking(page: Any, address: str, video: Path, downloads: Path, target: Path) -> None:
    """An astronaut, found and carried through her shot by a real network."""
    for _ in extract_records(
        video, ExtractSettings(method="every_nth", every=25, thumbs=True), out=downloads / video.stem
    ):
        pass
    hands.go(page, address)
    hands.open_run_of(page, video.stem)
    hands.open_tab(page, hands.MASKING)
    hands.shots_there(page)
    hands.look_for_cuts(page)
    hands.shots_there(page, 3)
    hands.masking_rests(page)
    hands.take_masker(page, "YOLO segmentation")
    hands.point_for_me(page, "primary")
    hands.masking_rests(page)
    page.wait_for_timeout(1500)
    hands.edit_shot(page, 0)
    hands.masking_keys(page, "m")
    page.locator("#masking-strip .curve-box:visible").wait_for(timeout=2 * hands.BROAD_MS)
    hands.masking_rests(page)
    page.wait_for_timeout(1500)
    _shot(page, target / "masking.webp")


def _shot(page: Any, path: Path) -> None:
    _picture(page).save(path, quality=QUALITY, method=6)


def _picture(page: Any) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def _animation(page: Any, label: str, path: Path) -> None:
    """A slider is dragged in steps and the gallery follows."""
    box = hands.slider(page, label).bounding_box()
    left, middle = box["x"] + 7, box["y"] + box["height"] / 2
    page.mouse.move(left, middle)
    page.mouse.down()
    seen = [_picture(page)]
    for step in range(1, STEPS + 1):
        page.mouse.move(left + step * (box["width"] - 14) * 0.16 / STEPS, middle)
        page.wait_for_timeout(STEP_MS)
        seen.append(_picture(page))
    page.mouse.up()
    first, *others = [one.resize(SMALL, Image.Resampling.LANCZOS) for one in seen]
    times = [STEP_MS] * STEPS + [LAST_MS]
    first.save(path, save_all=True, append_images=others, duration=times, loop=0, quality=60, method=6)
