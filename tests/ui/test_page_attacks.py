"""What a demanding person, a hostile site and a bad day did to the page; each of these went wrong once."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.store import selection
from core.store.run import RunDir
from core.ui import zipped
from core.ui.session import SECRET, Workspace
from tests import videos
from tests.conftest import ROOT
from tests.ui.conftest import Site, Visit, free_port, serving, type_into, type_text
from tests.ui.test_page_guard import ask, runs_of

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
    assert json.loads(data)["error"] == f"{side} is wanted as numbers by column."


def test_gradios_own_upload_and_component_server_are_closed(site: Site) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="../../evil.html"\r\n\r\n<b>\r\n--x--\r\n'
    kind = {"Content_Type": "multipart/form-data; boundary=x"}
    assert ask(site.address, "/gradio_api/upload", "POST", body, **kind)[0] == 404
    call = {"session_hash": "x", "component_id": 1, "fn_name": "ls", "data": ["/etc"]}
    assert ask(site.address, "/gradio_api/component_server", "POST", call)[0] == 404
    assert ask(site.address, "/gradio_api/proxy=http://127.0.0.1:1/")[0] == 404


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
    job = json.loads(ask(site.address, f"{base}/export", "POST", {"filters": {}, "digest": digest}, Cookie=cookie)[2])
    while (status := json.loads(ask(site.address, f"/fs/exports/{job['id']}")[2]))["state"] in ("queued", "running"):
        pass
    shutil.rmtree(status["folder"])
    facts = ask(site.address, base, Cookie=cookie)
    assert facts[0] == 200
    assert json.loads(facts[2])["export"]["zip"] is False
    code, _, data = ask(site.address, f"/fs/exports/{job['id']}/zip")
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
    seen.page.evaluate("window.before = framesieve.filter.choices")
    type_into(seen, "keep at most N frames in all", "30")
    seen.page.locator(".pick").click()
    seen.page.get_by_role("option", name="twice").click()
    seen.wait_saved()
    seen.page.wait_for_timeout(300)
    assert seen.state()["filters"]["top"] == 30
    assert seen.page.evaluate("framesieve.filter.choices.past.length") == 1


@browser
def test_runs_that_are_switched_at_once_keep_what_was_just_changed(site: Site, visit: Visitor) -> None:
    site.run("here")
    site.run("there", "bare")
    seen = visit().open(site.address, "here")
    open_run = "name => import(performance.getEntriesByType('resource').map((e) => e.name)"
    open_run += ".find((n) => n.endsWith('runs.js'))).then((m) => m.open(m.known().find((r) => r.name === name)))"
    for turn in range(3):
        type_into(seen, "keep at most N frames in all", str(20 + turn))
        seen.page.evaluate(f"(async () => {{ const go = {open_run}; go('there'); go('here'); go('there'); }})()")
        seen.page.wait_for_function("framesieve.filter.run?.name === 'there' && framesieve.filter.digest")
        assert seen.page.locator(".pick b").inner_text() == "there"
        assert seen.page.locator(".notice").is_hidden()
        saved = selection.read(RunDir(site.downloads / "here").selection)
        assert saved is not None
        assert saved.filters.top == 20 + turn
        seen.page.evaluate(open_run, "here")
        seen.page.wait_for_function("framesieve.filter.run?.name === 'here' && framesieve.filter.digest")
        assert seen.state()["filters"]["top"] == 20 + turn
        assert seen.page.locator(".notice").is_hidden()


@browser
def test_a_run_that_is_gone_is_said_where_it_was_chosen(site: Site, visit: Visitor) -> None:
    site.run("stays")
    gone = site.run("vanished")
    seen = visit().open(site.address, "stays")
    seen.page.locator(".pick").click()
    seen.page.get_by_role("option", name="vanished").wait_for()
    seen.page.wait_for_load_state("networkidle")
    shutil.rmtree(gone)
    seen.page.get_by_role("option", name="vanished").click()
    seen.page.get_by_role("status").filter(has_text="run.json").wait_for()
    assert seen.state()["run"] == "stays"
    seen.problems = [text for text in seen.problems if "400" not in text]


@browser
def test_an_open_page_goes_on_after_the_server_was_killed(counting_runs: Path, visit: Visitor, tmp_path: Path) -> None:
    shutil.copytree(counting_runs / "files", tmp_path / "kept")
    port = str(free_port())
    seen = visit()
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
        seen.page.wait_for_function("document.querySelector('.cell:not([hidden]):not(:has(.there))') === null")
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
        assert seen.page.locator(".facts-side h2").inner_text() == f"Frame {place}"
    assert seen.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Next frame (Right)"
    seen.page.get_by_role("dialog").get_by_role("button", name="Reject").focus()
    keys.press("Enter")
    seen.state()
    keys.press("ArrowRight")
    assert seen.page.locator(".facts-side h2").inner_text() == "Frame 4"
    assert seen.state()["filters"]["reject"] == [3]


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
        page.wait_for_function("framesieve.source.box.facts?.frames")
        type_text(box, str(media / "second.mp4"))
        box.press("Control+Enter")
        assert page.get_by_role("button", name="Extract & Analyze Frames").is_disabled()
        page.wait_for_function("framesieve.source.box.facts?.frames")
        box.press("Control+Enter")
        page.wait_for_selector(".live[data-state=done]")
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
    seen.page.keyboard.press("ArrowLeft")
    assert seen.page.get_by_role("tab", name="Live Review").get_attribute("aria-selected") == "true"
    seen.page.keyboard.press("ArrowLeft")
    source = seen.page.get_by_role("tab", name="Video Source")
    assert source.get_attribute("aria-selected") == "true"
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
        assert seen.page.locator(".notice").is_hidden()
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
        page.wait_for_function("framesieve.source.box.facts?.frames")
        for _ in range(2):
            before = page.evaluate("framesieve.source.job")
            page.get_by_role("button", name="Extract & Analyze Frames").click()
            page.wait_for_function("before => framesieve.source.job !== before", arg=before)
            page.wait_for_selector(".live[data-state=done]")
        page.get_by_text("Nothing was measured anew").wait_for()
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
