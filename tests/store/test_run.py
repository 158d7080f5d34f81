import json
import subprocess
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import numpy as np
import pytest

from core.errors import RunBusy, RunError, StorageError
from core.records import FrameLedger
from core.settings.extract import ExtractSettings
from core.settings.model import to_mapping
from core.store import ledger, run_file
from core.store.run import RunDir, find_run, frame_name, mask_name, ordinal_of, thumb_name
from core.store.run_file import RunFile
from tests.raising import raises


@pytest.mark.parametrize(
    ("ordinal", "suffix", "name"),
    [(0, ".jpg", "frame_000000.jpg"), (123, ".png", "frame_000123.png"), (12_345_678, ".jpg", "frame_12345678.jpg")],
)
def test_frame_names_carry_the_ordinal(ordinal, suffix, name):
    assert frame_name(ordinal, suffix) == name
    assert ordinal_of(name) == ordinal


def test_names_of_a_run(tmp_path):
    run = RunDir(tmp_path / "film")
    assert run.frame(7) == tmp_path / "film" / "frame_000007.jpg"
    assert (run.thumb(7).name, run.mask(7).name) == (thumb_name(7), mask_name(7))
    assert run.job("k1") == run.jobs / "k1.jsonl"
    when = datetime(2026, 1, 2, 3, 4, 5)
    assert run.exported_dir(when) == tmp_path / "film_exported_20260102_030405"
    assert ordinal_of("thumb_000007.jpg") is None
    names = (run.run_json, run.ledger, run.metadata, run.faces, run.face_vectors, run.shots, run.annotations)
    assert [p.name for p in names] == [
        "run.json",
        "ledger.npz",
        "metadata.jsonl",
        "faces.jsonl",
        "faces.f32",
        "shots.json",
        "annotations.json",
    ]
    assert not run.path.exists()


def test_run_json_round_trip(tmp_path, video):
    settings = ExtractSettings()
    run = RunFile(video=video, settings=to_mapping(settings), digest=settings.digest(), extra={"state": "complete"})
    run_file.write(tmp_path / "run.json", run)
    assert run_file.read(tmp_path / "run.json") == run
    assert json.loads((tmp_path / "run.json").read_text())["video"]["rate"] == "30000/1001"
    assert run.matches(video.fingerprint, settings.digest())
    assert not run.matches(video.fingerprint, "other")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v: [], "it is not an object"),
        (lambda v: {}, "schema is missing"),
        (lambda v: {**v, "schema": "new"}, 'schema = "new" is not a whole number'),
        (lambda v: {**v, "video": [1]}, r"video = \[1\] is not an object"),
        (lambda v: {**v, "schema": 99}, "update the program"),
        (lambda v: {k: w for k, w in v.items() if k != "video"}, "video is missing"),
        (lambda v: {**v, "fingerprint": "0"}, "fingerprints disagree"),
        (lambda v: {**v, "video": {**v["video"], "width": "wide"}}, 'width = "wide" is not a whole number'),
        (lambda v: {**v, "video": {**v["video"], "rate": "1/0"}}, 'rate = "1/0" is not a fraction such as'),
        (lambda v: {**v, "video": {**v["video"], "rate": 25}}, "rate = 25"),
        (lambda v: {**v, "video": {**v["video"], "frames": None}}, "frames = null is not a whole number"),
    ],
)
def test_damaged_run_json_is_one_sentence(tmp_path, video, change, sentence):
    path = tmp_path / "run.json"
    run_file.write(path, RunFile(video=video, settings={}, digest="d"))
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(RunError, match=sentence):
        run_file.read(path)


def test_missing_run_json_is_one_sentence(tmp_path):
    with raises(RunError, code="no_run"):
        run_file.read(tmp_path / "run.json")


@pytest.mark.parametrize("frames", [0, 1, 100])
@pytest.mark.parametrize("clock", ["pts", "dts", "order"])
def test_ledger_round_trip(tmp_path, frames, clock):
    path = tmp_path / "ledger.npz"
    made = FrameLedger(np.arange(frames) * 512, np.arange(frames) % 12 == 0, Fraction(1, 12_800), clock)
    ledger.save(path, made)
    read = ledger.load(path)
    assert read.pts.tolist() == made.pts.tolist()
    assert read.key.tolist() == made.key.tolist()
    assert (read.time_base, read.clock, read.pts.dtype, read.key.dtype) == (made.time_base, clock, np.int64, np.bool_)


