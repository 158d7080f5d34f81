"""Training Patches as people use it: configured by keys, looked at, cut, paused, cancelled, resumed, checked."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.pipeline.extraction import extract_records
from core.pipeline.patches import config as configuration
from core.pipeline.patches.planned import digest_of
from core.settings.extract import ExtractSettings
from core.settings.patches import PatchSettings
from core.video import images
from tests import videos
from tests.browser import Visit
from tests.machine import assets_folder
from tests.runs import core, lines
from tests.serving import serving
from tests.ui.patches import (
    PATIENCE_MS,
    TILES,
    cell,
    fold,
    knob,
    made,
    open_tab,
    patches_in,
    path,
    previewed,
    state,
)
from tests.ui.site import hold_job
from tests.ui.test_page_api import calls
from tests.videos import read_number

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WINDOWS = 300
GO = "Cut patches"


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two counting videos in one folder, and a text that is none."""
    folder = tmp_path_factory.mktemp("patches") / "media"
    folder.mkdir()
    shutil.copy(videos.build("h264-25"), folder / "one.mp4")
    shutil.copy(videos.build("h264-opengop"), folder / "two.mp4")
    (folder / "notes.txt").write_text("no video")
    return folder


@pytest.fixture(scope="module")
def served(media: Path) -> Iterator[tuple[str, Path]]:
    """Address and folder of runs of a page, with a run of the first video."""
    downloads = media.parent / "downloads"
    for _ in extract_records(media / "one.mp4", ExtractSettings(method="every_nth", every=60), out=downloads / "a run"):
        pass
    with serving(downloads, "--root", str(media)) as address:
        yield address, downloads


def configure(page: Any, media: Path, out: str) -> None:
    """Two videos, two categories, two sizes, all of it typed."""
    cell(page, "Video or folder of video 1", str(media / "one.mp4"))
    page.get_by_role("button", name="Add a video").click()
    cell(page, "Video or folder of video 2", str(media / "two.mp4"))
    cell(page, "Name of video 2", "second (2)")
    cell(page, "Own weights of video 2", "toon 1")
    page.get_by_role("button", name="Add a category").click()
    cell(page, "Category of category 2", "toon")
    cell(page, "Weight of category 2", "0.5")
    cell(page, "Wanted of category 2", "100")
    cell(page, "Weight of category 1", "0.5")
    for number, (of, name, gt) in enumerate((("master", "whole", "320x180"), ("toon", "quarter", "96x64")), 1):
        page.get_by_role("button", name="Add a format").click()
        cell(page, f"Category of format {number}", of)
        cell(page, f"Format of format {number}", name)
        cell(page, f"Size of format {number}", gt)
    knob(page, "base_frame_limit", str(WINDOWS))
    knob(page, "seed", "7")
    fold(page, "Which windows are taken")
    knob(page, "scene_diff_threshold", "255")
    knob(page, "retry_skip_seconds", "1.1")
    fold(page, "How it runs")
    knob(page, "min_free_gb", "0")
    path(page, "Folder of the patches", out)


def undisturbed(downloads: Path, out: str, to: Path) -> dict[str, bytes]:
    """The patches that the command line cuts by the configuration of a folder."""
    done = core("patches", downloads / out / "generator_config.json", "--out", to, "--min-free-gb", 0, cwd=to.parent)
    assert done.returncode == 0, done.stderr
    return patches_in(to)


