"""``people`` and ``select-person`` as they are typed: configurations, older scripts, bad input, killed processes."""

from __future__ import annotations

import json
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.cli.main import main
from core.errors import SettingsError, WeightsError
from core.pipeline.persons import config
from core.pipeline.persons.home import home_of
from core.records import VideoInfo
from core.settings.persons import PersonDetect, PersonSettings
from core.store import persons
from core.store.person_dir import PersonDir
from core.video.probe import probe
from tests.pipeline.persons import people as blocks
from tests.runs import COMMAND, contents, environment, errors_in
from tests.verbs import outcome_of

STAGES = "1,2,3,4,5,6,7b"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, away from everything."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detector is the honest reader of coloured blocks."""
    monkeypatch.setattr("core.pipeline.persons.detect.detect_persons.__kwdefaults__", _with_blocks())


def _with_blocks() -> dict[str, object]:
    from core.pipeline.persons.detect import detect_persons

    return dict(detect_persons.__kwdefaults__) | {"opener": blocks.open_blocks}


@pytest.fixture
def clip(home: Path) -> Path:
    (home / "films").mkdir()
    (home / "blocks.pt").write_text("blocks")
    return blocks.film(home / "films" / "film.mp4")


def typed(*words: object) -> int:
    return main([str(word) for word in words])


