"""Which video stream of a file is read: the film, whatever else lies beside it, or the one that a person names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import SourceError
from core.video.container import choose_stream, open_video
from core.video.frame import Frame
from core.video.probe import Video, probe
from core.video.proxy import make_proxy, needs_proxy
from core.video.seek import FrameReader
from core.video.stream import FrameStream, map_frames
from tests import videos
from tests.streams import FILM, FRAMES, JPEG, OTHER, PICTURE, X265, Kit, ffmpeg, painted


def cover_of_an_mp4(kit: Kit) -> Path:
    return kit.joined("a.mp4", kit.picture(), kit.film(), flags="cd")


def cover_with_the_default_flag(kit: Kit) -> Path:
    return kit.joined("a.mkv", kit.picture(), kit.film(), flags="d-")


def large_picture_without_a_flag(kit: Kit) -> Path:
    return kit.joined("a.mkv", kit.picture((1280, 720)), kit.film(), flags="--")


def picture_in_windows_media(kit: Kit) -> Path:
    words = ("-c:v:0", "copy", "-c:v:1", "wmv2", "-b:v:1", "4M")
    return kit.joined("a.wmv", kit.picture((160, 90)), kit.film(), flags="--", words=words)


def picture_in_avi(kit: Kit) -> Path:
    return kit.joined("a.avi", kit.picture(), kit.film("-c:v", "mpeg4", "-q:v", "2"), flags="--")


def picture_in_mov(kit: Kit) -> Path:
    return kit.joined("a.mov", kit.picture(), kit.film(), flags="--")


def thumbnails_in_mov(kit: Kit) -> Path:
    """A track of a few small pictures, as cameras and chapters have, before the film."""
    thumbnails = painted(kit.folder / "thumbnails.mkv", PICTURE, (160, 90), *JPEG, frames=5)
    return kit.joined("a.mov", thumbnails, kit.film(), flags="-d")


def larger_film(kit: Kit) -> Path:
    return kit.joined("a.mkv", kit.other(), kit.film(), flags="--")


def larger_film_first(kit: Kit) -> Path:
    return kit.joined("a.mkv", kit.film(), kit.other(), flags="--")


def smaller_film_with_the_flag(kit: Kit) -> Path:
    return kit.joined("a.mkv", kit.other((640, 360)), kit.film(), flags="-d")


def flagged_track_of_an_mp4(kit: Kit) -> Path:
    return kit.joined("a.mp4", kit.other((640, 360)), kit.film(), flags="-d")


def hevc_tracks(kit: Kit) -> Path:
    return kit.joined("a.mp4", kit.other((160, 90), *X265), kit.film(*X265), flags="-d")


def two_programs(kit: Kit) -> Path:
    words = ("-c", "copy", "-program", "title=one:st=0", "-program", "title=two:st=1")
    return kit.joined("a.ts", kit.other(), kit.film(), flags="--", words=words)


def equal_films(kit: Kit) -> Path:
    return kit.joined("a.mkv", kit.film(), kit.other((320, 180)), flags="--")


def empty_track(kit: Kit) -> Path:
    """A track that promises 25 frames and 640x360, in a Matroska file from which its packets are gone."""
    path = kit.joined("a.mkv", kit.other((640, 360)), kit.film(), flags="--")
    data = path.read_bytes()
    return _without_blocks(path, data, track=1)


def _without_blocks(path: Path, data: bytes, track: int) -> Path:
    """Makes every SimpleBlock of a track a Void element of the same length."""
    changed = bytearray(data)
    at = changed.index(b"\x1f\x43\xb6\x75")  # the first cluster
    while (at := changed.find(b"\xa3", at)) >= 0:
        length, width = _number(changed, at + 1)
        end = at + 1 + width + length
        if length > 0 and end <= len(changed) and changed[at + 1 + width] == 0x80 | track and _block(changed, end):
            changed[at] = 0xEC
            at = end
        else:
            at += 1
    path.write_bytes(changed)
    return path


def _number(data: bytearray, at: int) -> tuple[int, int]:
    width = 9 - data[at].bit_length() if data[at] else 9
    return int.from_bytes(data[at : at + width]) & ((1 << 7 * width) - 1), width


def _block(data: bytearray, end: int) -> bool:
    """Whether an element of a cluster, a cluster or the cues follow."""
    return data[end : end + 1] in (b"\xa3", b"\xa0", b"\xec", b"") or data[end : end + 1] in (b"\x1f", b"\x1c")


KINDS: dict[str, tuple[Callable[[Kit], Path], int]] = {
    kind.__name__: (kind, index)
    for kind, index in {
        cover_of_an_mp4: 0,
        cover_with_the_default_flag: 1,
        large_picture_without_a_flag: 1,
        picture_in_windows_media: 1,
        picture_in_avi: 1,
        picture_in_mov: 1,
        thumbnails_in_mov: 1,
        larger_film: 1,
        larger_film_first: 0,
        smaller_film_with_the_flag: 1,
        flagged_track_of_an_mp4: 1,
        hevc_tracks: 1,
        two_programs: 1,
        equal_films: 0,
        empty_track: 1,
    }.items()
}


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def numbers_of(video: Video) -> list[int]:
    with FrameStream(video) as stream:
        return [videos.read_number(item.rgb()) for item in stream if isinstance(item, Frame)]


def film_from(first: int) -> list[int]:
    return list(range(first, first + FRAMES))


@pytest.mark.parametrize("kind", KINDS)
def test_the_film_is_read(kind: str, kit: Kit) -> None:
    make, index = KINDS[kind]
    path = make(kit)
    video = probe(path)
    assert video.info.stream_index == index
    assert numbers_of(video) == film_from(FILM)
    assert (video.info.width, video.info.height) == (320, 180)
    assert not video.info.named_stream


def test_a_stream_that_is_named_is_read_by_every_reader(kit: Kit) -> None:
    path = kit.joined("a.mkv", kit.other(), kit.film(), flags="-d")
    video = probe(path, stream=0)
    info = video.info
    assert (info.stream_index, info.named_stream, info.first_stream, info.stream_suffix) == (0, True, True, "_s0")
    assert numbers_of(video) == film_from(OTHER)
    with FrameReader(video) as reader:
        assert videos.read_number(reader.frame(17).rgb()) == OTHER + 17
    everything = np.arange(FRAMES, dtype=np.int64)
    chunks = map_frames(video, everything, lambda: lambda frame: videos.read_number(frame.rgb()))
    assert [number for chunk in chunks for _, number in chunk] == film_from(OTHER)
    assert needs_proxy(video) == "files with several video streams"
    for _ in make_proxy(video, kit.folder / "copy.mp4"):
        pass
    assert videos.decoded(kit.folder / "copy.mp4") == film_from(OTHER)


def test_naming_the_film_is_naming_nothing(kit: Kit) -> None:
    path = kit.joined("a.mkv", kit.other(), kit.film(), flags="-d")
    assert probe(path, stream=1).info == probe(path).info


def test_a_cover_can_be_named(kit: Kit) -> None:
    path = cover_of_an_mp4(kit)
    cover = next(one.index for one in choose_stream(path).streams if one.cover)
    assert numbers_of(probe(path, stream=cover)) == [PICTURE]


@pytest.mark.parametrize(("wrong", "said"), [(9, "has no stream 9"), (2, "stream 2 of")])
def test_a_wrong_number_is_one_sentence_that_lists_the_streams(wrong: int, said: str, kit: Kit) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", kit.folder / "sound.mka")
    path = kit.folder / "a.mkv"
    inputs = ("-i", kit.other(), "-i", kit.film(), "-i", kit.folder / "sound.mka")
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-map", "2", "-c", "copy", path)
    for opening in (choose_stream, open_video, lambda p, s: probe(p, stream=s)):
        with pytest.raises(SourceError, match=said) as raised:
            opening(path, wrong)
        sentence = str(raised.value)
        assert "0 (h264, 160x90" in sentence
        assert "1 (h264, 320x180" in sentence
        assert ("is audio" in sentence) == (wrong == 2)


def test_several_films_are_said_once_and_a_cover_is_not(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    two, cover = kit.joined("a.mkv", kit.other(), kit.film(), flags="-d"), cover_of_an_mp4(kit)
    with caplog.at_level(logging.INFO, "framesieve"):
        for path in (two, two, cover):
            probe(path)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "stream 1 of its 2 video streams" in said[0]
    assert "--stream" in said[0]


def test_a_file_of_one_film_is_opened_once(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    import av

    opened = []
    real = av.open
    monkeypatch.setattr(av, "open", lambda *args, **more: opened.append(args) or real(*args, **more))
    choose_stream(kit.film())
    assert len(opened) == 1
