"""How a command ends: for every way to fail one sentence and an exit code, and a line in the log."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from core import interrupt, log
from core.pipeline.failures import failure, is_interruption

INTERRUPTED = interrupt.STOPPED
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
    place: str | None = None
    """The option of this verb that names where it writes; ``None`` = it has none."""


def ending(error: BaseException, command: Command) -> tuple[str, int]:
    """Returns the sentence for the person and the exit code, and writes both to the log with the traceback."""
    if is_interruption(error):
        log.remember(f"{command.verb} stopped on request ({error!r}), exit code {INTERRUPTED}")
        return "stopped; run the same command again to resume." if command.resumes else "stopped.", INTERRUPTED
    sentence, code = failure(error, command.verb, place=command.place)
    log.remember(f"{command.verb} failed, exit code {code}: {sentence}", level=logging.ERROR, trace=True)
    return f"error: {sentence}", code
