"""What was made of another stream, or with pictures that were turned otherwise, is never continued or mixed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.errors import CacheError, RunError, SourceError
from core.pipeline.detect import detect
from core.pipeline.extraction import extract_records
from core.pipeline.review import proxies
from core.pipeline.review.mine import Mine, Saved, example_of
from core.pipeline.runs import video_of
from core.records import VideoInfo
from core.settings.detect import DetectSettings
from core.settings.extract import ExtractSettings
from core.settings.mine import MineSettings
from core.store import detections, examples, jsonl, run_file
from core.store.run import RunDir
from core.video.images import read_jpeg
from core.video.probe import Video, probe
from core.video.seek import FrameReader
from tests import videos
from tests.fakes import open_number_reader, reader_weights
from tests.orientations import in_bitstream, in_track
from tests.raising import raises
from tests.restamped import CLIPS
from tests.streams import FRAMES, OTHER, Kit

NEW = ("named_stream", "first_stream", "mirrored", "orientation_source")
"""What earlier programs did not write."""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two films: the second one has the default flag; earlier programs read the first."""
    kit = Kit(tmp_path)
    return kit.joined("two.mkv", kit.other(), kit.film(), flags="-d")


@pytest.fixture
def mirrored(tmp_path: Path) -> Path:
    return in_track(tmp_path / "selfie.mp4", 0, True)


def run_of(source: Path, out: Path, resume: bool = True, **settings: Any) -> list[int]:
    """Extracts and returns the numbers in the saved pictures."""
    for _ in extract_records(source, ExtractSettings(method="all", **settings), out=out, resume=resume):
        pass
    return [videos.read_number(read_jpeg(out / line["filename"])) for line in jsonl.read(out / "metadata.jsonl")]


def made_by_an_earlier_program(run: Path, **video: Any) -> None:
    values = files.read_json(run / "run.json")
    values["video"] = {name: value for name, value in values["video"].items() if name not in NEW} | video
    values["settings"].pop("stream")
    values["digest"] = ExtractSettings(method="all").digest()
    files.write_json(run / "run.json", values)


def test_a_run_of_a_named_stream_carries_it_in_its_name(two: Path, tmp_path: Path) -> None:
    for stream in (None, 0, 1):
        settings = ExtractSettings(method="every_nth", every=8, stream=stream)
        list(extract_records(two, settings, downloads=tmp_path / "runs"))
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["two", "two_s0"]
    named = RunDir(tmp_path / "runs" / "two_s0")
    assert run_file.read(named.run_json).video.stream_index == 0
    assert videos.read_number(read_jpeg(named.frame(8))) == OTHER + 8
    with FrameReader(video_of(named)) as reader:
        assert videos.read_number(reader.frame(3).rgb()) == OTHER + 3


