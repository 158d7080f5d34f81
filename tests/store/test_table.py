import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RunError
from core.records import FrameRecord
from core.settings.columns import FILTERABLE
from core.store import jsonl, table
from core.store.run import RunDir
from tests.raising import raises
from tests.tables import discarded_of

COLOURS = "000102030405060708090AfF" * 3


def _run(tmp_path, *records):
    run = RunDir(tmp_path)
    run.metadata.touch()
    jsonl.append(run.metadata, records)
    return run


def test_run_without_records_is_an_empty_table(tmp_path):
    made = table.load_table(_run(tmp_path))
    assert (len(made), dict(made.values), made.discards, made.discard.tolist()) == (0, {}, ("",), [])
    assert list(table.records(tmp_path)) == []


def test_missing_metadata_is_one_sentence(tmp_path):
    with pytest.raises(RunError, match=r"metadata\.jsonl is missing; run extract first"):
        table.load_table(tmp_path)
    with raises(RunError, code="no_run"):
        list(table.records(RunDir(tmp_path)))


def test_null_becomes_nan_minus_one_or_empty(tmp_path):
    run = _run(
        tmp_path,
        FrameRecord(
            3,
            0.125,
            sharpness=12.5,
            phash="00ff00ff00ff00f1",
            colours=COLOURS,
            filename="f",
            shot_id=2,
        ),
        FrameRecord(9, 0.5, error="no", discard_reason="quality", more={"face_count": 2, "face_distance": None}),
    )
    for source in (run, run.path, run.metadata):
        made = table.load_table(source)
        assert made.ordinal.tolist() == [3, 9]
        assert made.pts_s.tolist() == [0.125, 0.5]
        assert made.shot.tolist() == [2, -1]
        assert made.phash[0] == 0x00FF00FF00FF00F1
        assert made.has_phash.tolist() == [True, False]
        assert made.colours[0].tolist() == [*range(11), 255] * 3
        assert made.has_colours.tolist() == [True, False]
        assert made.error.tolist() == [False, True]
        assert discarded_of(made) == ["", "quality"]
        assert made.on_disk.tolist() == [True, False]
        assert list(made.values) == ["sharpness", "face_count"]
        np.testing.assert_array_equal(made.values["sharpness"], [12.5, np.nan])
        np.testing.assert_array_equal(made.values["face_count"], [np.nan, 2])


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_batches_do_not_matter(tmp_path, monkeypatch, rows):
    fields = ({"mask_score": i % 5} if i % 7 == 0 else {} for i in range(50))
    reasons = (None, "quality", "a much longer reason")
    run = _run(tmp_path, *(FrameRecord(i, i, discard_reason=reasons[i % 3], more=m) for i, m in enumerate(fields)))
    whole = table.load_table(run)
    monkeypatch.setattr(table, "ROWS", rows)
    part = table.load_table(run)
    np.testing.assert_array_equal(part.values["mask_score"], whole.values["mask_score"])
    assert discarded_of(part) == discarded_of(whole) == [reasons[i % 3] or "" for i in range(50)]
    assert part.discards == whole.discards == ("", *reasons[1:])


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"pts_s": 1}, r"line 3: frame_number is missing"),
        ({"frame_number": 5}, r"line 3: pts_s is missing"),
        ({"frame_number": 5, "pts_s": None}, r"line 3: pts_s is null"),
        ({"frame_number": 1.5, "pts_s": 1}, r"line 3: frame_number = 1\.5 is not a whole number from 0;"),
        ({"frame_number": "5", "pts_s": 1}, r'line 3: frame_number = "5" is not a whole number'),
        ({"frame_number": -5, "pts_s": 1}, r"line 3: frame_number = -5 is not a whole number"),
        ({"frame_number": True, "pts_s": 1}, r"line 3: frame_number = true is not a whole number"),
        ({"frame_number": 5, "pts_s": 1, "shot_id": 2**63}, r"line 3: shot_id = 9223372036854775808 is not a whole"),
        ({"frame_number": 5, "pts_s": [1]}, r"line 3: pts_s = \[1\] is not a number of seconds"),
        ({"frame_number": 5, "pts_s": {"a": None}}, r'line 3: pts_s = {"a":null} is not a number'),
        ({"frame_number": 5, "pts_s": 1, "sharpness": "sharp"}, r'line 3: sharpness = "sharp" is not a number;'),
        ({"frame_number": 5, "pts_s": 1, "sharpness": "12"}, r'line 3: sharpness = "12" is not a number'),
        ({"frame_number": 5, "pts_s": 1, "face_count": True}, r"line 3: face_count = true is not a number"),
        (
            {"frame_number": 5, "pts_s": 1, "mask_score": [[1], [1, 2]]},
            r"line 3: mask_score = \[\[1\],\[1,2\]\] is not",
        ),
        ({"frame_number": 5, "pts_s": 1, "discard_reason": ["a"]}, r'line 3: discard_reason = \["a"\] is not text'),
        ({"frame_number": 5, "pts_s": 1, "filename": 5}, r"line 3: filename = 5 is not text"),
        ({"frame_number": 5, "pts_s": 1, "error": {}}, r"line 3: error = {} is not text"),
        ({"frame_number": 5, "pts_s": 1, "phash": "12"}, r'line 3: phash = "12" is not 16 hex digits'),
        ({"frame_number": 5, "pts_s": 1, "phash": "            1234"}, r"line 3: phash = .* is not 16 hex digits"),
        ({"frame_number": 5, "pts_s": 1, "phash": "x" * 999}, r'line 3: phash = "x{59}\.\.\. is not 16 hex digits'),
        ({"frame_number": 5, "pts_s": 1, "phash": 1234}, r"line 3: phash = 1234 is not 16 hex digits"),
        ({"frame_number": 5, "pts_s": 1, "colours": "12"}, r'line 3: colours = "12" is not 72 hex digits'),
        ({"frame_number": 5, "pts_s": 1, "colours": " " * 68 + "1234"}, r"line 3: colours = .* is not 72 hex digits"),
        ({"frame_number": 5, "pts_s": 1, "colours": [0] * 36}, r"line 3: colours = .* is not 72 hex digits"),
        ({"frame_number": 1, "pts_s": 1}, r"line 3: frame 1 twice"),
        ({"frame_number": 0, "pts_s": 1}, r"line 3: frame 0 after frame 1"),
    ],
)
def test_wrong_record_is_named_by_its_line(tmp_path, record, sentence):
    good = [{"frame_number": i, "pts_s": i} for i in range(2)]
    run = _run(tmp_path, *good, record, {"frame_number": 99, "pts_s": 1})
    with pytest.raises(RunError, match=sentence):
        table.load_table(run)
    if "twice" not in sentence and "after" not in sentence:
        with pytest.raises(RunError, match=sentence):
            list(table.records(run))


