"""What a demanding person, a hostile site and a bad day did to the page; each of these went wrong once."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core.store import selection
from core.store.run import RunDir
from core.ui import zipped
from core.ui.session import SECRET, Workspace
from tests import videos
from tests.browser import Visit, held, still, type_into, type_text
from tests.machine import ROOT
from tests.serving import free_port, serving
from tests.ui.asking import ask, runs_of
from tests.ui.calls import call
from tests.ui.site import Site
from tests.ui.source import WAIT_MS, ended, is_counted

Visitor = Callable[..., Visit]
browser = pytest.mark.browser


def id_of(address: str, name: str) -> str:
    return next(str(line["id"]) for line in runs_of(address) if line["name"] == name)


# --- without a browser


@pytest.mark.parametrize("bounds", [[1], "ab", 5, [[1, 2]], ["ab"], [["sharpness", 1]]], ids=str)
@pytest.mark.parametrize("side", ["min", "max"])
def test_bounds_that_are_no_object_are_one_sentence(site: Site, side: str, bounds: Any) -> None:
    site.run("bounds")
    path = f"/fs/runs/{id_of(site.address, 'bounds')}/size"
    status, _, data = ask(site.address, path, "POST", {"filters": {side: bounds}})
    assert status == 422
    assert json.loads(data)["error"] == f"{side} = {json.dumps(bounds)} is not an object of names and numbers."


def test_gradios_own_upload_and_component_server_are_closed(site: Site) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="../../evil.html"\r\n\r\n<b>\r\n--x--\r\n'
    kind = {"Content_Type": "multipart/form-data; boundary=x"}
    assert ask(site.address, "/gradio_api/upload", "POST", body, **kind)[0] == 404
    call = {"session_hash": "x", "component_id": 1, "fn_name": "ls", "data": ["/etc"]}
    assert ask(site.address, "/gradio_api/component_server", "POST", call)[0] == 404
    assert ask(site.address, "/gradio_api/proxy=http://127.0.0.1:1/")[0] == 404


def test_choosing_files_shows_nothing_of_elsewhere(site: Site, tmp_path: Path) -> None:
    (tmp_path / "TOP SECRET.mp4").write_bytes(b"x")
    run = site.run("chosen from")
    (run / "elsewhere").symlink_to(tmp_path)
    (run / "file.mp4").symlink_to(tmp_path / "TOP SECRET.mp4")
    for folder in (
        run,
        run / "elsewhere",
        site.downloads / SECRET,
        site.downloads / ".jobs",
        tmp_path,
        "/proc/self/fd",
    ):
        for kind in ("video", "folder"):
            data = ask(site.address, "/fs/files/list", "POST", {"kind": kind, "folder": str(folder)})[2]
            assert b"SECRET" not in data
            assert SECRET.encode() not in data.replace(str(folder).encode(), b"")
            assert b"elsewhere" not in data.replace(str(folder).encode(), b"")
    assert ask(site.address, "/fs/files/look", "POST", {"path": str(run / "file.mp4")})[0] == 400


def test_links_in_a_run_folder_show_nothing_of_elsewhere(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"TOP SECRET")
    run = site.run("linked")
    frame = RunDir(run).frame(1, ".jpg")
    frame.unlink()
    frame.symlink_to(secret)
    RunDir(run).thumbs.symlink_to(tmp_path)
    (tmp_path / RunDir(run).thumb(2, ".jpg").name).write_bytes(b"TOP SECRET")
    base = f"/fs/runs/{id_of(site.address, 'linked')}"
    assert b"SECRET" not in ask(site.address, f"{base}/frame/1")[2]
    assert ask(site.address, f"{base}/thumb/2")[0] == 404
    assert ask(site.address, f"{base}/poster/0")[0] == 404
    assert next(line for line in runs_of(site.address) if line["name"] == "linked")["poster"] is None


def test_names_in_a_zip_cannot_leave_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "..\\..\\C:evil\udcff"
    folder.mkdir()
    for name in ("..\\..\\up.jpg", "a:b.jpg", "line\nbreak.jpg", "frame_000001.jpg"):
        (folder / name).write_bytes(b"x")
    (folder / "link.jpg").symlink_to("/etc/passwd")
    names = zipfile.ZipFile(io.BytesIO(b"".join(zipped.stream(folder)))).namelist()
    assert len(names) == 4
    for name in names:
        assert not set(name) & set('\\:*?"<>|\n')
        assert [part for part in name.split("/") if part not in ("", ".", "..")] == name.split("/")
        assert name.count("/") == 1


def test_an_export_whose_folder_is_gone_does_not_take_the_run_with_it(site: Site) -> None:
    site.run("export-gone")
    base = f"/fs/runs/{id_of(site.address, 'export-gone')}"
    cookie = ask(site.address, "/fs/runs")[1]["set-cookie"].split(";")[0]
    saved = ask(site.address, f"{base}/selection", "POST", {"filters": {}, "revision": "none"}, Cookie=cookie)
    digest = json.loads(saved[2])["digest"]
    word = cookie.partition("=")[2]
    job = call(site.address, "export", "export-gone", digest=digest, owner=word)["job"]
    while (status := json.loads(ask(site.address, f"/fs/exports/{job}")[2]))["state"] in ("queued", "running"):
        pass
    shutil.rmtree(status["folder"])
    facts = ask(site.address, base, Cookie=cookie)
    assert facts[0] == 200
    assert json.loads(facts[2])["export"]["zip"] is False
    code, _, data = ask(site.address, f"/fs/exports/{job}/zip")
    assert code == 400
    assert "is gone" in json.loads(data)["error"]


def test_ids_stay_over_a_restart_and_cannot_be_guessed_elsewhere(site: Site, tmp_path: Path) -> None:
    site.run("restarted")
    wanted = id_of(site.address, "restarted")
    again = Workspace(site.downloads)
    assert again.run(wanted).run.path.name == "restarted"
    assert (site.downloads / SECRET).stat().st_mode & 0o077 == 0
    shutil.copytree(site.downloads / "restarted", tmp_path / "restarted")
    assert Workspace(tmp_path).named("restarted").id != wanted


def test_share_without_a_network_and_a_dead_proxy_says_so_and_serves_here(tmp_path: Path) -> None:
    argv = [sys.executable, "app.py", "--share", "--port", str(free_port()), "--downloads", str(tmp_path)]
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    with subprocess.Popen(
        argv, cwd=ROOT, env=os.environ | nowhere, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            lines = iter(server.stdout.readline, "")
            assert any(line.startswith("No public address: ") for line in lines)
        finally:
            server.terminate()
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()


# --- in a browser


@browser
def test_opening_the_shown_run_again_loses_nothing(site: Site, visit: Visitor) -> None:
    run = site.run("twice")
    seen = visit().open(site.address, run.name)
    type_into(seen, "In all", "30")
    seen.page.locator(".pick").click()
    seen.page.get_by_role("option", name=re.compile("^twice all,")).click()
    seen.wait_saved()
    seen.page.wait_for_timeout(300)
    assert seen.filters()["top"] == 30
    undo = seen.page.get_by_role("button", name="Undo")
    undo.click()
    assert seen.filters()["top"] is None
    assert undo.is_disabled()


@browser
def test_runs_that_are_switched_at_once_keep_what_was_just_changed(site: Site, visit: Visitor) -> None:
    mine = site.run("my run")
    site.run("another", "bare")
    seen = visit().open(site.address, "my run").far()
    page = seen.page

    def switch(*names: str) -> None:
        for name in names:
            page.locator(".pick").click()
            page.get_by_role("option", name=name).click()
        seen.settled(names[-1])

    for turn in range(3):
        type_into(seen, "In all", str(20 + turn))
        switch("another", "my run", "another")
        assert page.locator("#filter .pane > .notice").is_hidden()
        saved = selection.read(RunDir(mine).selection)
        assert saved is not None
        assert saved.filters.top == 20 + turn
        switch("my run")
        assert seen.filters()["top"] == 20 + turn
        assert page.locator("#filter .pane > .notice").is_hidden()


@browser
def test_a_run_that_is_gone_is_said_where_it_was_chosen(site: Site, visit: Visitor) -> None:
    site.run("stays")
    gone = site.run("vanished")
    seen = visit().open(site.address, "stays")
    with seen.page.expect_response("**/fs/runs"):
        seen.page.locator(".pick").click()
    seen.page.get_by_role("option", name="vanished").wait_for()  # nobody asks for the list any more
    shutil.rmtree(gone)
    seen.page.get_by_role("option", name="vanished").click()
    seen.page.get_by_role("alert").filter(has_text="this run was deleted or moved").wait_for()
    assert seen.state()["run"] == "stays"
    seen.problems = [text for text in seen.problems if "status of 410" not in text]


@browser
def test_an_open_page_goes_on_after_the_server_was_killed(counting_runs: Path, visit: Visitor, tmp_path: Path) -> None:
    shutil.copytree(counting_runs / "files", tmp_path / "kept")
    port = str(free_port())
    seen = visit()
    seen.stays = True
    with serving(tmp_path, port=port) as address:
        seen.open(address, "kept")
    seen.page.keyboard.press("x")
    seen.page.get_by_text("Not saved yet").wait_for()
    with serving(tmp_path, port=port):
        seen.wait_saved()
        saved = selection.read(RunDir(tmp_path / "kept").selection)
        assert saved is not None
        assert saved.filters.reject == (0,)
        seen.page.keyboard.press("End")
        seen.page.locator(".cell:not([hidden]):not(:has(.there))").first.wait_for(state="detached")
        assert seen.state()["current"] == videos.FRAMES - 1
        seen.page.close()
    seen.problems.clear()


@browser
def test_buttons_of_the_enlarged_frame_keep_the_focus(site: Site, visit: Visitor) -> None:
    site.run("focus")
    seen = visit().open(site.address, "focus")
    keys = seen.page.keyboard
    seen.page.get_by_role("listbox", name="Frames").focus()
    keys.press("Enter")
    button = seen.page.get_by_role("button", name="Next frame")
    button.focus()
    for place in (1, 2, 3):
        keys.press("Enter")
        expect(seen.page.locator(".facts-side h2")).to_have_text(f"Frame {place}", use_inner_text=True)
    assert seen.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Next frame (Right)"
    seen.page.get_by_role("dialog").get_by_role("button", name="Reject").focus()
    keys.press("Enter")
    seen.settled()
    keys.press("ArrowRight")
    expect(seen.page.locator(".facts-side h2")).to_have_text("Frame 4", use_inner_text=True)
    assert seen.filters()["reject"] == [3]


@browser
def test_what_is_typed_is_what_is_extracted_however_fast(counting_runs: Path, visit: Visitor, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    for name in ("first.mp4", "second.mp4"):
        shutil.copy(videos.build("h264-opengop"), media / name)
    seen = visit()
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        page = seen.page
        page.goto(address)
        box = page.get_by_label("URL, path or dropped file")
        type_text(box, str(media / "first.mp4"))
        is_counted(page)
        with held(page, "**/fs/source/look"):  # nobody knows yet what is typed
            type_text(box, str(media / "second.mp4"))
            box.press("Control+Enter")
            expect(page.get_by_role("button", name="Extract & Analyze Frames")).to_be_disabled()
            assert not list((tmp_path / "downloads").glob("*/run.json"))
        is_counted(page)
        box.press("Control+Enter")
        ended(page)
        assert [path.name for path in (tmp_path / "downloads").iterdir() if path.is_dir()] == ["second"]
        page.close()


@browser
def test_bars_and_tabs_are_reached_by_keys(site: Site, visit: Visitor) -> None:
    site.run("bars")
    seen = visit().open(site.address, "bars")
    bar = seen.page.get_by_role("slider", name="Contrast, histogram")
    bar.focus()
    seen.page.keyboard.press("End")
    wanted = int(bar.get_attribute("aria-valuetext").split(": ")[1].split()[0])
    seen.page.keyboard.press("Enter")
    assert seen.state()["shown"] == wanted > 0
    seen.page.keyboard.press("Escape")
    assert seen.state()["shown"] == videos.FRAMES
    seen.page.get_by_role("tab", name="Filtering & Export").focus()
    for name in ("Subject Masking", "Person Selection", "Live Review", "Video Source"):
        seen.page.keyboard.press("ArrowLeft")
        expect(seen.page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        still(seen.page)
        expect(seen.page.get_by_role("tab", name=name)).to_be_focused()  # also that of a video, which has keys itself
    source = seen.page.get_by_role("tab", name="Video Source")
    assert source.evaluate("tab => tab === document.activeElement")


@browser
def test_pictures_that_cannot_come_are_said_and_tried_again(
    counting_runs: Path, visit: Visitor, tmp_path: Path
) -> None:
    from core.store import run_file

    shutil.copytree(counting_runs / "bare", tmp_path / "runs" / "bare")
    video = Path(run_file.read(RunDir(counting_runs / "bare").run_json).video.path)
    elsewhere = video.with_suffix(".away")
    seen = visit()
    with serving(tmp_path / "runs", "--root", str(video.parent)) as address:
        video.rename(elsewhere)
        try:
            seen.open(address, "bare")
            seen.page.get_by_role("alert").filter(has_text="The pictures cannot be shown: the video of").wait_for()
        finally:
            elsewhere.rename(video)
        seen.page.get_by_role("button", name="Try again").click()
        seen.page.wait_for_selector(".cell img.there")
        assert seen.page.locator("#filter .pane > .notice").is_hidden()
        seen.page.close()
    seen.problems = [text for text in seen.problems if "400" not in text]


@browser
def test_the_log_closes_by_escape_and_its_buttons_keep_the_focus(
    counting_runs: Path, visit: Visitor, tmp_path: Path
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    shutil.copy(videos.build("h264-opengop"), media / "again.mp4")
    seen = visit()
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        page = seen.page
        page.goto(address)
        type_text(page.get_by_label("URL, path or dropped file"), str(media / "again.mp4"))
        is_counted(page)
        page.get_by_role("button", name="Extract & Analyze Frames").click()
        ended(page)
        page.get_by_role("button", name="Extract & Analyze Frames").click()
        page.get_by_text("Nothing was measured anew").wait_for(timeout=WAIT_MS)
        page.locator("#jobs").get_by_role("button", name="Log").click()
        line = page.locator(".job-pick").nth(1)
        line.focus()
        page.keyboard.press("Enter")
        assert line.evaluate("line => line === document.activeElement && line.ariaPressed === 'true'")
        page.keyboard.press("Escape")
        assert page.locator("#job-drawer").is_hidden()
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        assert page.locator("#job-drawer").is_hidden()
        page.close()
