"""The counting videos: clips whose frame number is painted in the pixels, so that a test can read it back.

Here: the painter and the reader of the number, the table of clips (`VARIANTS`), the table of files that are broken or
lie about themselves (`BROKEN`), and what FFmpeg itself says of a file (`truth`, `decoded`). Not here: any code of
Framesieve; the judge does not know the judged.

    path = build("h264-opengop", folder)      # once; later calls reuse the file
    assert [read_number(image) for image in ours(path)] == list(VARIANTS["h264-opengop"].expected)
"""

from __future__ import annotations

import getpass
import hashlib
import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache, partial
from pathlib import Path

import numpy as np

FRAMES = 120
SIZE = (320, 180)
SHOT = 40
"""Frames of one shot: at each multiple of it the picture changes as at a cut."""
DECOY = 1000
"""Added to every number of a picture that a correct reader must not show."""

# ---------------------------------------------------------------------------------------------------------------------
# The picture. The upper 36 % are a grid of 5 rows and 10 columns of dark and light cells: a column of markers on
# either side, and between them 20 pairs (bit, not bit): 16 bits of number and 4 check bits, most significant first.
# ---------------------------------------------------------------------------------------------------------------------

BAND = 0.36
ROWS, PAIRS = 5, 4
LEFT_MARKERS, RIGHT_MARKERS = (1, 1, 0, 1, 0), (1, 0, 0, 0, 1)
DARK, LIGHT = 24, 232
MIN_PAIR_DIFFERENCE = 60


class NumberError(ValueError):
    """The picture shows no number, a damaged one, or is not upright."""


