"""The proxy: frame k of the copy is frame k of the source, at the same time, whatever the source is."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.errors import LedgerMismatch, SourceError, StorageError
from core.pipeline.review import proxies
from core.video.follow import PlayHeadDecoder
from core.video.probe import probe
from core.video.proxy import CLOCK, make_proxy, needs_proxy, proxy_pts
from tests import videos
from tests.raising import raises
from tests.restamped import DISPROVED

NEEDED = {
    **dict.fromkeys(("hevc-opengop", "hevc-closed", "hevc-10bit", "hdr", "mkv-cut-hevc"), "hevc"),
    "h264-10bit": "10 bit",
    "h264-opengop": "open groups",
    "avi-mpeg4": "avi files",
    "avi-packed": "avi files",
    "ts": "mpegts files",
    "prores": "prores",
    "rgb": "gbrp",
    "two-videos": "several video streams",
}
PLAYED = (
    "h264-25",
    "h264-vfr",
    "cut",
    "late-start-mkv",
    "av1",
    "vp8-altref",
    "fragmented",
    "rotated-90",
    "mirrored-90",
)
SAMPLES = (
    "h264-vfr",
    "h264-5994",
    "hevc-opengop",
    "cut",
    "late-start-mkv",
    "rotated-90",
    "rotated-180",
    "mirrored-90",
    "sar",
)
SAMPLES += ("odd-444", "h264-10bit", "avi-mpeg4-b", "avi-packed", "avi-gaps", "ts-wrap", "ts-joined", "gif", "rgb")


@pytest.mark.parametrize("name", [*NEEDED, *PLAYED])
def test_what_browsers_do_not_play_needs_a_proxy(name: str) -> None:
    reason = needs_proxy(probe(videos.build(name)))
    assert reason is None if name in PLAYED else NEEDED[name] in str(reason)


@pytest.mark.parametrize("name", SAMPLES)
def test_frame_k_of_the_proxy_is_frame_k_of_the_source(name: str, tmp_path: Path) -> None:
    source = probe(videos.build(name))
    assert list(make_proxy(source, tmp_path / "p.mp4"))[-1] == len(source.ledger)
    assert tuple(videos.decoded(tmp_path / "p.mp4")) == videos.VARIANTS[name].expected
    proxy = probe(tmp_path / "p.mp4")
    assert needs_proxy(proxy) is None
    since = [source.ledger.seconds(k) - source.ledger.seconds(0) for k in range(len(source.ledger))]
    assert np.allclose([proxy.ledger.seconds(k) for k in range(len(since))], since, atol=float(CLOCK))
    assert [path.name for path in tmp_path.iterdir()] == ["p.mp4"]


def test_times_closer_than_the_clock_keep_their_order() -> None:
    from fractions import Fraction

    from core.records import FrameLedger

    ledger = FrameLedger(np.arange(5, dtype=np.int64) * 2 + 7, np.ones(5, bool), Fraction(1, 1_000_000))
    assert proxy_pts(ledger).tolist() == [0, 1, 2, 3, 4]


def test_a_damaged_video_keeps_its_numbers(tmp_path: Path) -> None:
    source = probe(videos.build_broken("flipped-mp4"))
    for _ in make_proxy(source, tmp_path / "p.mp4"):
        pass
    found = videos.decoded(tmp_path / "p.mp4")
    assert len(found) == len(source.ledger)
    assert found[:40] == list(range(40))


def test_closing_it_early_leaves_nothing(tmp_path: Path) -> None:
    with closing(make_proxy(probe(videos.build("h264-25")), tmp_path / "p.mp4")) as steps:
        next(steps)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with raises(StorageError, code="cannot_write"):
        next(make_proxy(probe(videos.build("h264-25")), tmp_path / "file" / "p.mp4"))


def test_a_video_is_counted_once_and_its_proxy_found_by_every_copy(tmp_path: Path) -> None:
    first = Path(shutil.copy(videos.build("avi-mpeg4"), tmp_path / "a.avi"))
    for _ in proxies.make(first, tmp_path / "downloads"):
        pass
    second = Path(shutil.copy(first, tmp_path / "b.avi"))
    video = proxies.open_counted(second, tmp_path / "downloads")
    assert len(video.ledger) == videos.FRAMES
    assert proxies.proxy_path(video.info, tmp_path / "downloads").is_file()
    assert list(proxies.make(second, tmp_path / "downloads")) == []
    assert len(list((tmp_path / "downloads" / ".review").iterdir())) == 2


def test_what_is_no_video_is_one_sentence(tmp_path: Path) -> None:
    with raises(SourceError, code="no_video_stream"):
        next(proxies.make(videos.build_broken("sound-only"), tmp_path))


def test_what_a_decoder_disproves_is_counted_anew_when_it_is_opened_again(tmp_path: Path) -> None:
    """By the decoder beside the play head, or by the making of a copy."""
    film, downloads = DISPROVED["a-little-late"].make(tmp_path, "film"), tmp_path / "downloads"
    wrong = proxies.open_counted(film, downloads)
    with PlayHeadDecoder(wrong) as follower, pytest.raises(LedgerMismatch):
        follower.frame(64)
    assert follower.disproved
    proxies.disprove(wrong, downloads)
    assert proxies.is_disproved(film, downloads)
    right = proxies.open_counted(film, downloads)
    assert right.info.repaired_times == 1
    assert not proxies.is_disproved(film, downloads)
    again = proxies.open_counted(film, downloads)
    assert again.info == right.info
    for _ in proxies.make(film, downloads):
        pass
    assert len(probe(proxies.proxy_path(right.info, downloads)).ledger) == videos.FRAMES


def test_a_copy_is_of_the_count_that_its_making_showed(tmp_path: Path) -> None:
    film, downloads = DISPROVED["a-little-early"].make(tmp_path, "film"), tmp_path / "downloads"
    for _ in proxies.make(film, downloads):
        pass
    counted = proxies.open_counted(film, downloads)
    assert counted.info.repaired_times == 1
    assert proxies.proxy_path(counted.info, downloads).is_file()
