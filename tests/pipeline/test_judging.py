"""Judgement of whole runs: neighbours, places, bars; the same for any number of workers and after a resume."""

import itertools
import json
import os
import shutil

import cv2
import numpy as np
import pytest

from core.errors import RunError, SettingsError
from core.metrics.neighbours import FAR
from core.pipeline.dissolves import tell_dissolves
from core.pipeline.extraction import open_extraction, records_of
from core.pipeline.judging import settle_records, tell_letterbox, tell_moments, tell_ranks
from core.pipeline.masks.mask_files import write_mask
from core.pipeline.select import select
from core.records import FrameRecord
from core.settings.columns import FLAGS, JUDGED
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.store import detections, jsonl, run_file, table
from core.store.detections import CacheMeta
from core.store.run import RunDir
from core.store.table import load_table
from core.weights import Weights
from tests.metrics.test_judge import scene
from tests.runs import lines
from tests.streams import ffmpeg
from tests.verbs import outcome_of

ALL = ExtractSettings(method="all", save_frames=False)
COLUMNS = (*JUDGED, *FLAGS, "letterbox", "picture_score", "sharpness_rank", "subject_detail", "subject_by")
COLUMNS += ("peak_change", "border_clutter", "displacement", "moment")


def extracted(source, settings, out, *, stop_after=None):
    with open_extraction(source, settings, out=out) as extraction:
        list(extraction.choose())
        records = records_of(extraction)
        list(records if stop_after is None else itertools.islice(records, stop_after))
        records.close()
    return lines(out / "metadata.jsonl")


def test_every_frame_is_judged_and_its_number_is_still_that_of_its_picture(clip, tmp_path):
    found = extracted(clip("h264-25"), ALL, tmp_path / "run")
    assert [record["frame_number"] for record in found] == list(range(len(found)))
    for record in found:
        assert all(record[name] is not None for name in COLUMNS if name not in ("letterbox", "displacement"))
        assert record["displacement"] is None or record["displacement"] >= 0  # None: its painted number is another
        assert 0 <= record["picture_score"] <= 100
        assert record["sharpness_rank"] >= 1
        assert 0 < record["moment"] < 1
    assert found[0]["displacement"] == 0
    of_records = {"letterbox", "subject_by", "peak_change", "border_clutter"}
    assert set(COLUMNS) - of_records <= set(load_table(tmp_path / "run").values)


def test_a_run_that_was_cut_off_goes_on_to_the_same_numbers(clip, tmp_path):
    whole = extracted(clip("h264-opengop"), ALL, tmp_path / "whole")
    extracted(clip("h264-opengop"), ALL, tmp_path / "torn", stop_after=5)
    assert extracted(clip("h264-opengop"), ALL, tmp_path / "torn") == whole


@pytest.mark.parametrize("stop_after", [1, 55, 57, 60])
def test_a_run_that_was_cut_off_in_a_fade_goes_on_to_the_same_flags(tmp_path, stop_after):
    video = faded(tmp_path / "fade.mp4", 1)
    extracted(video, ALL, tmp_path / "torn", stop_after=stop_after)
    assert extracted(video, ALL, tmp_path / "torn") == extracted(video, ALL, tmp_path / "whole")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot say which cores to use")
def test_one_worker_and_all_say_the_same(clip, tmp_path):
    cores = os.sched_getaffinity(0)
    everyone = extracted(clip("h264-opengop"), ALL, tmp_path / "all")
    try:
        os.sched_setaffinity(0, {min(cores)})
        assert extracted(clip("h264-opengop"), ALL, tmp_path / "one") == everyone
    finally:
        os.sched_setaffinity(0, cores)


def faded(path, seconds):
    """Two pictures, three seconds each at 25 frames/s, that fade into one another from the second second on."""
    pictures = [path.with_name(f"{seed}.png") for seed in (0, 7)]
    for seed, picture in zip((0, 7), pictures, strict=True):
        cv2.imwrite(str(picture), scene(360, 640, seed=seed))
    inputs = [word for picture in pictures for word in ("-loop", "1", "-t", "4", "-r", "25", "-i", picture)]
    fade = f"[0][1]xfade=duration={seconds}:offset=2,format=yuv420p"
    ffmpeg(*inputs, "-filter_complex", fade, "-crf", "23", path)
    return path


