"""Choosing files: what the routes show and refuse, and the instrument ``file_picker`` as people use it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.settings.files import KINDS
from core.ui import files, uploads
from core.ui.places import Places
from tests import videos
from tests.browser import Visit, type_text
from tests.serving import serving
from tests.ui import picker_page
from tests.ui.asking import ask

Visitor = Callable[..., Visit]
browser = pytest.mark.browser
WAIT_MS = 60_000
CLIPS = ("one.mp4", "two.mp4", "ten.mp4")
HOSTILE = ("<img src=x onerror=pwn()>.mp4", "${pwn()}.mp4", "a\nb.mp4", "caf\udce9.mp4", "'\"&.mp4", " .mp4")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An allowed folder: clips, one of them in a subfolder, a broken one, and what is not to be seen."""
    made = tmp_path_factory.mktemp("files") / "films"
    clip = videos.build("h264-opengop").read_bytes()
    for folder in ("trip/day 2", "empty", "many", "odd", ".jobs", ".presets", ".trash", "@eaDir", "uploads"):
        (made / folder).mkdir(parents=True)
    for name in CLIPS:
        (made / name).write_bytes(clip)
    (made / "trip" / "day 2" / "deep.mp4").write_bytes(clip)
    (made / "broken.mp4").write_bytes(b"no video" * 100)
    (made / ".hidden.mp4").write_bytes(clip)
    (made / ".jobs" / "job.mp4").write_bytes(clip)
    (made / "notes.txt").write_text("x")
    (made / "code.ts").write_text("export const a = 1;\n")
    (made / "best.pt").write_bytes(b"x")
    (made / "face.jpg").write_bytes(_photo())
    for name in HOSTILE:
        (made / "odd" / name).write_bytes(b"x")
    for number in range(5000):
        (made / "many" / f"clip_{number:05}.mp4").touch()
    outside = made.parent / "outside"
    outside.mkdir()
    (outside / "secret.mp4").write_bytes(clip)
    (made / "leads-out").symlink_to(outside)
    (made / "leads-out.mp4").symlink_to(outside / "secret.mp4")
    (made / "leads-to-hidden").symlink_to(made / ".jobs")
    (made / "leads-nowhere.mp4").symlink_to(made / "gone.mp4")
    (made / "stays.mp4").symlink_to(made / "one.mp4")
    if hasattr(os, "mkfifo"):
        os.mkfifo(made / "pipe.mp4")
    return made


def _photo() -> bytes:
    import numpy as np

    from core.video.images import encode_jpeg

    return encode_jpeg(np.full((90, 120, 3), 128, np.uint8), 80)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def address(root: Path, downloads: Path) -> Iterator[str]:
    options = ("--root", str(root), "--root", str(root / "trip"), "--root", str(root.parent / "gone"))
    with serving(downloads, *options, build=picker_page.build) as served:
        yield served


def post(address: str, path: str, body: Any) -> tuple[int, Any]:
    status, _, data = ask(address, f"/fs/files/{path}", "POST", body)
    return status, json.loads(data)


def names(lines: list[dict[str, Any]]) -> set[str]:
    return {line["name"] for line in lines}


def look(address: str, path: Path) -> dict[str, Any]:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        status, found = post(address, "look", {"path": str(path)})
        assert status == 200, found
        if found["state"] != "looking":
            return dict(found)
        time.sleep(0.05)
    raise AssertionError("no end of looking")


# --- the routes


def test_the_roots_are_told_and_those_that_are_gone(address: str, root: Path, downloads: Path) -> None:
    lines = json.loads(ask(address, "/fs/files/roots")[2])["roots"]
    assert [(line["path"], line["there"], line["own"]) for line in lines] == [
        (str(root), True, False),
        (str(root / "trip"), True, False),
        (str(root.parent / "gone"), False, False),
        (str(downloads), True, True),
    ]


