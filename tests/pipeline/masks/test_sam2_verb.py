"""SAM 2's own network (random weights) through the whole of ``mask``: points to files, resume, correction, exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import SettingsError, WeightsError
from core.models.sam2 import build, open_sam2
from core.models.sam2_weights import Variant
from core.pipeline.masks.home import ShotFrames, open_home
from core.pipeline.masks.mask_files import read_mask
from core.pipeline.masks.opening import open_by_settings
from core.pipeline.masks.state import board
from core.store.annotations import save_note
from core.store.shot_notes import ObjectPrompt
from core.weights import identify
from tests import masks
from tests.raising import raises
from tests.runs import lines

SIDE = 64
"""Far smaller than anybody would use: the network is the same."""
SEED = 4
"""With these random weights masks are neither empty nor full."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(SEED)
    path = tmp_path_factory.mktemp("sam2") / "sam2.1_hiera_tiny.pt"
    torch.save({"model": build(Variant("2.1", "tiny"), SIDE).state_dict()}, path)
    return path


def said(weights: Path, **more: object) -> dict[str, object]:
    return {"masker": "sam2", "imgsz": SIDE, "device": "cpu", "weights": weights} | more


def pixels(run: Path, frame: int) -> np.ndarray:
    found = read_mask(open_home(run).dir.mask(frame))
    assert found is not None, frame
    return found


def test_points_become_masks_records_and_pictures(run: Path, weights: Path) -> None:
    home = masks.annotated(run, (masks.note(0, (1, 40, 60), frame=6), masks.note(2, (1, 60, 30), (2, 140, 90))))
    found = masks.masked(run, open_by_settings, **said(weights, export="green"))
    assert (found.masked, found.failed) == (2, [])
    states = [shot.state for shot in board(home)]
    assert states[0] in ("propagated", "doubtful")
    assert states[1] == "empty"
    assert {name.name for name in home.dir.masks.glob("mask_*.png")} == {
        f"mask_{frame:06d}.png" for start, end in (masks.SHOTS[0], masks.SHOTS[2]) for frame in range(start, end)
    }
    direct = open_sam2(identify(weights, wanted="weights"), device="cpu", imgsz=SIDE, variant=None, config=None)
    note = masks.note(0, (1, 40, 60), frame=6)
    with home.pictures() as pictures:
        for one in direct.shot(ShotFrames(pictures, note.start, note.end), note.of()):
            assert np.array_equal(pixels(run, note.start + one.index) > 0, one.masks[0]), one.index
    records = {record["frame_number"]: record for record in lines(run / "metadata.jsonl")}
    for frame in (0, 6, 19, 60):
        share = 100 * float((pixels(run, frame) == (255 if frame < 50 else 1)).mean())
        assert records[frame]["mask_area_pct"] == pytest.approx(share)
        assert records[frame]["error"] is None
    assert len(list(run.with_name("walk_masked").glob("frame_*_masked.png"))) == 40


def test_what_is_done_stays_and_a_correction_makes_one_object_of_one_shot_anew(run: Path, weights: Path) -> None:
    home = masks.annotated(run, (masks.note(0, (1, 40, 60)), masks.note(2, (1, 60, 30), (2, 140, 90))))
    masks.masked(run, open_by_settings, **said(weights))
    before = {path: path.stat().st_mtime_ns for path in home.dir.masks.rglob("*.png")}
    assert masks.masked(run, open_by_settings, **said(weights)).masked == 0
    assert {path: path.stat().st_mtime_ns for path in home.dir.masks.rglob("*.png")} == before
    second = {path: path.read_bytes() for path in home.dir.object(2).glob("*.png")}
    corrected = masks.note(2, (1, 60, 30), (2, 140, 90)).with_prompt(ObjectPrompt(1, 60, ((60.0, 50.0),), (1,)))
    save_note(home.dir.annotations, corrected)
    assert masks.masked(run, open_by_settings, **said(weights)).masked == 1
    first = {path for path in before if path.parent == home.dir.masks and int(path.stem[5:]) < 20}
    assert all(path.stat().st_mtime_ns == before[path] for path in first)
    assert {path: path.read_bytes() for path in home.dir.object(2).glob("*.png")} == second


def test_what_stands_in_the_way_of_sam2_is_one_sentence(run: Path, weights: Path) -> None:
    masks.annotated(run, masks.USUAL[:1])
    with raises(WeightsError, code="no_weights"):
        masks.masked(run, open_by_settings, masker="sam2")
    with raises(WeightsError, code="other_variant"):
        masks.masked(run, open_by_settings, **said(weights, sam2_model_variant="hiera_large"))
    with raises(SettingsError, code="no_seeds"):
        masks.masked(run, open_by_settings, **said(weights, auto=True))