@pytest.mark.parametrize("seconds", [0.5, 1, 2])
def test_a_fade_as_films_have_it_is_flagged_and_nothing_further_away(tmp_path, seconds):
    """Of a fade of two seconds an encoder leaves hardly anything between neighbours."""
    records = extracted(faded(tmp_path / "fade.mp4", seconds), ALL, tmp_path / "run")
    flagged = {record["frame_number"] for record in records if record["dissolve"]}
    middle = range(50 + round(25 * seconds * 0.2), 50 + round(25 * seconds * 0.8))
    assert flagged >= set(middle)
    assert flagged <= set(range(50 - FAR, 51 + round(25 * seconds) + FAR)), "what lies beside two that fade, too"


def panned(path, parts, seconds):
    """Pictures that the camera pans over, six seconds each at 25 frames/s, with dissolves (0 = cuts) between them."""
    pictures = [path.with_name(f"{seed}.png") for seed in parts]
    for seed, picture in zip(parts, pictures, strict=True):
        cv2.imwrite(str(picture), scene(540, 1440, seed=seed))
    inputs = [word for picture in pictures for word in ("-loop", "1", "-t", "6", "-r", "25", "-i", picture)]
    pans = [f"[{n}]crop=640:360:n:{60 + 9 * n}+n/2[p{n}]" for n in range(len(parts))]
    if seconds:
        joined = [f"[p0][p1]xfade=duration={seconds}:offset={(6 - seconds) / 2 + 1},format=yuv420p"]
    else:
        joined = ["".join(f"[p{n}]" for n in range(len(parts))) + f"concat=n={len(parts)},format=yuv420p"]
    ffmpeg(*inputs, "-filter_complex", ";".join([*pans, *joined]), "-crf", "20", path)
    return path


@pytest.mark.parametrize(("seconds", "least"), [(1, 0.8), (2, 0.6), (3, 0.2)])
def test_a_slow_dissolve_is_seen_through_the_movement_of_the_camera(tmp_path, seconds, least):
    """Between neighbours, and those four frames away, the pans change more than the dissolve does."""
    records = extracted(panned(tmp_path / "film.mp4", (0, 7), seconds), ALL, tmp_path / "run")
    flagged = {record["frame_number"] for record in records if record["dissolve"]}
    begins, frames = round(25 * ((6 - seconds) / 2 + 1)), 25 * seconds
    aside = round((1 - least) / 2 * frames)
    assert flagged >= set(range(begins + aside, begins + frames - aside))
    assert flagged <= set(range(begins - FAR, begins + frames + 1 + FAR))
    scores = {record["frame_number"]: record["picture_score"] for record in records}
    assert max(scores[n] for n in flagged) < min(scores[n] for n in set(scores) - flagged)


def test_pans_and_the_cuts_between_them_are_no_dissolve(tmp_path):
    records = extracted(panned(tmp_path / "film.mp4", (0, 7, 3, 5), 0), ALL, tmp_path / "run")
    assert [record["frame_number"] for record in records if record["dissolve"]] == []


@pytest.mark.parametrize("stop_after", [60, 100, 115, 160])
def test_a_slow_dissolve_is_the_same_after_a_resume_in_front_of_it_and_within(tmp_path, stop_after):
    video = panned(tmp_path / "film.mp4", (0, 7), 2)
    extracted(video, ALL, tmp_path / "torn", stop_after=stop_after)
    assert extracted(video, ALL, tmp_path / "torn") == extracted(video, ALL, tmp_path / "whole")


def test_a_dissolve_that_was_decoded_alone_is_told_by_the_spans_that_are_there(tmp_path):
    """Around the winners of a long film only some frames are decoded: what is not there tells nothing."""
    whole = extracted(panned(tmp_path / "film.mp4", (0, 7), 1), ALL, tmp_path / "run")
    few = ExtractSettings(method="every_nth", every=2, save_frames=False)
    assert all(record["dissolve"] is None for record in extracted(tmp_path / "film.mp4", few, tmp_path / "few"))
    assert any(record["dissolve"] for record in whole)


def test_what_lies_between_two_frames_that_fade_is_of_the_same_dissolve():
    def told(*flags):
        records = [FrameRecord(3 * n, n / 10.0, more={"dissolve": flag}) for n, flag in enumerate(flags)]
        tell_dissolves(records)
        return [record.more["dissolve"] for record in records]

    assert told(0, 1, 0, 0, 0, 1, 0) == [0, 1, 1, 1, 1, 1, 0]
    assert told(1, 0, 0, 0, 0, 1) == [1, 0, 0, 0, 0, 1]
    assert told(1, None, 1) == [1, None, 1]


