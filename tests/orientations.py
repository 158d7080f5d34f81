"""Files that state the orientation of their pictures in every place there is for it.

The pictures are counting pictures of 320x180 (or 180x320) that are upright once a player has obeyed. Not here: any code
of Framesieve; the files are made by FFmpeg, and boxes, elements and messages are written byte by byte.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import av
import numpy as np

from tests.videos import mirrored_matrix, paint, stored, with_matrix

FRAMES = 12
EIGHT = tuple((turn, mirrored) for mirrored in (False, True) for turn in (0, 90, 180, 270))
"""(Degrees clockwise, mirrored left to right before)."""
SEI_DISPLAY_ORIENTATION = 47
"""Payload type in ITU-T H.264 (D.1.27) and H.265 (D.2.17)."""


def matrix_of(turn: int, mirrored: bool) -> tuple[int, int, int, int]:
    """a, b, c, d of ISO/IEC 14496-12: x' = a x + c y, y' = b x + d y, with y downwards."""
    plain = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    return mirrored_matrix(turn) if mirrored else plain[turn]


def shown_size(turn: int) -> tuple[int, int]:
    return (180, 320) if turn % 180 else (320, 180)


def encoded(path: Path, turn: int, mirrored: bool, codec: str = "libx264", *words: str) -> Path:
    """A file without any word about orientation, whose pictures are upright after (turn, mirrored)."""
    pixels = b"".join(stored(paint(n, *shown_size(turn)), turn, mirrored).tobytes() for n in range(FRAMES))
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        "320x180",
        "-r",
        "25",
        "-i",
        "-",
    ]
    argv += ["-c:v", codec, "-preset", "ultrafast", "-crf", "18", "-g", "6", "-pix_fmt", "yuv420p", *words, str(path)]
    subprocess.run(argv, input=pixels, check=True)
    return path


def in_track(path: Path, turn: int, mirrored: bool) -> Path:
    encoded(path, turn, mirrored)
    path.write_bytes(with_matrix(path.read_bytes(), matrix_of(turn, mirrored)))
    return path


def in_long_track(path: Path, turn: int, mirrored: bool) -> Path:
    """The track header in version 1, with times of 64 bits, 12 bytes longer."""
    data = bytearray(in_track(path, turn, mirrored).read_bytes())
    at = data.index(b"tkhd")
    for box in (b"moov", b"trak", b"tkhd"):
        size = data.index(box) - 4
        data[size : size + 4] = (int.from_bytes(data[size : size + 4]) + 12).to_bytes(4)
    created, changed, track, spare, length = (data[at + 8 + 4 * i : at + 12 + 4 * i] for i in range(5))
    zero = bytes(4)
    data[at + 4] = 1
    data[at + 8 : at + 28] = zero + created + zero + changed + track + spare + zero + length
    path.write_bytes(data)
    return path


def in_movie(path: Path, turn: int, mirrored: bool) -> Path:
    """In the movie header; the track says nothing."""
    encoded(path, turn, mirrored)
    path.write_bytes(with_matrix(path.read_bytes(), matrix_of(turn, mirrored), "mvhd"))
    return path


def in_both(path: Path, turn: int, mirrored: bool) -> Path:
    """The track turns by 90 degrees, and what the movie does after that makes the whole."""
    a, b, c, d = matrix_of((turn + (90 if mirrored else -90)) % 360, mirrored)
    encoded(path, turn, mirrored)
    data = with_matrix(path.read_bytes(), (0, 1, -1, 0))
    path.write_bytes(with_matrix(data, (a, b, c, d), "mvhd"))
    return path


def in_matroska(path: Path, turn: int, mirrored: bool) -> Path:
    """As ProjectionPoseRoll and ProjectionPoseYaw: copied from an MP4 by a muxer that knows them."""
    source = in_track(path.with_suffix(".mp4"), turn, mirrored)
    target = path.with_suffix(".mkv")
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = written.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.size:
                packet.stream = stream
                written.mux(packet)
    return target


def in_bitstream(path: Path, turn: int, mirrored: bool, codec: str = "libx264") -> Path:
    """As a message before every key frame: mirror, then turn counter-clockwise by so many 65536ths of a circle."""
    hevc = codec == "libx265"
    bare = encoded(path.with_suffix(".hevc" if hevc else ".h264"), turn, mirrored, codec, *(QUIET if hevc else ()))
    message = _message(hevc, mirrored, (360 - turn) % 360 * 65536 // 360)
    units = re.split(rb"(?=\x00\x00\x00\x01|(?<!\x00)\x00\x00\x01)", bare.read_bytes())
    bare.write_bytes(b"".join(message + unit if _is_key(unit, hevc) else unit for unit in units))
    argv = ["ffmpeg", "-v", "error", "-y", "-r", "25", "-i", str(bare), "-c", "copy", str(path)]
    subprocess.run(argv, check=True)
    return path


def in_bitstream_of_hevc(path: Path, turn: int, mirrored: bool) -> Path:
    return in_bitstream(path, turn, mirrored, "libx265")


QUIET = ("-x265-params", "log-level=none:keyint=6:min-keyint=6:bframes=0")
PLACES = {
    "track": in_track,
    "long-track": in_long_track,
    "movie": in_movie,
    "both": in_both,
    "matroska": in_matroska,
    "h264": in_bitstream,
    "hevc": in_bitstream_of_hevc,
}


def _is_key(unit: bytes, hevc: bool) -> bool:
    if b"\1" not in unit[:4]:
        return False
    head = unit[unit.index(b"\1") + 1]
    return 16 <= head >> 1 & 63 <= 21 if hevc else head & 31 == 5


def _message(hevc: bool, mirrored: bool, turn: int) -> bytes:
    """Cancel flag 0, horizontal and vertical flip, angle, and that it holds on (H.264 then has an extension flag)."""
    bits = f"0{int(mirrored)}0{turn:016b}" + ("1" if hevc else "0100") + "1"
    payload = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))
    raw = (b"\x4e\x01" if hevc else b"\x06") + bytes([SEI_DISPLAY_ORIENTATION, len(payload)]) + payload + b"\x80"
    return b"\0\0\0\1" + re.sub(rb"\x00\x00(?=[\x00-\x03])", lambda _: b"\0\0\3", raw)


def slow_twin(picture: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Each point of a stored picture put where the matrix says, then moved so that the first is at (0, 0)."""
    a, b, c, d = matrix
    placed = {
        (a * x + c * y, b * x + d * y): picture[y, x] for y in range(picture.shape[0]) for x in range(picture.shape[1])
    }
    left, top = min(x for x, _ in placed), min(y for _, y in placed)
    width, height = max(x for x, _ in placed) - left + 1, max(y for _, y in placed) - top + 1
    shown = np.zeros((height, width, *picture.shape[2:]), picture.dtype)
    for (x, y), value in placed.items():
        shown[y - top, x - left] = value
    return shown
