"""Saving hard examples: the right picture, whole or not at all, no look-alikes, and undo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import files
from core.errors import DecodeError, RunError, SettingsError, StorageError
from core.pipeline.review.mine import Like, Mine, Saved, example_of, tagged
from core.settings.mine import MineSettings
from core.store import examples
from core.video.follow import PlayHeadDecoder
from core.video.images import encode_jpeg, read_jpeg
from core.video.probe import Video, probe
from tests import videos
from tests.machine import ROOT
from tests.raising import raises
from tests.reference import ffmpeg_frame

LIKE, ANY = MineSettings(hamming=6), MineSettings(hamming=0)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    folder = tmp_path_factory.mktemp("videos")
    return probe(shutil.copy(videos.build("h264-opengop"), folder / "it's 100%d [of].mp4"))


@pytest.fixture
def follower(video: Video) -> Iterator[PlayHeadDecoder]:
    with PlayHeadDecoder(video) as found:
        yield found


def save(
    mine: Mine, video: Video, follower: PlayHeadDecoder, ordinal: int, tag: str | None = None, force: bool = True
) -> Saved:
    example = tagged(example_of(video.info, ordinal, video.ledger.seconds(ordinal), None, [], None), tag)
    found = mine.save(follower.frame(ordinal), video.info, example, LIKE, force)
    assert isinstance(found, Saved), found
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_saved_picture_is_ffmpegs_own_decode_of_that_ordinal(
    video: Video, follower: PlayHeadDecoder, tmp_path: Path
) -> None:
    for ordinal in (0, 7, 119, 60):
        picture = save(Mine(tmp_path), video, follower, ordinal).picture
        assert picture.name == f"it's 100%d [of]_f{ordinal:06d}.jpg"
        assert videos.read_number(read_jpeg(picture)) == ordinal
        assert picture.read_bytes() == encode_jpeg(ffmpeg_frame(video.path, ordinal), 95)


def test_the_sidecar_says_what_the_format_says(video: Video, follower: PlayHeadDecoder, tmp_path: Path) -> None:
    rows = [[0, 0.87654, 1.234, 2, 50, 60], [7, 0.3, -5, 10, 900, 90]]
    example = tagged(example_of(video.info, 12, 0.48, "/w/best.pt", rows, {0: "person"}), "false_positive")
    found = Mine(tmp_path).save(follower.frame(12), video.info, example, LIKE, False)
    assert isinstance(found, Saved)
    assert files.read_json(examples.sidecar_of(found.picture)) == {
        "video_path": video.info.path,
        "frame_index": 12,
        "timestamp_s": 0.48,
        "model_path": "/w/best.pt",
        "predictions": [
            {"class_id": 0, "class_name": "person", "confidence": 0.8765, "box_xyxy": [1.23, 2, 50, 60]},
            {"class_id": 7, "class_name": "class 7", "confidence": 0.3, "box_xyxy": [0, 10, 320, 90]},
        ],
        "tag": "false_positive",
        "reason": None,
    }


@pytest.mark.parametrize(
    "rows", [None, [[0, 2, 0, 0, 1, 1]], [[0, 0.5, 0, 0, float("nan"), 1]], [[True, 0.5, 0, 0, 1, 1]], [[0, 0.5]], "x"]
)
def test_boxes_that_are_none_are_refused(video: Video, rows: object) -> None:
    with raises(SettingsError, field="predictions"):
        example_of(video.info, 0, 0.0, None, rows, None)


def test_a_look_alike_is_refused_across_restarts_and_saved_when_asked_again(
    video: Video, follower: PlayHeadDecoder, tmp_path: Path
) -> None:
    save(Mine(tmp_path), video, follower, 30)
    for mine in (Mine(tmp_path), Mine(tmp_path)):
        example = example_of(video.info, 30, 1.2, None, [], None)
        found = mine.save(follower.frame(30), video.info, example, LIKE, False)
        assert isinstance(found, Like)
        assert found.sentence() == "too like frame 30"
        (tmp_path / examples.HASHES).unlink(missing_ok=True)
    assert names(tmp_path) == ["it's 100%d [of]_f000030.jpg", "it's 100%d [of]_f000030.json"]
    save(Mine(tmp_path), video, follower, 31, force=True)
    assert len(names(tmp_path)) == 4


def test_a_look_alike_of_another_video_is_named_so_and_nobodys_file_is_overwritten(
    video: Video, follower: PlayHeadDecoder, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = probe(shutil.copy(videos.build("decoy"), tmp_path / "other" / Path(video.path).name))
    out = tmp_path / "out"
    first = save(Mine(out), video, follower, 5).picture.read_bytes()
    with PlayHeadDecoder(other) as reader:
        second = save(Mine(out), other, reader, 5)
        assert second.picture.name != "it's 100%d [of]_f000005.jpg"
        assert (out / "it's 100%d [of]_f000005.jpg").read_bytes() == first
        example = example_of(video.info, 5, 0.2, None, [], None)
        found = Mine(out).save(reader.frame(5), video.info, example, LIKE, False)
        assert isinstance(found, Like)
        assert found.sentence() == "too like frame 5 of it's 100%d [of].mp4"
    assert [examples.ordinal_of(p) for p, _ in examples.of_video(out, video.info)] == [5]


def test_undo_removes_both_and_brings_back_what_was_replaced(
    video: Video, follower: PlayHeadDecoder, tmp_path: Path
) -> None:
    mine = Mine(tmp_path)
    first = save(mine, video, follower, 40, "uncertain")
    again = save(mine, video, follower, 40, "false_negative")
    assert examples.sidecar(first.picture)["tag"] == "false_negative"
    mine.undo(again.id)
    assert examples.sidecar(first.picture)["tag"] == "uncertain"
    mine.undo(first.id)
    assert names(tmp_path) == []
    example = example_of(video.info, 40, 1.6, None, [], None)
    assert isinstance(mine.save(follower.frame(40), video.info, example, LIKE, False), Saved)
    with raises(RunError, code="forgotten"):
        mine.undo(first.id)


def test_a_tag_can_be_changed_and_cleared_but_not_invented(
    video: Video, follower: PlayHeadDecoder, tmp_path: Path
) -> None:
    mine = Mine(tmp_path)
    saved = save(mine, video, follower, 3)
    mine.retag(saved.id, "false_positive")
    assert examples.sidecar(saved.picture)["tag"] == "false_positive"
    mine.retag(saved.id, None)
    assert examples.sidecar(saved.picture)["tag"] is None
    with raises(SettingsError, field="tag"):
        mine.retag(saved.id, "fun")
    saved.picture.unlink()
    with raises(RunError, code="forgotten"):
        mine.retag(saved.id, "uncertain")


def test_a_folder_that_cannot_be_written_is_one_sentence(
    video: Video, follower: PlayHeadDecoder, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with raises(StorageError, code="cannot_write"):
        save(Mine(tmp_path / "file" / "out"), video, follower, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="a file-size limit stands for the full disk")
def test_a_full_disk_leaves_nothing_half_written(video: Video, tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from pathlib import Path
from core.settings.mine import MineSettings
from core.errors import StorageError
from core.pipeline.review.mine import Mine, example_of
from core.video.follow import PlayHeadDecoder
from core.video.probe import probe
video = probe(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
mine = Mine(Path(sys.argv[2]))
with PlayHeadDecoder(video) as follower:
    frame = follower.frame(9)
    for limit in (4000, int(sys.argv[3])):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        boxes = [[0, 0.5, 0, 0, 10, 10]] * 2000
        try:
            mine.save(frame, video.info, example_of(video.info, 9, 0.36, None, boxes, None), MineSettings(), False)
        except StorageError as error:
            print(error)
"""
    size = len(encode_jpeg(ffmpeg_frame(video.path, 9), 95))
    argv = [sys.executable, "-c", code, video.path, str(tmp_path / "out"), str(size + 1000)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120, env={**os.environ})
    assert done.stdout.count("could not be written: the disk is full") == 2, done.stdout + done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_the_follower_gives_exact_frames_in_any_order(video: Video, follower: PlayHeadDecoder) -> None:
    rng = np.random.default_rng(3)
    for ordinal in [0, 1, 2, 119, 118, 117, *rng.integers(0, 120, 25).tolist()]:
        follower.move_to(ordinal, int(rng.integers(0, 12)))
        assert videos.read_number(follower.frame(ordinal).rgb()) == ordinal
    with raises(DecodeError, code="no_frame", frame=120):
        follower.frame(120)