def test_a_folder_shows_what_may_be_chosen_and_nothing_else(address: str, root: Path) -> None:
    status, found = post(address, "list", {"kind": "video", "folder": str(root)})
    assert status == 200
    assert names(found["folders"]) == {"trip", "empty", "many", "odd", "uploads"}
    assert names(found["files"]) == {*CLIPS, "broken.mp4", "stays.mp4"}
    assert (found["folder"], found["left_off"], found["at"]) == (str(root), 0, None)
    one = next(line for line in found["files"] if line["name"] == "one.mp4")
    assert one["bytes"] == (root / "one.mp4").stat().st_size
    assert abs(one["changed_s"] - (root / "one.mp4").stat().st_mtime) < 1


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("photo", {"face.jpg"}),
        ("weights", {"best.pt"}),
        ("folder", set()),
        ("face_model", set()),
        ("destination", set()),
    ],
)
def test_each_kind_shows_its_own_files(address: str, root: Path, kind: str, wanted: set[str]) -> None:
    status, found = post(address, "list", {"kind": kind, "folder": str(root)})
    assert status == 200
    assert names(found["files"]) == wanted
    assert "trip" in names(found["folders"])


def test_the_way_begins_at_the_outermost_root(address: str, root: Path) -> None:
    found = post(address, "list", {"kind": "video", "folder": str(root / "trip" / "day 2")})[1]
    assert [step["name"] for step in found["crumbs"]] == ["films", "trip", "day 2"]
    assert [step["path"] for step in found["crumbs"]] == [str(root), str(root / "trip"), str(root / "trip" / "day 2")]


def test_a_file_in_the_field_opens_its_folder(address: str, root: Path) -> None:
    found = post(address, "list", {"kind": "video", "folder": str(root / "trip" / "day 2" / "deep.mp4")})[1]
    assert (found["folder"], found["at"]) == (str(root / "trip" / "day 2"), "deep.mp4")
    found = post(address, "list", {"kind": "video", "folder": str(root / "not-there.mp4")})[1]
    assert (found["folder"], found["at"]) == (str(root), None)
    found = post(address, "list", {"kind": "video", "folder": f"'{root}/trip'  "})[1]
    assert found["folder"] == str(root / "trip")


@pytest.mark.parametrize(
    "place",
    [
        *("..", "../outside", "leads-out", "leads-out.mp4", ".jobs", ".presets", ".trash", ".jobs/job.mp4", "@eaDir"),
        *("leads-to-hidden", "../../../../../etc", "trip/../../outside", "none/../../outside"),
    ],
)
def test_no_folder_beside_the_roots_is_listed(address: str, root: Path, place: str) -> None:
    status, found = post(address, "list", {"kind": "video", "folder": f"{root}/{place}"})
    assert (status, found["code"]) == (400, "not_allowed")
    assert "choose another folder" in found["error"]


@pytest.mark.parametrize(
    ("folder", "status", "code"),
    [
        ("/etc", 400, "not_allowed"),
        ("/proc/self/root", 400, "not_allowed"),
        ("https://example.com/", 400, "web_address"),
        ("", 400, "no_text"),
        ("a\0b", 400, "no_address"),
        ("/" + "x" * 300, 400, "not_allowed"),
        (5, 422, "setting_type"),
        (None, 422, "setting_type"),
    ],
)
def test_what_is_no_folder_is_refused_in_a_sentence(address: str, folder: Any, status: int, code: str) -> None:
    found, body = post(address, "list", {"kind": "video", "folder": folder})
    assert (found, body["code"]) == (status, code)
    assert body["error"].endswith(".")


def test_a_kind_that_is_none_is_refused(address: str, root: Path) -> None:
    status, body = post(address, "list", {"kind": "any", "folder": str(root)})
    assert (status, body["code"], body["field"]) == (422, "setting_choice", "kind")
    assert post(address, "list", {"kind": "video", "folder": str(root), "glob": "*"})[0] == 422


def test_a_folder_that_went_away_is_said(address: str, root: Path) -> None:
    gone = root / "gone" / "deeper"
    status, body = post(address, "list", {"kind": "video", "folder": str(gone)})
    assert (status, body["code"]) == (400, "missing")
    assert "not there any more" in body["error"]


def test_hostile_names_come_as_they_are(address: str, root: Path) -> None:
    found = post(address, "list", {"kind": "video", "folder": str(root / "odd")})[1]
    assert names(found["files"]) == set(HOSTILE)


