"""How a command ends: for every way to fail one sentence and an exit code, and a line in the log.

The errors that Framesieve raises on purpose bring both with them (``errors.py``); here is what Python, the packages and
the system raise.
"""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from pathlib import Path

from core import interrupt, log
from core.errors import FramesieveError, MissingDependency, StorageError

INTERRUPTED = interrupt.STOPPED
INTERNAL = 1
EXIT_CODES = """exit codes:
  0 done   1 other error   2 wrong option or setting   3 not a video   4 a frame cannot be decoded
  5 run folder or cache unusable   6 another process works in the run   7 disk full or not writable
  8 a package or program is missing   9 a model cannot be used
  130 stopped by Ctrl-C or SIGTERM (extract goes on when it is run again)
"""


@dataclass
class Command:
    """What is known about the running command when it fails; filled in as it becomes known."""

    verb: str = "the command"
    resumes: bool = False
    """Whether the same command goes on where it was stopped."""
    log_file: Path | None = None
    place: str | None = None
    """The option of this verb that names where it writes; ``None`` = it has none."""


def failure(error: Exception, command: Command) -> str:
    """Returns the sentence for one item of several that failed; its details go to the log.

    Raises:
        Exception: the same, where a person stopped the whole command.
    """
    if _is_interruption(error):
        raise error
    sentence, _ = _failure(error, command)
    log.remember(f"{command.verb}: {sentence}", level=logging.ERROR, trace=True)
    return sentence


def ending(error: BaseException, command: Command) -> tuple[str, int]:
    """Returns the sentence for the person and the exit code, and writes both to the log with the traceback."""
    if _is_interruption(error):
        log.remember(f"{command.verb} stopped on request ({error!r}), exit code {INTERRUPTED}")
        return "stopped; run the same command again to resume." if command.resumes else "stopped.", INTERRUPTED
    sentence, code = _failure(error, command)
    log.remember(f"{command.verb} failed, exit code {code}: {sentence}", level=logging.ERROR, trace=True)
    return f"error: {sentence}", code


def _is_interruption(error: BaseException) -> bool:
    """A package that was hit by Ctrl-C while it was loaded may call that an error of another kind."""
    return isinstance(error, KeyboardInterrupt) or (interrupt.STOP.asked and not isinstance(error, FramesieveError))


def _failure(error: BaseException, command: Command) -> tuple[str, int]:
    if isinstance(error, FramesieveError):
        return str(error), error.exit_code
    if isinstance(error, ImportError) and not _is_our_own(error):
        return _without_package(error, command.verb), MissingDependency.exit_code
    if isinstance(error, OSError):
        return _refused_by_system(error, command.place), StorageError.exit_code
    return _internal(error, command), INTERNAL


def _is_our_own(error: ImportError) -> bool:
    return (error.name or "core").split(".")[0] == "core"


def _without_package(error: ImportError, verb: str) -> str:
    from core.pipeline.doctor import INSTALL, MODULES

    module = (error.name or "").split(".")[0]
    package = next((name for name, imported in MODULES.items() if imported == module), module)
    if isinstance(error, ModuleNotFoundError):
        return f"{verb} needs the package {package}, which is not installed; {INSTALL}."
    return f"{verb} needs the package {package}, which cannot be loaded ({_first_line(error)}); {INSTALL}."


def _refused_by_system(error: OSError, place: str | None) -> str:
    what = error.filename if error.filename is not None else error.filename2
    why = error.strerror or _first_line(error)
    advice = ADVICE.get(error.errno or 0, "check the path, its permissions and the disk")
    if error.errno == errno.ENAMETOOLONG and place is not None:
        advice += f", with {place}"
    return f"{_text(what)} could not be read or written ({why}); {advice}."


ADVICE = {
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EACCES: "change its permissions or choose another folder",
    errno.EROFS: "choose another folder",
    errno.EMFILE: "close other programs or raise the limit of open files (ulimit -n)",
}


def _text(what: object) -> str:
    return "a file" if what is None else what.decode("utf-8", "replace") if isinstance(what, bytes) else str(what)


def _internal(error: BaseException, command: Command) -> str:
    kind = f"{command.verb} met an error of its own ({type(error).__name__}: {_first_line(error)})"
    if command.log_file is None:
        return f"{kind}, and no log could be written; make {Path('logs') / log.LOG_NAME} writable and run it again."
    return f"{kind}; please report it with the last lines of {command.log_file}."


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
