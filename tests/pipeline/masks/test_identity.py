"""Who the subject is: seeds by person, face, network; found again where the mask is lost; likeness in the records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import SettingsError
from core.pipeline.chosen import chosen_by
from core.pipeline.masks.home import open_home
from core.pipeline.masks.mask_files import read_mask
from core.pipeline.masks.seeds import Seeder
from core.settings.filter import FilterSettings
from core.store import face_file, jsonl
from core.store.annotations import read
from core.store.face_file import FaceFile, Reference
from core.store.masks import DECIDED, read_shot
from core.store.run import RunDir
from tests import masks
from tests.fakes import FloodFill
from tests.raising import raises
from tests.runs import lines


class Loses(FloodFill):
    """Loses every object nine frames after it was pointed at."""

    def shot(self, frames, prompts):  # type: ignore[no-untyped-def]
        prompted = sorted({prompt.index for prompt in prompts})
        for found in super().shot(frames, prompts):
            since = min((found.index - at for at in prompted if at <= found.index), default=0)
            if since > 9:
                found.masks[:] = False
            yield found


def mask_at(run: Path, frame: int) -> np.ndarray:
    pixels = read_mask(open_home(run).dir.mask(frame))
    assert pixels is not None
    return pixels > 0


def test_the_primary_subject_of_each_shot_is_pointed_at(run: Path) -> None:
    home = open_home(run)
    masks.masked(run, auto=True)
    notes = read(home.dir.annotations).notes
    assert [note.start for note in notes] == [0, 20, 50]
    assert {prompt.by for note in notes for prompt in note.prompts} == {"primary"}
    for frame in (5, 25, 45, 60):
        assert masks.overlap(mask_at(run, frame), masks.truth(frame)) > 0.9


def test_points_of_people_are_left_alone(run: Path) -> None:
    home = masks.annotated(run, (masks.note(2, (1, 140, 90)),))
    before = read(home.dir.annotations).note(50)
    masks.masked(run, auto=True)
    assert read(home.dir.annotations).note(50) == before
    assert masks.overlap(mask_at(run, 60), masks.truth(60, "blue")) > 0.9


def test_nobody_seen_is_no_error_where_others_are(run: Path) -> None:
    class Blind(FloodFill):
        def objects(self, rgb):  # type: ignore[no-untyped-def]
            found = super().objects(rgb)
            return found[found.xyxy[:, 0] > 60]

    masks.masked(run, lambda *_, **__: Blind(), auto=True, shots="0,1")
    with raises(SettingsError, code="no_person"):
        masks.masked(run, person=3)
    with raises(SettingsError, code="no_face_row"):
        masks.masked(run, face=3)


def test_a_masker_that_sees_nothing_by_itself_says_so(run: Path) -> None:
    class Sightless(FloodFill):
        objects = None  # type: ignore[assignment]

    with open_home(run).pictures() as pictures:
        assert not Seeder(open_home(run), pictures, None).can_look()


def test_a_lost_subject_is_found_again_and_the_record_says_how(run: Path) -> None:
    home = masks.annotated(run)
    masks.masked(run, lambda *_, **__: Loses())
    assert not mask_at(run, 15).any()
    masks.masked(run, lambda *_, **__: Loses(), reid_fallback=True)
    for frame in [*range(12, 20), *range(62, 70)]:
        pixels = read_mask(home.dir.mask(frame))
        assert pixels is not None
        assert masks.overlap(pixels == (255 if frame < 50 else 1), masks.truth(frame)) > 0.9, frame
    shot = read_shot(home.dir.shot(0))
    assert shot is not None
    decided = {int(at): DECIDED[code] for at, code in enumerate(shot.decided.tolist()) if code}
    assert decided == {10: "iou"}
    records = lines(run / "metadata.jsonl")
    assert records[10]["reid_decided"] == "iou"
    assert all(r["reid_by"] == "appearance" for r in records[:20])
    assert min(r["reid_similarity"] for r in records[:20]) > 0.8
    assert [prompt.frame for prompt in read(home.dir.annotations).notes[0].prompts] == [0]
    kept = chosen_by(run, FilterSettings(min={"reid_similarity": 0.8})).kept
    assert 5 in kept
    assert not set(masks.AWAY) & set(kept.tolist())


def test_a_second_call_after_finding_again_makes_nothing(run: Path) -> None:
    masks.annotated(run)
    masks.masked(run, lambda *_, **__: Loses(), reid_fallback=True)
    assert masks.masked(run, lambda *_, **__: Loses(), reid_fallback=True).masked == 0


def test_the_subject_of_the_first_shot_is_looked_for_in_the_others(run: Path) -> None:
    """In the last shot blue is surer, and not the one."""

    class BlueFirst(FloodFill):
        def objects(self, rgb):  # type: ignore[no-untyped-def]
            found = super().objects(rgb)
            for row, box in enumerate(found.xyxy.round().astype(int).tolist()):
                blue = rgb[(box[1] + box[3]) // 2, (box[0] + box[2]) // 2, 2] > 150
                found.confidence[row] = 1.0 if blue else 0.1
            return found

    masks.masked(run, lambda *_, **__: BlueFirst(), auto=True, shots="2")
    assert masks.overlap(mask_at(run, 60), masks.truth(60, "blue")) > 0.9
    (run / "annotations.json").unlink()
    masks.masked(run, lambda *_, **__: BlueFirst(), auto=True, reid_fallback=True, iou_threshold=1.0)
    assert masks.overlap(mask_at(run, 60), masks.truth(60)) > 0.9
    notes = read(run / "annotations.json").notes
    assert notes[0].prompts[0].by == "primary"
    assert notes[2].prompts[0].by == "appearance"


def with_faces(run: Path) -> None:
    """Faces on red and blue in frames 0, 25 and 55; red's is the reference."""
    vectors, rows = [], []
    red, blue = np.array([1, 0, 0, 0], np.float32), np.array([0, 1, 0, 0], np.float32)
    for frame, x, y, vector in ((0, 40, 50, red), (25, 140, 45, red), (55, 60, 35, red), (55, 140, 80, blue)):
        rows.append(
            {
                "row": len(rows),
                "frame_number": frame,
                "bbox": [x - 6, y - 6, x + 6, y + 6],
                "kps": [[x, y]] * 5,
                "confidence": 0.9,
                "area_pct": 1.0,
                "sharpness": 50.0,
                "frontality": 90.0,
            }
        )
        vectors.append(vector)
    jsonl.rewrite(RunDir(run).faces, rows)
    RunDir(run).face_vectors.write_bytes(np.stack(vectors).astype("<f4").tobytes())
    state = FaceFile("test", "0" * 16, 4, 0.5, references=(Reference("a.jpg", tuple(red.tolist())),))
    face_file.write(RunDir(run).face_file, state)


