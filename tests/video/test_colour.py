"""Wide gamut and HDR, from the file to the SDR picture: real films, judged by a float64 twin and by FFmpeg's zscale."""

from __future__ import annotations

import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.errors import SourceError
from core.video import colour
from core.video.colour import conversion, rendering
from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.probe import Video, probe
from tests.raising import raises
from tests.video import colour_twin as twin

IDEAL = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0.5, 0.5, 0.5], [0.1, 0.1, 0.1], [0, 0, 0], [0, 1, 1]])
"""Linear BT.709."""
METADATA = ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50)"


def first_frame(path: Path) -> tuple[Video, Frame]:
    video = probe(path)
    decoder = Decoder(video)
    frame = next(decoder.frames(0, 1))
    decoder.close()
    return video, frame


def wide(primaries: int) -> np.ndarray:
    """Signals in wide primaries of what is ideal in BT.709."""
    return twin.oetf709(np.clip(twin.convert(IDEAL, 1, primaries), 0, 1))


# --- what is converted


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((1, 1, 1), None),
        ((2, 2, 2), None),
        ((5, 1, 5), None),
        ((6, 6, 6), None),
        ((3, 3, 1), None),
        ((22, 13, 6), None),
        ((9, 14, 9), (9, 14, 9)),
        ((9, 2, 2), (9, 1, 9)),
        ((2, 14, 2), (9, 14, 9)),
        ((2, 1, 9), (9, 1, 9)),
        ((12, 13, 1), (12, 13, 1)),
        ((12, 1, 2), (12, 1, 2)),
        ((11, 1, 1), (11, 1, 1)),
        ((1, 16, 1), (1, 16, 1)),
        ((2, 16, 9), (9, 16, 9)),
        ((2, 18, 2), (9, 18, 9)),
        ((9, 16, 14), (9, 16, 14)),
        ((9, 9, 9), None),
        ((1, 10, 1), None),
        ((9, 8, 9), None),
    ],
)
def test_tags_say_what_is_converted(tags, expected):
    assert conversion(*tags) == expected


@pytest.mark.parametrize(
    ("tags", "peak", "sentence"),
    [
        ((1, 1, 1), None, None),
        ((9, 14, 9), None, "wide gamut (BT.2020), converted to BT.709"),
        ((2, 1, 9), None, "wide gamut (BT.2020 assumed), converted to BT.709"),
        ((12, 1, 1), None, "wide gamut (Display P3), converted to BT.709"),
        ((9, 16, 9), 4000.0, "HDR (PQ, BT.2020, peak 4,000 cd/m2), tone-mapped to SDR"),
        ((9, 16, 9), None, "HDR (PQ, BT.2020, peak 1,000 cd/m2 assumed), tone-mapped to SDR"),
        ((9, 18, 9), None, "HDR (HLG, BT.2020), tone-mapped to SDR"),
    ],
)
def test_the_sentence_says_what_the_video_is_and_what_is_done(tags, peak, sentence):
    assert rendering(*tags, peak) == sentence


# --- wide gamut


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv422p10le", "yuv444p12le"])
def test_bt2020_becomes_the_ideal_bt709(pixels, full, tmp_path):
    path = twin.clip(tmp_path / "wide.mp4", wide(9), twin.TAGS["bt2020"], pixels, full=full)
    video, frame = first_frame(path)
    got = twin.middles(frame.rgb(), len(IDEAL))
    assert np.abs(got - 255 * twin.oetf709(IDEAL)).max() <= (6 if pixels == "yuv420p" else 4)
    assert video.info.rendering == "wide gamut (BT.2020), converted to BT.709"
    assert video.info.color_primaries == "bt2020"


def test_display_p3_in_mov_becomes_the_ideal_bt709(tmp_path):
    path = twin.clip(tmp_path / "p3.mov", wide(12), twin.TAGS["p3"], arguments=("-movflags", "+write_colr"))
    video, frame = first_frame(path)
    assert np.abs(twin.middles(frame.rgb(), len(IDEAL)) - 255 * twin.oetf709(IDEAL)).max() <= 4
    assert video.info.rendering == "wide gamut (Display P3), converted to BT.709"


