"""Reading faces with real networks: what is found, that alignment is that of insightface, and every way to fail."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from core.models import FaceReader
from core.models.face_packs import fetch_pack, find_pack
from core.models.faces import aligned, open_reader
from core.records import Faces
from core.video.photos import read_photo
from tests.faces import make_pack, six_people
from tests.raising import raises

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def pack(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pack(assets, tmp_path_factory.mktemp("packs") / "own")


@pytest.fixture(scope="module")
def reader(pack: Path) -> FaceReader:
    return open_reader(str(pack))


def test_no_faces_are_an_empty_list(reader: FaceReader) -> None:
    found = reader.read(np.zeros((48, 64, 3), np.uint8))
    assert len(found) == 0
    assert found.vectors.shape == (0, 128)
    assert len(Faces.empty(5)[np.zeros(0, bool)]) == 0


def test_all_six_people_of_the_photo_are_found(reader: FaceReader) -> None:
    rgb = read_photo(six_people())
    found = reader.read(rgb)
    assert len(found) == 6
    assert (np.diff(found.confidence) <= 0).all()
    assert found.confidence.min() > 0.8
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    apart = 1 - found.vectors @ found.vectors.T
    assert apart[np.triu_indices(6, 1)].min() > 0.65
    inside = (found.points >= found.boxes[:, None, :2]) & (found.points <= found.boxes[:, None, 2:])
    assert inside.mean() > 0.9


def test_faces_are_those_of_the_bare_library(reader: FaceReader, pack: Path) -> None:
    """The slow twin: insightface's own calls, one after the other."""
    from insightface.model_zoo import get_model
    from insightface.utils import face_align

    rgb = read_photo(six_people())
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    detector = get_model(str(pack / "scrfd_500m_bnkps.onnx"), providers=["CPUExecutionProvider"])
    recogniser = get_model(str(pack / "mobilefacenet.onnx"), providers=["CPUExecutionProvider"])
    boxes, points = detector.detect(bgr)
    found = reader.read(rgb)
    assert np.abs(found.boxes - boxes[:, :4]).max() < 1.5
    assert np.abs(found.points - points).max() < 1.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vectors = np.vstack([recogniser.get_feat(face_align.norm_crop(bgr, five)) for five in points])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (1 - (vectors * found.vectors).sum(axis=1)).max() < 0.01


def test_the_alignment_is_the_least_squares_similarity_of_insightface(reader: FaceReader) -> None:
    from insightface.utils import face_align

    rgb = read_photo(six_people())
    for points in reader.read(rgb).points:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = face_align.norm_crop(rgb, points)
        assert np.abs(aligned(rgb, points).astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (2000, 3), (17, 9)])
def test_any_shape_of_picture_is_read(reader: FaceReader, shape: tuple[int, int]) -> None:
    assert len(reader.read(np.full((*shape, 3), 128, np.uint8))) == 0


def test_a_turned_picture_keeps_its_coordinates(reader: FaceReader) -> None:
    """A tall picture is scaled by its height: points must come back in source pixels."""
    rgb = read_photo(six_people())
    tall = np.vstack([rgb, np.zeros_like(rgb)])
    first, second = reader.read(rgb), reader.read(tall)
    assert len(second) == 6
    for box in second.boxes:
        assert np.abs(first.boxes - box).max(axis=1).min() < 12


