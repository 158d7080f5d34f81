"""A run that is open for extraction: frames are chosen, measured and recorded in order, resumable at any instant.

Not here: the verb around it (``extract``), the choice of the folder (``run_folder``).
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core import files, log
from core.advice import aside
from core.errors import RunError
from core.metrics.judge import Judged
from core.pipeline import run_folder, scan, stills
from core.pipeline.counting import kept_to
from core.pipeline.dissolves import REACH
from core.pipeline.judging import Judging, Seen, settle
from core.pipeline.measure import UNDECODABLE, Measurer
from core.pipeline.measure_again import measure_again
from core.pipeline.persons.frames import tell_run
from core.records import FrameRecord
from core.settings.extract import ExtractSettings
from core.settings.model import changed, to_mapping
from core.store import jsonl, ledger, npz, run_file
from core.store.run import RunDir, ordinal_of
from core.store.run_file import RunFile
from core.video import cut_off, images
from core.video.frame import Frame
from core.video.probe import Video, opened
from core.video.stream import map_frames

if TYPE_CHECKING:
    from core.pipeline.faces.extraction import ExtractFaces
    from core.pipeline.faces.measure import FoundFaces

DOWNLOADS = Path("downloads")
RUNNING, COMPLETE = "running", "complete"


class Done(NamedTuple):
    """What a thread made of a frame."""

    record: FrameRecord
    judged: Judged
    faces: FoundFaces | None


@dataclass
class Extraction:
    """A run that is open for extraction: this process holds its lock. Made by ``open_extraction``."""

    run: RunDir
    video: Video
    settings: ExtractSettings
    done: int
    """Frames recorded by an earlier, interrupted run."""
    complete: bool
    """Whether the earlier run had finished: nothing is left to do."""
    ordinals: NDArray[np.int64] | None = None
    """(W,) int64: what the method chose; ``None`` until ``choose`` has run."""
    faces: ExtractFaces | None = None
    """What reads faces in the same pass, if that was asked for."""
    _recorded: int = -1
    """Of a run that goes on: the last frame that is recorded. It and some before are looked at as neighbours."""

    def choose(self) -> Generator[int, None, None]:
        """Finds out which frames the method chooses. Yields how many frames were looked at, where pixels are needed."""
        self.ordinals = self._chosen_before()
        if self.ordinals is None:
            self.ordinals = yield from kept_to(self.video, self._choose_from)
            self.video.check_unchanged()
            if scan.passes(self.settings):
                files.write_npz(self._sampling, {"ordinals": self.ordinals})
        if not len(self.ordinals):
            log.get().warning(NOTHING_CHOSEN[self.settings.method == "keyframes"], self.video.path)

    def records(self) -> Generator[FrameRecord, None, None]:
        """Yields each record once it is in ``metadata.jsonl`` and its picture in the folder, in ordinal order.

        Raises:
            StorageError: the disk is full or the folder cannot be written; what was yielded stays.
            LedgerMismatch: the file's packets promised other frames; ``open_extraction`` can rebuild the ledger.
        """
        assert self.ordinals is not None, "choose comes first"
        if self.complete:
            return
        left = self._left(self.ordinals)
        judging = Judging(self._frames, self._recorded)
        with (
            self.faces or contextlib.nullcontext(),
            jsonl.Appender(self.run.metadata) as appender,
            closing(map_frames(self.video, left, self._make_work)) as chunks,
        ):
            for chunk in itertools.chain(chunks, (None,)):
                records = list(judging.finish() if chunk is None else judging.take(self._seen(chunk)))
                if any(record.error for record in records):
                    self.video.check_unchanged()  # damage in the file is recorded for good, a file cut off is not
                appender.append(records)
                yield from records
        for folder in (self.run.path, self.run.thumbs):
            files.clean_temporaries(folder, older_than_s=0)
        settle(self.run, self._inside_bars if self.settings.inside_bars else None)
        tell_run(self.run.path)
        write_run(self.run, self.video, self.settings, COMPLETE)
        self.complete = True
        if (said := cut_off.sentence_of(self.video.info)) is not None:
            log.get().warning("this run holds what is there of %s: %s", self.video.path, said)

    def _inside_bars(self, records: list[FrameRecord], measured_in: dict[int, list[int] | None]) -> None:
        """Where the five metrics are taken inside bars, those of the shot count, not those of a frame by itself."""
        from core.pipeline.rescore import apply_weights  # here: it reads the settings of every verb

        apply_weights(measure_again(self.video, self.settings, records, measured_in), self.settings)

    def _choose_from(self, video: Video) -> Generator[int, None, NDArray[np.int64]]:
        """Chooses from a ledger; one that was counted anew begins the run anew."""
        if video is not self.video:
            self.start_over(video)
        return (yield from scan.choose(video, self.settings))

    def start_over(self, video: Video) -> None:
        """Throws away what a wrong ledger numbered; the settings and the folder stay."""
        run, self.video = self.run, video
        frames = (path for path in run.path.iterdir() if ordinal_of(path.name) is not None)
        for path in (run.metadata, self._sampling, *frames):
            path.unlink(missing_ok=True)
        if self.faces is not None:
            self.faces.start_over()
        ledger.save(run.ledger, video.ledger)
        write_run(run, video, self.settings, RUNNING)
        self.done, self.ordinals = 0, None

    @property
    def _sampling(self) -> Path:
        return self.run.path / run_folder.SAMPLING

    def _chosen_before(self) -> NDArray[np.int64] | None:
        if not self._sampling.exists():
            return None
        try:
            ordinals = np.asarray(npz.read(self._sampling, {"ordinals": self._frames})["ordinals"], np.int64)
        except (OSError, *npz.DAMAGED):
            return None
        known = (
            ordinals.ndim == 1 and np.all(np.diff(ordinals) > 0) and np.all((ordinals >= 0) & (ordinals < self._frames))
        )
        return ordinals if known else None

    @property
    def _frames(self) -> int:
        return len(self.video.ledger)

    def _left(self, ordinals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Checks that what is recorded is the beginning of what was chosen; returns the rest.

        It begins with those that are recorded and near enough to the next one to tell something of it.
        """
        recorded = recorded_ordinals(self.run)
        if not np.array_equal(recorded, ordinals[: len(recorded)]):
            raise RunError(
                f"{self.run.metadata} holds other frames than these settings choose; "
                f"run again with {aside()} to start a run of its own.",
                code="other_frames",
            )
        at = len(recorded)
        self._recorded = int(ordinals[at - 1]) if at else -1
        if at in (0, len(ordinals)):
            return ordinals[at:]
        return ordinals[np.searchsorted(ordinals, ordinals[at] - REACH) :]

    def _seen(self, chunk: list[tuple[int, Done | None]]) -> list[Seen]:
        """What was measured of the frames of a chunk; their faces are durable from then on."""
        if self.faces is not None:
            fresh = [done for number, done in chunk if done is not None and number > self._recorded]
            self.faces.append([(done.record, done.faces) for done in fresh])
        return [Seen(d.record, d.judged) if d else Seen(self._gap(n), None) for n, d in chunk]

    def _gap(self, ordinal: int) -> FrameRecord:
        return FrameRecord(ordinal, self.video.ledger.seconds(ordinal), error=UNDECODABLE)

    def _make_work(self) -> Callable[[Frame], Done]:
        measurer, settings, seconds = Measurer(self.settings), self.settings, self.video.ledger.seconds

        def work(frame: Frame) -> Done:
            (record, judged), found, rgb = measurer.record_and_maps(frame, seconds(frame.ordinal)), None, None
            if frame.ordinal <= self._recorded:
                return Done(record, judged, None)
            if self.faces is not None and record.discard_reason is None and record.error is None:
                rgb = frame.rgb()
                found = self.faces.read(frame, rgb, record)
            usable = record.discard_reason is None and record.error is None
            if usable and settings.save_frames and settings.method != "best":  # of which the winners are saved later
                record.filename = self._save(frame, rgb)
            if settings.thumbs:
                thumb = images.encode_jpeg(frame.thumb(settings.thumb_height), THUMB_QUALITY)
                files.write_bytes(self.run.thumb(frame.ordinal), thumb, sync=False)
            return Done(record, judged, found)

        return work

    def _save(self, frame: Frame, rgb: NDArray[np.uint8] | None) -> str:
        suffix, data = stills.encoded(frame, self.settings, rgb)
        path = self.run.frame(frame.ordinal, suffix)
        files.write_bytes(path, data, sync=False)
        return path.name


