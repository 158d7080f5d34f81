"""Measures peak memory of extraction for 1, 10 and 60 minutes of 1080p; writes benchmarks/results/memory.json.

Run from the repository root: ``python -m benchmarks.memory [--minutes 1 10 60]``. The peak is the largest resident size
of the process as the system accounts it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.clips import clip
from benchmarks.extract import SCORE_ONLY, once

RESULTS = Path(__file__).parent / "results" / "memory.json"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=int, nargs="+", default=[1, 10, 60])
    report = {}
    for minutes in options.parse_args().minutes:
        cost = once("extract", clip(minutes), json.dumps(SCORE_ONLY))
        report[f"{minutes} min"] = cost
        print(minutes, "min:", json.dumps(cost), flush=True)
        RESULTS.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
