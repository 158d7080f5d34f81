"""Folders of segments, the original CONFIG and its annotations; exported frames are numbered without gaps."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import RunError, SettingsError, SourceError
from core.pipeline.masks.config import with_config
from core.pipeline.masks.home import open_home
from core.pipeline.masks.imports import import_in_place, import_points
from core.pipeline.masks.mask_files import read_mask
from core.pipeline.masks.state import board
from core.store.annotations import read
from core.video.picture_folder import PictureFolder
from tests import masks
from tests.raising import raises


def write(path: Path, rgb: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[:, :, ::-1])


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Segments 22 (png), 23 (png, numbers of one to two digits) and 24 (a video of its own)."""
    base = tmp_path / "organized"
    for frame in range(20):
        write(base / "video_part_022" / f"{frame:05d}.png", masks.picture(frame))
    for frame in range(20, 32):
        write(base / "video_part_023" / f"frame{frame - 20}.png", masks.picture(frame))
    part = base / "video_part_024"
    part.mkdir()
    from fractions import Fraction

    from core.video.encode import encode

    encode((masks.picture(frame) for frame in range(50, 60)), part / "video_part_024.mp4", Fraction(25), crf=1)
    return base


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "annotations.json"
    said = {
        "22": {"points": [[40, 60], [45, 62]], "labels": [1, 1]},
        "23": {"points": [[100, 55]], "labels": [1]},
        "24": {"points": [[60, 30], [140, 90]], "labels": [1, 0]},
    }
    path.write_text(json.dumps(said))
    return path


def config(tmp_path: Path, base: Path, **more: object) -> Path:
    path = tmp_path / "config.json"
    values = {
        "base_video_dir": str(base),
        "output_dir": str(tmp_path / "out"),
        "checkpoint": str(tmp_path / "weights.pt"),
        "model_config": "configs/sam2.1/sam2.1_hiera_l.yaml",
        "num_segments": 24,
        "start_segment": 22,
        "frame_offset": 19800,
        "background_color": [0, 255, 0],
    }
    path.write_text(json.dumps(values | more))
    return path


def pictures_in(folder: Path) -> dict[int, np.ndarray]:
    found = {}
    for path in sorted(folder.glob("frame_*_masked.png")):
        picture = cv2.imread(str(path))
        assert picture is not None
        found[int(path.name[6:12])] = picture[:, :, ::-1]
    return found


def test_the_original_config_masks_all_segments_and_exports_without_gaps(tmp_path: Path, base: Path, old: Path) -> None:
    found = masks.masked(None, config=config(tmp_path, base), annotations=old)  # type: ignore[arg-type]
    assert found.masked == 3
    pictures = pictures_in(tmp_path / "out")
    assert sorted(pictures) == list(range(19800, 19800 + 20 + 12 + 10))
    for number, picture in pictures.items():
        at = number - 19800
        frame = at if at < 32 else at + 18
        inside, green = masks.truth(frame), (picture == (0, 255, 0)).all(axis=2)
        assert masks.overlap(~green, inside) >= 0.93, frame
        kept = ~green
        difference = np.abs(picture[kept].astype(int) - masks.picture(frame)[kept])
        assert difference.max() == 0 if frame < 32 else difference.mean() < 3
    assert [shot["segment"] for shot in found.shots if shot["state"] != "empty"]


def test_a_second_call_writes_nothing_and_a_lost_picture_comes_back(tmp_path: Path, base: Path, old: Path) -> None:
    masks.masked(None, config=config(tmp_path, base), annotations=old)  # type: ignore[arg-type]
    when = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.png")}
    masks.masked(None, config=config(tmp_path, base))  # type: ignore[arg-type]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.png")} == when
    (tmp_path / "out" / "frame_019805_masked.png").unlink()
    masks.masked(None, config=config(tmp_path, base))  # type: ignore[arg-type]
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.png")}
    assert sorted(again) == sorted(when)


def test_the_last_frame_of_each_segment_can_be_left_out_as_the_original_does(
    tmp_path: Path, base: Path, old: Path
) -> None:
    masks.masked(None, config=config(tmp_path, base, drop_last_frame=True), annotations=old)  # type: ignore[arg-type]
    assert sorted(pictures_in(tmp_path / "out")) == list(range(19800, 19800 + 19 + 11 + 9))


def test_numbers_do_not_depend_on_which_segments_are_masked(tmp_path: Path, base: Path) -> None:
    old = tmp_path / "some.json"
    old.write_text(json.dumps({"23": {"points": [[100, 55]], "labels": [1]}}))
    masks.masked(None, config=config(tmp_path, base), annotations=old)  # type: ignore[arg-type]
    assert sorted(pictures_in(tmp_path / "out")) == list(range(19820, 19832))


def test_one_segment_by_its_folder(tmp_path: Path, base: Path, old: Path) -> None:
    masks.masked(base / "video_part_022", annotations=old)
    assert sorted(pictures_in(base / "video_part_022_masked")) == list(range(20))
    home = open_home(base / "video_part_022")
    assert home.segment == 22
    pixels = read_mask(home.dir.mask(3))
    assert pixels is not None
    assert masks.overlap(pixels > 0, masks.truth(3)) >= 0.95


def test_no_frames_are_exported_where_told_so(base: Path, old: Path) -> None:
    masks.masked(base / "video_part_022", annotations=old, export="none")
    assert not (base / "video_part_022_masked").exists()