def test_a_look_tells_length_size_and_poster(address: str, root: Path) -> None:
    found = look(address, root / "one.mp4")
    assert found["state"] == "done"
    assert found["duration_s"] > 0
    assert (found["width"] > 0, found["height"] > 0) == (True, True)
    status, headers, data = ask(address, f"/fs/files/posters/{found['poster']}")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert data[:2] == b"\xff\xd8"
    assert look(address, root / "one.mp4")["poster"] == found["poster"]  # it is remembered
    assert look(address, root / "stays.mp4")["poster"] == found["poster"]  # by what it really is


def test_a_look_at_a_photo_has_a_poster_and_one_at_a_broken_file_fails(address: str, root: Path) -> None:
    assert look(address, root / "face.jpg")["poster"]
    found = look(address, root / "broken.mp4")
    assert (found["state"], found["poster"]) == ("failed", None)
    assert look(address, root / "two.mp4")["state"] == "done"


@pytest.mark.parametrize(
    "path", ["leads-out.mp4", "../outside/secret.mp4", "pipe.mp4", "notes.txt", "none.mp4", "odd", ""]
)
def test_only_files_of_the_roots_are_looked_at(address: str, root: Path, path: str) -> None:
    status, body = post(address, "look", {"path": f"{root}/{path}"})
    assert (status, body["code"]) == (400, "not_allowed")


def test_posters_have_ids_that_were_given_out(address: str) -> None:
    for name in ("x", "..", "%2e%2e", "0"):
        assert ask(address, f"/fs/files/posters/{name}")[0] == 404


def test_a_folder_of_thousands_comes_whole(address: str, root: Path) -> None:
    found = post(address, "list", {"kind": "video", "folder": str(root / "many")})[1]
    assert len(found["files"]) == 5000


def test_of_more_than_can_be_listed_the_rest_is_counted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_LISTED", 100)
    found = files.listed(Places(root.parent / "runs", (root,)), str(root / "many"), "video")
    assert (len(found["files"]), found["left_off"]) == (100, 4900)


def test_what_may_be_uploaded_may_be_chosen_afterwards() -> None:
    for kind in (uploads.VIDEO, uploads.PHOTO):
        noun = {"video": "video", "picture": "photo"}[kind.noun]
        assert all(files.is_named_like(f"a.{suffix}", noun) for suffix in kind.suffixes)


def test_a_root_in_a_hidden_folder_is_shown(tmp_path: Path) -> None:
    root = tmp_path / ".cache" / "films"
    (root / "in").mkdir(parents=True)
    found = files.listed(Places(tmp_path / "runs", (root,)), str(root / "in"), "video")
    assert [step["name"] for step in found["crumbs"]] == ["films", "in"]


# --- in a browser


class Picker:
    """One picker of ``picker_page`` and its dialog."""

    def __init__(self, seen: Visit, address: str, kind: str = "video") -> None:
        self.page, self.kind = seen.page, kind
        if not self.page.url.startswith(address):
            self.page.goto(address)
        self.element = self.page.locator(f"#pick-{kind}")
        self.box = self.element.locator("input.box").first
        self.box.wait_for(timeout=WAIT_MS)
        self.dialog = self.element.locator("dialog")

    def browse(self) -> Picker:
        self.element.get_by_role("button", name="Browse", exact=True).click()
        return self.opened()

    def opened(self) -> Picker:
        self.dialog.locator(".crumb[aria-current=page]").wait_for(timeout=WAIT_MS)
        return self

    def go(self, path: Path) -> Picker:
        """Types a path and opens the dialog there, since each browser remembers another folder."""
        type_text(self.box, str(path))
        self.browse()
        self.dialog.locator(f".crumb[aria-current=page][title='{path}']").wait_for(timeout=WAIT_MS)
        return self

    def row(self, name: str) -> Any:
        return self.dialog.get_by_role("option", name=name)

    def here(self) -> str:
        return str(self.dialog.locator(".crumb[aria-current=page]").inner_text())

    def said(self, signal: str) -> dict[str, Any]:
        """The last signal, once it is this one."""
        box = self.page.locator(f"#said-{self.kind} textarea, #said-{self.kind} input").first
        self.page.wait_for_function(
            "([box, signal]) => { try { return JSON.parse(box.value).signal === signal } catch { return false } }",
            arg=[box.element_handle(), signal],
            timeout=WAIT_MS,
        )
        found = json.loads(box.input_value())
        return {name: found[name] for name in ("text", "paths")}