def test_the_follower_has_what_the_play_head_reaches(video: Video, follower: PlayHeadDecoder) -> None:
    from tests.web import until

    follower.move_to(50, 10)
    assert until(lambda: all(follower.has(i) for i in range(50, 61)))


def test_a_damaged_frame_is_refused_and_the_next_sound_one_comes(tmp_path: Path) -> None:
    broken = probe(videos.build_broken("flipped-mp4"))
    with PlayHeadDecoder(broken) as follower:
        with raises(DecodeError, code="damaged_frame", frame=55):
            follower.frame(55)
        assert videos.read_number(follower.frame(100).rgb()) == 100


def test_a_flat_picture_of_another_colour_is_no_look_alike(tmp_path: Path) -> None:
    """One hash, other colours: saved; the same colour again, after a restart and from older notes too: refused."""
    colors = ("red", "lime", "blue", "gray", "0xb06060", "0x5a875a")
    inputs = [word for c in colors * 2 for word in ("-f", "lavfi", "-i", f"color={c}:s=320x180:r=25:d=0.2")]
    joined = "".join(f"[{i}:v]" for i in range(12)) + "concat=n=12:v=1"
    argv = ["ffmpeg", "-v", "error", *inputs, "-filter_complex", joined, "-c:v", "libx264", "-crf", "8"]
    subprocess.run([*argv, str(tmp_path / "flat.mp4")], check=True)
    video, folder = probe(tmp_path / "flat.mp4"), tmp_path / "saved"
    with PlayHeadDecoder(video) as follower:

        def tried(mine: Mine, ordinal: int) -> Saved | Like:
            example = example_of(video.info, ordinal, video.ledger.seconds(ordinal), None, [], None)
            return mine.save(follower.frame(ordinal), video.info, example, LIKE, False)

        mine = Mine(folder)
        assert [type(tried(mine, ordinal)) for ordinal in range(0, 30, 5)] == [Saved] * 6
        for notes in (None, lambda line: line.split(b',"colours"')[0] + b"}\n"):
            noted = folder / examples.HASHES
            if notes is not None:
                noted.write_bytes(b"".join(map(notes, noted.read_bytes().splitlines(keepends=True))))
            found = [tried(Mine(folder), ordinal) for ordinal in range(30, 60, 5)]
            assert [like.ordinal for like in found if isinstance(like, Like)] == list(range(0, 30, 5))
            assert set(examples.known_hashes(folder)) == set(names(folder)) - {n for n in names(folder) if "json" in n}
