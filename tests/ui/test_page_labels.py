"""Labels of boxes over the video: none covers another one, and the most confident come first."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from core.ui.web import scripts_version
from tests.browser import Visit
from tests.ui.site import Site

pytestmark = pytest.mark.browser
WIDTH, HEIGHT, TALL = 800, 450, 17
DRAWN = """async ([path, boxes, width, height]) => {
  const { draw } = await import(new URL(path, document.baseURI).href);
  const found = { plates: [], texts: [], boxes: 0 };
  const pen = {
    canvas: { width, height },
    clearRect() {}, setLineDash() {},
    strokeRect() { found.boxes += 1; },
    fillRect(...place) { found.plates.push(place); },
    fillText(text) { found.texts.push(text); },
    measureText: (text) => ({ width: 7 * text.length }),
  };
  draw(pen, boxes, [1, 1], (kind) => `class ${kind}`, 1);
  return found;
}"""
Box = dict[str, float]


@pytest.fixture
def draw(site: Site, visit: Callable[..., Visit]) -> Callable[[list[Box]], dict[str, Any]]:
    page = visit().page
    page.goto(site.address)
    page.get_by_role("tab", name="Live Review").wait_for()
    path = f"fs/web/{scripts_version()}/player/drawing.js"
    return lambda boxes: dict(page.evaluate(DRAWN, [path, boxes, WIDTH, HEIGHT]))


def a_box(conf: float, x1: float, y1: float, x2: float, y2: float) -> Box:
    return {"kind": 1, "conf": conf, "x1": x1, "y1": y1, "x2": x2, "y2": y2}


def overlap(one: list[float], other: list[float]) -> bool:
    left, top, wide, high = one
    x, y, w, h = other
    return left < x + w - 0.01 and x < left + wide - 0.01 and top < y + h - 0.01 and y < top + high - 0.01


def test_labels_of_boxes_near_each_other_stand_apart(draw: Callable[..., dict[str, Any]]) -> None:
    found = draw([a_box(0.5, 300, 200, 320, 220), a_box(0.65, 310, 200, 340, 222), a_box(0.9, 50, 100, 200, 300)])
    assert found["texts"] == ["class 1 0.90", "0.65", "0.50"], "the most confident box first"
    best, second, third = found["plates"]
    assert (best[1], second[1], third[1]) == (100 - TALL, 200 - TALL, 220), "over its box, or else under it"
    assert not overlap(second, third)


def test_a_label_without_a_place_is_left_out_and_its_box_is_drawn(draw: Callable[..., dict[str, Any]]) -> None:
    found = draw([a_box(0.3 + 0.1 * step, 100, 100, 110, 110) for step in range(6)])
    assert found["boxes"] == 12, "each is drawn by two lines"
    assert found["texts"][0] == "0.80"
    assert 2 <= len(found["texts"]) < 6


def test_of_300_boxes_no_label_covers_another_or_leaves_the_picture(draw: Callable[..., dict[str, Any]]) -> None:
    dice = random.Random(7)
    boxes = []
    for _ in range(300):
        x, y = dice.uniform(0, WIDTH - 20), dice.uniform(0, HEIGHT - 20)
        size = dice.uniform(8, 120)
        boxes.append(a_box(dice.random(), x, y, min(WIDTH, x + size), min(HEIGHT, y + size)))
    plates = draw(boxes)["plates"]
    assert len(plates) > 60
    assert not [(a, b) for i, a in enumerate(plates) for b in plates[i + 1 :] if overlap(a, b)]
    assert all(
        left >= 0 and top >= 0 and left + wide <= WIDTH and top + high <= HEIGHT for left, top, wide, high in plates
    )
