"""What a start leaves in the source tree, and whether all of our styles reach the browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.ui.web import STYLES
from tests.browser import Visit
from tests.machine import ROOT
from tests.ui.site import Site

Visitor = Callable[..., Visit]
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
MADE_BY_TOOLS = {*CACHES, ".git", ".venv", "node_modules"}
IMPORTED = "import app, core.ui.app, core.ui.instruments, pkgutil, importlib, core.ui as ui\n"
IMPORTED += "for one in pkgutil.walk_packages(ui.__path__, 'core.ui.'): importlib.import_module(one.name)\n"

KNOWN: dict[str, int] = {}
"""File -> rules of it that Gradio drops in part: a shorthand with ``var()`` that a later line of the rule overrides."""

WALK = """(sheets) => {
  const found = [];
  const said = (rule) => rule.style ? [...rule.style].map((name) =>
    `${name}: ${rule.style.getPropertyValue(name)}${rule.style.getPropertyPriority(name)}`).join('; ') : '';
  const walk = (rules, around) => {
    for (const rule of rules) {
      if (rule.constructor.name === 'CSSNestedDeclarations') continue;
      const kind = rule.constructor.name;
      const about = rule.conditionText ?? rule.name ?? rule.keyText ?? '';
      const path = kind === 'CSSStyleRule' ? around : [...around, `${kind} ${about}`];
      found.push(JSON.stringify([path, said(rule)]));
      if (rule.cssRules) walk(rule.cssRules, path);
    }
  };
  for (const sheet of sheets) walk(sheet.cssRules, []);
  return found;
}"""
OURS = "(text) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text); return (" + WALK + ")([sheet]); }"
THEIRS = "() => (" + WALK + ")([...document.styleSheets])"


def tree() -> set[str]:
    """Every file of the project that no tool of ours has made."""
    files = (path for path in ROOT.rglob("*") if path.is_file() and not MADE_BY_TOOLS & set(path.parts))
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_a_start_leaves_no_new_file_in_the_source_tree() -> None:
    before = {name for name in tree() if name.startswith(("core/", "tests/")) or "/" not in name}
    done = subprocess.run([sys.executable, "-c", IMPORTED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    after = {name for name in tree() if name.startswith(("core/", "tests/")) or "/" not in name}
    assert after == before
    assert not [name for name in after if name.endswith(".pyi")]


@pytest.mark.browser
def test_every_rule_of_our_styles_reaches_the_browser(site: Site, visit: Visitor) -> None:
    """Gradio drops what stands at the top level in @container, @layer or @supports, and says nothing."""
    page = visit().page
    page.goto(site.address)
    page.get_by_role("tab", name="Video Source").wait_for()
    ours = {path.name: Counter(page.evaluate(OURS, path.read_text(encoding="utf-8"))) for path in STYLES}
    for path in STYLES:
        assert sum(ours[path.name].values()) == blocks(path), f"{path.name}: the browser reads only a part of it"
    for _ in range(100):  # Gradio puts one file in after the other
        there = Counter(page.evaluate(THEIRS))
        lost = {name: [json.loads(rule) for rule in rules - there] for name, rules in ours.items() if rules - there}
        if {name: len(gone) for name, gone in lost.items()} == KNOWN:
            return
        page.wait_for_timeout(100)
    raise AssertionError(lost)


def blocks(path: Path) -> int:
    """How many rules a file has, nested ones and at-rules among them, without those for another browser."""
    text = re.sub(r"/\*.*?\*/|\"[^\"]*\"|'[^']*'", "", path.read_text(encoding="utf-8"), flags=re.S)
    return sum("-moz-" not in selector for selector in re.findall(r"([^{};]*)\{", text))


def test_a_rule_that_gradio_drops_would_be_seen(site: Site, visit: Visitor) -> None:
    page: Any = visit().page
    page.goto(site.address)
    rules = page.evaluate(
        OURS, "@layer x { .a { color: red; .b { color: rgb(1, 2, 3); } } } @supports (a: b) { i { top: 1px } }"
    )
    assert len(rules) == 5
    assert Counter(rules) - Counter(page.evaluate(THEIRS))
