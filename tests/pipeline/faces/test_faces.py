"""Faces of real clips by real networks: read while extracting, read later, compared, grouped, filtered, exported."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.errors import FramesieveError, ModelError, RunError, SettingsError, SourceError
from core.pipeline.chosen import chosen_by
from core.pipeline.export_folder import write_folder
from core.pipeline.extraction import extract_records
from core.pipeline.faces.crops import cut_out, faces_of_frame, people_view
from core.pipeline.faces.update import FacesDone, update_faces
from core.pipeline.select import select
from core.settings.export import ExportSettings
from core.settings.extract import ExtractSettings
from core.settings.faces import PeopleSettings
from core.settings.filter import FilterSettings
from core.store import face_file
from core.store import faces as store
from core.store.run import RunDir
from core.store.table import load_table
from core.video.images import encode_png
from core.video.probe import probe
from core.video.seek import FrameReader
from tests.faces import make_pack, six_people
from tests.raising import raises
from tests.runs import contents, core, errors_in, lines
from tests.verbs import outcome_of

pytestmark = pytest.mark.weights
JUGGLER_FRAMES = 247
REFERENCE = 96


@pytest.fixture(scope="module")
def pack(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pack(assets, tmp_path_factory.mktemp("packs") / "own")


@pytest.fixture(scope="module")
def both(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The juggler's clip, then the boy's, as one video of 447 frames."""
    path = tmp_path_factory.mktemp("both") / "both.mp4"
    clips = [word for name in ("juggle", "hideandseek") for word in ("-i", str(assets / "media" / f"{name}.mp4"))]
    graph = "[0:v]setpts=N/24/TB[a];[1:v]setpts=N/24/TB[b];[a][b]concat=n=2:v=1[v]"
    command = ["ffmpeg", "-v", "error", "-y", *clips, "-filter_complex", graph, "-map", "[v]"]
    command += ["-vsync", "0", "-preset", "veryfast", "-crf", "18", "-g", "48", str(path)]
    subprocess.run(command, check=True, timeout=120)
    assert probe(path).info.frames == JUGGLER_FRAMES + 200
    return path