THUMB_QUALITY = 80
NOTHING_CHOSEN = (
    "%s: no frame was chosen; choose another method or another target.",
    "%s was cut so that it shows no key frame: nothing was extracted; choose another method, such as interval.",
)


@contextlib.contextmanager
def open_extraction(
    source: str | Path,
    settings: ExtractSettings,
    *,
    out: Path | None = None,
    downloads: Path = DOWNLOADS,
    resume: bool = True,
    keep_weights: bool = False,
) -> Iterator[Extraction]:
    """Probes the source, finds or makes its run folder and locks it.

    Args:
        source: a video file.
        settings: what to extract.
        out: the run folder itself; default ``<downloads>/<video stem>`` (``-2``, ``-3`` ... for other settings).
        downloads: where runs lie.
        resume: go on with a run of the same video and settings; otherwise start a run of its own.
        keep_weights: score with the weights that the run already has, not with those of ``settings``.

    Raises:
        SourceError: not a video. RunBusy: another process works in the run. StorageError: the folder cannot be made.
        RunError: ``out`` holds a run of another video or of other settings (says which differ), or frames of others.
        ModelError: faces are wanted and the model is absent or broken; a reference that is no face raises as
        ``faces.reference.from_photo``.
    """
    with opened(source, settings.stream) as file:
        settings = changed(settings, stream=file.choice.index if file.choice.named else None)
        run, video = run_folder.run_and_video(file, settings, out, downloads, resume)
    faces = _faces(settings) if settings.reads_faces else None
    with run.lock():
        if not resume and out is not None:
            run_folder.set_aside(run)
        saved = run_file.read(run.run_json) if run.run_json.exists() else None  # once more: nobody writes it now
        if saved is None:
            run_folder.check_free(run)
        else:
            run_folder.check_same(run, saved, video.info, settings)
        yield _opened(run, saved, video, settings, keep_weights, faces)


