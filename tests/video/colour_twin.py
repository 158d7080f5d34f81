"""The slow twin of the colour pass: float64, one formula after the other, from the Recommendations; and clips to judge.

Nothing here comes from Framesieve. Numbers: BT.709, BT.2020, BT.2087 (matrices in 4 digits are not used: they are
derived from the chromaticities), BT.2100 (PQ, HLG), BT.2390 (EETF), BT.1886.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

XY = {
    1: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
}
WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def to_xyz(primaries: int) -> np.ndarray:
    corners = np.array([[x / y, 1, (1 - x - y) / y] for x, y in XY[primaries]]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return corners * np.linalg.solve(corners, white)


def convert(light: np.ndarray, source: int, target: int) -> np.ndarray:
    """Linear RGB of one set of primaries (of white D65) in another."""
    return light @ (np.linalg.inv(to_xyz(target)) @ to_xyz(source)).T


def oetf709(x):
    a, b = 1.09929682680944, 0.018053968510807
    return np.where(x < b, 4.5 * x, a * np.maximum(x, b) ** 0.45 - (a - 1))


def inverse_oetf709(v):
    a, b = 1.09929682680944, 0.018053968510807
    return np.where(v < 4.5 * b, v / 4.5, ((np.maximum(v, 4.5 * b) + a - 1) / a) ** (1 / 0.45))


def pq(nits):
    y = np.maximum(nits, 0) / 10000
    m = (2610 / 16384, 128 * 2523 / 4096)
    c = (3424 / 4096, 32 * 2413 / 4096, 32 * 2392 / 4096)
    return ((c[0] + c[1] * y ** m[0]) / (1 + c[2] * y ** m[0])) ** m[1]


def pq_nits(v):
    m = (2610 / 16384, 128 * 2523 / 4096)
    c = (3424 / 4096, 32 * 2413 / 4096, 32 * 2392 / 4096)
    p = np.clip(v, 0, 1) ** (1 / m[1])
    return 10000 * (np.maximum(p - c[0], 0) / (c[1] - c[2] * p)) ** (1 / m[0])


def hlg(scene):
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-12)) + c)


def hlg_scene(v):
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    v = np.clip(v, 0, 1)
    return np.where(v <= 0.5, v * v / 3, (np.exp((v - c) / a) + b) / 12)


def hlg_nits(v):
    """Display light of (..., 3) HLG signals in BT.2020 on a display of 1,000 cd/m2."""
    scene = hlg_scene(v)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return 1000 * scene * luminance[..., None] ** 0.2


def eetf(nits, peak, white=203.0):
    """BT.2390, 5.4.1, with both blacks at 0."""
    top = pq(peak)
    most = pq(white) / top
    e = np.minimum(pq(nits) / top, 1)
    if most < 1:
        knee = 1.5 * most - 0.5
        t = (e - knee) / (1 - knee)
        bent = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
        e = np.where(e < knee, e, bent)
    return np.minimum(pq_nits(e * top), white)


def tone_mapped(nits, peak):
    """(..., 3) linear BT.709 in cd/m2 -> SDR codes, not rounded: the brightest of the three decides."""
    light = np.maximum(nits, 0)
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-9)
    return 255 * np.clip(light * eetf(brightest, peak) / brightest / 203, 0, 1) ** (1 / 2.4)


def rgb_of(codes, matrix, bits, full):
    """(..., 3) codes of Y', Cb, Cr -> R'G'B', clipped to 0-1."""
    kr, kb = WEIGHTS[matrix]
    y, cb, cr = np.moveaxis(codes.astype(float), -1, 0)
    if full:
        y, cb, cr = (y / (2**bits - 1), *((c - 2 ** (bits - 1)) / (2**bits - 1) for c in (cb, cr)))
    else:
        y, cb, cr = (y / 2 ** (bits - 8) - 16) / 219, *((c / 2 ** (bits - 8) - 128) / 224 for c in (cb, cr))
    red, blue = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 1)


# --- clips

SIZE = (320, 64)
CELL = 32
TAGS = {
    "bt2020": ("bt2020", "bt2020-10", "bt2020nc"),
    "pq": ("bt2020", "smpte2084", "bt2020nc"),
    "hlg": ("bt2020", "arib-std-b67", "bt2020nc"),
    "p3": ("smpte432", "bt709", "bt709"),
}
"""Kind -> primaries, transfer and matrix as x265 names them."""


def cells(signals: np.ndarray, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture of equal columns, (H, W, 3) uint16, of (N, 3) signals 0-1."""
    width, height = size
    row = signals[(np.arange(width) * len(signals)) // width]
    return np.tile(np.round(row * 65535).astype("<u2"), (height, 1, 1))


def middles(picture: np.ndarray, count: int) -> np.ndarray:
    """The colour in the middle of each column of ``cells``, (N, 3)."""
    height, width = picture.shape[:2]
    return picture[height // 2, ((np.arange(count) + 0.5) * width / count).astype(int)]


def clip(
    path: Path, signals: np.ndarray, tags: tuple[str, str, str], pixels: str = "yuv420p10le", more: str = "",
    full: bool = False, size: tuple[int, int] = SIZE, frames: int = 3, arguments: tuple[str, ...] = (),
) -> Path:  # fmt: skip
    """Writes an HEVC film that shows ``cells(signals)``; the matrix of the pixels is that of the tags."""
    primaries, transfer, matrix = tags
    params = f"log-level=error:qp=2:colorprim={primaries}:transfer={transfer}:colormatrix={matrix}"
    params += (":range=full" if full else ":range=limited") + more
    known = {"bt2020nc": "bt2020", "bt2020_ncl": "bt2020"}.get(matrix, matrix)
    scale = f"scale=out_color_matrix={known}:out_range={'pc' if full else 'tv'}:flags=accurate_rnd+full_chroma_int"
    filters = () if matrix == "gbr" else ("-vf", scale)
    ffmpeg(
        "-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", f"{size[0]}x{size[1]}", "-r", "25", "-i", "-", *filters,
        "-c:v", "libx265", "-x265-params", params, "-pix_fmt", pixels, "-tag:v", "hvc1", *arguments, path,
        stdin=cells(signals, size).tobytes() * frames,
    )  # fmt: skip
    return path


def raw_clip(path: Path, planes: list[np.ndarray], pixels: str, tags: dict[str, str], frames: int = 2) -> Path:
    """Writes a lossless FFV1 film (Matroska) of these very samples, with these tags."""
    height, width = planes[0].shape
    named = [word for name, value in tags.items() for word in (f"-{name}", value)]
    data = b"".join(plane.astype("<u2" if "le" in pixels else "u1").tobytes() for plane in planes) * frames
    ffmpeg(
        "-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{width}x{height}", "-r", "25", *named, "-i", "-",
        "-c:v", "ffv1", *named, path, stdin=data,
    )  # fmt: skip
    return path


def ffmpeg(*words: object, stdin: bytes | None = None) -> bytes:
    argv = ["ffmpeg", "-v", "error", "-y", *map(str, words)]
    done = subprocess.run(argv, input=stdin, capture_output=True, timeout=120)
    assert not done.returncode, done.stderr.decode(errors="replace")[-800:]
    return done.stdout


def has_zscale() -> bool:
    done = subprocess.run(["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True, timeout=60)
    return " zscale " in done.stdout
