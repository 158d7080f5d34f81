"""Measures how well persons are grouped, where who is who is known; writes benchmarks/results/people_truth.json.

Run: python -m benchmarks.people_truth [--keep DIR] [--only NAME ...], or ``make bench-people``. Needs ../shared/media
and ../shared/models. People are cut out of the media (masks of yolov8n-seg) and walk along scripted paths over other
backgrounds: they cross, leave and come back, come nearer, return after a cut, wander; two look alike. Two plain
concatenations come on top. All stages run with the real detector. Thresholds are chosen on the clips of ``tune`` and
``more`` alone; ``judge``, ``blind`` and ``fresh`` have other people. ``blind`` had been looked at before two limits
were set anew by ``tune`` and ``more``, and ``fresh`` once before the last one, which a real film set.
``--keep`` holds clips and crops, so that a second run groups only.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.filter import cpu_name
from core import files
from core.geometry import iou
from core.pipeline.persons import edits as edit
from core.pipeline.persons.canonical import Grouped, Material
from core.pipeline.persons.people import people
from core.settings.persons import PersonGroup, PersonsArguments
from core.store.person_dir import PersonDir
from core.store.person_edits import Edits
from core.video.encode import encode

SHARED = Path(__file__).parents[2] / "shared"
RESULTS = Path(__file__).parent / "results" / "people_truth.json"
WIDTH, HEIGHT, RATE, SHOT = 640, 360, Fraction(25), 56
SAME = 0.5
"""IoU from which a detection is of a true box."""
ACCEPTED = 3
LEAST = PersonGroup().min_frames
OTHER = 5
"""Boxes in a row of somebody else from which a tracklet went over; fewer are slips where two people cross."""

Picture = NDArray[np.uint8]


# --- people that are cut out


@dataclass(frozen=True)
class Source:
    """Where somebody is seen well: the frames of a medium, and which of the masks there is theirs."""

    medium: str
    start: int
    end: int
    which: str
    """``large``, ``small``, ``left`` or ``right``."""


SOURCES = {
    "juggler": Source("juggle.mp4", 20, 60, "large"),
    "girl": Source("bedroom.mp4", 168, 200, "right"),
    "boy": Source("bedroom.mp4", 168, 200, "left"),
    "grandfather": Source("hideandseek.mp4", 60, 100, "large"),
    "child": Source("hideandseek.mp4", 66, 84, "small"),
}


def cut_outs(keep: Path) -> dict[str, list[Picture]]:
    """Returns (h, w, 4) uint8 BGRA pictures of each person."""
    from ultralytics import YOLO

    found: dict[str, list[Picture]] = {}
    model: Any = None
    for name, source in SOURCES.items():
        path = keep / f"{name}.npz"
        if path.exists():
            with np.load(path) as file:
                found[name] = [file[key] for key in sorted(file.files)]
            continue
        model = model or YOLO(SHARED / "models" / "yolov8n-seg.pt")
        found[name] = [one for picture in frames_of(source) if (one := _cut(model, picture, source.which)) is not None]
        np.savez(path, **{f"{at:03d}": one for at, one in enumerate(found[name])})
    return found


def frames_of(source: Source) -> Generator[Picture, None, None]:
    film = cv2.VideoCapture(str(SHARED / "media" / source.medium))
    for at in range(source.end):
        there, picture = film.read()
        if not there:
            break
        if at >= source.start and at % 2 == 0:
            yield np.asarray(picture, np.uint8)


def _cut(model: Any, picture: Picture, which: str) -> Picture | None:
    answer = model(picture, classes=[0], conf=0.5, verbose=False, retina_masks=True)[0]
    if answer.masks is None:
        return None
    masks = answer.masks.data.numpy().astype(np.uint8)
    boxes = answer.boxes.xyxy.numpy().astype(int)
    size = masks.reshape(len(masks), -1).sum(axis=1)
    good = np.flatnonzero(size > 2500)
    if which in ("small", "left", "right") and len(good) < 2:
        return None
    middle = boxes[:, 0] + boxes[:, 2]
    order = {"large": -size, "small": size, "left": middle, "right": -middle}[which]
    at = good[np.argmin(order[good])] if len(good) else None
    if at is None:
        return None
    x1, y1, x2, y2 = boxes[at]
    mask = cv2.erode(masks[at], np.ones((3, 3), np.uint8))[y1:y2, x1:x2] * 255
    return np.dstack([picture[y1:y2, x1:x2], mask])


def alike(pictures: Sequence[Picture]) -> list[Picture]:
    """Returns somebody in nearly the same clothes: mirrored, a little broader, colours turned a little."""
    found = []
    for one in pictures:
        hsv = cv2.cvtColor(one[..., :3], cv2.COLOR_BGR2HSV).astype(np.int16)
        hsv[..., 0] = (hsv[..., 0] + 9) % 180
        hsv[..., 2] = np.clip(hsv[..., 2] * 0.88, 0, 255)
        colour = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)
        both = np.dstack([colour, one[..., 3]])[:, ::-1]
        found.append(np.asarray(cv2.resize(both, None, fx=1.08, fy=1.0), np.uint8))
    return found


# --- clips


@dataclass(frozen=True)
class Walk:
    """Somebody's way in a shot: from frame to frame, from x to x (middle of the feet) and from height to height."""

    who: str
    x: tuple[float, float]
    tall: tuple[float, float] = (230, 230)
    when: tuple[int, int] = (0, SHOT)
    feet: float = 340


