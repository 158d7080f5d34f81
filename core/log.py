"""Where messages go: warnings to the console, everything to logs/frame_extractor.log (rotating).

Neither can be made to lie by the name of a file: control characters are written as escapes, and logging never raises.
"""

from __future__ import annotations

import logging
import logging.handlers
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from core.step import Notice

LOG_BYTES = 2_000_000
LOG_FILES = 3
LOG_NAME = "frame_extractor.log"

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, rings, breaks a line, turns the writing direction, or is a byte that is not UTF-8."""


def start(folder: Path = Path("logs"), *, verbose: bool = False) -> Path | None:
    """Starts logging. Returns the log file's path, or ``None`` when it cannot be written (console only)."""
    global _started
    _started = None
    logging.raiseExceptions = False  # a message that cannot be written must not become a traceback
    logger = get()
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.addHandler(_console(verbose))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        logger.addHandler(_file(folder / LOG_NAME))
    except OSError as error:
        logger.info("no log is kept: %s cannot be written (%s)", folder / LOG_NAME, error.strerror or error)
        return None
    _started = folder / LOG_NAME
    return _started


def file() -> Path | None:
    """Returns the log file that is written, as ``start`` returned it."""
    return _started


_started: Path | None = None
logging.getLogger("framesieve").addHandler(logging.NullHandler())
"""Without ``start`` nothing is written anywhere; Python would print to the console what has no handler."""


def get() -> logging.Logger:
    """Returns the one logger of the program."""
    return logging.getLogger("framesieve")


def notice(code: str, text: str, *, loud: bool = False, **facts: Any) -> None:
    """Says something that a person should know and that stops nothing, under a name that programs know.

    The console and the log file show the text as any message; ``notice_of`` gives the whole of it back, so that whoever
    shows a job need not read the text.

    Args:
        code: stable name of the kind, listed in docs/codes.md.
        text: one sentence.
        loud: a warning, which the console shows too.
        facts: plain JSON values that the sentence was made from.
    """
    get().log(logging.WARNING if loud else logging.INFO, "%s", text, extra={"notice": Notice(code, text, facts)})


def notice_of(record: logging.LogRecord) -> Notice | None:
    """Returns the notice that a message of the log is, ``None`` for any other."""
    found = getattr(record, "notice", None)
    return found if isinstance(found, Notice) else None


def remember(text: str, *, level: int = logging.INFO, trace: bool = False) -> None:
    """Writes a line to the log file only; ``trace`` adds the traceback of the exception that is being handled."""
    get().log(level, "%s", text, exc_info=trace, extra={"file_only": True})


def printable(text: str) -> str:
    r"""Returns the text with control characters as escapes, so that a file named ``\x1b[2J`` cannot clear a screen."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class _Lines(logging.Formatter):
    """One line per message; a traceback below it is indented, so that no line of it passes for a message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return printable(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802
        lines = super().formatException(ei).split("\n")  # type: ignore[arg-type]
        return textwrap.indent("\n".join(map(printable, lines)), "    ")


def _console(verbose: bool) -> logging.Handler:
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.INFO if verbose else logging.WARNING)
    console.addFilter(lambda record: not getattr(record, "file_only", False))
    console.setFormatter(_Lines("%(message)s"))
    return console


def _file(path: Path) -> logging.Handler:
    file = logging.handlers.RotatingFileHandler(
        path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", errors="backslashreplace"
    )
    file.setFormatter(_Lines("%(asctime)s %(levelname)s %(process)d %(message)s"))
    return file
