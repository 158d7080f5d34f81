"""Other weights for a finished run: the same bytes as extracting with those weights from the start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RunBusy, RunError, SettingsError
from core.metrics.quality import quality_score
from core.pipeline.chosen import chosen_by
from core.pipeline.export_folder import write_folder
from core.pipeline.extraction import extract_records
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.store.run import RunDir
from tests.raising import raises
from tests.runs import contents, lines, numbers_in
from tests.verbs import outcome_of

Clip = Callable[[str], Path]
LESS_CONTRAST = (30.0, 20.0, 10.0, 10.0, 20.0)
WEIGHTS = (1.0, 0.0, 5.5, 70.0, 0.25)


def run_of(clip: Path, out: Path, **given: Any) -> Path:
    list(extract_records(clip, ExtractSettings(method="every_nth", every=3, **given), out=out))
    return out


@pytest.mark.parametrize("save", [True, False])
def test_rescoring_is_extracting_with_those_weights(clip: Clip, tmp_path: Path, save: bool) -> None:
    source = clip("h264-opengop")
    run = run_of(source, tmp_path / "rescored", save_frames=save)
    before = contents(run)
    assert outcome_of("rescore", run=run, quality_weights=WEIGHTS).frames == 40
    fresh = run_of(source, tmp_path / "fresh", save_frames=save, quality_weights=WEIGHTS)
    assert contents(run) == contents(fresh)
    assert contents(run)["metadata.jsonl"] != before["metadata.jsonl"]
    outcome_of("rescore", run=run, quality_weights=ExtractSettings().quality_weights)
    assert contents(run) == before


def test_extracting_again_with_other_weights_scores_the_run_anew(clip: Clip, tmp_path: Path) -> None:
    source = clip("h264-opengop")
    run = run_of(source, tmp_path / "run")
    assert (
        list(extract_records(source, ExtractSettings(method="every_nth", every=3, quality_weights=WEIGHTS), out=run))
        == []
    )
    fresh = run_of(source, tmp_path / "fresh", quality_weights=WEIGHTS)
    assert contents(run) == contents(fresh)


def test_with_a_pre_filter_the_reasons_follow_and_export_decodes_what_now_passes(clip: Clip, tmp_path: Path) -> None:
    source = clip("h264-opengop")
    run = run_of(source, tmp_path / "rescored", min_quality=75.0)
    first = {r["frame_number"]: r["discard_reason"] for r in lines(run / "metadata.jsonl")}
    outcome_of("rescore", run=run, quality_weights=LESS_CONTRAST)
    fresh = run_of(source, tmp_path / "fresh", min_quality=75.0, quality_weights=LESS_CONTRAST)
    records, expected = (lines(folder / "metadata.jsonl") for folder in (run, fresh))
    assert [r | {"filename": None} for r in records] == [r | {"filename": None} for r in expected]
    second = {r["frame_number"]: r["discard_reason"] for r in records}
    assert {None, "quality"} == set(first.values()) == set(second.values())
    assert any(first[i] and not second[i] for i in first)
    for folder in (run, fresh):
        list(write_folder(chosen_by(folder), folder.with_name(f"{folder.name}-out")))
    kept = {i: i for i, reason in second.items() if reason is None}
    assert numbers_in(tmp_path / "rescored-out") == numbers_in(tmp_path / "fresh-out") == kept


@pytest.mark.parametrize("weights", [(0.0,) * 5, (1.0, 2.0), (1.0, -1.0, 1.0, 1.0, 1.0), (float("nan"),) * 5])
def test_wrong_weights_change_nothing(clip: Clip, tmp_path: Path, weights: tuple[float, ...]) -> None:
    run = run_of(clip("h264-opengop"), tmp_path / "run")
    before = contents(run)
    with pytest.raises(SettingsError):
        outcome_of("rescore", run=run, quality_weights=weights)
    assert contents(run) == before


def test_a_run_in_use_is_not_rescored(clip: Clip, tmp_path: Path) -> None:
    run = run_of(clip("h264-opengop"), tmp_path / "run")
    with RunDir(run).lock(), pytest.raises(RunBusy):
        outcome_of("rescore", run=run, quality_weights=WEIGHTS)
    with raises(RunError, code="no_run"):
        outcome_of("rescore", run=tmp_path, quality_weights=WEIGHTS)


@settings(max_examples=50)
@given(
    metrics=st.lists(st.floats(0, 100), min_size=5, max_size=5),
    weights=st.lists(st.floats(0, 100), min_size=5, max_size=5).filter(lambda w: sum(w) > 1e-3),
)
def test_a_score_is_the_weighted_mean(metrics: list[float], weights: list[float]) -> None:
    assert len(METRIC_NAMES) == 5
    mean = sum(m * w for m, w in zip(metrics, weights, strict=True)) / sum(weights)
    assert float(quality_score(tuple(metrics), tuple(weights))) == pytest.approx(mean, abs=1e-6)