Shot = Sequence[Walk]


def scripts(a: str, b: str, c: str) -> dict[str, list[Shot]]:
    """Returns the shots of each clip, played by three people; ``a~`` looks like ``a``."""
    twin = f"{a}~"
    return {
        "crossing": [
            [Walk(a, (80, 560)), Walk(b, (560, 80), (210, 210), feet=325)],
            [Walk(a, (300, 340), (300, 310))],
            [Walk(b, (200, 260), (280, 280)), Walk(c, (480, 430), (240, 240))],
        ],
        "leaving": [
            [Walk(a, (420, 780), when=(0, 26)), Walk(b, (180, 200)), Walk(a, (780, 430), when=(34, SHOT))],
            [Walk(c, (100, 540), (200, 200))],
            [Walk(a, (250, 330)), Walk(c, (540, 480), (220, 220))],
        ],
        "nearer": [
            [Walk(a, (200, 320), (120, 320)), Walk(b, (520, 500), (180, 180), feet=300)],
            [Walk(b, (320, 300), (330, 250))],
            [Walk(a, (420, 400), (260, 260)), Walk(b, (150, 180), (200, 200))],
        ],
        "alike": [
            [Walk(a, (120, 520)), Walk(twin, (520, 120), (225, 225), feet=330)],
            [Walk(twin, (300, 360), (280, 280))],
            [Walk(a, (330, 280), (280, 280)), Walk(b, (540, 520), (210, 210))],
        ],
    }


def wandering(people: Sequence[str], seed: int) -> list[Shot]:
    """Returns four shots in which two or three of three people go from anywhere to anywhere, near or far."""
    numbers = np.random.default_rng(seed)
    shots: list[Shot] = []
    for number in range(4):
        walks = []
        for who in np.roll(people, number)[: 2 + number % 2].tolist():
            x = tuple(float(v) for v in numbers.uniform(90, 550, 2))
            begin = float(numbers.uniform(190, 300))
            tall = (begin, begin * float(numbers.uniform(0.8, 1.25)))
            start = int(numbers.integers(0, 2)) * int(numbers.integers(0, 20))
            walks.append(Walk(who, (x[0], x[1]), tall, (start, SHOT), float(numbers.uniform(315, 350))))
        shots.append(walks)
    return shots


