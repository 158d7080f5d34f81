"""The best N stills, spread, from a pasted path to the exported pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.pipeline.notes import notes
from core.pipeline.select import select
from core.settings.filter import FilterSettings
from core.settings.model import changed
from core.store import jsonl, selection
from core.store.run import RunDir
from core.store.table import load_table
from core.video.command import run_ffmpeg
from core.video.images import decode
from tests import videos
from tests.browser import Visit, choose, type_into, type_text
from tests.serving import serving
from tests.ui.site import Site
from tests.ui.source import WAIT_MS, begin, choose_method, ended, extract, run_of

pytestmark = pytest.mark.browser


def test_from_a_pasted_path_to_the_exported_stills(visit: Callable[..., Visit], tmp_path: Path) -> None:
    clip, downloads = videos.build("h264-opengop"), tmp_path / "downloads"
    with serving(downloads, "--root", str(clip.parent)) as address:
        seen = visit()
        page = begin(seen, address, str(clip), "All frames")
        expect(page.get_by_label("Best of so many equal parts")).to_be_visible()
        choose_method(page, "Best stills, spread")
        expect(page.locator("#extract-target")).to_be_hidden()
        type_text(page.locator("#extract-best input"), "4")
        expect(page.locator("#extract-rank_by input")).to_have_value("Picture score")
        extract(page)
        ended(page)
        run = run_of(downloads)
        saved = selection.read(run.selection)
        assert saved is not None
        assert 1 <= len(saved.kept) <= 4
        assert sorted(path.stem for path in run.path.glob("frame_*")) == [f"frame_{n:06d}" for n in saved.kept]
        page.get_by_role("button", name="Open in Filtering").click()
        seen.address = address
        shown = seen.state()
        assert (shown["kept"], shown["digest"]) == (len(saved.kept), saved.digest)
        expect(page.locator("#filter-best input")).to_have_value("4")
        page.locator(f"#filter .cell[data-ordinal='{saved.kept[0]}']").click()
        page.locator("dialog.enlarge[open]").wait_for(timeout=WAIT_MS)
        expect(page.locator("dialog.enlarge .reasons-list")).to_contain_text("one of the best 4")
        page.keyboard.press("x")
        expect(page.locator("dialog.enlarge .verdict")).to_contain_text("by hand")
        page.keyboard.press("Escape")
        shown = seen.state()
        assert seen.filters()["reject"] == [int(saved.kept[0])]
        page.get_by_role("listbox", name="Frames").focus()
        page.keyboard.press("e")
        page.locator("#export-go").click()
        page.locator(".drawer .verdict.kept").wait_for(timeout=WAIT_MS)
        folder = Path(page.get_by_label("Written to").input_value())
        names = sorted(int(path.stem[6:]) for path in folder.glob("frame_*"))
        assert names
        assert int(saved.kept[0]) not in names
        assert selection.digest(names) == shown["digest"]


def test_twenty_stills_of_a_boxed_film_are_asked_for_looked_at_and_exported_without_their_bars(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """By mouse and keys alone: from a pasted path to twenty exported pictures."""
    clip, downloads = boxed(tmp_path / "boxed.mp4"), tmp_path / "downloads"
    with serving(downloads, "--root", str(tmp_path)) as address:
        seen = visit()
        page = seen.page
        page.goto(address)
        box = page.get_by_label("URL, path or dropped file")
        box.click()
        page.keyboard.insert_text(str(clip))  # as a paste does
        choose_method(page, "Best stills, spread")
        expect(page.locator("#extract-best input")).to_have_attribute("placeholder", "20")
        extract(page)
        ended(page)
        expect(page.locator(".live .big")).to_have_text("20")
        page.get_by_role("button", name="Open in Filtering").click()
        seen.address = address
        shown = seen.state()
        assert shown["kept"] == 20
        page.get_by_role("listbox", name="Frames").focus()
        page.keyboard.press("Enter")
        page.locator("dialog.enlarge img.full[data-shows]").wait_for(timeout=WAIT_MS)
        picture, inside = (page.locator(f"dialog.enlarge {name}").bounding_box() for name in ("img.full", ".bars"))
        scale = picture["height"] / 240
        assert inside["y"] - picture["y"] == pytest.approx(BAR * scale, abs=1.5)
        assert inside["height"] == pytest.approx(180 * scale, abs=1.5)
        assert inside["width"] == pytest.approx(picture["width"], abs=1.5)
        expect(page.locator(".facts-side")).to_contain_text("Black bars around 320x180; Export can cut them off.")
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        page.get_by_label("Cut off black bars").click()
        page.locator("#export-go").click()
        page.locator(".drawer .verdict.kept").wait_for(timeout=WAIT_MS)
        folder = Path(page.get_by_label("Written to").input_value())
        pictures = sorted(folder.glob("frame_*"))
        assert len(pictures) == 20
        assert selection.digest([int(path.stem[6:]) for path in pictures]) == shown["digest"]
        for path, record in zip(pictures, jsonl.read(folder / "metadata.jsonl"), strict=True):
            assert decode(path.read_bytes()).shape == (180, 320, 3)
            assert record["cropped"] == [0, BAR, 320, 180]
            assert videos.read_number(decode(path.read_bytes())) == record["frame_number"]


BAR = 30


def boxed(path: Path) -> Path:
    """The counting clip between black bars above and below."""
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-g", "25"]
    frame = f"pad=320:{180 + 2 * BAR}:0:{BAR}:black"
    run_ffmpeg(["-i", str(videos.build("h264-opengop")), "-vf", frame, *encoder, str(path)])
    return path


def test_the_page_says_why_there_are_fewer_as_the_command_does_and_no_place_that_was_not_measured(
    site: Site, visit: Callable[..., Visit]
) -> None:
    run = RunDir(site.run("fewer"))
    records = list(jsonl.read(run.metadata))
    for record in records:
        number = record["frame_number"]
        record |= {"combed": int(10 < number < 100), "titles": int(number == 100), "dissolve": int(number > 108)}
        record["sharpness_rank"] = None if number % 2 else number
    run.metadata.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    seen = visit().open(site.address, run.path.name)
    page = seen.page
    type_into(seen, "How many", "120")
    filters = FilterSettings(best=120)
    [said] = notes(load_table(run), filters)
    assert "89 combed frames" in said
    expect(page.locator("#filter .group p[role=status]", has_text="instead of 120")).to_have_text(said)
    choose(page.get_by_label("Best by"), "Sharpness rank")
    shown = seen.state()
    kept = select(load_table(run), changed(filters, rank_by="sharpness_rank")).kept.tolist()
    assert shown["kept"] == len(kept)
    odd = next(number for number in kept if number % 2)
    page.locator(f"#filter .cell[data-ordinal='{odd}']").click()
    reasons = page.locator("dialog.enlarge .reasons-list")
    expect(reasons).to_contain_text("one of the best 120: in part")
    expect(reasons).not_to_contain_text("number 1 of")


def test_the_page_says_that_not_even_the_best_is_a_fair_picture_and_why_a_far_worse_one_never_is(
    site: Site, visit: Callable[..., Visit]
) -> None:
    run = RunDir(site.run("static"))
    records = list(jsonl.read(run.metadata))
    for record in records:
        number = record["frame_number"]
        record["picture_score"] = 4.26 + number / 1000 if number % 2 else 0.01
    run.metadata.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    seen = visit().open(site.address, run.path.name)
    page = seen.page
    type_into(seen, "How many", "9")
    [said] = notes(load_table(run), FilterSettings(best=9))
    assert said.startswith("not even the best")
    status = page.locator("#filter .group p[role=status]", has_text="fair picture")
    expect(status).to_have_text(said[0].upper() + said[1:])
    page.locator("#filter").get_by_role("button", name="Rejected").click()
    page.locator("#filter .cell[data-ordinal='0']").click()
    expect(page.locator("dialog.enlarge .reasons-list")).to_contain_text("never one of the best: its picture score")
