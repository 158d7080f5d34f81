import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.errors import WeightsError
from core.models import Prepared
from core.models.yolo import open_detector
from core.models.yolo_decode import Rules, decode, input_size, letterbox
from core.models.yolo_onnx import read_onnx
from core.models.yolo_weights import download, load_pt
from core.records import Detections
from core.settings.detect import DetectSettings
from core.weights import identify
from tests.raising import raises

ROOT = Path(__file__).resolve().parents[2]
CPU = DetectSettings(device="cpu")
LOOSE = Rules(conf_floor=0.05, nms_iou=0.9, max_det=1000, classes=2, end_to_end=False)
FRAME = Prepared(np.zeros((384, 640, 3), np.uint8), 0.5, 0, 12, 1280, 720)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Converted models of these tests lie together, and not among the user's."""
    folder = tmp_path_factory.getbasetemp() / "converted"
    monkeypatch.setenv("FRAMESIEVE_CACHE", str(folder))
    return folder / "detectors"


# --- numbers


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1280, 720, (640, 384)),
        (720, 1280, (384, 640)),
        (640, 640, (640, 640)),
        (320, 180, (640, 384)),
        (4000, 3, (640, 32)),
    ],
)
def test_the_input_is_the_smallest_rectangle(width, height, expected):
    assert input_size(width, height, 640, 32) == expected


def test_letterbox_agrees_with_ultralytics():
    from ultralytics.data.augment import LetterBox

    dice = np.random.default_rng(3)
    for height, width in ((720, 1280), (1280, 720), (101, 337), (360, 640)):
        picture = dice.integers(0, 256, (height, width, 3), dtype=np.uint8)
        size = input_size(width, height, 640, 32)
        theirs = LetterBox((640, 640), auto=True, stride=32)(image=picture)
        ours = letterbox(picture, *size)
        assert np.array_equal(ours.canvas, theirs)


def raw_of(rows, classes=2):
    """A raw output with these (cx, cy, w, h, scores...) anchors."""
    return np.array(rows, np.float32).reshape(len(rows), 4 + classes).T


@pytest.mark.parametrize("end_to_end", [False, True])
def test_no_box_is_no_detection(end_to_end):
    raw = np.zeros((300, 6), np.float32) if end_to_end else np.zeros((6, 8400), np.float32)
    found = decode(raw, FRAME, Rules(0.05, 0.9, 1000, 2, end_to_end))
    assert len(found) == 0
    assert found.xyxy.shape == (0, 4)


def test_boxes_come_back_to_the_picture_best_first():
    raw = raw_of([[100, 112, 40, 20, 0.3, 0.1], [320, 192, 700, 400, 0.2, 0.8], [10, 20, 4, 4, 0.04, 0.01]])
    found = decode(raw, FRAME, LOOSE)
    assert found.class_id.tolist() == [1, 0]
    assert found.confidence.tolist() == pytest.approx([0.8, 0.3])
    assert found.xyxy.tolist() == [[0, 0, 1280, 720], [160, 180, 240, 220]]


def slow_nms(found: Detections, iou: float) -> list[int]:
    """The twin: greedy NMS, one box after the other."""
    kept: list[int] = []
    for i in np.argsort(-found.confidence, kind="stable"):
        for j in kept:
            if found.class_id[i] != found.class_id[j]:
                continue
            a, b = found.xyxy[i], found.xyxy[j]
            w = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
            h = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
            both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
            if w * h > iou * both:
                break
        else:
            kept.append(int(i))
    return kept


@pytest.mark.parametrize("iou", [0.3, 0.7, 0.9])
def test_nms_agrees_with_its_twin(iou):
    dice = np.random.default_rng(5)
    centres = np.repeat(dice.uniform(100, 500, (20, 2)), 10, axis=0) + dice.normal(0, 4, (200, 2))
    sizes = np.repeat(dice.uniform(30, 90, (20, 2)), 10, axis=0) + dice.normal(0, 3, (200, 2))
    scores = dice.uniform(0.06, 1, (200, 2))
    raw = raw_of(np.concatenate([centres, sizes, scores], axis=1))
    square = Prepared(np.zeros((640, 640, 3), np.uint8), 1.0, 0, 0, 640, 640)
    everything = decode(raw, square, Rules(0.05, 1.0, 1000, 2, False))
    found = decode(raw, square, Rules(0.05, iou, 1000, 2, False))
    kept = slow_nms(everything, iou)
    assert np.allclose(found.confidence, everything.confidence[kept])
    assert len(found) < 200


def test_end_to_end_rows_are_taken_as_they_are():
    rows = np.array([[0, 12, 10, 22, 0.5, 1], [0, 12, 10, 22, 0.9, 1], [1, 1, 2, 2, 0.01, 0]], np.float32)
    found = decode(rows, FRAME, Rules(0.05, 0.1, 1000, 2, True))
    assert found.confidence.tolist() == pytest.approx([0.9, 0.5])
    assert found.xyxy[0].tolist() == [0, 0, 20, 20]


