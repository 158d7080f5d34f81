"""Clips that hold what nobody keeps, for ``benchmarks.judgement``: how much of it is among their best half.

Frames of a real clip, and between them static, blank, credits, test cards, a dissolve and combed frames, as x264 leaves
them.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from core.pipeline.extraction import extract_records
from core.pipeline.judging import settle_records
from core.settings.extract import ExtractSettings

WIDTH, HEIGHT, RATE = 960, 540, 25
EACH = 14
"""Frames of each kind of junk; of the dissolve ``FADE``."""
FADE, NEARLY = 24, 2
"""Frames of the dissolve; of them those at each end are more than 90 % of one picture, and are not counted."""
CARDS = ("smptebars", "smptehdbars", "pal75bars", "testsrc", "testsrc2")
WORDS = ("DIRECTED BY", "Ann Onymous", "Camera", "Jo Bloggs, Max Mustermann", "Sound", "Thanks to all who helped")
Frames = list[Any]


def best_half(clips: list[Path]) -> dict[str, Any]:
    """Returns for each clip how many frames of which kind are among its best half, besides real ones.

    Where less than that half is real, of nine tenths as many as are.
    """
    rng, found = np.random.default_rng(3), {}
    for clip, other in zip(clips, clips[1:] + clips[:1], strict=True):
        frames, kinds = _mixed(clip, other, rng)
        with tempfile.TemporaryDirectory() as work:
            path = Path(work) / "mixed.mp4"
            _encode(frames, path)
            settings = ExtractSettings(method="all", save_frames=False)
            records = list(extract_records(path, settings, out=Path(work) / "run"))
        settle_records(records)
        scores = np.array([record.to_mapping()["picture_score"] or 0.0 for record in records])
        half = min(len(kinds) // 2, kinds.count("real") * 9 // 10)
        best = np.argsort(-scores, kind="stable")[:half]
        found[clip.stem] = {"half": half, "not real": dict(Counter(kinds[i] for i in best if kinds[i] != "real"))}
    return found


def _mixed(clip: Path, other: Path, rng: np.random.Generator) -> tuple[Frames, list[str]]:
    real, second = _real(clip, 400), _real(other, FADE)
    junk: dict[str, Frames] = {
        "static": [np.repeat(rng.integers(0, 256, (HEIGHT, WIDTH, 1), np.uint8), 3, axis=2) for _ in range(EACH)],
        "coarse static": [_larger(rng.integers(0, 256, (HEIGHT // 2, WIDTH // 2, 3), np.uint8)) for _ in range(EACH)],
        "black": [np.full((HEIGHT, WIDTH, 3), 2, np.uint8)] * EACH,
        "white": [np.full((HEIGHT, WIDTH, 3), 250, np.uint8)] * EACH,
        "slow credits": _credits(2, 22),
        "fast credits": _credits(6, 34),
        "small credits": _credits(3, 14),
        **{card: _card(card) for card in CARDS},
        "combed": [np.where(np.arange(HEIGHT)[:, None, None] % 2, real[i + 2], real[i]) for i in range(60, 60 + EACH)],
        "dissolve": [
            cv2.addWeighted(real[-FADE + i], 1 - (i + 0.5) / FADE, second[i], (i + 0.5) / FADE, 0) for i in range(FADE)
        ],
    }
    frames, kinds = [], []
    pieces = np.array_split(np.arange(len(real) - FADE), len(junk))
    for piece, (kind, some) in zip(pieces, junk.items(), strict=True):
        frames += [real[i] for i in piece] + some
        kinds += ["real"] * len(piece) + [kind] * len(some)
    kinds[-FADE:] = ["real" if not NEARLY <= i < FADE - NEARLY else "dissolve" for i in range(FADE)]
    return frames, kinds


def _real(clip: Path, most: int) -> Frames:
    frames: Frames = []
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            if len(frames) >= most:
                break
            picture = frame.to_ndarray(format="bgr24")
            frames.append(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    while len(frames) < 200:  # a short clip runs back and forth
        frames += frames[-2::-1]
    return frames[:most]


def _larger(picture: Any) -> Any:
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)


def _credits(speed: int, size: int) -> Frames:
    """White words on black that run up, so many pixels a frame."""
    roll = np.zeros((2 * HEIGHT + speed * EACH, WIDTH, 3), np.uint8)
    for line in range(len(roll) // (2 * size)):
        text = WORDS[line % len(WORDS)]
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size / 28, 2)
        place = (WIDTH - width) // 2, 2 * size * line + size
        cv2.putText(roll, text, place, cv2.FONT_HERSHEY_SIMPLEX, size / 28, (235, 235, 235), 2, cv2.LINE_AA)
    return [roll[speed * i : speed * i + HEIGHT].copy() for i in range(EACH)]


def _card(source: str) -> Frames:
    words = ("-f", "lavfi", "-i", f"{source}=s={WIDTH}x{HEIGHT}", "-frames:v", str(EACH))
    raw = subprocess.run(
        ("ffmpeg", "-v", "error", *words, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"), capture_output=True, check=True
    ).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(EACH, HEIGHT, WIDTH, 3))


def _encode(frames: Frames, path: Path) -> None:
    raw = ("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-")
    coded = ("-c:v", "libx264", "-crf", "16", "-preset", "veryfast", "-pix_fmt", "yuv420p")
    pixels: Iterator[bytes] = (np.ascontiguousarray(frame).tobytes() for frame in frames)
    subprocess.run(("ffmpeg", "-v", "error", "-y", *raw, *coded, path), input=b"".join(pixels), check=True)
