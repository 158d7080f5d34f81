"""Measures SAM 2 on a GPU; writes benchmarks/results/mask_gpu.json.

Run: python -m benchmarks.bench_mask_gpu [--side PX] [--frames N]. SAM 2.1 tiny and large with random weights, in
bfloat16: ours beside the package's bare predictor frame by frame (wanted: at most 1.1), a click (wanted: at most 100 ms
more than the decoder), and the most GPU memory of shots of 50, 200 and 800 frames (wanted: the same). Says so, and
writes nothing, where no GPU is.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.bench_mask import MIB, Film, click, click_on, ratio, sam2

RESULTS = Path(__file__).parent / "results" / "mask_gpu.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--frames", type=int, default=200)
    given = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        print("no GPU is here, so that nothing was measured; run it on a machine that has one.")
        return 0
    found: dict[str, Any] = {"gpu": torch.cuda.get_device_name(0)}
    for size in ("tiny", "large"):
        found[f"ratio {size}"] = ratio(given.side, given.frames, size)
        found[f"click {size}"] = click(given.side, 0, size)
        found[f"memory {size}"] = {length: peak(given.side, length, size) for length in (50, 200, 800)}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0


def peak(side: int, length: int, size: str) -> float:
    """Returns the most MiB that the GPU held for a shot."""
    import torch

    masker = sam2(side, size)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    for _ in masker.shot(Film(length), [click_on(20)]):
        pass
    return torch.cuda.max_memory_allocated() / MIB


if __name__ == "__main__":
    sys.exit(main())
