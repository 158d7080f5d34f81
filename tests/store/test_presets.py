import json

import pytest

from core.errors import SettingsError, StorageError
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.settings.model import differences
from core.store import presets
from core.store.presets import Preset
from tests.raising import raises


def test_absent_folder_has_no_presets(tmp_path):
    assert presets.names(tmp_path / "no") == []


@pytest.mark.parametrize(
    "preset",
    [
        Preset(),
        Preset(extract=ExtractSettings()),
        Preset(filter=FilterSettings(min={"sharpness": 3.0}, dedup=5), about="for ünikat frames"),
        Preset(ExtractSettings(method="scene", quality_weights=(1.0, 0.0, 0.0, 0.0, 0.0)), FilterSettings(top=3)),
    ],
)
def test_preset_round_trip(tmp_path, preset):
    presets.save("mine", preset, tmp_path / "new")
    assert presets.load("mine", tmp_path / "new") == preset
    assert presets.names(tmp_path / "new") == ["mine"]
    presets.delete("mine", tmp_path / "new")
    assert presets.names(tmp_path / "new") == []


def test_only_differences_of_any_video_are_stored(tmp_path):
    filters = FilterSettings(top=3, keep=(1,), reject=(2,), shots=(0,))
    path = presets.save("mine", Preset(filter=filters), tmp_path)
    assert json.loads(path.read_text()) == {"filter": {"top": 3, "rank_by": "picture_score"}}


def test_a_preset_from_before_ranks_by_the_quality_score(tmp_path):
    (tmp_path / "old.json").write_text('{"filter": {"top": 3}}')
    assert presets.load("old", tmp_path).filter.rank_by == "quality_score"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", ".a", "a.", "a ", "x" * 64, "a\n", "a\0b", "../a"])
def test_unsafe_name_is_refused(tmp_path, name):
    for use in (presets.load, presets.delete, presets.preset_path):
        with raises(SettingsError, code="preset_name"):
            use(name, tmp_path)
    with raises(SettingsError, code="preset_name"):
        presets.save(name, Preset(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"about": 3}', '"about" is not text'),
        ('{"filter": 3}', '"filter" is not a JSON object'),
        ('{"fliter": {}}', 'nearest valid one is "filter"'),
        ('{"filter": {"dedupe": 3}}', 'preset "mine": "dedupe" is not a setting; the nearest valid one is "dedup"'),
        ('{"filter": {"dedup": 99}}', "out of range"),
        ('{"filter": {"min": {"entropy": 9}, "max": {"entropy": 8}}}', 'preset "mine": min entropy = 9 is above max'),
        ('{"filter": {"min": {"sharpnes": 1}}}', 'nearest valid one is "sharpness"'),
    ],
)
def test_wrong_preset_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "mine.json").write_text(content)
    with pytest.raises(SettingsError, match=sentence):
        presets.load("mine", tmp_path)


def test_unknown_preset_names_the_nearest():
    with pytest.raises(SettingsError, match='no preset "still"; the nearest valid one is "stills"'):
        presets.load("still")
    with raises(SettingsError, code="no_preset"):
        presets.delete("no such thing")


@pytest.mark.parametrize("name", presets.names())
def test_shipped_preset_holds_only_differences(tmp_path, name):
    preset = presets.load(name)
    stored = presets.save(name, preset, tmp_path).read_text()
    assert json.loads(stored) == json.loads(presets.preset_path(name).read_text())


@pytest.mark.parametrize("name", presets.names())
def test_shipped_preset_says_what_it_is_for(name):
    assert presets.load(name).about.endswith(".")


def test_preset_without_a_verb_has_no_settings_for_it():
    assert differences(Preset().filter) == {}


def test_six_presets_are_shipped():
    names = ["3d-rebuilding", "best-portrait", "detector-variety", "lora-portraits", "stills", "super-resolution"]
    assert presets.names() == names


def test_save_in_a_read_only_folder_is_one_sentence(read_only_folder):
    with raises(StorageError, code="cannot_write"):
        presets.save("mine", Preset(), read_only_folder)
