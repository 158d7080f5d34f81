import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.cli.main import main
from core.errors import CacheError, FramesieveError, StorageError
from core.pipeline.detect import detect, open_detection, summary_of
from core.settings.detect import DetectSettings
from core.store import detections, detections_part
from core.store.detections_part import BOX, PartFile, Row, columns
from core.video.probe import Video, probe
from tests.fakes import NOT_READ, open_number_reader, reader_weights
from tests.raising import raises
from tests.restamped import CLIPS, DISPROVED
from tests.videos import VARIANTS, build_broken

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = DetectSettings()
Clip = Callable[[str], Path]


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A folder of runs for each test, away from the videos."""
    monkeypatch.chdir(tmp_path_factory.mktemp("home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Path.cwd()


@pytest.fixture
def film(clip: Clip, tmp_path: Path) -> Callable[[str], Video]:
    """A video of its own folder, so that its cache lies nowhere else."""

    def copy(name: str) -> Video:
        source = clip(name)
        target = tmp_path / source.name
        target.write_bytes(source.read_bytes())
        return probe(target)

    return copy


def whole(video: Video, weights: object, **more: object) -> detections.DetectionCache:
    """Runs a pass to its end."""
    steps = detect(video, weights, SETTINGS, opener=open_number_reader, **more)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


NAMES = (
    "h264-25",
    "h264-2997",
    "h264-vfr",
    "h264-onegop",
    "hevc-opengop",
    "cut",
    "rotated-90",
    "mirrored",
    "odd-420",
    "mkv",
    "vp9-altref",
)
NAMES += ("late-start", "ts", "ts-cut-opengop", "ts-joined", "avi-mpeg4-b", "avi-gaps", "raw-h264")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch", [1, 8])
def test_each_ordinal_has_the_boxes_of_its_own_picture(name, batch, film, tmp_path):
    video = film(name)
    cache = whole(video, reader_weights(tmp_path, batch))
    assert len(cache) == len(video.ledger) == len(VARIANTS[name].expected)
    assert [cache.frame(i).class_id.tolist() for i in range(len(cache))] == [[n] for n in VARIANTS[name].expected]
    box = cache.frame(3).xyxy[0]
    assert box.tolist() == pytest.approx([0, 0, video.info.width / 2, video.info.height], abs=0.3)


def test_pictures_that_shrink_keep_their_place(film, tmp_path):
    video = film("ts-resize")
    cache = whole(video, reader_weights(tmp_path))
    halves = {round(float(cache.boxes[i, 2]), 2) for i in range(len(cache.boxes))}
    assert halves == {0.5}


def test_a_stopped_pass_goes_on_where_it_was(film, tmp_path):
    video, weights = film("h264-25"), reader_weights(tmp_path)
    steps = detect(video, weights, SETTINGS, opener=open_number_reader)
    while next(steps) < 40:
        pass
    steps.close()
    assert detections.find(video.info, weights).cache is None
    again = detect(video, weights, SETTINGS, opener=open_number_reader)
    assert 40 <= next(again) < 120
    again.close()
    cache = whole(video, weights)
    assert [int(c) for c in cache.clss] == list(range(120))
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".mp4", ".npz", ".pt"]


def test_other_settings_or_weights_begin_anew(film, tmp_path):
    video, weights = film("h264-25"), reader_weights(tmp_path)
    steps = detect(video, weights, SETTINGS, opener=open_number_reader)
    while next(steps) < 40:
        pass
    steps.close()
    other = DetectSettings(conf_floor=0.2)
    assert next(detect(video, weights, other, opener=open_number_reader)) == 0


def test_a_damaged_place_is_counted_and_moves_no_other_frame(film, tmp_path):
    target = tmp_path / "flipped.mp4"
    target.write_bytes(build_broken("torn-mp4", tmp_path / "made").read_bytes())
    video = probe(target)
    cache = whole(video, reader_weights(tmp_path))
    lost = cache.meta.undecoded_frames
    assert lost
    assert "could not be decoded" in summary_of(cache)
    for ordinal in range(len(cache)):
        assert cache.frame(ordinal).class_id.tolist() in ([], [ordinal], [NOT_READ], [ordinal - 1])


def test_a_cache_says_when_boxes_were_left_out(film, tmp_path):
    video, weights = film("h264-25"), reader_weights(tmp_path)
    one = DetectSettings(max_det=1)
    with open_detection(video, weights, one, opener=open_number_reader) as detection:
        list(detection.frames())
        cache = detection.finish()
    assert cache.meta.saturated_frames == 120
    assert "raise max_det" in summary_of(cache)


@pytest.mark.parametrize("full", ["beside the video", "in the folder of runs"])
def test_a_full_disk_is_a_sentence_and_loses_nothing(full, clip, small_folder, tmp_path):
    source = clip("h264-25")
    target = (small_folder if full == "beside the video" else tmp_path) / source.name
    target.symlink_to(source)
    runs = small_folder / "downloads"
    steps = detect(probe(target), reader_weights(tmp_path), SETTINGS, downloads=runs, opener=open_number_reader)
    with open(small_folder / "filler", "wb") as filler:
        filler.write(b"x" * ((60 if full == "beside the video" else 64) << 10))
    with raises(StorageError, code="disk_full"):
        list(steps)
    assert not list(target.parent.glob("*.npz"))
    (small_folder / "filler").unlink()
    assert len(whole(probe(target), reader_weights(tmp_path), downloads=runs)) == 120


@pytest.fixture
def small_folder(tmp_path):
    """A real disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a disk needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("this machine does not let us mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


CHILD = """
import sys, time
sys.path.insert(0, {tests!r})
from tests.fakes import open_number_reader, reader_weights
from pathlib import Path
from core.settings.detect import DetectSettings
from core.pipeline.detect import detect
from core.video.probe import probe
for done in detect(probe({video!r}), reader_weights(Path({folder!r})), DetectSettings(), opener=open_number_reader):
    print(done, flush=True)
    if done >= 30:
        time.sleep(600)  # in the middle, until it is killed
"""


def test_a_killed_pass_goes_on_and_leaves_no_half_written_cache(film, tmp_path):
    video = film("h264-25")
    code = CHILD.format(tests=str(ROOT), video=video.path, folder=str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout as lines:
        for line in lines:
            if int(line) >= 30:
                break
        child.send_signal(signal.SIGKILL)
    child.wait()
    weights = reader_weights(tmp_path)
    assert detections.find(video.info, weights).cache is None
    steps = detect(video, weights, SETTINGS, opener=open_number_reader)
    assert next(steps) >= 30
    steps.close()
    assert [int(c) for c in whole(video, weights).clss] == list(range(120))


def rows(*ordinals):
    return [Row(i, 0, np.full(i % 3, 0, BOX)) for i in ordinals]


def test_any_prefix_of_a_part_file_is_readable(tmp_path):
    with PartFile(tmp_path, {"k": 1}) as part:
        part.append(rows(*range(20)))
        path = part.path
    data = path.read_bytes()
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        with PartFile(tmp_path, {"k": 1}) as part:
            found = [row.ordinal for row in part.rows()]
            assert found == list(range(len(found)))
            part.append(rows(*range(len(found), 20)))
            assert [row.ordinal for row in part.rows()] == list(range(20))


def test_two_writers_have_a_file_each_and_share_what_they_found(tmp_path):
    with PartFile(tmp_path, {"k": 1}) as first, PartFile(tmp_path, {"k": 1}) as second:
        first.append(rows(0, 2))
        second.append(rows(1, 2))
        assert first.path != second.path
        assert sorted(row.ordinal for row in first.rows()) == [0, 1, 2, 2]
        made, flags = columns(first.rows(), 3)
        assert made["indptr"].tolist() == [0, 0, 1, 3]
        assert flags.tolist() == [0, 0, 0]


def beside(video):
    """Everything in the folder of a video, hidden or not."""
    return sorted(os.listdir(Path(video.path).parent))


def stopped(video, weights, settings=SETTINGS, at=40):
    """A pass that was stopped; returns how many frames it knew when it began."""
    steps = detect(video, weights, settings, opener=open_number_reader)
    begun = now = next(steps)
    while now < at:
        now = next(steps)
    steps.close()
    return begun


def test_what_is_not_done_lies_in_the_folder_of_runs_and_nothing_beside_the_video(film, tmp_path, home):
    video, weights = film("h264-25"), reader_weights(tmp_path)
    before = beside(video)
    stopped(video, weights)
    stopped(video, weights, DetectSettings(conf_floor=0.3))
    assert beside(video) == before
    parts = sorted((home / "downloads" / ".parts").iterdir())
    size, mark = video.info.fingerprint.split("-")
    assert [p.name.rsplit("-", 1)[0] for p in parts] == [f"{size}-{mark[:16]}-{weights.sha256[:8]}"] * 2
    whole(video, weights)
    assert len(list((home / "downloads" / ".parts").iterdir())) == 1
    assert len(beside(video)) == len(before) + 2


def as_earlier_versions_left_it(video, weights, home, number=0):
    """Moves a part file to where it lay before, in the form that it had."""
    (part,) = (home / "downloads" / ".parts").iterdir()
    key = json.dumps(detections_part.key_of(part), sort_keys=True).encode()
    records = part.read_bytes()[detections_part._header_size(part) :]
    label = f"{Path(video.path).stem}__{weights.stem}"
    old = Path(video.path).with_name(f".{label}.{number}.part")
    old.write_bytes(b"FSPART1\n" + len(key).to_bytes(4, "little") + key + records)
    part.unlink()
    return old


@pytest.mark.parametrize("name", ["h264-25", "h264-vfr", "mkv"])
def test_what_earlier_versions_left_beside_the_video_is_gone_on_with(name, film, tmp_path, home):
    video, weights = film(name), reader_weights(tmp_path)
    stopped(video, weights)
    old = as_earlier_versions_left_it(video, weights, home, number=3)
    assert stopped(video, weights, DetectSettings(conf_floor=0.3), at=0) == 0
    assert old.exists()
    assert stopped(video, weights, at=0) >= 40
    assert not old.exists()
    assert [int(c) for c in whole(video, weights).clss] == [int(n) for n in VARIANTS[name].expected]


def test_a_writer_that_found_nothing_leaves_nothing(tmp_path):
    with PartFile(tmp_path / "p", {"k": 1}) as part:
        assert part.path.exists()
    assert list((tmp_path / "p").iterdir()) == []


def test_two_keys_do_not_meet_and_a_foreign_file_of_the_name_is_begun_anew(tmp_path):
    with PartFile(tmp_path, {"k": 1}, {"video": "caf\udce9.mp4"}) as one, PartFile(tmp_path, {"k": 2}) as other:
        one.append(rows(0, 1))
        other.append(rows(2))
        assert [row.ordinal for row in one.rows()] == [0, 1]
        assert [row.ordinal for row in other.rows()] == [2]
    with PartFile(tmp_path, {"k": 1}) as again:  # the video was renamed: it is the same for all that
        assert [row.ordinal for row in again.rows()] == [0, 1]
    one.path.write_bytes(other.path.read_bytes())
    with PartFile(tmp_path, {"k": 1}) as again:
        assert list(again.rows()) == []


def test_what_is_left_is_listed_and_removed_but_not_what_is_being_written(film, tmp_path, home, capsys):
    video, weights = film("h264-25"), reader_weights(tmp_path)
    stopped(video, weights)
    old = as_earlier_versions_left_it(video, weights, home)
    stopped(video, weights, DetectSettings(conf_floor=0.3), at=20)
    (tmp_path / ".not__a.0.part").write_bytes(b"mine")
    assert main(["parts", "--input-dir", str(tmp_path), "--json"]) == 0
    new, before = json.loads(capsys.readouterr().out)["parts"]
    assert (new["video"], new["weights"], new["total"]) == (video.path, "reader.pt", 120)
    assert (before["video"], before["weights"], before["file"]) == (Path(video.path).stem, "reader", str(old))
    assert new["frames"] >= 20
    assert before["frames"] >= 40
    assert main(["parts", "--remove", "--older-than", "1"]) == 0
    with PartFile(home / "downloads" / ".parts", detections_part.key_of(Path(new["file"]))):
        assert main(["parts", "--remove"]) == 6
    assert main(["parts", "--remove", "--input-dir", str(tmp_path)]) == 0
    assert not old.exists()
    assert not (home / new["file"]).exists()
    assert (tmp_path / ".not__a.0.part").exists()


# --- the command line


def run(folder, *words, cwd):
    command = [sys.executable, "-m", "core", "precompute", "--input-dir", str(folder), *words]
    return subprocess.run(
        command, cwd=cwd, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300
    )


@pytest.mark.weights
def test_precompute_does_a_folder_skips_what_is_there_and_fails_for_what_cannot_be_read(assets, clip, tmp_path):
    folder = tmp_path / "films"
    (folder / "deep").mkdir(parents=True)
    good = folder / "deep" / "good.mp4"
    good.write_bytes(clip("h264-25").read_bytes())
    words = ["--weights", str(assets / "models" / "yolov8n.pt"), "--device", "cpu"]
    first = run(folder, *words, "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    (entry,) = json.loads(first.stdout.splitlines()[-1])["videos"]
    assert (entry["state"], entry["frames"]) == ("done", 120)
    assert "OpenVINO" in entry["backend"]
    with np.load(folder / "deep" / "good__yolov8n.preds.npz") as file:
        assert len(file["indptr"]) == 121
    before = (folder / "deep" / "good__yolov8n.preds.npz").stat().st_mtime_ns
    for name in ("empty.mp4", "text.mp4"):
        (folder / name).write_bytes(b"" if name == "empty.mp4" else b"a letter")
    (folder / "dir.mp4").mkdir()
    second = run(folder, *words, cwd=tmp_path)
    assert second.returncode == 1
    assert "skipped" in second.stdout
    assert second.stdout.count("failed") == 3
    assert second.stderr.count("empty.mp4") >= 1
    assert "Traceback" not in second.stderr
    assert (folder / "deep" / "good__yolov8n.preds.npz").stat().st_mtime_ns == before
    third = run(folder, *words, "--pattern", "deep/*.mp4", "--force", cwd=tmp_path)
    assert third.returncode == 0, third.stderr
    assert (folder / "deep" / "good__yolov8n.preds.npz").stat().st_mtime_ns > before


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--weights", "gone.pt"], 9, "no weights at"),
        (["--weights", "films"], 9, "is a directory"),
        (["--weights", "a.txt"], 9, "is not a .pt or .onnx file"),
        (["--weights", "a.txt", "--pattern", "*.xyz"], 3, 'fits "*.xyz"'),
        (["--weights", "a.txt", "--pattern", "/abs/*.mp4"], 2, "is not a pattern"),
        (["--weights", "a.txt", "--conf-floor", "7"], 2, "out of range"),
        (["--weights", "cut.pt"], 9, "it may be cut off"),
    ],
)
def test_a_wrong_option_is_one_sentence(words, code, sentence, clip, tmp_path):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.mp4").write_bytes(clip("h264-25").read_bytes())
    (tmp_path / "a.txt").write_text("no weights")
    (tmp_path / "cut.pt").write_bytes(b"PK\x03\x04" + bytes(500))
    done = run(tmp_path / "films", *words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", ["far-mp4", "pairs", "a-little-late"])
def test_with_wrong_time_stamps_too_each_ordinal_has_its_own_boxes(name, tmp_path):
    """Also where only the pass itself shows that the frames are counted otherwise."""
    path = (CLIPS | DISPROVED)[name].make(tmp_path, name)
    cache = whole(probe(path), reader_weights(tmp_path))
    assert cache.meta.undecoded_frames == 0
    assert [cache.frame(i).class_id.tolist() for i in range(120)] == [[n] for n in range(120)]
    assert cache.meta.ledger_digest is not None


def test_a_cache_of_another_count_is_refused_in_one_sentence(tmp_path):
    """As an older program left it, which noted nothing of its count."""
    video, weights = probe(CLIPS["far-mp4"].make(tmp_path, "film")), reader_weights(tmp_path)
    cache = whole(video, weights)
    meta = json.loads(detections.meta_path(cache.path).read_text())
    assert meta.pop("ledger_digest") == video.info.ledger_digest
    detections.meta_path(cache.path).write_text(json.dumps(meta))
    found = detections.find(video.info, weights)
    assert found.cache is None
    assert "counted otherwise" in found.refused[0]
    assert detections.find(whole(video, weights) and video.info, weights).cache is not None


def test_what_clean_clips_note_of_themselves_has_not_changed(film, tmp_path):
    cache = whole(film("h264-25"), reader_weights(tmp_path))
    assert "ledger_digest" not in json.loads(detections.meta_path(cache.path).read_text())


def test_a_refused_cache_is_named_and_left_alone(film, tmp_path):
    video, weights = film("h264-25"), reader_weights(tmp_path)
    cache = whole(video, weights)
    meta = json.loads(detections.meta_path(cache.path).read_text())
    detections.meta_path(cache.path).write_text(json.dumps(meta | {"fingerprint": "1-0"}))
    found = detections.find(video.info, weights)
    assert found.cache is None
    assert "another video" in found.refused[0]
    with pytest.raises(CacheError):
        detections.read(cache.path, video.info)
    made = whole(video, weights)
    assert made.path != cache.path
    assert issubclass(CacheError, FramesieveError)
