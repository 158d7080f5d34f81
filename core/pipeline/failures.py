"""One sentence for every way in which a verb can fail: our own errors bring theirs, the others get one here.

Not here: the exit of the command line (``cli.endings``), the end of a job (``pipeline.jobs``).
"""

from __future__ import annotations

import errno
import logging
from pathlib import Path

from core import interrupt, log
from core.errors import FramesieveError, MissingDependency, StorageError

INTERNAL = 1


def failure(error: BaseException, verb: str, *, place: str | None = None) -> tuple[str, int]:
    """Returns the sentence for a person and the exit code.

    Args:
        error: what was raised.
        verb: what was running.
        place: the option of the verb that names where it writes; ``None`` = it has none.
    """
    if isinstance(error, FramesieveError):
        return str(error), error.exit_code
    if isinstance(error, ImportError) and not _is_our_own(error):
        return _without_package(error, verb), MissingDependency.exit_code
    if isinstance(error, OSError):
        return _refused_by_system(error, place), StorageError.exit_code
    return _internal(error, verb), INTERNAL


def failure_of_one(error: Exception, verb: str) -> str:
    """Returns the sentence for one item of several that failed; its details go to the log.

    Raises:
        Exception: the same, where a person stopped the whole verb.
    """
    if is_interruption(error):
        raise error
    sentence, _ = failure(error, verb)
    log.remember(f"{verb}: {sentence}", level=logging.ERROR, trace=True)
    return sentence


def is_interruption(error: BaseException) -> bool:
    """Whether a person stopped it. A package that Ctrl-C hits while it is loaded may call that another error."""
    return isinstance(error, KeyboardInterrupt) or (interrupt.STOP.asked and not isinstance(error, FramesieveError))


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


def _internal(error: BaseException, verb: str) -> str:
    kind = f"{verb} met an error of its own ({type(error).__name__}: {_first_line(error)})"
    log_file = log.file()
    if log_file is None:
        return f"{kind}, and no log could be written; make {Path('logs') / log.LOG_NAME} writable and run it again."
    return f"{kind}; please report it with the last lines of {log_file}."


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
