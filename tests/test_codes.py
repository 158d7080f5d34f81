"""Every code that core gives an error or a notice stands in docs/codes.md, and every code there is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import errors
from core.errors import FramesieveError, ModelError, RunBusy, SettingsError, SourceError, WeightsError, plain, revived

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
NOTICES = {"notice", "Notice"}


def classes() -> dict[str, type[FramesieveError]]:
    return {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, FramesieveError)
    }


def used() -> set[tuple[str, str]]:
    """(class, code) of each raise that gives a code, and of each class; the class of a notice is ``notice``."""
    found = {(name, kind.code) for name, kind in classes().items()}
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found |= set(codes_of(node))
    return found


def codes_of(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ClassDef) and node.name not in classes():  # a class that lives beside its only raise
        bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in classes()]
        for line in node.body:
            if bases and isinstance(line, ast.Assign) and getattr(line.targets[0], "id", None) == "code":
                yield from ((bases[0], code) for code in texts_of(line.value))
    if not isinstance(node, ast.Call):
        return
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in NOTICES and node.args:
        yield from (("notice", code) for code in texts_of(node.args[0]))
    for keyword in node.keywords:
        if keyword.arg == "code":
            yield from ((name if name in classes() else "?", code) for code in texts_of(keyword.value))


def texts_of(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be: one, or either of ``a if ... else b``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts_of(node.body)
        yield from texts_of(node.orelse)


def listed() -> set[tuple[str, str]]:
    """(class, code) of each row of the tables of codes; a row names each class that gives the code."""
    rows = re.findall(r"^\| `([a-z_]+)` \| ([A-Za-z, ]+) \| [^|]+ \|$", PAGE, flags=re.MULTILINE)
    return {(kind.strip(), code) for code, kinds in rows for kind in kinds.split(",")}


def test_every_code_that_is_given_is_listed() -> None:
    assert {(kind, code) for kind, code in used() if kind in classes()} - listed() - own_codes() == set()
    assert {pair for pair in used() if pair[0] == "notice"} <= listed()


def test_every_code_that_is_listed_is_given() -> None:
    assert listed() - used() == set()


def test_every_code_is_given_by_a_class_that_is_known() -> None:
    assert {code for kind, code in used() if kind == "?"} == set()


def own_codes() -> set[tuple[str, str]]:
    return {(name, kind.code) for name, kind in classes().items()}


def test_every_class_stands_in_its_table_with_code_and_exit_code() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \| [^|]+ \| (\d+) \|$", PAGE, flags=re.MULTILINE)
    assert {(name, code, int(number)) for code, name, number in rows} == {
        (name, kind.code, kind.exit_code) for name, kind in classes().items()
    }


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("", set()),
        ('raise SourceError("no")', set()),
        ('raise SourceError("no", code="missing", field="source")', {("SourceError", "missing")}),
        ('errors.RunError("no", code="a" if x else "b")', {("RunError", "a"), ("RunError", "b")}),
        ('log.notice("faces_read", text)', {("notice", "faces_read")}),
        ('class Lost(RunError):\n    code = "lost"', {("RunError", "lost")}),
        ('_refused("no", code="hidden")', {("?", "hidden")}),
        ("error.reworded(text)", set()),
    ],
)
def test_codes_are_read_in_every_spelling(source: str, found: set[tuple[str, str]]) -> None:
    assert {pair for node in ast.walk(ast.parse(source)) for pair in codes_of(node)} == found


# --- what an error carries


def test_an_error_without_more_has_the_code_of_its_class() -> None:
    assert SourceError("no").to_mapping() == {"error": "no", "code": "source", "field": None, "facts": {}}
    assert WeightsError("no").field == "weights"


def test_an_error_is_the_same_in_another_process() -> None:
    error = SettingsError("no", code="x", field="interval", value=3.5, low=None, choices=("a", "b"))
    told = error.to_mapping()
    again = revived("SettingsError", told)
    assert (type(again), again.to_mapping()) == (SettingsError, told)
    assert again.facts["choices"] == ["a", "b"]


@pytest.mark.parametrize("kind", ["Nonsense", "annotations", "plain", "Exception"])
def test_a_class_that_is_none_becomes_the_base(kind: str) -> None:
    assert type(revived(kind, {"error": "no"})) is FramesieveError


def test_an_error_with_another_sentence_is_the_same_error() -> None:
    error = ModelError("no", code="cannot_run", field="face_model", folder="x").reworded("not at all")
    assert (str(error), error.code, error.field, error.facts) == (
        "not at all",
        "cannot_run",
        "face_model",
        {"folder": "x"},
    )
    assert type(RunBusy("no").reworded("yes")) is RunBusy


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (Path("a"), "a"),
        ((1, {2: (3,)}), [1, {"2": [3]}]),
    ],
)
def test_facts_are_plain_json(value: object, wanted: object) -> None:
    assert plain(value) == wanted
