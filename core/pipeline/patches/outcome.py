"""What ``patches`` tells: of a call, of one that writes nothing, of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import FramesieveError, RunError
from core.step import Outcome
from core.store.patch_dir import Status
from core.wording import plural

WHY = {
    "undecodable": "a frame cannot be decoded",
    "unstable": "the picture changes too much",
    "cut": "a cut inside",
    "duplicate": "a frame shown twice",
    "motion": "too little or too much motion",
    "too_short": "the video has fewer than seven frames",
    "too_small": "the format is larger than the picture",
    "detail": "too little detail",
    "small_file": "the file would be too small",
}
"""Reason -> words."""


def summed(parts: list[dict[str, int]]) -> dict[str, int]:
    """Returns the sums by name, in the order of ``WHY`` where they are reasons."""
    total: dict[str, int] = {}
    for part in parts:
        for name, number in part.items():
            total[name] = total.get(name, 0) + number
    order = list(WHY)
    return dict(sorted(total.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


def told(reasons: Mapping[str, int]) -> str:
    """Returns ``"a cut inside: 12, a frame shown twice: 3"``."""
    return ", ".join(f"{WHY.get(reason, reason)}: {number}" for reason, number in reasons.items())


def tracked(status: Status) -> str:
    """Returns how far the categories are, what is on the disk and how many tries are taken, in one line."""
    taken = sum(state.taken for state in status.videos.values())
    failed = sum(sum(state.tries.values()) for state in status.videos.values())
    wanted = {name: f" of {target}" for name, target in status.targets.items()}
    each = [f"{name} {number}{wanted.get(name, '')}" for name, number in status.patches.items()]
    rate = f"; {100 * taken // max(1, taken + failed)} % of the tries taken" if taken + failed else ""
    return f"{', '.join(each)}; {status.bytes / 1e9:.2f} GB{rate}"


@dataclass(frozen=True)
class Patched(Outcome):
    """What was written."""

    folder: str
    patches: dict[str, int]
    """Category -> patches."""
    targets: dict[str, int]
    windows: int
    taken: int
    """Windows that gave patches."""
    lost: int
    """Windows of which no try was stable."""
    tries: dict[str, int]
    """Reason -> tries that failed."""
    missed: dict[str, int]
    """Reason -> patches that a window did not give."""
    bytes: int

    @classmethod
    def of(cls, folder: str, status: Status) -> Patched:
        """From a checkpoint."""
        states = list(status.videos.values())
        return cls(
            folder,
            dict(status.patches),
            dict(status.targets),
            sum(state.windows for state in states),
            sum(state.taken for state in states),
            sum(state.lost for state in states),
            summed([state.tries for state in states]),
            summed([state.missed for state in states]),
            status.bytes,
        )

    def lines(self) -> list[str]:
        """All of it, the categories one by one."""
        total = sum(self.patches.values())
        said = [
            f"{total} {'patch' if total == 1 else 'patches'} of {self.taken} of {plural(self.windows, 'window')} in "
            f"{self.folder}, {self.bytes / 1e9:.2f} GB"
        ]
        for name, number in self.patches.items():
            said.append(f"  {name}: {number}" + (f" of {self.targets[name]} wanted" if name in self.targets else ""))
        if self.tries:
            said.append(f"  tries that were not taken: {told(self.tries)}")
        if self.missed:
            said.append(f"  patches that were left out: {told(self.missed)}")
        if self.lost:
            said.append(f"  windows without a stable instant: {self.lost}")
        return said


@dataclass(frozen=True)
class Estimated(Outcome):
    """What there would be; nothing is written."""

    folder: str
    windows: int
    patches: dict[str, int]
    """Category -> patches, where every window is stable."""
    files: int
    bytes: int
    """About so many: from a few windows that were made in memory."""
    free: int
    """Bytes that are free where they would be written."""

    def lines(self) -> list[str]:
        """One line, then the categories."""
        return [
            f"{plural(self.windows, 'window')}, {plural(self.files, 'file')}, about {self.bytes / 1e9:.2f} GB in "
            f"{self.folder} ({self.free / 1e9:.1f} GB are free); nothing was written",
            *(f"  {name}: {number}" for name, number in self.patches.items()),
        ]


@dataclass(frozen=True)
class Verified(Outcome):
    """How the files of a folder stand to its manifest."""

    folder: str
    patches: int
    missing: list[str]
    """Files of the manifest that are not there."""
    wrong: list[str]
    """Files that are not pictures of the size that the manifest says."""
    unlisted: list[str]
    """Pictures that the manifest does not know."""

    def brief(self) -> dict[str, Any]:
        """Numbers alone."""
        names = {name: len(getattr(self, name)) for name in ("missing", "wrong", "unlisted")}
        return {"folder": self.folder, "patches": self.patches, **names}

    def lines(self) -> list[str]:
        """All is well, or what is not, at most twenty of each kind."""
        said = [f"{self.patches} patches of {self.folder} were checked"]
        for name, title in (
            ("missing", "missing"),
            ("wrong", "damaged or of another size"),
            ("unlisted", "not listed"),
        ):
            found: list[str] = getattr(self, name)
            said += [f"  {title}: {path}" for path in found[:20]]
            said += [f"  ... and {len(found) - 20} more that are {title}"] if len(found) > 20 else []
        return said

    def shortfall(self) -> FramesieveError | None:
        """An error where files are missing or damaged: they have to be made again."""
        bad = len(self.missing) + len(self.wrong)
        if not bad:
            return None
        return RunError(
            f"{plural(bad, 'file')} of {self.folder} not as its manifest says; delete the folder and make it anew.",
            code="not_verified",
        )
