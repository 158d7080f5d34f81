"""What the header says of this machine, found without loading a model library."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import Any

PATIENCE_S = 5.0


@cache
def facts() -> dict[str, Any]:
    """Returns ``{"gpu": name or None}``, plain JSON values."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return {"gpu": None}
    argv = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return {"gpu": None}
    names = done.stdout.strip().splitlines()
    return {"gpu": names[0].strip() if names else None}