def paint(number: int, width: int, height: int) -> np.ndarray:
    """The picture of frame `number`: (height, width, 3) uint8 RGB, width at least 64 and height at least 36.

    Below the code a grating moves; its contrast is `detail(number)`, so that sharpness, edges, contrast and entropy
    rise and fall with it, and its colours change at every multiple of `SHOT`.
    """
    if not 0 <= number < 1 << 16:
        raise ValueError(f"A frame number of 0 to 65535 can be painted, not {number}.")
    if width < 64 or height < 36:
        raise ValueError(f"A picture of at least 64x36 can carry a number, not {width}x{height}.")
    image = _texture(number, width, height)
    rows, columns = _edges(width, height)
    for row, cells in enumerate(_cells(number)):
        for column, light in enumerate(cells):
            image[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = LIGHT if light else DARK
    return image


def detail(number: int) -> float:
    """Contrast of the grating of frame `number`: 0.1 to 1, a triangle wave of 32 frames with its peak at 16."""
    return 1 - 0.9 * abs(number % 32 - 16) / 16


def read_number(image: np.ndarray) -> int:
    """The number painted in `image`: (H, W, 3) RGB or (H, W) gray, uint8, in display orientation, any scale.

    Raises:
        NumberError: there is none, it is damaged, or the picture is turned or mirrored.
    """
    gray = image if image.ndim == 2 else image.mean(axis=2)
    levels = _levels(np.asarray(gray, dtype=np.float32))
    pairs = levels[:, 1:-1].reshape(ROWS * PAIRS, 2)
    differences = pairs[:, 0] - pairs[:, 1]
    if np.abs(differences).min() < MIN_PAIR_DIFFERENCE:
        raise NumberError("The picture shows no number: the two halves of a bit look alike.")
    middle = levels[:, 1:-1].mean()
    markers = (tuple(levels[:, 0] > middle), tuple(levels[:, -1] > middle))
    if markers != (LEFT_MARKERS, RIGHT_MARKERS):
        raise NumberError("The picture is not upright: the markers beside the number are not where they belong.")
    value = int("".join("1" if d > 0 else "0" for d in differences), 2)
    number, check = value >> 4, value & 15
    if check != _check(number):
        raise NumberError(f"The picture shows {number} with check bits {check}, not {_check(number)}.")
    return number


def turns_to_upright(image: np.ndarray) -> int:
    """Counter-clockwise quarter turns (0-3, as `np.rot90` counts) that make the number of `image` readable."""
    for turns in range(4):
        try:
            read_number(np.rot90(image, turns))
        except NumberError:
            continue
        return turns
    raise NumberError("The picture shows no number in any orientation.")


def _cells(number: int) -> Iterator[list[int]]:
    bits = [int(bit) for bit in f"{number << 4 | _check(number):020b}"]
    for row in range(ROWS):
        pairs = [cell for bit in bits[row * PAIRS : (row + 1) * PAIRS] for cell in (bit, 1 - bit)]
        yield [LEFT_MARKERS[row], *pairs, RIGHT_MARKERS[row]]


def _check(number: int) -> int:
    return (number ^ number >> 4 ^ number >> 8 ^ number >> 12 ^ 0b0110) & 15


def _edges(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.linspace(0, height * BAND, ROWS + 1)
    columns = np.linspace(0, width, 2 * PAIRS + 3)
    return rows.round().astype(int), columns.round().astype(int)


def _levels(gray: np.ndarray) -> np.ndarray:
    """Mean level of the inner half of each cell, (ROWS, 2 * PAIRS + 2)."""
    rows = np.linspace(0, gray.shape[0] * BAND, ROWS + 1)
    columns = np.linspace(0, gray.shape[1], 2 * PAIRS + 3)
    inner = [[_inner(edges, i) for i in range(len(edges) - 1)] for edges in (rows, columns)]
    return np.array([[gray[row, column].mean() for column in inner[1]] for row in inner[0]])


def _inner(edges: np.ndarray, i: int) -> slice:
    start, stop = edges[i], edges[i + 1]
    quarter = (stop - start) / 4
    first = int(np.floor(start + quarter + 0.5))
    return slice(first, max(first + 1, int(np.floor(stop - quarter + 0.5))))


def _texture(number: int, width: int, height: int) -> np.ndarray:
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    shot = number // SHOT
    wave = np.sin(x * (0.5 + 0.2 * (shot % 3)) + number * 0.7) + np.sin(y * 0.6 - number * 0.45 + x * 0.11)
    wave *= 45 * detail(number)
    base = ((118, 96, 150), (150, 140, 84), (84, 128, 110), (176, 120, 120))[shot % 4]
    return np.stack([wave + level for level in base], axis=-1).clip(0, 255).astype(np.uint8)


# ---------------------------------------------------------------------------------------------------------------------
# The clips
# ---------------------------------------------------------------------------------------------------------------------

DEFAULT_FOLDER = Path(tempfile.gettempdir()) / f"framesieve-videos-{getpass.getuser()}"
Finder = Callable[[str], Path]
Painter = Callable[[int, int, int], np.ndarray]
"""Number, width and height -> (height, width, 3) uint8 RGB."""


@dataclass(frozen=True)
class Variant:
    """One counting video. `make(path, find)` writes it; `find(name)` gives the path of another one it is made from."""

    file: str
    make: Callable[[Path, Finder], None]
    expected: tuple[int, ...]
    """Numbers in the order in which a correct reader shows them."""
    note: str
    rate: Fraction = Fraction(25)
    size: tuple[int, int] = SIZE
    """Display width and height: after rotation, before the sample aspect ratio."""
    turn: int = 0
    """Degrees clockwise by which a player turns the stored picture."""
    mirrored: bool = False
    """Whether a player mirrors the stored picture left to right, before it turns it."""
    audio: bool = False


def build(name: str, folder: Path | None = None) -> Path:
    """The file of `VARIANTS[name]`, made on first use and kept under `folder`, by default a temporary folder of ours.

    Safe to call from several processes at once.
    """
    folder = folder or DEFAULT_FOLDER
    variant = VARIANTS[name]
    return _built(
        folder / _recipe(), name, variant.file, lambda path: variant.make(path, partial(build, folder=folder))
    )


def build_broken(name: str, folder: Path | None = None) -> Path:
    """The file (or directory, or link) of `BROKEN[name]`, as `build` does."""
    folder = folder or DEFAULT_FOLDER
    broken = BROKEN[name]
    find = partial(build, folder=folder)
    return _built(folder / _recipe(), f"broken-{name}", broken.file, lambda path: broken.make(path, find))


def _built(folder: Path, name: str, file: str, make: Callable[[Path], None]) -> Path:
    """Makes `folder/name/` in one step: other files that `make` leaves beside the wanted one arrive with it."""
    home = folder / name
    if not home.exists():
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder, prefix="unfinished-"))
        try:
            make(work / file)
            work.rename(home)
        except OSError:
            if not home.exists():
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return home / file


@cache
def _recipe() -> str:
    version = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True).stdout.splitlines()[0]
    return hashlib.sha256(Path(__file__).read_bytes() + version).hexdigest()[:12]


def _painted(
    path: Path,
    _find: Finder,
    words: tuple[str, ...],
    rate: Fraction,
    size: tuple[int, int],
    turn: int,
    mirrored: bool,
    frames: int,
    first_number: int,
    before: tuple[str, ...],
    inputs: tuple[str, ...],
    passes: int,
    picture: Painter,
) -> None:
    """Encodes pictures from `first_number` on: `before` stands before the painted input, `inputs` and `words` after."""
    width, height = size if turn % 180 == 0 else size[::-1]
    argv = [
        "ffmpeg", "-v", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(rate),
        *before, "-i", "-", *inputs,
        "-fps_mode", "passthrough", *words,
    ]  # fmt: skip
    pixels = _pixels(picture, first_number, frames, size, turn, mirrored)
    for i in range(passes):
        log = ("-pass", str(i + 1), "-passlogfile", str(path.with_suffix(""))) if passes > 1 else ()
        _run([*argv, *log, f"file:{path}"], pixels)
    if mirrored:
        path.write_bytes(with_matrix(path.read_bytes(), mirrored_matrix(turn)))
    elif turn:
        _set_matrix(path, turn)


