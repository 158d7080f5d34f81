"""Settings that change nothing beside the others are told, or refused where somebody typed them."""

import pytest

from core.cli.main import main
from core.errors import SettingsError
from core.pipeline.verbs import verb_of
from core.settings.export import ExportSettings
from core.settings.extract import METHOD_INPUTS, METHODS, ExtractArguments, ExtractSettings
from core.settings.model import facts_of, from_mapping
from core.settings.unread import check_typed, unread
from core.step import follow
from tests.raising import raises
from tests.videos import build


def told(settings):
    return [one.name for one in unread(settings)]


def test_each_method_reads_its_own_fields_alone():
    assert METHOD_INPUTS == {
        "interval": ("interval",),
        "scene": ("scene_threshold", "scene_fast"),
        "every_nth": ("every",),
        "best": ("best", "spread", "rank_by"),
    }
    given = {"interval": 3.0, "every": 3, "scene_threshold": 0.3, "scene_fast": True, "best": 3, "spread": "look"}
    for method in METHODS:
        own = set(METHOD_INPUTS.get(method, ()))
        assert set(told(ExtractSettings(method=method, rank_by="entropy", **given))) == {*given, "rank_by"} - own


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (ExtractSettings(png=True, jpeg_quality=80), ["jpeg_quality"]),
        (ExtractSettings(jpeg_quality=80), []),
        (ExtractSettings(thumb_height=99), ["thumb_height"]),
        (ExtractSettings(thumbs=True, thumb_height=99), []),
        (ExtractSettings(face_model="x", min_face_area=1.0), ["face_model", "min_face_area"]),
        (ExtractSettings(face_model="x", min_face_area=1.0, faces=True), ["min_face_area"]),
        (ExtractSettings(face_model="x", min_face_area=1.0, face_filter=True), []),
        (ExportSettings(face_margin=0.5), ["face_margin"]),
        (ExportSettings(face_margin=0.5, face_crops=True), []),
    ],
)
def test_details_of_what_was_not_asked_for(settings, names):
    assert told(settings) == names
    check_typed(settings, dict.fromkeys(names))  # a detail stops nothing


def test_every_name_in_read_with_is_a_setting_of_the_same_model():
    for verb in ("extract", "export", "rescore", "mask"):
        models = [verb_of(verb).arguments]
        for model in models:
            facts = facts_of(model)
            models += [fact.kind for fact in facts.values() if hasattr(fact.kind, "model_fields")]
            assert all(set(fact.read_with) <= set(facts) for fact in facts.values())
            for fact in facts.values():
                choices = {name: facts[name].choices for name in fact.read_with}
                assert all(set(fact.read_with[name]) <= set(of) for name, of in choices.items() if of)


def test_what_was_typed_is_refused_what_a_preset_says_is_not():
    values = {"source": "x.mp4", "settings": {"interval": 0.5, "method": "keyframes"}}
    arguments = from_mapping(ExtractArguments, values)
    check_typed(arguments, {"source": "x.mp4", "settings": {"method": "keyframes"}})
    check_typed(arguments, values)  # who names both the method and the input gets a notice
    with raises(SettingsError, code="setting_unread", field="interval"):
        check_typed(arguments, {"source": "x.mp4", "settings": {"interval": 0.5}})


@pytest.mark.parametrize("words", [["--interval", "2"], ["--every", "10"], ["--rank-by", "entropy"]])
def test_command_line_refuses_the_input_of_another_method(tmp_path, capsys, words):
    assert main(["extract", str(tmp_path / "no.mp4"), *words]) == 2
    said = capsys.readouterr().err
    assert "changes nothing, since method is" in said
    assert "or leave" in said
    assert said.count("\n") == 1


def test_a_verb_says_it_and_does_its_work(tmp_path):
    settings = {"interval": 0.5, "png": True, "jpeg_quality": 80, "thumb_height": 180}
    values = {
        "source": str(build("h264-opengop")),
        "settings": settings,
        "out": str(tmp_path / "run"),
        "scene_detect": True,
    }
    seen = []
    verb = verb_of("extract")
    found = follow(verb.steps(verb.read(values)), seen.append)
    assert found.kept
    said = [notice.text for step in seen for notice in step.notices if notice.code == "setting_unread"]
    assert said == [
        "interval = 0.5 changes nothing, since method is keyframes; give method = interval, or leave interval out.",
        "jpeg_quality = 80 changes nothing, since png is on; give png = false, or leave jpeg_quality out.",
        "scene_detect = true changes nothing, since subject_mask is off; give subject_mask, or leave scene_detect out.",
    ]
    assert seen[0].notices
    quiet = verb.read({**values, "settings": {}, "scene_detect": False, "out": str(tmp_path / "other")})
    seen.clear()
    follow(verb.steps(quiet), seen.append)
    assert not [notice for step in seen for notice in step.notices if notice.code == "setting_unread"]
