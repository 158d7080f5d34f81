"""Keys, thresholds and saves of Live Review in a real browser; what is saved is checked against FFmpeg's own decode."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.store import examples
from core.video.images import encode_jpeg, read_jpeg
from tests import videos
from tests.browser import Visit, type_text
from tests.reference import ffmpeg_frame
from tests.serving import serving
from tests.ui.review import (
    ALIKE,
    WAIT_MS,
    WEIGHTS,
    at_frame,
    cache_for,
    choose,
    frame,
    go_to,
    open_tab,
    press,
    set_slider,
    settled,
    shows,
    shows_boxes,
)
from tests.ui.site import read

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
VIDEO = "clip ${1} <b>.mp4"
PERSON, WEAK, TWIN = (0, 0.9, 0.1, 0.5, 0.4, 0.9), (1, 0.3, 0.5, 0.5, 0.7, 0.8), (0, 0.8, 0.1, 0.5, 0.4, 0.8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clip with a cache in the layout of the original tool: in each frame a person twice, and a weak car."""
    place = tmp_path / "videos"
    place.mkdir()
    shutil.copy(videos.build("h264-25"), place / VIDEO)
    cache_for(place / VIDEO, [[PERSON, WEAK, TWIN]] * videos.FRAMES)
    return place


@pytest.fixture
def served(folder: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The page, and the folder for saved frames."""
    with serving(tmp_path / "downloads", "--root", str(folder)) as address:
        yield address, tmp_path / "downloads" / "hard_examples"


@pytest.fixture
def page(served: tuple[str, Path], folder: Path, visit: Visitor) -> Iterator[Any]:
    seen = visit()
    yield open_tab(seen, served[0], folder, VIDEO)
    # a refusal is a line in the browser's console too; the sentence on the page is what counts
    seen.problems[:] = [text for text in seen.problems if "the server responded with a status of 4" not in text]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def test_a_cache_beside_the_video_is_used_at_once_and_thresholds_act_on_it(page: Any) -> None:
    assert page.locator(".video.on .has").is_visible()
    shows_boxes(page, 2)  # the twin overlaps by 0.75
    set_slider(page, "Overlap (IoU) at most", 0.8)
    shows_boxes(page, 3)
    set_slider(page, "Overlap (IoU) at most", 0.5)
    set_slider(page, "Confidence at least", 0.5)
    shows_boxes(page, 1)
    set_slider(page, "Confidence at least", 0.25)
    page.get_by_role("button", name="Hide person").click()
    shows_boxes(page, 1)
    page.locator(".class-chips .amount", has_text=re.compile("^120$")).first.wait_for(timeout=WAIT_MS)
    expect(page.locator("#thinned")).to_contain_text("can only take more of them away", use_inner_text=True)
    page.keyboard.press("o")
    page.locator(".boxes-note", has_text="boxes are off").wait_for(timeout=WAIT_MS)
    page.keyboard.press("o")
    shows_boxes(page, 1)


def test_every_key_does_what_the_table_says(page: Any) -> None:
    rate = page.get_by_label("Speed")
    press(page, "ArrowRight", "ArrowRight", "ArrowLeft", "Shift+ArrowRight")
    assert frame(page) == 11
    press(page, "End")
    assert frame(page) == 119
    press(page, "Shift+ArrowLeft", "Home")
    assert frame(page) == 0
    for key, wanted in (("1", "0.5"), ("2", "1"), ("3", "2"), ("-", "1.5"), ("-", "1"), ("+", "1.5")):
        page.keyboard.press(key)
        expect(rate).to_have_value(wanted)
    page.keyboard.press("h")
    expect(page.locator(".keys-over")).to_contain_text("undo the last save", use_inner_text=True)
    page.keyboard.press("h")
    expect(page.locator(".keys-over")).to_be_hidden()
    page.keyboard.press(" ")
    page.locator(".where", has_text=re.compile(r"^frame ([4-9]|\d\d+) of ")).wait_for(timeout=WAIT_MS)
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play (Space)").wait_for(timeout=WAIT_MS)
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_contain_text("false negative", use_inner_text=True)


def test_typing_other_tabs_and_browser_shortcuts_fire_nothing(page: Any, served: tuple[str, Path]) -> None:
    go_to(page, 10)
    page.get_by_label(WEIGHTS, exact=True).focus()
    page.keyboard.type("s f n u c h o z 123 +-")
    for key in ("ArrowRight", "Home", "End"):
        page.keyboard.press(key)
    type_text(page.get_by_label(WEIGHTS, exact=True), "")
    page.locator(".screen").focus()
    for key in ("Control+s", "Alt+s", "Meta+s", "Control+ArrowRight"):
        page.keyboard.press(key)
    page.get_by_role("tab", name="Video Source").click()
    page.keyboard.press("s")
    page.keyboard.press("ArrowRight")
    page.get_by_role("tab", name="Live Review").click()
    settled(page)
    assert frame(page) == 10
    assert page.locator(".saved-strip .card").count() == 0
    expect(page.get_by_label("Speed")).to_have_value("1")
    assert files(served[1]) == []
    page.keyboard.press("ArrowRight")  # the focus is not stuck on the button of the tab
    at_frame(page, 11)


def test_each_tag_is_saved_with_the_exact_frame_and_what_was_shown(
    page: Any, served: tuple[str, Path], folder: Path
) -> None:
    out, stem = served[1], Path(VIDEO).stem
    set_slider(page, ALIKE, 0)
    for wanted, keys in ((7, "fs"), (31, "ns"), (63, "us"), (95, "fcs"), (118, "sf")):
        go_to(page, wanted)
        for key in keys:
            page.keyboard.press(key)
    settled(page)
    tags = {7: "false_positive", 31: "false_negative", 63: "uncertain", 95: None, 118: "false_positive"}
    assert files(out) == sorted(f"{stem}_f{n:06d}.{kind}" for n in tags for kind in ("jpg", "json"))
    for wanted, tag in tags.items():
        picture = out / f"{stem}_f{wanted:06d}.jpg"
        said = read(examples.sidecar_of(picture))
        assert (said["frame_index"], said["tag"], said["video_path"]) == (wanted, tag, str(folder / VIDEO))
        assert said["timestamp_s"] == pytest.approx(wanted / 25)
        assert [p["class_name"] for p in said["predictions"]] == ["person", "car"]
        assert said["predictions"][0]["box_xyxy"] == pytest.approx([32, 90, 128, 162], abs=0.3)
        assert picture.read_bytes() == encode_jpeg(ffmpeg_frame(str(folder / VIDEO), wanted), 95)
        assert videos.read_number(read_jpeg(picture)) == wanted
    cards = page.locator(".saved-strip .card")
    assert cards.count() == 5
    cards.nth(1).click()
    at_frame(page, 31)


def test_undo_a_look_alike_and_a_second_press(page: Any, served: tuple[str, Path], folder: Path) -> None:
    out = served[1]
    go_to(page, 40)
    page.keyboard.press("s")
    page.keyboard.press("z")
    assert page.locator(".saved-strip .card").count() == 0
    settled(page)
    assert files(out) == []
    page.keyboard.press("s")
    settled(page)
    assert len(files(out)) == 2
    page.keyboard.press("s")
    settled(page)
    assert "Frame 40 is saved already. Press S again" in page.locator(".flash").inner_text()
    set_slider(page, ALIKE, 32)
    press(page, "ArrowRight")
    page.keyboard.press("s")
    settled(page)
    assert "Frame 41 is too like frame 40. Press S again" in page.locator(".flash").inner_text()
    page.keyboard.press("s")
    settled(page)
    assert len(files(out)) == 4
    page.keyboard.press("z")
    settled(page)
    assert len(files(out)) == 2
    press(page, "ArrowLeft")
    assert frame(page) == 40
    page.keyboard.press("u")
    page.keyboard.press("s")
    settled(page)
    assert read(out / f"{Path(VIDEO).stem}_f000040.json")["tag"] == "uncertain"
    page.reload()
    again = open_tab_again(page, folder)
    assert again.locator(".saved-strip .card").count() == 1
    again.keyboard.press("z")
    assert "nothing to undo" in again.locator(".flash").inner_text()


def open_tab_again(page: Any, folder: Path) -> Any:
    page.get_by_role("tab", name="Live Review").click()
    page.locator(".video").first.wait_for()
    choose(page, VIDEO)
    shows(page)
    page.locator(".saved-strip .card").wait_for()
    return page


def test_skipping_after_a_save_and_a_folder_that_is_not_allowed(page: Any, served: tuple[str, Path]) -> None:
    type_text(page.get_by_label("After a save, go on by"), "25")
    page.get_by_label("After a save, go on by").press("Tab")
    page.locator(".screen").focus()
    page.keyboard.press("s")
    at_frame(page, 25)
    box = page.get_by_label("Folder for saved frames")
    type_text(box, "/etc")
    box.press("Enter")
    page.locator("#output-wrong .error span").wait_for()
    expect(page.locator("#output-wrong .error")).to_contain_text("is not in the allowed folders", use_inner_text=True)
    page.locator(".screen").focus()
    page.keyboard.press("s")
    settled(page)
    assert len(files(served[1])) == 4, "it still goes where it went before"


def test_a_reload_begins_with_the_folders_that_were_accepted_last(page: Any, folder: Path) -> None:
    page.keyboard.press("s")
    settled(page)
    videos_of, output = page.get_by_label("Folder of videos"), page.get_by_label("Folder for saved frames")
    accepted = output.input_value()
    for box, line in ((output, "#output-wrong .error"), (videos_of, ".video_list .error")):
        type_text(box, "/etc")
        box.press("Enter")
        page.locator(line).wait_for(timeout=WAIT_MS)
    page.reload()
    page.get_by_role("tab", name="Live Review").click()
    page.locator(".video", has_text=VIDEO).wait_for(timeout=WAIT_MS)
    shows(page)
    page.locator(".saved-strip .card").wait_for(timeout=WAIT_MS)
    expect(videos_of).to_have_value(str(folder))
    expect(output).to_have_value(accepted)
    assert not page.locator("#review .error").locator("visible=true").count()


def test_a_folder_without_permission_is_one_sentence_and_the_page_goes_on(
    page: Any, served: tuple[str, Path], visit: Visitor
) -> None:
    served[1].write_text("a file where the folder would be")
    page.keyboard.press("s")
    settled(page)
    assert "could not be written" in page.locator(".flash").inner_text()
    assert page.locator(".saved-strip .card").count() == 0
    served[1].unlink()
    page.keyboard.press("s")
    settled(page)
    assert len(files(served[1])) == 2


def test_a_cache_of_another_video_is_refused_with_the_reason(
    serve: Callable[..., str], visit: Visitor, folder: Path, tmp_path: Path
) -> None:
    cache_for(folder / VIDEO, [[PERSON]] * 7)
    page = open_tab(visit(), serve(tmp_path / "downloads", "--root", str(folder)), folder, VIDEO)
    expect(page.locator("#weights-wrong .error")).to_contain_text(
        "has detections for 7 frames, the video has 120", use_inner_text=True
    )
    page.locator(".boxes-note", has_text="no boxes yet").wait_for(timeout=WAIT_MS)


# --- searching, and what the tab says


DOG = 2


@pytest.fixture
def rare(folder: Path) -> str:
    """A clip with a person in each frame, and a dog in three: in one of them the model is not sure of it."""
    shutil.copy(videos.build("h264-25"), folder / "rare.mp4")
    dogs = {10: 0.9, 50: 0.4, 90: 0.9}
    rows = [[PERSON, *([(DOG, dogs[n], 0.5, 0.1, 0.7, 0.3)] if n in dogs else [])] for n in range(videos.FRAMES)]
    cache_for(folder / "rare.mp4", rows)
    return "rare.mp4"


def strip_says(page: Any, text: str) -> None:
    page.locator("#timeline .found", has_text=re.compile(f"^{text}$")).wait_for(timeout=WAIT_MS)


def test_a_click_on_a_class_and_two_keys_go_to_the_frames_that_the_strip_counts(
    rare: str, served: tuple[str, Path], folder: Path, visit: Visitor
) -> None:
    page = open_tab(visit(), served[0], folder, rare)
    strip_says(page, "120 frames with boxes")
    page.locator(".class-chips .chip", has_text="dog").click()
    at_frame(page, 10)
    strip_says(page, "3 frames with dog")
    for key, wanted in ((".", 50), (".", 90), (",", 50), (",", 10)):
        page.keyboard.press(key)
        at_frame(page, wanted)
    page.keyboard.press(",")
    page.locator(".flash", has_text="No earlier frame with dog").wait_for(timeout=WAIT_MS)
    page.get_by_label("What the strip shows").select_option(label="Lowest confidence")
    strip_says(page, "1 frame ?")
    page.keyboard.press(".")
    at_frame(page, 50)
    type_text(page.get_by_label("Find frames under"), "0.95")
    strip_says(page, "3 frames ?")
    page.get_by_role("button", name="Next of these frames").click()
    at_frame(page, 90)
    page.get_by_role("button", name="All classes").click()
    strip_says(page, "120 frames ?")


def test_the_scale_of_the_strip_is_of_the_video_that_is_shown(page: Any, folder: Path, rare: str) -> None:
    scale = page.locator("#timeline .scale")
    scale.filter(has_text="0 to 2").wait_for(timeout=WAIT_MS)
    cache_for(folder / rare, [[PERSON, TWIN, WEAK, (DOG, 0.9, 0.7, 0.1, 0.9, 0.3)]] * videos.FRAMES)
    page.get_by_role("button", name="List").click()
    choose(page, rare)
    shows(page)
    scale.filter(has_text="0 to 3").wait_for(timeout=WAIT_MS)
    (folder / "plain.mp4").write_bytes((folder / rare).read_bytes())
    page.get_by_role("button", name="List").click()
    choose(page, "plain.mp4")
    shows(page)
    page.locator(".boxes-note", has_text="no boxes yet").wait_for(timeout=WAIT_MS)
    expect(scale).to_have_text("", use_inner_text=True)


def test_the_line_above_says_which_video_and_frame_is_shown(page: Any) -> None:
    go_to(page, 65)
    expect(page.locator(".film-name")).to_have_text(VIDEO, use_inner_text=True)
    expect(page.locator(".where")).to_have_text("frame 65 of 120, 0:02.600", use_inner_text=True)


def test_videos_below_the_folder_are_listed_searched_and_say_how_many_are_saved(page: Any, folder: Path) -> None:
    (folder / "night").mkdir()
    for number in range(6):
        shutil.copy(videos.build("tiny"), folder / "night" / f"scene {number}.mp4")
    page.keyboard.press("s")
    settled(page)
    page.locator(".video.on", has_text="1 saved").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="List").click()
    page.locator(".video", has_text="night/").first.wait_for(timeout=WAIT_MS)
    expect(page.locator(".video")).to_have_count(7)
    expect(page.locator(".video", has_text="1 saved")).to_have_count(1)
    type_text(page.get_by_label("Search the videos"), "night 3")
    page.wait_for_function("document.querySelectorAll('.video').length === 1")
    expect(page.locator(".video")).to_contain_text("scene 3.mp4", use_inner_text=True)


def test_weights_that_are_refused_say_so_again_after_a_reload(
    page: Any, folder: Path, served: tuple[str, Path]
) -> None:
    box, wrong = page.get_by_label(WEIGHTS, exact=True), page.locator("#weights-wrong .error")
    type_text(box, str(folder / "absent.pt"))
    box.press("Enter")
    for again in (False, True):
        if again:
            page.reload()
            page.get_by_role("tab", name="Live Review").click()
        wrong.filter(has_text="there are no weights").wait_for(timeout=WAIT_MS)
        page.locator("#detections", has_text="These weights cannot be used").first.wait_for(timeout=WAIT_MS)
        expect(page.get_by_role("button", name="Precompute")).to_be_disabled()
