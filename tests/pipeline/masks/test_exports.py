"""What is made of masks: frames before a colour, cut out, black and white; crops, films, labels; edges."""

from __future__ import annotations

import io
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import MissingDependency, SettingsError
from core.metrics.matte import alpha_of, cut_out, over
from core.pipeline.masks.home import open_home
from core.pipeline.masks.mask_files import read_mask
from core.video import film as films_of
from core.video import images
from core.video.probe import probe
from core.video.seek import FrameReader
from tests import masks
from tests.raising import raises
from tests.store.test_coco_rle import decoded


@pytest.fixture
def done(run: Path) -> Path:
    masks.annotated(run)
    masks.masked(run)
    return run


def subject(run: Path, frame: int) -> np.ndarray:
    pixels = read_mask(open_home(run).dir.mask(frame))
    assert pixels is not None
    return pixels > 0


def read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None, path
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return picture


def test_only_masked_pixels_are_those_of_the_source(done: Path, film: Path) -> None:
    masks.masked(done, export="green", background_color=(9, 200, 77))
    folder = done.with_name("walk_masked")
    assert len(list(folder.glob("frame_*_masked.png"))) == masks.FRAMES
    with FrameReader(probe(film)) as reader:
        for frame in (0, 13, 35, 60):
            picture, inside = read(folder / f"frame_{frame:06d}_masked.png"), subject(done, frame)
            assert (picture[~inside] == (9, 200, 77)).all()
            assert np.array_equal(picture[inside], reader.frame(frame).rgb()[inside])


def test_cut_out_and_black_and_white(done: Path, film: Path) -> None:
    masks.masked(done, export="alpha")
    masks.masked(done, export="mask")
    folder = done.with_name("walk_masked")
    with FrameReader(probe(film)) as reader:
        for frame in (0, 35, 60):
            inside = subject(done, frame)
            rgba = read(folder / f"frame_{frame:06d}_alpha.png")
            assert np.array_equal(rgba[..., 3] == 255, inside)
            assert np.array_equal(rgba[..., :3][inside], reader.frame(frame).rgb()[inside])
            assert np.array_equal(read(folder / f"frame_{frame:06d}_mask.png"), inside * np.uint8(255))


def test_only_the_wanted_shots_are_exported(done: Path) -> None:
    masks.masked(done, export="mask", coco=True, shots="1")
    folder = done.with_name("walk_masked")
    assert [int(path.name[6:12]) for path in sorted(folder.glob("*.png"))] == list(range(*masks.SHOTS[1]))
    assert len(json.loads((folder / "masks.coco.json").read_text())["images"]) == 30


def test_masks_that_are_there_are_exported_as_they_are_without_a_masker(done: Path, run: Path) -> None:
    folder = done / "masks"
    before = {path.name: path.read_bytes() for path in folder.glob("*.*")}

    def none(*_: object, **__: object) -> object:
        raise AssertionError("a masker was opened")

    found = masks.masked(done, none, export_only=True, export="mask", iou_threshold=0.9)
    assert found.masked == 0
    assert {path.name: path.read_bytes() for path in folder.glob("*.*")} == before
    written = read(done.with_name("walk_masked") / "frame_000013_mask.png")
    assert np.array_equal(written > 127, subject(done, 13))


def test_nothing_to_export_is_said(run: Path) -> None:
    masks.annotated(run)
    with raises(SettingsError, code="not_masked"):
        masks.masked(run, export_only=True, export="green")


def test_numbers_from_an_offset(done: Path) -> None:
    masks.masked(done, export="mask", frame_offset=500, output_dir=done.parent / "out")
    assert [path.name for path in sorted((done.parent / "out").glob("*.png"))][:2] == [
        "frame_000500_mask.png",
        "frame_000501_mask.png",
    ]


def test_other_options_write_the_frames_anew(done: Path) -> None:
    masks.masked(done, export="mask")
    folder = done.with_name("walk_masked")
    before = np.count_nonzero(read(folder / "frame_000010_mask.png"))
    masks.masked(done, export="mask", grow=3)
    grown = np.count_nonzero(read(folder / "frame_000010_mask.png"))
    masks.masked(done, export="mask", grow=-3)
    assert np.count_nonzero(read(folder / "frame_000010_mask.png")) < before < grown


def test_edges_move_by_pixels_and_become_soft() -> None:
    y, x = np.mgrid[:100, :100]
    disc = (x - 50) ** 2 + (y - 50) ** 2 <= 30**2
    for grow in (-5, 5):
        wanted = (x - 50) ** 2 + (y - 50) ** 2 <= (30 + grow) ** 2
        assert masks.overlap(alpha_of(disc, grow) == 255, wanted) > 0.97
    soft = alpha_of(disc, 0, 8)
    assert soft[50, 50] == 255
    assert soft[50, 90] == 0
    row = soft[50, 50:95].astype(int)
    assert (np.diff(row) <= 0).all()
    assert np.count_nonzero((row > 0) & (row < 255)) in (7, 8, 9)
    assert abs(int(soft[50, 80]) - 128) < 32
    assert np.array_equal(alpha_of(np.zeros((5, 5), np.bool_), 4, 4), np.zeros((5, 5)))
    assert (alpha_of(np.ones((5, 5), np.bool_), -1, 4) == 255).all()


def test_soft_edges_mix_and_the_inside_stays() -> None:
    rgb = np.full((1, 3, 3), 200, np.uint8)
    alpha = np.array([[255, 51, 0]], np.uint8)
    assert over(rgb, alpha, (0, 100, 0)).tolist() == [[[200, 200, 200], [40, 120, 40], [0, 100, 0]]]
    assert cut_out(rgb, alpha).tolist() == [[[200, 200, 200, 255], [200, 200, 200, 51], [0, 0, 0, 0]]]


