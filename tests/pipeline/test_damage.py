"""What the program says of films that are damaged or cut off: before, in each record, and after."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import log
from core.cli.main import main
from core.pipeline.detect import detect
from core.pipeline.extract import Tally
from core.pipeline.jobs.report import Report
from core.records import FrameRecord
from core.settings.detect import DetectSettings
from core.step import Step
from core.store import run_file
from core.video.probe import probe
from tests.fakes import open_number_reader, reader_weights
from tests.fuzz import clip as fuzz_clip
from tests.runs import errors_in, lines

Clip = Callable[[str], Path]
CUT = {
    "torn-mp4": "its index promises 120 frames, 50 of them lie beyond the end of the file",
    "torn-mkv": "its header promises 4.80 s, it holds ",
    "torn-ts": "it ends in the middle of its data",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; afterwards nothing is logged there."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for handler in list(log.get().handlers):
        log.get().removeHandler(handler)
        handler.close()


def told_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if "this file was cut off: " in line]


# --- cut off


@pytest.mark.parametrize("name", CUT)
def test_probe_says_what_a_file_that_was_cut_off_promises(
    clip: Clip, home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["probe", str(clip(name))]) == 0
    (said,) = told_in(capsys.readouterr().out)
    assert CUT[name] in said
    assert main(["probe", str(clip(name)), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert CUT[name] in values["cut_off"]
    assert values["missing_bytes"] > 0
    assert len(told_in((home / "logs" / log.LOG_NAME).read_text())) == 2


def test_probe_says_that_a_whole_file_is_whole(clip: Clip, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", str(clip("faststart"))]) == 0
    told = dict(line.split(maxsplit=2)[::2] for line in capsys.readouterr().out.splitlines() if line.startswith("cut"))
    assert told == {"cut": "no"}
    assert main(["probe", str(clip("faststart")), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cut_off"] is None


@pytest.mark.parametrize("name", CUT)
def test_extract_says_it_before_and_after_and_keeps_what_is_there(
    clip: Clip, home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["extract", str(clip(name)), "--out", "run", "--json"]) == 0
    out, err = capsys.readouterr()
    assert errors_in(err) == []
    before, after = told_in(err)
    assert CUT[name] in before
    assert CUT[name] in after
    assert after.startswith("this run holds what is there of ")
    assert CUT[name] in json.loads(out.splitlines()[-1])["cut_off"]
    assert len(told_in((home / "logs" / log.LOG_NAME).read_text())) == 2
    saved = run_file.read(home / "run" / "run.json").video
    assert saved.missing_bytes == probe(clip(name)).info.missing_bytes


def test_a_detector_pass_says_it_too(clip: Clip, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log.get().addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.WARNING, "framesieve"):
            steps = detect(
                probe(clip("torn-mkv")),
                reader_weights(tmp_path),
                DetectSettings(),
                run=tmp_path / "run",
                opener=open_number_reader,
            )
            next(steps)
            steps.close()
    finally:
        log.get().removeHandler(caplog.handler)
    assert CUT["torn-mkv"] in caplog.text


def test_a_run_made_before_the_fields_were_there_opens(clip: Clip, tmp_path: Path) -> None:
    info = probe(clip("torn-mp4")).info
    values = run_file.video_to_mapping(info)
    assert run_file.video_from_mapping(values) == info
    for name in ("missing_bytes", "missing_frames", "promised_s"):
        del values[name]
    old = run_file.video_from_mapping(values)
    assert (old.missing_bytes, old.missing_frames, old.promised_s) == (None, None, None)
    assert old.frames == info.frames
    del values["frames"]
    with pytest.raises(ValueError, match="frames is missing"):
        run_file.video_from_mapping(values)


# --- words for damage


@pytest.mark.parametrize("name", ["flipped-mp4", "flipped-ts", "torn-mp4"])
def test_could_not_be_decoded_is_said_only_of_frames_without_a_picture(
    clip: Clip, home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["extract", str(clip(name)), "--method", "all", "--thumbs", "--out", "run"]) == 0
    (said,) = (line for line in capsys.readouterr().err.splitlines() if "carry an error" in line)
    wrong = [record for record in lines(home / "run" / "metadata.jsonl") if record["error"]]
    lost = [r for r in wrong if r["sharpness"] is None]
    spoilt = [r for r in wrong if r["sharpness"] is not None]
    assert all("could not be decoded" in r["error"] for r in lost)
    assert all("decoded with damage" in r["error"] for r in spoilt)
    assert (f"{len(lost)} could not be decoded (" in said) == bool(lost)
    assert (f"{len(spoilt)} decoded with damage (" in said) == bool(spoilt)
    shown = {path.name for path in (home / "run" / "thumbs").iterdir()}
    assert not any(f"{r['frame_number']:06d}" in name for r in lost for name in shown)


def test_a_job_counts_the_two_apart_also_in_records_of_old_runs() -> None:
    report = Report({"id": "0" * 32}, lambda event: None)
    tally = Tally()
    for record in [
        FrameRecord(0, 0.0, quality_score=50.0),
        FrameRecord(1, 0.1, error="this frame could not be decoded: its data in the file are damaged or missing."),
        FrameRecord(2, 0.2, quality_score=50.0, error="this frame was decoded with damage: ..."),
        FrameRecord(3, 0.3, quality_score=40.0, error="this frame was decoded from damaged data, or refers to ..."),
    ]:
        tally.add(record)
    report.take(Step("extracting", counts=dict(tally.counts)))
    event = report._event()
    assert (event["kept"], event["dropped"]) == (1, {"error": 1, "damaged": 2})


# --- what cannot be opened says why


@pytest.mark.parametrize(("name", "share"), [("h264.mov", 0.93), ("hevc.mp4", 0.99), ("vp9.mp4", 0.4)])
def test_a_cut_that_takes_the_index_is_named_as_the_cause(
    home: Path, capsys: pytest.CaptureFixture[str], name: str, share: float
) -> None:
    data = fuzz_clip(name)
    (home / name).write_bytes(data[: int(len(data) * share)])
    assert main(["probe", name]) == 3
    (sentence,) = errors_in(capsys.readouterr().err)
    assert "cut off" in sentence
