"""Nothing decides by English: neither the page by a sentence, log line, title or phase, nor Python by ``str(error)``.

What is decided by is a code, a field or a fact (docs/codes.md). Texts of other programs that come without kinds are the
exception; the functions that read them are named here, each with its reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WEB = ROOT / "core" / "ui" / "web"

# --- the page

PROSE = "error|message|sentence|sentences|log|logs|title|phase|warning|notice|failure|wrong|said|why|reason_text"
"""Names of what holds words for people. ``text`` is one only as a member: a variable may hold what somebody typed."""
LISTS = "logs?|said|messages|sentences"
SUBJECT = rf"(?:\b(?:{PROSE})|\.text)\b\)?"
ASKING = "includes|startsWith|endsWith|match|matchAll|search|indexOf|lastIndexOf|replace|replaceAll|split"
LITERAL = r"""(?:"[^"\n]+"|'[^'\n]+'|`[^`\n]+`)"""
REGEX = r"/(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\n\[])+/[a-z]*"
DECIDES = {
    "asks words for words": rf"{SUBJECT}(?:\?\.|\.)(?:{ASKING})\(",
    "compares words": rf"{SUBJECT}\s*[!=]==?\s*{LITERAL}|{LITERAL}\s*[!=]==?\s*(?:[\w?.]+\.)?{SUBJECT}",
    "tests words": rf"{REGEX}\.(?:test|exec)\((?:[^()\n]*[\s(.])?{SUBJECT}",
    "tests words by a name": rf"\w\.(?:test|exec)\((?:[\w?.]+\.)?{SUBJECT}\)",
    "looks for a line": rf"\b(?:{LISTS})\)?(?:\?\.|\.)(?:map|filter|find|findLast|findIndex|some|every|flatMap)\(",
    "switches by words": rf"\bswitch \((?:[\w?.]+\.)?{SUBJECT}\)",
    "takes words as a key": rf"\}}\[(?:[\w?.]+\.)?{SUBJECT}\]",
}


def decisions_of_script(text: str) -> list[str]:
    """What a script decides by words, each as ``"what: where"``; comments are no code."""
    code = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    lines = [re.sub(r"(^|[\s;{}])//.*$", r"\1", line) for line in code.split("\n")]
    return [
        f"{what}: line {number}: {line.strip()[:120]}"
        for number, line in enumerate(lines, 1)
        for what, pattern in DECIDES.items()
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize(
    "path", sorted([*WEB.glob("*.js"), *WEB.parent.glob("instruments/*/*.js")]), ids=lambda path: path.name
)
def test_no_script_decides_by_words(path: Path) -> None:
    assert decisions_of_script(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "this.#fail(sentence, this.mayTrust && sentence.includes(UNSAFE) && button);",
        "const name = Object.keys(this.knobs).find((one) => sentence.startsWith(`${one} `));",
        "if (!/face.model/.test(sentence)) return false;",
        'this.download ??= { id: job.id, name: job.title.replace(/^Download /, "") };',
        'const said = log.map((text) => text.replace(/^[\\d:]+ /, ""));',
        "if (found.log.some((line) => /CUDA/.test(line))) warn();",
        'const line = said.find((text) => text.startsWith("CUDA")) ?? said.at(-1);',
        'if (job.state === "running" && job.phase === "extracting") count();',
        'if ("extracting" === job.phase) count();',
        "if (error.message.match(/unsafe/)) trust();",
        'if (job.error?.includes("unsafe")) trust();',
        "if (/limit/i.test(answer.error ?? error.message)) tooLarge();",
        "if (/limit/i.test(error.message)) tooLarge();",
        "if (LIMIT.test(error.message)) tooLarge();",
        'if (notice.text.startsWith("CUDA")) warn();',
        "switch (job.phase) {",
        'const word = { extracting: "kept" }[job.phase];',
        'if (state.error.split(" ")[0] === "no") give(up);',
    ],
)
def test_a_script_that_decides_by_words_is_found(line: str) -> None:
    assert decisions_of_script(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "// sentence.includes(UNSAFE) is what this once did",
        '/* job.phase === "extracting" */',
        'if (error.code === "unsafe_weights") trust();',
        'if (job.error_code === "unsafe_weights") trust();',
        "if (wrong && this.error.textContent !== wrong) fill(this.error, wrong);",
        'this.text.title = job?.title ?? "";',
        'const failed = this.failure ?? (lost ? "no answer" : job?.error);',
        "const lines = found ? [...found.log].reverse() : [];",
        'if (job.state === "done") open();',
        'this.error.classList.toggle("wrong", Boolean(failed));',
        'const text = input.value.trim().replace(",", ".");',
        "notices.findLast(({ code }) => code === FACES);",
        'this.log.setAttribute("aria-expanded", "false");',
        "const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;",
        'const address = "http://127.0.0.1/";',
        "if (answer.names[answer.reason[row]] === QUOTA) more();",
    ],
)
def test_a_script_that_only_shows_words_is_left_alone(line: str) -> None:
    assert decisions_of_script(line) == []


# --- Python

THEIRS = {
    "core/models/yolo_weights.py": {"_refusal"},  # torch and Ultralytics refuse with words alone
    "core/models/yolo_onnx.py": {"_unreadable"},  # ONNX Runtime has one kind of error
    "core/video/container.py": {"_not_a_video"},  # FFmpeg has one kind of error
}
"""Functions that may read the words of an exception of another program."""
ASKS = {"startswith", "endswith", "find", "rfind", "index", "count"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
PATTERNS = {"search", "match", "fullmatch", "findall", "finditer"}


def decisions_of_module(text: str, theirs: frozenset[str] = frozenset()) -> list[str]:
    """What a module decides by the words of an exception, each as ``"line: code"``."""
    tree = ast.parse(text)
    found = []
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))]:
        if getattr(scope, "name", "") not in theirs:
            nodes = list(_own(scope))
            words = _words(nodes)
            found += [
                f"{node.lineno}: {ast.unparse(node)[:120]}" for node in nodes if _decides(node, words, _errors(nodes))
            ]
    return found


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, FUNCTIONS):
            yield child
            yield from _own(child)


