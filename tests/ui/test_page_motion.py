"""The best N, spread over motion, in a real browser: what is followed, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from core.pipeline.select import select
from core.settings.filter import FilterSettings
from core.store import jsonl
from core.store.run import RunDir
from core.store.selection import digest
from core.store.table import load_table
from tests.browser import Visit, choose, type_text
from tests.ui.site import Site

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]


def steps(frames: int, kind: str) -> list[Any]:
    if kind == "unknown":
        return [0.0, *[None] * (frames - 1)]
    return [0.0, *(np.linspace(0, 1 if kind == "moving" else 0.001, frames - 1).round(4).tolist())]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("moving", ""),
        ("still", "The camera stands still: motion follows how much the looks change."),
        (
            "unknown",
            "By how much the picture moved is not known of this run: motion follows how much the looks change.",
        ),
    ],
)
def test_motion_follows_the_displacement_or_says_what_else(site: Site, visit: Visitor, kind: str, said: str) -> None:
    run = site.run(f"motion-{kind}")
    records = list(jsonl.read(RunDir(run).metadata))
    for record, step in zip(records, steps(len(records), kind), strict=True):
        record["displacement"] = step
    RunDir(run).metadata.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    wanted = select(load_table(run), FilterSettings(best=6, spread="motion")).kept
    seen = visit().open(site.address, run.name)
    page = seen.page
    type_text(page.locator("#filter-best input"), "6")
    choose(page.get_by_label("Spread over"), "motion (for 3D)")
    page.get_by_role("listbox", name="Frames").focus()
    assert seen.state()["digest"] == digest(wanted)
    filters = seen.filters()
    assert (filters["best"], filters["spread"]) == (6, "motion")
    goal = page.locator("p.sub[role=status]")
    if said:
        expect(goal).to_contain_text(said)
    else:
        expect(goal).not_to_contain_text("motion follows")
    page.get_by_role("button", name="Camera movement").click()
    expect(page.get_by_role("group", name="Displacement")).to_be_visible()