def test_colr_of_the_container_alone_is_enough(tmp_path):
    """ProRes of a phone: the tags lie in the container's colr box."""
    signals, tags = (
        twin.cells(wide(12)),
        ("-color_primaries", "smpte432", "-color_trc", "bt709", "-colorspace", "bt709"),
    )
    size = f"{twin.SIZE[0]}x{twin.SIZE[1]}"
    twin.ffmpeg(
        "-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", size, "-i", "-", "-vf", "scale=out_color_matrix=bt709",
        "-c:v", "prores_ks", "-profile:v", "4", "-qscale:v", "1", "-pix_fmt", "yuv444p10le", *tags,
        "-movflags", "+write_colr", tmp_path / "p3.mov", stdin=signals.tobytes(),
    )  # fmt: skip
    video, frame = first_frame(tmp_path / "p3.mov")
    assert video.info.color_primaries == "smpte432"
    assert np.abs(twin.middles(frame.rgb(), len(IDEAL)) - 255 * twin.oetf709(IDEAL)).max() <= 4


def test_an_hdr_container_speaks_for_silent_frames(tmp_path):
    """``colr`` says BT.2020 and PQ, the coded frames say nothing: so the container is believed, on every path."""
    nits = np.array([1, 26, 203, 900.0])[:, None] * [1, 0.9, 0.8]
    path = twin.clip(tmp_path / "pq.mp4", twin.pq(nits), twin.TAGS["pq"], frames=4)
    silent = "hevc_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2"
    twin.ffmpeg("-i", path, "-c", "copy", "-bsf:v", silent, "-movflags", "+write_colr", tmp_path / "silent.mp4")
    (one, a), (two, b) = first_frame(path), first_frame(tmp_path / "silent.mp4")
    assert two.info.rendering == one.info.rendering
    assert np.array_equal(a.rgb(), b.rgb())


def test_colours_outside_bt709_are_clipped(tmp_path):
    path = twin.clip(tmp_path / "red.mp4", np.array([[1.0, 0, 0], [0, 1, 0]]), twin.TAGS["bt2020"])
    assert twin.middles(first_frame(path)[1].rgb(), 2).tolist() == [[255, 0, 0], [0, 255, 0]]


@pytest.mark.parametrize(
    ("tags", "shown"), [(("smpte170m", "smpte170m", "smpte170m"), None), (("bt470bg", "bt709", "bt470bg"), None)]
)
def test_primaries_of_bt601_stay_as_they_are(tags, shown, tmp_path):
    path = twin.clip(tmp_path / "sd.mp4", twin.oetf709(IDEAL), tags)
    video, frame = first_frame(path)
    assert video.info.rendering is shown
    assert np.abs(twin.middles(frame.rgb(), len(IDEAL)) - 255 * twin.oetf709(IDEAL)).max() <= 4


@pytest.mark.parametrize("size", [(317, 63), (318, 61), (2, 2), (1, 1)])
def test_odd_sizes_are_read_to_the_edge(size, tmp_path):
    """Lossless 4:2:0 of one colour: every pixel of the picture is that colour."""
    width, height = size
    small = ((height + 1) // 2, (width + 1) // 2)
    planes = [np.full((height, width), 500), np.full(small, 400), np.full(small, 700)]
    tags = {"color_primaries": "bt2020", "color_trc": "bt2020-10", "colorspace": "bt2020nc", "color_range": "tv"}
    frame = first_frame(twin.raw_clip(tmp_path / "odd.mkv", planes, "yuv420p10le", tags))[1]
    light = twin.inverse_oetf709(twin.rgb_of(np.array([[500, 400, 700]]), 9, 10, False))
    ideal = 255 * twin.oetf709(np.clip(twin.convert(light, 9, 1), 0, 1))
    assert frame.rgb().shape == (height, width, 3)
    assert np.abs(frame.rgb() - ideal).max() <= 0.7
    assert frame.luma().plane.shape == (height, width)


def test_a_turned_frame_is_turned_once(tmp_path):
    upright = twin.clip(tmp_path / "a.mp4", wide(9), twin.TAGS["bt2020"])
    turned = tmp_path / "b.mp4"
    turned.write_bytes(upright.read_bytes())
    with open(turned, "r+b") as file:
        data = file.read()
        matrix = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
        at = data.index(matrix, data.index(b"tkhd"))
        file.seek(at)
        file.write(struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, twin.SIZE[1] << 16, 0, 1 << 30))
    (_, a), (two, b) = first_frame(upright), first_frame(turned)
    turns = two.info.rotation // 90
    assert turns % 2 == 1
    for picture, other in ((a.rgb(), b.rgb()), (a.luma().plane, b.luma().plane), (a.deep(), b.deep())):
        assert np.array_equal(np.rot90(picture, -turns), other)
    assert (b.scaled(64, 320).width, b.scaled(64, 320).height) == (64, 320)
    assert b.thumb(100).shape == (100, 20, 3)


# --- HDR


