"""Measures the stages of the person pipeline; writes benchmarks/results/people.json.

Run: python -m benchmarks.bench_people [--frames N]. Stages 2 to 5 and 7b on a synthetic half hour: 54,000 frames of ten
persons in shots of 900 frames; looks are made up, so that stage 4a is not in it. Baseline of stage 2: the library's own
bare update loop on the same boxes. Peak memory is that of the process. Stage 1 beside detection alone (``precompute``)
and stage 6 beside decoding and encoding without boxes, each in a process of its own, on ../shared/media/juggle.mp4
where it is there; the median of three.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.filter import cpu_name
from core import files
from core.models.tracker import _Boxes, _tracker_class
from core.pipeline.persons.analyse import analyse
from core.pipeline.persons.canonical import Material
from core.pipeline.persons.rank import rank
from core.pipeline.persons.table import write_table
from core.pipeline.persons.track import track
from core.settings.persons import PersonGroup, PersonRank, PersonTrack
from core.store import persons
from core.store.person_crops import Crops, write_offsets
from core.store.person_dir import PersonDir
from core.store.person_edits import Edits
from core.store.persons import Appearances, RawDetections
from core.video import images

RESULTS = Path(__file__).parent / "results" / "people.json"
PERSONS, SHOT, SIZE, RATE = 10, 900, (1920, 1080), Fraction(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=54_000)
    frames = parser.parse_args().frames
    rows: list[dict[str, Any]] = []

    def timed(name: str, job: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        found = job()
        took = {"name": name, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        rows.append(took)
        print(f"{name:48s} {took['wall_s']:8.2f} s wall {took['cpu_s']:8.2f} s CPU", flush=True)
        return found

    with tempfile.TemporaryDirectory() as name:
        folder, detections = PersonDir(Path(name)), synthetic(frames)
        timed("stage 2, baseline: the library's bare loop", lambda: bare(detections))
        tracklets = timed("stage 2: track", lambda: end_of(track(detections, PersonTrack(), RATE)))
        timed("stage 2: write", lambda: persons.write_tracklets(folder.tracklets, tracklets))
        persons.write_detections(folder.detections, detections)
        analysis = timed("stage 3: analyse", lambda: analyse(tracklets, detections, *SIZE))
        timed("stage 3: write", lambda: persons.write_analysis(folder.analysis, analysis, tracklets.digest()))
        looks = Appearances(made_up(len(tracklets)), "made up")
        material = Material(folder, detections, tracklets, analysis, looks, None, RATE, *SIZE)
        grouped = timed("stage 4b: group", lambda: material.grouped(PersonGroup(), Edits()))
        made = timed("stage 4b: write", lambda: material.write(grouped))
        timed("regroup with another threshold", lambda: material.grouped(PersonGroup(similarity=0.9), grouped.edits))
        ranked = timed("stage 5: rank", lambda: rank(made, detections, PersonRank(), *SIZE))
        with crops_for(folder, len(detections)) as crops:
            timed("stage 7b: table", lambda: write_table(folder.table, made, ranked, crops, *SIZE, "bench"))
    ends = passes()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "python": platform.python_version()}
    found = {"frames": frames, "boxes": len(detections), "tracklets": len(tracklets), "persons": len(made)}
    by_name = {row["name"]: row for row in rows}
    ratio = by_name["stage 2: track"]["cpu_s"] / by_name["stage 2, baseline: the library's bare loop"]["cpu_s"]
    later = sum(row["wall_s"] for row in rows if row["name"].startswith(("stage 3", "stage 4", "stage 5", "stage 7")))
    summary = {"stage_2_to_bare_loop_cpu": ratio, "stages_3_to_5_and_7b_wall_s": later, "peak_mb": peak} | ends
    files.write_json(RESULTS, {**found, "machine": machine, "summary": summary, "rows": rows})
    print(found, summary)


MEDIUM = Path(__file__).parents[2] / "shared" / "media" / "juggle.mp4"
WEIGHTS = Path(__file__).parents[2] / "shared" / "models" / "yolov8n.pt"
ONE_PASS = """
import sys, tempfile
from pathlib import Path
from core.video.probe import probe
what, clip, weights, folder = sys.argv[1], *map(Path, sys.argv[2:])
if what == "detection alone":
    from core.pipeline.precompute import precompute
    from core.settings.detect import PrecomputeArguments as Arguments
    for _ in precompute(Arguments(source=clip, weights=weights, downloads=folder)): pass
elif what == "stage 1":
    from core.pipeline.persons.people import people
    from core.settings.persons import PersonsArguments
    where = {"out": folder / "out", "downloads": folder}
    for _ in people(PersonsArguments(video=clip, weights=weights, stages="1", **where)): pass