def test_a_detector_of_any_size_finds_the_same_faces(reader: FaceReader, pack: Path, tmp_path: Path) -> None:
    """The published detectors take any size; the one of the tests is made to."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(pack / "scrfd_500m_bnkps.onnx")
    for axis, name in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"{output.name}_boxes"
    twice = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice")
    model.graph.initializer.append(twice)
    for node in [node for node in model.graph.node if node.op_type == "Resize"]:
        node.input[2] = "twice"  # by a factor, not to a size
        del node.input[3]
    folder = make_pack(pack.parent / "none", tmp_path / "any", ())
    onnx.save(model, folder / "det.onnx")
    (folder / "rec.onnx").write_bytes((pack / "mobilefacenet.onnx").read_bytes())
    other = open_reader(str(folder))
    rgb = read_photo(six_people())
    first, second = reader.read(rgb), other.read(rgb)
    assert len(second) == 6
    for box, vector in zip(second.boxes, second.vectors, strict=True):
        same = int(np.abs(first.boxes - box).max(axis=1).argmin())
        assert np.abs(first.boxes[same] - box).max() < 6
        assert 1 - float(first.vectors[same] @ vector) < 0.05
    assert len(other.read(rgb[:, :300])) == len(reader.read(rgb[:, :300]))


# --- what can be wrong


def test_a_pack_without_a_recogniser_is_one_sentence(assets: Path, tmp_path: Path) -> None:
    folder = make_pack(assets, tmp_path / "half", ("scrfd_500m_bnkps.onnx",))
    with pytest.raises(ModelError, match=r"half holds no face recogniser; put one such as w600k_r50"):
        open_reader(str(folder))


def test_a_pack_without_a_detector_is_one_sentence(assets: Path, tmp_path: Path) -> None:
    folder = make_pack(assets, tmp_path / "half", ("mobilefacenet.onnx",))
    with raises(ModelError, code="face_model_unfit", field="face_model"):
        open_reader(str(folder))


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x00" * 5000])
def test_a_broken_file_is_named(assets: Path, tmp_path: Path, content: bytes) -> None:
    folder = make_pack(assets, tmp_path / "broken")
    (folder / "mobilefacenet.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"mobilefacenet\.onnx is not a model that can be loaded"):
        open_reader(str(folder))


def test_a_network_for_something_else_is_refused(assets: Path, tmp_path: Path) -> None:
    folder = make_pack(assets, tmp_path / "other", ("yolov8n.onnx", "scrfd_500m_bnkps.onnx"))
    with raises(ModelError, code="face_model_unfit", field="face_model"):
        open_reader(str(folder))


def test_cuda_that_is_not_there_is_said_aloud(pack: Path, caplog: pytest.LogCaptureFixture) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("CUDA is there")
    with caplog.at_level(logging.WARNING, "framesieve"):
        assert open_reader(str(pack), "cuda").provider == "CPU"
    assert "CUDA was asked for and is not there" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, "framesieve"):
        assert open_reader(str(pack), "auto").provider == "CPU"
    assert not caplog.text


# --- packs


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_a_missing_pack_names_the_command_and_the_folder(home: Path) -> None:
    with pytest.raises(ModelError, match=r"face-pack buffalo_l, or put its \.onnx files into .*models.buffalo_l\."):
        find_pack("buffalo_l")
    with pytest.raises(
        ModelError, match='"bufalo_l" is neither a folder nor a face model; the nearest valid one is "buff'
    ):
        find_pack("bufalo_l")
    (home / "empty").mkdir()
    with raises(ModelError, code="face_model_unfit"):
        find_pack(str(home / "empty"))


def test_a_pack_of_insightface_is_found_by_its_name(home: Path, assets: Path) -> None:
    folder = make_pack(assets, home / ".insightface" / "models" / "buffalo_s")
    assert find_pack("buffalo_s") == folder
    assert open_reader("buffalo_s").name == "buffalo_s"
    assert list(fetch_pack("buffalo_s")) == []


def test_a_pack_that_cannot_be_downloaded_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.face_packs.ADDRESS", "http://127.0.0.1:9/{name}.zip")
    with pytest.raises(ModelError, match=r"could not be downloaded .*try again, or download http.*buffalo_s\.zip"):
        list(fetch_pack("buffalo_s"))
    assert os.listdir(home / ".insightface" / "models") == []


def test_a_downloaded_pack_is_unpacked_whole(
    home: Path, assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive of antelopev2 has a folder inside; names that lead elsewhere are cut to their last part."""
    import zipfile

    with zipfile.ZipFile(tmp_path / "antelopev2.zip", "w") as packed:
        for name in ("scrfd_500m_bnkps.onnx", "mobilefacenet.onnx"):
            packed.write(assets / "models" / name, f"antelopev2/../../{name}")
        packed.writestr("antelopev2/readme.txt", "hello")
    monkeypatch.setattr("core.models.face_packs.ADDRESS", f"{tmp_path.as_uri()}/{{name}}.zip")
    steps = list(fetch_pack("antelopev2"))
    assert steps[-1][0] == (tmp_path / "antelopev2.zip").stat().st_size
    folder = home / ".insightface" / "models" / "antelopev2"
    assert sorted(os.listdir(folder)) == ["mobilefacenet.onnx", "scrfd_500m_bnkps.onnx"]
    assert os.listdir(folder.parent) == ["antelopev2"]
