"""HDR and wide gamut through the verbs: what is saved, kept, scored, told, and never mixed with older runs."""

from __future__ import annotations

import dataclasses
import io
import json
from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import RunError
from core.pipeline import stills
from core.pipeline.chosen import chosen_by
from core.pipeline.detect import _key
from core.pipeline.export_folder import size_estimate, write_folder
from core.pipeline.extraction import extract_records, open_extraction
from core.pipeline.look import look
from core.pipeline.review import proxies
from core.pipeline.run_folder import run_and_video
from core.settings.detect import DetectSettings
from core.settings.extract import ExtractSettings
from core.settings.model import from_mapping
from core.store import run_file
from core.store.run import RunDir
from core.ui.pictures import Pictures
from core.video import images
from core.video.decoder import Decoder
from core.video.frame import Frame
from core.video.probe import opened, probe
from core.video.proxy import needs_proxy
from core.weights import Weights
from tests import runs
from tests.video import colour_twin as twin

NITS = np.array([[0, 0, 0], [26, 26, 26], [203, 203, 203], [500, 50, 20], [20, 300, 60], [900, 900, 900.0]])
KINDS = ("bt2020", "p3", "pq", "hlg")
CODES = {"bt2020": (9, 14), "p3": (12, 1), "pq": (9, 16), "hlg": (9, 18)}


def signals(kind: str) -> np.ndarray:
    if kind == "pq":
        return twin.pq(twin.convert(NITS, 1, 9))
    if kind == "hlg":
        return twin.hlg(twin.convert(NITS, 1, 9) / 1000)
    return twin.oetf709(np.clip(twin.convert(NITS / 900, 1, CODES[kind][0]), 0, 1))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    found = {kind: twin.clip(folder / f"{kind}.mp4", signals(kind), twin.TAGS[kind]) for kind in KINDS}
    sdr = ("bt709", "bt709", "bt709")
    return found | {"sdr": twin.clip(folder / "sdr.mp4", twin.oetf709(NITS / 900), sdr)}


def every(**more: object) -> ExtractSettings:
    return from_mapping(ExtractSettings, {"method": "all", **more})


def frames_of(path: Path) -> list[Frame]:
    with closing(Decoder(probe(path))) as decoder:
        return list(decoder.frames(0, 3))


# --- keep


@pytest.mark.parametrize("kind", KINDS)
def test_kept_frames_are_16_bit_png_tagged_by_cicp(kind, films, tmp_path):
    records = list(extract_records(films[kind], every(hdr="keep"), out=tmp_path / "run"))
    assert [record.filename for record in records] == [f"frame_{n:06d}.png" for n in range(3)]
    data = (tmp_path / "run" / "frame_000001.png").read_bytes()
    assert images.coding_of(data) == CODES[kind]
    kept = twin.middles(images.decode_deep(data), len(NITS)) / 65535
    assert np.abs(kept - np.clip(signals(kind), 0, 1)).max() <= 0.006  # a code of 10 bits, and what HEVC loses


@pytest.mark.parametrize("kind", KINDS)
def test_ffmpeg_reads_the_tag(kind, films):
    frame = frames_of(films[kind])[0]
    data = images.encode_deep(frame.deep(), CODES[kind])
    with av.open(io.BytesIO(data)) as container:
        picture = next(container.decode(video=0))
    assert picture.format.name == "rgb48be"
    assert (int(picture.color_primaries), int(picture.color_trc)) == CODES[kind]
    assert np.array_equal(images.decode_deep(data), frame.deep())


def test_the_chunk_is_whole_and_stands_before_the_pixels(films):
    import zlib

    data = images.encode_deep(frames_of(films["pq"])[0].deep(), (9, 16))
    at, names = 8, []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        names.append(data[at + 4 : at + 8])
        assert zlib.crc32(data[at + 4 : at + 8 + length]) == int.from_bytes(
            data[at + 8 + length : at + 12 + length], "big"
        )
        if names[-1] == b"cICP":
            assert data[at + 8 : at + 8 + length] == bytes([9, 16, 0, 1])
        at += 12 + length
    assert names[:2] == [b"IHDR", b"cICP"]
    assert names[-1] == b"IEND"


