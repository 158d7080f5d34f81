"""ONNX files as people export them: each gives the boxes of the usual export, or one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.errors import WeightsError
from core.models.yolo import YoloDetector, open_detector
from core.models.yolo_run import OpenVinoRunner
from core.settings.detect import DetectSettings
from core.weights import identify
from tests.raising import raises

SIDE = 64
ANCHORS = 84
"""Of a picture of 64 x 64: 64, 16 and 4."""
CLASSES = 3
BRIGHT, DARK = 230, 120
NAMES = "{0: 'cat', 1: 'dog', 2: 'hen'}"


@pytest.fixture(params=["OpenVINO", "ONNX Runtime"])
def runner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "ONNX Runtime":
        monkeypatch.setattr(OpenVinoRunner, "available", staticmethod(lambda: False))
    elif not OpenVinoRunner.available():
        pytest.skip("OpenVINO is not here")
    return str(request.param)


def anchors_of(height: int, width: int) -> int:
    return sum((height // stride) * (width // stride) for stride in (8, 16, 32))


def saved(
    path: Path,
    *,
    shape: tuple[Any, ...] = (1, 3, SIDE, SIDE),
    kind: int = TensorProto.FLOAT,
    rows: bool = False,
    transposed: bool = False,
    said: dict[str, str | None] | None = None,
    axes: int = 3,
) -> Path:
    """A network that sees one dog, as sure as the picture is bright, and a hen where it is half as bright."""
    height, width = (n if isinstance(n, int) and n > 3 else SIDE for n in shape[-2:])
    half = kind == TensorProto.FLOAT16
    base = np.zeros((1, 300, 6) if rows else (1, 4 + CLASSES, anchors_of(height, width)), np.float32)
    by_light = np.zeros_like(base)
    if rows:
        base[0, 0, :4], base[0, 0, 5], by_light[0, 0, 4] = (8, 16, 40, 48), 1, 1
        base[0, 1, :4], base[0, 1, 5], by_light[0, 1, 4] = (2, 2, 12, 12), 2, 0.5
    else:
        base[0, :4, 5], by_light[0, 4 + 1, 5] = (24, 32, 32, 32), 1
        base[0, :4, 9], by_light[0, 4 + 2, 9] = (7, 7, 10, 10), 0.5
    if transposed:
        base, by_light = base.transpose(0, 2, 1), by_light.transpose(0, 2, 1)
    number = np.float16 if half else np.float32
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Reshape", ["mean", "one"], ["light"]),
        helper.make_node("Mul", ["light", "by_light"], ["sure"]),
        helper.make_node("Add", ["sure", "base"], ["output0"]),
    ]
    if kind == TensorProto.UINT8:
        nodes = [helper.make_node("Cast", ["images"], ["real"], to=TensorProto.FLOAT), *nodes]
        nodes[1].input[0] = "real"
    output = [shape[0], *base.shape[1:]]
    if axes == 2:
        nodes[-1].output[0] = "three"
        nodes.append(helper.make_node("Flatten", ["three"], ["output0"]))
        output = [shape[0], int(np.prod(base.shape[1:]))]
    given = [("one", np.array([-1, 1, 1], np.int64)), ("base", base.astype(number))]
    graph = helper.make_graph(
        nodes,
        "sees",
        [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT16 if half else TensorProto.FLOAT, output)],
        [numpy_helper.from_array(a, n) for n, a in (*given, ("by_light", by_light.astype(number)))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    facts = {"names": NAMES, "task": "detect", "stride": "32", **(said or {})}
    helper.set_model_props(model, {key: value for key, value in facts.items() if value is not None})
    onnx.save(model, str(path))
    return path


def picture(light: int, width: int = SIDE, height: int = SIDE) -> np.ndarray:
    return np.full((height, width, 3), light, np.uint8)


def opened(path: Path, width: int = SIDE, height: int = SIDE) -> YoloDetector:
    return open_detector(identify(path), DetectSettings(imgsz=SIDE), width, height)


def check(detector: YoloDetector, lights: tuple[int, ...] = (BRIGHT, DARK, BRIGHT), width: int = SIDE) -> None:
    """Each picture has its own boxes: nobody's is taken for another's."""
    found = detector.detect([detector.prepare(picture(light, width)) for light in lights])
    assert len(found) == len(lights)
    for one, light in zip(found, lights, strict=True):
        assert one.class_id.tolist() == [1, 2]
        assert np.abs(one.confidence - np.array([1, 0.5]) * light / 255).max() < 0.01
        assert np.abs(one.xyxy[0] - [8, 16, 40, 48]).max() < 0.2
        assert np.abs(one.xyxy[1] - [2, 2, 12, 12]).max() < 0.2


# --- what is run


@pytest.mark.parametrize("batch", [1, 2, 4, 8, 16, "batch"])
@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_fixed_batch_is_filled(runner: str, tmp_path: Path, batch: Any, count: int) -> None:
    detector = opened(saved(tmp_path / "a.onnx", shape=(batch, 3, SIDE, SIDE)))
    assert detector.batch == (batch if isinstance(batch, int) else 1)
    check(detector, tuple((BRIGHT, DARK, 200, 100, 150)[:count]))


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
@pytest.mark.parametrize("batch", [1, 3])
def test_half_precision_gives_the_same(runner: str, tmp_path: Path, kind: int, batch: int) -> None:
    check(opened(saved(tmp_path / "a.onnx", kind=kind, shape=(batch, 3, SIDE, SIDE))))


@pytest.mark.parametrize(
    ("shape", "width", "height"),
    [
        ((1, 3, SIDE, 96), 96, SIDE),
        ((2, 3, 96, SIDE), SIDE, 96),
        ((1, 3, "height", "width"), SIDE, SIDE),
        (("batch", 3, "height", "width"), SIDE, SIDE),
        (("batch", 3, SIDE, "width"), SIDE, SIDE),
    ],
)
def test_any_shape_of_input_is_taken(
    runner: str, tmp_path: Path, shape: tuple[Any, ...], width: int, height: int
) -> None:
    detector = opened(saved(tmp_path / "a.onnx", shape=shape), width, height)
    assert detector.size == (width, height)
    found = detector.detect([detector.prepare(picture(BRIGHT, width, height))])[0]
    assert found.class_id.tolist() == [1, 2]


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("said", [{"args": "{'nms': True}"}, {"end2end": "True"}, {}])
def test_final_rows_are_recognised(runner: str, tmp_path: Path, said: dict[str, str | None], batch: int) -> None:
    detector = opened(saved(tmp_path / "a.onnx", rows=True, said=said, shape=(batch, 3, SIDE, SIDE)))
    assert detector.end_to_end
    check(detector)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_row_for_each_anchor_is_recognised(runner: str, tmp_path: Path, batch: int) -> None:
    check(opened(saved(tmp_path / "a.onnx", transposed=True, shape=(batch, 3, SIDE, SIDE))))


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("{0: 'cat'}", ("cat", "class 1", "class 2")),
        ("{}", ("class 0", "class 1", "class 2")),
        ("{0: 'cat', 2: 'hen'}", ("cat", "class 1", "hen")),
        ("['cat', 'dog', 'hen']", ("cat", "dog", "hen")),
        ("['cat']", ("cat", "class 1", "class 2")),
        ('{"0": "cat", "1": "dog", "2": "hen"}', ("cat", "dog", "hen")),
        ("{0: 'cat', 1: 'dog', 2: 'hen', 3: 'owl', 4: 'pig'}", ("cat", "dog", "hen")),
    ],
)
def test_wrong_names_cost_no_box(runner: str, tmp_path: Path, said: str, names: tuple[str, ...]) -> None:
    detector = opened(saved(tmp_path / "a.onnx", said={"names": said}))
    assert detector.names == names
    check(detector)


@pytest.mark.parametrize("stride", [None, "32.0", "[8, 16, 32]", "many", ""])
def test_an_odd_stride_is_no_error(runner: str, tmp_path: Path, stride: str | None) -> None:
    check(opened(saved(tmp_path / "a.onnx", said={"stride": stride})))


# --- what is one sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"said": {"names": None}}, "names no classes"),
        ({"said": {"names": "cat, dog"}}, r"the class names of .*a\.onnx cannot be read"),
        ({"said": {"names": "17"}}, r"the class names of .*a\.onnx cannot be read"),
        ({"said": {"names": "{'cat': 0}"}}, r"the class names of .*a\.onnx cannot be read"),
        ({"said": {"names": "(" * 5000}}, r"the class names of .*a\.onnx cannot be read"),
        ({"said": {"task": "classify"}}, r"a model for another task \(classify\)"),
        ({"said": {"task": None}}, r"a model for another task \(unknown\)"),
        ({"shape": (1, SIDE, SIDE, 3)}, r"takes 64 channels \(input 1 x 64 x 64 x 3\)"),
        ({"shape": (1, 1, SIDE, SIDE)}, "takes 1 channels"),
        ({"shape": (1000, 3, SIDE, SIDE)}, "takes batches of 1000 pictures; 1 to 64 can be run"),
        ({"kind": TensorProto.UINT8}, r"takes pixels as tensor\(uint8\); float32 or float16 is wanted"),
        ({"axes": 2}, r"gives 1 x 588, which is not how YOLO models give boxes"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    runner: str, tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(WeightsError, match=sentence):
        opened(saved(tmp_path / "a.onnx", **options))


def test_rows_of_a_class_without_a_name_are_one_sentence(runner: str, tmp_path: Path) -> None:
    detector = opened(saved(tmp_path / "a.onnx", rows=True, said={"names": "{0: 'cat'}", "end2end": "True"}))
    with pytest.raises(WeightsError, match="name 1 classes and give a box of class 2; export them anew"):
        check(detector)


def test_two_inputs_are_one_sentence(runner: str, tmp_path: Path) -> None:
    model = onnx.load(str(saved(tmp_path / "a.onnx")))
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    onnx.save(model, str(tmp_path / "a.onnx"))
    with raises(WeightsError, code="weights_unfit"):
        opened(tmp_path / "a.onnx")


def test_a_file_that_was_cut_off_is_one_sentence(runner: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:700])
    with raises(WeightsError, code="weights_unreadable"):
        opened(path)


def test_weights_in_a_second_file_that_is_gone_are_one_sentence(runner: str, tmp_path: Path) -> None:
    model = onnx.load(str(saved(tmp_path / "a.onnx")))
    onnx.save(model, str(tmp_path / "a.onnx"), save_as_external_data=True, location="a.data", size_threshold=1000)
    check(opened(tmp_path / "a.onnx"))
    (tmp_path / "a.data").unlink()
    with raises(WeightsError, code="weights_apart"):
        opened(tmp_path / "a.onnx")


# --- as Ultralytics exports it

EXPORT = (
    "import sys; from ultralytics import YOLO\n"
    "for path in sys.argv[1:]:\n"
    "    name, batch, _ = path.rsplit('.', 2)\n"
    "    YOLO(path).export(format='onnx', batch=int(batch), imgsz=320, simplify=False, verbose=False)"
)
BATCHES = (1, 4)


@pytest.fixture(scope="module")
def exported(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """Name and batch -> weights as Ultralytics exports them, all by one process."""
    folder = tmp_path_factory.mktemp("exported")
    found = {(name, batch): folder / f"{name}.{batch}.pt" for name in ("yolov8n", "yolov8n-seg") for batch in BATCHES}
    for (name, _), path in found.items():
        shutil.copy(assets / "models" / f"{name}.pt", path)
    quiet = {"YOLO_CONFIG_DIR": str(folder), "YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    argv = [sys.executable, "-c", EXPORT, *map(str, found.values())]
    subprocess.run(argv, env=os.environ | quiet, check=True, capture_output=True, timeout=300)
    return {key: path.with_suffix(".onnx") for key, path in found.items()}


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize("name", ["yolov8n", "yolov8n-seg"])
def test_a_batch_of_four_by_ultralytics_gives_the_boxes_of_one(
    name: str, runner: str, exported: dict[tuple[str, int], Path]
) -> None:
    import importlib.util

    import cv2

    found = importlib.util.find_spec("ultralytics")
    assert found is not None
    assert found.origin is not None
    bus = cv2.cvtColor(cv2.imread(str(Path(found.origin).parent / "assets" / "bus.jpg")), cv2.COLOR_BGR2RGB)
    boxes = []
    for batch in BATCHES:
        detector = open_detector(identify(exported[name, batch]), DetectSettings(), bus.shape[1], bus.shape[0])
        boxes.append(detector.detect([detector.prepare(bus)])[0])
    one, four = (some[some.confidence > 0.4] for some in boxes)
    assert len(one) == len(four) >= 4
    assert np.abs(one.xyxy - four.xyxy).max() < 2
    assert np.abs(one.confidence - four.confidence).max() < 0.02
