"""A drawn drive whose boxes are known: the video of the README's picture of Live Review."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from core.video.encode import encode
from tests.ui.review import cache_for

WIDTH, HEIGHT, FRAMES = 1280, 720, 240
COLOURS = [(196, 62, 52), (240, 240, 236), (48, 84, 160), (60, 62, 66), (220, 170, 60)]
NAMES = ["car", "truck", "person"]
Row = tuple[int, float, float, float, float, float]


def _cars(frame: int) -> Iterator[tuple[int, float, float, float]]:
    """Yields (number, x of the middle, y of the wheels, size), the farthest first."""
    for number in range(7):
        near = (number * 0.19 + frame / 420 * (1 + number % 3 * 0.25)) % 1.15
        lane = (-1.6, 0.55, 1.7, -0.6)[number % 4]
        depth = 0.06 + near**2.4
        yield number, WIDTH / 2 + lane * 330 * depth, 330 + 360 * depth, 210 * depth


def draw(frame: int) -> tuple[np.ndarray, list[Row]]:
    """The picture of a frame and the boxes of what is in it, (class, confidence, x1, y1, x2, y2) normalised."""
    fade = np.linspace(0, 1, 330)[:, None, None]
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:330] = (np.array([92, 148, 214]) * (1 - fade) + np.array([214, 226, 236]) * fade).astype(np.uint8)
    picture[330:] = (92, 116, 84)
    hills = np.array([[x, 330 - 40 * np.sin(x / 170 + 1) - 24 * np.sin(x / 61)] for x in range(0, WIDTH + 20, 20)])
    cv2.fillPoly(picture, [np.vstack([hills, [WIDTH, 330], [0, 330]]).astype(np.int32)], (110, 138, 126))
    road = np.array([[610, 330], [670, 330], [1420, 720], [-140, 720]], np.int32)
    cv2.fillPoly(picture, [road], (84, 86, 92))
    for k in range(9):
        near = ((k / 9 + frame / 36) % 1) ** 2
        for side in (-0.33, 0.33):
            x, y = 640 + side * 1560 * (near + 0.02), 330 + 390 * near
            cv2.rectangle(
                picture, (int(x - 8 * near), int(y)), (int(x + 8 * near), int(y + 46 * near)), (226, 226, 220), -1
            )
    rows: list[Row] = []
    for number, x, y, size in sorted(_cars(frame), key=lambda car: car[2]):
        rows += _car(picture, number, x, y, size, frame)
    return picture, rows


def _car(picture: np.ndarray, number: int, x: float, y: float, size: float, frame: int) -> list[Row]:
    truck = number % 4 == 1
    tall = size * (1.35 if truck else 0.8)
    x1, y1, x2, y2 = x - size / 2, y - tall, x + size / 2, y
    cv2.ellipse(picture, (int(x), int(y)), (int(size * 0.6), max(1, int(size * 0.07))), 0, 0, 360, (60, 62, 66), -1)
    body = COLOURS[number % len(COLOURS)]
    cv2.rectangle(picture, (int(x1), int(y1 + tall * 0.15)), (int(x2), int(y2 - size * 0.06)), body, -1)
    cv2.rectangle(picture, (int(x1 + size * 0.08), int(y1)), (int(x2 - size * 0.08), int(y1 + tall * 0.5)), body, -1)
    glass = (int(x1 + size * 0.14), int(y1 + tall * 0.06)), (int(x2 - size * 0.14), int(y1 + tall * 0.4))
    cv2.rectangle(picture, *glass, (38, 48, 58), -1)
    for lamp in (x1 + size * 0.1, x2 - size * 0.2):
        cv2.rectangle(
            picture,
            (int(lamp), int(y2 - size * 0.3)),
            (int(lamp + size * 0.1), int(y2 - size * 0.2)),
            (210, 40, 36),
            -1,
        )
    if x2 < 0 or x1 > WIDTH or size < 14:
        return []
    confidence = min(0.94, 0.3 + size / 240 + 0.04 * np.sin(frame / 9 + number))
    edges = np.clip(np.array([x1 / WIDTH, y1 / HEIGHT, x2 / WIDTH, y2 / HEIGHT]), 0, 1)
    return [(1 if truck else 0, confidence, *map(float, edges))]


def make(folder: Path) -> Path:
    """Writes the video twice, under two names, and a cache of its boxes beside the first, which is returned."""
    folder.mkdir()
    drawn = [draw(frame) for frame in range(FRAMES)]
    first = folder / "drive_0412.mp4"
    encode((picture for picture, _ in drawn), first, Fraction(30000, 1001))
    shutil.copy(first, folder / "drive_0417.mp4")
    preds = cache_for(first, [rows for _, rows in drawn])
    meta = preds.with_name(preds.name.replace(".preds.npz", ".meta.json"))
    meta.write_text(json.dumps({"names": NAMES, "weights": "best.pt", "conf_floor": 0.05, "nms_iou": 0.9}))
    return first
