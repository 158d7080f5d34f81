"""Video Source in a real browser: from a pasted text to a run in Filtering, and jobs that survive a reload."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.store.run import RunDir
from tests import videos, web
from tests.ui.conftest import Visit, free_port, read, serving, type_text

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
NAME = "my 'clip' <b>ü ${1}.mp4"
WAIT_MS = 30_000


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short clip under a name that means something to pages and shells, and one that takes some seconds."""
    folder = tmp_path_factory.mktemp("media")
    shutil.copy(videos.build("h264-opengop"), folder / NAME)
    long_clip(videos.build("h264-opengop"), folder / "long.mp4")
    return folder


def long_clip(source: Path, path: Path) -> None:
    """The same pictures many times over, without encoding them again."""
    import subprocess

    from core.video.command import ffmpeg_path

    argv = [ffmpeg_path(), "-v", "error", "-stream_loop", "40", "-i", str(source), "-c", "copy", "-y", str(path)]
    subprocess.run(argv, check=True, timeout=60)


@pytest.fixture
def served(media: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A page over an empty folder of runs."""
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        yield address, tmp_path / "downloads"


def begin(seen: Visit, address: str, source: str, method: str | None = None) -> Any:
    """Opens the page, names the source and chooses the method."""
    page = seen.page
    page.goto(address)
    box = page.get_by_label("URL, path or dropped file")
    box.wait_for(timeout=WAIT_MS)
    type_text(box, source)
    if method is not None:
        page.locator(".method-card", has_text=method).get_by_role("radio").check()
    return page


def extract(page: Any) -> None:
    page.wait_for_selector(".poster img", timeout=WAIT_MS)
    page.get_by_role("button", name="Extract & Analyze Frames").click()


def ended(page: Any, state: str = "done") -> None:
    page.wait_for_selector(f".live[data-state={state}]", timeout=WAIT_MS)


def run_of(downloads: Path) -> RunDir:
    return RunDir(next(downloads.glob("*/run.json")).parent)


def test_a_pasted_path_becomes_a_run_in_filtering(served: tuple[str, Path], visit: Visitor, media: Path) -> None:
    address, downloads = served
    seen = visit()
    page = begin(seen, address, f'  "{media / NAME}" ', "Every Nth frame")
    page.wait_for_selector(".poster img", timeout=WAIT_MS)
    facts = page.locator(".about-source").inner_text()
    assert NAME in facts
    for fact in ("320 x 180", "0:04.8", "25 fps", "120", "h264"):
        assert fact in facts
    assert "about 12 frames" in page.locator(".method-card.on").inner_text()
    type_text(page.get_by_label("One frame of every"), "20")
    assert "about 6 frames" in page.locator(".method-card.on").inner_text()
    extract(page)
    ended(page)
    page.wait_for_selector(".quality")
    assert page.locator(".latest tbody tr").count() == 6
    assert page.locator(".live .big").inner_text() == "6"
    run = run_of(downloads)
    assert read(run.run_json)["settings"]["every"] == 20
    assert len(list(run.thumbs.iterdir())) == 6
    page.get_by_role("button", name="Open in Filtering").click()
    page.wait_for_function("window.framesieve?.filter?.digest", timeout=WAIT_MS)
    assert seen.state()["kept"] == 6
    assert not page.evaluate("'pwned' in window")


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
def test_what_may_not_be_opened_is_refused_in_one_sentence(site: Any, visit: Visitor, text: str, sentence: str) -> None:
    seen = visit()
    page = begin(seen, site.address, text)
    page.locator(".source-box .error span").wait_for(timeout=WAIT_MS)
    assert sentence in page.locator(".source-box .error").inner_text()
    assert page.get_by_role("button", name="Extract & Analyze Frames").is_disabled()
    seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]


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
    stranger.page.locator("#jobs", has_text="Nothing is running.").wait_for(timeout=WAIT_MS)
    assert stranger.page.get_by_label("URL, path or dropped file").input_value() == ""
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
    assert page.locator(".live .big").inner_text() == "5"
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
    page.locator("input[type=file]").set_input_files(media / NAME)
    page.wait_for_selector(".poster img", timeout=WAIT_MS)
    (uploaded,) = (downloads / "uploads").iterdir()
    assert uploaded.read_bytes() == (media / NAME).read_bytes()
    assert not set(uploaded.name) & set("<>$'")


def test_presets_are_saved_loaded_reset_and_deleted(served: tuple[str, Path], visit: Visitor) -> None:
    page = visit().page
    page.goto(served[0])
    preset = page.get_by_label("Preset", exact=True)
    preset.locator("option", has_text="stills").wait_for(state="attached", timeout=WAIT_MS)
    preset.select_option("stills")
    assert page.get_by_label("One frame every").input_value() == "0.25"
    type_text(page.get_by_label("One frame every"), "0.75")
    presets = page.locator(".presets")
    presets.get_by_role("button", name="Save").first.click()
    type_text(page.get_by_label("Name of the preset"), "mine")
    page.get_by_label("Name of the preset").press("Enter")
    page.get_by_text("Saved as mine.").wait_for()
    presets.get_by_role("button", name="Reset").click()
    assert page.locator(".method-card.on").inner_text().startswith("Key frames")
    page.reload()
    preset.locator("option", has_text="mine").wait_for(state="attached", timeout=WAIT_MS)
    preset.select_option("mine")
    assert page.get_by_label("One frame every").input_value() == "0.75"
    presets.get_by_role("button", name="Delete").click()
    page.get_by_text("mine is deleted.").wait_for()
    assert preset.locator("option", has_text="mine").count() == 0


def test_a_wrong_number_is_refused_beside_its_box(served: tuple[str, Path], visit: Visitor, media: Path) -> None:
    page = begin(visit(), served[0], str(media / NAME), "Every few seconds")
    type_text(page.get_by_label("One frame every"), "-3")
    assert page.locator("[data-name=interval] .wrong-text").inner_text() == "From 0.001 to 86,400."
    type_text(page.get_by_label("One frame every"), "x")
    assert page.locator("[data-name=interval] .wrong-text").inner_text() == "A number is wanted."


def test_a_server_that_ends_is_said_and_found_again(visit: Visitor, media: Path, tmp_path: Path) -> None:
    seen = visit()
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        seen.page.goto(address)
        seen.page.get_by_label("URL, path or dropped file").wait_for(timeout=WAIT_MS)
    seen.page.get_by_text("The server does not answer; this page tries again.").wait_for(timeout=WAIT_MS)
    seen.problems.clear()
