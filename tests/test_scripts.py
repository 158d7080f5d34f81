"""The page's scripts: what their checkers do not see. Format, lint and types are checked by `make check` itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "core" / "ui").rglob("*.js"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_line_is_longer_than_120_characters(path: Path) -> None:
    """The formatter leaves comments and long texts alone."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_is_left_out_of_the_checks(path: Path) -> None:
    assert not re.search(r"@ts-(?:nocheck|ignore)|biome-ignore-all", path.read_text(encoding="utf-8"))


def test_the_lock_of_the_checkers_pins_everything_and_names_no_registry() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert lock.pop("")["devDependencies"] == wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert [name for name, one in lock.items() if not one.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, one in lock.items() if "resolved" in one] == []


def test_what_a_script_exports_is_imported_by_another() -> None:
    """Only `mount` is called from elsewhere: by what core/ui/instruments gives to Gradio."""
    texts = {path: path.read_text(encoding="utf-8") for path in SCRIPTS}
    taken = {
        (Path(file).name, name.split(" as ")[0].strip())
        for text in texts.values()
        for names, file in re.findall(r'^import \{([^}]*)\} from "([^"]+)";', text, re.MULTILINE)
        for name in names.split(",")
    }
    given = {
        (path.name, name)
        for path, text in texts.items()
        for name in re.findall(r"^export (?:async )?(?:function|class|const|let) (\w+)", text, re.MULTILINE)
    }
    assert {(file, name) for file, name in given - taken if name != "mount"} == set()


GRADIOS = {"checkbox-container", "gradio-container", "html-container", "icon", "info-text", "label-wrap", "max_value"}
GRADIOS |= {"min_value", "reset-button", "secondary-wrap", "slider_input_container", "tab-container"}
GRADIOS |= {"tab-like-container", "tab-wrapper", "wrap", "wrap-inner"}
"""Classes of Gradio's elements that our styles speak of."""
MADE = {
    "by-bytes",
    "by-changed_s",
    "by-name",
    "filter-dedup",
    "mine-hamming",
    "of-best",
    "of-every_nth",
    "of-interval",
    "of-scene",
}
"""Classes and ids that are put together of two words."""


def test_styles_speak_only_of_what_is_on_the_page() -> None:
    """Every class and id of our styles stands in a text of a script or of Python, or is Gradio's."""
    page = ROOT / "core" / "ui"
    spoken = " ".join(text for path in SCRIPTS for text in re.findall(r'["`][^"`\n]*["`]', path.read_text("utf-8")))
    python = " ".join(path.read_text("utf-8") for path in page.rglob("*.py"))
    known = {*re.findall(r"(?<=[\"`.\s])[\w-]+(?=[\"`.\s$])", spoken), *re.findall(r"[\w-]+", python)}
    styled = set()
    for path in page.rglob("*.css"):
        rules = re.sub(r'/\*.*?\*/|"[^"]*"|:\s[^;{}]*;', "", path.read_text("utf-8"), flags=re.DOTALL)
        styled |= set(re.findall(r"[.#]([A-Za-z][\w-]*)", rules))
    assert styled - known - MADE <= GRADIOS
    assert styled >= GRADIOS
