"""Measures faces: speed, and how well distances tell people apart on real clips; writes benchmarks/results/faces.json.

Run: python -m benchmarks.faces [--repeats N] [--cuda]. CPU seconds of this process. The bare insightface calls and ours
are interleaved on the same frames; ours is what a pass with faces costs beyond the same pass without them. The bare
calls run as they come (ONNX Runtime's threads), on one thread, and on one thread a core, as our pass does: two busy
threads of one core slow each other down, which CPU time counts.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import resource
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.metrics.quality import warm_up
from core.models.face_groups import group_faces
from core.models.faces import open_reader
from core.pipeline.faces.measure import distances, read_faces
from core.settings.faces import MAX_FACE_DISTANCE, PeopleSettings
from core.video.photos import read_photo
from core.video.probe import Video, probe
from core.video.stream import map_frames, threads_to_use

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "faces.json"
NETWORKS = ("scrfd_500m_bnkps.onnx", "mobilefacenet.onnx")
FRAMES = 60
APART = 12
"""Ordinals between two frames of one person that are compared: nearer ones are nearly one picture."""
FACES_TO_SCORE = 50_000
FACES_TO_GROUP = 20_000
FRONTAL = 20.0
"""From this frontality on a face counts as seen from the front in the figures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cuda", action="store_true", help="also read on the GPU")
    args = parser.parse_args()
    assets = Path(os.environ.get("FRAMESIEVE_TEST_ASSETS", ROOT.parent / "shared"))
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "pack"
        pack.mkdir()
        for name in NETWORKS:
            shutil.copy(assets / "models" / name, pack / name)
        clip = probe(assets / "media" / "juggle.mp4")
        rows = [reading(pack, clip, args.repeats, device) for device in (("cpu", "cuda") if args.cuda else ("cpu",))]
        people = telling_apart(pack, assets / "media")
    speed = [scoring(dimension, args.repeats) for dimension in (128, 512)]
    speed += [grouping(dimension) for dimension in (128, 512)]
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 1)}
    values = {"machine": machine, "reading": rows, "speed": speed, "people": people}
    RESULTS.parent.mkdir(exist_ok=True)
    files.write_json(RESULTS, values)
    for row in itertools.chain(rows, speed, people.items()):
        print(row)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cost(job: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), cpu_s()
    job()
    return time.perf_counter() - wall, cpu_s() - cpu


def reading(pack: Path, clip: Video, repeats: int, device: str) -> dict[str, Any]:
    """CPU per frame: detector + alignment + recogniser called as the library's own examples do, and ours."""
    import cv2
    import onnxruntime
    from insightface.model_zoo import get_model
    from insightface.utils import face_align

    ordinals = np.linspace(0, len(clip.ledger) - 1, FRAMES).astype(np.int64)
    pictures = [rgb for chunk in map_frames(clip, ordinals, lambda: lambda f: f.rgb().copy()) for _, rgb in chunk]
    pictures = [cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) for rgb in pictures]
    provider = ["CUDAExecutionProvider", "CPUExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]

    def opened(options: Any) -> tuple[Any, Any]:
        return tuple(get_model(str(pack / n), providers=provider, sess_options=options) for n in NETWORKS)  # type: ignore[return-value]

    single = onnxruntime.SessionOptions()
    single.intra_op_num_threads = 1
    comes, alone = opened(None), opened(single)
    bare_calls = {"as it comes": (comes, 1), "one thread": (alone, 1), "one thread a core": (alone, threads_to_use())}
    reader = open_reader(str(pack), device)

    def one(models: tuple[Any, Any], bgr: Any) -> None:
        detector, recogniser = models
        for points in detector.detect(bgr)[1]:
            recogniser.get_feat(face_align.norm_crop(bgr, points))

    def bare(models: tuple[Any, Any], threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda bgr: one(models, bgr), pictures))

    def a_pass(work: Callable[[Any], Any]) -> None:
        for _ in map_frames(clip, ordinals, lambda: work):
            pass

    jobs = {
        **{f"bare, {name}": lambda call=call: bare(*call) for name, call in bare_calls.items()},
        "decode and convert": lambda: a_pass(lambda frame: frame.rgb().shape),
        "pass with faces": lambda: a_pass(lambda frame: read_faces(reader, frame, frame.rgb())),
    }
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(repeats + 1):
            for name, job in jobs.items():
                costs[name].append(cost(job))
    cpu = {name: np.array([c for _, c in values[1:]]) for name, values in costs.items()}  # the first one warms up
    ours = cpu["pass with faces"] - cpu["decode and convert"]
    return {
        "what": "reading faces, 1280x720, one face a frame",
        "device": reader.provider,
        "frames": FRAMES,
        "repeats": repeats,
        "cpu_ms_per_frame": {name: round(1000 * float(np.median(c)) / FRAMES, 2) for name, c in cpu.items()},
        "ours_beyond_decode_ms": round(1000 * float(np.median(ours)) / FRAMES, 2),
        **{f"ratio_to_bare_{name.replace(' ', '_')}": _spread(ours / cpu[f"bare, {name}"]) for name in bare_calls},
    }


def _spread(values: Any) -> dict[str, float]:
    return {
        "median": round(float(np.median(values)), 3),
        "low": round(float(min(values)), 3),
        "high": round(float(max(values)), 3),
    }