def test_from_typed_keys_to_files_that_an_undisturbed_command_writes(
    served: tuple[str, Path], visit: Visitor, media: Path, tmp_path: Path
) -> None:
    address, downloads = served
    page = open_tab(visit(), address)
    configure(page, media, "typed")
    previewed(page)
    assert not (downloads / "typed").exists(), "nothing is written by a preview"
    _samples(page)
    page.get_by_role("button", name=GO).click()
    page.locator("#patches-pause").click(timeout=PATIENCE_MS)  # its process starts meanwhile: it waits soon after
    page.locator("#patches-tracker", has_text="paused").wait_for(timeout=PATIENCE_MS)
    page.locator("#jobs", has_text="paused").wait_for(timeout=PATIENCE_MS)
    knob(page, "workers", "1")
    _wish(page, downloads / "typed", {"paused": True, "workers": 1})
    page.reload()
    page.locator("#patches-tracker", has_text="paused").wait_for(timeout=PATIENCE_MS)
    expect(page.get_by_label("Own weights of video 2"), "the form is remembered").to_have_value("toon 1")
    page.locator("#patches-cancel").click()
    state(page, "cancelled")
    assert made(page, "master") + made(page, "toon") < 2 * WINDOWS, "it waited"
    page.locator("#jobs").get_by_role("button", name="Resume").click()
    page.locator("#patches-pause", has_text="Go on").click(timeout=PATIENCE_MS)
    state(page, "done")
    page.locator(".patch_tracker tr[data-category=toon] .made", has_text=re.compile(r"[1-9]")).wait_for()
    manifest = lines(downloads / "typed" / "manifest.jsonl")
    count = {name: sum(line["category"] == name for line in manifest) for name in ("master", "toon")}
    page.wait_for_function(
        "(n) => +document.querySelector('.patch_tracker tr[data-category=toon] .made').textContent === n",
        arg=count["toon"],
        timeout=PATIENCE_MS,
    )
    assert made(page, "master") == count["master"]
    assert "100" in page.locator(".patch_tracker tr[data-category=toon]").inner_text(), "its target"
    expected = undisturbed(downloads, "typed", tmp_path / "command")
    assert patches_in(downloads / "typed") == expected
    page.get_by_role("button", name="Check files").click()
    page.locator("#patches-tracker", has_text="all files are there and whole").wait_for(timeout=PATIENCE_MS)
    Path(downloads / "typed" / manifest[0]["gt"]).unlink()
    page.locator("#patches-check:not([disabled])").click()
    page.locator("#patches-tracker .error", has_text="1 file missing").wait_for(timeout=PATIENCE_MS)


def _wish(page: Any, folder: Path, wanted: dict[str, Any]) -> None:
    """Waits until what a person wants of the job stands in its folder."""
    for _ in range(100):
        if json.loads((folder / ".control.json").read_text()) == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError((folder / ".control.json").read_text())


def _samples(page: Any) -> None:
    """Twelve tiles; the number in each picture of a whole frame is the one that stands on it; keys step through."""
    tiles = page.locator(TILES)
    assert tiles.count() == 12
    text = page.locator(".patch_flipbook .amount").inner_text()
    assert f"{2 * WINDOWS} windows" in text, text
    page.locator(".patch_flipbook").get_by_role("button", name="Freeze").click()
    checked = 0
    for i in range(12):
        words = tiles.nth(i).inner_text()
        first = int(re.search(r"Frames (\d+) to (\d+)", words)[1])  # type: ignore[index]
        if "whole" not in words:
            continue
        source = tiles.nth(i).locator(".film").evaluate("(e) => e.style.backgroundImage.slice(5, -2)")
        strip = images.decode_jpeg(page.request.get(source).body())
        for k in range(7):
            assert read_number(strip[:, k * 240 : (k + 1) * 240]) == first + k
        checked += 1
    assert checked >= 2
    stage = tiles.first.get_by_role("button")
    stage.focus()
    before = int(tiles.first.get_attribute("data-frame"))
    stage.press("ArrowRight")
    assert int(tiles.first.get_attribute("data-frame")) == (before + 1) % 7
    stage.press("Enter")
    assert int(tiles.first.get_attribute("data-frame")) == (before + 2) % 7