def test_keep_leaves_sdr_as_it_is(films, tmp_path):
    list(extract_records(films["sdr"], every(hdr="keep"), out=tmp_path / "keep"))
    list(extract_records(films["sdr"], every(), out=tmp_path / "plain"))
    for n in range(3):
        name = f"frame_{n:06d}.jpg"
        assert (tmp_path / "keep" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


@pytest.mark.parametrize("kind", ["p3", "pq", "hlg"])
def test_scores_and_previews_are_of_the_sdr_picture_however_frames_are_saved(kind, films, tmp_path):
    ways = {"tonemap": {}, "keep": {"hdr": "keep"}, "none": {"save_frames": False}, "png": {"png": True}}
    found = {
        name: list(extract_records(films[kind], every(thumbs=True, **way), out=tmp_path / name))
        for name, way in ways.items()
    }
    numbers = {
        name: [(r.sharpness, r.edge_strength, r.contrast, r.brightness, r.entropy, r.phash) for r in records]
        for name, records in found.items()
    }
    assert numbers["keep"] == numbers["none"] == numbers["png"] == numbers["tonemap"]
    thumbs = [(tmp_path / name / "thumbs" / "thumb_000000.jpg").read_bytes() for name in ways]
    assert len(set(thumbs)) == 1
    sdr = images.decode((tmp_path / "png" / "frame_000000.png").read_bytes())
    luma = np.round(sdr @ np.array([0.2126, 0.7152, 0.0722]))
    assert abs(found["keep"][0].brightness - 100 * luma.mean() / 255) < 0.2


# --- export


@pytest.mark.parametrize("how", ["tonemap", "keep"])
def test_export_writes_unsaved_frames_as_saved_ones(how, films, tmp_path):
    list(extract_records(films["pq"], every(hdr=how), out=tmp_path / "saved"))
    list(extract_records(films["pq"], every(hdr=how, save_frames=False), out=tmp_path / "scored"))
    for name in ("saved", "scored"):
        list(write_folder(chosen_by(tmp_path / name), tmp_path / f"{name}_out"))
    suffix = ".png" if how == "keep" else ".jpg"
    for n in range(3):
        one, two = ((tmp_path / f"{name}_out" / f"frame_{n:06d}{suffix}").read_bytes() for name in ("saved", "scored"))
        assert one == two
        assert one == (tmp_path / "saved" / f"frame_{n:06d}{suffix}").read_bytes()


def test_the_estimate_knows_that_kept_frames_are_large(films, tmp_path):
    records = list(extract_records(films["pq"], every(hdr="keep", save_frames=False), out=tmp_path / "run"))
    settings = every(hdr="keep")
    run = RunDir(tmp_path / "run")
    info = run_file.read(run.run_json).video
    assert size_estimate(run, info, records, settings) > size_estimate(run, info, records, every(png=True))


def test_the_page_shows_kept_frames_in_sdr(films, tmp_path):
    list(extract_records(films["pq"], every(hdr="keep"), out=tmp_path / "run"))
    pictures = Pictures(RunDir(tmp_path / "run"))
    assert pictures.frame_file(0) is None
    shown = twin.middles(images.decode(pictures.decoded_frame(0)), len(NITS))
    assert np.abs(shown - twin.tone_mapped(NITS, 1000)).max() <= 12  # JPEG beside hard edges
    with open(tmp_path / "run" / "frame_000000.png", "rb") as picture:
        assert stills.is_kept(picture)
        assert picture.tell() == 0


# --- what is told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "HDR (PQ, BT.2020, peak 1,000 cd/m2 assumed), tone-mapped to SDR"),
        (("--hdr", "keep"), "HDR (PQ, BT.2020, peak 1,000 cd/m2 assumed), kept in 16-bit PNG instead of JPEG"),
        (("--hdr", "keep", "--png"), "HDR (PQ, BT.2020, peak 1,000 cd/m2 assumed), kept in 16-bit PNG; scores"),
    ],
)
def test_extract_says_what_the_video_is_and_what_was_done(arguments, sentence, films, tmp_path):
    done = runs.core("extract", films["pq"], *arguments, "--out", tmp_path / "run", cwd=tmp_path)
    assert done.returncode == 0
    assert sentence in done.stderr
    video = json.loads((tmp_path / "run" / "run.json").read_text())["video"]
    assert (video["color_primaries"], video["color_transfer"], video["peak_cd_m2"]) == ("bt2020", "pq", None)
    assert video["rendering"] == "HDR (PQ, BT.2020, peak 1,000 cd/m2 assumed), tone-mapped to SDR"


