"""Where faces look and how far their eyes are open: in the records, in filters, and in the preset for portraits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.pipeline.extraction import extract_records
from core.pipeline.faces.measure import columns
from core.pipeline.faces.update import update_faces
from core.pipeline.notes import notes
from core.pipeline.select import select
from core.settings.extract import ExtractSettings
from core.store import jsonl, presets
from core.store.run import RunDir
from core.store.table import load_table
from tests.faces import make_landmarks, make_pack, mean_face, turned

LOOKS = ("eyes_open", "yaw", "pitch", "roll")


def test_a_face_of_an_older_program_tells_what_its_five_points_tell() -> None:
    line = {"area_pct": 1.0, "confidence": 0.9, "sharpness": 5.0, "frontality": 80.0}
    points = [[-10.0, -10.0], [10.0, -10.0], [4.0, 0.0], [-8.0, 10.0], [8.0, 10.0]]
    found = columns([line | {"kps": points}], [0])
    assert (found["eyes_open"], found["pitch"], found["roll"]) == (None, None, 0.0)
    assert 15 < found["yaw"] < 30
    assert {columns([], [])[name] for name in LOOKS} == {None}


@pytest.mark.weights
@pytest.mark.parametrize("closed", [False, True])
def test_portraits_are_faces_that_look_here_with_open_eyes(assets: Path, tmp_path: Path, closed: bool) -> None:
    """With networks that always give one face: first as drawn, looking away, then by a model without landmarks."""
    face = turned(mean_face(), 8, 4, 0) * 0.5
    if closed:
        for eye in (slice(36, 42), slice(42, 48)):
            face[eye, 1] = face[eye, 1].mean()
    bare, pack = make_pack(assets, tmp_path / "bare"), make_pack(assets, tmp_path / "pack")
    make_landmarks(pack / "1k3d68.onnx", face)
    preset, run = presets.load("best-portrait"), tmp_path / "run"
    settings = {"method": "interval", "interval": 0.5, "save_frames": False, "faces": True, "face_model": str(pack)}
    list(extract_records(assets / "media" / "juggle.mp4", ExtractSettings(**settings), out=run))
    table = load_table(run)
    seen = np.isfinite(table.values["face_sharpness"])
    assert seen.any()
    assert table.values["yaw"][seen] == pytest.approx(8, abs=1)
    assert table.values["pitch"][seen] == pytest.approx(4, abs=1)
    easier = preset.filter.model_copy(update={"min": dict(preset.filter.min) | {"max_face_area_pct": 0.0}})
    chosen = select(table, easier)
    assert (len(chosen.kept) > 0) == (not closed)
    assert closed or notes(table, easier, chosen) == []
    list(update_faces(run, {"face_model": str(bare)}, again=True))
    table = load_table(run)
    assert not {"eyes_open", "pitch"} & set(table.values)
    assert np.isfinite(table.values["yaw"]).any()
    assert any("no landmarks" in note for note in notes(table, easier))
    lines = list(jsonl.read(RunDir(run).faces))
    assert {line["eyes_open"] for line in lines} == {None}