def samples(kind: str, pixels: int = 40) -> np.ndarray:
    """Random 10-bit codes, (rows, N, 3); the lower half nearly grey, with black, white and a ramp."""
    random = np.random.default_rng(7).integers(64, 940, (16, pixels, 3))
    random[8:, :, 1:] = 512 + (random[8:, :, 1:] - 512) // 6
    random[15, :, 0], random[15, :, 1:] = np.linspace(64, 940, pixels), 512
    return random


def hdr_tags(transfer: str, matrix: str = "bt2020nc", full: bool = False) -> dict[str, str]:
    tags = {"color_primaries": "bt2020", "color_trc": transfer, "colorspace": matrix}
    return tags | {"color_range": "pc" if full else "tv"}


@pytest.mark.parametrize("full", [False, True])
def test_pq_is_the_twin_to_one_level(full, tmp_path):
    codes = samples("pq")
    path = twin.raw_clip(
        tmp_path / "pq.mkv", list(np.moveaxis(codes, -1, 0)), "yuv444p10le", hdr_tags("smpte2084", full=full)
    )
    video, frame = first_frame(path)
    assert video.info.peak_cd_m2 is None
    nits = twin.convert(twin.pq_nits(twin.rgb_of(codes, 9, 10, full)), 9, 1)
    assert np.abs(frame.rgb() - twin.tone_mapped(nits, 1000)).max() <= 1


@pytest.mark.parametrize(
    ("kind", "more", "peak"),
    [
        ("pq", METADATA, 4000.0),
        ("pq", METADATA + ":max-cll=600,200", 600.0),
        ("pq", ":max-cll=0,0", None),
        ("hlg", METADATA, None),
    ],
)
def test_the_peak_comes_from_the_metadata(kind, more, peak, tmp_path):
    nits = np.linspace(0.05, 1, 8)[:, None] ** 2 * [600, 600, 600]
    signals = twin.pq(nits) if kind == "pq" else twin.hlg(nits / 1000)
    video, frame = first_frame(twin.clip(tmp_path / "peak.mp4", signals, twin.TAGS[kind], more=more))
    assert video.info.peak_cd_m2 == peak
    light = nits if kind == "pq" else twin.hlg_nits(signals)
    assert np.abs(twin.middles(frame.rgb(), 8) - twin.tone_mapped(light, peak or 1000)).max() <= 2


def test_every_frame_is_shown_with_the_peak_of_its_video(tmp_path):
    """A decoder that begins behind the message about the peak shows the same picture."""
    path = twin.clip(
        tmp_path / "peak.mp4", np.full((4, 3), 0.7), twin.TAGS["pq"], more=METADATA + ":keyint=2", frames=6
    )
    video = probe(path)
    pictures = []
    for ordinal in range(6):
        decoder = Decoder(video)
        pictures.append(next(decoder.frames(ordinal, ordinal + 1)).rgb())
        decoder.close()
    assert all(np.abs(picture.astype(int) - pictures[0]).max() <= 1 for picture in pictures)


def test_hlg_is_the_twin_to_one_level(tmp_path):
    codes = samples("hlg")
    path = twin.raw_clip(tmp_path / "hlg.mkv", list(np.moveaxis(codes, -1, 0)), "yuv444p10le", hdr_tags("arib-std-b67"))
    nits = twin.convert(twin.hlg_nits(twin.rgb_of(codes, 9, 10, False)), 9, 1)
    assert np.abs(first_frame(path)[1].rgb() - twin.tone_mapped(nits, 1000)).max() <= 1


def test_reference_white_lands_where_the_docs_say(tmp_path):
    nits = np.array([0, 26, 203, 1000.0])[:, None] * [1, 1, 1]
    frame = first_frame(twin.clip(tmp_path / "white.mp4", twin.pq(nits), twin.TAGS["pq"]))[1]
    got = twin.middles(frame.rgb(), 4)
    assert np.abs(got - np.array([0, 108, 230, 255])[:, None]).max() <= 1


def test_rgb_video_of_hdr_is_read_without_a_matrix(tmp_path):
    codes = np.random.default_rng(3).integers(0, 1024, (8, 24, 3))
    tags = hdr_tags("smpte2084", "rgb", True)
    green, blue, red = codes[..., 1], codes[..., 2], codes[..., 0]
    frame = first_frame(twin.raw_clip(tmp_path / "rgb.mkv", [green, blue, red], "gbrp10le", tags))[1]
    nits = twin.convert(twin.pq_nits(codes / 1023), 9, 1)
    assert np.abs(frame.rgb() - twin.tone_mapped(nits, 1000)).max() <= 1
    assert np.abs(frame.deep() - codes / 1023 * 65535).max() <= 1