def loaded(path: Path, name: str, *, allow_pickle: bool = False) -> np.ndarray:
    with np.load(path, allow_pickle=allow_pickle) as file:
        return file[name]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def said(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr()
    return told.out + told.err


# --- the whole way


@pytest.mark.usefixtures("seen")
def test_people_and_a_choice_make_all_their_files(home: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("people", clip, "--weights", home / "blocks.pt", "--stages", STAGES) == 0
    folder = PersonDir(home / "downloads" / "film" / "persons")
    assert "2 persons in" in said(capsys)
    for path in (folder.detections, folder.crops, folder.tracklets, folder.persons, folder.video, folder.table):
        assert path.stat().st_size > 100, path
    assert not folder.legacy_crops.exists()
    assert size_of(folder.table)[0] > 500
    assert [entry["person_id"] for entry in json.loads(folder.ranking.read_text())["persons"]] in ([1, 2], [2, 1])

    assert typed("select-person", home / "downloads" / "film") == 0
    assert "person 1: frames 0 to 39, 40 appearances" in said(capsys)
    assert typed("select-person", folder.path, "--person-id", 1, "--crops", "--padding", 0, "--aspect", 0.5) == 0
    primary = loaded(folder.primary, "primary_person")
    assert primary["bboxes"].shape == (40, 4)
    pictures = sorted(folder.person_crops(1).glob("frame_*.jpg"))
    assert len(pictures) == 40
    width, height = size_of(pictures[20])
    assert abs(width / height - 0.5) < 0.06
    assert typed("select-person", folder.path, "--person-id", 1, "--person-id", 2) == 0
    assert folder.person(1).exists()
    assert folder.person(2).exists()

    capsys.readouterr()
    assert typed("select-person", folder.path, "--person-id", 999) == 2
    assert "there is no person 999; person 1: frames 0 to 39" in said(capsys)
    assert typed("select-person", folder.path, "--person-id", 1, "--person-id", 2, "--merge") == 0
    assert "both seen in 40 frames (0-39)" in said(capsys)
    assert len(loaded(folder.primary, "primary_person")) == 40
    assert typed("select-person", folder.path, "--person-id", 2) == 0
    assert "person 2 is person 1 now" in said(capsys)
    assert typed("people", clip, "--stages", "4,5,7", "--person-id", 1) == 0
    assert len(persons.read_persons(folder.persons)) == 1, "the merge holds after a re-run"


@pytest.mark.usefixtures("seen")
def test_a_folder_of_videos_is_done_in_one_command_and_a_second_call_detects_nothing(home: Path, clip: Path) -> None:
    blocks.film(clip.with_name("other.mp4"), 20, (100,))
    clip.with_name("broken.mp4").write_bytes(b"no video at all" * 10)
    words = {"video": str(clip.parent), "weights": str(home / "blocks.pt"), "out": str(home / "out")}
    found = outcome_of("people", **words)
    assert [(Path(v["video"]).name, v["state"], v["persons"]) for v in found.videos] == [
        ("broken.mp4", "failed", None),
        ("film.mp4", "done", 2),
        ("other.mp4", "done", 2),
    ]
    assert "1 of 3 videos failed" in str(found.shortfall())
    before = (home / "out" / "film" / "detections_raw.npz").stat().st_mtime_ns
    outcome_of("people", **words)
    assert (home / "out" / "film" / "detections_raw.npz").stat().st_mtime_ns == before


@pytest.mark.usefixtures("seen")
def test_an_extraction_with_the_usual_settings_goes_on_in_the_run_that_people_made(home: Path, clip: Path) -> None:
    outcome_of("people", video=str(clip), weights=str(home / "blocks.pt"), stages="1")
    outcome_of("extract", source=str(clip))
    assert sorted(path.name for path in (home / "downloads").iterdir() if path.name[0] != ".") == ["film"]
    assert (home / "downloads" / "film" / "metadata.jsonl").exists()
    assert (home / "downloads" / "film" / "persons" / "detections_raw.npz").exists()
    video = probe(clip)
    assert home_of(video, None, home / "downloads", make=False)[0].path.parent.name == "film"


# --- bad input


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--stages", "2"), "run stage 1 first"),
        (("--stages", "1,9"), '"9" is not a stage'),
        (("--stages", ","), "no stage came"),
        (("--stages", "7"), "name one with --person-id"),
        (("--stages", "1"), "name them with --weights"),
        (("--stages", "1", "--weights", "gone.pt"), "there are no weights at"),
        (("--stages", "1", "--weights", "blocks.pt", "--classes", "dog"), 'no class "dog"'),
        (("--config", "gone.yaml"), "check the path"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    clip: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert typed("people", clip, *words) != 0
    (error,) = errors_in(said(capsys))
    assert sentence in error


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(
    ("gone", "stages", "sentence"),
    [
        ("tracklets_raw.npz", "3", "run stage 2 first"),
        ("tracklets_analysis.npz", "4b", "run stage 3 first"),
        ("canonical_persons.npz", "5", "run stage 4 first"),
        ("ranking_results.json", "7b", "run stage 5 first"),
        ("crops_cache.jpg", "7b", "run stage 1 first"),
    ],
)
def test_the_stage_whose_file_is_missing_is_named(
    home: Path, clip: Path, capsys: pytest.CaptureFixture[str], gone: str, stages: str, sentence: str
) -> None:
    outcome_of("people", video=str(clip), weights=str(home / "blocks.pt"))
    (home / "downloads" / "film" / "persons" / gone).unlink()
    assert typed("people", clip, "--stages", stages) == 5
    assert sentence in errors_in(said(capsys))[0]


@pytest.mark.usefixtures("seen")
def test_a_video_without_persons_and_one_of_a_single_frame_are_done(
    home: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = blocks.film(clip.with_name("one.mp4"), 1, (90,))
    assert typed("people", one, "--weights", home / "blocks.pt", "--stages", STAGES) == 0
    assert "2 persons in" in said(capsys)
    assert typed("people", clip, "--weights", home / "blocks.pt", "--classes", "chair", "--stages", STAGES) == 0
    told = said(capsys)
    assert "no person was detected" in told
    assert "0 persons in" in told


# --- configurations of older scripts

OLD = """
global:
  repo_root: {root}
  video_file: ${{repo_root}}/films/film.mp4
  models_dir: ${{global.repo_root}}/models
  mystery: 3
stage1_detect:
  detector:
    model: yolov8s.pt
    confidence: 0.7
    colour: red
  output:
    detections_file: ${{outputs_dir}}/${{current_video}}/detections_raw.npz
    crops_cache_file: ${{outputs_dir}}/${{current_video}}/crops_cache.pkl
stage3_analyze:
  tracklet_merging:
    area_ratio_range: [0.4, 2.5]
stage4a_reid_recovery:
  input:
    crops_cache_file: ${{outputs_dir}}/${{current_video}}/crops_cache.pkl
stage7_select_person:
stage7_create_selection_table:
"""


@pytest.fixture
def old(home: Path) -> Path:
    path = home / "pipeline_config.yaml"
    path.write_text(OLD.format(root=home))
    return path


def test_an_old_configuration_is_understood_and_unknown_keys_are_named(home: Path, old: Path) -> None:
    found = config.read(old)
    assert found.video == home / "films" / "film.mp4"
    assert found.models_dir == home / "models"
    assert found.out == home / "outputs" / "film"
    assert found.settings == {"detect": {"confidence": 0.7}, "group": {"area_ratio": [0.4, 2.5]}}
    assert [notice.facts["key"] for notice in found.notices if notice.code == "config_key_unknown"] == [
        "stage1_detect.detector.colour",
        "global.mystery",
    ]
    assert "high_confidence" in {notice.code for notice in found.notices}
    with pytest.raises(WeightsError, match=r"yolov8s\.pt"):
        found.weights()
    (home / "models").mkdir()
    (home / "models" / "yolov8s.pt").write_text("weights")
    assert found.weights() == home / "models" / "yolov8s.pt"
    applied = found.applied(PersonSettings(detect=PersonDetect(confidence=0.2)))
    assert applied.detect.confidence == 0.2, "what is typed wins"
    assert applied.group.ratio == (0.4, 2.5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("global: {video_file: '${a}', a: '${b}', b: '${a}'}", "means itself"),
        ("global: {video_file: '${nothing}'}", "is not defined"),
        ("global: [", "is not YAML"),
        ("- 1", "no names and values"),
        ("global: {video_file: 3}", "is not text"),
        ("stage1_detect: {detector: {confidence: high}}", "is not a number"),
        ("stage3_analyze: {tracklet_merging: {area_ratio_range: [1]}}", "is not two numbers"),
        ("track: {bufer: 3}", "is not a setting"),
    ],
)
def test_a_configuration_that_cannot_be_is_one_sentence(home: Path, text: str, sentence: str) -> None:
    path = home / "c.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=sentence):
        config.read(path)


def test_an_empty_configuration_says_nothing(home: Path) -> None:
    (home / "c.yaml").write_text("")
    assert config.read(home / "c.yaml") == config.Config()


@pytest.mark.usefixtures("seen", "clip")
def test_the_guide_of_older_scripts_runs_as_it_stands(
    home: Path, old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "models").mkdir()
    (home / "models" / "yolov8s.pt").write_text("weights")
    assert typed("people", "--config", old, "--stages", "1,2,3,4,5,6", "--legacy") == 0
    assert typed("people", "--config", old, "--stages", "7b") == 0
    assert typed("select-person", "--config", old, "--person-id", 2) == 0
    assert '"global.mystery" is not known' in said(capsys)
    monkeypatch.chdir(home / "outputs" / "film")

    with np.load("primary_person.npz", allow_pickle=True) as data:
        primary = data["primary_person"]
    frame_numbers, bboxes, confidences = primary["frame_numbers"], primary["bboxes"], primary["confidences"]
    assert (len(frame_numbers), bboxes.shape, len(confidences)) == (40, (40, 4), 40)
    assert loaded(Path("primary_person.npz"), "primary_person")["bboxes"].dtype == np.float32

    with open("crops_cache.pkl", "rb") as f:
        crops = pickle.load(f)
    canonical = loaded(Path("canonical_persons.npz"), "persons", allow_pickle=True)
    for person_id, colour in ((1, "red"), (2, "blue")):
        person = [p for p in canonical if p["person_id"] == person_id][0]  # noqa: RUF015  as the guide has it
        best_frame = int(person["frame_numbers"][np.argmax(person["confidences"])])
        crop = crops[best_frame][list(crops[best_frame].keys())[0]]  # noqa: RUF015
        assert (crop.shape, crop.dtype) == ((256, 128, 3), np.uint8)
        if best_frame != int(
            canonical[2 - person_id]["frame_numbers"][np.argmax(canonical[2 - person_id]["confidences"])]
        ):
            assert np.abs(crop.mean(axis=(0, 1)) - blocks.COLOURS[colour]).max() < 40
        Image.fromarray(crop)

    def get_best_crop(person, crops):  # type: ignore[no-untyped-def]  # as the guide has it
        best_frame = int(person["frame_numbers"][np.argmax(person["confidences"])])
        for crop in crops.get(best_frame, {}).values():
            if crop is not None:
                return crop
        return None

    p1, p2 = get_best_crop(canonical[0], crops), get_best_crop(canonical[1], crops)
    comparison = Image.new("RGB", (p1.shape[1] + p2.shape[1] + 10, p1.shape[0]))
    comparison.paste(Image.fromarray(p1), (0, 0))
    comparison.paste(Image.fromarray(p2), (p1.shape[1] + 10, 0))
    ImageDraw.Draw(comparison)
    assert len(loaded(Path("tracklets_raw.npz"), "tracklets", allow_pickle=True)) >= 2
    assert persons.read_persons(Path("canonical_persons.npz")).person_ids.tolist() == [1, 2]


@pytest.mark.usefixtures("seen")
def test_old_crops_are_bounded_and_hold_the_best_of_each_person(home: Path, clip: Path) -> None:
    words = {"video": str(clip), "weights": str(home / "blocks.pt"), "out": str(home / "out"), "legacy": True}
    outcome_of("people", **words, legacy_crops_gb=10 * 256 * 128 * 3 / 1e9)
    crops = pickle.loads((home / "out" / "crops_cache.pkl").read_bytes())
    assert 2 <= sum(map(len, crops.values())) <= 12
    for person in loaded(home / "out" / "canonical_persons.npz", "persons", allow_pickle=True):
        assert int(person["frame_numbers"][np.argmax(person["confidences"])]) in crops


# --- killed

KILLED = """
import sys
sys.path.insert(0, {root!r})
from core.pipeline.persons import detect
from tests.pipeline.persons.people import open_blocks
detect.detect_persons.__kwdefaults__["opener"] = open_blocks
from core.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(n, marks=pytest.mark.long) for n in range(3, 40))])
def test_whenever_it_is_killed_the_next_call_makes_the_files_of_an_undisturbed_one(
    home: Path, clip: Path, seed: int
) -> None:
    root = Path(__file__).parents[3]
    code = KILLED.format(root=str(root))

    def start(out: str) -> subprocess.Popen[bytes]:
        words = ["people", clip, "--weights", home / "blocks.pt", "--stages", STAGES, "--out", home / out, "--legacy"]
        command = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.Popen(command, cwd=home, env=environment(), stderr=subprocess.DEVNULL)

    began = time.monotonic()
    assert start("whole").wait(120) == 0
    took = time.monotonic() - began
    for path in clip.parent.glob("film__*"):
        path.unlink()
    dice = random.Random(seed)
    stages: list[Callable[[], bool]] = [
        lambda name=name: (home / "killed" / name).exists()  # type: ignore[misc]
        for name in ("detections_raw.npz", "tracklets_raw.npz", "canonical_persons.npz", "ranking_results.json")
    ]
    for reached in dice.sample(stages, 2):
        process = start("killed")
        while process.poll() is None and not reached() and time.monotonic() - began < 20 * took + 60:
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.3))
        process.kill()
        process.wait(60)
    assert start("killed").wait(120) == 0
    left, right = contents(home / "whole"), contents(home / "killed")
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []


def test_the_command_line_names_both_verbs() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, env=environment(), check=True)
    assert "people" in done.stdout
    assert "select-person" in done.stdout


def test_a_folder_of_another_video_is_refused(home: Path, clip: Path, video: VideoInfo) -> None:
    (home / "out").mkdir()
    persons.write_about(home / "out" / "persons.json", persons.About(video))
    (home / "out" / "w.pt").write_text("x")
    assert typed("people", clip, "--weights", home / "out" / "w.pt", "--out", home / "out") == 5
