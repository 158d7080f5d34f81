"""Whatever a video is called: every verb works, and what was written reads back to the same path."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core import files, names
from core.cli.main import main
from core.store import run_file
from core.store.run import RunDir
from core.video.folder import is_junk, is_video_name, videos_below
from tests.runs import contents
from tests.videos import build

ROOT = Path(__file__).parents[2]
NAMES = {
    "latin-1": b"caf\xe9.mp4",
    "no-utf-8-at-all": b"\xff\xfe\x80.mp4",
    "latin-1-without-an-ending": b"na\xefve",
    "half-a-character": "\u00e9".encode()[:1] + b".mp4",
    "newline": b"two\nlines.mp4",
    "escape": b"\x1b[2Jclear\t.mp4",
    "dash": b"-rf.mp4",
    "space-at-the-end": b"clip .mp4",
    "dots-at-the-end": b"clip...mp4",
    "quotes": b'it\'s "quoted" `x` $HOME.mp4',
    "address-signs": b"100%41#part?x=1&y;z.mp4",
    "pattern": b"[a]*?{b}.mp4",
    "backslash": b"back\\slash\\n.mp4",
    "drive": b"C:.mp4",
    "emoji": "\U0001f468\u200d\U0001f469 \U0001f3ac.mp4".encode(),
    "right-to-left": "\u05e9\u05dc\u05d5\u05dd\u202e4pm.mp4".encode(),
    "nfd": "cafe\u0301.mp4".encode(),
    "longest": b"m" * 251 + b".mp4",
    "longest-of-two-bytes": b"m" + "\u00e4".encode() * 125 + b".mp4",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films").mkdir()
    return tmp_path


def named(folder, name):
    """A counting video of this name."""
    path = os.path.join(os.fsencode(folder), name)
    shutil.copyfile(build("h264-25"), path)
    return os.fsdecode(path)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_verb_takes_every_name(name, home, capsys):
    film = named(home / "films", name)
    assert main(["probe", film, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == film
    assert main(["extract", film, "--method", "every_nth", "--every", "20", "--thumbs", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    for words in (["filter", run, "--top", "2"], ["shots", run], ["rescore", run, "--quality-weights", *"11111"]):
        assert main(words) == 0
    assert main(["export", run, "--json"]) == 0
    dest = json.loads(capsys.readouterr().out.splitlines()[-1])["dest"]
    assert run_file.read(RunDir(run).run_json).video.path == film
    exported = sorted(contents(Path(dest)))
    assert [name[:6] for name in exported] == ["frame_", "frame_", "manife", "metada"]
    assert sorted(os.listdir("downloads")) == sorted([os.path.basename(run), os.path.basename(dest)])
    for path in (RunDir(run).run_json, RunDir(run).selection, home / dest / "manifest.json"):
        json.loads(path.read_bytes().decode("utf-8"))


def test_what_is_printed_shows_what_is_not_utf8_as_escapes(home):
    film = named(home / "films", b"caf\xe9\n.mp4")
    command, surroundings = [sys.executable, "-m", "core", "probe", film], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=surroundings, capture_output=True, check=True, timeout=120)
    assert rb"caf\udce9\n.mp4" in done.stdout
    done.stdout.decode("utf-8")


def test_an_export_that_cannot_begin_leaves_no_folder(home, monkeypatch, capsys):
    film = named(home / "films", b"caf\xe9.mp4")
    assert main(["extract", film, "--out", "run"]) == 0
    assert main(["export", "run", "--dest", os.path.join("x" * 300, "y")]) == 7
    assert main(["export", "run", "--dest", "d" * 250]) == 0
    assert main(["export", "run", "--dest", "d" * 256]) == 7
    assert [name for name in os.listdir() if name.endswith(".partial")] == []
    (home / "long").mkdir()
    shutil.move("run", home / "long" / ("r" * 255))
    assert main(["export", str(home / "long" / ("r" * 255))]) == 0
    assert len(os.listdir("long")) == 2


def test_a_name_that_is_too_long_is_told_without_options_that_the_verb_has_not(home, capsys):
    path = str(home / ("v" * 300 + ".mp4"))
    for words in (["probe", path], ["precompute", "--input-dir", path, "--weights", path]):
        assert main(words) != 0
        said = capsys.readouterr().err
        assert "--out" not in said
        assert "--dest" not in said


@pytest.mark.parametrize("most", [20, 21, 22, 60])
@pytest.mark.parametrize("name", ["a" * 61, "\u00e4\U0001f3ac" * 20, "\udce9" * 61, "a" * 60 + "b"])
def test_a_name_is_shortened_to_what_fits_and_stays_one_of_its_own(name, most):
    short = names.fitted(name, most)
    assert most - 4 <= names.length(short) <= most
    assert name.startswith(short[:-9])
    assert short == names.fitted(name, most) != names.fitted(name + "x", most)
    assert names.fitted("a" * most, most) == "a" * most


def test_a_file_is_written_under_the_longest_name(tmp_path):
    for name in (b"w" * 255, "\u00e4".encode() * 127, b"\xe9" * 255, b"two\nlines" + b"x" * 240):
        path = tmp_path / os.fsdecode(name)
        files.write_json(path, {"name": os.fsdecode(name)})
        assert files.read_json(path) == {"name": os.fsdecode(name)}
    assert len(os.listdir(tmp_path)) == 4


def test_what_a_dead_process_left_is_known_whatever_it_is_called(tmp_path):
    (tmp_path / ".two\nlines.0123abcd.tmp").touch()
    (tmp_path / ".keep\n.0123abcd.tmp\n").touch()
    assert files.clean_temporaries(tmp_path, older_than_s=-1) == 1


# --- which files of a folder are videos


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("a.mp4", True), ("GX010255.MP4", True), ("clip.MoV", True), ("a.b.MKV", True), ("x.M2TS", True),
        ("._a.mp4", False), (".a.MP4", False), ("Thumbs.db", False), (".DS_Store", False), ("a.mp4.part", False),
        ("mp4", False), ("a.jpg", False), ("\udce9.AVI", True),
    ],
)  # fmt: skip
def test_a_video_is_known_by_its_ending_in_any_letters(name, is_one):
    assert is_video_name(name) is is_one


def test_folders_of_systems_and_program_texts_are_passed_over(tmp_path):
    for folder in ("@eaDir", "__MACOSX", ".hidden", "$RECYCLE.BIN", "sub/deep", "sub/@EADIR"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.mp4").write_bytes(b"\0")
    (tmp_path / "index.ts").write_text("export const a = 1;\n")
    (tmp_path / "stream.TS").write_bytes(b"G\x40\0" * 100)
    (tmp_path / "empty.ts").touch()
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "gone.mp4").symlink_to("nowhere")
    found = sorted(str(path.relative_to(tmp_path)) for path in videos_below(tmp_path, pytest.fail))
    assert found == ["empty.ts", "stream.TS", "sub/deep/a.mp4"]
    assert is_junk("@eaDir")
    assert not is_junk("eaDir")


# --- one of several


@pytest.mark.weights
def test_one_video_never_ends_a_batch_and_the_summary_names_its_cure(home, assets, capsys):
    films = home / "films"
    good = [b"a.mp4", b"caf\xe9.MP4", b"z.Mov"]
    for name in (*good, b"m" * 240 + b".mp4", b"n" * 251 + b".avi", b"._a.mp4"):
        shutil.copyfile(build("h264-onegop"), os.path.join(os.fsencode(films), name))
    (films / "b.mp4").write_text("a letter")
    (films / "c.mkv").touch()
    weights = str(assets / "models" / "yolov8n.onnx")
    words = ["precompute", "--input-dir", str(films), "--weights", weights, "--device", "cpu", "--imgsz", "64"]
    assert main([*words, "--json"]) == 1
    out, err = capsys.readouterr()
    told = {Path(each["video"]).name: each for each in json.loads(out)["videos"]}
    assert len(told) == 7
    assert [name for name, each in told.items() if each["state"] == "done"] == sorted(map(os.fsdecode, good))
    for letter in "mn":
        (sentence,) = [each["error"] for name, each in told.items() if name.startswith(letter)]
        assert "give the video a name of at most 236" in sentence
        assert "--" not in sentence
    assert "4 of 7 videos failed; the reasons stand above." in err
    assert sorted(path.name for path in films.iterdir() if path.suffix == ".part") == []
    assert main(words) == 1
    assert capsys.readouterr().out.count(": skipped, ") == 3


@pytest.mark.weights
def test_a_pattern_is_taken_as_it_is_written(home, assets, capsys):
    shutil.copyfile(build("h264-onegop"), home / "films" / "A.MP4")
    shutil.copyfile(build("h264-onegop"), home / "films" / ".hidden.mp4")
    words = [
        "precompute",
        "--input-dir",
        "films",
        "--weights",
        str(assets / "models" / "yolov8n.onnx"),
        "--imgsz",
        "64",
    ]
    assert main([*words, "--pattern", "*.mp4", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["videos"]
    assert Path(one["video"]).name == ".hidden.mp4"
    assert main([*words, "--pattern", "*.mov"]) == 3
