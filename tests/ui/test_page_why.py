"""Why a frame has its picture score: what the server tells, and what the enlarged frame shows of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from core.errors import RequestError
from core.metrics.picture_score import parts, picture_score, sentence
from core.store import jsonl
from core.store.run import RunDir
from core.store.table import load_table
from core.ui.why import why
from tests.browser import Visit
from tests.raising import raises
from tests.ui.site import Site


def test_each_frame_is_explained_by_what_made_its_score(counting_runs: Path) -> None:
    run = RunDir(counting_runs / "files")
    table = load_table(run)
    for record in list(jsonl.read(run.metadata))[::10]:
        told = why(table, record["frame_number"])
        made = picture_score(record)
        assert made is not None
        assert told["score"] == pytest.approx(made, abs=1e-3) == pytest.approx(record["picture_score"], abs=1e-3)
        assert {part["name"]: part["share"] for part in told["parts"]} == parts(record)
        assert told["sentence"] == sentence(record)


def test_a_flag_that_is_not_known_costs_nothing_and_a_frame_not_judged_has_no_parts(counting_runs: Path) -> None:
    table = load_table(RunDir(counting_runs / "files"))
    table.values["dissolve"][0] = np.nan
    assert why(table, 0)["parts"][-1] == {"name": "flags", "title": "Free of flags", "share": 1.0, "costs": False}
    table.values["dissolve"][0] = 1.0
    assert why(table, 0)["parts"][-1]["costs"]
    assert "fades" in why(table, 0)["sentence"]
    table.values["detail"][0] = np.nan
    assert why(table, 0) == {"score": None, "parts": [], "sentence": "This frame was not judged."}


@pytest.mark.parametrize("ordinal", [120, 10**12])
def test_a_frame_that_is_not_there_is_said_to_be_absent(counting_runs: Path, ordinal: int) -> None:
    with raises(RequestError, code="not_found"):
        why(load_table(RunDir(counting_runs / "files")), ordinal)


@pytest.mark.browser
def test_the_enlarged_frame_shows_bars_and_the_sentence(site: Site, visit: Callable[..., Visit]) -> None:
    run = site.run("explained")
    table = load_table(RunDir(run))
    seen = visit().open(site.address, run.name)
    page = seen.page
    page.get_by_role("listbox", name="Frames").focus()
    page.keyboard.press("Enter")
    place = page.get_by_role("region", name="Why this score")
    for ordinal in range(3):
        page.locator(f"img.full[data-shows='{ordinal}']").wait_for()
        told = why(table, ordinal)
        expect(page.locator(".why .sub")).to_have_text(told["sentence"])
        expect(place.locator("dt")).to_have_text([part["title"] for part in told["parts"]])
        expect(place.locator("dd .num")).to_have_text([str(round(100 * part["share"])) for part in told["parts"]])
        widths = [bar.evaluate("i => i.offsetWidth / i.parentElement.offsetWidth") for bar in place.locator("i").all()]
        assert widths == pytest.approx([part["share"] for part in told["parts"]], abs=0.02)
        page.keyboard.press("ArrowRight")
