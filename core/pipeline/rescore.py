"""The rescore verb: other quality weights for a run, from its records, without decoding."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from core import config
from core.config import METRIC_NAMES, ExtractSettings
from core.errors import RunError, SettingsError
from core.metrics.quality import quality_score
from core.pipeline.face_measure import passes
from core.pipeline.measure import discard_reason
from core.records import FrameRecord
from core.store import jsonl, run_file, table
from core.store.run import RunDir
from core.store.run_file import RunFile


def rescore(path: Path, weights: tuple[float, ...]) -> int:
    """Computes every quality score anew and returns how many records there are.

    With a quality pre-filter the discard reasons follow the new scores; a frame that now passes has no file and is
    decoded by export, a frame that now fails keeps its file.

    Args:
        path: the run folder.
        weights: of the five metrics, in the order of ``METRIC_NAMES``.

    Raises:
        SettingsError: not five weights, or they sum to zero. RunError: no run, or a record is damaged.
        RunBusy: somebody works in it.
    """
    run = RunDir(path)
    saved = run_file.read(run.run_json)
    with run.lock():
        return rescore_locked(run, saved, weights)


def rescore_locked(run: RunDir, saved: RunFile, weights: tuple[float, ...]) -> int:
    """Does it in a run whose lock this process holds. The records first, the settings after them."""
    try:
        before = config.from_mapping(ExtractSettings, saved.settings)
    except SettingsError as error:
        raise RunError(f"{run.run_json} is damaged ({error}); restore it from a copy.") from error
    settings = dataclasses.replace(before, quality_weights=tuple(weights))
    records = list(table.records(run)) if run.metadata.exists() else []
    apply_weights(records, settings)
    if records:
        jsonl.rewrite(run.metadata, records)
    run_file.write(
        run.run_json, dataclasses.replace(saved, settings=config.to_mapping(settings), digest=settings.digest())
    )
    return len(records)


def apply_weights(records: list[FrameRecord], settings: ExtractSettings) -> None:
    """Sets score and discard reason of every measured record."""
    values = np.array([[_number(getattr(r, name)) for name in METRIC_NAMES] for r in records]).reshape(-1, 5)
    for record, score in zip(records, quality_score(values, settings.quality_weights).tolist(), strict=True):
        if record.error is None:
            record.quality_score = None if score != score else score
            if record.discard_reason is None or record.discard_reason in ("quality", *METRIC_NAMES):
                record.discard_reason = discard_reason(record, settings)
                if (
                    record.discard_reason is None
                    and settings.face_filter
                    and not passes(record, settings.min_face_area)
                ):
                    record.discard_reason = "face"  # its faces were not read while its quality dropped it


def _number(value: float | None) -> float:
    return np.nan if value is None else value
