"""What a configuration asks for, told by itself: how much, and whether it is another one. No video is opened."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from core.pipeline.patches.config import Config
from core.pipeline.patches.windows import windows_of
from core.settings.model import facts_of, to_mapping
from core.settings.patches import PatchSettings


def planned(config: Config) -> tuple[int, dict[str, int]]:
    """Returns the windows of all videos, and for each category its patches where every window is stable."""
    windows, patches = 0, dict.fromkeys(config.categories, 0)
    for video in config.videos:
        for window in windows_of(config.settings, video.weights):
            windows += 1
            for name in window.categories:
                patches[name] += 1
    return windows, patches


def digest_of(config: Config) -> str:
    """Returns the digest of all that decides what is in the files: a folder holds patches of one."""
    kinds = facts_of(PatchSettings)
    settings = {
        name: float(value) if kinds[name].kind is float else value  # 45 and 45.0 are one
        for name, value in to_mapping(config.settings).items()
    }
    categories = {name: asdict(category) for name, category in config.categories.items()}
    for category in categories.values():
        category.pop("target")
    videos = [
        (video.name, sorted((name, float(weight)) for name, weight in video.weights.items())) for video in config.videos
    ]
    text = repr((sorted(settings.items()), sorted(categories.items()), videos))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
