"""The benchmark clips: one minute of 1080p from real media, and longer ones made by looping its packets.

Here: how a clip is made and kept in `benchmarks/cache`. Not here: what is measured on it.

    python benchmarks/clips.py 1 10 60
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(__file__).resolve().parent / "cache"
RATE = 30
WIDTH, HEIGHT = 1920, 1080
GOP = 60
FRAMES_PER_MINUTE = 60 * RATE


def clip(minutes: int = 1, folder: Path = CACHE) -> Path:
    """A 1920x1080, 30 fps, H.264 clip of `minutes` times 1800 frames, without sound, GOP 60, B-frames.

    One minute is encoded from the real media of `FRAMESIEVE_TEST_ASSETS`, else `../shared`, and from a moving test
    pattern where there are none (its name says which: `real` or `made`). Longer clips repeat its packets.
    """
    if minutes < 1:
        raise ValueError(f"A benchmark clip is a whole number of minutes from 1 up, not {minutes}.")
    media = _media()
    path = folder / f"{'real' if media else 'made'}-1080p-{minutes}min.mp4"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        unfinished = Path(work) / path.name
        if minutes == 1:
            _encode(media, unfinished)
        else:
            _loop(clip(1, folder), minutes, unfinished)
        os.replace(unfinished, path)
    return path


def beginning(seconds: int, folder: Path = CACHE) -> Path:
    """The first seconds of `clip(1)`, its packets copied."""
    whole = clip(1, folder)
    path = whole.with_name(whole.name.replace("1min", f"{seconds}s"))
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            unfinished = Path(work) / path.name
            _ffmpeg("-i", str(whole), "-t", str(seconds), "-c", "copy", "-movflags", "+faststart", str(unfinished))
            os.replace(unfinished, path)
    return path


def distinct(folder: Path = CACHE) -> Path:
    """As `clip(1)`, but with each frame of the media once: at another rate than theirs, and none is shown twice."""
    path = folder / "distinct-1080p-1min.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            unfinished = Path(work) / path.name
            _encode(_media(), unfinished, f"settb=1/{RATE},setpts=N,fps={RATE}")
            os.replace(unfinished, path)
    return path


def cut_up(cuts: int = 20, folder: Path = CACHE) -> Path:
    """A minute as `distinct` gives it, of so many and one more pieces of the media, no two neighbours of one clip."""
    path = folder / f"cut-{cuts}-1080p-1min.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        media, each = _media(), -(-FRAMES_PER_MINUTE // (cuts + 1))
        scale = f"scale={WIDTH}:{HEIGHT}:flags=bicubic,setsar=1,format=yuv420p"
        graph, inputs = "", []
        for i in range(cuts + 1):
            inputs += ["-i", str(media[i % len(media)])]
            graph += f"[{i}:v:0]trim=end_frame={each},{scale},settb=1/{RATE},setpts=N,fps={RATE}[v{i}];"
        graph += "".join(f"[v{i}]" for i in range(cuts + 1)) + f"concat=n={cuts + 1}:v=1:a=0[out]"
        with tempfile.TemporaryDirectory(dir=folder) as work:
            unfinished = Path(work) / path.name
            _write((inputs, graph), unfinished)
            os.replace(unfinished, path)
    return path


def _media() -> list[Path]:
    assets = Path(os.environ.get("FRAMESIEVE_TEST_ASSETS", ROOT.parent / "shared"))
    return sorted((assets / "media").glob("*.mp4"))


def _encode(media: list[Path], path: Path, timing: str = f"fps={RATE}") -> None:
    _write(_from_media(media, timing) if media else _from_pattern(), path)


def _write(made: tuple[list[str], str], path: Path) -> None:
    inputs, graph = made
    _ffmpeg(
        *inputs,
        "-filter_complex", graph,
        "-map", "[out]",
        "-frames:v", str(FRAMES_PER_MINUTE),
        "-c:v", "libx264",
        "-preset", "veryfast",
        "-crf", "21",
        "-g", str(GOP),
        "-pix_fmt", "yuv420p",
        "-movflags", "+faststart",
        str(path),
    )  # fmt: skip


def _from_media(media: list[Path], timing: str) -> tuple[list[str], str]:
    chosen: list[Path] = []
    total_s = 0.0
    for source in cycle(media):
        if total_s > 90:
            break
        chosen.append(source)
        total_s += _duration_s(source)
    one = f"scale={WIDTH}:{HEIGHT}:flags=bicubic,setsar=1,{timing},format=yuv420p"
    each = "".join(f"[{i}:v:0]{one}[v{i}];" for i in range(len(chosen)))
    joined = "".join(f"[v{i}]" for i in range(len(chosen)))
    inputs = [word for source in chosen for word in ("-i", str(source))]
    return inputs, f"{each}{joined}concat=n={len(chosen)}:v=1:a=0[out]"


def _from_pattern() -> tuple[list[str], str]:
    source = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}:duration=61"
    return ["-f", "lavfi", "-i", source], "[0:v]noise=alls=6:allf=t:all_seed=1,format=yuv420p[out]"


def _loop(minute: Path, times: int, path: Path) -> None:
    names = path.with_suffix(".txt")
    names.write_text(f"file '{minute.resolve()}'\n" * times, encoding="utf-8")
    _ffmpeg("-f", "concat", "-safe", "0", "-i", str(names), "-c", "copy", "-movflags", "+faststart", str(path))


def _duration_s(path: Path) -> float:
    argv = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


def _ffmpeg(*words: str) -> None:
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-y", *words]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"FFmpeg did not make the clip: {done.stderr.strip()[-800:]}")


if __name__ == "__main__":
    for word in sys.argv[1:] or ["1"]:
        print(clip(int(word)))
