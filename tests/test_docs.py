"""What the documents say about the code is true."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from core import cli, errors

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def error_classes() -> list[type[errors.FramesieveError]]:
    return [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FramesieveError)
    ]


def test_the_readme_lists_every_exit_code() -> None:
    table = README.split("### Exit codes")[1].split("\n## ")[0]
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)}
    assert listed == {0, cli.INTERRUPTED} | {kind.exit_code for kind in error_classes()}


def test_the_readme_lists_every_verb() -> None:
    table = README.split("| Verb | Does |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)`", table, flags=re.MULTILINE) == [verb[0] for verb in cli.VERBS]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"`make ([a-z][a-z-]*)", README)) | set(
        re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)
    )
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.search(r"^TARGETS := (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    assert targets
    assert targets <= known


def test_the_options_in_the_readme_are_those_of_the_program() -> None:
    spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "docs" / "readme_tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    assert tables.replaced(README, "command line reference", tables.options_of_verbs()) == README


def test_the_readme_lists_every_key_of_the_page() -> None:
    lists = [
        found[1]
        for path in (ROOT / "core" / "ui" / "web").glob("*.js")
        if (
            found := re.search(
                r"^(?:export )?const KEYS = \[\n(.*?)^\];", path.read_text("utf-8"), re.DOTALL | re.MULTILINE
            )
        )
    ]
    keys = {key for text in lists for key in re.findall(r'^  \["([^"]+)", ', text, re.MULTILINE)}
    tables = README.split("| Key | Does |", 1)[1].split("`--host`")[0]
    listed = set(re.findall(r"^\| ([^|`]+) \| ", tables, re.MULTILINE))
    assert len(keys) > 10
    assert keys - {"Enter"} <= listed