def scoring(dimension: int, repeats: int) -> dict[str, Any]:
    """Comparing stored faces with a new reference, from the mapped file as the verb does."""
    dice = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faces.f32"
        vectors = dice.normal(size=(FACES_TO_SCORE, dimension)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        path.write_bytes(vectors.tobytes())
        reference = vectors[:1].copy()

        def score() -> None:
            mapped = np.memmap(path, "<f4", "r", shape=vectors.shape)
            distances(mapped, reference)

        found = [cost(score) for _ in range(3 * repeats)]
    best, middle = min(found), statistics.median(wall for wall, _ in found)
    return {
        "what": f"re-scoring {FACES_TO_SCORE} faces of {dimension} numbers",
        "best_ms": round(1000 * best[0], 1),
        "median_ms": round(1000 * middle, 1),
        "cpu_ms": round(1000 * best[1], 1),
    }


def grouping(dimension: int) -> dict[str, Any]:
    """Grouping faces of 60 people, some hundreds of each, and 500 single ones."""
    dice = np.random.default_rng(2)
    who = dice.integers(0, 60, FACES_TO_GROUP)
    people = dice.normal(size=(60, dimension))
    vectors = people[who] + 0.6 * dice.normal(size=(FACES_TO_GROUP, dimension))
    vectors[:500] = dice.normal(size=(500, dimension))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    label = np.zeros(0, np.int64)

    def group() -> None:
        nonlocal label
        label = group_faces(vectors, PeopleSettings().person_distance)

    wall, cpu = cost(group)
    return {
        "what": f"grouping {FACES_TO_GROUP} faces of {dimension} numbers",
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "groups": int(label.max()) + 1,
        "single": int((label < 0).sum()),
    }


def telling_apart(pack: Path, media: Path) -> dict[str, Any]:
    """Distances within one person and between persons, and on which side of the default they fall."""
    import importlib.util

    reader = open_reader(str(pack), "cpu")
    found = {name: faces_of(reader, probe(media / f"{name}.mp4")) for name in ("juggle", "hideandseek")}
    spec = importlib.util.find_spec("insightface")
    assert spec is not None
    assert spec.origin is not None
    six = reader.read(read_photo(Path(spec.origin).parent / "data" / "images" / "t1.jpg"))
    juggler, boy = found["juggle"], found["hideandseek"]
    pairs = _far_pairs(juggler[0])
    near = 1 - (juggler[1][pairs[:, 0]] * juggler[1][pairs[:, 1]]).sum(axis=1)
    frontal = np.minimum(juggler[2][pairs[:, 0]], juggler[2][pairs[:, 1]]) >= FRONTAL
    reference = juggler[1][np.searchsorted(juggler[0], 96)]
    apart_boy = (1 - juggler[1] @ boy[1].T).ravel()
    apart_six = np.concatenate([(1 - juggler[1] @ six.vectors.T).ravel(), (1 - boy[1] @ six.vectors.T).ravel()])
    among_six = (1 - six.vectors @ six.vectors.T)[np.triu_indices(len(six), 1)]
    different = np.concatenate([apart_boy, apart_six, among_six])
    return {
        "default": MAX_FACE_DISTANCE,
        "six_people_found": len(six),
        "juggler_faces": len(juggler[0]),
        "juggler_frames": len(np.unique(juggler[0])),
        "boy_faces": len(boy[0]),
        "boy_frames": len(np.unique(boy[0])),
        f"same, {APART} apart, all": _told(near, above=True),
        f"same, {APART} apart, both frontal": _told(near[frontal], above=True),
        "same, one reference (ordinal 96), all": _told(1 - juggler[1] @ reference, above=True),
        "same, one reference, frontal": _told((1 - juggler[1] @ reference)[juggler[2] >= FRONTAL], above=True),
        "different, juggler and the boy's clip": _told(apart_boy, above=False),
        "different, clips and six people": _told(apart_six, above=False),
        "different, among six people": _told(among_six, above=False),
        "different, all": _told(different, above=False),
    }


def faces_of(reader: Any, clip: Video) -> tuple[Any, Any, Any]:
    """Ordinals, vectors and frontality of all faces of a clip."""

    def chunks() -> Iterator[Any]:
        everything = np.arange(len(clip.ledger), dtype=np.int64)
        for chunk in map_frames(clip, everything, lambda: lambda frame: read_faces(reader, frame, frame.rgb())):
            yield from (one for _, one in chunk if one is not None and len(one))

    some = list(chunks())
    lines = [line for one in some for line in one.lines]
    ordinals = np.array([line["frame_number"] for line in lines])
    return ordinals, np.vstack([one.vectors for one in some]), np.array([line["frontality"] for line in lines])


def _far_pairs(ordinals: Any) -> Any:
    first, second = np.triu_indices(len(ordinals), 1)
    far = np.abs(ordinals[first] - ordinals[second]) >= APART
    return np.stack([first[far], second[far]], axis=1)


def _told(values: Any, *, above: bool) -> dict[str, Any]:
    wrong = values > MAX_FACE_DISTANCE if above else values <= MAX_FACE_DISTANCE
    names = ("min", "5 %", "25 %", "median", "75 %", "95 %", "max")
    spots = np.quantile(values, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]).round(3).tolist()
    return {"pairs": len(values), **dict(zip(names, spots, strict=True)), "wrong_side": round(float(wrong.mean()), 4)}


if __name__ == "__main__":
    main()