else:
    from core.pipeline.persons.video import ENCODER, write_video
    from core.store.person_dir import PersonDir
    from core.store.persons import read_persons
    from core.video.proxy import make_proxy
    video = probe(clip)
    if what == "stage 6":
        steps = write_video(video, read_persons(PersonDir(folder / "out").persons), {}, folder / "six.mp4")
    else:
        size = video.info.width, video.info.height
        steps = make_proxy(video, folder / "bare.mp4", size=size, encoder=ENCODER)
    for _ in steps: pass
"""


def passes() -> dict[str, Any]:
    """Stage 1 to detection alone, and stage 6 to decoding and encoding, in CPU; ``{}`` without the media."""
    if not (MEDIUM.exists() and WEIGHTS.exists()):
        print("stages 1 and 6 are not measured: ../shared is not there")
        return {}
    from core.pipeline.persons.people import people
    from core.settings.persons import PersonsArguments

    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / MEDIUM.name
        shutil.copy(MEDIUM, clip)
        for _ in range(3):
            for what in ("detection alone", "stage 1"):
                for left in (*folder.glob(f"{clip.stem}__*"), folder / "out"):
                    shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
                took.setdefault(what, []).append(one_pass(what, clip, folder))
        arguments = {"video": clip, "out": folder / "out", "downloads": folder}
        for _ in people(PersonsArguments(stages="2,3,4", **arguments)):
            pass
        for _ in range(3):
            for what in ("decode and encode", "stage 6"):
                took.setdefault(what, []).append(one_pass(what, clip, folder))
    middle = {what: sorted(seconds)[1] for what, seconds in took.items()}
    for what, seconds in middle.items():
        print(f"{what:48s} {seconds:8.2f} s CPU", flush=True)
    return {
        "passes_cpu_s": middle,
        "stage_1_to_detection_cpu": middle["stage 1"] / middle["detection alone"],
        "stage_6_to_decode_and_encode_cpu": middle["stage 6"] / middle["decode and encode"],
    }


def one_pass(what: str, clip: Path, folder: Path) -> float:
    """CPU seconds of a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-c", ONE_PASS, what, str(clip), str(WEIGHTS), str(folder)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def synthetic(frames: int) -> RawDetections:
    """Ten persons on ways of their own in every shot, with noise."""
    dice = np.random.default_rng(20260101)
    shot = np.arange(frames) // SHOT
    start = dice.uniform([100, 100], [1700, 800], (shot[-1] + 1, PERSONS, 2))
    speed = dice.uniform(-0.3, 0.3, (shot[-1] + 1, PERSONS, 2))
    corner = start[shot] + speed[shot] * (np.arange(frames) % SHOT)[:, None, None]
    corner = (corner + dice.normal(0, 0.7, corner.shape)).reshape(-1, 2)
    boxes = np.concatenate([corner, corner + [70, 180]], axis=1).astype(np.float32)  # noqa: RUF005
    sure = dice.uniform(0.5, 0.95, len(boxes)).astype(np.float32)
    edges = np.append(np.arange(0, frames, SHOT), frames)
    numbers = np.repeat(np.arange(frames), PERSONS)
    return RawDetections(
        numbers, boxes, sure, np.zeros(len(boxes), np.int64), np.stack([edges[:-1], edges[1:]], axis=1)
    )


def bare(detections: RawDetections) -> None:
    """What the library's own documentation does with boxes."""
    rules = {"track_high_thresh": 0.15, "track_low_thresh": 0.1, "new_track_thresh": 0.25, "track_buffer": 30}
    tracker: Any = None
    indptr = detections.indptr()
    for frame in range(detections.frames):
        if frame % SHOT == 0:
            tracker = _tracker_class()(SimpleNamespace(**rules, match_thresh=0.8, fuse_score=True))
        part = slice(int(indptr[frame]), int(indptr[frame + 1]))
        tracker.update(_Boxes.of(detections.bboxes[part], detections.confidences[part]))


def made_up(count: int) -> np.ndarray:
    """Looks of ten persons, with noise."""
    dice = np.random.default_rng(1)
    looks = dice.normal(0, 1, (PERSONS, 598))[np.arange(count) % PERSONS] + dice.normal(0, 0.15, (count, 598))
    return (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)


def crops_for(folder: PersonDir, rows: int) -> Crops:
    """One crop for every twentieth box."""
    dice = np.random.default_rng(2)
    one = images.encode_jpeg(dice.integers(0, 255, (256, 128, 3), dtype=np.uint8), 92)
    lengths = np.where(np.arange(rows) % 20 < 1, len(one), 0)
    with open(folder.crops, "wb") as file:
        for _ in range(int((lengths > 0).sum())):
            file.write(one)
    write_offsets(folder.crop_offsets, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    return Crops(folder.crops, folder.crop_offsets, rows)


def end_of(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


if __name__ == "__main__":
    main()