def test_the_luma_is_that_of_the_sdr_picture(tmp_path):
    codes = samples("pq")
    path = twin.raw_clip(tmp_path / "pq.mkv", list(np.moveaxis(codes, -1, 0)), "yuv444p10le", hdr_tags("smpte2084"))
    _, frame = first_frame(path)
    luma = frame.luma()
    assert luma.full_range
    assert luma.width == codes.shape[1]
    assert np.abs(luma.plane - frame.rgb() @ np.array([0.2126, 0.7152, 0.0722])).max() <= 0.501


@pytest.mark.parametrize("kind", ["bt2020", "pq", "hlg"])
def test_previews_and_copies_for_an_encoder_show_the_same_colours(kind, tmp_path):
    signals = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.3], [0.25, 0.25, 0.65], [0.5, 0.5, 0.5]])
    _, frame = first_frame(twin.clip(tmp_path / "small.mp4", signals, twin.TAGS[kind]))
    full = twin.middles(frame.rgb(), 4).astype(int)
    assert np.abs(twin.middles(frame.thumb(32), 4) - full).max() <= 3
    assert np.abs(twin.middles(frame.scaled(160, 32).to_ndarray(format="rgb24"), 4) - full).max() <= 6


# --- BT.2020 constant luminance, ICtCp, and what is refused


def test_constant_luminance_becomes_the_ideal_bt709(tmp_path):
    """BT.2020, table 4: Y' of the luminance itself; Cb and Cr divided by other numbers above and below 0."""
    light = np.clip(twin.convert(np.clip(IDEAL, 0.02, 0.9), 1, 9), 0, 1)
    y = twin.oetf709(light @ np.array([0.2627, 0.6780, 0.0593]))
    red, blue = twin.oetf709(light[:, 0]), twin.oetf709(light[:, 2])
    cb = (blue - y) / np.where(blue < y, 1.9404, 1.5816)
    cr = (red - y) / np.where(red < y, 1.7184, 0.9936)
    codes = np.round(np.stack([64 + 876 * y, 512 + 896 * cb, 512 + 896 * cr])).astype(int)
    planes = [np.repeat(plane, 8)[None].repeat(8, axis=0) for plane in codes]
    frame = first_frame(twin.raw_clip(tmp_path / "cl.mkv", planes, "yuv444p10le", hdr_tags("bt2020-10", "bt2020c")))[1]
    ideal = twin.oetf709(np.clip(IDEAL, 0.02, 0.9))
    assert np.abs(twin.middles(frame.rgb(), len(IDEAL)) - 255 * ideal).max() <= 3
    assert np.abs(twin.middles(frame.deep(), len(IDEAL)) / 65535 - twin.oetf709(light)).max() <= 0.005


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_ictcp_is_the_same_picture_as_ycbcr(transfer, tmp_path):
    nits = np.array([[100, 30, 20], [30, 120, 40], [20, 30, 150], [203, 203, 203], [10, 10, 10.0]])
    to_lms = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) / 4096
    if transfer == "smpte2084":
        lms, rest = twin.pq(nits @ to_lms.T), [[6610, -13613, 7003], [17933, -17390, -543]]
        light = nits
    else:
        lms, rest = twin.hlg(nits / 1000 @ to_lms.T), [[3625, -7465, 3840], [9500, -9212, -288]]
        light = twin.hlg_nits(twin.hlg(nits / 1000))
    ictcp = lms @ (np.array([[2048, 2048, 0], *rest]) / 4096).T
    codes = np.round(np.array([256, 2048, 2048]) + ictcp * [3504, 3584, 3584]).astype(int)
    planes = [np.repeat(plane, 8)[None].repeat(8, axis=0) for plane in codes.T]
    frame = first_frame(twin.raw_clip(tmp_path / "i.mkv", planes, "yuv444p12le", hdr_tags(transfer, "ictcp")))[1]
    ideal = twin.tone_mapped(twin.convert(light, 9, 1), 1000)
    assert np.abs(twin.middles(frame.rgb(), len(nits)) - ideal).max() <= 2


def test_ictcp_without_an_hdr_curve_is_refused_in_one_sentence(tmp_path):
    planes = [np.full((16, 16), 512)] * 3
    frame = first_frame(twin.raw_clip(tmp_path / "i.mkv", planes, "yuv444p10le", hdr_tags("bt709", "ictcp")))[1]
    with raises(SourceError, code="unknown_colours", matrix=14):
        frame.rgb()


