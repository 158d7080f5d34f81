"""Damaged films by the hundred: whatever is broken in a file, every verb ends with a result or with one sentence.

    python -m tests.fuzz 1000 [--from SEED]     # any number of films; tests/video/test_fuzz.py has two

Here: the sound clips, the ways to damage them (`damaged(seed)` is one film on all machines with the same FFmpeg), and
the parent of a child process (fuzz_child.py) that runs the verbs: a hang or a crash of a decoder is seen and ends only
that.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.videos import DEFAULT_FOLDER, painted

ROOT = Path(__file__).parents[1]
FRAMES, SIZE = 48, (128, 72)
LIMIT_S = 60.0
"""A file on which all verbs together take longer hangs; a sound one takes half a second."""
START_S = 120.0
"""The first file of a child also loads the libraries, and compiles kernels on a new machine."""
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-g", "12", "-bf", "2", "-pix_fmt", "yuv420p")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "24", "-x265-params", "log-level=error:keyint=12:bframes=2")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-g", "12")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "4", "-g", "12", "-bf", "2")
CODECS = {"h264": H264, "hevc": HEVC, "vp9": VP9, "mpeg4": MPEG4}
FRONT = ("-movflags", "+faststart")
FRAGMENTS = ("-movflags", "+frag_keyframe+empty_moov")
CLIPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "h264.mp4": ("h264", FRONT), "hevc.mp4": ("hevc", ("-tag:v", "hvc1")), "mpeg4.mp4": ("mpeg4", FRONT),
    "vp9.mp4": ("vp9", ()), "h264-fragments.mp4": ("h264", FRAGMENTS), "h264.mov": ("h264", ()),
    "hevc.mov": ("hevc", FRONT), "mpeg4.mov": ("mpeg4", ()), "h264.mkv": ("h264", ()), "hevc.mkv": ("hevc", ()),
    "vp9.mkv": ("vp9", ()), "mpeg4.mkv": ("mpeg4", ()), "vp9.webm": ("vp9", ()), "h264.avi": ("h264", ()),
    "mpeg4.avi": ("mpeg4", ()), "h264.ts": ("h264", ()), "hevc.ts": ("hevc", ()),
}  # fmt: skip
"""File -> codec, options of the container: the pairs that occur."""
CHILD = Path(__file__).with_name("fuzz_child.py")


def clip(name: str, folder: Path = DEFAULT_FOLDER) -> bytes:
    """The bytes of a sound clip, made on first use."""
    path = folder / "fuzz-1" / name
    if not path.exists():
        codec, words = CLIPS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"unfinished-{os.getpid()}-{name}")
        painted(name, *CODECS[codec], *words, frames=FRAMES, size=SIZE, note="").make(unfinished, lambda _: path)
        unfinished.rename(path)
    return path.read_bytes()


# ---------------------------------------------------------------------------------------------------------------------
# Ways to damage a file
# ---------------------------------------------------------------------------------------------------------------------


def _flips(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 5, 40, 300))):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data) // 50, len(data)) :]


def _hole(data: bytearray, dice: random.Random) -> None:
    """Bytes are missing in the middle: what follows moves forward."""
    at = dice.randrange(len(data))
    del data[at : at + dice.choice((1, 7, 188, 900, 4096))]


def _zeroed(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 1, 4))):
        size = dice.choice((8, 200, 1500, 6000))
        at = dice.randrange(max(1, len(data) - size))
        data[at : at + size] = bytes(len(data[at : at + size]))


def _swapped(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 2, 6))):
        size = dice.choice((100, 900, 2500))
        first, second = sorted(dice.randrange(max(1, len(data) - size)) for _ in range(2))
        if second - first >= size:
            a, b = data[first : first + size], data[second : second + size]
            data[first : first + size], data[second : second + size] = b, a


def _head(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 3, 12))):
        data[dice.randrange(min(len(data), dice.choice((64, 600, 3000))))] = dice.randrange(256)


def _tail(data: bytearray, dice: random.Random) -> None:
    """The index of most MP4 and AVI files lies there."""
    for _ in range(dice.choice((1, 3, 12))):
        data[-1 - dice.randrange(min(len(data), dice.choice((200, 1500))))] = dice.randrange(256)


def _noise(data: bytearray, dice: random.Random) -> None:
    size = dice.choice((16, 400, 3000))
    at = dice.randrange(max(1, len(data) - size))
    data[at : at + size] = dice.randbytes(len(data[at : at + size]))


WAYS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flips, _cut, _hole, _zeroed, _swapped, _head, _tail, _noise,
)  # fmt: skip


def damaged(seed: int) -> tuple[str, bytes]:
    """File name and bytes of the damaged film `seed`: clips and ways take turns, one film in four is damaged twice."""
    dice = random.Random(seed)
    name = tuple(CLIPS)[seed % len(CLIPS)]
    ways = [WAYS[seed // len(CLIPS) % len(WAYS)]]
    if dice.random() < 0.25:
        ways.append(dice.choice(WAYS))
    data = bytearray(clip(name))
    for way in ways:
        way(data, dice)
    words = "+".join(way.__name__.strip("_") for way in ways)
    return f"{seed:05d}-{words}-{name}", bytes(data)


# ---------------------------------------------------------------------------------------------------------------------
# The parent
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What came of many films."""

    films: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    """`verb code` -> films."""
    wrong: dict[str, list[str]] = field(default_factory=dict)
    """Film -> what was wrong with what the program made of it."""


