"""Runs and places: titles, posters, the trash, and addresses that lead to the same place again."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.pipeline.extraction import extract_records
from core.settings.extract import ExtractSettings
from core.store import run_file
from core.store.run import RunDir
from core.store.trash import TRASH
from tests import videos
from tests.browser import WAIT_MS, Visit, type_text
from tests.runs import number_in
from tests.serving import free_port, serving
from tests.ui.asking import ask, runs_of
from tests.ui.review import at_frame, choose, open_tab, rests, shows
from tests.ui.site import Site, long_clip, read
from tests.ui.source import begin, choose_method, extract

Visitor = Callable[..., Visit]
browser = pytest.mark.browser
LINE_PX = 56


def line_of(address: str, name: str) -> dict[str, Any]:
    return next(line for line in runs_of(address) if line["name"] == name)


def post(address: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    status, _, data = ask(address, f"/fs/{path}", "POST", body or {})
    return status, json.loads(data)


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with previews (``street``, ``walk``) and one without (``plain``); their videos lie beside it."""
    home = tmp_path_factory.mktemp("pictured")
    for name, settings in (
        ("street", ExtractSettings(method="every_nth", every=10, thumbs=True)),
        ("walk", ExtractSettings(method="every_nth", every=30, thumbs=True)),
        ("plain", ExtractSettings(method="every_nth", every=40)),
    ):
        video = shutil.copy(videos.build("h264-25"), home / f"{name}.mp4")
        for _ in extract_records(video, settings, out=home / "downloads" / name):
            pass
    return home