def test_max_det_keeps_the_best():
    raw = raw_of([[50 + 60 * i, 100, 20, 20, 0.1 * i, 0] for i in range(1, 9)])
    found = decode(raw, FRAME, Rules(0.05, 0.9, 3, 2, False))
    assert found.confidence.tolist() == pytest.approx([0.8, 0.7, 0.6])


# --- real weights


@pytest.fixture(scope="module")
def pictures(assets):
    """Twenty frames of a road and twenty of a crowd."""
    from core.video.probe import probe
    from core.video.stream import FrameStream

    found = []
    for name in ("driving.mp4", "crowd.avi"):
        video = probe(assets / "media" / name)
        ordinals = np.linspace(0, len(video.ledger) - 1, 20).astype(np.int64)
        with FrameStream(video, ordinals) as stream:
            found += [(name, frame.rgb().copy()) for frame in stream]
    return found


def agreement(theirs, ours):
    """(matched, theirs, ours): boxes of one class that overlap by more than half, each used once."""
    used: set[int] = set()
    for box, _, kind in sorted(zip(*theirs, strict=True), key=lambda row: -row[1]):
        best, best_iou = None, 0.5
        for j in range(len(ours)):
            if j in used or ours.class_id[j] != kind:
                continue
            low, high = np.maximum(box[:2], ours.xyxy[j, :2]), np.minimum(box[2:], ours.xyxy[j, 2:])
            both = np.prod(np.clip(high - low, 0, None))
            iou = both / (np.prod(box[2:] - box[:2]) + np.prod(ours.xyxy[j, 2:] - ours.xyxy[j, :2]) - both)
            if iou > best_iou:
                best, best_iou = j, iou
        if best is not None:
            used.add(best)
    return np.array([len(used), len(theirs[1]), len(ours)])


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.long)], ids=["short", "long"])
@pytest.mark.parametrize("name", ["yolov8n.pt", "yolov8n-seg.pt", "yolov8n.onnx", "yolov8n_int8.onnx"])
def test_boxes_agree_with_ultralytics(name, every, assets, pictures):
    from ultralytics import YOLO

    reference = YOLO(assets / "models" / name, task="segment" if "seg" in name else "detect")
    strict = DetectSettings(device="cpu", conf_floor=0.25, nms_iou=0.7)
    counts = np.zeros(3, int)
    detectors = {}
    for clip, picture in pictures[::every]:
        height, width = picture.shape[:2]
        if clip not in detectors:
            detectors[clip] = open_detector(identify(assets / "models" / name), strict, width, height)
        boxes = reference.predict(picture[..., ::-1], conf=0.25, iou=0.7, max_det=1000, verbose=False, device="cpu")[
            0
        ].boxes
        theirs = (boxes.xyxy.numpy(), boxes.conf.numpy(), boxes.cls.numpy().astype(int))
        detector = detectors[clip]
        counts += agreement(theirs, detector.detect([detector.prepare(picture)])[0])
    matched, theirs, ours = counts
    assert theirs > 300 / every
    assert matched / theirs > 0.95
    assert matched / ours > 0.95
    assert detector.names[:3] == ("person", "bicycle", "car")


@pytest.mark.weights
def test_a_model_is_converted_once(assets, own_cache, monkeypatch):
    weights = identify(assets / "models" / "yolov8n.pt")
    first = open_detector(weights, CPU, 640, 352)
    made = {path.name: path.stat().st_mtime_ns for path in own_cache.iterdir()}
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from core.models.yolo import open_detector\nfrom core.settings.detect import DetectSettings\n"
        "from core.weights import identify\n"
        "d = open_detector(identify(sys.argv[2]), DetectSettings(device='cpu'), 640, 352)\n"
        "print(d.backend); assert 'torch' not in sys.modules; assert 'openvino_telemetry.main' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(ROOT), weights.path]
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stdout.strip() == first.backend
    assert {path.name: path.stat().st_mtime_ns for path in own_cache.iterdir()} == made


FIRST_CALLS = """
import sys, threading
sys.path.insert(0, sys.argv[1])
import numpy as np
from core.settings.detect import DetectSettings
from core.models.yolo import open_detector
from core.weights import identify
detector = open_detector(identify(sys.argv[2]), DetectSettings(device="cpu"), 640, 352, callers=4)
start, done = threading.Barrier(4), []
def call():
    picture = detector.prepare(np.zeros((352, 640, 3), np.uint8))
    start.wait()
    done.append(detector.detect([picture]))
threads = [threading.Thread(target=call) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(done))
"""


@pytest.mark.weights
def test_the_first_calls_of_many_threads_do_not_wait_for_each_other(assets):
    command = [sys.executable, "-c", FIRST_CALLS, str(ROOT), str(assets / "models" / "yolov8n.pt")]
    for _ in range(3):
        assert subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.strip() == b"4"


