"""What FFmpeg says of a packet is damage, what the machine says is not; one bad packet spoils no key frame after it."""

from __future__ import annotations

import errno
from contextlib import closing
from pathlib import Path

import av.error
import pytest

from core.errors import DecodeError
from core.video import faults
from core.video.decoder import Decoder
from core.video.probe import probe
from tests.fuzz import FRAMES, clip
from tests.raising import raises
from tests.videos import NumberError, build, packets, read_number


def said(number: int) -> av.error.FFmpegError:
    """The error that PyAV raises for a number that FFmpeg returns."""
    with pytest.raises(av.error.FFmpegError) as caught:
        av.error.err_check(-number)
    return caught.value


DATA = {
    "invalid data": 1094995529, "invalid argument": errno.EINVAL, "patch welcome": 1163346256, "bug": 558323010,
    "unknown": 1313558101, "not implemented": errno.ENOSYS, "too large": errno.ERANGE, "not now": errno.EAGAIN,
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_whatever_a_decoder_says_of_a_packet_is_damage(name: str) -> None:
    faults.pass_over(said(DATA[name]))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.ENOENT, errno.ETIMEDOUT, errno.ESTALE])
def test_what_the_file_system_says_to_a_demuxer_is_no_damage(tmp_path: Path, number: int) -> None:
    (tmp_path / "a").write_bytes(b"data")
    with pytest.raises(av.error.FFmpegError) as caught:
        faults.pass_over(said(number), str(tmp_path / "a"))
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == number


def test_a_read_that_fails_is_damage_only_where_the_file_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(1000))
    faults.pass_over(said(errno.EIO), str(tmp_path / "a"))
    with pytest.raises(FileNotFoundError):
        faults.pass_over(said(errno.EIO), str(tmp_path / "gone"))


def test_an_absurd_amount_of_memory_is_damage() -> None:
    """This machine has memory, so a decoder that is refused some asked for more than any has."""
    faults.pass_over(said(errno.ENOMEM))


def test_without_memory_it_is_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MEMORY_BYTES", 1 << 62)
    with raises(DecodeError, code="no_memory"):
        faults.pass_over(said(errno.ENOMEM))


# --- a decoder that is stuck


def destroyed(source: Path, path: Path, number: int) -> int:
    """Zeroes a key packet and returns at which packet the next key frame comes."""
    found, data = packets(source), bytearray(source.read_bytes())
    assert found[number].key
    at = data.index(b"\x49\x83\x42", found[number].pos) - 1  # VP9's mark of a key frame is in its second byte
    data[at : at + found[number].size - 40] = bytes(found[number].size - 40)
    path.write_bytes(data)
    return next((i for i, packet in enumerate(found) if i > number and packet.key), len(found))


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("key", [0, 12, 24])
@pytest.mark.parametrize("name", ["vp9.webm", "vp9.mkv", "vp9.mp4"])
def test_behind_a_destroyed_key_frame_the_next_one_is_decoded(
    tmp_path: Path, name: str, key: int, threads: int
) -> None:
    source = tmp_path / f"source-{name}"
    source.write_bytes(clip(name))
    following = destroyed(source, tmp_path / name, key)
    video = probe(tmp_path / name)
    assert len(video.ledger) == FRAMES
    with closing(Decoder(video, threads)) as decoder, closing(decoder.frames(0, FRAMES)) as frames:
        sound = {frame.ordinal: read_number(frame.rgb()) for frame in frames if not frame.damaged}
    assert sound == {i: i for i in [*range(key), *range(following, FRAMES)]}


def test_a_decoder_stuck_in_a_hidden_frame_goes_on_too(tmp_path: Path) -> None:
    source = build("vp9-altref")
    following = destroyed(source, tmp_path / "a.webm", 0)
    video = probe(tmp_path / "a.webm")
    with closing(Decoder(video)) as decoder, closing(decoder.frames(0, len(video.ledger))) as frames:
        for frame in frames:
            if not frame.damaged:
                try:
                    assert read_number(frame.rgb()) == frame.ordinal >= following
                except NumberError:
                    pytest.fail(f"frame {frame.ordinal} shows no number")
