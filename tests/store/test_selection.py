import json
from dataclasses import replace

import numpy as np
import pytest

from core.errors import RunError
from core.records import FrameRecord
from core.settings.filter import FilterSettings
from core.store import jsonl, selection
from core.store.selection import MadeFrom
from core.store.table import load_table
from tests.raising import raises

WEIGHTS = (30.0, 20.0, 20.0, 10.0, 20.0)


@pytest.mark.parametrize("kept", [[], [0, 3, 2**40]])
def test_selection_round_trip(tmp_path, kept):
    filters = FilterSettings(min={"sharpness": 10.5}, keep=(3,), reject=(4,), shots=(0, 1))
    written = selection.write(tmp_path / "selection.json", filters, kept)
    read = selection.read(tmp_path / "selection.json")
    assert (read.filters, read.kept.tolist(), read.digest) == (filters, kept, written.digest)


def test_absent_selection_is_none(tmp_path):
    assert selection.read(tmp_path / "selection.json") is None


def _written(tmp_path, values):
    path = tmp_path / "selection.json"
    path.write_text(json.dumps(values))
    return path


@pytest.mark.parametrize(
    "values", [[], [12, 3, 12], {"kept": [3, 12]}, {"kept": [12, 3], "filter": None, "note": "mine"}]
)
def test_list_of_ordinals_by_hand_is_a_selection(tmp_path, values):
    read = selection.read(_written(tmp_path, values))
    assert read.kept.tolist() == ([3, 12] if values else [])
    assert read.digest == selection.digest(read.kept)
    assert (read.filters, read.made_from) == (None, None)


def test_edited_selection_says_how_to_use_it(tmp_path):
    path = tmp_path / "selection.json"
    selection.write(path, FilterSettings(top=2), [1, 2])
    values = json.loads(path.read_text()) | {"kept": [1, 3]}
    with pytest.raises(
        RunError, match=r'its "digest" belongs to other frames\. Take the "digest" out to use it as it is'
    ):
        selection.read(_written(tmp_path, values))
    del values["digest"]
    read = selection.read(_written(tmp_path, values))
    assert (read.kept.tolist(), read.filters) == ([1, 3], FilterSettings(top=2))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "holds no frame numbers; write a list such as"),
        (12, "holds no frame numbers"),
        ("[1]", "holds no frame numbers"),
        ({"kept": 12}, '"kept" is not a list of frame numbers'),
        ([1.5], '"kept" holds 1.5; frame numbers are whole numbers from 0'),
        ([True], '"kept" holds True'),
        ([-1], '"kept" holds -1'),
        ([2**63], '"kept" holds 9223372036854775808'),
        (["1"], "\"kept\" holds '1'"),
        ([[1], [2, 3]], r"holds \[1\]"),
        ({"kept": [], "schema": 2}, "has schema 2, this program reads up to 1; update the program"),
        ({"kept": [], "schema": []}, "has schema"),
        ({"kept": [], "digest": 5}, "was changed after it was written"),
        ({"kept": [], "filter": []}, '"filter" is not an object'),
        ({"kept": [], "filter": {"topp": 1}}, 'in "filter", "topp" is not a setting; the nearest valid one is "top"'),
        ({"kept": [], "filter": {"keep": [-1]}}, 'in "filter", keep = -1 cannot be'),
        ({"kept": [], "made_from": [1]}, '"made_from" does not hold'),
        ({"kept": [], "made_from": {"records": 1, "quality_weights": ["a"]}}, '"made_from" does not hold'),
    ],
)
def test_wrong_selection_is_one_sentence(tmp_path, values, sentence):
    with pytest.raises(RunError, match=sentence):
        selection.read(_written(tmp_path, values))


def test_stale_selection_is_noticed(tmp_path):
    path, metadata = tmp_path / "selection.json", tmp_path / "metadata.jsonl"
    jsonl.rewrite(metadata, [FrameRecord(i, i / 25) for i in range(3)])
    table = load_table(metadata)
    selection.write(path, FilterSettings(), [0], MadeFrom(3, (30, 20, 20, 10, 20)))
    saved = selection.read(path)
    assert saved.made_from == MadeFrom(3, WEIGHTS)
    assert selection.stale(saved, table, WEIGHTS) is None
    assert selection.stale(saved, table, [30, 20, 20, 10, 20]) is None
    assert "quality weights 30 20 20 10 20 and the run has 1 0 0 0 0 now" in selection.stale(
        saved, table, (1, 0, 0, 0, 0)
    )
    jsonl.append(metadata, [FrameRecord(9, 1.0)])
    sentence = selection.stale(saved, load_table(metadata), WEIGHTS)
    assert sentence == "the selection was made from 3 records and the run has 4 now; filter it again."
    assert selection.stale(replace(saved, made_from=None), table, (1, 0, 0, 0, 0)) is None


def test_digest_is_that_of_little_endian_int64():
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert selection.digest([]) == empty
    assert selection.digest([1]) == selection.digest(np.array([1], dtype=">i4")) != empty


@pytest.mark.parametrize("shots", [[], [[0, 10]], [[0, 10], [10, 12], [20, 21]]])
def test_shots_round_trip(tmp_path, shots):
    path = tmp_path / "shots.json"
    assert selection.read_shots(path) is None
    selection.write_shots(path, shots)
    assert selection.read_shots(path).tolist() == shots


@pytest.mark.parametrize("content", ["{}x", "3", "[[1]]", "[[5, 5]]", "[[0, 4], [3, 6]]", '[["a", "b"]]', "[[-1, 2]]"])
def test_wrong_shots_are_one_sentence(tmp_path, content):
    (tmp_path / "shots.json").write_text(content)
    with raises(RunError, code="damaged"):
        selection.read_shots(tmp_path / "shots.json")