def test_the_ends_of_a_slow_dissolve_are_flagged_by_its_length_once():
    def told(flags):
        records = [FrameRecord(n, n / 25.0, more={"dissolve": flag}) for n, flag in enumerate(flags)]
        tell_dissolves(records)
        found = [record.more["dissolve"] for record in records]
        ends = [record.frame_number for record in records if record.more.get("dissolve_end")]
        before = [dict(record.more) for record in records]
        tell_dissolves(records)
        assert [record.more for record in records] == before
        return [n for n, flag in enumerate(found) if flag], ends

    assert told([0] * 20 + [1] * 50 + [0] * 20) == (list(range(17, 73)), [17, 18, 19, 70, 71, 72])
    assert told([0] * 20 + [1] * 16 + [0] * 20) == (list(range(20, 36)), [])
    assert told([0] + [1] * 40 + [0] * 2) == (list(range(43)), [0, 41, 42])
    near = [0] * 9 + [1] * 40 + [0] * 14 + [1] * 40
    assert told(near) == ([*range(7, 51), *range(61, 103)], [7, 8, 49, 50, 61, 62])


def test_flags_are_not_known_where_neighbours_were_not_decoded_and_refuse_nothing(clip, tmp_path):
    found = extracted(
        clip("h264-25"), ExtractSettings(method="every_nth", every=3, save_frames=False), tmp_path / "run"
    )
    assert all(record[name] is None for record in found for name in FLAGS)
    assert all(record["picture_score"] is not None for record in found)
    assert all(record["moment"] is None and record["peak_change"] is None for record in found)
    assert [record["displacement"] for record in found] == [0.0, *[None] * (len(found) - 1)]


def judged(number, detail, *, box=None, shot=None, **more):
    record = FrameRecord(number, number / 4, shot_id=shot)
    record.more |= {"detail": detail, "letterbox": box, **more}
    return record