def test_probe_and_the_page_say_it_too(films, tmp_path):
    done = runs.core("probe", films["p3"], "--json", cwd=tmp_path)
    values = json.loads(done.stdout.splitlines()[-1])
    assert values["color_primaries"] == "smpte432"
    assert values["colours"] == "wide gamut (Display P3), converted to BT.709"
    facts = {name: value for event in look(films["hlg"]) for name, value in event.items()}
    assert facts["colours"] == "HDR (HLG, BT.2020), tone-mapped to SDR"
    assert {name: value for event in look(films["sdr"]) for name, value in event.items()}["colours"] is None


# --- the player


@pytest.mark.parametrize("kind", KINDS)
def test_the_player_shows_our_copy_in_sdr_colours(kind, films, tmp_path):
    video = probe(films[kind])
    assert needs_proxy(video)
    steps = proxies.make(films[kind], tmp_path)
    place = None
    while place is None:
        try:
            next(steps)
        except StopIteration as end:
            place = end.value
    assert place == proxies.proxy_path(video.info, tmp_path)
    copy, source = frames_of(place)[1], frames_of(films[kind])[1]
    assert probe(place).info.rendering is None
    shown, wanted = (twin.middles(frame.rgb(), len(NITS)).astype(int) for frame in (copy, source))
    assert np.abs(shown - wanted).max() <= 12


@pytest.mark.parametrize(
    ("tags", "word"),
    [(("bt2020", "bt2020-10", "bt2020nc"), "wide gamut"), (("bt2020", "arib-std-b67", "bt2020nc"), "HDR")],
)
def test_even_what_browsers_can_decode_is_shown_by_our_copy(tags, word, tmp_path):
    path = tmp_path / "h264.mp4"
    params = "colorprim={}:transfer={}:colormatrix={}".format(*tags)
    twin.ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=0.2", "-c:v", "libx264", "-x264-params", params,
        "-pix_fmt", "yuv420p", path,
    )  # fmt: skip
    assert str(needs_proxy(probe(path))).startswith(word)


def test_a_pale_copy_of_an_older_program_is_not_shown(films, tmp_path):
    info = probe(films["pq"]).info
    assert proxies.proxy_path(info, tmp_path) != proxies.proxy_path(dataclasses.replace(info, rendering=None), tmp_path)


# --- runs that were made before


def as_made_before(run: Path) -> None:
    """Takes out of ``run.json`` what older programs did not write."""
    values = json.loads((run / "run.json").read_text())
    for name in ("color_primaries", "peak_cd_m2", "rendering"):
        del values["video"][name]
    values["settings"].pop("hdr")
    values["extra"] = {"state": "running"}
    (run / "run.json").write_text(json.dumps(values))


def test_an_older_run_of_sdr_is_gone_on_with(films, tmp_path):
    list(extract_records(films["sdr"], every(), downloads=tmp_path))
    as_made_before(tmp_path / "sdr")
    with open_extraction(films["sdr"], every(), downloads=tmp_path) as extraction:
        assert extraction.run.path == tmp_path / "sdr"
        assert extraction.done == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_older_run_of_other_colours_is_never_gone_on_with(kind, films, tmp_path):
    list(extract_records(films[kind], every(), downloads=tmp_path))
    as_made_before(tmp_path / kind)
    before = runs.contents(tmp_path / kind)
    for _ in range(2):  # the second time it goes on with the new one
        list(extract_records(films[kind], every(), downloads=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [kind, f"{kind}-2"]
    assert runs.contents(tmp_path / kind) == before


def test_an_older_run_that_is_named_is_refused_in_one_sentence(films, tmp_path):
    out = tmp_path / "run"
    list(extract_records(films["pq"], every(save_frames=False), out=out))
    as_made_before(out)
    with opened(films["pq"]) as file, pytest.raises(RunError, match=r"other colours .*--no-resume"):
        run_and_video(file, every(save_frames=False), out, tmp_path, True)
    with pytest.raises(RunError, match=r"other colours .*extract the video again"):
        list(write_folder(chosen_by(out), tmp_path / "out"))
    assert run_file.read(out / "run.json").video.rendering is None


def test_boxes_of_other_colours_are_not_gone_on_with(films):
    settings, weights = DetectSettings(), Weights(Path("a.onnx"), "0" * 64)
    hdr, sdr = (_key(probe(films[kind]), weights, settings) for kind in ("pq", "sdr"))
    assert "rendering" in hdr
    assert "rendering" not in sdr