@pytest.mark.parametrize(("transfer", "word"), [("log100", "log100"), ("linear", "linear"), ("log316", "log316")])
def test_a_curve_that_is_not_known_is_shown_unchanged_with_a_notice(transfer, word, tmp_path):
    planes = [np.full((16, 16), 512), np.full((16, 16), 400), np.full((16, 16), 600)]
    tags = {"color_primaries": "bt2020", "color_trc": transfer, "colorspace": "bt2020nc", "color_range": "tv"}
    video, frame = first_frame(twin.raw_clip(tmp_path / "log.mkv", planes, "yuv444p10le", tags))
    assert video.info.rendering is None
    assert word in str(colour.described(video.info))
    plain = 255 * twin.rgb_of(np.array([512, 400, 600]), 9, 10, False)
    assert np.abs(frame.rgb()[8, 8] - plain).max() <= 2


# --- FFmpeg's zscale


@pytest.mark.skipif(not twin.has_zscale(), reason="this FFmpeg has no zscale")
@pytest.mark.parametrize(("transfer", "peak"), [("smpte2084", 203), ("smpte2084", 1000), ("arib-std-b67", 1000)])
def test_light_before_the_curve_is_that_of_zscale(transfer, peak, tmp_path, monkeypatch):
    """Within 1 of 255 of the light of ``peak``: the tone curve is taken out, and codes of light instead of signals."""
    codes = samples(transfer)
    path = twin.raw_clip(tmp_path / "z.mkv", list(np.moveaxis(codes, -1, 0)), "yuv444p10le", hdr_tags(transfer))
    ours = linear_light(first_frame(path)[1], peak)
    chain = f"zscale=t=linear:npl={peak}:agamma=0,format=gbrpf32le,zscale=p=bt709:m=gbr:r=pc:agamma=0,format=gbrpf32le"
    raw = twin.ffmpeg("-i", path, "-frames:v", "1", "-vf", chain, "-f", "rawvideo", "-pix_fmt", "gbrpf32le", "-")
    green, blue, red = np.frombuffer(raw, "<f4").reshape(3, *codes.shape[:2])
    inside = np.all((twin.rgb_of(codes, 9, 10, False) > 0) & (twin.rgb_of(codes, 9, 10, False) < 1), axis=-1)
    theirs = np.clip(np.stack([red, green, blue], axis=-1), 0, 1)
    assert inside.sum() > 300
    assert np.abs(ours - theirs)[inside].max() * 255 <= 1


def linear_light(frame: Frame, peak: float) -> np.ndarray:
    """Linear BT.709 of our own pass, 0-1 of ``peak`` in cd/m2: all its steps but the curve."""
    from core.video import colour_kernels, colour_render, colour_tables

    how = colour.conversion_of(frame._av)
    planes = colour_render._words(frame._av)
    found = colour_tables.tables(how, colour_tables.Stored(9, 10, False), 1000.0)
    most = 10_000 if how.transfer == colour.PQ else 1000
    none, black = np.ones(1, np.float32), np.zeros((24 << 9) + 1, np.uint8)
    found = found._replace(gain=none, codes=black)
    light = np.empty((frame._av.height, frame._av.width, 3))
    lines = np.empty((6, frame._av.width + 1), np.float32)
    places = np.empty((3, frame._av.width), np.uint16)
    rgb = np.empty((1, 3 * frame._av.width), np.uint8)
    for row in range(frame._av.height):
        one = tuple(plane[row : row + 1] for plane in planes)
        colour_kernels.render_kernel(one, (False, False), light.shape[1], *found, rgb, lines, lines.view("u4"), places)
        light[row] = lines[:3, : frame._av.width].T
    return np.clip(light * colour_tables.HEADROOM * most / peak, 0, 1)


# --- what it costs to start


def test_sdr_needs_no_compiled_pass(tmp_path):
    """Neither numba nor its kernels are loaded for a video that is shown as it is stored."""
    path = twin.clip(tmp_path / "sdr.mp4", twin.oetf709(IDEAL), ("bt709", "bt709", "bt709"))
    code = (
        "import sys\nfrom core.video.probe import probe\nfrom core.video.decoder import Decoder\n"
        f"frame = next(Decoder(probe({str(path)!r})).frames(0, 1))\nframe.rgb(), frame.luma(), frame.thumb(32)\n"
        "print('numba' in sys.modules, 'core.video.colour_render' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.split() == ["False", "False"], done.stderr


def test_rate_and_time_are_untouched(tmp_path):
    video, _ = first_frame(twin.clip(tmp_path / "wide.mp4", wide(9), twin.TAGS["bt2020"]))
    assert (video.info.rate, video.info.frames) == (Fraction(25), 3)