def test_places_are_among_the_frames_within_a_second_else_of_the_shot():
    values = np.random.default_rng(0).integers(0, 9, 40).tolist()
    records = [judged(i, float(v)) for i, v in enumerate(values)]
    tell_ranks(records)
    assert [r.more["sharpness_rank"] for r in records] == [
        1 + sum(other > value for other in values[max(0, i - 4) : i + 5]) for i, value in enumerate(values)
    ]
    records = [judged(i, float(v), shot=i // 15) for i, v in enumerate(values)]
    tell_ranks(records)
    assert [r.more["sharpness_rank"] for r in records] == [
        1 + sum(other > value for other in values[i // 15 * 15 : i // 15 * 15 + 15]) for i, value in enumerate(values)
    ]


def moment_of(changes, clutter, *, shots=None):
    measured = {"noise": 1.0, "clipped_dark": 0.0, "clipped_bright": 0.0, "blockiness": 0.0}
    records = [
        judged(i, 10.0, shot=shots and shots[i], peak_change=a, border_clutter=b, **measured)
        for i, (a, b) in enumerate(zip(changes, clutter, strict=True))
    ]
    settle_records(records)
    return records


def test_the_moment_is_that_in_which_least_is_smeared_or_cut_beside_the_frames_around():
    records = moment_of([20.0, 20.0, 5.0, 20.0, 20.0], [1.0] * 5)
    assert max(records, key=lambda record: record.more["moment"]).frame_number == 2
    assert max(records, key=lambda record: record.more["picture_score"]).frame_number == 2
    records = moment_of([20.0] * 5, [1.0, 1.0, 2.0, 0.5, 1.0])
    assert max(records, key=lambda record: record.more["moment"]).frame_number == 3
    assert min(records, key=lambda record: record.more["picture_score"]).frame_number == 2
    even = moment_of([8.0] * 5, [1.0] * 5)
    assert {record.more["moment"] for record in even} == {0.5}
    assert {record.more["picture_score"] for record in even} == {50.0}
    before = [dict(record.more) for record in records]
    settle_records(records)  # a second time nothing changes
    assert [record.more for record in records] == before


def test_a_moment_knows_nothing_of_another_shot_nor_of_itself_alone():
    records = moment_of([8.0, 8.0, 99.0, 99.0], [1.0] * 4, shots=[0, 0, 1, 1])
    assert {record.more["moment"] for record in records} == {0.5}
    records = moment_of([8.0, None, 8.0], [1.0] * 3, shots=[0, 0, 1])
    assert {record.more["moment"] for record in records} == {None}
    assert {record.more["picture_score"] for record in records} == {50.0}
    old = [judged(i, 10.0) for i in range(3)]  # as programs of before wrote them
    tell_moments(old)
    assert all("moment" not in record.more for record in old)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([judged(0, 5.0, box=[0, 10, 90, 70]), judged(1, 5.0, box=[0, 12, 90, 68])], [0, 10, 90, 70]),
        ([judged(0, 5.0, box=[0, 10, 90, 70]), judged(1, 5.0)], None),
        ([judged(0, 5.0, box=[0, 10, 90, 70]), judged(1, 0.0)], [0, 10, 90, 70]),
        ([judged(0, 5.0, box=[0, 10, 90, 70]), judged(1, 5.0, box=[30, 30, 9, 9], titles=1)], [0, 10, 90, 70]),
        ([judged(0, 5.0)], None),
    ],
)
def test_the_bars_are_those_that_all_frames_of_a_stretch_have(frames, expected):
    tell_letterbox(frames)
    assert [frame.more["letterbox"] for frame in frames] == [expected] * len(frames)


def test_a_run_of_before_gets_the_columns_by_reading_it_again(clip, tmp_path):
    source, run = tmp_path / "clip.mp4", tmp_path / "run"
    shutil.copy(clip("h264-opengop"), source)  # alone: what lies beside a video tells of its subject
    fresh = extracted(source, ALL, run)
    old = [{name: value for name, value in record.items() if name not in COLUMNS} for record in fresh]
    jsonl.rewrite(run / "metadata.jsonl", old)
    assert "picture_score" not in load_table(run).values
    assert outcome_of("rescore", run=run, read_again=True).frames == len(fresh)
    assert lines(run / "metadata.jsonl") == fresh


def test_what_a_run_and_its_video_tell_of_the_subject_decides_where_it_is_sharp(clip, tmp_path):
    source, run = tmp_path / "clip.mp4", tmp_path / "run"
    shutil.copy(clip("h264-25"), source)
    before = extracted(source, ALL, run)
    info = run_file.read(run / "run.json").video
    faces = [{"frame_number": n, "bbox": [8.0, 8.0, 60.0, 60.0]} for n in range(3)]
    (run / "faces.jsonl").write_text("".join(json.dumps(line) + "\n" for line in faces))
    counts = np.zeros(info.frames, np.int64)
    counts[[1, 4, 5]] = 1, 2, 1  # a person on frame 1, one and a dog on frame 4, on frame 5 a dog that is not sure
    found = {
        "boxes": np.tile(np.array([[0.1, 0.1, 0.6, 0.9]], np.float16), (4, 1)),
        "confs": np.array([0.9, 0.9, 0.9, 0.2], np.float16),
        "clss": np.array([0, 1, 0, 1], np.uint16),
        "indptr": np.concatenate([[0], np.cumsum(counts)]),
    }
    size = {"total_frames": info.frames, "width": info.width, "height": info.height}
    meta = CacheMeta(fps=25.0, weights="net.pt", names=("person", "dog"), **size)
    detections.write(detections.path_to_write(info, Weights("/w/net.pt", "0" * 64), run), meta, found)
    records = list(table.records(RunDir(run)))
    records[1].more["mask_path"] = "masks/mask_000001.png"
    jsonl.rewrite(run / "metadata.jsonl", records)
    (run / "masks").mkdir()
    mask = np.zeros((info.height, info.width), np.bool_)
    mask[: info.height // 2] = True
    write_mask(run / "masks" / "mask_000001.png", mask)
    outcome_of("rescore", run=run, read_again=True)
    after = lines(run / "metadata.jsonl")
    told = ["face", "mask", "face", before[3]["subject_by"], "person", before[5]["subject_by"]]
    assert [record["subject_by"] for record in after[:6]] == told
    assert [record["picture_score"] for record in after] == [record["picture_score"] for record in before]


def test_reading_again_of_a_video_that_is_gone_is_one_sentence_and_changes_nothing(clip, tmp_path):
    source = tmp_path / "clip.mp4"
    shutil.copy(clip("h264-25"), source)
    extracted(source, ALL, tmp_path / "run")
    before = (tmp_path / "run" / "metadata.jsonl").read_bytes()
    source.unlink()
    with pytest.raises(RunError, match="cannot be read"):
        outcome_of("rescore", run=tmp_path / "run", read_again=True)
    assert (tmp_path / "run" / "metadata.jsonl").read_bytes() == before
    with pytest.raises(SettingsError, match="nothing to do"):
        outcome_of("rescore", run=tmp_path / "run")


def test_a_bound_on_a_flag_lets_what_is_not_known_pass_and_refuses_what_is_flagged(tmp_path):
    rows = [FrameRecord(i, i / 25) for i in range(3)]
    for record, value in zip(rows, (None, 0, 1), strict=True):
        record.more["dissolve"] = value
    jsonl.rewrite(tmp_path / "metadata.jsonl", rows)
    chosen = select(load_table(tmp_path / "metadata.jsonl"), FilterSettings(max={"dissolve": 0}))
    assert list(chosen) == [0, 1]
    assert chosen.counts() == {"dissolve": 1}
