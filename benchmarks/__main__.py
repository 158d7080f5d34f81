"""Runs every benchmark and renews docs/figures.md: ``python -m benchmarks [NAME ...]``, or ``make bench``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = (
    "kernel",
    "startup",
    "filter",
    "extract",
    "memory",
    "page",
    "spread",
    "faces",
    "detect",
    "review",
    "bench_people",
)
"""Modules of this folder that write benchmarks/results/*.json; together about half an hour on two cores."""


def main() -> int:
    failed = 0
    for name in sys.argv[1:] or NAMES:
        print(f"==> {name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode
    tables = Path(__file__).parents[1] / "docs" / "tables.py"
    return failed or subprocess.run([sys.executable, str(tables)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
