"""A file that was cut off says so, by what it promises itself; a whole one never does, however its header lies."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from core.records import VideoInfo
from core.video.cut_off import sentence_of
from core.video.probe import probe
from core.video.promised import promised_end
from tests.fuzz import CLIPS, FRAMES, clip
from tests.machine import assets_folder
from tests.videos import build

SHARES = (0.4, 0.61, 0.85)
INDEX_IN_FRONT = ("h264.mp4", "mpeg4.mp4", "hevc.mov")
LENGTH_IN_FRONT = ("h264.mkv", "hevc.mkv", "vp9.mkv", "mpeg4.mkv", "vp9.webm")
COUNT_IN_FRONT = ("h264.avi", "mpeg4.avi")
IN_PIECES = ("h264-fragments.mp4", "h264.ts", "hevc.ts")
REPACKED = {
    "segments.mp4": ("h264.mp4", "-movflags", "+frag_keyframe+empty_moov+global_sidx+dash"),
    "live.webm": ("vp9.webm", "-live", "1"),
    "live.mkv": ("h264.mp4", "-live", "1"),
    "clip.flv": ("h264.mp4",),
    "clip.m2ts": ("h264.mp4", "-mpegts_m2ts_mode", "1"),
}


def info_of(path: Path, data: bytes) -> VideoInfo:
    path.write_bytes(data)
    return probe(path).info


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def repacked(name: str, folder: Path) -> bytes:
    source, *words = REPACKED[name]
    path = folder / f"source-{source}"
    path.write_bytes(clip(source))
    argv = ["ffmpeg", "-v", "error", "-y", "-i", str(path), "-c", "copy", *words, str(folder / name)]
    subprocess.run(argv, check=True)
    return (folder / name).read_bytes()


# --- what is whole


@pytest.mark.parametrize("name", CLIPS)
def test_a_whole_clip_is_not_cut_off(tmp_path: Path, name: str) -> None:
    info = info_of(tmp_path / name, clip(name))
    assert sentence_of(info) is None
    assert (info.missing_bytes, info.missing_frames, info.promised_s) == (None, None, None)


@pytest.mark.parametrize("name", REPACKED)
def test_a_live_or_segmented_clip_is_not_cut_off(tmp_path: Path, name: str) -> None:
    assert sentence_of(info_of(tmp_path / name, repacked(name, tmp_path))) is None


@pytest.mark.parametrize(
    "name",
    ["cut-tail", "no-editlist", "avi-gaps", "avi-packed", "ts-cut", "ts-joined", "mpg", "wmv", "theora", "raw-h264"],
)
def test_a_whole_clip_of_an_odd_kind_is_not_cut_off(name: str) -> None:
    assert sentence_of(probe(build(name)).info) is None


@pytest.mark.weights
def test_a_header_that_claims_twice_the_frames_is_no_cut() -> None:
    info = probe(assets_folder() / "media" / "crowd.avi").info
    assert (info.frames_in_header, info.frames) == (682, 341)
    assert sentence_of(info) is None


def test_garbage_behind_the_end_is_no_cut(tmp_path: Path) -> None:
    for name in ("h264.mp4", "vp9.webm", "mpeg4.avi"):
        assert sentence_of(info_of(tmp_path / name, clip(name) + bytes(3000))) is None


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_an_index_that_leads_beyond_a_whole_file_is_called_damaged(tmp_path: Path, share: float) -> None:
    data = bytearray(build("audio").read_bytes())
    table = data.index(b"stco") + 8
    chunk = table + 4 + 4 * int(int.from_bytes(data[table : table + 4]) * share)
    data[chunk : chunk + 4] = (0x7FFF0000).to_bytes(4)
    info = info_of(tmp_path / "a.mp4", bytes(data))
    assert info.missing_bytes is None
    assert info.missing_frames in (1, 2)
    said = sentence_of(info) or ""
    assert said.startswith("this file is damaged: its index promises 120 frames, ")
    assert f"{info.frames} frames could be found" in said


# --- what is cut


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", INDEX_IN_FRONT)
def test_the_frames_beyond_the_end_are_counted(tmp_path: Path, name: str, share: float) -> None:
    data = clip(name)
    info = info_of(tmp_path / name, cut(data, share))
    assert info.missing_bytes == len(data) - int(len(data) * share)
    assert info.frames_in_header == FRAMES
    assert info.missing_frames is not None
    assert FRAMES - info.missing_frames <= info.frames <= FRAMES - info.missing_frames + 1  # one is cut in the middle
    said = sentence_of(info)
    assert said is not None
    assert f"its index promises {FRAMES} frames, {info.missing_frames} of them lie beyond the end of the file" in said


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", LENGTH_IN_FRONT)
def test_the_length_that_the_header_promises_is_told(tmp_path: Path, name: str, share: float) -> None:
    data = clip(name)
    info = info_of(tmp_path / name, cut(data, share))
    assert info.missing_bytes == len(data) - int(len(data) * share)
    assert info.promised_s == pytest.approx(1.92, abs=0.05)
    assert "its header promises 1.92 s, it holds" in (sentence_of(info) or "")


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", COUNT_IN_FRONT)
def test_the_number_of_frames_that_the_header_promises_is_told(tmp_path: Path, name: str, share: float) -> None:
    data = clip(name)
    info = info_of(tmp_path / name, cut(data, share))
    assert info.missing_bytes == len(data) - int(len(data) * share)
    assert f"its header promises {FRAMES} frames, it holds {info.frames}" in (sentence_of(info) or "")


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", [*IN_PIECES, *REPACKED])
def test_a_cut_through_a_piece_is_seen(tmp_path: Path, name: str, share: float) -> None:
    data = repacked(name, tmp_path) if name in REPACKED else clip(name)
    info = info_of(tmp_path / name, cut(data, share)[: -7 if name.endswith("ts") else None])
    assert info.frames < FRAMES
    if name.endswith("ts") and int(len(data) * share) % (192 if name.endswith("m2ts") else 188) == 7:
        return  # between two packets, which promise nothing
    assert info.missing_bytes is not None
    assert 0 < info.missing_bytes <= len(data)
    assert (sentence_of(info) or "").startswith("this file was cut off: ")


def test_a_cut_behind_the_head_of_a_fragment_is_seen(tmp_path: Path) -> None:
    data = clip("h264-fragments.mp4")
    at = data.rindex(b"mdat") - 4
    info = info_of(tmp_path / "a.mp4", data[:at])
    assert info.missing_bytes is not None
    assert info.frames < FRAMES


def test_parts_of_unknown_size_are_looked_into(tmp_path: Path) -> None:
    """What browsers record: neither the whole nor its clusters say how long they are, only the blocks do."""
    data = bytearray(repacked("live.webm", tmp_path))
    at = data.find(b"\x1f\x43\xb6\x75")
    clusters = 0
    while at >= 0:
        wide = 9 - data[at + 4].bit_length()
        data[at + 4 : at + 4 + wide] = bytes([(2 << (8 - wide)) - 1]) + b"\xff" * (wide - 1)
        at, clusters = data.find(b"\x1f\x43\xb6\x75", at + 4), clusters + 1
    assert clusters > 1
    assert sentence_of(info_of(tmp_path / "whole.webm", bytes(data))) is None
    for share in SHARES:
        info = info_of(tmp_path / "cut.webm", cut(bytes(data), share))
        assert info.missing_bytes is not None
        assert info.missing_bytes < 10_000


@pytest.mark.parametrize("unknown", [0, 0xFFFFFFFF])
def test_of_an_avi_whose_recorder_was_killed_the_torn_chunk_is_seen(tmp_path: Path, unknown: int) -> None:
    data = bytearray(cut(clip("mpeg4.avi"), 0.6))
    struct.pack_into("<I", data, 4, unknown)
    struct.pack_into("<I", data, data.index(b"movi") - 4, unknown)
    path = tmp_path / "a.avi"
    path.write_bytes(data)
    end = promised_end(path, "avi")
    assert end is not None
    assert len(data) < end < len(clip("mpeg4.avi")) + 100_000


def test_no_format_makes_the_walk_fail(tmp_path: Path) -> None:
    """Bytes of every kind under every format: a number, or None, and no endless walk."""
    path = tmp_path / "a"
    for data in (b"", b"\0", b"RIFF", b"\x1a\x45\xdf\xa3", bytes(5000), b"\xff" * 5000, b"G" * 4000, clip("h264.mp4")):
        for share in (0.01, 0.3, 1.0):
            path.write_bytes(cut(data, share))
            for demuxer in ("mov", "matroska", "avi", "mpegts", "flv", "asf", "ogg", "nut"):
                end = promised_end(path, demuxer)
                assert end is None or end > path.stat().st_size