class Child:
    """Looks at films in a process of its own, which is begun anew after a hang or a crash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def look_at(self, name: str, data: bytes) -> dict[str, object]:
        path = self._folder / name
        path.write_bytes(data)
        fresh = self._process is None
        process = self._process or self._begin()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            answered = bool(selector.select(START_S + LIMIT_S if fresh else LIMIT_S))
        line = process.stdout.readline() if answered else ""
        if not line:
            self._end()
            said = f"crashed (exit code {process.returncode})" if answered else f"no end within {LIMIT_S:.0f} s"
            return {"codes": {}, "wrong": [said]}
        path.unlink()
        for left in self._folder.iterdir():
            if left.is_file():
                left.unlink()
        answer: dict[str, object] = json.loads(line)
        return answer

    def _begin(self) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, str(CHILD)],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


def tally(seeds: Iterable[int], folder: Path, told: Callable[[int, Tally], None] = lambda *_: None) -> Tally:
    """Looks at the films `seeds` one after the other; films that went wrong stay in `folder`/wrong."""
    found = Tally()
    (folder / "work").mkdir(parents=True, exist_ok=True)
    with Child(folder / "work") as child:
        for seed in seeds:
            name, data = damaged(seed)
            answer = child.look_at(name, data)
            found.films += 1
            found.codes.update(f"{verb} {code}" for verb, code in dict(answer["codes"]).items())
            if answer["wrong"]:
                found.wrong[name] = list(answer["wrong"])
                (folder / "wrong").mkdir(exist_ok=True)
                (folder / "wrong" / name).write_bytes(data)
            told(seed, found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Looks at damaged films with every verb that reads a video.")
    parser.add_argument("films", nargs="?", type=int, default=1000)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="SEED")
    args = parser.parse_args()
    folder, since = Path(tempfile.mkdtemp(prefix="framesieve-fuzz-")), time.perf_counter()

    def told(seed: int, found: Tally) -> None:
        if found.films % 50 == 0 or (found.wrong and list(found.wrong)[-1].startswith(f"{seed:05d}")):
            print(f"{found.films} films, {len(found.wrong)} wrong, {time.perf_counter() - since:.0f} s", flush=True)

    found = tally(range(args.first, args.first + args.films), folder, told)
    for code, count in sorted(found.codes.items()):
        print(f"{count:6d}  {code}")
    for name, said in found.wrong.items():
        print(f"\n{folder / 'wrong' / name}\n  " + "\n  ".join(said))
    print(f"\n{found.films} films, {len(found.wrong)} wrong, {time.perf_counter() - since:.0f} s")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
