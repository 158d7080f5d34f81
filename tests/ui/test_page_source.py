"""Video Source in a real browser: from a pasted text to a run in Filtering, and jobs that survive a reload."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import videos, web
from tests.browser import Visit, held, type_text, visiting
from tests.serving import free_port, serving
from tests.ui.site import hold_job, long_clip, read
from tests.ui.source import (
    WAIT_MS,
    begin,
    choose,
    choose_method,
    ended,
    extract,
    is_counted,
    options,
    run_of,
    unfold,
    wrong,
)

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
NAME = "my 'clip' <b>ü ${1}.mp4"


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short clip under a name that means something to pages and shells, and one that takes some seconds."""
    folder = tmp_path_factory.mktemp("media")
    shutil.copy(videos.build("h264-opengop"), folder / NAME)
    long_clip(videos.build("h264-opengop"), folder / "long.mp4")
    return folder


@pytest.fixture
def served(media: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A page over an empty folder of runs."""
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        yield address, tmp_path / "downloads"


def test_a_pasted_path_becomes_a_run_in_filtering(served: tuple[str, Path], visit: Visitor, media: Path) -> None:
    address, downloads = served
    seen = visit()
    page = begin(seen, address, f'  "{media / NAME}" ', "Every Nth frame")
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    is_counted(page)
    facts = page.locator(".about-source").inner_text()
    assert NAME in facts
    for fact in ("320 x 180", "0:04.8", "25 fps", "120", "h264"):
        assert fact in facts
    page.locator("#extract-method label.selected[data-estimate='12 frames']").wait_for(timeout=WAIT_MS)
    type_text(page.get_by_label("One frame of every"), "20")
    page.locator("#extract-method label.selected[data-estimate='6 frames']").wait_for(timeout=WAIT_MS)
    extract(page)
    ended(page)
    page.wait_for_selector(".quality")
    assert page.locator(".latest tbody tr").count() == 6
    expect(page.locator(".live .big")).to_have_text("6", use_inner_text=True)
    run = run_of(downloads)
    assert read(run.run_json)["settings"]["every"] == 20
    assert len(list(run.thumbs.iterdir())) == 6
    page.get_by_role("button", name="Open in Filtering").click()
    page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=WAIT_MS)
    assert seen.state()["kept"] == 6
    assert not page.evaluate("'pwned' in window")


def test_the_methods_stay_where_they_are_while_a_video_is_named(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    """What is told of a video has its room from the start: a click meets the method that it was meant for."""
    page = begin(visit(), served[0], "")
    page.locator(".about-source", has_text="will stand here").wait_for(timeout=WAIT_MS)
    before = page.locator("#extract-method").bounding_box()
    for name in (NAME, "long.mp4"):
        type_text(page.get_by_label("URL, path or dropped file"), str(media / name))
        assert page.locator("#extract-method").bounding_box() == before
        is_counted(page)
        assert page.locator("#extract-method").bounding_box() == before


PLACES = """() => {
  const seen = (window.places = new Set());
  const look = () => {
    const [card, table] = ['.progress-card', '.latest'].map((name) => document.querySelector(`.live ${name}`));
    const top = (node) => node.getBoundingClientRect().top;
    if (table?.checkVisibility()) seen.add(Math.round(top(table) - top(card)));
    requestAnimationFrame(look);
  };
  look();
}"""
"""Notes how far the table of frames is below the beginning of the results, at each picture of the screen."""


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_nothing_moves_when_an_extraction_ends(
    served: tuple[str, Path], visit: Visitor, media: Path, width: int, height: int
) -> None:
    """The summary has its room from the start."""
    page = begin(visit(), served[0], str(media / NAME), "Best stills, spread")
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(PLACES)
    extract(page)
    ended(page)
    page.locator(".quality rect").first.wait_for(timeout=WAIT_MS)
    page.locator(".progress-card", has_text="best of 120 frames; done").wait_for(timeout=WAIT_MS)
    assert page.evaluate("window.places.size") == 1, page.evaluate("[...window.places]")


def test_the_summary_says_the_number_above_it_before_and_after_the_records_are_read(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    page = begin(visit(), served[0], str(media / NAME), "Every Nth frame")
    with held(page, "**/fs/runs/*/columns/*"):
        extract(page)
        ended(page)
        kept = page.locator(".results dt:has-text('Kept') + dd")
        said = page.locator(".live .big").inner_text(), kept.inner_text(), page.locator(".quality rect").count()
    page.locator(".quality rect").first.wait_for(timeout=WAIT_MS)
    assert said == ("12", "12", 0)
    assert (page.locator(".live .big").inner_text(), kept.inner_text()) == ("12", "12")


def test_the_list_of_videos_has_its_room_before_a_folder_is_read(
    served: tuple[str, Path], visit: Visitor, media: Path, tmp_path: Path
) -> None:
    page = visit().page
    page.goto(served[0])
    page.get_by_role("tab", name="Live Review").click()
    page.locator("#video-list", has_text="will stand here").wait_for(timeout=WAIT_MS)
    below = page.locator("#review-weights")
    before = below.bounding_box()
    for folder, said in ((media, "long.mp4"), (media / "none", "none")):
        box = page.get_by_label("Folder of videos")
        type_text(box, str(folder))
        box.press("Enter")
        page.locator("#video-list", has_text=said).wait_for(timeout=WAIT_MS)
        assert below.bounding_box() == before


@pytest.fixture(scope="module")
def looked_at(site: Any, chromium: Any) -> Iterator[Any]:
    """One tab, into which one text is typed after the other."""
    with visiting(chromium) as start:
        seen = start()
        seen.page.goto(site.address)
        yield seen.page
        seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/etc/passwd", "not a file in the allowed folders"),
        ("../../etc/passwd", "not a file in the allowed folders"),
        ("concat:a.mp4|b.mp4", "only http, https and files"),
        ("javascript:alert(1)", "only http, https and files"),
        ("a\x01b", "control character"),
    ],
)
def test_what_may_not_be_opened_is_refused_in_one_sentence(looked_at: Any, text: str, sentence: str) -> None:
    page = looked_at
    type_text(page.get_by_label("URL, path or dropped file"), text)
    page.locator("#source-file [role=alert]", has_text=sentence).wait_for(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Extract & Analyze Frames")).to_be_disabled()


def test_a_reload_in_the_middle_attaches_again_and_cancel_ends_it(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    address, downloads = served
    seen = visit()
    page = begin(seen, address, str(media / "long.mp4"), "All frames")
    extract(page)
    page.wait_for_function("document.querySelectorAll('.latest tbody tr').length > 3", timeout=WAIT_MS)
    page.reload()
    page.wait_for_selector(".live[data-state=running]", timeout=WAIT_MS)
    page.wait_for_function("document.querySelectorAll('.latest tbody tr').length > 3", timeout=WAIT_MS)
    other = visit(beside=seen)
    other.page.goto(address)
    other.page.wait_for_selector(".live[data-state=running]", timeout=WAIT_MS)
    stranger = visit()
    stranger.page.goto(address)
    stranger.page.get_by_label("URL, path or dropped file").wait_for(timeout=WAIT_MS)
    said = "Nothing of yours is running; another browser has 1 job."
    stranger.page.locator("#jobs", has_text=said).wait_for(timeout=WAIT_MS)
    assert stranger.page.locator("#jobs").get_by_role("button", name="Cancel").count() == 0
    expect(stranger.page.get_by_label("URL, path or dropped file")).to_have_value("")
    page.locator("#jobs").get_by_role("button", name="Cancel").click()
    ended(page, "cancelled")
    ended(other.page, "cancelled")
    recorded = run_of(downloads).metadata.read_bytes().count(b"\n")
    assert 0 < recorded < 41 * 120
    page.locator("#jobs").get_by_role("button", name="Resume").click()
    page.wait_for_selector(".live[data-state=running]", timeout=WAIT_MS)
    page.locator("#jobs").get_by_role("button", name="Cancel").click()
    ended(page, "cancelled")
    assert run_of(downloads).metadata.read_bytes().count(b"\n") >= recorded


def test_a_restarted_server_offers_resume(visit: Visitor, media: Path, tmp_path: Path) -> None:
    downloads, port = tmp_path / "downloads", str(free_port())  # whose jobs they are is known by the address
    seen = visit()
    with serving(downloads, "--root", str(media), port=port) as address:
        page = begin(seen, address, str(media / "long.mp4"), "All frames")
        extract(page)
        page.wait_for_function("document.querySelectorAll('.latest tbody tr').length > 3", timeout=WAIT_MS)
        page.goto("about:blank")
    with serving(downloads, "--root", str(media), port=port) as address:
        page.goto(address)
        ended(page, "interrupted")
        page.locator("#jobs").get_by_role("button", name="Resume").click()
        page.wait_for_selector(".live[data-state=running]", timeout=WAIT_MS)
        page.locator("#jobs").get_by_role("button", name="Cancel").click()
        ended(page, "cancelled")
        page.goto("about:blank")


def test_an_address_is_asked_only_after_a_click_then_downloaded_and_extracted(
    served: tuple[str, Path], visit: Visitor
) -> None:
    address, downloads = served
    with web.serve() as site:
        site.pages["/clip.mp4"] = web.Page(videos.build("h264-opengop"))
        seen = visit()
        page = begin(seen, address, f"{site.url}/clip.mp4", "Key frames")
        page.get_by_role("button", name="Look it up").wait_for(timeout=WAIT_MS)
        assert site.asked == []
        page.get_by_role("button", name="Look it up").click()
        page.locator(".source-title", has_text="clip").wait_for(timeout=WAIT_MS)
        page.get_by_role("button", name="Extract & Analyze Frames").click()
        ended(page)
    expect(page.locator(".live .big")).to_have_text("5", use_inner_text=True)
    assert list(downloads.glob("clip *.mp4"))
    assert not list(downloads.glob(".job-*"))


def test_a_reload_in_the_middle_of_a_download_attaches_again(served: tuple[str, Path], visit: Visitor) -> None:
    address, downloads = served
    with web.serve() as site:
        size = videos.build("h264-opengop").stat().st_size
        site.pages["/slow.mp4"] = web.Page(videos.build("h264-opengop"), stall_after=size // 2)
        seen = visit()
        page = begin(seen, address, f"{site.url}/slow.mp4")
        page.get_by_role("button", name="Look it up").wait_for(timeout=WAIT_MS)
        page.get_by_role("button", name="Extract & Analyze Frames").click()
        page.wait_for_selector(".live[data-state=running]", timeout=WAIT_MS)
        page.wait_for_function("document.querySelector('#jobs').innerText.includes('picture')", timeout=WAIT_MS)
        page.reload()
        page.wait_for_selector(".live[data-state=running]", timeout=WAIT_MS)
        assert list(downloads.glob(".job-*/jobs/*.jsonl"))
        page.locator("#jobs").get_by_role("button", name="Cancel").click()
        ended(page, "cancelled")


def test_an_upload_is_a_source_and_one_over_the_limit_is_refused(
    served: tuple[str, Path], visit: Visitor, media: Path, tmp_path: Path
) -> None:
    address, downloads = served
    page = visit().page
    page.goto(address)
    page.locator("#source-file input[type=file]").set_input_files(media / NAME)
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    (uploaded,) = (downloads / "uploads").iterdir()
    assert uploaded.read_bytes() == (media / NAME).read_bytes()
    assert not set(uploaded.name) & set("<>$'")


def test_several_videos_are_extracted_one_after_the_other(
    served: tuple[str, Path], visit: Visitor, media: Path, tmp_path: Path
) -> None:
    address, downloads = served
    page = visit().page
    page.goto(address)
    paths = [shutil.copy(videos.build("h264-opengop"), tmp_path / name) for name in ("one.mp4", "two.mp4")]
    page.locator("#source-file input[type=file]").set_input_files(paths)
    page.locator(".source-title", has_text="2 videos, one after the other").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    job = hold_job()
    page.locator("#jobs", has_text="waiting").wait_for(timeout=WAIT_MS)
    job.resume()
    page.wait_for_function("document.querySelector('#jobs').innerText.includes('done')", timeout=WAIT_MS)
    runs = sorted(path.parent.name for path in downloads.glob("*/run.json"))
    assert runs == ["one", "two"]


def test_an_extraction_that_waits_behind_another_is_followed(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    page = begin(visit(), served[0], str(media / "long.mp4"), "All frames")
    extract(page)
    page.wait_for_selector(".live[data-state=running]", timeout=WAIT_MS)
    type_text(page.get_by_label("URL, path or dropped file"), str(media / NAME))
    page.locator(".source-title", has_text=NAME).wait_for(timeout=WAIT_MS)
    choose_method(page, "Key frames")
    extract(page)
    page.wait_for_selector(".live[data-state=queued]", timeout=WAIT_MS)
    page.locator("#jobs").get_by_role("button", name="Cancel").first.click()
    ended(page)
    expect(page.locator(".live .big")).to_have_text("5", use_inner_text=True)


def test_presets_are_saved_loaded_reset_deleted_and_brought_back(served: tuple[str, Path], visit: Visitor) -> None:
    page = visit().page
    page.goto(served[0])
    choose(page, "Preset", "super-resolution", "#source")
    interval = page.get_by_label("One frame every")
    expect(interval).to_have_value("0.5")
    type_text(interval, "0.75")
    presets = page.locator("#source .presets")
    expect(presets.get_by_role("button", name="Delete")).to_be_disabled()
    presets.get_by_role("button", name="Save").first.click()
    type_text(page.get_by_label("Name of the preset"), "mine")
    page.get_by_label("Name of the preset").press("Enter")
    page.get_by_text("Saved as mine.").wait_for()
    presets.get_by_role("button", name="Reset").click()
    page.locator("#extract-method label.selected", has_text="Key frames").wait_for(timeout=WAIT_MS)
    page.reload()
    choose(page, "Preset", "mine", "#source")
    expect(interval).to_have_value("0.75")
    presets.get_by_role("button", name="Delete").click()
    page.get_by_text("mine is deleted.").wait_for()
    assert not (served[1] / ".presets" / "mine.json").exists()
    presets.get_by_role("button", name="Undo").click()
    expect(presets.get_by_label("Preset")).to_have_value("mine")
    assert "mine" in options(page, "Preset")
    expect(presets.get_by_role("button", name="Delete")).to_be_enabled()


def test_a_wrong_number_is_refused_beside_its_box(served: tuple[str, Path], visit: Visitor, media: Path) -> None:
    page = begin(visit(), served[0], str(media / NAME), "Every few seconds")
    box = page.get_by_label("One frame every")
    type_text(box, "-3")
    assert wrong(page, "interval") == "From 0.001 to 86,400."
    expect(box).to_have_attribute("aria-invalid", "true")
    extract(page)
    expect(box).to_be_focused()
    assert page.locator("#jobs").inner_text().startswith("Nothing is running.")
    box.press("ControlOrMeta+a")
    box.press("Delete")
    box.press("x")  # a box of numbers takes no letters
    expect(box).to_have_value("")
    type_text(box, "0.5")
    page.locator("#extract-interval .wrong-text", has_text="From").wait_for(state="hidden")
    choose_method(page, "Every Nth frame")
    type_text(page.get_by_label("One frame of every"), "2.5")
    assert wrong(page, "every") == "A whole number is wanted."


def test_what_was_chosen_is_there_after_a_reload(served: tuple[str, Path], visit: Visitor, media: Path) -> None:
    page = begin(visit(), served[0], str(media / NAME), "Every few seconds")
    type_text(page.get_by_label("One frame every"), "0.5")
    unfold(page, "Pre-filters")
    type_text(page.get_by_label("Contrast at least"), "12")
    unfold(page, "Format and files")
    page.get_by_label("PNG instead of JPEG").check()
    page.get_by_label("Reuse an earlier run with the same settings").uncheck()
    page.reload()
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    expect(page.get_by_label("URL, path or dropped file")).to_have_value(str(media / NAME))
    expect(page.get_by_label("One frame every")).to_have_value("0.5")
    unfold(page, "Pre-filters")
    expect(page.get_by_label("Contrast at least")).to_have_value("12")
    expect(page.get_by_label("Sharpness at least")).to_have_value("")
    unfold(page, "Format and files")
    expect(page.get_by_label("PNG instead of JPEG")).to_be_checked()
    expect(page.get_by_label("Reuse an earlier run with the same settings")).not_to_be_checked()


@pytest.mark.parametrize("last", ["One frame every", "Reuse an earlier run with the same settings"])
def test_what_was_changed_in_the_moment_when_the_page_was_left_is_there(
    served: tuple[str, Path], visit: Visitor, media: Path, last: str
) -> None:
    page = begin(visit(), served[0], str(media / NAME), "Every few seconds")
    type_text(page.get_by_label("One frame every"), "0.5")
    unfold(page, "Format and files")
    name, key = ("input", "7") if "frame" in last else ("change", "Space")
    page.get_by_label(last).focus()
    with page.expect_navigation():
        page.evaluate(f"addEventListener('{name}', () => location.assign('about:blank'))")
        page.keyboard.press(key)
    page.goto(served[0])
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=WAIT_MS)
    unfold(page, "Format and files")
    expect(page.get_by_label("One frame every")).to_have_value("0.57" if name == "input" else "0.5")
    expect(page.get_by_label("Reuse an earlier run with the same settings")).to_be_checked(checked=name == "input")


def test_what_an_earlier_page_remembered_is_read(served: tuple[str, Path], visit: Visitor, media: Path) -> None:
    kept = {"text": str(media / NAME), "settings": {"method": "interval", "interval": 3, "min": {"contrast": 4}}}
    kept |= {"max_height": "720", "resume": False}
    page = visit().page
    page.add_init_script(
        f"""localStorage.getItem("framesieve.source") ??
        localStorage.setItem("framesieve.source", {json.dumps(json.dumps(kept))})"""
    )
    page.goto(served[0])
    page.locator("#extract-method label.selected", has_text="Every few seconds").wait_for(timeout=WAIT_MS)
    expect(page.get_by_label("One frame every")).to_have_value("3")
    unfold(page, "Pre-filters")
    expect(page.get_by_label("Contrast at least")).to_have_value("4")
    expect(page.get_by_label("Reuse an earlier run with the same settings")).not_to_be_checked()


def test_arrows_choose_the_method_and_the_form_is_one_tab_stop_each(served: tuple[str, Path], visit: Visitor) -> None:
    page = visit().page
    page.goto(served[0])
    page.locator("#extract-method input[name=extract-method]").nth(4).wait_for(timeout=WAIT_MS)
    page.locator("#extract-method").get_by_role("radio", checked=True).focus()
    for name in ("Every few seconds", "Scene changes", "Every Nth frame"):
        page.keyboard.press("ArrowDown")
        page.locator("#extract-method label.selected", has_text=name).wait_for(timeout=WAIT_MS)
    for name in ("Scene changes", "Every few seconds"):
        page.keyboard.press("ArrowUp")
        page.locator("#extract-method label.selected", has_text=name).wait_for(timeout=WAIT_MS)
    expect(page.get_by_label("One frame every")).to_be_visible()  # a moment after its method is chosen
    page.keyboard.press("Tab")
    expect(page.get_by_label("One frame every")).to_be_focused()


def test_a_server_that_ends_is_said_and_found_again(visit: Visitor, media: Path, tmp_path: Path) -> None:
    seen = visit()
    seen.stays = True
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        seen.page.goto(address)
        seen.page.get_by_label("URL, path or dropped file").wait_for(timeout=WAIT_MS)
    seen.page.get_by_text("The server does not answer; this page tries again.").wait_for(timeout=WAIT_MS)
    seen.problems.clear()
