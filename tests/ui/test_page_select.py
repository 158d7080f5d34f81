"""The rules in the browser (web/select.js) and ``core.pipeline.select`` decide alike, on random tables and filters."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.pipeline.select import digest, select
from core.records import FrameTable
from core.settings.best import SPREADS
from core.settings.columns import FILTERABLE, FLAGS
from core.settings.filter import FilterSettings
from core.settings.model import from_mapping
from core.ui.columns import pack
from core.ui.web import scripts_version
from tests.tables import coded
from tests.ui.site import Site

pytestmark = pytest.mark.browser

SCRIPT = """async ({ address, cases }) => {
  const { select } = await import(address + 'select.js');
  const { unpack, digestOf } = await import(address + 'table.js');
  const found = cases.map(({ data, filters }) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const table = unpack(bytes.buffer);
    const chosen = select(table, filters, { keep: filters.keep ?? [], reject: filters.reject ?? [] });
    return {
      reasons: Array.from(chosen.reason, (code) => chosen.names[code]),
      only: chosen.onlyBy, relaxed: chosen.relaxed, digest: digestOf(table, chosen.reason),
      copies: Array.from(chosen.duplicateOf, (row) => row < 0 ? -1 : table.ordinal[row]),
      stand: Array.from(chosen.standIn, (row) => row < 0 ? -1 : table.ordinal[row]),
    };
  });
  return JSON.stringify(found);
}"""
AT_ONCE = 40
"""Tables in one message to the page; results come as text. The time of a message grows with the square of its size."""


def random_table(rng: np.random.Generator, frames: int) -> FrameTable:
    names = [name for name in FILTERABLE if rng.random() < 0.6]
    coarse = rng.integers(0, 8, (len(names), frames)).astype(float)
    fine = rng.normal(50, 20, (len(names), frames))
    values = {}
    for i, name in enumerate(names):
        column = np.where(rng.random() < 0.4, coarse[i], fine[i])
        if name in FLAGS:  # the best N are none that has one
            column = (rng.random(frames) < rng.choice([0, 0.1, 0.9], p=[0.5, 0.45, 0.05])).astype(float)
        column[rng.random(frames) < rng.choice([0, 0.1, 0.55, 1], p=[0.5, 0.35, 0.1, 0.05])] = np.nan
        values[name] = column
    seeds = rng.integers(0, 2**64, max(1, frames // 6), dtype=np.uint64)
    flips = (np.uint64(1) << rng.integers(0, 64, (6, frames)).astype(np.uint64)) * (rng.random((6, frames)) < 0.5)
    phash = rng.choice(seeds, frames) ^ np.bitwise_xor.reduce(flips.astype(np.uint64), axis=0)
    ordinal = np.sort(
        rng.choice(np.arange(2**40, 2**40 + 4 * frames) if rng.random() < 0.1 else 4 * frames, frames, False)
    )
    return FrameTable(
        ordinal=ordinal.astype(np.int64),
        pts_s=np.cumsum(rng.choice([0.04, 1 / 30, 0.1], frames)) - 1.7,
        shot=rng.integers(-1, 4, frames).astype(np.int64),
        phash=phash,
        has_phash=rng.random(frames) < 0.9,
        colours=random_colours(rng, frames),
        has_colours=rng.random(frames) < rng.choice([0, 0.8, 1]),
        error=rng.random(frames) < 0.05,
        **coded(rng.choice(["", "", "", "", "quality", "face", "zebra", "apple"], frames).tolist()),
        on_disk=rng.random(frames) < 0.5,
        values=values,
        people={person: np.flatnonzero(rng.random(frames) < 0.4) for person in range(int(rng.integers(0, 4)))},
    )


def random_colours(rng: np.random.Generator, frames: int) -> NDArray[np.uint8]:
    """Some frames of one colour, others around the limits of it."""
    off = rng.integers(-11, 12, (frames, 36)) * np.array([26 / 11] * 4 + [1] * 32) * (rng.random((frames, 36)) < 0.05)
    return np.clip(rng.integers(0, 256, 36) + off, 0, 255).astype(np.uint8)


def random_filters(rng: np.random.Generator, table: FrameTable) -> dict[str, Any]:
    def maybe(chance: float, value: Any) -> Any:
        return value if rng.random() < chance else None

    bounds: dict[str, dict[str, float]] = {"min": {}, "max": {}}
    often = rng.choice([1, 0.1, 0])  # bounds on a quarter of the columns leave hardly a frame to choose among
    for side, chance in (("min", 0.25), ("max", 0.2)):
        for name in FILTERABLE:
            if rng.random() < often * chance * (0.7 if name in table.values else 0.05):
                bounds[side][name] = float(rng.choice([rng.integers(0, 8), rng.normal(50, 40)]))
    for name in set(bounds["min"]) & set(bounds["max"]):
        bounds["min"][name], bounds["max"][name] = sorted((bounds["min"][name], bounds["max"][name]))
    ordinals = table.ordinal.tolist()
    hand = [int(o) for o in rng.permutation([*ordinals, 9_999_999])[: rng.integers(0, 5)]]
    filters = {
        "person_ids": maybe(0.3, [int(person) for person in rng.permutation(6)[: rng.integers(0, 4)]]),
        "shots": maybe(0.2, [-1 + 1, 1, 2]),
        "dedup": maybe(0.5, int(rng.integers(0, 33))),
        "best": maybe(0.5, int(rng.choice([1, 2, 5, 20, 100, 500]))),
        "spread": str(rng.choice(SPREADS)),
        "rank_by": str(rng.choice(FILTERABLE)),
        "top": maybe(0.2, int(rng.integers(0, len(table) + 1))),
        "top_percent": maybe(0.2, float(rng.choice([0.0, np.round(rng.random() * 100, 1)]))),
        "per_shot": maybe(0.2, int(rng.integers(0, 9))),
        "per_shot_percent": maybe(0.2, float(np.round(rng.random() * 100, 1))),
        "per_window": maybe(0.2, int(rng.integers(0, 5))),
        "per_window_percent": maybe(0.2, float(np.round(rng.random() * 100, 2))),
        "window": float(rng.choice([0.1, 0.3, 1.0, 7.0])),
        "at_least": maybe(0.3, int(rng.integers(1, len(table) + 2))),
        "keep": hand[::2],
        "reject": hand[1::2],
    }
    return bounds | filters


def random_goal(rng: np.random.Generator, table: FrameTable) -> dict[str, Any]:
    """The best N of all frames, as people ask for it: other filters leave little to choose among."""
    hand = rng.permutation(table.ordinal)[: rng.integers(0, 5)].tolist()
    return {
        "best": int(rng.choice([1, 2, 5, 20, 100])),
        "spread": str(rng.choice(SPREADS)),
        "rank_by": str(rng.choice([*table.values] or FILTERABLE)),
        "dedup": int(rng.integers(0, 12)) if rng.random() < 0.3 else None,
        "keep": hand[::2],
        "reject": hand[1::2],
    }


@pytest.mark.parametrize("amount", [240, pytest.param(4000, marks=pytest.mark.long)], ids=["short", "long"])
def test_the_browser_selects_exactly_as_python(site: Site, visit: Callable[..., Any], amount: int) -> None:
    rng = np.random.default_rng(20261121)
    sizes = [int(rng.choice([0, 1, 2, 7, 60, 300])) if i % 60 else 3000 for i in range(amount)]
    tables = [random_table(rng, size) for size in sizes]
    goals = [rng.random() < (0.6 if size > 7 else 0.1) for size in sizes]
    filters = [(random_goal if goal else random_filters)(rng, t) for goal, t in zip(goals, tables, strict=True)]
    page, address = visit().page, site.address
    page.goto(address)
    page.get_by_role("tab", name="Filtering & Export").click()
    page.wait_for_selector("#filter .blank", state="attached")
    scripts = f"{address}fs/web/{scripts_version()}/"
    for some in batched(zip(tables, filters, strict=True), AT_ONCE):
        found = json.loads(page.evaluate(SCRIPT, {"address": scripts, "cases": [case(*one) for one in some]}))
        for (table, values), theirs in zip(some, found, strict=True):
            agree(table, values, theirs)


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def case(table: FrameTable, filters: dict[str, Any]) -> dict[str, Any]:
    return {"data": base64.b64encode(pack(table, np.zeros(0, np.int64))).decode(), "filters": filters}


def agree(table: FrameTable, values: dict[str, Any], theirs: dict[str, Any]) -> None:
    ours = select(table, from_mapping(FilterSettings, values))
    assert theirs["reasons"] == [ours.reasons[code] for code in ours.reason.tolist()], values
    assert theirs["only"] == dict(ours.only_by), values
    assert theirs["copies"] == ours.duplicate_of.tolist(), values
    assert theirs["stand"] == ours.stand_in.tolist(), values
    assert {name: tuple(bounds) for name, bounds in theirs["relaxed"].items()} == dict(ours.relaxed), values
    assert theirs["digest"] == digest(ours.kept)
