"""Keys, thresholds and saves of Live Review in a real browser; what is saved is checked against FFmpeg's own decode."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.store import examples
from core.video.images import encode_jpeg, read_jpeg
from tests import videos
from tests.pipeline.test_mine import ffmpeg_frame
from tests.ui.conftest import Visit, read, serving, type_text
from tests.ui.review import cache_for, choose, frame, go_to, open_tab, press, settled, shows

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


def drag(page: Any, label: str, value: float) -> None:
    page.get_by_label(label).evaluate(
        "(e, value) => { e.value = value; e.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )


def boxes(page: Any) -> int:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return int(page.evaluate("framesieve.review.seen.length"))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def test_a_cache_beside_the_video_is_used_at_once_and_thresholds_act_on_it(page: Any) -> None:
    assert page.locator(".video.on .has").is_visible()
    assert boxes(page) == 2  # the twin overlaps by 0.75
    drag(page, "Overlap (IoU) at most", 0.8)
    assert boxes(page) == 3
    drag(page, "Overlap (IoU) at most", 0.5)
    drag(page, "Confidence at least", 0.5)
    assert boxes(page) == 1
    drag(page, "Confidence at least", 0.25)
    page.locator(".class-chips .chip", has_text="person").click()
    assert boxes(page) == 1
    page.wait_for_function("document.querySelector('.class-chips .chip b').textContent === '120'")
    assert "can only take more of them away" in page.locator(".thresholds").inner_text()
    page.keyboard.press("o")
    assert boxes(page) == 0
    page.keyboard.press("o")
    assert boxes(page) == 1


def test_every_key_does_what_the_table_says(page: Any) -> None:
    rate = "framesieve.review.player.speed"
    press(page, "ArrowRight", "ArrowRight", "ArrowLeft", "Shift+ArrowRight")
    assert frame(page) == 11
    press(page, "End")
    assert frame(page) == 119
    press(page, "Shift+ArrowLeft", "Home")
    assert frame(page) == 0
    for key, wanted in (("1", 0.5), ("2", 1), ("3", 2), ("-", 1.5), ("-", 1), ("+", 1.5)):
        page.keyboard.press(key)
        assert page.evaluate(rate) == wanted
    page.keyboard.press("h")
    assert "undo the last save" in page.locator(".keys-over").inner_text()
    page.keyboard.press("h")
    assert not page.locator(".keys-over").is_visible()
    page.keyboard.press(" ")
    page.wait_for_function("framesieve.review.player.frame > 3")
    page.keyboard.press(" ")
    assert page.evaluate("framesieve.review.player.video.paused")
    page.keyboard.press("?")
    assert "false negative" in page.locator("dialog.help").inner_text()


def test_typing_other_tabs_and_browser_shortcuts_fire_nothing(page: Any, served: tuple[str, Path]) -> None:
    go_to(page, 10)
    page.get_by_label("Weights: path of a .pt or .onnx file").focus()
    page.keyboard.type("s f n u c h o z 123 +-")
    for key in ("ArrowRight", "Home", "End"):
        page.keyboard.press(key)
    type_text(page.get_by_label("Weights: path of a .pt or .onnx file"), "")
    page.locator(".screen").focus()
    for key in ("Control+s", "Alt+s", "Meta+s", "Control+ArrowRight"):
        page.locator(".screen").dispatch_event(
            "keydown",
            {"key": key.split("+")[1], f"{key.split('+')[0].lower().replace('control', 'ctrl')}Key": True}
            | {"bubbles": True},
        )
    page.get_by_role("tab", name="Video Source").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("s")
    page.keyboard.press("ArrowRight")
    page.get_by_role("tab", name="Live Review").click()
    settled(page)
    assert frame(page) == 10
    assert page.evaluate("framesieve.review.saves.entries.length") == 0
    assert page.evaluate("framesieve.review.player.speed") == 1
    assert files(served[1]) == []
    page.keyboard.press("ArrowRight")  # the focus is not stuck on the button of the tab
    page.wait_for_function("framesieve.review.player.frame === 11")


def test_each_tag_is_saved_with_the_exact_frame_and_what_was_shown(
    page: Any, served: tuple[str, Path], folder: Path
) -> None:
    out, stem = served[1], Path(VIDEO).stem
    drag(page, "Look-alikes: bits that may differ", 0)
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
    page.wait_for_function("framesieve.review.player.frame === 31")


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
    drag(page, "Look-alikes: bits that may differ", 32)
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
    type_text(page.get_by_label("Frames to go on after a save"), "25")
    page.get_by_label("Frames to go on after a save").press("Tab")
    page.locator(".screen").focus()
    page.keyboard.press("s")
    page.wait_for_function("framesieve.review.player.frame === 25")
    box = page.get_by_label("Folder for saved frames")
    type_text(box, "/etc")
    box.press("Enter")
    page.locator(".save-to .error span").wait_for()
    assert "is not in the allowed folders" in page.locator(".save-to .error").inner_text()
    page.locator(".screen").focus()
    page.keyboard.press("s")
    settled(page)
    assert len(files(served[1])) == 4, "it still goes where it went before"


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


def test_a_cache_of_another_video_is_refused_with_the_reason(visit: Visitor, folder: Path, tmp_path: Path) -> None:
    cache_for(folder / VIDEO, [[PERSON]] * 7)
    with serving(tmp_path / "downloads", "--root", str(folder)) as address:
        page = open_tab(visit(), address, folder, VIDEO)
        assert "has detections for 7 frames, the video has 120" in page.locator(".model .error").inner_text()
        assert boxes(page) == 0
        page.goto("about:blank")  # before its server ends
