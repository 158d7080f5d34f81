"""How many files and bytes a configuration would give, told by a few windows that are made in memory."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from core.pipeline.patches.config import Config
from core.pipeline.patches.cutting import crops_of, stacks_of
from core.pipeline.patches.outcome import Estimated
from core.pipeline.patches.planned import planned
from core.pipeline.patches.samples import Sample, sample_count, samples
from core.step import Step, each
from core.video import images

SAMPLES = 24
ESTIMATING = "making samples"


def estimate(config: Config, folder: Path) -> Generator[Step, None, Estimated]:
    """Yields after each sample; returns what there would be. Nothing is written.

    Raises:
        SourceError: a video cannot be opened.
    """
    done = itertools.count(1)
    total = sample_count(config, SAMPLES)
    return (yield from each(estimating(config, folder), lambda _: Step(ESTIMATING, next(done), total, unit="windows")))


def estimating(config: Config, folder: Path) -> Generator[Sample, None, Estimated]:
    """Yields each sample when it was measured; returns what there would be. Raises as ``estimate``."""
    windows, patches = planned(config)
    sizes: dict[str, list[int]] = {name: [] for name in config.categories}
    with closing(samples(config, SAMPLES)) as found:
        for sample in found:
            for name, size in _sizes(config, sample):
                sizes[name].append(size)
            yield sample
    usual = [size for of_category in sizes.values() for size in of_category]
    mean = sum(usual) / len(usual) if usual else 0.0
    total = sum(
        number * (sum(sizes[name]) / len(sizes[name]) if sizes[name] else mean) for name, number in patches.items()
    )
    count = sum(patches.values()) * (1 + len(config.settings.lr_versions))
    return Estimated(str(folder), windows, patches, count, round(total), free_at(folder))


def free_at(folder: Path) -> int:
    """Returns the bytes that are free where a folder is, or would be."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(there).free


def _sizes(config: Config, sample: Sample) -> list[tuple[str, int]]:
    found = []
    for cut in sample.cuts:
        stacks = stacks_of(crops_of(sample.pixels, cut), cut.format.lr, config.settings)
        pictures = (stacks.gt, *stacks.lr.values())
        found.append((cut.category, sum(len(images.encode_png(picture)) for picture in pictures)))
    return found
