"""The extract verb: each picture and record is of the frame it names, whatever the clip and the method."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.errors import RunBusy, RunError, SettingsError
from core.pipeline.extraction import extract_records, open_extraction, recorded_ordinals, records_of
from core.pipeline.measure import DAMAGED, UNDECODABLE
from core.records import FrameLedger
from core.settings.extract import METHODS, ExtractSettings
from core.store import ledger, run_file
from core.store.run import RunDir
from core.video.ledger import RULES
from tests.raising import raises
from tests.restamped import DISPROVED
from tests.runs import contents, lines, number_in, numbers_in, stamps
from tests.verbs import outcome_of
from tests.videos import VARIANTS, truth

Clip = Callable[[str], Path]
Runs = Callable[[str, bool], dict[str, Path]]
SAVING = tuple(method for method in METHODS if method != "best")
"""Methods that save each picture with its record; of the best N: test_best.py."""

CLIPS = (
    "h264-23976", "h264-24", "h264-25", "h264-2997", "h264-5994", "h264-vfr", "h264-opengop", "hevc-opengop", "cut",
    "late-start", "rotated-90", "mirrored-90", "odd-444", "avi-mpeg4-b", "avi-packed", "vp9-altref", "ts-cut-opengop",
    "ts-joined",
)  # fmt: skip
"""Every rate, B-frames, open GOP, edit list, late start, rotation, odd size, AVI, hidden frames, torn and joined."""
EVERY_LINE = {
    "frame_number", "pts_s", "filename", "discard_reason", "shot_id", "quality_score", "sharpness", "edge_strength",
    "contrast", "brightness", "entropy", "phash", "colours", "error",
    "noise", "detail", "clipped_dark", "clipped_bright", "blockiness", "letterbox", "dissolve", "combed", "blank",
    "titles", "subject_detail", "subject_by", "peak_change", "border_clutter", "displacement", "moment",
    "picture_score", "sharpness_rank",
}  # fmt: skip


@pytest.fixture
def sample(clip: Clip) -> Path:
    return clip("h264-opengop")


def done(source: Path, settings: ExtractSettings, **where: Any) -> Path:
    """Extracts to the end; returns the run folder."""
    with open_extraction(source, settings, **where) as extraction:
        list(extraction.choose())
        list(records_of(extraction))
        return extraction.run.path


# --- every method, both ways of saving


@pytest.mark.parametrize("save", [True, False], ids=["save", "no-save"])
@pytest.mark.parametrize("name", CLIPS)
def test_every_record_and_picture_is_of_the_frame_it_names(clip: Clip, extracted: Runs, name: str, save: bool) -> None:
    expected, told = VARIANTS[name].expected, truth(clip(name))
    for method, run in extracted(name, save).items():
        records = lines(run / "metadata.jsonl")
        ordinals = [record["frame_number"] for record in records]
        assert ordinals == sorted(set(ordinals))
        assert method in ("keyframes", "scene") or len(ordinals) > 5
        assert all(record.keys() >= EVERY_LINE and record["error"] is None for record in records)
        assert numbers_in(run) == ({i: expected[i] for i in ordinals} if save else {})
        assert [r["filename"] for r in records] == [f"frame_{i:06d}.jpg" if save else None for i in ordinals]
        for record in records if name != "ts-joined" else ():
            pts = told.best[record["frame_number"]]
            assert pts is None or record["pts_s"] == float(pts * told.time_base)


@pytest.mark.parametrize("name", CLIPS)
def test_both_ways_of_saving_give_the_same_records(extracted: Runs, name: str) -> None:
    for method in extracted(name, True):
        saved, scored = (lines(extracted(name, save)[method] / "metadata.jsonl") for save in (True, False))
        assert [record | {"filename": None} for record in saved] == scored


def test_each_method_has_a_folder_of_its_own(extracted: Runs) -> None:
    names = {method: run.name for method, run in extracted("h264-opengop", True).items()}
    assert list(names.values()) == ["h264-opengop", *(f"h264-opengop-{n}" for n in (2, 3, 4, 5))]


def test_the_methods_choose_what_they_say(extracted: Runs) -> None:
    runs = extracted("h264-opengop", True)
    chosen = {method: [r["frame_number"] for r in lines(run / "metadata.jsonl")] for method, run in runs.items()}
    assert chosen["all"] == list(range(120))
    assert chosen["every_nth"] == list(range(0, 120, 7))
    assert chosen["keyframes"] == [0, 24, 48, 72, 96]
    assert chosen["interval"] == [-(-31 * k // 4) for k in range(16)]
    assert {0, 40, 80} <= set(chosen["scene"])


def test_a_clip_that_shows_no_key_frame_says_so(clip: Clip, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with listened(caplog):
        run = done(clip("cut"), ExtractSettings(method="keyframes"), downloads=tmp_path)
    assert "shows no key frame" in caplog.text
    assert recorded_ordinals(RunDir(run)).tolist() == []


def test_frames_of_nobody_knows_what_are_not_mixed_with_ours(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "frame_000007.jpg").write_bytes(b"mine")
    with raises(RunError, code="frames_without_run"):
        done(sample, ExtractSettings(), out=tmp_path)
    assert contents(tmp_path) == {"frame_000007.jpg": b"mine"}


# --- pictures


def test_png_holds_the_very_pixels(sample: Path, tmp_path: Path) -> None:
    jpeg = done(sample, ExtractSettings(method="every_nth", every=24), downloads=tmp_path)
    png = done(sample, ExtractSettings(method="every_nth", every=24, png=True), downloads=tmp_path)
    assert numbers_in(png) == numbers_in(jpeg) == {i: i for i in range(0, 120, 24)}
    for record in lines(png / "metadata.jsonl"):
        exact = cv2.imread(str(png / record["filename"]))
        lossy = cv2.imread(str(jpeg / record["filename"].replace("png", "jpg")))
        assert exact.shape == lossy.shape == (180, 320, 3)
        assert np.abs(exact.astype(int) - lossy).mean() < 3
    assert sorted(p.suffix for p in png.glob("frame_*")) == [".png"] * 5


def test_jpeg_quality_changes_the_size(sample: Path, tmp_path: Path) -> None:
    sizes = []
    for quality in (30, 95):
        run = done(sample, ExtractSettings(jpeg_quality=quality), downloads=tmp_path)
        sizes.append(sum(p.stat().st_size for p in run.glob("frame_*.jpg")))
        assert numbers_in(run) == {i: i for i in range(0, 120, 24)}
    assert 2 * sizes[0] < sizes[1]


@pytest.mark.parametrize("name", ["rotated-90", "odd-444", "h264-opengop"])
def test_thumbs_are_of_every_frame(clip: Clip, tmp_path: Path, name: str) -> None:
    settings = ExtractSettings(method="every_nth", every=5, save_frames=False, thumbs=True, thumb_height=90)
    run = done(clip(name), settings, downloads=tmp_path)
    thumbs = sorted((run / "thumbs").iterdir())
    assert [p.name for p in thumbs] == [f"thumb_{i:06d}.jpg" for i in range(0, 120, 5)]
    assert [number_in(p) for p in thumbs] == list(range(0, 120, 5))
    assert {cv2.imread(str(p)).shape[0] for p in thumbs} == {90}


# --- pre-filters


def test_pre_filters_keep_the_records_and_drop_the_pictures(sample: Path, extracted: Runs, tmp_path: Path) -> None:
    unfiltered = {r["frame_number"]: r for r in lines(extracted("h264-opengop", True)["all"] / "metadata.jsonl")}
    score = float(np.median([r["quality_score"] for r in unfiltered.values()]))
    bright = float(np.median([r["brightness"] for r in unfiltered.values()]))
    run = done(sample, ExtractSettings(method="all", min_quality=score, min={"brightness": bright}), downloads=tmp_path)
    reasons = {}
    for record in lines(run / "metadata.jsonl"):
        before = unfiltered[record["frame_number"]]
        low = "quality" if before["quality_score"] < score else "brightness" if before["brightness"] < bright else None
        assert record["discard_reason"] == low
        assert record["filename"] == (None if low else before["filename"])
        reasons[record["frame_number"]] = low
    assert len(reasons) == 120
    assert {None, "quality", "brightness"} == set(reasons.values())
    assert numbers_in(run) == {i: i for i, reason in reasons.items() if reason is None}


# --- the way back


@pytest.mark.parametrize("save", [True, False])
def test_the_same_settings_again_do_nothing(sample: Path, tmp_path: Path, save: bool) -> None:
    settings = ExtractSettings(method="every_nth", every=20, save_frames=save)
    run = done(sample, settings, downloads=tmp_path)
    before = contents(run), stamps(run)
    assert list(extract_records(sample, settings, downloads=tmp_path)) == []
    assert (contents(run), stamps(run)) == before
    assert [p.name for p in tmp_path.iterdir()] == [run.name]


@pytest.mark.parametrize("taken", [0, 1, 33, 119])
@pytest.mark.parametrize("save", [True, False])
def test_a_run_closed_early_goes_on_to_the_same_bytes(
    sample: Path, extracted: Runs, tmp_path: Path, save: bool, taken: int
) -> None:
    settings = ExtractSettings(method="all", save_frames=save)
    with closing(extract_records(sample, settings, downloads=tmp_path)) as records:
        for _ in range(taken):
            next(records)
    run = tmp_path / "h264-opengop"
    if taken:
        assert len(recorded_ordinals(RunDir(run))) >= taken
        assert json.loads((run / "run.json").read_text())["extra"]["state"] == "running"
    with open_extraction(sample, settings, downloads=tmp_path) as extraction:
        assert extraction.done >= taken
        assert not extraction.complete
        list(extraction.choose())
        assert len(list(records_of(extraction))) == 120 - extraction.done
    assert contents(run) == contents(extracted("h264-opengop", save)["all"])


def test_a_torn_last_line_is_extracted_again(run_copy: Callable[..., Path], sample: Path) -> None:
    run = run_copy()
    whole = contents(run)
    data = (run / "metadata.jsonl").read_bytes()
    (run / "metadata.jsonl").write_bytes(data[: len(data) // 2])
    state = json.loads((run / "run.json").read_text())
    state["extra"]["state"] = "running"
    (run / "run.json").write_text(json.dumps(state))
    again = list(extract_records(sample, ExtractSettings(method="all"), out=run))
    assert again[-1].frame_number == 119
    assert contents(run) == whole


def test_the_passes_that_choose_are_not_made_twice(sample: Path, tmp_path: Path) -> None:
    settings = ExtractSettings(method="scene", scene_threshold=0.1)
    with open_extraction(sample, settings, downloads=tmp_path) as extraction:
        assert list(extraction.choose())
        chosen = extraction.ordinals
    with open_extraction(sample, settings, downloads=tmp_path) as extraction:
        assert list(extraction.choose()) == []
        assert extraction.ordinals is not None
        assert chosen is not None
        assert extraction.ordinals.tolist() == chosen.tolist()


def test_other_settings_start_another_run_and_leave_the_first_alone(sample: Path, tmp_path: Path) -> None:
    first = done(sample, ExtractSettings(), downloads=tmp_path)
    before = contents(first), stamps(first)
    second = done(sample, ExtractSettings(method="every_nth", every=60), downloads=tmp_path)
    third = done(sample, ExtractSettings(), downloads=tmp_path, resume=False)
    assert [first.name, second.name, third.name] == ["h264-opengop", "h264-opengop-2", "h264-opengop-3"]
    assert (contents(first), stamps(first)) == before
    assert contents(third) == contents(first)


def test_another_video_of_the_same_name_starts_another_run(clip: Clip, tmp_path: Path) -> None:
    for name, expected in (("h264-25", "film"), ("decoy", "film-2"), ("h264-25", "film")):
        source = tmp_path / name / "film.mp4"
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(clip(name).read_bytes())
        run = done(source, ExtractSettings(), downloads=tmp_path / "downloads")
        assert run.name == expected
    assert numbers_in(run) == {i: i for i in (0, 30, 60, 90)}


def test_a_moved_video_goes_on_with_its_run(clip: Clip, tmp_path: Path) -> None:
    for place in ("here", "there"):
        source = tmp_path / place / "film.mp4"
        source.parent.mkdir()
        source.write_bytes(clip("h264-25").read_bytes())
        assert done(source, ExtractSettings(), downloads=tmp_path).name == "film"


# --- an explicit folder


def test_out_is_the_run_folder_itself(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "my run"
    assert done(sample, ExtractSettings(), out=out) == out
    assert numbers_in(out) == {i: i for i in range(0, 120, 24)}
    assert done(sample, ExtractSettings(), out=out) == out
    assert [p.name for p in out.parent.iterdir()] == ["my run"]


def test_out_with_files_of_its_own_keeps_them(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done(sample, ExtractSettings(), out=tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_out_of_other_settings_is_refused_and_untouched(sample: Path, tmp_path: Path) -> None:
    done(sample, ExtractSettings(), out=tmp_path / "run")
    before = contents(tmp_path)
    with raises(RunError, code="other_settings", settings=["png", "jpeg_quality"]):
        done(sample, ExtractSettings(png=True, jpeg_quality=80), out=tmp_path / "run")
    assert contents(tmp_path) == before


def test_out_of_another_video_is_refused_and_untouched(clip: Clip, sample: Path, tmp_path: Path) -> None:
    done(sample, ExtractSettings(), out=tmp_path / "run")
    before = contents(tmp_path)
    with raises(RunError, code="other_video"):
        done(clip("decoy"), ExtractSettings(), out=tmp_path / "run")
    assert contents(tmp_path) == before


def test_out_without_resume_sets_the_old_run_aside(clip: Clip, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done(sample, ExtractSettings(thumbs=True), out=out)
    before = contents(out)
    done(clip("decoy"), ExtractSettings(), out=out, resume=False)
    (aside,) = (p for p in tmp_path.iterdir() if p != out)
    assert aside.name.startswith("run_old_")
    assert contents(aside) == before
    assert numbers_in(out) == {i: 1000 + i for i in (0, 30, 60, 90)}


# --- what is refused, and what is repaired


def test_two_extractions_of_one_run_are_one_too_many(sample: Path, tmp_path: Path) -> None:
    with open_extraction(sample, ExtractSettings(), downloads=tmp_path) as first:
        list(first.choose())
        with raises(RunBusy, code="run_busy"):
            done(sample, ExtractSettings(), downloads=tmp_path)
        assert len(list(first.records())) == 5


@pytest.mark.parametrize(
    "settings",
    [{"method": "allof"}, {"interval": 0.0}, {"every": 0}, {"quality_weights": (0.0,) * 5}, {"min": {"sharpnes": 3.0}}],
)
def test_wrong_settings_cannot_be_made(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        ExtractSettings(**settings)


def test_records_of_other_frames_are_not_continued(run_copy: Callable[..., Path], sample: Path) -> None:
    run = run_copy(method="keyframes")
    state = json.loads((run / "run.json").read_text())
    state["extra"]["state"] = "running"
    (run / "run.json").write_text(json.dumps(state))
    records = (run / "metadata.jsonl").read_text().splitlines(keepends=True)
    (run / "metadata.jsonl").write_text("".join(records[1:]))
    with raises(RunError, code="other_frames"):
        done(sample, ExtractSettings(), out=run)


@pytest.mark.parametrize("name", DISPROVED)
@pytest.mark.parametrize("method", SAVING)
def test_a_ledger_that_the_decoder_disproves_is_counted_again(
    name: str, method: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kind = DISPROVED[name]
    settings = ExtractSettings(method=method, interval=0.31, scene_threshold=0.1, png=True)
    with listened(caplog):
        run = done(kind.make(tmp_path, name), settings, downloads=tmp_path)
    records = lines(run / "metadata.jsonl")
    assert numbers_in(run) == {r["frame_number"]: r["frame_number"] for r in records}
    if method == "all":
        assert "decoding all of them" in caplog.text
        assert [r["frame_number"] for r in records] == list(range(120))
        off = [r["pts_s"] * 1000 - kind.time_of(r["frame_number"]) for r in records]
        assert max(off) - min(off) <= 2
    if "decoding all of them" in caplog.text:
        assert run_file.read(run / "run.json").video.repaired_times == 1


def test_a_resumed_run_of_a_disproved_ledger_ends_like_one_in_one_go(tmp_path: Path) -> None:
    clip = DISPROVED["a-little-late"].make(tmp_path, "film")
    settings = ExtractSettings(method="all")
    with closing(extract_records(clip, settings, downloads=tmp_path / "b")) as records:
        for _ in range(30):
            next(records)
    resumed, whole = (done(clip, settings, downloads=tmp_path / place) for place in "ba")
    assert contents(resumed) == contents(whole)


# --- runs of another count


def of_another_count(run: Path, kind: str) -> None:
    """Makes a run what an older program would have left."""
    right = ledger.load(run / "ledger.npz")
    other = {
        "times": FrameLedger(right.pts + (np.arange(len(right)) > 80), right.key, right.time_base),
        "number": FrameLedger(right.pts[:-3], right.key[:-3], right.time_base),
        "constant": FrameLedger(np.arange(len(right)) * 511, right.key, right.time_base, "order"),
    }
    if kind in other:
        ledger.save(run / "ledger.npz", other[kind])
        return
    values = json.loads((run / "run.json").read_text())
    values["video"] |= {"rotation": {"rotation": 90}, "stream": {"stream_index": 7}, "size": {"width": 64}}[kind]
    (run / "run.json").write_text(json.dumps(values))


OTHERWISE = {
    "rotation": "was made with its pictures turned by 90 degrees",
    "stream": "was made from stream 7 of its video",
    "size": "was made with pictures of 64x",
}


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("kind", ["times", "number", "constant", "rotation", "stream", "size"])
def test_a_run_of_another_count_stays_and_a_new_one_is_made(
    sample: Path, extracted: Runs, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, finished: bool
) -> None:
    settings = ExtractSettings(method="all")
    with closing(extract_records(sample, settings, downloads=tmp_path)) as records:
        for _ in records if finished else range(50):
            next(records, None)
    run = tmp_path / "h264-opengop"
    of_another_count(run, kind)
    before = contents(run)
    with listened(caplog):
        new = done(sample, settings, downloads=tmp_path)
    assert new == tmp_path / "h264-opengop-2"
    assert OTHERWISE.get(kind, "counted otherwise") in caplog.text
    assert contents(run) == before
    assert contents(new) == contents(extracted("h264-opengop", True)["all"])
    caplog.clear()
    with listened(caplog):
        assert done(sample, settings, downloads=tmp_path) == new
    assert contents(run) == before


@pytest.mark.parametrize("kind", ["times", "rotation"])
def test_a_named_run_of_another_count_is_refused_unless_set_aside(sample: Path, tmp_path: Path, kind: str) -> None:
    settings, run = ExtractSettings(method="keyframes"), tmp_path / "mine"
    done(sample, settings, out=run)
    of_another_count(run, kind)
    before = contents(run)
    with pytest.raises(RunError, match=OTHERWISE.get(kind, "counted otherwise") + ".*--no-resume"):
        done(sample, settings, out=run)
    assert contents(run) == before
    done(sample, settings, out=run, resume=False)
    assert [contents(p) for p in tmp_path.glob("mine_old_*")] == [before]


def test_a_run_that_an_older_program_counted_the_same_is_gone_on_with(tmp_path: Path, clip: Clip) -> None:
    """By decoding, as AVI always is; its ledger then notes by which rules, and need not be counted again."""
    settings = ExtractSettings(method="all")
    with closing(extract_records(clip("avi-mpeg4-b"), settings, downloads=tmp_path)) as records:
        for _ in range(50):
            next(records)
    run = tmp_path / "avi-mpeg4-b"
    ours = ledger.load(run / "ledger.npz")
    assert ours.decoded == RULES
    ledger.save(run / "ledger.npz", FrameLedger(ours.pts, ours.key, ours.time_base, ours.clock))
    assert done(clip("avi-mpeg4-b"), settings, downloads=tmp_path) == run
    assert len(lines(run / "metadata.jsonl")) == 120
    assert ledger.load(run / "ledger.npz").decoded == RULES


def test_verbs_of_a_disproved_run_say_that_it_has_to_be_extracted_anew(tmp_path: Path) -> None:
    """Few frames were decoded, so that nobody noticed; then all are."""
    clip = DISPROVED["a-little-late"].make(tmp_path, "film")
    run = done(clip, ExtractSettings(method="keyframes", save_frames=False), downloads=tmp_path)
    before = contents(run)
    with raises(RunError, code="miscounted"):
        outcome_of("shots", run=run)
    assert contents(run) == before


class listened:  # noqa: N801
    """The program's logger does not pass its messages on; for a while the test hears them."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._handler, self._logger = caplog.handler, logging.getLogger("framesieve")

    def __enter__(self) -> None:
        self._logger.addHandler(self._handler)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._handler)


