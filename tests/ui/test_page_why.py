"""Why a frame has its picture score: what the server tells, and what the enlarged frame shows of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from core.errors import RequestError
from core.metrics.picture_score import parts, picture_score, sentence
from core.settings.columns import FLAGS
from core.store import jsonl
from core.store.run import RunDir
from core.store.table import load_table
from core.ui.why import beside, of_run, why
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
    assert why(table, 0)["parts"][-1] == {
        "name": "flags",
        "title": "Free of flags",
        "share": 1.0,
        "costs": False,
        "known": True,
    }
    table.values["dissolve"][0] = 1.0
    assert why(table, 0)["parts"][-1]["costs"]
    assert "fades" in why(table, 0)["sentence"]
    table.values["detail"][0] = np.nan
    assert why(table, 0) == {"score": None, "parts": [], "sentence": "This frame was not judged.", "beside": ""}


def around(*pairs: tuple[float, float]) -> list[dict[str, Any]]:
    """Records of a frame 0 and those beside it: by how much they change, and what lies at their borders."""
    return [
        {"frame_number": at, "moment": 0.5, "peak_change": change, "border_clutter": cut}
        for at, (change, cut) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (
            (14, 0.5),
            "is stiller (its fastest parts change by 14 grey levels, theirs by 22) and is better framed (detail",
        ),
        (
            (22, 1.0),
            "is as still (its fastest parts change by 22 grey levels, theirs by 22) and is framed alike (detail",
        ),
        (
            (40, 0.5),
            "moves more (its fastest parts change by 40 grey levels, theirs by 22) but is better framed (detail",
        ),
        (
            (14, 1.6),
            "theirs by 22) but is cut more by the border (detail at the border is 1.60 of the average, theirs 1.00).",
        ),
    ],
)
def test_a_frame_is_told_beside_those_within_a_second(own: tuple[float, float], said: str) -> None:
    told = beside(0, around(own, (20, 0.9), (22, 1.0), (30, 1.1)))
    assert told.startswith("Beside the frames within a second it ")
    assert said in told


def test_nothing_is_claimed_of_frames_that_were_not_decoded(counting_runs: Path) -> None:
    alone = [{"frame_number": 0, "moment": None}]
    assert beside(0, alone) == "How it compares with the frames around is not known: they were not decoded."
    assert beside(0, []) == ""
    run = RunDir(counting_runs / "files")
    table = load_table(run)
    for name in ("moment", *FLAGS):
        table.values[name][:] = np.nan
    known = {part["name"]: part["known"] for part in why(table, 3)["parts"]}
    assert [name for name, is_known in known.items() if not is_known] == ["moment", "flags"]


@pytest.mark.parametrize("first", [0, 1, 17, 110])
def test_the_records_around_a_frame_are_found_without_reading_all(counting_runs: Path, first: int) -> None:
    path = RunDir(counting_runs / "files").metadata
    found = jsonl.between(path, "frame_number", first, first + 9)
    assert found == [record for record in jsonl.read(path) if first <= record["frame_number"] <= first + 9]


def test_records_between_two_numbers(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    jsonl.append(path, [{"n": 3 * n, "text": "x" * (n % 700)} for n in range(4000)])
    for low, high in ((0, 5), (2999, 3300), (11_990, 99_999), (5, 5), (-9, -1), (12_000, 13_000)):
        wanted = [3 * n for n in range(4000) if low <= 3 * n <= high]
        assert [record["n"] for record in jsonl.between(path, "n", low, high)] == wanted
    assert jsonl.between(tmp_path / "none.jsonl", "n", 0, 9) == []


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
        told = of_run(RunDir(run), table, ordinal)
        expect(page.locator(".why .beside")).to_have_text(told["beside"])
        expect(page.locator(".why .sub")).to_have_text(told["sentence"])
        expect(place.locator("dt")).to_have_text([part["title"] for part in told["parts"]])
        expect(place.locator("dd .num")).to_have_text([str(round(100 * part["share"])) for part in told["parts"]])
        widths = [bar.evaluate("i => i.offsetWidth / i.parentElement.offsetWidth") for bar in place.locator("i").all()]
        assert widths == pytest.approx([part["share"] for part in told["parts"]], abs=0.02)
        page.keyboard.press("ArrowRight")