@browser
def test_a_clip_in_a_subfolder_is_chosen_by_mouse(address: str, root: Path, visit: Visitor) -> None:
    pick = Picker(visit(), address).browse()
    assert pick.here() == "films"
    pick.row("trip, folder").click()
    pick.row("day 2, folder").click()
    pick.row("deep.mp4").click()
    pick.dialog.get_by_role("button", name="Choose", exact=True).click()
    wanted = str(root / "trip" / "day 2" / "deep.mp4")
    assert pick.said("chosen") == {"text": wanted, "paths": [wanted]}
    assert pick.box.input_value() == wanted
    assert pick.dialog.is_hidden()


@browser
def test_a_clip_in_a_subfolder_is_chosen_by_keys_alone(address: str, root: Path, visit: Visitor) -> None:
    pick = Picker(visit(), address)
    page, keys = pick.page, pick.page.keyboard
    pick.box.focus()
    keys.press("Tab")
    keys.press("Enter")
    pick.opened()
    keys.type("tri")
    assert pick.dialog.get_by_role("option").count() == 1
    keys.press("Enter")
    pick.row("day 2, folder").wait_for()
    keys.press("Enter")
    pick.row("deep.mp4").wait_for()
    keys.press("Backspace")
    pick.row("day 2, folder").wait_for()
    keys.press("Enter")
    pick.row("deep.mp4").wait_for()
    keys.press("ArrowDown")
    keys.press("Enter")
    assert pick.said("chosen")["paths"] == [str(root / "trip" / "day 2" / "deep.mp4")]
    assert page.evaluate("document.activeElement.id") == pick.box.get_attribute("id")


@browser
def test_the_focus_stays_in_the_dialog_and_escape_gives_it_back(address: str, visit: Visitor) -> None:
    pick = Picker(visit(), address).browse()
    inside = "document.activeElement.closest('dialog') !== null"
    for key in ("Tab", "Shift+Tab"):
        for _ in range(20):
            pick.page.keyboard.press(key)
            assert pick.page.evaluate(inside)
    pick.page.keyboard.press("Escape")
    assert pick.dialog.is_hidden()
    assert pick.page.evaluate("document.activeElement.textContent") == "Browse"


@browser
def test_several_videos_are_chosen_by_boxes_by_shift_and_all(address: str, root: Path, visit: Visitor) -> None:
    pick = Picker(visit(), address).browse()
    pick.row("one.mp4").locator(".choice").click()
    pick.row("two.mp4").locator(".choice").click()
    pick.dialog.get_by_role("button", name="Choose 2 videos").click()
    assert pick.said("chosen") == {"text": "", "paths": [str(root / "one.mp4"), str(root / "two.mp4")]}
    pick.browse()
    pick.row("one.mp4").click()
    pick.row("ten.mp4").click(modifiers=["Shift"])
    pick.dialog.get_by_role("button", name="Choose 3 videos").wait_for()
    pick.page.keyboard.press("ControlOrMeta+a")
    pick.dialog.get_by_role("button", name="Choose 5 videos").wait_for()
    pick.page.keyboard.press("Escape")


@browser
def test_lengths_and_posters_come_for_what_is_in_view(address: str, visit: Visitor) -> None:
    pick = Picker(visit(), address).browse()
    pick.row("one.mp4").locator("img").wait_for(timeout=WAIT_MS)
    assert pick.row("one.mp4").locator(".long").inner_text()
    pick.row("broken.mp4, cannot be read").wait_for(timeout=WAIT_MS)


@browser
def test_a_folder_of_thousands_has_few_rows_and_reaches_the_last(address: str, root: Path, visit: Visitor) -> None:
    pick = Picker(visit(), address).browse()
    pick.row("many, folder").click()
    pick.dialog.get_by_text("5,000 videos").wait_for(timeout=WAIT_MS)
    assert pick.dialog.get_by_role("option").count() < 40
    pick.page.keyboard.press("End")
    last = pick.row("clip_04999.mp4")
    last.wait_for()
    assert last.get_attribute("aria-posinset") == "5000"
    pick.page.keyboard.type("00123")
    pick.row("clip_00123.mp4").wait_for()
    pick.page.keyboard.press("Enter")
    assert pick.said("chosen")["paths"] == [str(root / "many" / "clip_00123.mp4")]


