"""The filters that are folded away, and flags, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from core.store import jsonl
from core.store.run import RunDir
from tests.browser import Visit, type_into
from tests.ui.site import Site, middle_of

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]


def test_columns_that_few_people_want_are_folded_away_and_stay_as_they_were_left(site: Site, visit: Visitor) -> None:
    run = site.run("folds")
    seen = visit().open(site.address, run.name)
    names = seen.page.locator("#ranges .range-filter:visible .name").all_inner_texts()
    assert names[:3] == ["Picture score", "Quality score", "Sharpness"]
    assert "Noise" not in names
    fold = seen.page.get_by_role("region", name="Parts of the score")
    assert fold.get_by_role("button", expanded=False).count() == 1
    fold.get_by_role("button", name="Parts of the score").click()
    middle = middle_of(run, "detail")
    type_into(seen, "Detail, lower bound, as a number", str(middle))
    assert seen.filters()["min"] == {"detail": middle}
    fold.get_by_role("button", name="Parts of the score 1 set").click()
    fold.get_by_role("group", name="Detail").wait_for(state="hidden")
    expect(fold.locator(".active")).to_have_text("1 set", use_inner_text=True)
    seen.page.get_by_role("button", name="Flags").click()
    seen.page.reload()
    seen.open(site.address)
    seen.page.get_by_role("group", name="Titles").wait_for()
    expect(fold.get_by_role("group", name="Detail")).to_be_hidden()


def test_flags_are_boxes_that_leave_frames_out_and_counts_that_list_them(site: Site, visit: Visitor) -> None:
    run = site.run("flagged")
    records = list(jsonl.read(RunDir(run).metadata))
    for record in records:
        record |= {"blank": int(record["frame_number"] in (3, 4, 50)), "dissolve": 0, "combed": None, "titles": 1}
    RunDir(run).metadata.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    seen = visit().open(site.address, run.name)
    seen.page.get_by_role("button", name="Flags").click()
    told = [group.inner_text().split("\n") for group in seen.page.locator(".flag-filter").all()]
    assert [words[-1] for words in told] == ["none", "3 frames", "120 frames"]
    seen.page.get_by_role("button", name="3 frames").click()
    assert seen.state()["shown"] == 3
    seen.page.keyboard.press("Escape")
    box = seen.page.get_by_label("Leave out blank frames")
    box.check()
    assert seen.state()["kept"] == 117
    assert seen.filters()["max"] == {"blank": 0}
    expect(seen.page.get_by_role("group", name="Blank").locator(".only")).to_have_text("\u22123", use_inner_text=True)
    box.uncheck()
    assert seen.filters()["max"] == {}
    assert seen.state()["kept"] == 120
