"""Settings and arguments as models: what is told of each field, how a wrong value is reported, what is kept."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import SettingsError
from core.settings.detect import DetectSettings
from core.settings.export import ExportSettings
from core.settings.extract import ExtractSettings
from core.settings.faces import FaceSettings, PeopleSettings
from core.settings.fetch import FetchSettings
from core.settings.filter import FilterSettings
from core.settings.mine import MineSettings
from core.settings.model import Model, changed, differences, facts_of, from_mapping, in_digest, knob, to_mapping
from core.settings.paths import (
    FaceModel,
    FaceReference,
    PathKind,
    ReadFile,
    RunFolder,
    Source,
    WriteFolder,
    kind_of,
    paths_of,
)

KINDS = (
    DetectSettings,
    ExportSettings,
    ExtractSettings,
    FaceSettings,
    FetchSettings,
    FilterSettings,
    MineSettings,
    PeopleSettings,
)


class Inner(Model):
    """Settings within arguments."""

    share: float = knob(0.5, "a share", low=0.0, high=1.0)
    face_model: FaceModel = knob("small", "a face model")
    face_refs: tuple[FaceReference, ...] = knob((), "photos")


class Arguments(Model):
    """Arguments of a verb that is not there."""

    path: RunFolder = knob(..., "a run folder", flag="", metavar="RUN")
    source: Source | None = knob(None, "a video")
    weights: ReadFile | None = knob(None, "weights of a model")
    out: WriteFolder | None = knob(None, "where it goes")
    settings: Inner = knob(Inner(), "how it is done")
    again: bool = knob(False, "once more")


# --- what is told of each field


@pytest.mark.parametrize("kind", KINDS)
def test_every_default_is_a_value_that_is_taken(kind: type[Model]) -> None:
    assert from_mapping(kind, to_mapping(kind())) == kind()
    assert differences(kind()) == {}
    assert all(facts.help and not facts.required for facts in facts_of(kind).values())


def test_the_facts_of_a_field_are_those_that_were_stated() -> None:
    facts = facts_of(FilterSettings)
    assert (facts["top_percent"].low, facts["top_percent"].high, facts["top_percent"].unit) == (0.0, 100.0, "%")
    assert [facts[name].optional for name in ("top_percent", "shots", "keep", "rank_by")] == [True, True, False, False]
    assert [facts[name].whole for name in ("top", "shots", "window", "rank_by")] == [True, False, False, False]
    assert (facts["keep"].kind, facts["keep"].many, facts["keep"].high) == (int, True, 2**63 - 1)
    assert (facts["min"].kind, facts["min"].named, facts["min"].low, facts["min"].high) == (float, True, None, None)
    assert facts_of(ExtractSettings)["min"].high == 100.0
    assert facts_of(ExtractSettings)["quality_weights"].default == (30.0, 20.0, 20.0, 10.0, 20.0)
    assert facts_of(Arguments)["path"].required
    assert facts_of(Arguments)["settings"].kind is Inner


def test_the_json_schema_says_range_unit_choices_and_what_is_wanted() -> None:
    extract = ExtractSettings.model_json_schema()
    fields = extract["properties"]
    assert extract["additionalProperties"] is False
    interval = {name: fields["interval"][name] for name in ("type", "minimum", "maximum", "default", "unit")}
    assert interval == {"type": "number", "minimum": 0.001, "maximum": 86_400.0, "default": 2.0, "unit": "s"}
    assert fields["method"]["enum"] == ["keyframes", "interval", "scene", "every_nth", "all", "best"]
    assert fields["quality_weights"]["items"] == {"type": "number", "minimum": 0.0, "maximum": 1000.0}
    assert fields["min"]["additionalProperties"] == {"type": "number", "minimum": 0.0, "maximum": 100.0}
    assert fields["hdr"]["description"].startswith("what is saved of HDR")
    arguments = Arguments.model_json_schema(mode="validation")
    assert arguments["required"] == ["path"]
    assert arguments["properties"]["path"]["type"] == "string"


# --- a wrong value


@pytest.mark.parametrize(
    ("kind", "values", "code", "field", "facts"),
    [
        (FilterSettings, {"tops": 1}, "setting_unknown", "tops", {"nearest": "top"}),
        (Arguments, {}, "setting_missing", "path", {}),
        (FilterSettings, {"top": 1.5}, "setting_type", "top", {"value": 1.5}),
        (FilterSettings, {"top": True}, "setting_type", "top", {"value": True}),
        (FilterSettings, {"min": {"entropy": True}}, "setting_type", "min", {"value": True}),
        (FilterSettings, {"top_percent": 101}, "setting_range", "top_percent", {"value": 101, "low": 0, "high": 100}),
        (FilterSettings, {"keep": [10**20]}, "setting_range", "keep", {"value": "1" + "0" * 20}),
        (FilterSettings, {"min": {"entropy": float("nan")}}, "setting_type", "min", {"value": "NaN"}),
        (FilterSettings, {"min": {"sharpnes": 3}}, "setting", "min", {"key": "sharpnes", "nearest": "sharpness"}),
        (FilterSettings, {"keep": [1], "reject": [1]}, "setting", "reject", {}),
        (ExtractSettings, {"min": {"entropy": 101}}, "setting_range", "min", {"value": 101, "high": 100}),
        (
            ExtractSettings,
            {"hdr": "kept"},
            "setting_choice",
            "hdr",
            {"choices": ["tonemap", "keep"], "nearest": "keep"},
        ),
        (ExtractSettings, {"quality_weights": [1, 2]}, "setting", "quality_weights", {}),
        (Arguments, {"path": ""}, "setting_value", "path", {"value": ""}),
        (Arguments, {"path": "run", "settings": {"share": 2}}, "setting_range", "share", {"high": 1.0}),
    ],
)
def test_an_error_names_its_kind_the_field_and_the_facts(
    kind: type[Model], values: Mapping[str, Any], code: str, field: str, facts: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError) as caught:
        from_mapping(kind, values)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.facts.items() >= facts.items()
    json.dumps(caught.value.to_mapping(), allow_nan=False)
    assert len(str(caught.value).splitlines()) == 1


def test_of_several_errors_the_first_in_the_order_of_the_fields_is_told() -> None:
    with pytest.raises(SettingsError, match=r"^interval = 0 is out of range"):
        ExtractSettings(every=0, interval=0)
    with pytest.raises(SettingsError, match=r'^"evry" is not a setting'):
        from_mapping(ExtractSettings, {"interval": 0, "evry": 1})


@pytest.mark.parametrize("values", [[], "x", None, 3])
def test_what_is_no_object_is_refused(values: Any) -> None:
    with pytest.raises(SettingsError, match="as an object"):
        from_mapping(FilterSettings, values)


# --- what is kept, and what cannot be changed


@pytest.mark.parametrize(
    ("values", "digest"),
    [
        ({"method": "interval", "interval": 3}, "4402e1c98d514c87"),
        ({"method": "interval", "interval": 3.0}, "9533e5d301cded00"),
        (
            {"method": "all", "min": {"sharpness": 20, "contrast": 5.5}, "min_quality": 30, "quality_weights": [1] * 5},
            "4b35791446840d51",
        ),
        ({"method": "scene", "scene_threshold": 1}, "4347a65fbae8f334"),
        ({"face_filter": True, "min_face_area": 2}, "66aebc90409082ae"),
        ({"stream": 3, "hdr": "keep"}, "de2d04dfefc7e05e"),
    ],
)
def test_whole_numbers_of_the_page_keep_the_digests_of_runs_made_before(values: dict[str, Any], digest: str) -> None:
    assert from_mapping(ExtractSettings, values).digest() == digest


def test_what_was_given_is_known_and_survives_a_change() -> None:
    settings = ExtractSettings(method="keyframes", target=None)
    assert settings.model_fields_set == {"method", "target"}
    other = changed(settings, every=3)
    assert other.model_fields_set == {"method", "target", "every"}
    assert to_mapping(other) == to_mapping(settings) | {"every": 3}
    with pytest.raises(SettingsError, match="every = 0 is out of range"):
        changed(settings, every=0)


def test_nothing_of_a_model_can_be_changed_from_outside() -> None:
    bounds = {"sharpness": 20}
    filters = FilterSettings(min=bounds)
    bounds["sharpness"] = 99
    assert filters.min == {"sharpness": 20}
    for made in (filters, FilterSettings()):
        with pytest.raises(TypeError):
            made.min["entropy"] = 1  # type: ignore[index]
        with pytest.raises(ValidationError):
            made.top = 3
    assert FilterSettings().min == {}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_equal_and_knows_what_was_given(copied: Any) -> None:
    made = Arguments(path="run", settings={"share": 1})
    again = copied(made)
    assert again == made
    assert again.model_fields_set == made.model_fields_set
    assert copied(FilterSettings(min={"entropy": 5}, keep=(1, 2))) == FilterSettings(min={"entropy": 5}, keep=(1, 2))


def test_the_digest_leaves_out_what_changes_no_record_and_what_is_newer() -> None:
    assert {"thumbs", "face_refs", "hdr", "stream"}.isdisjoint(in_digest(ExtractSettings()))
    assert {"hdr", "stream"} <= in_digest(ExtractSettings(hdr="keep", stream=0)).keys()


# --- paths


def test_a_path_is_found_by_its_type_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"path": "run", "source": "https://x/y.mp4", "out": tmp_path / "o", "settings": {"face_refs": ["a", "b#2"]}}
    made = from_mapping(Arguments, given)
    assert list(paths_of(made)) == [
        ("path", PathKind.RUN, tmp_path / "run"),
        ("source", PathKind.SOURCE, "https://x/y.mp4"),
        ("out", PathKind.WRITE, tmp_path / "o"),
        ("face_model", PathKind.FACE_MODEL, "small"),
        ("face_refs", PathKind.FACE_REFERENCE, "a"),
        ("face_refs", PathKind.FACE_REFERENCE, "b#2"),
    ]
    assert from_mapping(Arguments, to_mapping(made)) == made
    assert [kind_of(facts) for facts in facts_of(Inner).values()] == [
        None,
        PathKind.FACE_MODEL,
        PathKind.FACE_REFERENCE,
    ]


@pytest.mark.parametrize(
    ("text", "found"), [("https://x/y", "https://x/y"), ("rtsp://x", "rtsp://x"), ("a.mp4", Path("a.mp4")), (" ", " ")]
)
def test_a_source_is_a_path_or_stays_as_it_was_typed(text: str, found: Path | str) -> None:
    made = Arguments(path="run", source=text).source
    assert made == (found if isinstance(found, str) else found.absolute())


@pytest.mark.parametrize("wrong", [3, ["a"], None, ""])
def test_what_is_no_path_is_one_sentence(wrong: Any) -> None:
    with pytest.raises(SettingsError, match=r"^path: (a path is wanted as text|an empty path came)"):
        from_mapping(Arguments, {"path": wrong})