def all_scripts(a: str, b: str, c: str) -> dict[str, list[Shot]]:
    """Returns the shots of each clip, the wandering ones too; in the last of these two are alike."""
    more = {"wandering-1": wandering((a, b, c), 1), "wandering-2": wandering((c, a, b), 2)}
    return scripts(a, b, c) | more | {"wandering-3": wandering((b, f"{b}~", c), 3)}


def more_scripts(a: str, b: str, c: str) -> dict[str, list[Shot]]:
    """Returns the shots of more clips to choose thresholds on."""
    return {
        "wandering-4": wandering((a, b, c), 4),
        "wandering-5": wandering((c, b, a), 5),
        "wandering-6": wandering((a, f"{a}~", b), 6),
    }


def blind_scripts(a: str, b: str, c: str) -> dict[str, list[Shot]]:
    """Returns the shots of clips that nothing was chosen on: first run when the descriptor and all else was settled."""
    return _three(a, b, c, 71)


def fresh_scripts(a: str, b: str, c: str) -> dict[str, list[Shot]]:
    """Returns likewise, made after those of ``blind_scripts`` were looked at."""
    return _three(a, b, c, 81)


def _three(a: str, b: str, c: str, seed: int) -> dict[str, list[Shot]]:
    casts = ((b, a, c), (c, b, a), (a, f"{a}~", c))
    return {f"wandering-{seed + at}": wandering(cast, seed + at) for at, cast in enumerate(casts)}


TUNE, JUDGE = ("girl", "juggler", "grandfather"), ("boy", "child", "juggler")
_FOR_TUNING, _FOR_JUDGING = ("driving.mp4", "hideandseek.mp4"), ("skateboarder.mp4", "driving.mp4")
BACKGROUNDS = {
    "tune": _FOR_TUNING,
    "more": _FOR_TUNING,
    "judge": _FOR_JUDGING,
    "blind": _FOR_JUDGING,
    "fresh": _FOR_JUDGING,
}
SCRIPTS = {
    "tune": all_scripts,
    "more": more_scripts,
    "judge": all_scripts,
    "blind": blind_scripts,
    "fresh": fresh_scripts,
}
CAST = {"tune": TUNE, "more": TUNE, "judge": JUDGE, "blind": JUDGE, "fresh": JUDGE}
Truth = list[dict[str, tuple[float, float, float, float]]]
"""Of each frame: who -> box."""


def composed(
    shots: Sequence[Shot], cast: dict[str, list[Picture]], backs: Sequence[Picture], truth: Truth
) -> Generator[Picture, None, None]:
    """Yields RGB pictures and notes who is where: the box of what is to be seen of them."""
    for number, shot in enumerate(shots):
        for at in range(SHOT):
            back = backs[number % len(backs)]
            shift = at // 4
            picture = back[shift : shift + HEIGHT, shift : shift + WIDTH].copy()
            seen: list[tuple[str, NDArray[np.bool_]]] = []
            for walk in sorted(shot, key=lambda walk: walk.feet):
                if walk.when[0] <= at < walk.when[1]:
                    mask = _put(picture, walk, at, cast[walk.who])
                    seen = [(who, before & ~mask) for who, before in seen] + [(walk.who, mask)]
            now: dict[str, tuple[float, float, float, float]] = {}
            for who, mask in seen:
                rows, columns = np.nonzero(mask)
                if len(rows) > 400:
                    now[who] = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            truth.append(now)
            yield picture[..., ::-1].copy()


