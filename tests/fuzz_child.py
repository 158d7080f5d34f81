"""The child process of tests/fuzz.py: runs every verb that reads a video on one film after the other.

Reads paths from standard input, one a line, and answers each with one JSON line: exit codes, and what was wrong.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

METHODS = ("all", "keyframes", "interval", "scene")
ALLOWED = (0, 3, 4)
"""Exit codes: done, not a video, a frame cannot be decoded."""


def serve() -> None:
    """Reads paths from standard input and answers each with one JSON line: what was wrong, and the exit codes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        answers.write(json.dumps(looked_at(path)) + "\n")
        answers.flush()


def looked_at(path: Path) -> dict[str, object]:
    codes: dict[str, int] = {}
    wrong: list[str] = []
    home = path.parent / "runs"
    for verb, argv in verbs(path, home):
        out, err = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                codes[verb] = _main(argv)
        except BaseException:
            codes[verb] = -1
            err.write(traceback.format_exc())
        said = err.getvalue()
        if codes[verb] not in ALLOWED or "Traceback" in said or "error of its own" in said:
            wrong.append(f"{verb} ({codes[verb]}): {said.strip()[-1500:]}")
        if verb == "all" and codes[verb] != 0:
            break
    if codes.get("all") == 0:
        wrong += deeper(path, home)
    shutil.rmtree(home, ignore_errors=True)
    return {"codes": codes, "wrong": wrong}


def _main(argv: list[str]) -> int:
    from core.cli.main import main

    return main(argv)


def verbs(path: Path, home: Path) -> Iterator[tuple[str, list[str]]]:
    yield "probe", ["probe", str(path)]
    for method in METHODS:
        words = ["--method", method, "--interval", "0.2", "--out", str(home / method)]
        yield method, ["extract", str(path), *words]
    yield "shots", ["shots", str(home / "all")]
    yield "export", ["export", str(home / "all"), "--dest", str(home / "exported")]


def deeper(path: Path, home: Path) -> Iterator[str]:
    """Random access, the follower of a player, the browser's copy, and a detector's pass; yields what went wrong."""
    for name, work in {"seek": _seek, "follow": _follow, "proxy": _proxy, "look": _look, "detect": _detect}.items():
        try:
            work(path, home)
        except BaseException as error:
            from core.errors import FramesieveError

            if not isinstance(error, FramesieveError):
                yield f"{name}: {traceback.format_exc()[-1500:]}"


def _seek(path: Path, home: Path) -> None:
    from core.errors import FramesieveError
    from core.video.probe import probe
    from core.video.seek import FrameReader

    video = probe(path)
    with FrameReader(video) as reader:
        for ordinal in random.Random(1).choices(range(len(video.ledger)), k=6):
            with contextlib.suppress(FramesieveError):
                assert reader.frame(ordinal).ordinal == ordinal


def _follow(path: Path, home: Path) -> None:
    from core.errors import FramesieveError
    from core.video.follow import PlayHeadDecoder
    from core.video.probe import probe

    video = probe(path)
    with PlayHeadDecoder(video) as follower:
        for ordinal in (0, len(video.ledger) // 2, len(video.ledger) - 1):
            follower.move_to(ordinal, ahead=4)
            with contextlib.suppress(FramesieveError):
                assert follower.frame(ordinal).ordinal == ordinal


def _proxy(path: Path, home: Path) -> None:
    from core.video.probe import probe
    from core.video.proxy import make_proxy, needs_proxy

    video = probe(path)
    needs_proxy(video)
    for _ in make_proxy(video, home / "proxy.mp4"):
        pass


def _look(path: Path, home: Path) -> None:
    from core.pipeline.look import look

    json.dumps(list(look(path)), allow_nan=False)


def _detect(path: Path, home: Path) -> None:
    from core.pipeline.detect import detect
    from core.settings.detect import DetectSettings
    from core.video.probe import probe
    from tests.fakes import open_number_reader, reader_weights

    (home / "run").mkdir()
    for _ in detect(probe(path), reader_weights(home), DetectSettings(), run=home / "run", opener=open_number_reader):
        pass


if __name__ == "__main__":
    serve()
