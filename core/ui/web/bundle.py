"""All ES modules of the page as one: a browser spends more time on asking for eighty small files than on reading them.

Our modules keep to three forms, which a test holds true: ``import { a, b as c } from "./x.js";``, ``export`` in front
of a function, class or const, and no circles. So each becomes a block that hands its exports to those after it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def bundle(modules: Mapping[str, str], *wanted: str) -> str:
    """Returns one module that exports ``modules``: the exports of each by its name.

    Args:
        modules: text by name, ``dom.js`` or ``<folder>/<file>.js``; imports are relative to it.
        wanted: those that come into it, with all that they import; none: all.

    Raises:
        ValueError: modules import each other in a circle. KeyError: one imports what is not there.
    """
    blocks = "".join(_block(name, modules[name]) for name in _ordered(modules, wanted))
    return f"const modules = {{}};\n{blocks}export {{ modules }};\n"


def _block(name: str, text: str) -> str:
    def taken(found: re.Match[str]) -> str:
        names = re.sub(r"(\w+) as (\w+)", r"\1: \2", found[1])
        return f'const {{{names}}} = modules["{_target(name, found[2])}"];'

    given = ", ".join(EXPORT.findall(text))
    return f'// --- {name}\n{{\n{EXPORT.sub("", IMPORT.sub(taken, text))}\nmodules["{name}"] = {{ {given} }};\n}}\n'


def _target(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _ordered(modules: Mapping[str, str], wanted: Sequence[str]) -> Iterator[str]:
    """What is imported comes before what imports it."""
    done: set[str] = set()
    under_way: list[str] = []

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        if name in under_way:
            raise ValueError(f"modules import each other in a circle: {' -> '.join([*under_way, name])}")
        under_way.append(name)
        for _, path in IMPORT.findall(modules[name]):
            yield from visit(_target(name, path))
        under_way.pop()
        done.add(name)
        yield name

    for name in wanted or sorted(modules):
        yield from visit(name)