def test_a_run_goes_on_with_its_own_stream_only(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    numbers = run_of(two, out, stream=0)
    assert numbers == list(range(OTHER, OTHER + FRAMES))
    assert run_of(two, out, stream=0) == numbers
    with raises(RunError, code="otherwise_shown"):
        run_of(two, out)


def test_an_earlier_run_of_another_stream_is_read_and_not_continued(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run_of(two, out, stream=0)
    made_by_an_earlier_program(out)
    before = (out / "metadata.jsonl").read_bytes()
    with pytest.raises(RunError, match="--no-resume"):
        run_of(two, out)
    assert (out / "metadata.jsonl").read_bytes() == before
    with FrameReader(video_of(RunDir(out))) as reader:
        assert videos.read_number(reader.frame(3).rgb()) == OTHER + 3
    assert run_of(two, out, resume=False) == list(range(FRAMES))


def test_an_earlier_run_of_pictures_that_were_not_mirrored_stays_as_it_is(mirrored: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    numbers = run_of(mirrored, out)
    made_by_an_earlier_program(out, rotation=180)
    with pytest.raises(RunError, match="pictures turned by 180 degrees, and they have to be mirrored") as raised:
        run_of(mirrored, out)
    assert "--no-resume" in str(raised.value)
    with raises(RunError, code="otherwise_shown"):
        video_of(RunDir(out))
    assert run_of(mirrored, out, resume=False) == numbers


def cached(video: Video, folder: Path) -> detections.DetectionCache:
    settings, downloads = DetectSettings(), folder / "downloads"
    steps = detect(video, reader_weights(folder), settings, downloads=downloads, opener=open_number_reader)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_each_stream_has_a_cache_of_its_own(two: Path, tmp_path: Path) -> None:
    film, other, weights = probe(two), probe(two, stream=0), reader_weights(tmp_path)
    found = {video.info.stream_index: cached(video, tmp_path) for video in (film, other)}
    assert [found[i].path.name for i in (1, 0)] == ["two__reader.preds.npz", "two_s0__reader.preds.npz"]
    assert detections.listed(two) == [found[1].path]
    assert detections.listed(two, (), other.info.stream_suffix) == [found[0].path]
    for video in (film, other):
        cache = detections.find(video.info, weights).cache
        assert cache is not None
        assert cache.meta.stream_index == video.info.stream_index
    with raises(CacheError):
        detections.read(found[0].path, film.info)


def forget(cache: detections.DetectionCache, **values: Any) -> None:
    """Makes the description one of an earlier program."""
    path = detections.meta_path(cache.path)
    known = json.loads(path.read_text())
    for name in ("stream_index", "mirrored"):
        del known[name]
    path.write_text(json.dumps(known | values))


def test_an_earlier_cache_counts_where_nothing_is_shown_otherwise(tmp_path: Path) -> None:
    video = probe(Kit(tmp_path).film())
    cache = cached(video, tmp_path)
    forget(cache)
    assert detections.find(video.info, reader_weights(tmp_path)).cache is not None


def test_an_earlier_cache_of_the_first_stream_is_refused_for_the_film(two: Path, tmp_path: Path) -> None:
    video = probe(two)
    cache = cached(video, tmp_path)
    forget(cache)
    found = detections.find(video.info, reader_weights(tmp_path))
    assert found.cache is None
    assert "is of the first stream of its video, not of stream 1; precompute again" in found.refused[0]
    assert detections.path_to_write(video.info, reader_weights(tmp_path), tmp_path) == cache.path


def test_an_earlier_cache_of_pictures_that_were_not_mirrored_is_refused(mirrored: Path, tmp_path: Path) -> None:
    video = probe(mirrored)
    cache = cached(video, tmp_path)
    assert [int(c) for c in cache.clss] == list(range(12))
    forget(cache)
    found = detections.find(video.info, reader_weights(tmp_path))
    assert found.cache is None
    assert "is of not mirrored pictures and the video has to be; precompute again" in found.refused[0]


def test_an_unfinished_pass_of_another_view_is_begun_anew(mirrored: Path, tmp_path: Path) -> None:
    video, weights = probe(mirrored), reader_weights(tmp_path)
    before = dataclasses.replace(video, info=dataclasses.replace(video.info, mirrored=False, rotation=180))
    steps = detect(before, weights, DetectSettings(), downloads=tmp_path / "downloads", opener=open_number_reader)
    next(steps)
    assert next(steps) > 0
    steps.close()
    again = detect(video, weights, DetectSettings(), downloads=tmp_path / "downloads", opener=open_number_reader)
    assert next(again) == 0


def saved(video: Video, folder: Path, ordinal: int) -> Path:
    example = example_of(video.info, ordinal, video.ledger.seconds(ordinal), None, [], None)
    with FrameReader(video) as reader:
        found = Mine(folder).save(reader.frame(ordinal), video.info, example, MineSettings(), True)
    assert isinstance(found, Saved)
    return found.picture


def shown(folder: Path, info: VideoInfo) -> list[str]:
    return [path.name for path, _ in examples.of_video(folder, info)]


def test_saved_examples_of_two_streams_are_not_mixed(two: Path, tmp_path: Path) -> None:
    out, film, other = tmp_path / "out", probe(two), probe(two, stream=0)
    assert saved(film, out, 5).name == "two_f000005.jpg"
    assert saved(other, out, 5).name == "two_s0_f000005.jpg"
    assert shown(out, film.info) == ["two_f000005.jpg"]
    assert shown(out, other.info) == ["two_s0_f000005.jpg"]
    assert json.loads((out / "two_f000005.json").read_text())["stream_index"] == 1
    assert "stream_index" not in json.loads((out / "two_s0_f000005.json").read_text())


def test_a_saved_example_that_was_not_mirrored_is_not_replaced(mirrored: Path, tmp_path: Path) -> None:
    out, video = tmp_path / "out", probe(mirrored)
    first = saved(video, out, 5)
    sidecar = first.with_suffix(".json")
    values = json.loads(sidecar.read_text())
    assert values.pop("mirrored") is True
    sidecar.write_text(json.dumps(values))
    assert shown(out, video.info) == []
    second = saved(video, out, 5)
    assert second != first
    assert shown(out, video.info) == [second.name]


def test_a_saved_example_of_another_count_is_not_replaced(tmp_path: Path) -> None:
    out, video = tmp_path / "out", probe(CLIPS["one-repeat"].make(tmp_path, "one-repeat"))
    first = saved(video, out, 5)
    sidecar = first.with_suffix(".json")
    values = json.loads(sidecar.read_text())
    assert values.pop("ledger_digest") == video.info.ledger_digest
    assert shown(out, video.info) == [first.name]
    sidecar.write_text(json.dumps(values))
    assert shown(out, video.info) == []
    assert saved(video, out, 5) != first


def test_the_player_gets_a_copy_of_the_stream_and_of_what_it_shows(two: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    made = {}
    for stream in (None, 0):
        for _ in proxies.make(two, downloads, stream):
            pass
        made[stream] = proxies.proxy_path(probe(two, stream=stream).info, downloads)
    assert made[None].stem.endswith("_s1"), "earlier programs copied the first stream under the plain name"
    assert videos.decoded(made[None]) == list(range(FRAMES))
    assert videos.decoded(made[0]) == list(range(OTHER, OTHER + FRAMES))
    assert len({path.name for path in (downloads / proxies.HOME).iterdir()}) == 4, "two ledgers and two copies"


def test_a_copy_of_a_mirrored_video_is_not_that_of_an_earlier_program(tmp_path: Path) -> None:
    source = in_bitstream(tmp_path / "a.mp4", 90, True)
    for _ in proxies.make(source, tmp_path / "downloads"):
        pass
    assert proxies.proxy_path(probe(source).info, tmp_path / "downloads").stem.endswith("_m")


def test_a_wrong_stream_makes_nothing(two: Path, tmp_path: Path) -> None:
    with raises(SourceError, code="no_stream", field="stream"):
        run_of(two, tmp_path / "run", stream=7)
    assert not (tmp_path / "run").exists()
