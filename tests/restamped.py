"""Counting videos whose time stamps are wrong: the pictures of a good clip, packed again with other stamps.

`restamp` writes them; `CLIPS` is the table of kinds. Nothing is encoded here, so that the pictures stay those of the
good clip, in its order, whatever the stamps say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

import av

from tests.videos import build

MS = Fraction(1, 1000)
STEP = 40
"""Milliseconds between the frames of the clips that these are made of."""


@dataclass(frozen=True)
class Restamped:
    """One clip. `wrong` maps the number of a frame to its stamp in ms; where that is usable `times` says so."""

    source: str
    suffix: str
    wrong: Mapping[int, int] = field(default_factory=dict)
    every: Callable[[int], int] = lambda number: number * STEP
    """The stamp of every other frame, ms."""
    times: Callable[[int], float] | None = None
    """The right time of a frame, ms after the first stamp's clock; `None`: that of `every`."""
    repaired: frozenset[int] = frozenset()
    """Frames whose times are not those of their stamps."""
    counted: bool = True
    """Whether only the order names the frames."""

    def time_of(self, number: int) -> float:
        return (self.times or self.every)(number)

    def make(self, folder: Path, name: str) -> Path:
        path = folder / f"{name}{self.suffix}"
        if not path.exists():
            restamp(build(self.source), path, lambda n: self.wrong.get(n, self.every(n)))
        return path


def restamp(source: Path, path: Path, stamp: Callable[[int], int]) -> None:
    """Packs the video of `source` again; frame n of it gets the pts `stamp(n)` ms.

    The dts rise with the packets and stay below all later pts, as every format wants it.
    """
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        packets = [p for p in old.demux(video=0) if p.size]
        shown = sorted(p.pts for p in packets)
        stamps = [stamp(shown.index(p.pts)) for p in packets]
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.time_base = MS
        for i, packet in enumerate(packets):
            packet.time_base, packet.stream = MS, stream
            packet.pts, packet.dts = stamps[i], min(stamps[i:]) - (len(packets) - i)
            new.mux(packet)


def drop_pts(source: Path, path: Path, which: set[int]) -> None:
    """Copies an MPEG-TS and takes the time stamps out of some of its pictures (packets in the order of the file)."""
    data, seen = bytearray(source.read_bytes()), -1
    for at in range(0, len(data), 188):
        start = data.find(b"\x00\x00\x01\xe0", at, at + 188)
        if data[at + 1] & 0x40 and start >= 0:
            seen += 1
            if seen in which:
                length = data[start + 8]
                data[start + 7] &= 0x3F
                data[start + 9 : start + 9 + length] = b"\xff" * length
    path.write_bytes(data)


def _pairs(number: int) -> int:
    return number // 2 * 2 * STEP


def _uneven(number: int) -> int:
    """Frames last 40, 10 and 70 ms in turn."""
    return number // 3 * 120 + (0, 40, 50)[number % 3]


def _with_repeats(number: int) -> int:
    return _uneven(number - (number % 10 == 4))


def _restarted(at: int, number: int) -> int:
    return (number if number < at else number - at) * STEP


FAR = 30_000
CLIPS: dict[str, Restamped] = {
    "far-mp4": Restamped("h264-shortgop", ".mp4", {50: FAR, 51: FAR + STEP}, repaired=frozenset({50, 51})),
    "far-equal-mkv": Restamped("h264-shortgop", ".mkv", {50: FAR, 51: FAR}, repaired=frozenset({50, 51})),
    "far-first": Restamped("h264-25", ".mkv", {0: FAR}, repaired=frozenset({0})),
    "far-at-key": Restamped("h264-shortgop", ".mkv", {60: FAR}, repaired=frozenset({60})),
    "far-at-b-frame": Restamped("h264-25", ".mkv", {64: FAR}, repaired=frozenset({64})),
    "early-one": Restamped("h264-25", ".mkv", {70: 7}, repaired=frozenset({70})),
    "early-last": Restamped("h264-25", ".mkv", {119: 100}, repaired=frozenset({119})),
    "a-block-far-off": Restamped("h264-shortgop", ".mkv", {n: FAR + n * STEP for n in range(40, 60)},
                                 repaired=frozenset(range(40, 60))),
    "one-repeat": Restamped("h264-25", ".mkv", {31: 30 * STEP},
                            times=lambda n: (30 if n == 31 else n) * STEP),
    "pairs": Restamped("h264-allintra", ".mkv", every=_pairs),
    "pairs-with-b-frames": Restamped("h264-25", ".mkv", every=_pairs),
    "all-equal": Restamped("h264-25", ".mkv", every=lambda n: 1000),
    "uneven-repeats": Restamped("h264-opengop", ".mkv", every=_with_repeats),
    "uneven-mp4": Restamped("h264-opengop", ".mp4", every=_uneven, counted=False),
    "hevc-far": Restamped("hevc-opengop", ".mkv", {77: FAR}, repaired=frozenset({77})),
    "vp9-repeat": Restamped("vp9", ".mkv", {33: 32 * STEP}, times=lambda n: (32 if n == 33 else n) * STEP),
    "restart": Restamped("h264-shortgop", ".mkv", every=partial(_restarted, 72), times=lambda n: n * STEP,
                         repaired=frozenset(range(72, 120))),
    "negative": Restamped("h264-25", ".mkv", every=lambda n: n * STEP - 2000, counted=False),
}  # fmt: skip
"""Each kind; the numbers in the pictures are always 0 to 119."""
DISPROVED: dict[str, Restamped] = {
    "a-little-late": Restamped("h264-25", ".mkv", {62: 65 * STEP + 7}, repaired=frozenset({62})),
    "a-little-early": Restamped("h264-25", ".mkv", {94: 91 * STEP + 7}, repaired=frozenset({94})),
    "late-in-hevc": Restamped("hevc-closed", ".mkv", {40: 42 * STEP + 9}, repaired=frozenset({40})),
}
"""Stamps that a coder could have given: only a decoder shows that the order of the frames is another."""