def test_record_without_number_is_named_by_its_line(tmp_path):
    with raises(RunError, code="damaged", line=1):
        list(table.records(_run(tmp_path, {"pts_s": 1})))


def test_a_run_of_before_colours_has_none(tmp_path):
    old = [{k: v for k, v in FrameRecord(i, i, phash="0" * 16).to_mapping().items() if k != "colours"} for i in (0, 1)]
    made = table.load_table(_run(tmp_path, *old))
    assert (made.has_phash.tolist(), made.has_colours.tolist(), made.colours.shape) == (
        [True] * 2,
        [False] * 2,
        (2, 36),
    )


def test_a_run_with_more_discard_reasons_than_fit_is_one_sentence(tmp_path, monkeypatch):
    run = _run(tmp_path, *(FrameRecord(i, i, discard_reason=f"reason {i}") for i in range(4)))
    monkeypatch.setattr(table, "MOST_DISCARDS", 5)
    assert len(table.load_table(run).discards) == 5
    monkeypatch.setattr(table, "MOST_DISCARDS", 4)
    with pytest.raises(RunError, match="a field is not what"):
        table.load_table(run)


def test_torn_last_line_is_left_out(tmp_path):
    run = _run(tmp_path, FrameRecord(0, 0.0), FrameRecord(1, 0.1))
    with open(run.metadata, "ab") as file:
        file.write(orjson.dumps(FrameRecord(2, 0.2).to_mapping())[:40])
    assert table.load_table(run).ordinal.tolist() == [0, 1]
    with open(run.metadata, "ab") as file:
        file.write(b"\n")
    assert table.load_table(run).ordinal.tolist() == [0, 1]


numbers = st.none() | st.floats(0, 100) | st.integers(0, 100)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FILTERABLE, numbers)), max_size=6))
def test_table_says_what_the_records_say(tmp_path_factory, fields):
    run = RunDir(tmp_path_factory.mktemp("run"))
    run.metadata.touch()
    jsonl.append(run.metadata, ({"frame_number": i, "pts_s": i / 25, **f} for i, f in enumerate(fields)))
    made = table.load_table(run)
    for name in FILTERABLE:
        wanted = [float("nan") if (v := f.get(name)) is None else v for f in fields]
        if name in made.values:
            np.testing.assert_array_equal(made.values[name], wanted)
        assert (name in made.values) == any(v == v for v in wanted)
