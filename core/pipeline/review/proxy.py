"""``proxy``: a copy of a video that browsers play, with the same frames under the same numbers."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from core.pipeline.review import proxies
from core.settings.review import ProxyArguments
from core.step import Outcome, Step, each


@dataclass(frozen=True)
class ProxyMade(Outcome):
    """The copy."""

    proxy: str
    frames: int

    def lines(self) -> list[str]:
        """One line."""
        return [f"{self.frames} frames in {self.proxy}"]


def proxy(arguments: ProxyArguments) -> Generator[Step, None, ProxyMade]:
    """Makes the copy of a video unless it is there. Raises as ``proxies.make``."""
    yield Step("reading the video's index")
    total = len(proxies.open_counted(arguments.video, arguments.downloads, arguments.stream).ledger)
    making = Step("making a copy that browsers play", 0, total)
    yield making
    path = yield from each(
        proxies.make(arguments.video, arguments.downloads, arguments.stream),
        lambda done: Step(making.phase, done, total),
    )
    return ProxyMade(str(path), total)