def test_what_is_wrong_is_said_beside_it(served: tuple[str, Path], visit: Visitor, media: Path) -> None:
    address, _ = served
    page = open_tab(visit(), address)

    def refused(row: str, sentence: str) -> None:
        page.get_by_role("button", name="Preview", exact=True).click()
        said = page.get_by_role("group", name=row, exact=True).get_by_role("alert")
        said.filter(has_text=sentence).wait_for(timeout=PATIENCE_MS)

    cell(page, "Video or folder of video 1", "/etc/passwd")
    refused("video 1", "allowed folders")
    cell(page, "Video or folder of video 1", str(media / "notes.txt"))
    page.get_by_role("button", name="Preview", exact=True).click()
    page.locator(".patch_flipbook .error", has_text="notes.txt").first.wait_for(timeout=PATIENCE_MS)
    cell(page, "Video or folder of video 1", str(media))
    cell(page, "Own weights of video 1", "master much")
    refused("video 1", '"master much" is no category and weight; master 0.25, toon 1 would be some.')
    cell(page, "Own weights of video 1", "")
    cell(page, "Weight of category 1", "-1")
    group = page.get_by_role("group", name="category 1", exact=True)
    group.get_by_text("Weight: from 0 to 1,000.").wait_for()
    refused("category 1", "weight = -1 is out of range; it goes from 0 to 1000.")
    cell(page, "Weight of category 1", "1")
    page.get_by_role("button", name="Add a format").click()
    cell(page, "Format of format 1", "wide")
    cell(page, "Size of format 1", "wide")
    refused("format 1", '"wide" is no size; width x height from 8 to 16384, as in 540x540.')
    page.get_by_role("button", name="Remove format 1").click()
    knob(page, "seed", "-3")
    page.locator("#patches-seed .wrong-text", has_text="From 0").wait_for()
    knob(page, "seed", "3")
    path(page, "Folder of the patches", "/etc/patches")
    page.get_by_role("button", name="Preview", exact=True).click()
    page.locator("#patches-out .wrong-text", has_text="choose another one").wait_for(timeout=PATIENCE_MS)
    path(page, "File of the configuration", str(media / "none.json"))
    page.get_by_role("button", name="Load").click()
    page.locator("#patches-line [role=alert]", has_text="none.json").wait_for(timeout=PATIENCE_MS)


