"""Where messages go: warnings to the console, everything to logs/frame_extractor.log (rotating)."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

LOG_BYTES = 2_000_000
LOG_FILES = 3


def start(folder: Path = Path("logs"), *, verbose: bool = False) -> Path | None:
    """Starts logging. Returns the log file's path, or ``None`` when the folder cannot be written (console only)."""
    logger = logging.getLogger("framesieve")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.INFO if verbose else logging.WARNING)
    console.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(console)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            folder / "frame_extractor.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
        )
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(message)s"))
        logger.addHandler(file)
    except OSError:
        return None
    return folder / "frame_extractor.log"


def get() -> logging.Logger:
    """Returns the one logger of the program."""
    return logging.getLogger("framesieve")
