"""What is typed into the tables of Training Patches, as a configuration, and back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from core.pipeline.patches.planned import digest_of
from core.ui.patches_form import configuration_of, form_of, values_of
from core.ui.places import Places
from tests import videos


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Three videos, one of them deeper."""
    folder = tmp_path / "media"
    (folder / "more").mkdir(parents=True)
    for name in ("one.mp4", "two.mp4", "more/one.mp4"):
        shutil.copy(videos.build("h264-25"), folder / name)
    return folder


def read(media: Path, **form: Any) -> dict[str, Any]:
    """The configuration of a form about the videos in this folder."""
    given = {"categories": {"master": 0.5}} | form
    return values_of(given, {}, media.parent / "out", Places(media.parent / "downloads", (media,)))


def test_a_folder_gives_all_its_videos_each_with_a_name_of_its_own(media: Path) -> None:
    found = read(media, videos=[str(media)])["videos"]
    assert {one["name"]: one["path"] for one in found} == {
        name: str(media / f"{name}.mp4") for name in ("one", "two", "more/one")
    }
    assert [one["categories"] for one in found] == [{"master": 0.5}] * 3


def test_sizes_of_no_category_are_of_all_that_have_none(media: Path) -> None:
    rows = [
        {"category": "", "name": "", "gt": "96x64", "lr": "", "share": 1},
        {"category": "toon", "name": "small_540", "gt": "", "lr": "90x90", "share": 0.25},
        {"category": "toon", "name": "wide", "gt": "300 X 200", "lr": "", "share": 0.75},
    ]
    video = {"path": str(media / "one.mp4"), "weights": "master 1, toon 0.5"}
    config = configuration_of(read(media, videos=[video], formats=rows))
    assert [(one.name, one.gt, one.lr) for one in config.categories["master"].formats] == [
        ("96x64", (96, 64), (32, 21))
    ]
    assert [(one.name, one.gt, one.lr, one.share) for one in config.categories["toon"].formats] == [
        ("small_540", (540, 540), (90, 90), 0.25),
        ("wide", (300, 200), (100, 66), 0.75),
    ]


@pytest.mark.parametrize(
    ("form", "field", "row", "column"),
    [
        ({"videos": []}, "videos", 0, "path"),
        ({"videos": ["{}/one.mp4", "{}/none.mp4"]}, "videos", 1, "path"),
        ({"videos": ["https://example.org/film.mp4"]}, "videos", 0, "path"),
        ({"videos": ["{}/one.mp4", "{}/more/one.mp4"]}, "videos", 1, "name"),
        ({"videos": [{"path": "{}/one.mp4", "weights": "master"}]}, "videos", 0, "weights"),
        ({"videos": [{"path": "{}/one.mp4", "weight": 1}]}, "videos", 0, "weight"),
        ({"videos": ["{}/one.mp4"], "categories": {"master": 0}}, "categories", 0, "weight"),
        ({"videos": ["{}/one.mp4"], "categories": {"master": 1e9}}, "categories", 0, "weight"),
        ({"videos": ["{}/one.mp4"], "categories": [{"name": "a", "target": 1.5}]}, "categories", 0, "target"),
        ({"videos": ["{}/one.mp4"], "categories": [{"name": "a", "path": "../b"}]}, "categories", 0, "path"),
        ({"videos": ["{}/one.mp4"], "categories": [{"name": "a"}, {"name": "a"}]}, "categories", 1, "name"),
        ({"videos": ["{}/one.mp4"], "formats": [{"gt": "96"}]}, "formats", 0, "gt"),
        ({"videos": ["{}/one.mp4"], "formats": [{"gt": "96x64", "lr": "192x128"}]}, "formats", 0, "lr"),
        ({"videos": ["{}/one.mp4"], "formats": [{"gt": "96x64", "category": "toon"}]}, "formats", 0, "category"),
        ({"videos": ["{}/one.mp4"], "formats": [{"gt": "96x64", "share": 0}]}, "formats", 0, "share"),
        ({"videos": ["{}/one.mp4"], "formats": [{"name": "own"}]}, "formats", 0, "gt"),
    ],
)
def test_an_error_names_its_box(media: Path, form: dict[str, Any], field: str, row: int, column: str) -> None:
    named = json.loads(json.dumps(form).replace("{}", str(media)))
    with pytest.raises(SettingsError) as refused:
        read(media, **named)
    found = refused.value
    assert (found.field, found.facts["row"], found.facts["column"]) == (field, row, column), str(found)
    assert str(found).endswith(".")


def test_what_a_form_says_comes_back_as_it_was(media: Path) -> None:
    rows = [{"category": "master", "name": "wide", "gt": "300x200", "lr": "150x100", "share": 1}]
    films = [str(media / "one.mp4"), {"path": str(media / "two.mp4"), "name": "Second (2)", "weights": "toon 2"}]
    categories = [{"name": "master", "weight": 0.5, "target": 40}, {"name": "toon", "weight": 0, "path": "Cartoons"}]
    values = read(media, videos=films, categories=categories, formats=rows)
    path = media / "config.json"
    path.write_text(json.dumps(values))
    again = form_of(path)
    assert again["videos"][1] == {"path": str(media / "two.mp4"), "name": "Second (2)", "weights": "toon 2"}
    assert again["formats"] == rows
    second = read(media, **{name: again[name] for name in ("videos", "categories", "formats")})
    assert digest_of(configuration_of(second)) == digest_of(configuration_of(values))
    assert second["category_targets"] == values["category_targets"]
