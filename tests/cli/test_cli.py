"""The command line: what each verb prints for programs and for people, its options and its exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import __version__, log
from core.cli.main import main, parser
from core.cli.words import typed, with_preset
from core.pipeline.verbs import VERBS, Verb
from core.settings.model import Model, facts_of, to_mapping
from core.store import presets
from core.store.selection import digest
from tests.runs import contents, core, environment, errors_in, lines, numbers_in
from tests.videos import VARIANTS, build

Json = Callable[..., dict[str, Any]]


@pytest.fixture
def source() -> Path:
    return build("h264-opengop")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; afterwards the process listens and logs as before."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)
    for handler in list(log.get().handlers):
        log.get().removeHandler(handler)
        handler.close()


@pytest.fixture
def answer(home: Path, capsys: pytest.CaptureFixture[str]) -> Json:
    """Runs a verb with --json and returns the object on its last line."""

    def run(*argv: object) -> dict[str, Any]:
        assert main([*map(str, argv), "--json"]) == 0
        values = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert isinstance(values, dict)
        return values

    return run


# --- what programs read


def test_extract_filter_and_export_answer_with_one_object_each(answer: Json, source: Path, home: Path) -> None:
    values = answer("extract", source, "--method", "every_nth", "--every", 4)
    assert values.keys() == {"run", "frames", "kept", "cut_off", "seconds", "frames_per_s"}
    assert (values["run"], values["frames"], values["kept"]) == ("downloads/h264-opengop", 30, 30)
    run = home / values["run"]

    chosen = answer("filter", run, "--top", 7, "--reject", 8)
    assert chosen.keys() == {"run", "kept", "total", "digest", "ordinals"}
    assert (chosen["kept"], chosen["total"]) == (7, 30)
    assert chosen["digest"] == digest(chosen["ordinals"])

    written = answer("export", run, "--dest", "out")
    assert written == chosen | {"dest": written["dest"]}
    assert numbers_in(home / "out") == {i: i for i in chosen["ordinals"]}
    assert Path(written["dest"]).resolve() == (home / "out").resolve()


def test_the_other_verbs_answer_too(answer: Json, source: Path, home: Path) -> None:
    answer("extract", source, "--out", "run")
    assert answer("rescore", "run", "--quality-weights", 1, 1, 1, 1, 1) == {"run": str(home / "run"), "frames": 5}
    assert answer("shots", "run", "--detector", "content") == {
        "run": str(home / "run"),
        "shots": [[0, 40], [40, 80], [80, 120]],
    }
    checks = answer("doctor")["checks"]
    assert {"python", "ffmpeg", "decoder"} <= {check["name"] for check in checks}
    assert all(check.keys() == {"name", "state", "text"} for check in checks)
    assert {check["state"] for check in checks} <= {"ok", "warn", "missing"}


@pytest.mark.parametrize("name", ["h264-2997", "rotated-90", "avi-packed", "late-start"])
def test_probe_answers_what_was_counted(answer: Json, name: str) -> None:
    values = answer("probe", build(name))
    variant = VARIANTS[name]
    assert values["frames"] == len(variant.expected)
    assert (values["width"], values["height"]) == variant.size
    assert values["rotation"] == variant.turn
    assert values["audio"] == variant.audio
    assert {"codec", "rate", "time_base", "frames_in_header", "key_frames", "first_pts_s", "last_pts_s", "clock"} <= (
        values.keys()
    )


def test_a_dry_run_saves_no_selection(answer: Json, source: Path, home: Path) -> None:
    answer("extract", source, "--out", "run")
    before = contents(home / "run")
    dry = answer("filter", "run", "--top", 2, "--dry-run")
    assert contents(home / "run") == before
    assert answer("filter", "run", "--top", 2) == dry
    assert (home / "run" / "selection.json").exists()


def test_without_json_people_are_answered(source: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(source), "--out", "run"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("5 of 5 frames kept in ")
    assert "120 frames, 320x180" in err
    assert main(["filter", "run", "--top", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["2 of 5 frames kept", "        3 refused: quota"]
    assert main(["export", "run", "--dest", "out"]) == 0
    assert capsys.readouterr().out.startswith("2 of 5 frames exported to ")


# --- options


def test_a_preset_fills_in_what_was_not_given(answer: Json, source: Path, home: Path) -> None:
    name = next(name for name in presets.names() if presets.load(name).extract is not None)
    preset = presets.load(name).extract
    answer("extract", source, "--preset", name, "--no-save-frames", "--out", "run")
    settings = json.loads((home / "run" / "run.json").read_text())["settings"]
    assert settings == json.loads(json.dumps(to_mapping(preset))) | {"save_frames": False}


@pytest.mark.parametrize("name", presets.names())
def test_every_shipped_preset_extracts_and_filters(answer: Json, source: Path, name: str) -> None:
    answer("extract", source, "--preset", name, "--no-save-frames", "--out", "run")
    assert answer("filter", "run", "--preset", name)["total"] > 0


def test_bounds_are_read_as_numbers(answer: Json, source: Path, home: Path) -> None:
    answer("extract", source, "--out", "run", "--min", "sharpness=1.5", "--min", "entropy=10")
    assert json.loads((home / "run" / "run.json").read_text())["settings"]["min"] == {"sharpness": 1.5, "entropy": 10.0}
    kept = answer("filter", "run", "--min", "edge_strength=99.5", "--max", "edge_strength=100")["ordinals"]
    records = lines(home / "run" / "metadata.jsonl")
    assert kept == [r["frame_number"] for r in records if r["edge_strength"] >= 99.5]


TYPED = {verb.name.replace("_", "-"): verb for verb in VERBS.values() if verb.typed}


def places_of(kind: type[Model], within: str = "") -> Iterator[str]:
    """The fields of a model, and of the models within it, that people may set."""
    for name, facts in facts_of(kind).items():
        if issubclass(facts.kind, Model):
            yield from places_of(facts.kind, f"{within}{name}.")
        elif facts.flags != ():
            yield within + name


@pytest.mark.parametrize("verb", TYPED.values(), ids=list(TYPED))
def test_every_setting_has_its_flag_in_the_order_of_the_model(verb: Verb) -> None:
    built = parser().verbs[verb.name.replace("_", "-")]
    built.build()
    of_the_line = {"help", "preset", "json", "people"}
    assert [a.dest for a in built._actions if a.dest not in of_the_line] == list(places_of(verb.arguments))


def test_only_the_verb_that_is_typed_is_built() -> None:
    whole = parser()
    assert list(whole.verbs) == list(TYPED)
    whole.parse_args(["filter", "run"])
    assert [name for name, of in whole.verbs.items() if len(of._actions) > 1] == ["filter"]


@pytest.mark.parametrize(
    ("argv", "given"),
    [
        ((), {}),
        (("--min", "sharpness=20", "--min", "entropy=5"), {"settings": {"min": {"sharpness": 20.0, "entropy": 5.0}}}),
        (("--quality-weights", "1", "2", "3", "4", "5"), {"settings": {"quality_weights": [1.0, 2.0, 3.0, 4.0, 5.0]}}),
        (("--no-save-frames", "--png"), {"settings": {"save_frames": False, "png": True}}),
        (("--face-ref-img", "/a#2", "--face-ref-img", "/b"), {"settings": {"face_refs": ["/a#2", "/b"]}}),
        (("--interval", "3", "--no-resume"), {"settings": {"interval": 3.0}, "resume": False}),
    ],
)
def test_only_what_was_typed_is_given(argv: tuple[str, ...], given: dict[str, Any], tmp_path: Path) -> None:
    args = vars(parser().parse_args(["extract", str(tmp_path), *argv]))
    assert typed(args, VERBS["extract"].arguments) == {"source": tmp_path, **given}


@pytest.mark.parametrize(
    ("argv", "given"),
    [
        (("--max-face-distance",), {"max_face_distance": 0.5}),
        (("--max-face-distance", "0.4"), {"max_face_distance": 0.4}),
        (("--keep", "1", "2", "--person", "0"), {"filters": {"keep": [1, 2], "person_ids": [0]}}),
    ],
)
def test_filters_are_read(argv: tuple[str, ...], given: dict[str, Any], tmp_path: Path) -> None:
    args = vars(parser().parse_args(["filter", str(tmp_path), *argv]))
    assert typed(args, VERBS["filter"].arguments) == {"run": tmp_path, **given}


@pytest.mark.parametrize(
    ("argv", "given"),
    [
        (("--people",), {"people": {}}),
        (("--person-distance", "0.4"), {"people": {"person_distance": 0.4}}),
        (("--reference", "person:0", "--face-ref-img", "face:3"), {"settings": {"face_refs": ["person:0", "face:3"]}}),
        (("--name", "0=Anna", "--name", "1=B=C"), {"names": {"0": "Anna", "1": "B=C"}}),
    ],
)
def test_faces_and_people_are_read(argv: tuple[str, ...], given: dict[str, Any], tmp_path: Path) -> None:
    args = vars(parser().parse_args(["faces", str(tmp_path), *argv]))
    assert typed(args, VERBS["faces"].arguments) == {"run": tmp_path, **given}


def test_what_was_typed_wins_over_the_preset_before_both_are_checked(tmp_path: Path) -> None:
    values = {"settings": {"method": "all"}, "resume": False}
    name = next(name for name in presets.names() if presets.load(name).extract is not None)
    merged = with_preset(values, VERBS["extract"].arguments, name)
    beneath = presets.differences(presets.load(name).extract)
    assert merged == {"settings": beneath | {"method": "all"}, "resume": False}
    assert with_preset(values, VERBS["extract"].arguments, None) == values
    assert with_preset({}, VERBS["doctor"].arguments, name) == {}


@pytest.mark.parametrize("verb", TYPED)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parser().parse_args([verb, "--help"])
    assert end.value.code == 0
    assert f"core {verb}" in capsys.readouterr().out


# --- exit codes


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("filter", "run", "--min", "a=b"), 2, '--min "a=b" is not COLUMN=NUMBER'),
        (("filter", "run", "--min", "sharpnes=3"), 2, '"sharpness"'),
        (("filter", "run", "--rank-by", "beauty"), 2, "rank_by"),
        (("filter", "run", "--keep", "1", "--reject", "1"), 2, "both kept and rejected"),
        (("export", "run", "--top", "1", "--selection", "x.json"), 2, "give one of them"),
        (("export", "run", "--selection", "x.json"), 5, "does not exist"),
        (("probe", "absent.mp4"), 3, "does not exist"),
        (("filter", "absent"), 5, "not a run"),
    ],
)
def test_each_failure_has_its_exit_code_and_sentence(
    answer: Json, source: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, says: str
) -> None:
    answer("extract", source, "--no-save-frames", "--out", "run")
    capsys.readouterr()
    assert main(list(argv)) == code
    out, err = capsys.readouterr()
    (sentence,) = errors_in(err)
    assert says in sentence
    assert out == ""


@pytest.mark.parametrize(
    "argv", [[], ["no-such-verb"], ["extract"], ["rescore", "run"], ["extract", "a.mp4", "--every", "x"]]
)
def test_a_wrong_command_line_is_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_the_version_is_told(tmp_path: Path) -> None:
    done = core("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, f"framesieve {__version__}")


def test_the_real_door_does_the_whole_job(source: Path, tmp_path: Path) -> None:
    done = core("extract", source, "--method", "interval", "--interval", 0.5, "--no-save-frames", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = core("export", "downloads/h264-opengop", "--top", 3, "--dest", "out", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert numbers_in(tmp_path / "out") == {i: i for i in json.loads(done.stdout.splitlines()[-1])["ordinals"]}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["downloads", "logs", "out"]
    assert (tmp_path / "logs").is_dir()


def test_a_closed_pipe_is_no_traceback(source: Path, tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m core probe "{source}" | true'
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert "Traceback" not in done.stderr