@lru_cache(maxsize=2)
def _pixels(picture: Painter, first: int, count: int, size: tuple[int, int], turn: int, mirrored: bool) -> bytes:
    return b"".join(stored(picture(n, *size), turn, mirrored).tobytes() for n in range(first, first + count))


def stored(shown: np.ndarray, turn: int, mirrored: bool) -> np.ndarray:
    """The picture that a player turns into `shown` when it first mirrors it left to right and then turns it."""
    back = np.rot90(shown, turn // 90)
    return back[:, ::-1] if mirrored else back


def mirrored_matrix(turn: int) -> tuple[int, int, int, int]:
    """a, b, c, d of the display matrix that mirrors left to right and then turns clockwise."""
    return {0: (-1, 0, 0, 1), 90: (0, -1, -1, 0), 180: (1, 0, 0, -1), 270: (0, 1, 1, 0)}[turn]


def with_matrix(data: bytes, matrix: tuple[float, float, float, float], box: str = "tkhd") -> bytes:
    """An MP4 with another matrix in its first `tkhd` or `mvhd` box (of either version)."""
    changed = bytearray(data)
    at = changed.index(box.encode()) + 4
    offset = {"tkhd": (40, 52), "mvhd": (36, 48)}[box][changed[at]]
    numbers = dict(zip((0, 1, 3, 4), (round(number * 65536) for number in matrix), strict=True)) | {8: 1 << 30}
    for i in range(9):
        changed[at + offset + 4 * i : at + offset + 4 * i + 4] = numbers.get(i, 0).to_bytes(4, "big", signed=True)
    return bytes(changed)


def _set_matrix(path: Path, turn: int) -> None:
    """Writes a display matrix. FFmpeg derives it from a tag only when it copies, and 5.1 turns by it the other way."""
    unturned = path.with_name(f"unturned-{path.name}")
    path.rename(unturned)
    tag = ("-metadata:s:v", f"rotate={360 - turn}")
    _run(["ffmpeg", "-v", "error", "-i", f"file:{unturned}", "-c", "copy", *tag, f"file:{path}"])
    unturned.unlink()


def _copied(
    path: Path,
    find: Finder,
    sources: tuple[str, ...],
    before: tuple[str, ...],
    inputs: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    """Repacks the packets of `sources` without encoding: `before` stands before each, `inputs` after all of them."""
    clips = [word for name in sources for word in (*before, "-i", str(find(name)))]
    _run(["ffmpeg", "-v", "error", "-y", *clips, *inputs, "-c", "copy", *words, f"file:{path}"])


def _patched(path: Path, find: Finder, source: str, patch: Callable[[Path, bytearray], bytearray]) -> None:
    """Writes the bytes of `source` as `patch` changed them."""
    original = find(source)
    path.write_bytes(patch(original, bytearray(original.read_bytes())))


def _run(argv: list[str], stdin: bytes = b"") -> bytes:
    done = subprocess.run(argv, input=stdin, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}\n{done.stderr.decode(errors='replace').strip()[-2000:]}")
    return done.stdout


def painted(
    file: str,
    *words: str,
    note: str,
    rate: str | int = 25,
    size: tuple[int, int] = SIZE,
    turn: int = 0,
    mirrored: bool = False,
    frames: int = FRAMES,
    first_number: int = 0,
    before: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
    passes: int = 1,
    expected: tuple[int, ...] | None = None,
    audio: bool = False,
    picture: Painter = paint,
) -> Variant:
    how = {"words": words, "rate": Fraction(rate), "size": size, "turn": turn, "frames": frames}
    how |= {"mirrored": mirrored, "picture": picture}
    make = partial(_painted, **how, first_number=first_number, before=before, inputs=inputs, passes=passes)
    numbers = tuple(range(first_number, first_number + frames)) if expected is None else expected
    return Variant(file, make, numbers, note, Fraction(rate), size, turn, mirrored, audio)


def copied(
    file: str,
    *sources: str,
    note: str,
    before: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
    expected: tuple[int, ...] = tuple(range(FRAMES)),
    audio: bool = False,
) -> Variant:
    make = partial(_copied, sources=sources, before=before, inputs=inputs, words=words)
    return Variant(file, make, expected, note, audio=audio)


def patched(file: str, source: str, patch: Callable[..., bytearray], expected: tuple[int, ...], note: str) -> Variant:
    return Variant(file, partial(_patched, source=source, patch=patch), expected, note)


def _cut_before_packet(number: int, original: Path, data: bytearray) -> bytearray:
    """Drops all bytes before the video packet `number` (in file order)."""
    return data[packets(original)[number].pos :]


def _joined(path: Path, _find: Finder, offset_s: float, size: tuple[int, int]) -> None:
    """Two MPEG-TS one behind the other: the second half is of `size`, and its clock starts `offset_s` later."""
    half = FRAMES // 2
    late = ("-output_ts_offset", str(offset_s))
    parts = (
        painted(path.name, *_x264(), frames=half, note=""),
        painted(path.name, *_x264(), *late, frames=half, first_number=half, size=size, note=""),
    )
    data = b""
    for part in parts:
        part.make(path, build)
        data += path.read_bytes()
    path.write_bytes(data)


def _shorten_edit(seconds: float, _original: Path, data: bytearray) -> bytearray:
    """Lets the first edit list (version 0, one entry) end after `seconds`; the media behind it stays in the file."""
    scale = int.from_bytes(data[(at := data.index(b"mvhd")) + 16 : at + 20])
    at = data.index(b"elst") + 12
    data[at : at + 4] = round(seconds * scale).to_bytes(4)
    return data


def _x264(*params: str, keyint: int = 30, bframes: int = 2, pixels: str = "yuv420p") -> tuple[str, ...]:
    known = f"scenecut=0:keyint={keyint}:min-keyint={min(keyint, 12)}:bframes={bframes}:b-adapt=0"
    return ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", pixels,
            "-x264-params", ":".join((known, *params)))  # fmt: skip


def _x265(*params: str, pixels: str = "yuv420p") -> tuple[str, ...]:
    known = "log-level=error:scenecut=0:keyint=24:min-keyint=24:b-adapt=0"
    return ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "22", "-pix_fmt", pixels, "-tag:v", "hvc1",
            "-x265-params", ":".join((known, *params)))  # fmt: skip


