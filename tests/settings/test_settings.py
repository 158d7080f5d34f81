import pytest

from core.errors import SettingsError
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.settings.model import from_mapping, to_mapping


def test_nothing_given_is_the_default():
    assert from_mapping(FilterSettings, {}) == FilterSettings()
    assert from_mapping(ExtractSettings, {}) == ExtractSettings()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"keep": [10**20]}, "keep = 100000000000000000000 cannot be: frames and shots are counted from 0, up to 92"),
        ({"reject": [3, -1]}, "reject = -1 cannot be"),
        ({"shots": [-1]}, "shots = -1 cannot be"),
        ({"shots": [1.5]}, "shots = 1.5 is not a whole number."),
        ({"keep": [True]}, "keep = true is not a whole number."),
        ({"keep": ["7"]}, 'keep = "7" is not a whole number.'),
        ({"keep": [[1]]}, r"keep = \[1\] is not a whole number"),
        ({"keep": 7}, "keep = 7 is not a list of numbers."),
        ({"keep": [1], "reject": [1]}, "frame 1 is both kept and rejected by hand"),
        ({"min": [1]}, r"min = \[1\] is not an object of names and numbers"),
        ({"min": {"sharpness": "high"}}, 'min sharpness = "high" is not a finite number'),
        ({"min": {"sharpness": None}}, "min sharpness = null is not a finite number"),
        ({"min": {"sharpness": float("nan")}}, "min sharpness = NaN is not a finite number"),
        ({"max": {"sharpness": 10**400}}, r"max sharpness = 10{59}\.\.\. is too large"),
        ({"min": {"sharpness": 50}, "max": {"sharpness": 10}}, "min sharpness = 50 is above max sharpness = 10, so no"),
        ({"top": 1.5}, "top = 1.5 is not a whole number"),
        ({"top": "many"}, 'top = "many" is not a whole number'),
        ({"top_percent": 101}, "top_percent = 101 is out of range; it goes from 0 to 100"),
        ({"rank_by": ["sharpness"]}, r'rank_by = \["sharpness"\] is not one of quality_score'),
        ({"rank_by": "x"}, r'rank_by = "x" is not one of quality_score, [a-z_, ]+\.$'),
        ({"rank_by": "sharpnes"}, 'the nearest valid one is "sharpness"'),
        ({"tops": 1}, '"tops" is not a setting; the nearest valid one is "top"'),
    ],
)
def test_wrong_filter_is_one_sentence(values, sentence):
    with pytest.raises(SettingsError, match=sentence):
        from_mapping(FilterSettings, values)


def test_bound_of_extract_names_its_metric():
    with pytest.raises(SettingsError, match="min entropy = 101 is out of range; it goes from 0 to 100"):
        ExtractSettings(min={"entropy": 101})


def test_equal_bounds_and_the_last_ordinal_are_fine():
    filters = FilterSettings(min={"entropy": 5}, max={"entropy": 5}, keep=(2**63 - 1,))
    assert from_mapping(FilterSettings, to_mapping(filters)) == filters


@pytest.mark.parametrize(
    ("values", "digest"),
    [
        ({}, "06651f81596eee52"),
        ({"method": "interval", "interval": 3.0}, "9533e5d301cded00"),
        ({"method": "scene", "scene_fast": True, "png": True}, "ca91c69461847407"),
        (
            {"method": "every_nth", "every": 5, "target": 20, "quality_weights": (1.0, 2.0, 3.0, 4.0, 5.0)},
            "b675e920d560df14",
        ),
        (
            {"method": "all", "save_frames": False, "min": {"sharpness": 20.0, "contrast": 5.0}, "min_quality": 30.0},
            "9e36f828fc722e75",
        ),
        (
            {"method": "all", "face_filter": True, "min_face_area": 1.5, "face_model": "buffalo_s"},
            "5aa3f6b9c107d9d3",
        ),
    ],
)
def test_digests_of_runs_made_before_still_match(values, digest):
    assert ExtractSettings(**values).digest() == digest
