"""What ``tests/ui/seen.py`` finds: each fault, on pages that are drawn for it, and nothing on a page without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.ui import seen

pytestmark = pytest.mark.browser

GOOD = """<!doctype html><html lang="en"><title>t</title><main><h1>Title</h1>
<label>Name <input type="text"></label> <button>Save</button>
<p style="width: 60px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">a very long sentence</p>
<label>Weight of it <input type="range" min="0" max="9"></label></main>"""

FAULTS = {
    "cut text: p.cut": '<p class="cut" style="width:60px;overflow:hidden;white-space:nowrap">a very long sentence</p>',
    "cut text: b.inner": (
        '<div style="width:60px;overflow:hidden"><b class="inner" style="white-space:nowrap">a very long name</b></div>'
    ),
    "runs out of its card: b.far": (
        '<div style="width:90px;overflow:hidden"><p style="width:60px;border:1px solid #333;display:flex">'
        '<b class="far" style="white-space:nowrap;overflow:hidden;text-overflow:ellipsis;flex:none">a long name</b>'
        "</p></div>"
    ),
    "squeezed: select.thin": '<select class="thin" aria-label="Sort" style="width:14px"><option>time</option></select>',
    "overflows its box: p.wide": '<p class="wide" style="width:60px;white-space:nowrap">a very long sentence</p>',
    "overflows its box: button.b": '<button class="b" style="width:40px;white-space:nowrap">a very long name</button>',
    "scrolls sideways: div.scroll": (
        '<div class="scroll" tabindex="0" style="width:60px;overflow:auto;white-space:nowrap">very long words</div>'
    ),
    "scrolls sideways: the page": '<p style="position:absolute;left:1250px;width:300px">far</p>',
    "outside the window: button.far": '<button class="far" style="position:absolute;left:1260px;width:90px">a</button>',
    "two controls overlap: button.one and button.two": (
        '<button class="one" style="position:absolute;left:9px;top:200px;width:90px">a</button>'
        '<button class="two" style="position:absolute;left:50px;top:205px;width:90px">b</button>'
    ),
    'a slider says a bare number: input.s "Least"': (
        '<div><label><input class="s" type="range" aria-label="Least" min="0" max="400" value="3"></label></div>'
    ),
    "axe color-contrast: p.pale": '<p class="pale" style="color:#aaa;background:#fff">pale</p>',
    "axe label: input.nameless": '<input class="nameless">',
    "axe button-name: button.nameless": '<button class="nameless"></button>',
    "axe aria-allowed-role: button.item": '<div role="list"><button class="item" role="listitem">a</button></div>',
}


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    found = chromium.new_page(viewport={"width": 1280, "height": 720})
    yield found
    found.close()


def test_a_page_without_a_fault_has_none(page: Any) -> None:
    page.set_content(GOOD)
    assert seen.faults(page) == []
    assert seen.typed(page) == []
    assert seen.rounds(page) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(page: Any, fault: str) -> None:
    page.set_content(GOOD.replace("</main>", FAULTS[fault] + "</main>"))
    assert fault in seen.faults(page)


def test_a_field_that_swallows_letters_and_a_trap_are_found(page: Any) -> None:
    page.set_content(GOOD)
    page.locator("input[type=text]").evaluate("(box) => { box.onkeydown = (event) => event.preventDefault(); }")
    assert seen.typed(page) == ["takes no letters: Name"]
    assert seen.rounds(page) == ["keyboard trap: input."]