def test_crops_of_several_subjects_in_several_shapes(done: Path) -> None:
    masks.masked(done, crops=True, aspect=(0.5, 1.0), padding=0.2)
    folder = done.with_name("walk_masked") / "crops"
    assert {path.name for path in folder.iterdir()} == {"object_1", "object_2"}
    ones = {path.name for path in (folder / "object_1").iterdir()}
    assert "frame_000010_0.5.jpg" in ones
    assert not [name for name in ones if name.startswith("frame_000035")]
    for name, aspect in (("frame_000010_0.5.jpg", 0.5), ("frame_000010_1.jpg", 1.0)):
        picture = read(folder / "object_1" / name)
        red = (np.abs(picture.astype(int) - masks.RED).max(axis=2) < 60).mean()
        assert red > 0.2
        if picture.shape[0] < masks.SIZE[1]:
            assert picture.shape[1] / picture.shape[0] == pytest.approx(aspect, abs=0.05)
    masks.masked(done, crops=True, export="alpha")
    assert read(folder / "object_2" / "frame_000060.png").shape[2] == 4


def test_coco_and_yolo_labels_hold_the_masks(done: Path) -> None:
    masks.masked(done, coco=True, yolo=True)
    folder = done.with_name("walk_masked")
    values = json.loads((folder / "masks.coco.json").read_text())
    assert [image["id"] for image in values["images"]] == list(range(masks.FRAMES))
    of_frame: dict[int, list[dict]] = {}
    for one in values["annotations"]:
        of_frame.setdefault(one["image_id"], []).append(one)
    assert not set(of_frame) & set(masks.AWAY)
    for frame in (3, 60):
        inside = subject(done, frame)
        assert np.array_equal(np.logical_or.reduce([decoded(one["segmentation"]) for one in of_frame[frame]]), inside)
        assert sum(one["area"] for one in of_frame[frame]) == np.count_nonzero(inside)
        lines = (folder / "labels" / f"frame_{frame:06d}.txt").read_text().splitlines()
        assert len(lines) == len(of_frame[frame])
        drawn = np.zeros(inside.shape, np.uint8)
        for line in lines:
            shares = np.array(line.split()[1:], float).reshape(-1, 2) * masks.SIZE
            cv2.fillPoly(drawn, [shares.round().astype(np.int32)], 1)
        assert masks.overlap(drawn > 0, inside) > 0.97
    assert (folder / "labels" / "frame_000035.txt").read_text() == ""


def test_two_parts_of_one_subject_are_one_line() -> None:
    from core.models.yolo_labels import outline

    mask = np.zeros((60, 90), np.bool_)
    mask[10:30, 10:30] = mask[35:50, 50:80] = True
    points = outline(mask)
    assert points is not None
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(drawn, [points.round().astype(np.int32)], 1)
    assert masks.overlap(drawn > 0, mask) > 0.9
    assert outline(np.zeros((5, 5), np.bool_)) is None


def test_a_film_of_the_result(done: Path) -> None:
    masks.masked(done, mp4=True)
    with av.open(str(done.with_name("walk_masked") / "walk_masked.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == masks.FRAMES
    for frame in (5, 60):
        green = np.abs(frames[frame].astype(int) - (0, 255, 0)).max(axis=2) < 90
        assert masks.overlap(~green, subject(done, frame)) > 0.9


@pytest.mark.parametrize("kind", ["prores", "vp9"])
def test_a_film_with_transparency(done: Path, kind: str) -> None:
    if not films_of.can_write(kind):
        with raises(MissingDependency, code="no_encoder"):
            masks.masked(done, film=kind)
        return
    masks.masked(done, film=kind)
    path = done.with_name("walk_masked") / f"walk_alpha{films_of.KINDS[kind].suffix}"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if kind == "vp9":  # FFmpeg's own decoder leaves alpha out
            context = av.codec.CodecContext.create("libvpx-vp9", "r")
            frames = [f for packet in container.demux(stream) for f in context.decode(packet if packet.size else None)]
        else:
            frames = list(container.decode(stream))
        alphas = [frame.to_ndarray(format="rgba")[..., 3] for frame in frames]
    assert len(alphas) == masks.FRAMES
    for frame in (5, 35, 60):
        assert masks.overlap(alphas[frame] > 127, subject(done, frame)) > 0.95


def test_a_stopped_film_leaves_nothing(done: Path) -> None:
    running = masks.steps(done, film="prores", mp4=True)
    for step in running:
        if step.phase == "writing a film" and step.done > 10:
            break
    running.close()  # type: ignore[attr-defined]
    assert not [path for path in done.with_name("walk_masked").iterdir() if path.suffix in (".mov", ".mp4")]
    assert not list(done.with_name("walk_masked").glob(".*partial"))


def test_pictures_come_back_as_they_were_written() -> None:
    dice = np.random.default_rng(3)
    rgba = dice.integers(0, 256, (37, 53, 4), np.uint8)
    rgba[10:30, :40] = 7
    assert np.array_equal(of_png(images.encode_rgba(rgba)), rgba)
    assert np.array_equal(of_png(images.encode_png(rgba[..., :3])), rgba[..., :3])
    assert np.array_equal(of_png(images.encode_png(rgba[::2, ::-1, :3])), rgba[::2, ::-1, :3]), "views too"
    deep = dice.integers(0, 65536, (9, 11, 3), np.uint16)
    assert np.array_equal(images.decode_deep(images.encode_deep(deep, (9, 16))), deep)


def of_png(data: bytes) -> np.ndarray:
    """By another library than it was written with."""
    return np.asarray(Image.open(io.BytesIO(data)))