@pytest.fixture
def served(pictured: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A page over a copy of those runs."""
    downloads = Path(shutil.copytree(pictured / "downloads", tmp_path / "downloads"))
    with serving(downloads, "--root", str(pictured)) as address:
        yield address, downloads


# --- titles, without a browser


def test_a_title_is_kept_in_run_json_and_nothing_else_changes(site: Site) -> None:
    run = RunDir(site.run("to be titled"))
    before, stamp = line_of(site.address, "to be titled"), run.run_json.stat().st_mtime_ns
    assert before["title"] is None
    assert "title" not in read(run.run_json)
    assert post(site.address, f"runs/{before['id']}/title", {"title": "  Rain, take 2  "}) == (
        200,
        {"title": "Rain, take 2"},
    )
    assert read(run.run_json)["title"] == "Rain, take 2"
    assert line_of(site.address, "to be titled") == before | {"title": "Rain, take 2"}
    assert run.run_json.stat().st_mtime_ns == stamp
    assert json.loads(ask(site.address, f"/fs/runs/{before['id']}")[2])["title"] == "Rain, take 2"
    assert post(site.address, f"runs/{before['id']}/title", {"title": ""})[0] == 200
    assert "title" not in read(run.run_json)


@pytest.mark.parametrize("title", ["a\nb", "x" * 121, "\u202eevil", "\0", 7, ["x"], "\udce9"], ids=repr)
def test_what_is_no_title_is_one_sentence(site: Site, title: Any) -> None:
    site.run("untitled")
    found = line_of(site.address, "untitled")["id"]
    status, said = post(site.address, f"runs/{found}/title", {"title": title})
    assert (status, said["field"]) == (422, "title")
    assert line_of(site.address, "untitled")["title"] is None


def test_a_title_waits_for_whoever_works_in_the_run(site: Site) -> None:
    run = RunDir(site.run("worked in"))
    with run.lock():
        status, said = post(site.address, f"runs/{line_of(site.address, 'worked in')['id']}/title", {"title": "x"})
    assert (status, said["code"]) == (409, "run_busy")


def test_a_run_that_goes_on_keeps_its_title(tmp_path: Path) -> None:
    video, out = videos.build("h264-opengop"), tmp_path / "run"
    settings = ExtractSettings(method="every_nth", every=40)
    for _ in extract_records(video, settings, out=out):
        pass
    path = RunDir(out).run_json
    lines = RunDir(out).metadata.read_bytes().splitlines(True)
    RunDir(out).metadata.write_bytes(b"".join(lines[:1]))  # as after Ctrl-C
    run_file.write(path, dataclasses.replace(run_file.read(path), title="Mine", extra={"state": "running"}))
    for _ in extract_records(video, settings, out=out):
        pass
    saved = run_file.read(path)
    assert (saved.title, saved.extra["state"]) == ("Mine", "complete")
    assert len(RunDir(out).metadata.read_bytes().splitlines()) == len(lines)


# --- the trash, without a browser


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_deleted_run_lies_in_the_trash_and_comes_back_as_it_was(site: Site) -> None:
    run = site.run("thrown away")
    whole = {name: data for name, data in tree(run).items() if name != ".lock"}
    line = line_of(site.address, "thrown away")
    status, said = post(site.address, f"runs/{line['id']}/delete")
    assert (status, said["name"]) == (200, "thrown away")
    assert not run.exists()
    assert {"thrown away", TRASH} & {line["name"] for line in runs_of(site.address)} == set()
    assert ask(site.address, f"/fs/runs/{line['id']}")[0] == 410
    assert post(site.address, f"runs/{line['id']}/delete")[0] == 410
    assert post(site.address, "trash/restore", {"deleted": said["deleted"]}) == (
        200,
        {"id": line["id"], "name": "thrown away"},
    )
    assert {name: data for name, data in tree(run).items() if name != ".lock"} == whole
    assert line_of(site.address, "thrown away")["id"] == line["id"]
    assert post(site.address, "trash/restore", {"deleted": said["deleted"]})[0] == 400


def test_pictures_on_their_way_when_their_run_is_deleted_are_empty_and_no_fault(site: Site) -> None:
    site.run("just deleted")
    line = line_of(site.address, "just deleted")
    pictures = ["thumb/0", "frame/0", "face/0", f"poster/{line['poster']}"]
    assert ask(site.address, f"/fs/runs/{line['id']}/frame/0")[0] == 200
    assert ask(site.address, f"/fs/runs/{line['id']}/thumb/123456")[0] == 404
    deleted = post(site.address, f"runs/{line['id']}/delete")[1]["deleted"]
    for path in pictures:
        status, headers, body = ask(site.address, f"/fs/runs/{line['id']}/{path}")
        assert (status, body, headers["cache-control"]) == (204, b"", "no-store"), path
        assert ask(site.address, f"/fs/runs/{'0' * 32}/{path}")[0] == 400  # an id that was never handed out
    for path in ("columns/1", "people", "why/0", "thumbs?ordinals=0"):
        status, _, body = ask(site.address, f"/fs/runs/{line['id']}/{path}")
        assert (status, json.loads(body)["code"]) == (410, "run_gone"), path
    assert post(site.address, "trash/restore", {"deleted": deleted})[0] == 200
    assert ask(site.address, f"/fs/runs/{line['id']}/frame/0")[0] == 200


def test_runs_of_one_name_do_not_clash_in_the_trash_nor_when_they_come_back(site: Site) -> None:
    deleted = []
    for marker in ("first", "second"):
        (site.run("twice") / "note.txt").write_text(marker)
        deleted.append(post(site.address, f"runs/{line_of(site.address, 'twice')['id']}/delete")[1]["deleted"])
    (site.run("twice") / "note.txt").write_text("third")
    names = [post(site.address, "trash/restore", {"deleted": one})[1]["name"] for one in deleted]
    assert names == ["twice-2", "twice-3"]
    found = [(site.downloads / name / "note.txt").read_text() for name in ("twice", *names)]
    assert found == ["third", "first", "second"]


FORGED = ["", ".", "..", "../files", "/etc", "x", "\0", None, 7, ["x"], "20260101_000000-" + "0" * 32]


@pytest.mark.parametrize("deleted", FORGED, ids=repr)
def test_only_what_was_deleted_comes_back(site: Site, deleted: Any) -> None:
    (site.downloads / TRASH / "x").mkdir(parents=True, exist_ok=True)
    before = sorted(os.listdir(site.downloads))
    status, said = post(site.address, "trash/restore", {"deleted": deleted})
    assert (status, said["code"]) == (400, "forgotten")
    assert sorted(os.listdir(site.downloads)) == before


def test_a_trash_that_leads_out_takes_nothing(served: tuple[str, Path], tmp_path: Path) -> None:
    address, downloads = served
    outside = tmp_path / "outside"
    outside.mkdir()
    (downloads / TRASH).symlink_to(outside)
    status, said = post(address, f"runs/{line_of(address, 'walk')['id']}/delete")
    assert (status, said["code"]) == (400, "leads_out")
    assert not any(outside.iterdir())
    assert (downloads / "walk" / "run.json").exists()


def test_a_run_in_which_somebody_works_is_not_deleted(served: tuple[str, Path]) -> None:
    address, downloads = served
    with RunDir(downloads / "walk").lock():
        status, said = post(address, f"runs/{line_of(address, 'walk')['id']}/delete")
    assert (status, said["code"]) == (409, "run_busy")
    assert (downloads / "walk" / "run.json").exists()


def test_posters_are_previews_or_decoded_and_told_only_where_there_is_one(
    served: tuple[str, Path], pictured: Path, tmp_path: Path
) -> None:
    address, _ = served
    line = line_of(address, "street")
    status, headers, data = ask(address, f"/fs/runs/{line['id']}/poster/{line['poster']}")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert data.startswith(b"\xff\xd8")
    plain = line_of(address, "plain")
    status, headers, data = ask(address, f"/fs/runs/{plain['id']}/poster/{plain['poster']}")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    (tmp_path / "poster.jpg").write_bytes(data)
    assert number_in(tmp_path / "poster.jpg") in (40, 80)
    (pictured / "plain.mp4").rename(pictured / "gone.mp4")
    try:
        assert line_of(address, "plain")["poster"] is None
        assert ask(address, f"/fs/runs/{plain['id']}/poster/0")[0] in (200, 404)  # it may still be remembered
    finally:
        (pictured / "gone.mp4").rename(pictured / "plain.mp4")


@pytest.mark.parametrize("line", ["[]", "{}", "nothing", '{"frame_number": "7"}', '{"frame_number": 99999}'])
def test_a_run_of_odd_records_has_no_poster_and_that_is_no_error(served: tuple[str, Path], line: str) -> None:
    address, downloads = served
    RunDir(downloads / "plain").metadata.write_text(f"{line}\n")
    found = line_of(address, "plain")
    assert ask(address, f"/fs/runs/{found['id']}/poster/{found['poster']}")[0] == 204


def test_a_damaged_run_can_be_deleted_and_comes_back(served: tuple[str, Path]) -> None:
    address, downloads = served
    (downloads / "walk" / "run.json").write_text("{")
    line = line_of(address, "walk")
    assert (line["id"], line["state"]) == (None, "damaged")
    status, said = post(address, f"runs/{line['damaged']}/delete")
    assert (status, said["name"], said["title"]) == (200, "walk", None)
    assert not (downloads / "walk").exists()
    assert post(address, "trash/restore", {"deleted": said["deleted"]}) == (200, {"id": None, "name": None})
    assert line_of(address, "walk") == line
    assert post(address, "runs/walk/delete")[0] == 400


# --- the run picker


def open_picker(page: Any) -> None:
    page.locator(".pick").click()
    page.locator(".run").first.wait_for()


def is_open(page: Any, name: str) -> None:
    page.locator(".pick b", has_text=re.compile(f"^{re.escape(name)}$")).wait_for(timeout=WAIT_MS)


def says(page: Any, sentence: str) -> None:
    page.locator(".run-foot", has_text=sentence).wait_for(timeout=WAIT_MS)


def point_at(page: Any, name: str) -> None:
    """Goes to a line by the keyboard; the list is open."""
    page.keyboard.press("Home")
    for _ in range(40):
        if page.locator(".run.at b").inner_text() == name:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{name} is not in the list")


@browser
def test_a_title_is_typed_in_the_picker_and_shown_everywhere(served: tuple[str, Path], visit: Visitor) -> None:
    address, downloads = served
    seen = visit().open(address, "street")
    page = seen.page
    open_picker(page)
    point_at(page, "street")
    page.keyboard.press("F2")
    box = page.get_by_role("textbox", name="Title of street")
    type_text(box, "A walk in the rain")
    page.keyboard.press("Escape")
    box.wait_for(state="detached")
    expect(page.locator(".run.at b")).to_have_text("street", use_inner_text=True)
    page.get_by_role("button", name="Change the title of street").click()
    type_text(page.get_by_role("textbox", name="Title of street"), "A walk in the rain")
    page.keyboard.press("Enter")
    is_open(page, "A walk in the rain")
    page.locator(".run.at b", has_text=re.compile("^A walk in the rain$")).wait_for(timeout=WAIT_MS)
    assert read(downloads / "street" / "run.json")["title"] == "A walk in the rain"
    page.keyboard.press("Escape")
    assert page.locator(".runs").is_hidden()
    page.reload()
    is_open(page, "A walk in the rain")
    seen.settled()
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Export 12 frames").click()
    page.locator("#jobs", has_text="Export A walk in the rain").wait_for(timeout=WAIT_MS)
    page.locator(".drawer .verdict").wait_for(timeout=WAIT_MS)


@browser
def test_deleting_by_key_and_by_mouse_is_undone(served: tuple[str, Path], visit: Visitor) -> None:
    address, downloads = served
    page = visit().open(address, "walk").page
    open_picker(page)
    point_at(page, "street")
    page.keyboard.press("Delete")
    says(page, "street is deleted.")
    is_open(page, "walk")
    assert not (downloads / "street").exists()
    page.keyboard.press("z")
    says(page, "street is back.")
    assert (downloads / "street" / "run.json").exists()
    page.get_by_role("button", name="Delete plain").click()
    says(page, "plain is deleted.")
    page.locator(".run-foot").get_by_role("button", name="Undo").click()
    says(page, "plain is back.")
    assert page.locator(".run").count() == 3


@browser
def test_when_the_open_run_is_deleted_the_next_one_is_open_and_then_none(
    served: tuple[str, Path], visit: Visitor
) -> None:
    address, downloads = served
    seen = visit().open(address, "street")
    page = seen.page
    for left in (2, 1, 0):
        name = page.locator(".pick b").inner_text()
        open_picker(page)
        point_at(page, name)
        page.keyboard.press("Delete")
        says(page, f"{name} is deleted.")
        assert page.locator(".run").count() == left
        page.keyboard.press("Escape")
        if left:
            page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=WAIT_MS)
            assert page.locator(".pick b").inner_text() != name
    is_open(page, "No run yet")
    page.get_by_role("heading", name="No run yet.").wait_for()
    where(page, "filter")
    page.locator(".pick").click()
    page.locator(".run-foot").get_by_role("button", name="Undo").click()
    is_open(page, name)
    assert len(list((downloads / TRASH).iterdir())) == 2
    still_read = re.compile(r"status of 410 .*/(people|thumbs\?)")  # of a run that was opened just now, and is gone
    seen.problems[:] = [text for text in seen.problems if not still_read.search(text)]


@browser
def test_a_run_that_a_job_uses_is_not_deleted_and_the_picker_says_why(
    pictured: Path, visit: Visitor, tmp_path: Path
) -> None:
    long_clip(videos.build("h264-opengop"), tmp_path / "long.mp4")
    with serving(tmp_path / "downloads", "--root", str(tmp_path)) as address:
        seen = visit()
        page = begin(seen, address, str(tmp_path / "long.mp4"), "All frames")
        extract(page)
        page.wait_for_function("document.querySelectorAll('.latest tbody tr').length > 3", timeout=WAIT_MS)
        open_picker(page)
        page.keyboard.press("Delete")
        says(page, "Extract long.mp4 is running in this run; wait for it or cancel it first.")
        status, said = post(address, f"runs/{line_of(address, 'long')['id']}/delete")
        assert (status, said["code"]) == (409, "run_in_use")
        seen.problems[:] = [text for text in seen.problems if not re.search("status of (409|400)", text)]
        page.keyboard.press("Escape")
        page.locator("#jobs").get_by_role("button", name="Cancel").click()
        page.locator("#jobs", has_text="cancelled").wait_for(timeout=WAIT_MS)
        page.locator(".quality rect").first.wait_for(timeout=WAIT_MS)  # its records are read
        open_picker(page)
        page.keyboard.press("Delete")
        says(page, "long is deleted.")
        page.locator("#jobs").get_by_role("button", name="Resume").wait_for(state="hidden", timeout=WAIT_MS)
        assert list((tmp_path / "downloads" / TRASH).glob("*/long/run.json"))


@browser
@pytest.mark.parametrize("size", [(1280, 720), (390, 844), (1600, 1000)], ids=str)
def test_a_long_list_shows_half_a_line_and_scrolls_and_a_short_one_fits(
    served: tuple[str, Path], visit: Visitor, size: tuple[int, int]
) -> None:
    address, downloads = served
    page = visit().page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(address)
    where(page, f"source&run={RUN}")
    open_picker(page)
    page.locator(".run").nth(2).wait_for()
    measure = """() => { const e = document.querySelector('.run-scroller'), r = e.getBoundingClientRect();
      return [
        e.clientHeight, e.scrollHeight, r.left, document.querySelector(".runs").getBoundingClientRect().right]; }"""
    assert page.evaluate(measure)[:2] == [3 * LINE_PX, 3 * LINE_PX]
    page.keyboard.press("Escape")
    for number in range(14):
        shutil.copytree(downloads / "walk", downloads / f"a walk with a very long name for a narrow window {number}")
    open_picker(page)
    page.locator(".run").nth(16).wait_for()
    height, whole, left, right = page.evaluate(measure)
    assert (height % LINE_PX, whole) == (LINE_PX / 2, 17 * LINE_PX)
    assert left >= 0
    assert right <= size[0]
    page.locator(".run").first.hover()
    page.mouse.wheel(0, 2000)
    page.wait_for_function("document.querySelector('.run-scroller').scrollTop > 100")
    page.keyboard.press("Home")
    assert page.evaluate("document.querySelector('.run-scroller').scrollTop") == 0
    asked = page.evaluate("performance.getEntriesByType('resource').filter((e) => e.name.includes('/poster/')).length")
    assert 0 < asked <= 17
    pictures = page.locator(".run-poster")
    assert {(box["width"], box["height"]) for box in (one.bounding_box() for one in pictures.all())} == {(72, 42)}


# --- places


def where(page: Any, pattern: str) -> None:
    """Waits until the address ends like this."""
    page.wait_for_url(re.compile(f"#{pattern}$"), timeout=WAIT_MS)


def shows_frame(page: Any, frame: int) -> None:
    page.locator("dialog.enlarge h2", has_text=re.compile(f"^Frame {frame}$")).wait_for(timeout=WAIT_MS)


RUN = "[0-9a-f]{32}"


@browser
def test_the_enlarged_picture_is_in_the_address_and_comes_again(served: tuple[str, Path], visit: Visitor) -> None:
    address, _ = served
    seen = visit().open(address, "street")
    page = seen.page
    where(page, f"filter&run={RUN}")
    page.locator(".cell", has_text="30").first.dblclick()
    where(page, f"filter&run={RUN}&frame=30")
    steps = page.evaluate("history.length")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    where(page, f"filter&run={RUN}&frame=80")
    assert page.evaluate("history.length") == steps
    page.reload()
    shows_frame(page, 80)
    other = visit().page
    other.goto(page.url)
    shows_frame(other, 80)
    page.go_back()
    page.locator("dialog.enlarge").wait_for(state="hidden")
    page.go_forward()
    shows_frame(page, 80)
    page.keyboard.press("Escape")
    where(page, f"filter&run={RUN}")
    page.get_by_role("tab", name="Video Source").click()
    where(page, f"source&run={RUN}")
    page.go_back()
    where(page, f"filter&run={RUN}")
    expect(page.get_by_role("tab", name="Filtering & Export")).to_have_attribute("aria-selected", "true")


@browser
def test_back_and_forward_change_run_and_tab(served: tuple[str, Path], visit: Visitor) -> None:
    address, _ = served
    seen = visit().open(address, "street")
    page = seen.page
    open_picker(page)
    page.locator(".run", has_text="walk").click()
    seen.settled("walk")
    page.get_by_role("tab", name="Video Source").click()
    where(page, f"source&run={RUN}")
    page.go_back()
    where(page, f"filter&run={RUN}")
    page.go_back()
    seen.settled("street")
    page.go_forward()
    seen.settled("walk")


@browser
def test_an_address_of_what_is_gone_says_so_and_shows_the_rest(served: tuple[str, Path], visit: Visitor) -> None:
    address, _ = served
    seen = visit()
    page = seen.page
    page.goto(f"{address}#filter&run={'0' * 32}&frame=3")
    page.locator(".head-notice", has_text="The run of this address is not there any more").wait_for(timeout=WAIT_MS)
    seen.settled()
    assert page.locator("dialog.enlarge").is_hidden()
    run = line_of(address, "street")["id"]
    where(page, f"filter&run={RUN}")
    page.goto(f"{address}#filter&run={run}&frame=31")
    page.locator("#filter .notice", has_text="Frame 31 of this address is not in the run.").wait_for(timeout=WAIT_MS)
    is_open(page, "street")
    for odd in ("#", "#nonsense", "#filter&run=..%2f&frame=-1", "#review=%&frame=x", "#filter=a=b&&&", "#<img src=x>"):
        page.goto(f"{address}{odd}")
        is_open(page, "street")
    seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]


@browser
def test_the_video_and_frame_of_live_review_survive_a_restart(pictured: Path, visit: Visitor, tmp_path: Path) -> None:
    downloads, port = Path(shutil.copytree(pictured / "downloads", tmp_path / "downloads")), str(free_port())
    seen = visit()
    with serving(downloads, "--root", str(pictured), port=port) as address:
        page = open_tab(seen, address, pictured, "walk.mp4")
        assert re.search("#review=/.*/walk.mp4&", page.url)
        page.locator("#top .facts", has_text="Shows walk.mp4: 120 frames, 320x180, 25 fps").wait_for(timeout=WAIT_MS)
        steps = page.evaluate("history.length")
        for _ in range(7):
            page.keyboard.press("ArrowRight")
            rests(page)
        where(page, f"review=/.*/walk.mp4&run={RUN}&frame=7")
        assert page.evaluate("history.length") == steps
        link = page.url
        choose(page, "street.mp4")
        where(page, f"review=/.*/street.mp4&run={RUN}&frame=0")
        page.go_back()
        at_frame(page, 7)
        page.goto("about:blank")
    with serving(downloads, "--root", str(pictured), port=port):
        page.goto(link)
        at_frame(page, 7)
        other = visit().page
        other.goto(link)
        at_frame(other, 7)
        assert other.locator(".video.on").inner_text().startswith("walk.mp4")


@browser
@pytest.mark.parametrize("path", ["/etc/passwd", "OUTSIDE", "GONE", "../../etc/passwd"])
def test_the_video_of_an_address_passes_the_same_guard_as_a_typed_one(
    served: tuple[str, Path], visit: Visitor, pictured: Path, tmp_path: Path, path: str
) -> None:
    address, _ = served
    outside = shutil.copy(videos.build("tiny"), tmp_path / "outside.mp4")
    text = {"OUTSIDE": str(outside), "GONE": str(pictured / "gone.mp4")}.get(path, path)
    status, said = post(address, "review/open", {"path": text})
    assert (status, said["code"]) == (400, "not_allowed")
    seen = visit()
    seen.page.goto(f"{address}#review={text}&frame=4")
    seen.page.locator("#review .message .error", has_text="is not a file in the allowed folders").wait_for(
        timeout=WAIT_MS
    )
    seen.page.locator("#review .video").first.wait_for(timeout=WAIT_MS)
    seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]


@pytest.mark.parametrize("path", [7, ["x"], "", "\0", "http://example.com/x.mp4", "x" * 5000, "\\udce9.mp4"], ids=repr)
def test_what_is_no_path_is_one_sentence(served: tuple[str, Path], path: Any) -> None:
    status, said = post(served[0], "review/open", {"path": path})
    assert status == 400
    assert said["error"].endswith(".")


@browser
def test_choosing_a_run_in_live_review_shows_its_video(
    served: tuple[str, Path], visit: Visitor, pictured: Path
) -> None:
    address, _ = served
    page = open_tab(visit(), address, pictured, "plain.mp4")
    open_picker(page)
    page.locator(".run", has_text="street").click()
    page.locator("#top .facts", has_text="Shows street.mp4").wait_for(timeout=WAIT_MS)
    shows(page)
    where(page, f"review=run&run={line_of(address, 'street')['id']}&frame=0")
    page.go_back()
    page.locator("#top .facts", has_text="Shows plain.mp4").wait_for(timeout=WAIT_MS)
    page.go_forward()
    page.locator("#top .facts", has_text="Shows street.mp4").wait_for(timeout=WAIT_MS)
    page.get_by_role("tab", name="Filtering & Export").click()
    page.locator("#top .facts", has_text="12 frames of 120").wait_for(timeout=WAIT_MS)


# --- what is shown of a job


@browser
def test_after_a_restart_strip_and_table_are_filled_from_the_records(visit: Visitor, tmp_path: Path) -> None:
    downloads, port = tmp_path / "downloads", str(free_port())
    long_clip(videos.build("h264-opengop"), tmp_path / "long.mp4")
    seen, rows = visit(), "document.querySelectorAll('.latest tbody tr').length"
    with serving(downloads, "--root", str(tmp_path), port=port) as address:
        page = begin(seen, address, str(tmp_path / "long.mp4"), "All frames")
        extract(page)
        page.wait_for_function(f"{rows} > 3", timeout=WAIT_MS)
        page.goto("about:blank")
    for job in downloads.glob("*/jobs/*.jsonl"):  # as after a crash: nothing was said at the end
        job.write_text("".join(line for line in job.read_text().splitlines(True) if '"rows"' not in line))
    with serving(downloads, "--root", str(tmp_path), port=port) as address:
        page.goto(address)
        page.wait_for_selector(".live[data-state=interrupted]", timeout=WAIT_MS)
        records = RunDir(downloads / "long").metadata.read_bytes().count(b"\n")
        page.wait_for_function(f"{rows} === {min(14, records)}", timeout=WAIT_MS)
        assert page.locator(".strip .shot").count() == min(12, records)
        page.wait_for_function(
            "[...document.querySelectorAll('.strip img, .latest img')].every((e) => e.complete && e.naturalWidth)",
            timeout=WAIT_MS,
        )
        page.goto("about:blank")


@browser
def test_a_run_whose_previews_are_gone_asks_for_none(visit: Visitor, tmp_path: Path) -> None:
    downloads, port = tmp_path / "downloads", str(free_port())
    shutil.copy(videos.build("h264-opengop"), tmp_path / "clip.mp4")
    seen = visit()
    with serving(downloads, "--root", str(tmp_path), port=port) as address:
        page = begin(seen, address, str(tmp_path / "clip.mp4"), "Key frames")
        extract(page)
        page.wait_for_selector(".live[data-state=done]", timeout=WAIT_MS)
        page.goto("about:blank")
        seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]  # a half-typed path
        shutil.rmtree(downloads / "clip" / "thumbs")
        page.goto(address)
        page.wait_for_function("document.querySelectorAll('.latest tbody tr').length === 5", timeout=WAIT_MS)
        assert page.locator(".strip img, .latest img").count() == 0
        page.goto("about:blank")


@browser
def test_the_job_list_begins_with_what_runs_then_what_waits_then_what_ended(
    served: tuple[str, Path], visit: Visitor, pictured: Path, tmp_path: Path
) -> None:
    long_clip(videos.build("h264-opengop"), tmp_path / "long.mp4")
    with serving(tmp_path / "runs", "--root", str(tmp_path), "--root", str(pictured)) as address:
        page = begin(visit(), address, str(pictured / "plain.mp4"), "Key frames")
        extract(page)
        page.wait_for_selector(".live[data-state=done]", timeout=WAIT_MS)
        names = (tmp_path / "long.mp4", pictured / "street.mp4", pictured / "walk.mp4")
        for waiting, name in enumerate(names):
            type_text(page.get_by_label("URL, path or dropped file"), str(name))
            choose_method(page, "All frames")
            page.get_by_role("button", name="Extract & Analyze Frames").click()
            bar = page.locator("#jobs", has_text="Extract long.mp4")
            (bar.filter(has_text=f"{waiting} waiting") if waiting else bar).wait_for(timeout=WAIT_MS)
        page.locator("#jobs").get_by_role("button", name="Log").click()
        page.wait_for_function("document.querySelectorAll('.job-line').length === 4", timeout=WAIT_MS)
        told = [text.split("Extract ")[1] for text in page.locator(".job-pick").all_inner_texts()]
        assert told == ["long.mp4", "street.mp4", "walk.mp4", "plain.mp4"]
        page.keyboard.press("Escape")
        for name in names:
            bar = page.locator("#jobs", has=page.locator(".job-name", has_text=name.name))
            bar.get_by_role("button", name="Cancel").click()
            bar.get_by_role("button", name="Cancel").wait_for(state="hidden", timeout=WAIT_MS)
        page.get_by_role("button", name="Dismiss").click()
        page.locator("#jobs", has_text="Nothing is running.").wait_for(timeout=WAIT_MS)