def test_flags_win_over_the_config(tmp_path: Path, base: Path) -> None:
    given = masks.arguments_of(None, config=config(tmp_path, base, device="cpu"), frame_offset=7, start_segment=23)
    found = with_config(given)
    assert found.exports.frame_offset == 7
    assert found.start_segment == 23
    assert found.num_segments == 24
    assert found.weights == tmp_path / "weights.pt"
    assert found.settings.sam2_config == "configs/sam2.1/sam2.1_hiera_l.yaml"
    assert found.settings.device == "cpu"


def test_what_is_wrong_with_a_config_is_said(tmp_path: Path, base: Path) -> None:
    with raises(SettingsError, code="bad_config", key="frame_ofset"):
        with_config(masks.arguments_of(None, config=config(tmp_path, base, frame_ofset=3)))
    with raises(SettingsError, code="no_config"):
        with_config(masks.arguments_of(None, config=tmp_path / "gone.json"))
    (tmp_path / "list.json").write_text("[]")
    with raises(SettingsError, code="bad_config"):
        with_config(masks.arguments_of(None, config=tmp_path / "list.json"))
    with raises(SettingsError, field="background_color"):
        masks.masked(None, config=config(tmp_path, base, background_color=[0, 300, 0]))  # type: ignore[arg-type]


def test_a_segment_with_holes_is_refused(tmp_path: Path, base: Path, old: Path) -> None:
    (base / "video_part_022" / "00004.png").unlink()
    with raises(SourceError, code="holes", first=4):
        masks.masked(base / "video_part_022", annotations=old)
    (base / "video_part_023").rename(tmp_path / "elsewhere")
    with raises(SourceError, code="segment_missing", segment=23):
        masks.masked(None, config=config(tmp_path, base), annotations=old)  # type: ignore[arg-type]


def test_pictures_are_sorted_by_their_numbers(tmp_path: Path) -> None:
    for number in (9, 10, 11, 100):
        write(tmp_path / "part" / f"shot2_{number}.png", np.full((8, 8, 3), number, np.uint8))
    with raises(SourceError, code="holes", first=12):
        PictureFolder.read(tmp_path / "part")
    (tmp_path / "part" / "shot2_100.png").unlink()
    found = PictureFolder.read(tmp_path / "part")
    assert [int(found.picture(i)[0, 0, 0]) for i in range(3)] == [9, 10, 11]
    write(tmp_path / "part" / "12.jpg", np.zeros((4, 8, 3), np.uint8))
    from core.errors import DecodeError

    with raises(DecodeError, code="other_size", frame=3):
        PictureFolder.read(tmp_path / "part").picture(3)
    write(tmp_path / "part" / "cover.png", np.zeros((4, 8, 3), np.uint8))
    with raises(SourceError, code="no_number"):
        PictureFolder.read(tmp_path / "part")


def test_an_original_file_in_place_is_imported_and_kept(base: Path, old: Path) -> None:
    part = base / "video_part_022"
    (part / "annotations.json").write_bytes(old.read_bytes())
    home = open_home(part)
    with raises(RunError, code="old_annotations"):
        board(home)
    assert import_in_place(home) == 1
    note = read(home.dir.annotations).note(0)
    assert note is not None
    assert note.prompts[0].points == ((40.0, 60.0), (45.0, 62.0))
    assert (part / "annotations.original.json").read_bytes() == old.read_bytes()
    assert import_in_place(home) == 0


def test_in_a_run_number_one_is_the_first_shot(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(
        json.dumps({"1": {"points": [[40, 60]], "labels": [1]}, "3": {"points": [[60, 30]], "labels": [1]}})
    )
    home = open_home(run)
    assert import_points(home, path) == 2
    assert [note.start for note in read(home.dir.annotations).notes] == [0, 50]
    path.write_text(json.dumps({"9": {"points": [[40, 60]], "labels": [1]}}))
    with raises(RunError, code="no_shot"):
        import_points(home, path)
    path.write_text(json.dumps({"1": {"points": [[40]], "labels": [1]}}))
    with raises(RunError, code="damaged"):
        import_points(home, path)


def test_one_of_several_segments_is_exported_as_it_is_among_all(tmp_path: Path, base: Path, old: Path) -> None:
    masks.masked(None, config=config(tmp_path, base), annotations=old, segments="23")  # type: ignore[arg-type]
    frames = sorted((tmp_path / "out").glob("frame_*_masked.png"))
    assert [int(path.name[6:12]) for path in frames] == list(range(19820, 19832))
    when = {path: path.stat().st_mtime_ns for path in frames}
    masks.masked(None, config=config(tmp_path, base), annotations=old)  # type: ignore[arg-type]
    assert {path: path.stat().st_mtime_ns for path in frames} == when, "the batch finds it done"
    assert sorted(pictures_in(tmp_path / "out")) == list(range(19800, 19842))
    with raises(SettingsError, code="no_segment"):
        masks.masked(None, config=config(tmp_path, base), segments="25")  # type: ignore[arg-type]
    with raises(SettingsError, field="segments"):
        masks.masked(None, config=config(tmp_path, base), segments="x")  # type: ignore[arg-type]
    with raises(SettingsError, field="segments"):
        masks.masked(base / "video_part_022", segments="22")