def test_a_folder_of_other_patches_is_refused_unless_begun_anew(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    address, downloads = served
    page = open_tab(visit(), address)
    cell(page, "Video or folder of video 1", str(media / "one.mp4"))
    page.get_by_role("button", name="Add a format").click()
    cell(page, "Size of format 1", "96x64")
    knob(page, "base_frame_limit", "6")
    path(page, "Folder of the patches", "other")
    page.get_by_role("button", name=GO).click()
    state(page, "done")
    first = (downloads / "other" / "generator_config.json").read_bytes()
    knob(page, "seed", "5")
    page.locator("#patches-go:not([disabled])").click()
    page.locator("#patches-out .wrong-text", has_text="holds patches of other settings").wait_for(timeout=PATIENCE_MS)
    assert (downloads / "other" / "generator_config.json").read_bytes() == first
    fold(page, "How it runs")
    page.get_by_label("Go on where it stopped").uncheck()
    page.get_by_role("button", name=GO).click()
    job = hold_job()
    state(page, "running")
    job.resume()
    state(page, "done")
    assert json.loads((downloads / "other" / "generator_config.json").read_text())["base_settings"]["seed"] == 5


def test_a_configuration_of_the_original_is_loaded_and_saved(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    address, _ = served
    original = json.loads((assets_folder() / "examples" / "patches" / "generator_config.json").read_text())
    for video, name in zip(original["videos"], ("one.mp4", "two.mp4"), strict=True):
        video["path"] = name
    (media / "original.json").write_text(json.dumps(original))
    page = open_tab(visit(), address)
    path(page, "File of the configuration", str(media / "original.json"))
    page.get_by_role("button", name="Load").click()
    page.locator("#patches-line", has_text="Loaded").wait_for(timeout=PATIENCE_MS)
    expect(page.get_by_label("Name of video 1")).to_have_value("Bed Room (2024)")
    expect(page.get_by_label("Own weights of video 2")).to_have_value("toon 1")
    page.wait_for_function("document.querySelector('#patches-base_frame_limit input').value === '30'")
    controls = page.evaluate("gradio_config.components.map((one) => one.props.elem_id)")
    lost = [name for name in PatchSettings.model_fields if f"patches-{name}" not in controls]
    assert not lost, "a configuration would lose them"
    path(page, "Folder of the patches", "saved")
    path(page, "File of the configuration", str(media / "saved.json"))
    page.get_by_role("button", name="Save").click()
    page.locator("#patches-line", has_text="Saved as").wait_for(timeout=PATIENCE_MS)
    ours, theirs = (configuration.read(media / f"{name}.json") for name in ("saved", "original"))
    assert digest_of(ours) == digest_of(theirs)
    assert [one.target for one in ours.categories.values()] == [60, 60, 20]
    assert ours.workers == theirs.workers == 2
    assert ours.settings == PatchSettings(**json.loads(theirs.settings.model_dump_json()))


def test_the_usual_video_is_that_of_the_run_and_who_wants_stillness_steps_through_it(
    served: tuple[str, Path], visit: Visitor
) -> None:
    address, _ = served
    seen = visit()
    page = seen.page
    page.emulate_media(reduced_motion="reduce")
    seen.open(address, "a run")
    page.get_by_role("button", name="Export", exact=True).first.click()
    page.get_by_role("button", name="Training patches").click()
    box = page.get_by_label("Video or folder of video 1")
    page.wait_for_function("(e) => e.placeholder.includes('a run')", arg=box.element_handle())
    page.get_by_role("button", name="Add a format").click()
    cell(page, "Size of format 1", "96x64")
    previewed(page)
    tile = page.locator(TILES).first
    assert re.match(r"one\nFrames \d+ to \d+", tile.inner_text().split("\n", 1)[1])
    expect(page.locator(".patch_flipbook").get_by_role("button", name="Play")).to_have_count(1)
    was = tile.get_attribute("data-frame")
    page.wait_for_timeout(600)
    assert tile.get_attribute("data-frame") == was
    at = tile.get_by_role("button").bounding_box()
    for x, frame in ((at["width"] - 3, "6"), (3, "0")):
        page.mouse.move(at["x"] + x, at["y"] + 20)
        page.wait_for_function(f"(e) => e.dataset.frame === '{frame}'", arg=tile.element_handle())
    cell(page, "Size of format 1", "80x64")
    page.locator(".patch_flipbook", has_text="The settings have changed since").first.wait_for()


@pytest.mark.slow
def test_programs_call_it_by_name(served: tuple[str, Path], media: Path) -> None:
    address, downloads = served
    how = {"formats": [{"gt": "96x64"}], "base_frame_limit": 8, "scene_diff_threshold": 255.0, "out": "by program"}
    answers, names = calls(
        address,
        ([str(media / "one.mp4")], {"api_name": "/patches", "categories": {"master": 0.5}, **how}),
        (["/etc/passwd"], {"api_name": "/patches"}),
        ([str(media / "one.mp4")], {"api_name": "/patches", "categories": {"master": "much"}}),
        ([str(media / "one.mp4")], {"api_name": "/patches", "lr_filter": "cubic"}),
        ("0" * 32, {"api_name": "/patches_track"}),
        ("0" * 32, {"api_name": "/patches_control", "paused": True}),
        ("nothing here", {"api_name": "/patches_verify"}),
        ("/etc", {"api_name": "/patches_verify"}),
    )
    assert {"/patches", "/patches_track", "/patches_control", "/patches_verify"} <= set(names)
    codes = ["not_allowed", "setting_type", "setting_choice", "no_job", "no_job", "no_manifest", "not_allowed"]
    assert [code for code, _ in answers[1:]] == codes, answers
    job = answers[0]["job"]
    for _ in range(60):
        (told, track), _ = calls(address, (job, {"api_name": "/job"}), (job, {"api_name": "/patches_track"}))
        if told["state"] == "done":
            break
    assert track["categories"] == [{"name": "master", "patches": 4, "wanted": 4, "target": False}], told
    assert len(lines(downloads / "by program" / "manifest.jsonl")) == 4
