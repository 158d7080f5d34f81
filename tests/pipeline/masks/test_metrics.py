"""Subject metrics in the records are the masked OpenCV recipe; filters use them; a lost subject is no error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.metrics.quality import quality_score
from core.pipeline.chosen import chosen_by
from core.pipeline.extraction import extract_records
from core.pipeline.masks.home import open_home
from core.pipeline.masks.mask_files import read_mask
from core.pipeline.rescore import rescore
from core.settings.columns import METRIC_NAMES
from core.settings.export import ExportArguments
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterArguments, FilterSettings
from core.settings.rescore import RescoreArguments
from core.video.frame import Luma
from core.video.probe import probe
from core.video.seek import FrameReader
from tests import masks, reference
from tests.fakes import FloodFill
from tests.runs import lines

FULL = (1000.0, 100.0, 2.0, 1.0, 8.0)


def of_recipe(luma: Luma, mask: np.ndarray) -> list[float | None]:
    """The masked OpenCV recipe, 0-100; null where nothing can be measured."""
    plane = luma.plane[:, : luma.width].astype(np.float64)
    if not luma.full_range:
        plane = np.clip(np.floor((plane - 16) * 255 / 219 + 0.5), 0, 255)
    if np.count_nonzero(mask) < 100:
        return [None] * 5
    found = reference.masked_statistics(plane.astype(np.uint8), mask.astype(np.uint8) * 255)
    return [None if v != v else 100 * min(1.0, v / full) for v, full in zip(found, FULL, strict=True)]


def test_records_hold_the_masked_recipe(run: Path, film: Path) -> None:
    masks.annotated(run)
    masks.masked(run)
    home = open_home(run)
    with FrameReader(probe(film)) as reader:
        for record in lines(run / "metadata.jsonl"):
            frame = record["frame_number"]
            pixels = read_mask(home.dir.mask(frame))
            assert pixels is not None
            mask = pixels == (255 if frame < 50 else 1)
            expected = of_recipe(reader.frame(frame).luma(), mask)
            got = [record[f"subject_{name}"] for name in METRIC_NAMES]
            for mine, theirs in zip(got, expected, strict=True):
                assert mine == (None if theirs is None else pytest.approx(theirs, abs=1e-6))
            assert record["mask_path"] == f"masks/mask_{frame:06d}.png"
            assert record["mask_area_pct"] == pytest.approx(100 * mask.mean())
            assert record["error"] is None
            score = record["subject_quality_score"]
            assert score == (None if None in expected else pytest.approx(quality_score(expected, (30, 20, 20, 10, 20))))


def test_a_frame_without_the_subject_is_exportable(run: Path) -> None:
    masks.annotated(run)
    masks.masked(run)
    away = {r["frame_number"] for r in lines(run / "metadata.jsonl") if r["subject_sharpness"] is None}
    assert set(masks.AWAY) <= away
    assert set(masks.AWAY) <= set(chosen_by(run, FilterSettings()).kept.tolist())
    kept = set(chosen_by(run, FilterSettings(min={"mask_area_pct": 1.0})).kept.tolist())
    assert not kept & set(masks.AWAY)
    assert {10, 60} <= kept


def test_records_of_shots_that_are_masked_later_follow(run: Path) -> None:
    masks.annotated(run, masks.USUAL[:1])
    masks.masked(run)
    assert [r.get("mask_score") is not None for r in lines(run / "metadata.jsonl")] == [i < 20 for i in range(70)]
    before = lines(run / "metadata.jsonl")[:20]
    masks.annotated(run, masks.USUAL[1:])
    masks.masked(run)
    assert lines(run / "metadata.jsonl")[:20] == before
    assert lines(run / "metadata.jsonl")[60]["subject_sharpness"] is not None


def test_a_larger_mask_changes_the_records_of_its_shot(run: Path) -> None:
    masks.annotated(run)
    masks.masked(run)
    before = lines(run / "metadata.jsonl")

    class Half(FloodFill):
        def _masks(self, rgb, index, ids, colours, here):  # type: ignore[no-untyped-def]
            found = super()._masks(rgb, index, ids, colours, here)
            found.masks[:, ::2] = False
            return found

    masks.masked(run, lambda *_, **__: Half(), force=True, shots="0")
    after = lines(run / "metadata.jsonl")
    assert after[20:] == before[20:]
    assert all(a["mask_area_pct"] < 0.6 * b["mask_area_pct"] for a, b in zip(after[:20], before[:20], strict=True))


def test_records_that_come_later_are_told(film: Path, tmp_path: Path) -> None:
    run = masks.run_of(tmp_path, film, method="every_nth", every=7)
    masks.annotated(run)
    masks.masked(run)
    assert [r["frame_number"] for r in lines(run / "metadata.jsonl") if r["subject_contrast"]] == [
        frame for frame in range(0, 70, 7) if frame not in masks.AWAY
    ]


def test_other_weights_score_the_subject_anew(run: Path) -> None:
    masks.annotated(run)
    masks.masked(run)
    masks.end_of(rescore(RescoreArguments(run=run, quality_weights=(0.0, 0.0, 0.0, 1.0, 0.0))))
    for record in lines(run / "metadata.jsonl"):
        assert record["subject_quality_score"] == record["subject_brightness"]


def test_the_likeness_of_the_subject_is_a_filter(run: Path) -> None:
    for kind in (FilterArguments, ExportArguments):
        wanted = kind(run=run, min_reid_similarity=0.4, max_face_distance=0.7).wanted_filters
        assert wanted is not None
        assert (wanted.min, wanted.max) == ({"reid_similarity": 0.4}, {"face_distance": 0.7})


def test_a_run_of_scores_only_has_subject_metrics_too(film: Path, tmp_path: Path) -> None:
    run = tmp_path / "downloads" / "walk"
    for _ in extract_records(film, ExtractSettings(method="keyframes", save_frames=False), out=run):
        pass
    (run / "shots.json").write_text(str([list(shot) for shot in masks.SHOTS]))
    masks.annotated(run)
    masks.masked(run)
    assert any(r["subject_sharpness"] is not None for r in lines(run / "metadata.jsonl"))