def test_ledger_without_clock_counts_by_pts(tmp_path):
    path = tmp_path / "ledger.npz"
    np.savez(path, pts=np.arange(2), key=np.array([True, False]), time_base=np.array([1, 25]))
    assert ledger.load(path).clock == "pts"


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"pts": np.array([1, 1]), "key": np.array([True, False]), "time_base": np.array([1, 25])},
        {"pts": np.array([1]), "key": np.array([True]), "time_base": np.array([1, 0])},
        {"pts": np.array([1]), "key": np.array([True]), "time_base": np.array([1, 25]), "clock": np.array("sun")},
    ],
)
def test_wrong_ledger_is_one_sentence(tmp_path, arrays):
    np.savez(tmp_path / "ledger.npz", **arrays)
    with raises(RunError, code="damaged"):
        ledger.load(tmp_path / "ledger.npz")


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_cut_ledger_is_one_sentence(tmp_path, keep):
    path = tmp_path / "ledger.npz"
    ledger.save(path, FrameLedger(np.arange(500), np.ones(500, bool), Fraction(1, 25)))
    path.write_bytes(path.read_bytes()[:keep])
    with raises(RunError, code="damaged"):
        ledger.load(path)
    with raises(RunError, code="missing"):
        ledger.load(tmp_path / "no.npz")


def test_first_run_takes_the_stem(tmp_path):
    assert find_run(tmp_path / "absent", "film", "f", "d")[0].path == tmp_path / "absent" / "film"


def _make(root, name, video, **change):
    (root / name).mkdir(parents=True)
    run_file.write(root / name / "run.json", RunFile(video=replace(video, **change), settings={}, digest="d"))


def test_run_is_found_by_fingerprint_and_digest(tmp_path, video):
    _make(tmp_path, "film", video)
    _make(tmp_path, "film-3", video, fingerprint="g")
    _make(tmp_path, "film-x", video, fingerprint="h")
    found = {k: find_run(tmp_path, "film", *k)[0].path.name for k in ((video.fingerprint, "d"), ("g", "d"), ("h", "d"))}
    assert list(found.values()) == ["film", "film-3", "film-2"]
    assert find_run(tmp_path, "film", video.fingerprint, "other")[0].path.name == "film-2"


def test_folder_with_frames_is_not_free(tmp_path):
    (tmp_path / "film" / "persons").mkdir(parents=True)
    assert find_run(tmp_path, "film", "f", "d")[0].path.name == "film"
    (tmp_path / "film" / "frame_000001.jpg").touch()
    assert find_run(tmp_path, "film", "f", "d")[0].path.name == "film-2"


def test_damaged_run_stops_the_search_only_when_nothing_matches(tmp_path, video):
    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "run.json").write_text("{")
    with raises(RunError, code="damaged"):
        find_run(tmp_path, "film", video.fingerprint, "d")
    _make(tmp_path, "film-2", video)
    assert find_run(tmp_path, "film", video.fingerprint, "d")[0].path.name == "film-2"


@pytest.mark.parametrize("stem", ["", ".", "..", "a/b"])
def test_stem_that_is_no_folder_name_is_refused(tmp_path, stem):
    with raises(RunError, code="run_name"):
        find_run(tmp_path, stem, "f", "d")


HOLDER = """
import sys; from core.store.run import RunDir
with RunDir(sys.argv[1]).lock():
    print("locked", flush=True); sys.stdin.read()
"""


def test_second_process_is_told_who_works_in_the_run(tmp_path, python):
    run = RunDir(tmp_path / "film")
    command = [*python, "-c", HOLDER, str(run.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        with pytest.raises(RunBusy, match=rf"another process \({child.pid}\) works in .*film; wait"), run.lock():
            pass
        child.kill()
        child.wait()
        with run.lock():
            assert run.lock_file.exists()


def test_lock_holds_within_a_process_and_ends_with_the_block(tmp_path):
    run = RunDir(tmp_path / "film")
    with run.lock(), pytest.raises(RunBusy), run.lock():
        pass
    with pytest.raises(KeyError), run.lock():
        raise KeyError
    with run.lock():
        pass


def test_lock_in_a_read_only_folder_is_one_sentence(read_only_folder):
    with raises(StorageError, code="cannot_write"), RunDir(read_only_folder).lock():
        pass
