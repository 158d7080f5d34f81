"""The real network on a real clip, from the command line to pictures: extraction and masks in one call; exports."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.video.command import run_ffmpeg
from tests.runs import core, errors_in, lines

pytestmark = [pytest.mark.weights, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def piece(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 frames of a man who plays with a ball."""
    path = tmp_path_factory.mktemp("piece") / "juggle.mp4"
    source = f"file:{assets / 'media' / 'juggle.mp4'}"
    run_ffmpeg(["-i", source, "-frames:v", "24", "-an", "-c:v", "libx264", "-crf", "16", f"file:{path}"])
    return path


def test_extraction_masks_the_subject_and_frames_are_exported(assets: Path, piece: Path, tmp_path: Path) -> None:
    weights = assets / "models" / "yolov8n-seg.pt"
    done = core(
        *("extract", piece, "--method", "every_nth", "--every", 6, "--enable-subject-mask"),
        *("--masking-model", "yolo-seg", "--mask-weights", weights, "--device", "cpu", "--json"),
        cwd=tmp_path,
        timeout_s=280,
    )
    assert errors_in(done.stderr) == []
    assert json.loads(done.stdout.splitlines()[-1])["masked"] == 1
    run = tmp_path / "downloads" / "juggle"
    records = lines(run / "metadata.jsonl")
    assert len(records) == 4
    for record in records:
        assert 3 < record["mask_area_pct"] < 15
        assert record["mask_score"] > 0.5
        assert record["subject_sharpness"] is not None
        assert record["error"] is None
    done = core(
        *("mask", run, "--masker", "yolo-seg", "--weights", weights, "--device", "cpu"),
        *("--export", "green", "--crops", "--coco", "--json"),
        cwd=tmp_path,
        timeout_s=280,
    )
    values = json.loads(done.stdout.splitlines()[-1])
    assert (values["masked"], values["shots"][0]["state"]) == (0, "propagated")
    folder = tmp_path / "downloads" / "juggle_masked"
    assert len(list(folder.glob("frame_*_masked.png"))) == 24
    picture = cv2.imread(str(folder / "frame_000012_masked.png"))
    mask = cv2.imread(str(run / "masks" / "mask_000012.png"), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert mask is not None
    assert np.array_equal((picture == (0, 255, 0)).all(axis=2), mask == 0)
    assert len(json.loads((folder / "masks.coco.json").read_text())["annotations"]) == 24


def test_other_weights_are_one_sentence(assets: Path, piece: Path, tmp_path: Path) -> None:
    core("extract", piece, "--method", "keyframes", cwd=tmp_path)
    run = tmp_path / "downloads" / "juggle"
    wrong = assets / "models" / "yolov8n.pt"
    done = core("mask", run, "--masker", "yolo-seg", "--weights", wrong, "--auto", cwd=tmp_path)
    assert done.returncode == 9
    assert len(errors_in(done.stderr)) == 1
    done = core("mask", run, "--masker", "sam2", "--auto", cwd=tmp_path)
    assert done.returncode == 9
    assert len(errors_in(done.stderr)) == 1
    done = core("mask", tmp_path, cwd=tmp_path)
    assert done.returncode != 0
    assert len(errors_in(done.stderr)) == 1
