"""The presets of the page: shipped ones stay as they are, people's own are saved, deleted and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from core.ui.presets_bar import Book


def test_a_part_that_is_saved_leaves_the_other_part(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.save("mine", "extract", {"method": "interval", "interval": 3})
    book.save(" mine ", "filter", {"top": 5})
    assert book.shelf("extract")["mine"]["settings"] == {"method": "interval", "interval": 3}
    assert book.shelf("filter")["mine"] == {"about": "", "own": True, "settings": {"top": 5}, "error": None}
    gone = book.delete("mine")
    assert "mine" not in book.shelf("extract")
    book.put_back("mine", gone)
    assert book.shelf("filter")["mine"]["settings"] == {"top": 5}


def test_shipped_presets_are_listed_and_a_damaged_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    shelf = Book(tmp_path).shelf("extract")
    assert shelf["stills"]["settings"]
    assert not shelf["stills"]["own"]
    assert "broken" in shelf["broken"]["error"]
    assert shelf["broken"]["settings"] is None


@pytest.mark.parametrize(
    ("name", "kind", "settings", "sentence"),
    [
        ("../x", "extract", {}, "cannot name a preset"),
        ("stills", "extract", {}, "comes with the program"),
        ("x", "filter", {"top": -1}, "top"),
        ("x", "extract", {"method": "no"}, "method"),
        ("x", "extract", [], "wanted as an object"),
    ],
)
def test_what_is_no_preset_is_refused(tmp_path: Path, name: str, kind: str, settings: Any, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Book(tmp_path).save(name, kind, settings)
    assert not list(tmp_path.iterdir())
    with pytest.raises(SettingsError):
        Book(tmp_path).delete(name)