def _errors(nodes: list[ast.AST]) -> set[str]:
    """Names of exceptions: what ``except`` binds, and arguments that are annotated as one or called so."""
    names = {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    arguments = [node for node in nodes if isinstance(node, ast.arg)]
    kinds = {a.arg: ast.unparse(a.annotation) if a.annotation else "" for a in arguments}
    return names | {name for name, kind in kinds.items() if name == "error" or kind.endswith(("Error", "Exception"))}


def _words(nodes: list[ast.AST]) -> set[str]:
    """Names that hold the words of an exception: what is made from ``str(error)`` or an f-string with it."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign) and _is_words(node.value, names, _errors(nodes)):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _is_words(node: ast.expr, words: set[str], errors: set[str]) -> bool:
    """Whether an expression is the words of an exception, perhaps stripped, cut or joined."""
    if isinstance(node, ast.Name):
        return node.id in words
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("str", "repr"):
        return any(_is_error(argument, errors) for argument in node.args)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner = [node.func.value, *node.args] if node.func.attr == "join" else [node.func.value]
        return any(_is_words(one, words, errors) for one in inner)
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(one, ast.FormattedValue) and _is_error(one.value, errors) for one in node.values)
    if isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        return _is_words(node.elt, words, errors | _looped(node, errors))
    if isinstance(node, ast.BoolOp):
        return any(_is_words(one, words, errors) for one in node.values)
    return isinstance(node, ast.Subscript) and (
        _is_words(node.value, words, errors) or (_ends(node.value, "args") and _is_error(node.value, errors))
    )


def _looped(node: ast.GeneratorExp | ast.ListComp, errors: set[str]) -> set[str]:
    """The name of a loop over something that holds an exception."""
    loop = node.generators[0]
    held = any(isinstance(one, ast.Name) and one.id in errors for one in ast.walk(loop.iter))
    return {loop.target.id} if held and isinstance(loop.target, ast.Name) else set()


def _is_error(node: ast.expr, errors: set[str]) -> bool:
    """Whether an expression is an exception: by its name, or ``.error`` of something, or ``.args`` of it."""
    if isinstance(node, ast.Attribute) and node.attr == "args":
        return _is_error(node.value, errors)
    return _ends(node, "error") or (isinstance(node, ast.Name) and node.id in errors)


def _ends(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name


def _decides(node: ast.AST, words: set[str], errors: set[str]) -> bool:
    def said(one: ast.expr) -> bool:
        return _is_words(one, words, errors) or _ends(one, "error")

    if isinstance(node, ast.Compare):
        inside = any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops)
        same = any(isinstance(op, (ast.Eq, ast.NotEq)) for op in node.ops)
        sides = [node.left, *node.comparators]
        literal = any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in sides)
        return (inside and said(node.comparators[-1])) or (same and literal and any(map(said, sides)))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ASKS and said(node.func.value):
            return True
        return node.func.attr in PATTERNS and any(map(said, node.args))
    return False


@pytest.mark.parametrize("path", [*sorted((ROOT / "core").rglob("*.py")), ROOT / "app.py"], ids=str)
def test_no_module_decides_by_the_words_of_an_exception(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = decisions_of_module(path.read_text(encoding="utf-8"), frozenset(THEIRS.get(name, ())))
    assert found == [], name


@pytest.mark.parametrize(("name", "function"), [(name, one) for name, some in THEIRS.items() for one in some])
def test_each_exception_is_still_needed(name: str, function: str) -> None:
    others = frozenset(THEIRS[name] - {function})
    assert decisions_of_module((ROOT / name).read_text(encoding="utf-8"), others), f"{function} decides no more"


TRY = "try:\n    work()\nexcept OSError as error:\n    "


@pytest.mark.parametrize(
    "code",
    [
        'status = 413 if "limit" in str(error) else 400',
        'x = str(error).startswith("no")',
        'x = "a" not in f"{error}"',
        'said = str(error).lower()\n    x = "a" in said',
        'said = " ".join(str(e) for e in (error, error.__cause__))\n    x = re.search("GLOBAL", said)',
        'x = re.match("no", str(error))',
        'x = str(error) == "no"',
        'x = "limit" in str(error).splitlines()[0]',
        'x = "limit" in error.args[0]',
        'x = "unsafe" in state.error',
        'x = state.error.startswith("unsafe")',
    ],
)
def test_a_module_that_decides_by_words_is_found(code: str) -> None:
    assert decisions_of_module(TRY + code)


def test_words_are_found_in_the_function_that_is_given_the_exception() -> None:
    assert decisions_of_module('def f(error: Exception) -> bool:\n    return "no" in str(error)')
    assert decisions_of_module('def f(one: yt.DownloadError) -> bool:\n    return "no" in str(one)')
    assert not decisions_of_module('def f(error: Exception) -> bool:\n    return "no" in str(error)', frozenset({"f"}))


@pytest.mark.parametrize(
    "code",
    [
        "raise RuntimeError(str(error)) from error",
        'x = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")',
        'x = error.code == "unsafe_weights"',
        'x = "limit" in text',
        "x = error.errno in (1, 2)",
        "x = error.strerror or str(error)",
        "x = str(error).replace(str(path), path.name)",
        'log.info("%s", error)',
        'x = "error" in event',
    ],
)
def test_a_module_that_only_shows_words_is_left_alone(code: str) -> None:
    assert not decisions_of_module(TRY + code)