def _faces(settings: ExtractSettings) -> ExtractFaces:
    from core.pipeline.faces.extraction import open_faces  # here: most extractions read none

    return open_faces(settings)


def extract_records(source: str | Path, settings: ExtractSettings, **where: Any) -> Generator[FrameRecord, None, None]:
    """Extracts and yields each durable record; ``where`` as in ``open_extraction``. For scripts and tests."""
    with open_extraction(source, settings, **where) as extraction:
        for _ in extraction.choose():
            pass
        yield from records_of(extraction)


def records_of(extraction: Extraction) -> Generator[FrameRecord, None, None]:
    """Yields ``extraction.records()``; where the decoder disproves the ledger, all begins anew with an exact one."""

    def work(video: Video) -> Generator[FrameRecord, None, None]:
        if video is not extraction.video:
            extraction.start_over(video)
            for _ in extraction.choose():
                pass
        yield from extraction.records()

    yield from kept_to(extraction.video, work)


def write_run(run: RunDir, video: Video, settings: ExtractSettings, state: str) -> None:
    """Writes ``run.json``; the title that people gave the run stays."""
    values, title = to_mapping(settings), run_file.title_of(run.run_json)
    run_file.write(run.run_json, RunFile(video.info, values, settings.digest(), extra={"state": state}, title=title))


def recorded_ordinals(run: RunDir) -> NDArray[np.int64]:
    """Returns (R,) int64: the ordinals in ``metadata.jsonl``, a torn last line left out; empty without the file."""
    if not run.metadata.exists():
        return np.zeros(0, np.int64)
    return np.array([line["frame_number"] for line in jsonl.read(run.metadata)], np.int64)


def _opened(
    run: RunDir,
    saved: RunFile | None,
    video: Video,
    settings: ExtractSettings,
    keep_weights: bool,
    faces: ExtractFaces | None,
) -> Extraction:
    """Prepares the folder: what an interrupted run left is repaired, other weights are applied to what it recorded."""
    state, moved = RUNNING, True
    if saved is not None:
        moved = saved.video.path != video.info.path
        state = str(saved.extra.get("state", RUNNING))
        weights = tuple(saved.settings.get("quality_weights", settings.quality_weights))
        if keep_weights:
            settings = changed(settings, quality_weights=weights)
        elif weights != settings.quality_weights:
            from core.pipeline.rescore import rescore_locked

            rescore_locked(run, saved, settings.quality_weights)
    if not run.ledger.exists() or ledger.load(run.ledger).decoded != video.ledger.decoded:
        ledger.save(run.ledger, video.ledger)
    if settings.thumbs:
        files.make_folder(run.thumbs)
    if run.metadata.exists():
        jsonl.repair(run.metadata)
    if state != COMPLETE or moved:
        write_run(run, video, settings, state)
    if faces is not None:
        faces.join(run)
    return Extraction(run, video, settings, len(recorded_ordinals(run)), complete=state == COMPLETE, faces=faces)
