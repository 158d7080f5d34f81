"""``fetch_weights``: weights that Ultralytics offers by name, and checkpoints of SAM 2."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from core.models.yolo_weights import download
from core.settings.review import WeightsArguments
from core.step import Outcome, Step, each


@dataclass(frozen=True)
class WeightsFetched(Outcome):
    """Weights that are on this machine now."""

    path: str

    def lines(self) -> list[str]:
        """The file."""
        return [self.path]


def fetch_weights(arguments: WeightsArguments) -> Generator[Step, None, WeightsFetched]:
    """Downloads weights, in this process; only when a person says so. Raises ``WeightsError``."""
    if arguments.name.startswith("sam2"):
        return (yield from _checkpoint(arguments))
    yield Step(f"downloading {arguments.name}")
    return WeightsFetched(str(download(arguments.name, arguments.out)))


def _checkpoint(arguments: WeightsArguments) -> Generator[Step, None, WeightsFetched]:
    from core.models.sam2_weights import fetch_checkpoint

    title = f"downloading {arguments.name}"
    found = yield from each(
        fetch_checkpoint(arguments.name, arguments.out),
        lambda sizes: Step(title, sizes[0], sizes[1], unit="bytes"),
    )
    return WeightsFetched(str(found))