@pytest.fixture(scope="module")
def photo(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The juggler's face on a photo of its own."""
    with FrameReader(probe(assets / "media" / "juggle.mp4")) as reader:
        rgb = reader.frame(REFERENCE).rgb()
    path = tmp_path_factory.mktemp("photo") / "juggler.png"
    path.write_bytes(encode_png(rgb))
    return path


def settings(pack: Path, **values: Any) -> ExtractSettings:
    return ExtractSettings(method="every_nth", every=3, save_frames=False, faces=True, face_model=str(pack), **values)


@pytest.fixture(scope="module")
def extracted(both: Path, pack: Path, photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose faces were read in the same pass, compared with the juggler."""
    run = tmp_path_factory.mktemp("extracted") / "run"
    list(extract_records(both, settings(pack, face_refs=(str(photo),)), out=run))
    return run


@pytest.fixture
def run(extracted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(extracted, tmp_path / "run"))


def done(*args: Any, **named: Any) -> FacesDone:
    steps = update_faces(*args, **named)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: FacesDone = end.value
            return found


def decoded(*args: Any, **named: Any) -> int:
    """How many frames a faces verb reads."""
    return max((read for read, _ in update_faces(*args, **named)), default=0)


# --- the same pass, or a later one


def test_records_say_what_the_face_files_hold(extracted: Path) -> None:
    records = lines(extracted / "metadata.jsonl")
    rows = lines(extracted / "faces.jsonl")
    assert [row["row"] for row in rows] == list(range(len(rows)))
    state = face_file.read(extracted / "faces.json")
    assert state is not None
    table = store.load(RunDir(extracted), state.dimension)
    assert len(table) == len(rows) > 80
    assert np.allclose(np.linalg.norm(table.vectors, axis=1), 1, atol=1e-5)
    for record in records:
        of_frame = [row for row in rows if row["frame_number"] == record["frame_number"]]
        assert record["face_rows"] == [row["row"] for row in of_frame]
        assert record["face_count"] == len(of_frame)
        assert record["max_face_confidence"] == max((row["confidence"] for row in of_frame), default=None)
        assert record["max_face_area_pct"] == max((row["area_pct"] for row in of_frame), default=None)
        near = [1 - float(table.vectors[row["row"]] @ state.reference_vectors[0]) for row in of_frame]
        assert (record["face_distance"] is None) == (not near)
        if near:
            assert record["face_distance"] == pytest.approx(min(near), abs=2e-5)
        assert record["person_ids"] is None
    assert all(0 <= x1 < x2 <= 1280 and 0 <= y1 < y2 <= 720 for x1, y1, x2, y2 in (row["bbox"] for row in rows))


def test_the_juggler_is_kept_and_nobody_else(extracted: Path) -> None:
    chosen = select(load_table(extracted), FilterSettings(max={"face_distance": 0.5}))
    assert len(chosen.kept) > 60
    assert chosen.kept.max() < JUGGLER_FRAMES
    assert chosen.counts()["face"] == len(chosen.keep) - len(chosen.kept)


def test_faces_read_later_are_those_of_the_same_pass(
    both: Path, extracted: Path, pack: Path, photo: Path, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    plain = ExtractSettings(method="every_nth", every=3, save_frames=False)
    list(extract_records(both, plain, out=later))
    assert not (later / "faces.json").exists()
    assert decoded(later, {"face_model": str(pack), "face_refs": [str(photo)]}) == 149
    for name in ("faces.jsonl", "faces.f32", "faces.json", "metadata.jsonl"):
        assert (later / name).read_bytes() == (extracted / name).read_bytes(), name
    assert decoded(later) == 0


def test_another_reference_needs_no_video(run: Path, both: Path, photo: Path, tmp_path: Path) -> None:
    saved = json.loads((run / "run.json").read_text())
    saved["video"]["path"] = str(tmp_path / "gone.mp4")
    (run / "run.json").write_text(json.dumps(saved))
    rows = (run / "faces.jsonl").read_bytes(), (run / "faces.f32").read_bytes()
    before = (run / "metadata.jsonl").read_bytes()
    assert decoded(run, {"face_refs": [f"{six_people()}#2"]}) == 0
    assert min(r["face_distance"] for r in lines(run / "metadata.jsonl") if r["face_count"]) > 0.5
    assert decoded(run, {"face_refs": []}) == 0
    assert {r["face_distance"] for r in lines(run / "metadata.jsonl")} == {None}
    assert decoded(run, {"face_refs": [str(photo)]}) == 0
    assert (run / "metadata.jsonl").read_bytes() == before
    assert rows == ((run / "faces.jsonl").read_bytes(), (run / "faces.f32").read_bytes())


def test_several_references_count_by_the_nearest(run: Path, photo: Path) -> None:
    first = {r["frame_number"]: r["face_distance"] for r in lines(run / "metadata.jsonl")}
    boy = next(row["row"] for row in lines(run / "faces.jsonl") if row["frame_number"] > JUGGLER_FRAMES)
    state = done(run, {"face_refs": [str(photo), f"face:{boy}"]}).faces
    assert [reference.label for reference in state.references] == [f"{photo}#1", f"face:{boy}"]
    second = {r["frame_number"]: r["face_distance"] for r in lines(run / "metadata.jsonl")}
    assert all(second[n] <= first[n] for n in first if first[n] is not None)
    assert max(n for n, distance in second.items() if distance is not None and distance < 0.3) > JUGGLER_FRAMES


# --- the face filter


def test_frames_without_a_clear_face_are_dropped_while_extracting(both: Path, pack: Path, tmp_path: Path) -> None:
    wanted = ExtractSettings(
        method="every_nth",
        every=15,
        face_filter=True,
        face_model=str(pack),
        min_face_confidence=0.7,
        min_face_area=0.45,
    )
    records = list(extract_records(both, wanted, out=tmp_path / "run"))
    dropped = [record for record in records if record.discard_reason == "face"]
    assert 0 < len(dropped) < len(records)
    rows = lines(tmp_path / "run" / "faces.jsonl")
    clear = {row["frame_number"] for row in rows if row["area_pct"] >= 0.45}
    assert {record.frame_number for record in records if record.discard_reason is None} == clear
    assert min(row["confidence"] for row in rows) >= 0.7
    assert all((record.filename is None) == (record.discard_reason == "face") for record in records)


def test_faces_of_frames_dropped_for_quality_are_not_read_and_never_pass_silently(
    both: Path, pack: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    wanted = ExtractSettings(
        method="every_nth", every=20, face_filter=True, face_model=str(pack), min_quality=46.0, save_frames=False
    )
    records = list(extract_records(both, wanted, out=out))
    bad = [record.frame_number for record in records if record.discard_reason == "quality"]
    assert bad
    assert all(record.more.get("face_count") is None for record in records if record.frame_number in bad)
    assert decoded(out) == 0
    outcome_of("rescore", run=out, quality_weights=(0.0, 0.0, 0.0, 1.0, 0.0))
    freed = [r for r in lines(out / "metadata.jsonl") if r["frame_number"] in bad and r["discard_reason"] != "quality"]
    assert freed
    assert {record["discard_reason"] for record in freed} == {"face"}
    assert decoded(out) == len(freed)
    for record in lines(out / "metadata.jsonl"):
        if record["frame_number"] in {one["frame_number"] for one in freed}:
            assert record["discard_reason"] == (None if record["face_count"] else "face")


def test_face_settings_that_change_nothing_do_not_divide_runs() -> None:
    plain = ExtractSettings()
    assert ExtractSettings(face_model="antelopev2", min_face_area=3.0, face_refs=("a",)).digest() == plain.digest()
    reading = ExtractSettings(faces=True)
    assert reading.digest() != plain.digest()
    assert (
        ExtractSettings(faces=True, min_face_area=3.0, face_device="cpu", face_refs=("a",)).digest() == reading.digest()
    )
    assert ExtractSettings(faces=True, face_model="antelopev2").digest() != reading.digest()
    filtering = ExtractSettings(face_filter=True)
    assert ExtractSettings(face_filter=True, faces=True).digest() == filtering.digest() != reading.digest()


# --- people


def test_people_are_grouped_named_filtered_and_looked_for(run: Path, photo: Path) -> None:
    found = done(run, people=PeopleSettings()).people
    assert found is not None
    frame_of = {row["row"]: row["frame_number"] for row in lines(run / "faces.jsonl")}
    sides = [{frame_of[row] < JUGGLER_FRAMES for row in person.rows} for person in found]
    assert all(len(side) == 1 for side in sides), "no group holds faces of both clips"
    assert sides[0] == {True}
    assert len(found[0].rows) > 60
    boy = next(i for i, side in enumerate(sides, 1) if side == {False})
    named = done(run, people=PeopleSettings(), names={1: "  The   Juggler ", boy: "Boy"}).people
    assert named is not None
    assert (named[0].name, named[boy - 1].name) == ("The Juggler", "Boy")
    again = done(run, people=PeopleSettings(person_distance=0.4)).people
    assert again is not None
    assert {"The Juggler", "Boy"} == {person.name for person in again if person.name}
    done(run, people=PeopleSettings())

    table = load_table(run)
    chosen = select(table, FilterSettings(person_ids=(1,)))
    assert set(chosen.kept.tolist()) == {frame_of[row] for row in found[0].rows}
    assert chosen.counts() == {"person": len(table) - len(chosen.kept)}
    assert chosen.only_by == {"person": len(table) - len(chosen.kept)}
    assert len(select(table, FilterSettings(person_ids=(1, boy))).kept) > len(chosen.kept)
    assert len(select(table, FilterSettings(person_ids=(999,))).kept) == 0

    done(run, {"face_refs": [f"person:{boy}"]})
    near = select(load_table(run), FilterSettings(max={"face_distance": 0.5})).kept
    assert near.min() >= JUGGLER_FRAMES


def test_single_faces_are_kept(run: Path) -> None:
    state = done(run, people=PeopleSettings(person_distance=0.1))
    people = state.people
    assert people is not None
    in_groups = sum(len(person.rows) for person in people)
    view = people_view(run)
    assert view["singles"]["faces"] == state.rows - in_groups > 0
    assert view["singles"]["best"]
    assert all(person["faces"] > 1 for person in view["people"])


def test_the_best_pictures_of_each_person_are_cut_out(run: Path) -> None:
    assert people_view(run)["people"] is None
    done(run, people=PeopleSettings(), names={1: "A"})
    view = people_view(run)
    first = view["people"][0]
    assert first["name"] == "A"
    assert first["frames"] <= first["faces"]
    assert len(first["best"]) == 8
    assert list(cut_out(run, first["best"]))[-1] == 8
    assert list(cut_out(run, first["best"])) == []
    for row in first["best"]:
        picture = cv2.imread(str(RunDir(run).face_crop(row)))
        assert abs(picture.shape[0] - picture.shape[1]) <= 1
        assert 60 < picture.shape[0] <= 160


def test_faces_of_a_frame_can_be_drawn(run: Path) -> None:
    done(run, people=PeopleSettings(), names={1: "A"})
    drawn = faces_of_frame(run, REFERENCE)
    assert [one["name"] for one in drawn] == ["A"]
    assert drawn[0]["distance"] == pytest.approx(0, abs=0.01)
    assert faces_of_frame(run, 10_000) == []
    json.dumps(drawn, allow_nan=False)


# --- export


def test_face_crops_are_those_of_the_wanted_person(run: Path, tmp_path: Path) -> None:
    filters = FilterSettings(max={"face_distance": 0.3}, top=5)
    exported = list(write_folder(chosen_by(run, filters), tmp_path / "out", None, ExportSettings(face_crops=True)))
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out" / "faces").iterdir())
    assert len(exported) == len(names) == 5
    assert names == [f"faces/frame_{record.frame_number:06d}_face_1.jpg" for record in exported]
    rows = lines(tmp_path / "out" / "metadata.jsonl")
    assert [row["face_crops"] for row in rows] == [[name] for name in names]
    for name in names:
        height, width = cv2.imread(str(tmp_path / "out" / name)).shape[:2]
        assert abs(height - width) < 3
        assert height > 80
    plain = list(write_folder(chosen_by(run, filters), tmp_path / "plain"))
    assert len(plain) == 5
    assert not (tmp_path / "plain" / "faces").exists()


# --- what can be wrong


@pytest.mark.parametrize(
    ("reference", "kind", "sentence"),
    [
        ("{t1}", SettingsError, r"t1\.jpg shows 6 faces; choose one with #1 to #6 behind the name, or with --face"),
        (
            "{t1}#7",
            SettingsError,
            r"t1\.jpg shows 6 faces, so there is no face 7; they are counted from 1, from the left",
        ),
        ("{t1}#0", SettingsError, "there is no face 0"),
        ("{nobody}", SourceError, r"no face was found on .*nobody\.png: .*; take "),
        ("{nobody}.gone", SourceError, "does not exist"),
        (
            "person:0",
            SettingsError,
            "there is no person:0: people were not looked for in this run; run faces with --people",
        ),
        ("face:99999", SettingsError, "so there is no face:99999; they are counted from 0"),
    ],
)
def test_a_wrong_reference_is_one_sentence_and_changes_nothing(
    run: Path, tmp_path: Path, reference: str, kind: type[FramesieveError], sentence: str
) -> None:
    nobody = tmp_path / "nobody.png"
    nobody.write_bytes(encode_png(np.full((80, 80, 3), 90, np.uint8)))
    before = contents(run)
    with pytest.raises(kind, match=sentence):
        done(run, {"face_refs": [reference.format(t1=six_people(), nobody=nobody)]})
    assert contents(run) == before


def test_faces_of_a_photo_are_counted_from_the_left(run: Path) -> None:
    first = done(run, {"face_refs": [f"{six_people()}#1"]}).faces.references[0].vector
    last = done(run, {"face_refs": [f"{six_people()}#6"]}).faces.references[0].vector
    assert 1 - float(np.dot(first, last)) > 0.65


def test_vectors_of_two_models_are_never_compared(run: Path, pack: Path, tmp_path: Path, photo: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(pack, other)
    shutil.copy(pack / "scrfd_500m_bnkps.onnx", other / "zzz.onnx")  # other files, so another model
    before = contents(run)
    with raises(RunError, code="other_face_model", field="face_model"):
        done(run, {"face_model": str(other), "face_refs": [str(photo)]})
    assert contents(run) == before
    assert decoded(run, {"face_model": str(other), "face_refs": [str(photo)]}, again=True) == 149
    for name in ("faces.jsonl", "faces.f32", "metadata.jsonl"):
        assert (run / name).read_bytes() == before[name]


def test_a_missing_model_touches_no_folder(both: Path, tmp_path: Path) -> None:
    with raises(ModelError, code="no_face_model", field="face_model", name="bufalo"):
        list(extract_records(both, ExtractSettings(faces=True, face_model="bufalo"), out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


# --- the command line


def test_the_command_line_reads_compares_and_groups(both: Path, pack: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    argv = ("extract", both, "--method", "every_nth", "--every", "30", "--enable-face-filter", "--face-model", pack)
    first = core(*argv, "--min-face-confidence", "0.6", "--min-face-area", "0.1", "--out", out, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    told = core("faces", out, "--reference", six_people(), "--face", "2", "--people", "--json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    values = json.loads(told.stdout)
    assert values["provider"] in ("CPU", "CUDA")
    assert values["model"] == "own"
    assert values["references"] == [f"{six_people()}#2"]
    assert values["people"]
    kept = json.loads(core("filter", out, "--max-face-distance", "--dry-run", "--json", cwd=tmp_path).stdout)
    assert kept["kept"] == 0
    kept = json.loads(core("filter", out, "--person", "1", "--dry-run", "--json", cwd=tmp_path).stdout)
    assert kept["kept"] == values["people"][0]["faces"]
    wrong = core("faces", out, "--face", "2", cwd=tmp_path)
    assert wrong.returncode == 2
    assert len(errors_in(wrong.stderr)) == 1
    missing = core("faces", out, "--again", "--face-model", "buffalo_x", cwd=tmp_path)
    assert missing.returncode == 9
    assert "the nearest valid one is" in errors_in(missing.stderr)[0]
