"""Measures stage 2 beside the library's own tracker on the same boxes; writes results/people_tracker.json.

Run: python -m benchmarks.bench_tracker [--keep DIR]. Needs the package motmetrics (1.4), which is no dependency of
Framesieve: install it where this runs; without it the script says so. Its wheel ships two sequences of people who
walk (TUD): the boxes of ``test.txt`` without their ids go in, ``gt.txt`` is the truth; both trackers see a confidence
of 0.9, since none is told. With ``--keep`` the clips that ``benchmarks.people_truth --keep`` left come on top, with
the confidences of the real detector. Library: ByteTrack with ``bytetrack.yaml`` as Ultralytics ships it, not told of
cuts, and begun anew at them as ours. A box counts as found from an IoU of 0.5.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.geometry import iou
from core.models.tracker import _Boxes, _tracker_class
from core.pipeline.persons.track import track
from core.settings.persons import PersonTrack
from core.store import persons
from core.store.persons import RawDetections

RESULTS = Path(__file__).parent / "results" / "people_tracker.json"
SAME, CONFIDENCE, RATE = 0.5, 0.9, Fraction(25)
METRICS = ["idf1", "mota", "num_switches", "num_misses", "num_false_positives", "num_fragmentations", "num_objects"]
Truth = list[tuple[list[int], NDArray[np.float32]]]
"""Of each frame: ids and boxes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path)
    keep = parser.parse_args().keep
    try:
        import motmetrics
    except ImportError:
        sys.exit(
            "motmetrics is not installed; install it beside Framesieve to measure trackers (pip install motmetrics)."
        )
    data = Path(motmetrics.__file__).parent / "data"
    sequences = {name: shipped(data / name) for name in ("TUD-Campus", "TUD-Stadtmitte")}
    if keep is not None:
        sequences |= composed(keep)
    rows = []
    for name, (truth, detections) in sequences.items():
        whole = np.array([[0, detections.frames]])
        trackers = {
            "ours": ours(detections),
            "library": library(detections, whole),
            "library, begun anew at cuts": library(detections, detections.shots),
        }
        for which, labels in trackers.items():
            found = scored(motmetrics, truth, detections, labels)
            rows.append({"sequence": name, "tracker": which, **found})
            print(f"{name:24s} {which:28s}", " ".join(f"{key} {found[key]:g}" for key in METRICS), flush=True)
    summary = {which: summed([row for row in rows if row["tracker"] == which]) for which in trackers}
    print(summary)
    about = {"python": platform.python_version(), "motmetrics": motmetrics.__version__}
    files.write_json(RESULTS, {"about": about, "summary": summary, "rows": rows})


def shipped(folder: Path) -> tuple[Truth, RawDetections]:
    """Reads a sequence in the form of MOTChallenge: frame, id, left, top, width, height, ..."""
    real, given = (np.loadtxt(folder / name, delimiter=",", ndmin=2) for name in ("gt.txt", "test.txt"))
    frames = int(max(real[:, 0].max(), given[:, 0].max()))
    truth: Truth = []
    for frame in range(1, frames + 1):
        mine = real[real[:, 0] == frame]
        truth.append((mine[:, 1].astype(int).tolist(), _corners(mine)))
    given = given[np.argsort(given[:, 0], kind="stable")]
    count = len(given)
    sure, kinds = np.full(count, CONFIDENCE, np.float32), np.zeros(count, np.int64)
    ordinals = given[:, 0].astype(np.int64) - 1
    return truth, RawDetections(ordinals, _corners(given), sure, kinds, np.array([[0, frames]]))


def _corners(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1).astype(np.float32)


def composed(keep: Path) -> dict[str, tuple[Truth, RawDetections]]:
    """Returns the clips of ``people_truth`` that are kept, all but the concatenations."""
    from benchmarks import people_truth

    found: dict[str, tuple[Truth, RawDetections]] = {}
    for half in people_truth.SCRIPTS:
        for clip in people_truth.clips(keep, half, []):
            if clip.name.endswith("concatenated"):
                continue
            names = sorted({name for now in clip.truth for name in now})
            boxes: Truth = [
                ([names.index(name) + 1 for name in now], np.array(list(now.values()), np.float32).reshape(-1, 4))
                for now in clip.truth
            ]
            found[clip.name] = boxes, persons.read_detections(clip.folder.detections)
    return found


def ours(detections: RawDetections) -> NDArray[np.int64]:
    """Returns (D,) int64: the track of each box; -1 = none."""
    steps = track(detections, PersonTrack(), RATE)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
    labels = np.full(len(detections), -1, np.int64)
    labels[found.detection_rows] = found.owner
    return labels


def library(detections: RawDetections, shots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns likewise what Ultralytics' tracker with its own settings hands out, each box once it is handed out."""
    from ultralytics.utils import ROOT, YAML

    settings = SimpleNamespace(**YAML.load(ROOT / "cfg" / "trackers" / "bytetrack.yaml"))
    labels = np.full(len(detections), -1, np.int64)
    indptr, before = detections.indptr(), 0
    for start, end in shots.tolist():
        tracker, most = _tracker_class()(settings), 0
        for frame in range(start, end):
            low, high = int(indptr[frame]), int(indptr[frame + 1])
            rows = tracker.update(_Boxes.of(detections.bboxes[low:high], detections.confidences[low:high]))
            for row in np.asarray(rows).reshape(-1, 8):  # x1, y1, x2, y2, id, confidence, class, place
                labels[low + int(row[7])] = before + int(row[4])
                most = max(most, int(row[4]))
        before += most
    return labels


def scored(motmetrics: Any, truth: Truth, detections: RawDetections, labels: NDArray[np.int64]) -> dict[str, float]:
    """CLEAR MOT and IDF1 of the boxes that have a track."""
    counter = motmetrics.MOTAccumulator(auto_id=True)
    indptr = detections.indptr()
    for frame, (ids, boxes) in enumerate(truth):
        if frame < detections.frames:
            rows = np.arange(indptr[frame], indptr[frame + 1])
            rows = rows[labels[rows] >= 0]
        else:
            rows = np.zeros(0, np.int64)
        far = np.full((len(ids), len(rows)), np.nan)
        if far.size:
            near = iou(boxes, detections.bboxes[rows])
            far = np.where(near >= SAME, 1 - near.astype(np.float64), np.nan)
        counter.update(ids, labels[rows].tolist(), far)
    table = motmetrics.metrics.create().compute(counter, metrics=[*METRICS, "idtp", "idfp", "idfn"], name="all")
    return {key: float(table[key].iloc[0]) for key in table.columns}


def summed(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """IDF1 and MOTA over all sequences together."""
    total = {
        key: sum(row[key] for row in rows) for key in rows[0] if key not in ("sequence", "tracker", "idf1", "mota")
    }
    wrong = total["num_misses"] + total["num_false_positives"] + total["num_switches"]
    return total | {
        "idf1": 2 * total["idtp"] / (2 * total["idtp"] + total["idfp"] + total["idfn"]),
        "mota": 1 - wrong / total["num_objects"],
    }


if __name__ == "__main__":
    main()