_SINE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=5:sample_rate=44100")
_SOUND = ("-map", "0:v", "-map", "1:a", "-c:a", "aac")
_ALTREF = ("-deadline", "good", "-cpu-used", "5", "-b:v", "300k", "-auto-alt-ref", "1", "-lag-in-frames", "16",
           "-arnr-maxframes", "5", "-arnr-strength", "3", "-g", "48")  # fmt: skip
_HDR = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
_COVER = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=4.8")
_VFR = "settb=1/60,setpts='if(eq(N,0),0,PREV_OUTPTS+if(eq(mod(N,3),0),4,if(eq(mod(N,3),1),1,2)))'"
_GAPS = "settb=1/25,setpts='N+floor(N/10)*3'"

VARIANTS: dict[str, Variant] = {
    # Rates
    "h264-23976": painted("h264-23976.mp4", *_x264(), rate="24000/1001", note="film rate"),
    "h264-24": painted("h264-24.mp4", *_x264(), rate=24, note="24 fps"),
    "h264-25": painted("h264-25.mp4", *_x264(), note="the plain one: 25 fps, two B-frames, no sound"),
    "h264-2997": painted("h264-2997.mp4", *_x264(), rate="30000/1001", note="NTSC rate"),
    "h264-5994": painted("h264-5994.mp4", *_x264(), rate="60000/1001", note="NTSC field rate"),
    "h264-vfr": painted("h264-vfr.mp4", "-vf", _VFR, "-enc_time_base", "1:60", *_x264(), rate=60,
                        note="variable rate: frames last 4, 1, 2 ticks of 1/60 s in turn"),
    # GOP structures
    "h264-onegop": painted("h264-onegop.mp4", *_x264(keyint=250, bframes=3), note="one key frame, three B-frames"),
    "h264-opengop": painted("h264-opengop.mp4", *_x264("open-gop=1", "b-pyramid=normal", keyint=24, bframes=3),
                            note="open GOP of 24: pictures before a key frame lean on the GOP before it"),
    "h264-shortgop": painted("h264-shortgop.mp4", *_x264(keyint=6), note="closed GOP of 6"),
    "h264-allintra": painted("h264-allintra.mp4", *_x264(keyint=1, bframes=0), note="every frame is a key frame"),
    "h264-intrarefresh": painted("h264-intrarefresh.mp4", *_x264("intra-refresh=1", keyint=24, bframes=0),
                                 note="no key frame but the first: a column of intra blocks wanders"),
    "h264-interlaced": painted("h264-interlaced.mp4", *_x264("interlaced=1", "tff=1"), note="interlaced (MBAFF)"),
    "hevc-opengop": painted("hevc-opengop.mp4", *_x265("open-gop=1", "bframes=4"), note="HEVC, open GOP (CRA) of 24"),
    "hevc-closed": painted("hevc-closed.mp4", *_x265("open-gop=0", "bframes=3"), note="HEVC, closed GOP of 24"),
    "av1": painted("av1.mp4", "-c:v", "libsvtav1", "-preset", "12", "-crf", "30", "-g", "48", note="AV1"),
    # Time lines
    "cut": copied("cut.mp4", "h264-onegop", before=("-ss", "1.03"), expected=tuple(range(26, FRAMES)),
                  note="cut by stream copy: frames 0-25 are decoded but hidden by the edit list"),
    "cut-opengop": copied("cut-opengop.mp4", "h264-opengop", before=("-ss", "1.5"), expected=tuple(range(38, FRAMES)),
                          note="cut by stream copy from an open GOP"),
    "cut-tail": patched("cut-tail.mp4", "h264-25", partial(_shorten_edit, 3.0), tuple(range(75)),
                        note="an edit list that ends after 3 s of 4.8"),
    "no-editlist": painted("no-editlist.mp4", *_x264(), "-use_editlist", "0",
                           note="B-frames without edit list: the first pts is above zero"),
    "fragmented": painted("fragmented.mp4", *_x264(), "-movflags", "frag_keyframe+empty_moov",
                          note="fragmented: the header knows no frame count"),
    "late-start": copied("late-start.mp4", "h264-25", before=("-itsoffset", "0.5"), inputs=_SINE, words=_SOUND,
                         audio=True, note="sound from 0 s, video from 0.5 s"),
    "late-start-mkv": copied("late-start-mkv.mkv", "h264-25", before=("-itsoffset", "10"),
                             note="the time line starts at 10 s"),
    # Geometry
    "rotated-90": painted("rotated-90.mp4", *_x264(), size=(180, 320), turn=90,
                          note="display matrix: 90 degrees clockwise"),
    "rotated-180": painted("rotated-180.mp4", *_x264(), turn=180,
                           note="display matrix: 180 degrees"),
    "rotated-270": painted("rotated-270.mp4", *_x264(), size=(180, 320), turn=270,
                           note="display matrix: 270 degrees clockwise"),
    "mirrored": painted("mirrored.mp4", *_x264(), mirrored=True,
                        note="display matrix of a front camera: mirrored left to right"),
    "mirrored-90": painted("mirrored-90.mp4", *_x264(), size=(180, 320), turn=90, mirrored=True,
                           note="display matrix: mirrored, then 90 degrees clockwise"),
    "odd-444": painted("odd-444.mp4", *_x264(pixels="yuv444p"), size=(321, 181), note="odd size, 4:4:4"),
    "odd-420": painted("odd-420.webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M",
                       size=(321, 181), note="odd size, 4:2:0, VP9"),
    "tiny": painted("tiny.mp4", *_x264(), size=(64, 36), note="64x36"),
    "sar": painted("sar.mp4", "-vf", "setsar=4/3", *_x264(), note="pixels are 4:3"),
    # Pixel formats
    "h264-10bit": painted("h264-10bit.mp4", *_x264(pixels="yuv420p10le"), note="10 bit"),
    "hevc-10bit": painted("hevc-10bit.mp4", *_x265("bframes=3", pixels="yuv420p10le"), note="HEVC, 10 bit"),
    "hdr": painted("hdr.mp4", *_x265("bframes=3", pixels="yuv420p10le"), *_HDR, note="HEVC, 10 bit, tagged as PQ HDR"),
    "fullrange": painted("fullrange.mp4", *_x264(pixels="yuvj420p"), note="full range"),
    "gray": painted("gray.mp4", *_x264(pixels="gray"), note="luma only"),
    "rgb": painted("rgb.mkv", "-c:v", "libx264rgb", "-preset", "veryfast", "-crf", "12", "-pix_fmt", "rgb24",
                   note="H.264 in RGB"),
    "ffv1": painted("ffv1.mkv", "-c:v", "ffv1", "-pix_fmt", "bgr0", note="lossless RGB"),
    "prores": painted("prores.mov", "-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le", note="ProRes"),
    # Streams
    "audio": painted("audio.mp4", *_x264(), *_SOUND, inputs=_SINE, audio=True, note="with sound"),
    "decoy": painted("decoy.mp4", *_x264(), first_number=DECOY, note="never shown by a reader of another file"),
    "decoy-ts": copied("decoy-ts.ts", "decoy", expected=tuple(range(DECOY, DECOY + FRAMES)), note="in MPEG-TS"),
    "two-videos": copied("two-videos.mp4", "h264-25", "decoy", words=("-map", "0:v", "-map", "1:v"),
                         note="a second video stream of the same size, with other numbers"),
    "two-videos-mkv": copied("two-videos-mkv.mkv", "h264-25", "decoy", words=("-map", "0:v", "-map", "1:v"),
                             note="the same in Matroska"),
    "cover": painted("cover.mp4", "-map", "0:v", "-map", "1:v", *_x264(), "-c:v:1", "png", "-frames:v:1", "1",
                     "-disposition:v:1", "attached_pic", inputs=_COVER, note="with an attached cover picture"),
    # Containers
    "mkv": copied("mkv.mkv", "h264-25", note="Matroska: pts in milliseconds"),
    "mkv-2997": copied("mkv-2997.mkv", "h264-2997", note="Matroska: 29.97 fps in milliseconds"),
    "vp9": painted("vp9.webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M",
                   "-auto-alt-ref", "0", "-lag-in-frames", "0", "-g", "30", note="VP9 without hidden frames"),
    "vp9-altref": painted("vp9-altref.webm", "-c:v", "libvpx-vp9", *_ALTREF, passes=2,
                          note="VP9 with hidden frames, each in one packet with a shown one"),
    "vp8-altref": painted("vp8-altref.webm", "-c:v", "libvpx", *_ALTREF, passes=2,
                          note="VP8 with hidden frames in packets of their own, which share the pts of the next"),
    "ts": painted("ts.ts", *_x264(keyint=24), note="MPEG-TS, H.264 with B-frames"),
    "ts-opengop": painted("ts-opengop.ts", *_x264("open-gop=1", "b-pyramid=normal", keyint=24, bframes=3),
                          note="MPEG-TS, H.264, open GOP"),
    "ts-mpeg2": painted("ts-mpeg2.ts", "-c:v", "mpeg2video", "-b:v", "3M", "-bf", "2", "-g", "12",
                        note="MPEG-TS, MPEG-2 with B-frames"),
    "ts-cut": patched("ts-cut.ts", "ts", partial(_cut_before_packet, 35), tuple(range(48, FRAMES)),
                      note="MPEG-TS that starts in the middle of a closed GOP"),
    "ts-cut-opengop": patched("ts-cut-opengop.ts", "ts-opengop", partial(_cut_before_packet, 35),
                              tuple(range(48, FRAMES)), note="MPEG-TS that starts in the middle of an open GOP"),
    "ts-wrap": copied("ts-wrap.ts", "ts", words=("-output_ts_offset", "95440"),
                      note="MPEG-TS whose 33-bit clock wraps round in the middle"),
    "ts-resize": Variant("ts-resize.ts", partial(_joined, offset_s=2.48, size=(160, 90)), tuple(range(FRAMES)),
                         "MPEG-TS whose pictures shrink in the middle, at frame 60"),
    "ts-joined": Variant("ts-joined.ts", partial(_joined, offset_s=0, size=SIZE), tuple(range(FRAMES)),
                         "two recordings in one MPEG-TS: at frame 60 the clock starts anew"),
    "mpg": painted("mpg.mpg", "-c:v", "mpeg2video", "-b:v", "2M", "-bf", "2", "-g", "12",
                   note="MPEG-PS: not every packet has a pts"),
    "raw-h264": painted("raw-h264.h264", *_x264(), note="a bare H.264 stream: no timestamps at all"),
    "mkv-cut-opengop": copied("mkv-cut-opengop.mkv", "h264-opengop", before=("-ss", "1.5"),
                              expected=tuple(range(24, FRAMES)),
                              note="Matroska that starts at an open key frame: the pictures before it lean on nothing"),
    "mkv-cut-hevc": copied("mkv-cut-hevc.mkv", "hevc-opengop", before=("-ss", "1.5"), expected=tuple(range(24, FRAMES)),
                           note="the same in HEVC (RASL pictures)"),
    "flv": copied("flv.flv", "h264-25", note="Flash: milliseconds"),
    "theora": painted("theora.ogv", "-c:v", "libtheora", "-q:v", "7", "-g", "30", note="Ogg Theora"),
    "wmv": painted("wmv.wmv", "-c:v", "wmv2", "-b:v", "2M", "-g", "30", note="Windows Media"),
    "gif": painted("gif.gif", "-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse", note="GIF: hundredths"),
    "avi-mpeg4": painted("avi-mpeg4.avi", "-c:v", "mpeg4", "-q:v", "3", "-g", "30", note="AVI without B-frames"),
    "avi-mpeg4-b": painted("avi-mpeg4-b.avi", "-c:v", "mpeg4", "-q:v", "3", "-g", "30", "-bf", "2",
                           note="AVI, MPEG-4 with B-frames: the container knows no pts"),
    "avi-packed": painted("avi-packed.avi", "-c:v", "libxvid", "-q:v", "3", "-g", "30", "-bf", "2",
                          expected=(*range(117), 118),
                          note="AVI, MPEG-4 with packed B-frames: two pictures in one packet; 117 and 119 get lost"),
    "avi-h264-b": painted("avi-h264-b.avi", *_x264(), note="AVI, H.264 with B-frames: the container knows no pts"),
    "avi-gaps": painted("avi-gaps.avi", "-vf", _GAPS, "-enc_time_base", "1:25", "-c:v", "mpeg4", "-q:v", "3",
                        note="AVI with empty packets where the rate has gaps"),
    "avi-mjpeg": painted("avi-mjpeg.avi", "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", note="Motion JPEG"),
    "mjpeg-bare": painted("mjpeg-bare.mjpeg", "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-f", "mjpeg",
                          note="Motion JPEG without a container, as cameras of a Raspberry Pi write it"),
    "mjpeg-parts": painted("mjpeg-parts.mjpeg", "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-f", "mpjpeg",
                           note="Motion JPEG as a multipart answer, as network cameras send it"),
    "h263-bare": painted("h263-bare.h263", "-c:v", "h263p", "-q:v", "3", "-g", "12", "-f", "h263",
                         note="H.263 without a container"),
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Files that are broken, or lie about themselves
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A file that no reader may crash on, hang on, or follow elsewhere."""

    file: str
    make: Callable[[Path, Finder], None]
    note: str
    opens: bool = False
    """Whether pictures can be read from it. Damaged ones are unreadable, or repeat the number of a neighbour."""


def _write(data: bytes, path: Path, _find: Finder) -> None:
    path.write_bytes(data)


def _sound_only(path: Path, _find: Finder) -> None:
    _run(["ffmpeg", "-v", "error", *_SINE, "-c:a", "aac", f"file:{path}"])


def _truncated(source: str, share: float, path: Path, find: Finder) -> None:
    data = find(source).read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def _flipped(source: str, path: Path, find: Finder) -> None:
    """Inverts eight bytes in each of ten packets from the middle, behind the first bytes of each."""
    original = find(source)
    data, dice = bytearray(original.read_bytes()), random.Random(7)
    for packet in packets(original)[50:60]:
        for _ in range(8):
            at = packet.pos + dice.randrange(min(64, packet.size // 2), packet.size)
            if path.suffix != ".ts" or at % 188 > 20:
                data[at] ^= 0xFF
    path.write_bytes(data)


def _unknown_codec(path: Path, find: Finder) -> None:
    path.write_bytes(find("h264-25").read_bytes().replace(b"avc1", b"zz9z"))


def _pointer(text: str, path: Path, find: Finder) -> None:
    """A text that names another video, which lies beside it."""
    for name in ("decoy", "decoy-ts"):
        shutil.copy(find(name), path.with_name("other").with_suffix(find(name).suffix))
    path.write_text(text, encoding="utf-8")


def _odd_name(path: Path, find: Finder) -> None:
    """A good video; beside it lies `other.mp4`, which a reader that takes the name for an instruction would open."""
    shutil.copy(find("decoy"), path.with_name("other.mp4"))
    shutil.copy(find("h264-25"), path)


def _link(target: str, path: Path, _find: Finder) -> None:
    path.with_name("notes.txt").write_text("No video at all.\n", encoding="utf-8")
    path.symlink_to(target)


_PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:4.8,\n{}\n#EXT-X-ENDLIST\n"

MISLEADING = ("playlist", "script-renamed", "name-concat", "name-file")
"""Files of `BROKEN` by which FFmpeg, given the bare name, is led to a decoy in the same folder."""

BROKEN: dict[str, Broken] = {
    "empty": Broken("empty.mp4", partial(_write, b""), "no bytes"),
    "text": Broken("text.mp4", partial(_write, b"This is a letter, not a video.\n" * 40), "a text with a video's name"),
    "noise": Broken("noise.mp4", partial(_write, random.Random(3).randbytes(20000)), "random bytes"),
    "sound-only": Broken("sound-only.mp4", _sound_only, "sound without pictures"),
    "no-index": Broken("no-index.mp4", partial(_truncated, "h264-25", 0.7), "its index was at the end, which is lost"),
    "unknown-codec": Broken("unknown-codec.mp4", _unknown_codec, "a codec that nobody knows"),
    "directory.mp4": Broken("directory.mp4", lambda path, _find: path.mkdir(), "a directory with a video's name"),
    "dangling-link": Broken("link.mp4", partial(_link, "gone.mp4"), "a link to nothing"),
    "link-to-text": Broken("link.mp4", partial(_link, "notes.txt"), "a link to a text"),
    "link-to-itself": Broken("link.mp4", partial(_link, "link.mp4"), "a link to itself"),
    "playlist": Broken("list.m3u8", partial(_pointer, _PLAYLIST.format("other.ts")), "a playlist of another file"),
    "playlist-http": Broken("list.m3u8", partial(_pointer, _PLAYLIST.format("http://127.0.0.1:9/other.ts")),
                            "a playlist of an address"),
    "playlist-renamed": Broken("list.mp4", partial(_pointer, _PLAYLIST.format("other.ts")),
                               "a playlist with a video's name"),
    "script-renamed": Broken("script.mp4", partial(_pointer, "ffconcat version 1.0\nfile other.mp4\n"),
                             "a concat script with a video's name"),
    "flipped-mp4": Broken("flipped-mp4.mp4", partial(_flipped, "h264-25"), "damaged packets in MP4", opens=True),
    "flipped-ts": Broken("flipped-ts.ts", partial(_flipped, "ts"), "damaged packets in MPEG-TS", opens=True),
    "torn-mkv": Broken("torn.mkv", partial(_truncated, "mkv", 0.6), "the last 40 % are lost", opens=True),
    "torn-ts": Broken("torn.ts", partial(_truncated, "ts", 0.6), "the last 40 % are lost", opens=True),
    "torn-mp4": Broken("torn.mp4", partial(_truncated, "faststart", 0.6),
                       "the last 40 % are lost, the index in front still names them", opens=True),
    "name-concat": Broken("concat:other.mp4", _odd_name, "a good video with a name like an instruction", opens=True),
    "name-file": Broken("file:other.mp4", _odd_name, "a good video with a name like an address", opens=True),
    "name-dash": Broken("-i.mp4", _odd_name, "a good video with a name like an option", opens=True),
    "name-odd": Broken("it's 100%d [of], a;b.mp4", _odd_name, "a good video with every awkward character", opens=True),
}  # fmt: skip
VARIANTS["faststart"] = copied("faststart.mp4", "h264-25", words=("-movflags", "+faststart"), note="index in front")


# ---------------------------------------------------------------------------------------------------------------------
# What FFmpeg says
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """The frames of the first video stream as FFmpeg's own decoder shows them, in the order of display."""

    time_base: Fraction
    pts: list[int | None]
    best: list[int | None]
    """Best-effort timestamps: these are what the ledger is to hold. Equal to `pts` nearly everywhere, not in AVI."""
    key: list[bool]
    kind: list[str]
    """I, P or B."""
    width: int
    height: int
    """Of the stored picture, before rotation."""
    rotation: int
    """Degrees counter-clockwise to the upright picture, as FFmpeg counts."""

    @property
    def start_s(self) -> float:
        return float(self.best[0] * self.time_base)


@dataclass(frozen=True)
class Packet:
    """A packet of the first video stream, in the order of the file. `pos` is its first byte."""

    pos: int
    size: int
    pts: int | None
    dts: int | None
    key: bool
    discard: bool


def truth(path: Path) -> Truth:
    """What `ffprobe -show_frames` says of the first video stream."""
    wanted = "stream=time_base,width,height:stream_side_data=rotation:"
    wanted += "frame=pts,pkt_pts,best_effort_timestamp,key_frame,pict_type"
    answer = _probe(path, "-show_frames", "-show_streams", "-show_entries", wanted)
    frames, stream = answer["frames"], answer["streams"][0]
    turns = [data["rotation"] for data in stream.get("side_data_list", []) if "rotation" in data]
    return Truth(
        time_base=Fraction(stream["time_base"]),
        pts=[frame.get("pts", frame.get("pkt_pts")) for frame in frames],
        best=[frame.get("best_effort_timestamp") for frame in frames],
        key=[frame["key_frame"] == 1 for frame in frames],
        kind=[frame["pict_type"] for frame in frames],
        width=stream["width"],
        height=stream["height"],
        rotation=round(turns[0]) if turns else 0,
    )


def packets(path: Path) -> list[Packet]:
    """What `ffprobe -show_packets` says of the first video stream."""
    found = _probe(path, "-show_packets", "-show_entries", "packet=pos,size,pts,dts,flags")["packets"]
    return [
        Packet(
            pos=int(packet.get("pos", -1)),
            size=int(packet["size"]),
            pts=packet.get("pts"),
            dts=packet.get("dts"),
            key="K" in packet["flags"],
            discard="D" in packet["flags"],
        )
        for packet in found
    ]


def decoded(path: Path) -> list[int | None]:
    """The numbers in all pictures that FFmpeg shows, turned upright by it; None where a picture shows none."""
    argv = ["ffmpeg", "-nostdin", "-v", "quiet", "-i", f"file:{path}", "-map", "0:v:0", "-fps_mode", "passthrough",
            "-c:v", "pgm", "-pix_fmt", "gray", "-f", "image2pipe", "-"]  # fmt: skip
    return [_number_or_none(image) for image in _pgm_images(_run(argv))]


def _number_or_none(image: np.ndarray) -> int | None:
    try:
        return read_number(image)
    except NumberError:
        return None


def _pgm_images(stream: bytes) -> Iterator[np.ndarray]:
    at = 0
    while at < len(stream):
        _, size, _, rest = stream[at : at + 40].split(b"\n", 3)
        width, height = map(int, size.split())
        at += min(40, len(stream) - at) - len(rest)
        yield np.frombuffer(stream, np.uint8, width * height, at).reshape(height, width)
        at += width * height


def _probe(path: Path, *words: str) -> dict:
    argv = ["ffprobe", "-v", "quiet", "-of", "json", "-select_streams", "v:0", *words, f"file:{path}"]
    return json.loads(_run(argv))