def _put(picture: Picture, walk: Walk, at: int, pictures: Sequence[Picture]) -> NDArray[np.bool_]:
    part = (at - walk.when[0]) / max(1, walk.when[1] - walk.when[0] - 1)
    x, tall = (low + part * (high - low) for low, high in (walk.x, walk.tall))
    lap = 2 * len(pictures) - 2
    place = at % max(1, lap)
    one = pictures[place if place < len(pictures) else lap - place]
    scale = tall / one.shape[0]
    small = cv2.resize(one, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    height, width = small.shape[:2]
    left, top = round(x - width / 2), round(walk.feet - height)
    mask = np.zeros(picture.shape[:2], np.bool_)
    x1, y1, x2, y2 = max(0, left), max(0, top), min(WIDTH, left + width), min(HEIGHT, top + height)
    if x2 <= x1 or y2 <= y1:
        return mask
    inner = small[y1 - top : y2 - top, x1 - left : x2 - left]
    alpha = inner[..., 3:].astype(np.float32) / 255
    picture[y1:y2, x1:x2] = (inner[..., :3] * alpha + picture[y1:y2, x1:x2] * (1 - alpha)).astype(np.uint8)
    mask[y1:y2, x1:x2] = alpha[..., 0] > 0.5
    return mask


def backgrounds(names: Sequence[str]) -> list[Picture]:
    """Pictures in which nobody is known: the upper parts of frames, blurred a little."""
    found = []
    for name in names:
        film = cv2.VideoCapture(str(SHARED / "media" / name))
        there, picture = film.read()
        assert there, name
        part = picture[: picture.shape[0] // 2] if "driving" not in name else picture
        found.append(np.asarray(cv2.GaussianBlur(cv2.resize(part, (WIDTH + 20, HEIGHT + 20)), (9, 9), 0), np.uint8))
    return found


CONCATENATED = {
    "tune": [("bedroom.mp4", 0, 70), ("juggle.mp4", 0, 70), ("bedroom.mp4", 120, 200)],
    "judge": [("juggle.mp4", 0, 90), ("hideandseek.mp4", 0, 110), ("juggle.mp4", 124, 200)],
}


def concatenated(parts: Sequence[tuple[str, int, int]], truth: Truth) -> Generator[Picture, None, None]:
    """Yields RGB pictures of parts of media; who is there is told by colours, see ``named``."""
    for medium, start, end in parts:
        film = cv2.VideoCapture(str(SHARED / "media" / medium))
        for at in range(end):
            there, picture = film.read()
            if there and at >= start:
                truth.append({"?": (0, 0, 0, 0)})
                yield np.ascontiguousarray(
                    cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)[..., ::-1]
                )


def named(picture: Picture, box: Sequence[float], medium: str) -> str | None:
    """Who is in a box of a concatenation, by the colours of clothes: the media have few people. ``None`` = unsure."""
    x1, y1, x2, y2 = (max(0, round(v)) for v in box)
    part = picture[y1:y2, x1:x2]
    if part.size < 3 * 900:
        return None
    if medium == "juggle.mp4":
        return "juggler" if y2 - y1 > HEIGHT * 0.4 else None
    hsv = cv2.cvtColor(part, cv2.COLOR_RGB2HSV).reshape(-1, 3)
    if medium == "hideandseek.mp4":
        yellow = np.mean((hsv[:, 0] > 12) & (hsv[:, 0] < 26) & (hsv[:, 1] > 110) & (hsv[:, 2] > 130))
        grey = np.mean((hsv[:, 1] < 70) & (hsv[:, 2] > 40) & (hsv[:, 2] < 170))
        return "child" if yellow > 0.15 and grey < 0.35 else "grandfather" if grey > 0.3 and yellow < 0.06 else None
    blue = np.mean((hsv[:, 0] > 95) & (hsv[:, 0] < 125) & (hsv[:, 1] > 60))
    return "girl" if blue > 0.10 else "boy" if blue < 0.03 else None


# --- what is measured


@dataclass
class Clip:
    """A clip whose stages 1 to 4a are done."""

    name: str
    folder: PersonDir
    truth: Truth


def box_truth(clip: Clip, material: Material) -> NDArray[np.object_]:
    """Returns (N,) who each box of the tracklets is; ``None`` = nobody that is known."""
    tracklets = material.tracklets
    who = np.full(len(tracklets.frame_numbers), None, object)
    order = np.argsort(tracklets.frame_numbers, kind="stable")
    bounds = np.searchsorted(tracklets.frame_numbers[order], np.arange(len(clip.truth) + 1))
    for frame, there in enumerate(clip.truth):
        rows = order[bounds[frame] : bounds[frame + 1]]
        if not there or not len(rows):
            continue
        near = iou(tracklets.bboxes[rows], np.array(list(there.values()), np.float32))
        while near.max() >= SAME:  # a true box is one detection's at most: others are there twice
            at, name = np.unravel_index(int(near.argmax()), near.shape)
            who[rows[at]] = list(there)[int(name)]
            near[at], near[:, name] = 0, 0
    return who


Part = tuple[str, NDArray[np.int64]]
"""A true tracklet: who it is, and its rows."""


def wholes(material: Material, who: NDArray[np.object_]) -> list[Part]:
    """Returns the tracklets of stage 2 of which most boxes are one human's, uncut: what was counted until figure-1."""
    found = []
    for t in range(len(material.tracklets)):
        rows = np.arange(*material.tracklets.indptr[t : t + 2])
        name = _most(who[rows])
        if name is not None and np.count_nonzero(who[rows] == name) >= max(LEAST, 0.5 * len(rows)):
            found.append((name, rows))
    return found


def parts(material: Material, who: NDArray[np.object_]) -> list[Part]:
    """Returns the true tracklets: those of stage 2, apart where the tracker went over to another human.

    They do not depend on what the program cut.
    """
    found = []
    for t in range(len(material.tracklets)):
        rows = np.arange(*material.tracklets.indptr[t : t + 2])
        known = rows[who[rows] != None]  # noqa: E711  an array of objects
        runs = np.split(known, np.flatnonzero(who[known][1:] != who[known][:-1]) + 1) if len(known) else []
        long = [run for run in runs if len(run) >= OTHER]
        edges = [int(rows[0])]
        edges += [int(after[0]) for before, after in pairwise(long) if who[before[0]] != who[after[0]]]
        for start, end in zip(edges, [*edges[1:], int(rows[-1]) + 1], strict=True):
            inside = np.arange(start, end)
            name = _most(who[inside])
            if name is not None and np.count_nonzero(who[inside] == name) >= max(LEAST, 0.5 * len(inside)):
                found.append((name, inside))
    return found


def _most(names: NDArray[np.object_]) -> str | None:
    known = [name for name in names if name is not None]
    return max(dict.fromkeys(known), key=known.count) if known else None


def scores(clip: Clip, material: Material, grouped: Grouped) -> dict[str, float]:
    """Pairs of true tracklets (the goals), pairs of whole tracklets of stage 2, pairs of boxes, id switches."""
    boxes = box_truth(clip, material)
    piece = np.repeat(
        np.where(grouped.who >= 0, grouped.who, -1 - np.arange(len(grouped.who))), np.diff(grouped.pieces.indptr)
    )
    return {
        **_of_parts(parts(material, boxes), piece),
        **{f"whole_{name}": count for name, count in _of_parts(wholes(material, boxes), piece).items()},
        **_of_boxes(boxes, piece),
        "switches": _switches(boxes, piece, grouped.pieces.frame_numbers),
    }


def _of_parts(found: Sequence[Part], person: NDArray[np.int64]) -> dict[str, int]:
    """Pairs that are rightly together, wrongly together, wrongly apart; a part is whose most of its boxes are."""
    owners = []
    for _, rows in found:
        ids, counts = np.unique(person[rows], return_counts=True)
        owners.append(int(ids[counts.argmax()]))
    pairs = [(found[a][0] == found[b][0], owners[a] == owners[b]) for a in range(len(found)) for b in range(a)]
    return {
        "hit": sum(same and joined for same, joined in pairs),
        "wrong": sum(joined and not same for same, joined in pairs),
        "missed": sum(same and not joined for same, joined in pairs),
    }


def _of_boxes(boxes: NDArray[np.object_], person: NDArray[np.int64]) -> dict[str, float]:
    known = np.array([name is not None for name in boxes], np.bool_)
    names = {name: at for at, name in enumerate(dict.fromkeys(boxes[known]))}
    rows = np.array([names[name] for name in boxes[known]], np.int64)
    _, columns = np.unique(person[known], return_inverse=True)
    table = np.zeros((len(names), int(columns.max(initial=-1)) + 1))
    np.add.at(table, (rows, columns), 1)

    def pairs(counts: NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, by_person, by_truth = pairs(table), pairs(table.sum(axis=0)), pairs(table.sum(axis=1))
    return {"box_hit": both, "box_wrong": by_person - both, "box_missed": by_truth - both}


def _switches(boxes: NDArray[np.object_], person: NDArray[np.int64], frames: NDArray[np.int64]) -> int:
    count = 0
    for name in {name for name in boxes if name is not None}:
        rows = np.flatnonzero(boxes == name)
        rows = rows[np.argsort(frames[rows], kind="stable")]
        count += int(np.count_nonzero(np.diff(person[rows])))
    return count


def accepted(clip: Clip, material: Material, settings: PersonGroup, grouped: Grouped) -> tuple[Grouped, int, int]:
    """Answers suggestions, the best first, as somebody would who sees the crops, until ``ACCEPTED`` were right."""
    truth = box_truth(clip, material)
    yes = no = 0
    refused: set[frozenset[int]] = set()
    while yes < ACCEPTED:
        for _, a, b in grouped.found.suggested:
            persons = frozenset((int(grouped.who[a]), int(grouped.who[b])))
            if persons in refused:
                continue
            one, other = (_of(truth, grouped, person) for person in sorted(persons))
            if one is None or one != other:
                refused.add(persons)
                no += 1
                continue
            yes += 1
            grouped = material.grouped(settings, edit.merge(grouped, sorted(persons)))
            break
        else:
            break
    return grouped, yes, no


def _of(truth: NDArray[np.object_], grouped: Grouped, person: int) -> str | None:
    """Who a person is, by most of their boxes; ``None`` = nobody, or so mixed that none has half of them."""
    boxes = truth[np.repeat(grouped.who, np.diff(grouped.pieces.indptr)) == person]
    name = _most(boxes)
    return name if name is not None and np.count_nonzero(boxes == name) >= 0.5 * len(boxes) else None


def summed(rows: Sequence[dict[str, float]]) -> dict[str, float | None]:
    """Precision, recall and F1 over all clips."""
    found: dict[str, float | None] = {}
    for prefix in ("", "whole_", "box_"):
        hit, wrong, missed = (sum(row[prefix + name] for row in rows) for name in ("hit", "wrong", "missed"))
        precision, recall = (hit / (hit + other) if hit + other else None for other in (wrong, missed))
        found |= {f"{prefix}precision": precision, f"{prefix}recall": recall}
        both = (precision or 0) + (recall or 0)
        found[f"{prefix}f1"] = 2 * (precision or 0) * (recall or 0) / both if both else None
    return found | {"switches": sum(row["switches"] for row in rows)}


# --- all of it


def clips(keep: Path, half: str, only: Sequence[str]) -> list[Clip]:
    """Makes the clips of a half, and runs stages 1 to 4a on those that are new."""
    people_of = cut_outs(keep)
    cast = people_of | {f"{name}~": alike(pictures) for name, pictures in people_of.items()}
    backs = backgrounds(BACKGROUNDS[half])
    found = []
    for name, shots in SCRIPTS[half](*CAST[half]).items():
        found.append(_clip(keep, f"{half}-{name}", only, lambda truth, s=shots: composed(s, cast, backs, truth)))
    if half in CONCATENATED:
        media = CONCATENATED[half]
        last = _clip(keep, f"{half}-concatenated", only, lambda truth: concatenated(media, truth))
        if last is not None:
            _name_all(last, media, keep)
        found.append(last)
    made = [clip for clip in found if clip is not None]
    return made


def _clip(keep: Path, name: str, only: Sequence[str], make: Any) -> Clip | None:
    if only and name not in only:
        return None
    path, out = keep / f"{name}.mp4", keep / name
    truth: Truth = []
    pictures = make(truth)
    if path.exists():
        for _ in pictures:
            pass
    else:
        encode(pictures, path, RATE, crf=16)
    folder = PersonDir(out)
    if not folder.tracklets.exists():
        weights = SHARED / "models" / "yolov8n.pt"
        for _ in people(PersonsArguments(video=path, weights=weights, out=out, stages="1,2,3,4", downloads=keep)):
            pass
    return Clip(name, folder, truth)


def _name_all(clip: Clip, parts: Sequence[tuple[str, int, int]], keep: Path) -> None:
    """Every box of a tracklet is its own truth: its colours say who it is."""
    material = Material.read(clip.folder)
    media = [medium for medium, start, end in parts for _ in range(start, end)]
    film = cv2.VideoCapture(str(keep / f"{clip.name}.mp4"))
    for frame in range(len(clip.truth)):
        there, picture = film.read()
        now: dict[str, tuple[float, float, float, float]] = {}
        rows = np.flatnonzero(material.tracklets.frame_numbers == frame)
        for row in rows[np.argsort(-material.tracklets.confidences[rows])].tolist() if there else ():
            box = material.tracklets.bboxes[row].tolist()
            who = named(np.ascontiguousarray(picture[..., ::-1]), box, media[frame])
            if who is not None and who not in now:
                now[who] = tuple(box)
        clip.truth[frame] = now


def measured(half: str, keep: Path, settings: PersonGroup, only: Sequence[str]) -> dict[str, Any]:
    rows, before, after = [], [], []
    for clip in clips(keep, half, only):
        material = Material.read(clip.folder)
        grouped = material.grouped(settings, Edits())
        first = scores(clip, material, grouped)
        merged, yes, no = accepted(clip, material, settings, grouped)
        then = scores(clip, material, merged)
        true = len({name for name, _ in parts(material, box_truth(clip, material))})
        found = len(np.unique(grouped.who[grouped.who >= 0]))
        about = {"clip": clip.name, "tracklets": len(material.tracklets), "true_persons": true, "persons": found}
        rows.append(about | {"automatic": first, "after_suggestions": then, "accepted": yes, "refused": no})
        before.append(first)
        after.append(then)
        print(f"{clip.name:20s} {true} people, {found:2d} persons of {len(material.tracklets):3d} tracklets;", end=" ")
        print(f"pairs {first['hit']} right, {first['wrong']} fused, {first['missed']} apart;", end=" ")
        print(f"then {then['hit']}, {then['wrong']}, {then['missed']} ({yes} yes, {no} no)", flush=True)
    return {"automatic": summed(before), "after_suggestions": summed(after), "clips": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", action="append", default=[])
    given = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        keep = given.keep or Path(name)
        keep.mkdir(parents=True, exist_ok=True)
        settings = PersonGroup()
        halves = {half: measured(half, keep, settings, given.only) for half in SCRIPTS}
    for half, found in halves.items():
        for when in ("automatic", "after_suggestions"):
            numbers = {key: value for key, value in found[when].items() if value is not None}
            print(half, when, " ".join(f"{key} {value:.3f}" for key, value in numbers.items()))
    machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "python": platform.python_version()}
    digest = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]
    found = {"machine": machine, "settings": digest, "took_s": time.perf_counter() - began, **halves}
    if not given.only:
        files.write_json(RESULTS, found)


if __name__ == "__main__":
    main()
