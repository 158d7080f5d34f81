"""Configurations of patches for the tests, and what FFmpeg itself decodes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.runs import lines

ANY_CHANGE = {"scene_diff_threshold": 255, "retry_skip_seconds": 1.1}
"""The grating of the counting videos moves more than real pictures do."""
QUARTER = {"gt_size": [96, 64], "lr_size": [32, 21]}


def write(folder: Path, clips: Mapping[str, Path], base: Mapping[str, Any] | None = None, **top: Any) -> Path:
    """Writes a configuration for these clips (name -> file): one category, small patches unless ``top`` says else."""
    given = {
        "base_settings": {"base_frame_limit": 12, "output_base_dir": str(folder / "out"), **ANY_CHANGE, **(base or {})},
        "format_config": {"master": {"quarter": QUARTER}},
        "videos": [{"name": name, "path": str(path), "categories": {"master": 1.0}} for name, path in clips.items()],
    }
    path = folder / "config.json"
    path.write_text(json.dumps(given | top))
    return path


def manifest(folder: Path) -> list[dict[str, Any]]:
    return lines(folder / "manifest.jsonl")


def bgr_frames(path: Path, width: int, height: int) -> np.ndarray:
    """(F, height, width, 3) uint8 BGR: every frame as FFmpeg shows it."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough"]
    command += ["-pix_fmt", "bgr24", "-f", "rawvideo", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)
