"""Faces and people in a real browser, by real networks: found, named, filtered, compared, exported."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.pipeline.extraction import extract_records
from core.pipeline.faces.crops import cut_out, people_view
from core.pipeline.faces.update import update_faces
from core.pipeline.select import digest, select
from core.settings.extract import ExtractSettings
from core.settings.faces import PeopleSettings
from core.settings.filter import FilterSettings
from core.settings.model import from_mapping
from core.store import face_file
from core.store.run import RunDir
from core.store.table import load_table
from tests.browser import Visit, type_into, type_text
from tests.faces import make_pack
from tests.serving import serving
from tests.ui.calls import call
from tests.ui.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.weights]
Visitor = Callable[..., Visit]
JUGGLER = 247
"""Frames of the juggler's clip; the frames from this one on show a boy and a man."""
WAIT_MS = 120_000


@pytest.fixture(scope="module")
def media(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The juggler's clip, then the boy's, as one video; and a pack of face models."""
    folder = tmp_path_factory.mktemp("both")
    clips = [word for name in ("juggle", "hideandseek") for word in ("-i", str(assets / "media" / f"{name}.mp4"))]
    graph = "[0:v]setpts=N/24/TB[a];[1:v]setpts=N/24/TB[b];[a][b]concat=n=2:v=1,scale=960:540[v]"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        *clips,
        "-filter_complex",
        graph,
        "-map",
        "[v]",
        "-fps_mode",
        "passthrough",
    ]
    subprocess.run([*command, "-preset", "veryfast", "-g", "48", str(folder / "both.mp4")], check=True, timeout=120)
    make_pack(assets, folder / "pack")
    return folder


@pytest.fixture(scope="module")
def made(media: Path) -> Path:
    """``bare``: no faces. ``read``: faces were read while extracting. ``known``: and people were found."""
    settings = ExtractSettings(method="every_nth", every=6, thumbs=True)
    reading = ExtractSettings(method="every_nth", every=6, thumbs=True, faces=True, face_model=str(media / "pack"))
    for name, wanted in (("bare", settings), ("read", reading)):
        for _ in extract_records(media / "both.mp4", wanted, out=media / "made" / name):
            pass
    known = Path(shutil.copytree(media / "made" / "read", media / "made" / "known"))
    for _ in update_faces(known, people=PeopleSettings()):
        pass
    view = people_view(known)
    for _ in cut_out(known, map(int, view["frame_of"])):
        pass
    return media / "made"


@pytest.fixture(scope="module")
def page(made: Path, media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    downloads = tmp_path_factory.mktemp("faces") / "downloads"
    downloads.mkdir()
    with serving(downloads, "--root", str(media)) as address:
        yield Site(address, downloads, made)


def settled(seen: Visit) -> dict[str, Any]:
    """What the page shows once no job about faces goes on and the records that it wrote were read."""
    seen.page.locator(".panel[aria-busy=false]").wait_for(state="attached", timeout=WAIT_MS)
    return seen.state()


def after_job(seen: Visit, run: Path, act: Callable[[], object]) -> dict[str, Any]:
    """Does something that starts a job, and waits until the page shows what it left."""
    settled(seen)
    before = jobs_of(run)
    act()
    until = time.monotonic() + WAIT_MS / 1000
    while jobs_of(run) == before:  # the panel is busy from before the job begins until what it left is read
        assert time.monotonic() < until, "no job begins"
        seen.page.wait_for_timeout(20)
    return settled(seen)


def jobs_of(run: Path) -> set[str]:
    return {path.name for path in RunDir(run).jobs.glob("*.jsonl")}


def is_as_selected(run: Path, seen: Visit) -> bool:
    filters = from_mapping(FilterSettings, seen.filters())
    return bool(seen.state()["digest"] == digest(select(load_table(run), filters).kept))


def last_frame(seen: Visit) -> int:
    """The last frame that the gallery lists, in the order of time."""
    seen.settled()
    seen.page.get_by_role("listbox", name="Frames").focus()
    seen.page.keyboard.press("End")
    seen.drawn()
    return int(seen.state()["current"])


def test_people_are_found_named_and_looked_for(page: Site, visit: Visitor, media: Path) -> None:
    run = page.run("all of it", "bare")
    seen = visit().open(page.address, run.name)
    keys = seen.page
    keys.keyboard.press("p")
    panel = keys.get_by_role("complementary", name="People")
    type_text(panel.get_by_label("Face model"), str(media / "pack"))
    after_job(seen, run, lambda: panel.get_by_role("button", name="Find people").click())
    view = people_view(run)
    assert view["people"][0]["faces"] > 20
    pictures = panel.locator(".person").first.locator(".face img")
    assert pictures.count() == min(6, len(view["people"][0]["best"]))
    assert pictures.first.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 20

    name = panel.get_by_label("Name of person 1")
    type_text(name, "Jo <b>Juggler</b>")
    name.press("Enter")
    keys.locator(".people-strip .chip", has_text="Jo <b>Juggler</b>").wait_for()
    assert people_view(run)["people"][0]["name"] == "Jo <b>Juggler</b>"

    keys.locator(".people-strip .chip").first.click()
    assert seen.filters()["person_ids"] == [1]
    assert is_as_selected(run, seen)
    assert keys.locator(".reasons .chip", has_text="person").count() == 1
    keys.get_by_role("button", name="Kept").click()
    assert last_frame(seen) < JUGGLER
    keys.keyboard.press("z")
    assert seen.filters()["person_ids"] is None

    shown = after_job(seen, run, lambda: panel.get_by_role("button", name="Look for").first.click())
    expect(panel.get_by_text("Looking for Jo <b>Juggler</b>")).to_be_visible()
    assert shown["kept"] == len(load_table(run))
    assert seen.page.evaluate("document.activeElement.dataset.key") == "seek 1"
    panel.get_by_label("Only faces at most this far away", exact=True).check()
    shown = settled(seen)
    assert seen.filters()["max"] == {"face_distance": 0.5}
    assert is_as_selected(run, seen)
    assert last_frame(seen) < JUGGLER
    assert shown["kept"] > 20
    expect(keys.get_by_role("group", name="Face distance").locator(".hist")).to_be_visible()
    chip = keys.locator(".reasons .chip", has_text="face")
    assert chip.inner_text().split() == ["face", str(len(load_table(run)) - shown["kept"])]

    shown = after_job(seen, run, lambda: panel.get_by_role("button", name="Undo search").click())
    panel.get_by_text("Look for a person to sort").wait_for(timeout=WAIT_MS)
    assert seen.filters()["max"] == {}
    assert shown["kept"] == len(load_table(run))
    assert face_file.read(RunDir(run).face_file).references == ()


def test_a_run_whose_faces_were_read_needs_no_model(page: Site, visit: Visitor) -> None:
    run = page.run("read", "read")
    seen = visit().open(page.address, run.name)
    settled(seen)
    seen.page.keyboard.press("p")
    assert seen.page.get_by_label("Face model").count() == 0
    after_job(seen, run, lambda: seen.page.get_by_role("button", name="Find people").dblclick())
    assert seen.page.locator(".person .face").count() > 6
    assert len(jobs_of(run)) == 1, "a double click finds them once"
    seen.page.keyboard.press("Escape")
    assert seen.page.get_by_role("listbox", name="Frames").evaluate("(grid) => grid === document.activeElement")


def test_a_model_that_is_not_there_is_one_sentence(page: Site, visit: Visitor, media: Path) -> None:
    run = page.run("no model", "bare")
    seen = visit().open(page.address, run.name)
    settled(seen)
    seen.page.keyboard.press("p")
    panel = seen.page.get_by_role("complementary", name="People")
    for model, sentence in (
        ("/etc", "neither a pack nor in an allowed folder"),
        (str(media / "made"), "no .onnx files"),
    ):
        type_text(panel.get_by_label("Face model"), model)
        panel.get_by_role("button", name="Find people").click()
        panel.get_by_role("alert").filter(has_text=sentence).first.wait_for(timeout=WAIT_MS)
        settled(seen)
        assert panel.get_by_role("alert").filter(visible=True).count() == 1
        expect(panel.get_by_role("button", name="Find people")).to_be_disabled()
    assert not jobs_of(run)
    seen.problems = [text for text in seen.problems if "400" not in text]


def test_boxes_are_drawn_where_the_faces_are(page: Site, visit: Visitor) -> None:
    run = page.run("boxes", "known")
    seen = visit().open(page.address, run.name)
    settled(seen)
    row = people_view(run)["people"][0]["best"][0]
    line = [json.loads(text) for text in RunDir(run).faces.read_text().splitlines()][row]
    seen.page.keyboard.press("p")
    seen.page.locator(".face").first.click()
    box = seen.page.locator(".face-box")
    box.first.wait_for()
    assert int(seen.page.locator("img.full").get_attribute("alt").split()[1]) == line["frame_number"]
    picture = seen.page.locator("img.full").bounding_box()
    scale = picture["width"] / 960
    drawn = box.first.bounding_box()
    wanted = [picture["x"] + line["bbox"][0] * scale, picture["y"] + line["bbox"][1] * scale]
    assert [drawn["x"], drawn["y"]] == pytest.approx(wanted, abs=2)
    assert drawn["width"] == pytest.approx((line["bbox"][2] - line["bbox"][0]) * scale, abs=2)
    expect(box.first).to_contain_text("Person 1", use_inner_text=True)
    expect(seen.page.locator(".faces-here")).to_contain_text(f"{100 * line['confidence']:.0f} %", use_inner_text=True)
    seen.page.keyboard.press("f")
    expect(box).to_have_count(0)
    seen.page.keyboard.press("f")
    assert box.count() >= 1


def test_face_crops_are_exported_when_asked_for(page: Site, visit: Visitor) -> None:
    run = page.run("crops", "known")
    seen = visit().open(page.address, run.name)
    settled(seen)
    seen.page.locator(".people-strip .chip").nth(1).click()
    type_into(seen, "In all", "3")
    shown = seen.state()
    assert shown["kept"] == 3
    seen.page.keyboard.press("e")
    seen.page.get_by_label("Also cut out the faces").check()
    type_text(seen.page.get_by_role("textbox", name="Folder"), "with crops")
    seen.page.get_by_role("button", name="Export 3 frames").click()
    seen.page.locator(".drawer .verdict.kept").wait_for(timeout=WAIT_MS)
    records = [json.loads(line) for line in (page.downloads / "with crops/metadata.jsonl").read_text().splitlines()]
    crops = [name for record in records for name in record["face_crops"]]
    assert len(crops) >= 3
    assert all((page.downloads / "with crops" / name).is_file() for name in crops)


def ask(address: str, path: str, values: Any = None) -> tuple[int, str]:
    body = None if values is None else json.dumps(values).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{address}fs/{path}", body), timeout=60) as reply:
            return reply.status, reply.read().decode("latin1")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_routes_give_and_take_only_what_they_should(page: Site, tmp_path: Path) -> None:
    run = page.run("routes", "known")
    line = next(one for one in json.loads(ask(page.address, "runs")[1]) if one["name"] == "routes")
    base = f"runs/{line['id']}"
    view = json.loads(ask(page.address, f"{base}/people")[1])
    row = view["people"][0]["best"][0]
    assert row in view["cut"]
    assert ask(page.address, f"{base}/face/{row}")[0] == 200
    secret = tmp_path / "secret.jpg"
    secret.write_text("secret")
    RunDir(run).face_crop(row).unlink()
    RunDir(run).face_crop(row).symlink_to(secret)
    for path in (f"{base}/face/{row}", f"{base}/face/999999", f"runs/{'0' * 32}/face/{row}", "runs/routes/face/0"):
        assert ask(page.address, path)[0] in (400, 404), path
    for values in (
        {"settings": {"face_refs": ["/etc/passwd"]}},
        {"settings": {"face_refs": ["../../x.jpg"]}},
        {"settings": {"face_refs": [7]}},
        {"settings": {"face_model": "/etc"}},
        {"settings": {"face_model": "~/.ssh"}},
        {"settings": []},
        {"settings": {"nonsense": 1}},
        {"people": {"person_distance": 99}},
        {"people": 1},
        {"again": "yes"},
        {"run": "/etc"},
    ):
        code, text = ask(page.address, f"{base}/people", values)
        assert code in (400, 422), values
        assert json.loads(text)["error"].endswith("."), values
    for person, name in ((1, 7), (1, "x" * 81), (1, "x" * 5000), (999, "Nobody")):
        assert ask(page.address, f"{base}/people/{person}/name", {"name": name})[0] == 422
    saved = ask(page.address, f"{base}/selection", {"filters": {}, "force": True})[1]
    digest = json.loads(saved)["digest"]
    for wrong in ({"face_margin": 99}, {"dest": "/etc"}, {"face_crops": "yes"}, {"face_margin": []}):
        assert "error" in call(page.address, "export", run.name, digest=digest, owner="", **wrong), wrong
