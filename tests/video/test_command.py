"""The FFmpeg command line, with the real program."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.errors import FramesieveError, StorageError
from core.video import command
from core.video.encode import encode
from tests.raising import raises

ROOT = Path(__file__).parents[2]

BLOCK_IMAGEIO = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "imageio_ffmpeg":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocker())
"""
PRINT_PATH = """
from core.errors import FramesieveError
from core.video.command import ffmpeg_path, run_ffmpeg
try:
    print(ffmpeg_path())
    print(len(run_ffmpeg(["-f", "lavfi", "-i", "color=d=0.1:r=10:s=16x16", "-f", "rawvideo", "-"])))
except FramesieveError as error:
    print(type(error).__name__, error.exit_code, error)
"""


def run_with_path(path: str, code: str) -> list[str]:
    environment = {**os.environ, "PATH": path}
    environment.pop("IMAGEIO_FFMPEG_EXE", None)
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_ffmpeg_on_path_the_binary_of_imageio_ffmpeg_works(tmp_path: Path) -> None:
    path, size = run_with_path(str(tmp_path), PRINT_PATH)
    assert "imageio_ffmpeg" in path
    assert int(size) == 16 * 16 * 3 // 2


def test_without_any_ffmpeg_the_sentence_says_how_to_install_it(tmp_path: Path) -> None:
    (line,) = run_with_path(str(tmp_path), BLOCK_IMAGEIO + PRINT_PATH)
    assert line.startswith("MissingDependency 8 FFmpeg was not found")
    assert command.install_line() in line


@pytest.mark.parametrize(
    ("platform", "word"), [("linux", "apt-get"), ("darwin", "brew"), ("win32", "winget"), ("freebsd14", "distribution")]
)
def test_each_system_has_an_install_line(platform: str, word: str) -> None:
    assert word in command.install_line(platform)


def test_each_input_gets_the_whitelist_of_protocols() -> None:
    argv = command.ffmpeg_argv(["-i", "a", "-i", "b", "out.mp4"])
    assert argv[1:] == [
        *command.SAFE_OPTIONS,
        *(*command.SAFE_INPUT, "-i", "a"),
        *(*command.SAFE_INPUT, "-i", "b"),
        "out.mp4",
    ]


def test_standard_input_reaches_ffmpeg_and_its_output_comes_back() -> None:
    luma = bytes(range(64))
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-video_size", "8x8"]
    assert command.run_ffmpeg([*raw, "-i", "pipe:0", "-f", "rawvideo", "-"], stdin=luma) == luma


@pytest.mark.parametrize("name", ["-y.gray", "concat:a.gray", "with space.gray", "pct%d.gray", "ümlaut.gray"])
def test_a_strange_name_stays_the_name_of_a_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(bytes(64))
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-video_size", "8x8"]
    assert len(command.run_ffmpeg([*raw, "-i", command.file_url(name), "-f", "rawvideo", "-"])) == 64


def test_a_playlist_cannot_reach_the_network(tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(FramesieveError):
        command.run_ffmpeg(["-i", command.file_url(playlist), "-f", "null", "-"], timeout_s=30)


def test_the_sentence_ends_with_the_last_line_of_ffmpeg(tmp_path: Path) -> None:
    with pytest.raises(FramesieveError, match=r"FFmpeg failed \(exit code \d+\): .*No such file or directory\.$"):
        command.run_ffmpeg(["-i", command.file_url(tmp_path / "none.mp4"), "-f", "null", "-"])


def test_a_timeout_kills_ffmpeg() -> None:
    with raises(FramesieveError, code="ffmpeg_timeout"):
        command.run_ffmpeg(["-re", "-f", "lavfi", "-i", "testsrc=d=60", "-f", "null", "-"], timeout_s=0.5)


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        (b"", FramesieveError, "it gave no reason"),
        (b"first\n\nlast.\n", FramesieveError, "last"),
        (b"\xff\xfe", FramesieveError, "exit code 1"),
        (b"av_interleaved_write_frame(): No space left on device\nConversion failed!", StorageError, "could not write"),
    ],
)
def test_what_ffmpeg_says_becomes_the_error(stderr: bytes, kind: type[FramesieveError], words: str) -> None:
    error = command.ffmpeg_error(1, stderr)
    assert type(error) is kind
    assert words in str(error)


def test_versions_are_told() -> None:
    assert command.ffmpeg_version() != "unknown"
    assert set(command.library_versions()) >= {"libavcodec", "libavformat"}


def grey(level: int, height: int = 32, width: int = 48) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001)])
def test_an_encoded_video_holds_every_frame_at_its_time(tmp_path: Path, rate: Fraction) -> None:
    import av

    path = tmp_path / "out.mp4"
    assert encode((grey(20 * i) for i in range(10)), path, rate, crf=0) == 10
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert [frame.pts * frame.time_base for frame in frames] == [i / rate for i in range(10)]
    assert [round(float(f.to_ndarray(format="rgb24").mean()) / 20) for f in frames] == list(range(10))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([], "no frame came"),
        ([grey(0), grey(0, height=34)], "one size"),
        ([grey(0, height=33)], "FFmpeg failed"),
    ],
)
def test_a_video_that_cannot_be_encoded_leaves_no_file(tmp_path: Path, frames: list[np.ndarray], words: str) -> None:
    with pytest.raises(FramesieveError, match=words):
        encode(frames, tmp_path / "out.mp4", Fraction(25))
    assert not list(tmp_path.iterdir())


def test_a_fault_of_the_frames_is_passed_on_and_ends_ffmpeg(tmp_path: Path) -> None:
    def broken():
        yield grey(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        encode(broken(), tmp_path / "out.mp4", Fraction(25))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with raises(FramesieveError, code="ffmpeg"):
        encode([grey(0)] * 3, tmp_path / "none" / "out.mp4", Fraction(25))
