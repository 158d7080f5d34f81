"""What makes the first load short: one module, named before it is asked for, and nothing compressed here."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from core.ui.web import ALL, ALONE, WORKER, address_of, bundled, scripts
from core.ui.web.bundle import bundle
from tests.browser import WAIT_MS, Visit
from tests.serving import serving
from tests.ui.site import Site

Visitor = Callable[..., Visit]


def test_each_module_stands_once_after_what_it_imports() -> None:
    text = bundle(
        {
            "a/a.js": 'import { one, two as second } from "../b.js";\n\nexport function mount() {\n  return one;\n}\n',
            "b.js": "export const one = 1;\nexport class Two {}\nexport async function two() {}\nconst hidden = 2;\n",
        }
    )
    assert text.index("// --- b.js") < text.index("// --- a/a.js")
    assert 'const { one, two: second } = modules["b.js"];' in text
    assert 'modules["b.js"] = { one, Two, two };' in text
    assert 'modules["a/a.js"] = { mount };' in text
    assert text.endswith("export { modules };\n")
    part = bundle({"a.js": "", "b.js": 'import { c } from "./c.js";\n', "c.js": ""}, "b.js")
    assert [line for line in part.splitlines() if line.startswith("// --- ")] == ["// --- c.js", "// --- b.js"]


def test_what_cannot_be_put_in_order_is_refused() -> None:
    one, two = 'import { b } from "./b.js";\n', 'import { a } from "./a.js";\n'
    with pytest.raises(ValueError, match=r"a\.js -> b\.js -> a\.js"):
        bundle({"a.js": one, "b.js": two})
    with pytest.raises(KeyError, match=r"b\.js"):
        bundle({"a.js": one})


def test_no_form_of_import_or_export_is_left_over() -> None:
    lines = bundled(ALL).decode().splitlines()
    assert [line for line in lines if line.startswith(("import ", "export "))] == ["export { modules };"]
    named = {line.removeprefix("// --- ") for line in lines if line.startswith("// --- ") and line.endswith(".js")}
    assert named == {name for name in scripts() if name not in ALONE}


def headers_of(address: str, path: str = "") -> dict[str, str]:
    asked = urllib.request.Request(address + path, headers={"Accept-Encoding": "br, gzip"})
    with urllib.request.urlopen(asked, timeout=30) as found:
        return {name.lower(): value for name, value in found.headers.items()}


def test_the_page_names_its_module_and_compresses_nothing_here(site: Site) -> None:
    assert headers_of(site.address)["link"] == f"<{address_of(ALL)}>; rel=modulepreload"
    assert "link" not in headers_of(site.address, "fs/machine")
    for path in ("", address_of(ALL), "theme.css"):
        assert "content-encoding" not in headers_of(site.address, path)


def test_who_is_not_signed_in_is_not_told_to_fetch_scripts(tmp_path: Path) -> None:
    with serving(tmp_path / "downloads", "--auth", "anna:secret") as address:
        assert "link" not in headers_of(address)


@pytest.mark.browser
def test_the_module_is_fetched_once_and_before_the_page_is_drawn(site: Site, visit: Visitor) -> None:
    seen = visit()
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.url))
    seen.page.goto(site.address)
    seen.page.locator("#source-file input").first.wait_for(timeout=WAIT_MS)
    ours = [url for url in asked if "/fs/web/" in url]
    assert set(ours) <= {f"{site.address}{address_of(name)}" for name in (ALL, WORKER)}  # it has a thread of its own
    assert [url.endswith(ALL) for url in ours].count(True) == 1
    drawn = next(i for i, url in enumerate(asked) if "/assets/Blocks-" in url)
    assert asked.index(ours[0]) < drawn
