"""``rescore``: other quality weights for a run, from its records; on request the columns of judgement, by decoding."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from core.errors import RunError, SettingsError
from core.metrics.quality import quality_score
from core.pipeline.faces.measure import passes
from core.pipeline.measure import discard_reason
from core.pipeline.read_again import read_again
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.settings.model import changed, from_mapping, to_mapping
from core.settings.rescore import RescoreArguments
from core.step import Outcome, Step
from core.store import jsonl, run_file, table
from core.store.run import RunDir
from core.store.run_file import RunFile
from core.wording import plural


@dataclass(frozen=True)
class Rescored(Outcome):
    """A run with other scores."""

    run: str
    frames: int

    def lines(self) -> list[str]:
        """One line."""
        return [f"{plural(self.frames, 'frame')} scored again in {self.run}"]


def rescore(arguments: RescoreArguments) -> Generator[Step, None, Rescored]:
    """Computes every quality score of a run anew; with ``read_again`` judges its frames.

    With a quality pre-filter the discard reasons follow the new scores; a frame that now passes has no file and is
    decoded by export, a frame that now fails keeps its file.

    Raises:
        SettingsError: not five weights, or they sum to zero. RunError: no run, a damaged record, or no video to read.
        RunBusy: somebody works in it.
    """
    run = RunDir(arguments.run)
    saved = run_file.read(run.run_json)
    yield Step("scoring", run=run.path.absolute())
    with run.lock():
        if arguments.read_again:
            with closing(read_again(run, _settings(run, saved), arguments.video)) as reading:
                for done, total in reading:
                    yield Step("reading frames again", done, total)
        weights = arguments.quality_weights or _settings(run, saved).quality_weights
        count = rescore_locked(run, saved, weights)
    yield Step("scoring", count, count)
    return Rescored(str(run.path), count)


def rescore_locked(run: RunDir, saved: RunFile, weights: tuple[float, ...]) -> int:
    """Does it in a run whose lock this process holds. The records first, the settings after them."""
    settings = changed(_settings(run, saved), quality_weights=tuple(weights))
    records = list(table.records(run)) if run.metadata.exists() else []
    apply_weights(records, settings)
    if records:
        jsonl.rewrite(run.metadata, records)
    run_file.write(run.run_json, dataclasses.replace(saved, settings=to_mapping(settings), digest=settings.digest()))
    return len(records)


def _settings(run: RunDir, saved: RunFile) -> ExtractSettings:
    try:
        return from_mapping(ExtractSettings, saved.settings)
    except SettingsError as error:
        raise RunError(f"{run.run_json} is damaged ({error}); restore it from a copy.", code="damaged") from error


def apply_weights(records: list[FrameRecord], settings: ExtractSettings) -> None:
    """Sets score and discard reason of every measured record."""
    values = np.array([[_number(getattr(r, name)) for name in METRIC_NAMES] for r in records]).reshape(-1, 5)
    for record, score in zip(records, quality_score(values, settings.quality_weights).tolist(), strict=True):
        _rescore_subject(record, settings.quality_weights)
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


def _rescore_subject(record: FrameRecord, weights: tuple[float, ...]) -> None:
    """The score of a masked subject follows the weights too."""
    if SUBJECT_SCORE in record.more:
        score = quality_score([_number(record.more.get(f"subject_{name}")) for name in METRIC_NAMES], weights)
        record.more[SUBJECT_SCORE] = None if score != score else score


SUBJECT_SCORE = "subject_quality_score"


def _number(value: float | None) -> float:
    return np.nan if value is None else value
