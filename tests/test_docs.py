"""What the documents say about the code is true."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from core import errors
from core.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
LISTED = {
    "../instruments/extraction/extraction.js": "docs/video-source.md",
    "../instruments/gallery/keys.js": "docs/filtering-and-export.md",
}
LISTED |= {"../instruments/review/keys.js": "docs/live-review.md"}
LISTED |= {"../instruments/persons_table/keys.js": "docs/person-selection.md"}
LISTED |= dict.fromkeys(
    ("../instruments/point_canvas/keys.js", "../instruments/shot_board/shot_board.js"), "docs/subject-masking.md"
)
"""Module of the page -> the document that lists its keys."""


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def error_classes() -> list[type[errors.FramesieveError]]:
    return [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FramesieveError)
    ]


def test_every_exit_code_is_listed() -> None:
    table = text_of("docs/command-line.md").split("## Exit codes")[1]
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)}
    assert listed == {0, main.INTERRUPTED} | {kind.exit_code for kind in error_classes()}


def test_every_verb_has_a_chapter() -> None:
    chapters = re.findall(r"^## ([a-z-]+)$", text_of("docs/command-line.md"), flags=re.MULTILINE)
    assert chapters == list(tables().verbs())


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


# --- generated tables


def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("document", PAGES)
def test_every_table_is_what_the_program_says(document: str) -> None:
    text = text_of(document)
    assert text.count("<!-- table: ") == len(tables().TABLE.findall(text)) == text.count("<!-- end -->")
    assert tables().filled(text) == text, "run python docs/tables.py"


def test_the_options_of_every_verb_stand_in_a_table() -> None:
    named = set(re.findall(r"<!-- table: options of ([a-z-]+)", text_of("docs/command-line.md")))
    with_options = {name for name, (_, parser) in tables().verbs().items() if len(parser._actions) > 2}
    assert named == with_options | {"app"}


# --- links, files and commands


def links_in(text: str) -> list[tuple[str, str]]:
    """``(file, anchor)`` of every link that is no web address; either may be empty."""
    return [
        (file, anchor)
        for file, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", text)
        if not file.startswith("http")
    ]


def anchors_of(text: str) -> set[str]:
    """What links to headings are called: small letters, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_an_anchor_is_made_as_forges_make_it() -> None:
    assert anchors_of("# Run folder: `downloads/<video_stem>/`") == {"run-folder-downloadsvideo_stem"}
    assert anchors_of("```sh\n# a comment\n```\n## A, b") == {"a-b"}


@pytest.mark.parametrize("document", [*PAGES, "CHANGELOG.md"])
def test_every_link_leads_somewhere(document: str) -> None:
    lost = []
    for file, anchor in links_in(text_of(document)):
        target = (ROOT / document).parent / file if file else ROOT / document
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            lost.append(f"{file}#{anchor}")
    assert lost == []


def test_every_page_is_reached_from_the_readme() -> None:
    linked = {file for file, _ in links_in(README)}
    assert set(PAGES) - {"README.md"} <= linked


@pytest.mark.parametrize("document", PAGES)
def test_every_file_that_is_named_exists(document: str) -> None:
    named = re.findall(r"`((?:core|docs|tests|benchmarks|presets|\.ci)/[\w./-]*)`", text_of(document))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("document", [page for page in PAGES if page != "docs/architecture.md"])
def test_every_target_of_make_exists(document: str) -> None:
    text = text_of(document)
    targets = re.findall(r"`make ([a-z][a-z-]*)", text) + re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)
    targets += re.findall(r"^py [\d.-]+ make\.py ([a-z-]+)", text, re.MULTILINE)
    known = re.search(r"^TARGETS := (.*)$", text_of("Makefile"), re.MULTILINE)
    assert known is not None
    assert set(targets) <= set(known[1].split())


def commands_in(text: str) -> list[str]:
    """What follows ``python -m core`` in every command of a document, in blocks and in sentences."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    found = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", text)
    found = [command.split("python -m core ", 1)[1] for command in found if "python -m core " in command]
    return [command for command in found if not command.startswith("...")]


@pytest.mark.parametrize("document", PAGES)
def test_every_command_can_be_typed(document: str) -> None:
    for command in commands_in(text_of(document)):
        words = shlex.split(command, comments=True)
        if words[1:]:  # the name of a verb alone speaks of the verb
            main.parser().parse_args(words)


def test_commands_are_found() -> None:
    assert len(commands_in(README)) > 5
    assert commands_in("```sh\n.venv/bin/python -m core demo  # x\n```\n`python -m core parts --remove`") == [
        "demo  # x",
        "parts --remove",
    ]


# --- pictures and keys


def test_every_picture_is_shown_somewhere() -> None:
    shown = {Path(file).name for page in PAGES for file, _ in links_in(text_of(page))}
    kept = subprocess.run(["git", "ls-files", "docs/pictures"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {Path(line).name for line in kept.stdout.splitlines()} <= shown


@pytest.mark.parametrize(("module", "document"), LISTED.items())
def test_every_key_of_the_page_is_listed(module: str, document: str) -> None:
    script = text_of(f"core/ui/web/{module}")
    found = re.search(r"^(?:export )?const KEYS = \[\n(.*?)^\];", script, re.DOTALL | re.MULTILINE)
    assert found is not None
    keys = set(re.findall(r'^  \["([^"]+)", ', found[1], re.MULTILINE))
    table = text_of(document).split("| Key | Does |", 1)[1]
    assert keys
    assert keys <= set(re.findall(r"^\| ([^|`]+) \| ", table, re.MULTILINE))


def test_every_module_with_keys_has_a_document() -> None:
    page = ROOT / "core" / "ui"
    scripts = [path for path in page.rglob("*.js") if "const KEYS = [" in path.read_text("utf-8")]
    assert set(scripts) == {(page / "web" / name).resolve() for name in LISTED}