@browser
def test_hostile_names_are_text(address: str, root: Path, visit: Visitor) -> None:
    pick = Picker(visit(), address).go(root / "odd")
    assert pick.dialog.get_by_role("option").count() == len(HOSTILE)
    assert pick.page.evaluate("window.pwn === undefined")
    pick.page.keyboard.press("Escape")


@browser
def test_an_empty_folder_and_one_that_went_away_say_what_to_do(address: str, root: Path, visit: Visitor) -> None:
    (root / "soon gone").mkdir()
    seen = visit()
    pick = Picker(seen, address).browse()
    pick.row("empty, folder").click()
    pick.dialog.get_by_text("No videos in this folder.").wait_for()
    assert pick.dialog.get_by_role("button", name="Upload", exact=True).is_visible()
    pick.page.keyboard.press("Backspace")
    pick.row("soon gone, folder").wait_for()
    (root / "soon gone").rmdir()
    (root / "soon gone").symlink_to(root.parent / "outside")
    pick.row("soon gone, folder").click()
    pick.dialog.get_by_text("This folder cannot be shown.").wait_for()
    (root / "soon gone").unlink()
    pick.dialog.locator(f".place[title='{root}']").click()
    pick.row("trip, folder").wait_for()
    seen.problems[:] = [text for text in seen.problems if "400" not in text]


@browser
def test_without_an_allowed_folder_it_is_said_what_to_do(tmp_path: Path, visit: Visitor) -> None:
    (tmp_path / "runs").mkdir()
    with serving(tmp_path / "runs", "--root", str(tmp_path / "gone"), build=picker_page.build) as address:
        (tmp_path / "runs").rename(tmp_path / "away")
        pick = Picker(visit(), address)
        pick.element.get_by_role("button", name="Browse", exact=True).click()
        pick.dialog.get_by_text("No folder is open to the page.").wait_for(timeout=WAIT_MS)
        assert "--root" in pick.dialog.locator(".none").inner_text()
        pick.page.close()


@browser
def test_a_folder_is_chosen_and_a_new_one_named(address: str, root: Path, visit: Visitor) -> None:
    seen = visit()
    pick = Picker(seen, address, "folder").browse()
    assert pick.row("one.mp4").count() == 0
    pick.row("trip, folder").click()
    pick.row("day 2, folder").wait_for()
    pick.dialog.get_by_role("button", name="Choose this folder").click()
    assert pick.said("chosen")["paths"] == [str(root / "trip")]
    pick = Picker(seen, address, "destination").browse()
    name = pick.dialog.get_by_label("New folder in it")
    type_text(name, "a/b")
    assert pick.dialog.get_by_role("button", name="Choose this folder").is_disabled()
    type_text(name, "new one")
    name.press("Enter")
    assert pick.said("chosen")["paths"] == [str(root / "new one")]
    assert not (root / "new one").exists()


@browser
def test_letters_are_typed_and_said_after_a_pause_and_tab_leaves(address: str, visit: Visitor) -> None:
    pick = Picker(visit(), address)
    type_text(pick.box, "/videos/a.mp4")
    assert pick.said("typed") == {"text": "/videos/a.mp4", "paths": []}
    pick.box.press("Tab")
    assert pick.page.evaluate("document.activeElement.textContent") == "Browse"


@browser
def test_recent_values_are_offered_and_chosen_by_keys(address: str, root: Path, visit: Visitor) -> None:
    pick = Picker(visit(), address).browse()
    pick.row("one.mp4").dblclick()
    pick.said("chosen")
    pick.page.reload()
    pick.box.wait_for(timeout=WAIT_MS)
    pick.box.click()
    pick.element.get_by_role("option", name="one.mp4").wait_for()
    pick.box.press("Escape")
    pick.element.get_by_role("option", name="one.mp4").wait_for(state="hidden")
    pick.box.press("ArrowDown")
    pick.box.press("Enter")
    assert pick.box.input_value() == str(root / "one.mp4")
    assert pick.said("chosen")["paths"] == [str(root / "one.mp4")]