@pytest.mark.weights
def test_a_cache_folder_that_cannot_be_written_costs_only_time(assets, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FRAMESIEVE_CACHE", str(tmp_path / "file"))
    detector = open_detector(identify(assets / "models" / "yolov8n.pt"), CPU, 320, 320)
    assert len(detector.names) == 80


@pytest.mark.weights
def test_pytorch_takes_the_place_of_openvino(assets, monkeypatch, pictures):
    from core.models.yolo_run import OpenVinoRunner

    weights, (_, picture) = identify(assets / "models" / "yolov8n.pt"), pictures[0]
    height, width = picture.shape[:2]
    exact = open_detector(weights, DetectSettings(device="cpu", precision="float32"), width, height)
    monkeypatch.setattr(OpenVinoRunner, "available", staticmethod(lambda: False))
    other = open_detector(weights, CPU, width, height)
    assert "PyTorch float32" in other.backend
    a, b = (d.detect([d.prepare(picture)])[0] for d in (exact, other))
    assert np.allclose(a.confidence[:10], b.confidence[:10], atol=0.01)


@pytest.mark.weights
def test_segmentation_weights_give_boxes(assets, pictures):
    detector = open_detector(identify(assets / "models" / "yolov8n-seg.pt"), CPU, 1280, 720)
    found = detector.detect([detector.prepare(pictures[0][1])])[0]
    assert len(found) > 3
    assert found.class_id.max() < 80
    assert not detector.end_to_end


@pytest.mark.weights
def test_end_to_end_weights_are_recognised(assets, tmp_path):
    from ultralytics import YOLO

    YOLO("yolo26n.yaml").save(tmp_path / "e2e.pt")
    detector = open_detector(identify(tmp_path / "e2e.pt"), DetectSettings(device="cpu", conf_floor=0.001), 640, 640)
    assert detector.end_to_end
    found = detector.detect([detector.prepare(np.zeros((640, 640, 3), np.uint8))])[0]
    assert len(found) <= 1000


# --- weights that cannot be used


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


def _checkpoint(path, value):
    import torch

    torch.save({"model": value, "train_args": {}}, path)


def test_an_unsafe_file_is_refused_with_the_reason_and_runs_nothing(tmp_path):
    path = tmp_path / "evil.pt"
    _checkpoint(path, Evil())
    with raises(WeightsError, code="unsafe_weights", field="weights"):
        load_pt(identify(path))
    with pytest.raises(SystemExit):
        load_pt(identify(path), unsafe=True)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"not weights at all"),
        lambda path: path.write_bytes(pickle.dumps({"model": 1})),
        lambda path: zipfile.ZipFile(path, "w").close(),
        lambda path: _checkpoint(path, None),
    ],
)
def test_unreadable_weights_are_one_sentence(make, tmp_path):
    path = tmp_path / "bad.pt"
    make(path)
    with pytest.raises(WeightsError, match=r"bad\.pt") as error:
        load_pt(identify(path))
    assert "\n" not in str(error.value)


@pytest.mark.weights
def test_cut_off_weights_are_one_sentence(assets, tmp_path):
    for name in ("yolov8n.pt", "yolov8n.onnx"):
        data = (assets / "models" / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        with raises(WeightsError, code="weights_unreadable"):
            open_detector(identify(tmp_path / name), CPU, 640, 640)


def test_weights_of_another_task_are_refused(tmp_path):
    from ultralytics import YOLO

    for name in ("yolov8n-cls", "yolov8n-pose"):
        YOLO(f"{name}.yaml").save(tmp_path / f"{name}.pt")
        with raises(WeightsError, code="other_task"):
            load_pt(identify(tmp_path / f"{name}.pt"))


@pytest.mark.weights
def test_an_onnx_of_something_else_is_refused(assets):
    with raises(WeightsError, code="weights_of_other_program"):
        read_onnx(identify(assets / "models" / "mobilefacenet.onnx"))


def test_another_kind_of_file_is_refused(tmp_path):
    path = tmp_path / "model.engine"
    path.write_bytes(b"x")
    with raises(WeightsError, code="other_suffix"):
        open_detector(identify(path), CPU, 640, 640)


def test_cuda_that_is_not_there_is_a_sentence(tmp_path):
    if shutil.which("nvidia-smi"):
        pytest.skip("there is a GPU")
    path = tmp_path / "model.pt"
    path.write_bytes(b"x")
    with raises(WeightsError, code="no_cuda", field="device"):
        open_detector(identify(path), DetectSettings(device="cuda"), 640, 640)


@pytest.mark.parametrize("name", ["../yolo11n.pt", "mine.pt", ""])
def test_only_names_that_ultralytics_offers_are_downloaded(name, tmp_path):
    with raises(WeightsError, code="not_offered"):
        download(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.weights
@pytest.mark.parametrize("name", [b"n\xe9t.onnx", b"\xff\x80.onnx", b"two\nlines\xe9.pt"])
def test_weights_whose_name_is_not_utf8_are_opened_and_named_in_errors(assets, tmp_path, name):
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    shutil.copyfile(assets / "models" / f"yolov8n{path.suffix}", path)
    detector = open_detector(identify(path), DetectSettings(device="cpu"), 320, 180)
    assert detector.names[0] == "person"
    path.write_bytes(b"no weights")
    with pytest.raises(WeightsError) as refused:
        open_detector(identify(path), DetectSettings(device="cpu"), 320, 180)
    assert str(path) in str(refused.value)
    assert "weights." not in str(refused.value).replace(str(path), "")