@pytest.fixture
def faced(run: Path) -> Path:
    with_faces(run)
    return run


def test_faces_say_who_is_pointed_at_and_how_alike(faced: Path) -> None:
    masks.masked(faced, auto=True)
    notes = read(faced / "annotations.json").notes
    assert [(note.prompt_frame, note.prompts[0].by) for note in notes] == [(0, "face"), (25, "face"), (55, "face")]
    records = lines(faced / "metadata.jsonl")
    assert [(records[f]["reid_similarity"], records[f]["reid_by"]) for f in (0, 25, 55)] == [(1.0, "face")] * 3
    assert records[56]["reid_similarity"] is None
    assert masks.overlap(mask_at(faced, 60), masks.truth(60)) > 0.9


def test_a_face_can_be_chosen(faced: Path) -> None:
    masks.masked(faced, face=3)
    assert [note.start for note in read(faced / "annotations.json").notes] == [50]
    assert masks.overlap(mask_at(faced, 60), masks.truth(60, "blue")) > 0.9


def test_the_wrong_subject_is_told_by_its_face(faced: Path) -> None:
    masks.annotated(faced, (masks.note(2, (1, 140, 90)),))
    masks.masked(faced)
    record = lines(faced / "metadata.jsonl")[55]
    assert (record["reid_similarity"], record["reid_by"]) == (0.0, "face")
    assert 55 not in chosen_by(faced, FilterSettings(min={"reid_similarity": 0.5})).kept


def test_boxes_of_a_detector_are_held_against_masks(run: Path, film: Path) -> None:
    from core.pipeline.masks.boxes import detected_in
    from core.store import detections, run_file
    from core.store.detections import CacheMeta
    from core.weights import Weights

    info = run_file.read(run / "run.json").video
    boxes = []
    for frame in range(masks.FRAMES):
        x, y = masks.middle(frame if frame != 8 else 0) or (30.0, 30.0)
        width, height = masks.SIZE
        boxes.append([(x - 22) / width, (y - 26) / height, (x + 22) / width, (y + 26) / height])
    columns = {
        "boxes": np.array(boxes, np.float16),
        "confs": np.full(masks.FRAMES, 0.9, np.float16),
        "clss": np.zeros(masks.FRAMES, np.uint16),
        "indptr": np.arange(masks.FRAMES + 1, dtype=np.int64),
    }
    weights = Weights("/w/best.pt", "0" * 64)
    meta = CacheMeta(
        fps=25.0, total_frames=masks.FRAMES, width=info.width, height=info.height, weights="best.pt", names=("person",)
    )
    detections.write(detections.path_to_write(info, weights, run), meta, columns)
    assert detected_in(open_home(run)) is not None
    home = masks.annotated(run)
    masks.masked(run)
    shot = read_shot(home.dir.shot(0))
    assert shot is not None
    assert shot.iou_detector[0, [0, 5, 15]].min() > 0.9
    assert shot.iou_detector[0, 8] < 0.4
