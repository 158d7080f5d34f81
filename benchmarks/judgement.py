"""Measures how well ``picture_score`` tells a good picture from a bad one; writes benchmarks/results/judgement.json.

Run: python -m benchmarks.judgement [--quick] [--learned PYTHON]. Ladders: frames of ../shared/media and photos that
installed packages ship, harmed in twelve ways at four strengths; the constants of ``metrics.judge`` and
``metrics.picture_score`` were chosen on the first film of each clip and on the photos of ``CHOSEN_ON``; later films and
other photos judge them. Windows: one good frame of 25 among harmed ones. Picks: ../shared/cases/picks. Speed: CPU time
of all columns against the kernel of the five metrics and the hash. With ``--learned`` other measures score the same
pictures in the same run, of those that judge; it writes benchmarks/results/judgement_learned.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import judged_ladders as ladders
from benchmarks.filter import cpu_name
from benchmarks.judged_clips import best_half
from benchmarks.judged_ladders import KINDS, MOVING, SIDE, UNORDERED, Film, moves
from benchmarks.judged_learned import NAMES, Learned
from benchmarks.judged_subjects import pairs
from core import files
from core.metrics import moment
from core.metrics.judge import Judged, judge
from core.metrics.moment import border_clutter, peak_change
from core.metrics.neighbours import flags_of
from core.metrics.picture_score import picture_score
from core.metrics.quality import measure, quality_score
from core.metrics.scratch import Scratch
from core.metrics.shift import displacement
from core.metrics.subject import Evidence, subject_of
from core.pipeline.judging import settle_records, tell_moments
from core.records import FrameRecord
from core.settings.columns import JUDGED
from core.settings.extract import ExtractSettings

RESULTS = Path(__file__).parent / "results" / "judgement.json"
SHARED = Path(__file__).parent.parent.parent / "shared"
CHOSEN_ON = ("china", "flower", "bus", "zidane", "grace_hopper")
PHOTOS = (
    "sklearn/datasets/images/china.jpg",
    "sklearn/datasets/images/flower.jpg",
    "ultralytics/assets/bus.jpg",
    "ultralytics/assets/zidane.jpg",
    "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
    *(f"skimage/data/{name}" for name in ("coffee.png", "astronaut.png", "chelsea.png", "rocket.jpg", "camera.png")),
    "skimage/data/motorcycle_left.png",
    "gradio/media_assets/images/groot.jpeg",
    "gradio/media_assets/images/tower.jpg",
    "insightface/data/images/t1.jpg",
)
WEIGHTS = ExtractSettings().quality_weights
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
"""Of the moment, that are tried."""
Label = dict[str, Any]
Runs = dict[str, list[FrameRecord]]
NOTHING = (math.nan,) * (2 + len(NAMES))
"""The scores of a harm that did nothing: it is in no pair."""
Scores = dict[str, list[tuple[float, ...]]]
"""Kind -> (picture_score, quality_score, learned ones if asked) of the good picture and of its four harmed ones."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two films of each clip, not three")
    parser.add_argument("--learned", metavar="PYTHON", help="an interpreter that has the packages of judged_learned")
    options = parser.parse_args()
    contents = _contents(options.quick or options.learned)
    if options.learned:  # seconds a picture are too long for all of them
        contents = [one for one in contents if not _chosen_on(one[0])]
    others = [film for _, film in contents[1:] + contents[:1]]
    found: dict[str, Any] = {"cpu": cpu_name(), "contents": len(contents)}
    with Learned(options.learned) if options.learned else nullcontext() as learned:
        scored = [
            (name, film, _ladder(film, other, learned)) for (name, film), other in zip(contents, others, strict=True)
        ]
        if learned:
            found |= {"1080p_ms": learned.milliseconds(_large(contents[0][1][SIDE])), "unscored": learned.unscored}
    names = ("picture_score", "quality_score", *(NAMES if learned else ()))
    halves = {
        "chosen on": [one for one in scored if _chosen_on(one[0])],
        "judged on": [one for one in scored if not _chosen_on(one[0])],
    }
    halves = {half: some for half, some in halves.items() if some}
    for which, name in enumerate(names):
        found[name] = {half: _accuracy(some, which) for half, some in halves.items()}
    found["windows"] = {half: _windows(some, names) for half, some in halves.items()}
    found["speed"] = _speed(contents[0][1][SIDE])
    if learned:
        files.write_text(RESULTS.with_name("judgement_learned.json"), json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1))
        return
    found["best half"] = best_half(sorted((SHARED / "media").glob("*.*")))
    found["subjects"] = _subjects([film for _, film in contents])
    if (SHARED / "cases" / "picks" / "labels.json").exists():
        found["picks"] = _picks()
    files.write_text(RESULTS, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def _contents(quick: bool) -> list[tuple[str, Film]]:
    site = next(Path(folder) for folder in sys.path if folder.endswith("site-packages"))
    clips = sorted((SHARED / "media").glob("*.*"))
    films = [
        (f"{path.stem} {at + 1}", film)
        for path in clips
        for at, film in enumerate(ladders.of_clip(path))
        if at < 2 or not quick
    ]
    return films + [(Path(p).stem, ladders.of_photo(site / p)) for p in PHOTOS if (site / p).exists()]


def _chosen_on(name: str) -> bool:
    return name in CHOSEN_ON or name.endswith(" 1")


_scratch = Scratch()


def _judged(grey: Any) -> tuple[Judged, float]:
    """What is measured of a picture, and its quality score."""
    stats = measure(grey, grey.shape[1], full_range=True, scratch=_scratch)
    found = judge(grey, grey.shape[1], full_range=True, laplacian=stats.laplacian, scratch=_scratch)
    return found, float(quality_score(stats[:5], WEIGHTS))


def _scores(film: Film, learned: Learned | None) -> tuple[float, ...]:
    """The scores of the frame in the middle of three."""
    before, (found, quality), after = _judged(film[0])[0], _judged(film[1]), _judged(film[2])[0]
    columns = {name: getattr(found, name) for name in JUDGED} | dict(flags_of(found, before, after))
    return picture_score(columns) or 0.0, quality, *(learned.scores(film[1]) if learned else ())


def _ladder(film: Film, other: Film, learned: Learned | None) -> Scores:
    good = _scores(film[SIDE - 1 : SIDE + 2], learned)
    found: Scores = {}
    for kind, (harm, strengths) in KINDS.items():
        if kind in MOVING and not moves(film):
            continue
        harmed = [harm(film, strength, other) for strength in strengths]
        found[kind] = [good, *(_scores(one, learned) if ladders.harms(film, one) else NOTHING for one in harmed)]
    return found


def _accuracy(some: list[tuple[str, Film, Scores]], which: int) -> dict[str, float]:
    """Share of pairs in which the better picture scores higher: each kind within a content; across contents."""
    pairs: dict[str, list[bool]] = defaultdict(list)
    for _, _, ladder in some:
        for kind, scores in ladder.items():
            first = range(1) if kind in UNORDERED else range(len(scores))
            two = [(scores[i][which], scores[j][which]) for i in first for j in range(i + 1, len(scores))]
            pairs[kind] += [good > bad for good, bad in two if not math.isnan(good + bad)]
    for _, _, one in some:
        good = one["blur"][0][which]
        for _, _, other in some:
            for kind, scores in other.items():
                right = [good > scores[at][which] for at in (3, 4)]
                pairs["across"] += right
                pairs[f"across, {kind}"] += right
    return {kind: round(float(np.mean(right)), 3) for kind, right in pairs.items()}


def _subjects(films: list[Film]) -> dict[str, float]:
    """How often a sharp subject wins over the same one smeared: by what told where it is, for each background."""
    right: dict[str, list[bool]] = defaultdict(list)
    for pair in pairs(films):
        sharp, smeared = ([_judged(grey)[0] for grey in film] for film in (pair.sharp, pair.smeared))
        mask = Evidence("mask", np.zeros((0, 4), np.float32), pair.mask)
        for name, evidence in (("mask", mask), ("no mask", None)):
            (a, by), (b, _) = (subject_of(f[1], f[0], f[2], evidence) for f in (sharp, smeared))
            right[f"{name}, {pair.kind} background"].append((a or 0.0) > (b or 0.0))
            right[f"told by {by}"].append((a or 0.0) > (b or 0.0))
    return {kind: round(float(np.mean(found)), 3) for kind, found in right.items()}


def _windows(scored: list[tuple[str, Film, Scores]], names: tuple[str, ...]) -> dict[str, float]:
    """One good frame among 24 harmed ones: how often each score picks it. Drawn with a fixed seed."""
    rng, right = np.random.default_rng(2), np.zeros(len(names))
    draws = 0
    for _, _, ladder in scored:
        harmed = [scores[at] for scores in ladder.values() for at in (2, 3, 4) if not math.isnan(scores[at][0])]
        for _ in range(20):
            window = np.array([ladder["blur"][0], *(harmed[i] for i in rng.choice(len(harmed), 24))])
            right += np.argmax(window, axis=0) == 0
            draws += 1
    return dict(zip(names, np.round(right / draws, 3).tolist(), strict=True))


def _large(grey: Any) -> Any:
    import cv2

    return np.ascontiguousarray(cv2.resize(grey, (1920, 1080)))


def _speed(grey: Any) -> dict[str, float]:
    """CPU time (ms) at 1920x1080 of today's kernel with its hash, and of it with all columns; the best of nine."""
    large = _large(grey)
    width = large.shape[1]

    def timed(work: Any) -> float:
        times = []
        for _ in range(9):
            began = time.thread_time()
            for _ in range(10):
                work()
            times.append((time.thread_time() - began) * 100)
        return min(times)

    def kernel() -> Any:
        return measure(large, width, full_range=False, scratch=_scratch, phash=True)

    def judgement() -> Any:
        return judge(large, width, full_range=False, laplacian=kernel().laplacian, scratch=_scratch)

    one = judgement()
    large = np.roll(large, 9, axis=1)  # the next frame of a pan
    other = judgement()
    plain, both = timed(kernel), timed(judgement)
    beside = timed(
        lambda: (flags_of(one, one, one), peak_change(one, one, one), border_clutter(one), displacement(other, one))
    )
    return {
        "kernel_ms": round(plain, 3),
        "with_columns_ms": round(both, 3),
        "neighbours_ms": round(beside, 3),
        "ratio": round((both + beside) / plain, 2),
    }


def _picks() -> dict[str, Any]:
    """How often the best of six frames is one that a person would keep, and how often a clearly bad one."""
    from core.pipeline.extraction import extract_records

    labels = json.loads((SHARED / "cases" / "picks" / "labels.json").read_text())
    labels = [one for one in labels if not one.get("equal") and one["best"] and len(one["best"]) < len(one["frames"])]
    settings = ExtractSettings(method="all", save_frames=False)
    tally: Label = {}
    with tempfile.TemporaryDirectory() as work:
        runs: Runs = {
            clip: list(extract_records(SHARED / "media" / clip, settings, out=Path(work) / Path(clip).stem))
            for clip in sorted({label["clip"] for label in labels})
        }
    for records in runs.values():
        settle_records(records)
    for name in ("picture_score", "quality_score", "subject_detail"):
        tally[name] = _met(_picked(runs, labels, name))
    tally["picture_score, its powers chosen without the clip"] = _met(_picked_without_the_clip(runs, labels))
    return tally | {"windows": len(labels)}


def _picked(runs: Runs, labels: list[Label], name: str) -> list[tuple[Label, int]]:
    """The frame of each window with the highest value of a column."""
    columns = {clip: [r.to_mapping()[name] or 0.0 for r in records] for clip, records in runs.items()}
    return [(one, max(one["frames"], key=columns[one["clip"]].__getitem__)) for one in labels]


def _met(picks: list[tuple[Label, int]]) -> dict[str, float]:
    return {
        "as a person": round(float(np.mean([pick in one["best"] for one, pick in picks])), 2),
        "clearly bad": round(float(np.mean([pick in one["bad"] for one, pick in picks])), 2),
    }


def _picked_without_the_clip(runs: Runs, labels: list[Label]) -> list[tuple[Label, int]]:
    """The same, of each clip with those powers of the moment that do best on the other clips."""
    kept = moment.PEAK_POWER, moment.CLUTTER_POWER
    tries: list[list[tuple[Label, int]]] = []
    for moment.PEAK_POWER, moment.CLUTTER_POWER in itertools.product(POWERS, POWERS):
        for records in runs.values():
            tell_moments(records)
        tries.append(_picked(runs, labels, "picture_score"))
    moment.PEAK_POWER, moment.CLUTTER_POWER = kept
    for records in runs.values():
        tell_moments(records)

    def gain(picks: list[tuple[Label, int]], without: str) -> float:
        others = _met([(one, pick) for one, pick in picks if one["clip"] != without])
        return others["as a person"] - others["clearly bad"]

    return [
        pair for clip in runs for pair in max(tries, key=lambda picks: gain(picks, clip)) if pair[0]["clip"] == clip
    ]


if __name__ == "__main__":
    main()