@browser
def test_an_error_is_an_alert_in_the_colour_of_warnings_until_one_types(address: str, visit: Visitor) -> None:
    pick = Picker(visit(), address)
    pick.page.locator("#wrong-video").click()
    alert = pick.element.locator("> * p.wrong, p.wrong").first
    alert.get_by_text("There is no such file; choose one with Browse.").wait_for()
    assert alert.get_attribute("role") == "alert"
    assert pick.box.get_attribute("aria-invalid") == "true"
    warn = "(e) => { const p = document.createElement('p'); p.style.color = 'var(--warn)'; e.append(p);"
    wanted = alert.evaluate(f"{warn} const c = getComputedStyle(p).color; p.remove(); return c; }}")
    assert alert.evaluate("(e) => getComputedStyle(e).color") == wanted
    pick.box.press_sequentially("x")
    assert pick.box.get_attribute("aria-invalid") == "false"
    assert alert.inner_text() == ""


@browser
def test_listeners_put_a_text_and_read_it(address: str, visit: Visitor) -> None:
    pick = Picker(visit(), address)
    pick.page.locator("#put-video").click()
    assert pick.said("typed")["text"] == "a/b.mp4"
    pick.page.locator("#value-video").click()
    box = pick.page.locator("#said-video textarea, #said-video input").first
    pick.page.wait_for_function("(box) => box.value === 'a/b.mp4'", arg=box.element_handle())


@browser
def test_several_files_are_uploaded_one_after_the_other(
    address: str, root: Path, downloads: Path, visit: Visitor
) -> None:
    pick = Picker(visit(), address)
    with pick.page.expect_file_chooser() as chooser:
        pick.element.get_by_role("button", name="Upload").click()
    chooser.value.set_files(
        [
            {"name": f"up {n}.mp4", "mimeType": "video/mp4", "buffer": (root / "one.mp4").read_bytes() + bytes(n)}
            for n in (1, 2)
        ]
    )
    paths = pick.said("uploaded")["paths"]
    assert [Path(path).parent for path in paths] == [downloads / "uploads"] * 2
    assert [Path(path).name for path in paths] == ["up 1.mp4", "up 2.mp4"]


DROP = """([selector, name, text]) => {
  const data = new DataTransfer();
  if (name) data.items.add(new File([new Uint8Array(9)], name, { type: "video/mp4" }));
  if (text) data.setData("text/plain", text);
  const target = document.querySelector(selector);
  for (const type of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
  }
}"""


@browser
def test_what_is_dropped_on_the_tab_is_uploaded_or_written(address: str, downloads: Path, visit: Visitor) -> None:
    pick = Picker(visit(), address)
    pick.page.evaluate(DROP, ["#source", None, "/videos/dropped.mp4"])
    assert pick.said("typed")["text"] == "/videos/dropped.mp4"
    pick.page.evaluate(DROP, ["#source", "dropped.mp4", None])
    path = str(downloads / "uploads" / "dropped.mp4")
    assert pick.said("uploaded") == {"text": path, "paths": [path]}


@browser
def test_a_file_that_is_refused_is_said_under_the_field(address: str, visit: Visitor) -> None:
    seen = visit()
    pick = Picker(seen, address)
    pick.page.evaluate(DROP, ["#source", "program.exe", None])
    pick.element.get_by_text("is not named like a video").wait_for(timeout=WAIT_MS)
    seen.problems[:] = [text for text in seen.problems if "400" not in text]


@browser
def test_on_a_phone_the_dialog_is_the_whole_screen(address: str, visit: Visitor) -> None:
    seen = visit()
    seen.page.set_viewport_size({"width": 390, "height": 844})
    pick = Picker(seen, address).browse()
    assert pick.dialog.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    for element in pick.dialog.locator("button:visible, input:visible").all():
        box = element.bounding_box()
        is_place = element.evaluate("(e) => e.closest('.places') !== null")
        assert is_place or (box["x"] >= 0 and box["x"] + box["width"] <= 390)
    assert pick.page.evaluate("document.documentElement.scrollWidth") <= 390


@browser
def test_every_kind_opens(address: str, visit: Visitor) -> None:
    seen = visit()
    for kind in KINDS:
        pick = Picker(seen, address, kind).browse()
        pick.row("trip, folder").wait_for()
        pick.page.keyboard.press("Escape")