# --- damage


@pytest.mark.parametrize("name", ["flipped-mp4", "flipped-ts", "torn-mkv", "torn-ts", "torn-mp4"])
def test_of_a_damaged_clip_the_rest_is_kept_and_the_gap_recorded(clip: Clip, tmp_path: Path, name: str) -> None:
    run = done(clip(name), ExtractSettings(method="all"), downloads=tmp_path)
    records = lines(run / "metadata.jsonl")
    assert [r["frame_number"] for r in records] == list(range(len(records)))
    bad = {r["frame_number"] for r in records if r["error"]}
    assert {r["error"] for r in records} <= {None, UNDECODABLE, DAMAGED}
    assert all(r["filename"] is None for r in records if r["error"])
    assert numbers_in(run) == {r["frame_number"]: r["frame_number"] for r in records if not r["error"]}
    assert len(bad) <= 0.25 * len(records)
    assert bad or name == "torn-mkv"
    assert list(extract_records(clip(name), ExtractSettings(method="all"), downloads=tmp_path)) == []


@pytest.mark.parametrize("method", SAVING)
def test_every_method_survives_damage(clip: Clip, tmp_path: Path, method: str) -> None:
    run = done(clip("flipped-mp4"), ExtractSettings(method=method, target=20), downloads=tmp_path)
    records = lines(run / "metadata.jsonl")
    assert 4 <= len(records) <= 20
    assert numbers_in(run) == {r["frame_number"]: r["frame_number"] for r in records if not r["error"]}


def test_the_video_is_only_read(clip: Clip, tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(clip("h264-25").read_bytes())
    source.chmod(0o444)
    before = hashlib.sha256(source.read_bytes()).hexdigest(), source.stat().st_mtime_ns
    done(source, ExtractSettings(), downloads=tmp_path / "downloads")
    assert (hashlib.sha256(source.read_bytes()).hexdigest(), source.stat().st_mtime_ns) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["downloads", "film.mp4"]


@pytest.fixture(autouse=True)
def no_temporary_files_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert [p for p in tmp_path.rglob("*") if p.name.endswith((".tmp", ".partial"))] == []
