"""The masker of YOLO segmentation: its masks against Ultralytics' own, clicks, following, filling in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from core.errors import SettingsError, WeightsError
from core.models import Prepared
from core.models.mask_fill import between
from core.models.masking import KINDS, by_frame, check_prompts, masker_kinds, nothing_chosen, open_masker
from core.models.yolo_seg import Instances, Part, linear, united
from core.models.yolo_seg_choice import choose, drawn
from core.models.yolo_seg_follow import FILLED
from core.models.yolo_seg_masker import CONFIDENCE, OVERLAP, YoloSegMasker, packed, unpacked
from core.prompts import FrameMasks, Prompt
from core.records import Detections
from tests.raising import raises

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
WIDTH, HEIGHT = 640, 360


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Converted models of these tests lie together, and not among the user's."""
    monkeypatch.setenv("FRAMESIEVE_CACHE", str(tmp_path_factory.getbasetemp() / "converted"))


def mark(index: int, object_id: int, *points: tuple[float, float, int], box: tuple[float, ...] | None = None) -> Prompt:
    at = np.array([point[:2] for point in points], np.float32).reshape(-1, 2)
    labels = np.array([point[2] for point in points], np.int8)
    return Prompt(index, object_id, at, labels, None if box is None else np.array(box, np.float32))


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


Thing = tuple[int, int, int, int, float, int]
"""Left, top, right, bottom, confidence, class."""


def instances(things: list[Thing]) -> Instances:
    """What a network would say of rectangles: each has a prototype of its own."""
    prototypes = np.full((len(things), HEIGHT // 4, WIDTH // 4), -0.2, np.float32)
    for prototype, (left, top, right, bottom, *_) in zip(prototypes, things, strict=True):
        prototype[top // 4 : bottom // 4, left // 4 : right // 4] = 1
    table = np.array(things, np.float32).reshape(-1, 6)
    found = Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))
    return Instances(found, np.eye(len(things), dtype=np.float32), prototypes, (WIDTH, HEIGHT))


class Rectangles:
    """A segmenter that reads from the picture's first pixel which frame it is."""

    callers = 2

    def __init__(self, frames: list[list[Thing]]) -> None:
        self._frames = frames

    def prepare(self, picture: np.ndarray) -> Prepared:
        return Prepared(picture, 1.0, 0, 0, WIDTH, HEIGHT)

    def find(self, picture: Prepared) -> Instances:
        return instances(self._frames[int(picture.canvas[0, 0, 0])])


def rectangles(frames: list[list[Thing]]) -> tuple[YoloSegMasker, list[np.ndarray]]:
    pictures = [np.full((HEIGHT, WIDTH, 3), i, np.uint8) for i in range(len(frames))]
    return YoloSegMasker(lambda _w, _h: Rectangles(frames), "", ""), pictures


def carried(frames: list[list[Thing]], *prompts: Prompt) -> list[FrameMasks]:
    masker, pictures = rectangles(frames)
    found = list(masker.shot(pictures, prompts))
    first = min(prompt.index for prompt in prompts)
    assert [one.index for one in found] == [*range(first, len(frames)), *range(first - 1, -1, -1)]
    return sorted(found, key=lambda one: one.index)


def walking(length: int, top: int = 100, step: int = 4, start: int = 40) -> list[list[Thing]]:
    return [[(start + step * i, top, start + step * i + 80, top + 160, 0.9, 0)] for i in range(length)]


# --- masks


def test_enlarging_is_that_of_torch():
    import torch

    dice = np.random.default_rng(0)
    for small, large in ((7, 30), (96, 720), (40, 33)):
        row = dice.normal(size=small).astype(np.float32)
        wanted = torch.nn.functional.interpolate(torch.from_numpy(row)[None, None], large, mode="linear")[0, 0]
        np.testing.assert_allclose(linear(small, large) @ row, wanted.numpy(), atol=1e-4)


@pytest.fixture(scope="module")
def weights(assets):
    return assets / "models" / "yolov8n-seg.pt"


@pytest.fixture(scope="module")
def masker(weights, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRAMESIEVE_CACHE", str(tmp_path_factory.getbasetemp() / "converted"))
        yield open_masker("yolo-seg", weights, device="cpu")


def video(path, every: int, count: int, start: int = 0) -> list[np.ndarray]:
    import cv2

    capture = cv2.VideoCapture(str(path))
    frames = []
    for index in range(start + every * count):
        there, frame = capture.read()
        if there and index >= start and (index - start) % every == 0:
            frames.append(np.ascontiguousarray(frame[..., ::-1]))
    return frames


@pytest.mark.weights
@pytest.mark.slow
def test_masks_are_those_of_ultralytics(masker, weights, assets):
    from ultralytics import YOLO

    bare, ious = YOLO(str(weights)), []
    for name in ("hideandseek.mp4", "juggle.mp4", "driving.mp4", "bedroom.mp4"):
        for picture in video(assets / "media" / name, 25, 5):
            height, width = picture.shape[:2]
            segmenter = masker._open_for(width, height)
            found = segmenter.find(segmenter.prepare(picture))
            options = {"conf": CONFIDENCE, "iou": OVERLAP, "imgsz": 640, "verbose": False, "device": "cpu"}
            [result] = bare.predict(picture[..., ::-1], retina_masks=True, **options)
            for mask, box, confidence, kind in zip(
                result.masks.data.numpy() > 0, result.boxes.xyxy, result.boxes.conf, result.boxes.cls, strict=True
            ):
                if confidence < 0.4:  # near the floor either may leave one out
                    continue
                likely = [row for row in range(len(found)) if found.class_ids[row] == int(kind)]
                row = min(likely, key=lambda row: np.abs(found.boxes[row] - box.numpy()).sum())
                ours = found.part(row).within((0, 0, width, height))
                ious.append(iou(ours, mask))
    assert len(ious) > 40
    assert np.mean(ious) >= 0.98
    assert min(ious) >= 0.90


# --- clicks


PERSON, BALL, OTHER = (100, 40, 300, 340, 0.9, 0), (180, 100, 240, 160, 0.6, 32), (420, 60, 560, 320, 0.8, 0)
SCENE = [PERSON, OTHER, BALL]


def area(thing: Thing) -> int:
    return (thing[2] - thing[0]) * (thing[3] - thing[1])


@pytest.mark.parametrize(
    ("points", "rows"),
    [
        ([(120, 60, 1)], (0,)),
        ([(500, 100, 1)], (1,)),
        ([(200, 120, 1)], (0,)),  # the surer one of two
        ([(200, 120, 1), (201, 121, 1)], (2,)),  # again: the next one
        ([(200, 120, 1)] * 3, (0,)),  # and round
        ([(120, 60, 1), (500, 100, 1)], (0, 1)),  # two places: both
        ([(120, 60, 1), (280, 300, 1)], (0,)),  # two places of one
        ([(200, 120, 1), (120, 60, 0)], (2,)),  # not the one that an exclude point is on
        ([(20, 20, 1)], ()),
    ],
)
def test_clicks_choose_the_instance_under_them(points, rows):
    assert choose(instances(SCENE), mark(0, 1, *points)).rows == rows


@pytest.mark.parametrize(
    ("box", "points", "rows"),
    [
        ((90, 30, 310, 350), [], (0,)),
        ((170, 90, 250, 170), [], (2,)),
        ((170, 90, 250, 170), [(200, 120, 1)], (0,)),
        ((400, 50, 600, 330), [(200, 120, 1)], ()),
    ],
)
def test_a_box_restricts_what_is_chosen(box, points, rows):
    assert choose(instances(SCENE), mark(0, 1, *points, box=box)).rows == rows


def test_a_box_cuts_the_mask():
    found = instances(SCENE)
    part = drawn(found, choose(found, mark(0, 1, (120, 60, 1), box=(100, 40, 300, 140))))
    assert part.tight().box == (100, 40, 300, 140)


def test_an_exclude_point_cuts_the_other_instance_out():
    found = instances(SCENE)
    part = drawn(found, choose(found, mark(0, 1, (120, 60, 1), (200, 120, 0))))
    assert part.mask.sum() == area(PERSON) - area(BALL)
    assert not part.within((180, 100, 240, 160)).any()


def test_an_exclude_point_without_an_instance_cuts_what_is_nearer_to_it():
    found = instances([PERSON])
    part = drawn(found, choose(found, mark(0, 1, (199.5, 89.5, 1), (199.5, 289.5, 0))))
    assert part.tight().box == (100, 40, 300, 190)


def test_a_still_keeps_what_was_found():
    class Counted(Rectangles):
        runs = 0

        def find(self, picture: Prepared) -> Instances:
            Counted.runs += 1
            return super().find(picture)

    masker = YoloSegMasker(lambda _w, _h: Counted([SCENE]), "", "")
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    one = masker.still(picture, [mark(5, 2, (120, 60, 1)), mark(5, 1, (20, 20, 1))], key="tile")
    masker.still(picture, [mark(5, 1, (500, 100, 1))], key="tile")
    assert Counted.runs == 1
    assert (one.index, one.object_ids, one.masks.sum(axis=(1, 2)).tolist()) == (5, (1, 2), [0, area(PERSON)])
    assert one.scores[1] == pytest.approx(0.9)
    assert np.isnan(one.scores[0])
    error = nothing_chosen(one)
    assert error is not None
    assert (error.code, error.facts) == ("empty_mask", {"object_id": 1})


# --- following


def test_an_instance_is_followed_both_ways():
    frames = walking(30)
    for one, [thing] in zip(carried(frames, mark(12, 1, (130, 200, 1))), frames, strict=True):
        assert iou(one.masks[0], united([instances([thing]).part(0)]).within((0, 0, WIDTH, HEIGHT))) == 1.0
        assert one.scores[0] == pytest.approx(0.9)


def test_two_that_meet_stay_apart():
    left, right = walking(40, top=60, step=5, start=20), walking(40, top=140, step=-5, start=520)
    frames = [[*a, *b] for a, b in zip(left, right, strict=True)]
    found = carried(frames, mark(0, 1, (60, 80, 1)), mark(0, 2, (560, 280, 1)))
    assert all(one.masks[0][60:70].any() and not one.masks[0][290:].any() for one in found)
    assert all(one.masks[1][290:].any() and not one.masks[1][60:70].any() for one in found)


@pytest.mark.parametrize("start", [0, 10, 39])
def test_a_few_missed_frames_are_filled_in(start):
    frames = walking(40)
    hidden = frames[:20] + [[]] * 5 + frames[25:]
    for one, [thing] in zip(carried(hidden, mark(start, 1, (40 + 4 * start + 40, 200, 1))), frames, strict=True):
        assert one.filled.tolist() == [one.index in range(20, 25)]
        assert np.isnan(one.scores[0]) == one.filled[0]
        assert iou(one.masks[0], instances([thing]).part(0).within((0, 0, WIDTH, HEIGHT))) > 0.95


def test_what_is_missed_for_long_is_not_to_be_seen():
    frames = walking(40, step=1)
    hidden = frames[:10] + [[]] * (FILLED + 2) + frames[10 + FILLED + 2 :]
    found = carried(hidden, mark(0, 1, (60, 200, 1)))
    gone = [one.index for one in found if not one.masks.any()]
    assert gone == [*range(10, 10 + FILLED + 2)]
    assert not any(one.filled.any() for one in found)


def test_nothing_is_filled_in_after_the_last_time():
    found = carried([*walking(20), *[[]] * 5], mark(0, 1, (60, 200, 1)))
    assert [one.index for one in found if not one.masks.any()] == [*range(20, 25)]


def test_a_correction_counts_from_its_frame_on_and_for_its_object_alone():
    frames = [[PERSON, OTHER, BALL]] * 12
    found = carried(frames, mark(2, 1, (120, 60, 1)), mark(2, 2, (500, 100, 1)), mark(7, 1, (500, 100, 1)))
    sizes = [one.masks.sum(axis=(1, 2)).tolist() for one in found]
    assert sizes == [[area(PERSON), area(OTHER)]] * 7 + [[area(OTHER), area(OTHER)]] * 5


def test_a_correction_that_only_excludes_cuts_from_its_frame_on():
    found = carried([SCENE] * 8, mark(1, 1, (120, 60, 1)), mark(4, 1, (200, 120, 0)))
    sizes = [int(one.masks.sum()) for one in found]
    assert sizes == [area(PERSON)] * 4 + [area(PERSON) - area(BALL)] * 4


def test_an_object_that_is_marked_later_is_followed_back():
    frames = [[*a, OTHER] for a in walking(20)]
    found = carried(frames, mark(5, 1, (500, 100, 1)), mark(15, 2, (140, 200, 1)))
    assert [int(one.masks[1].sum()) for one in found] == [80 * 160] * 20
    assert [int(one.masks[0].sum()) for one in found] == [area(OTHER)] * 20


def test_masks_are_packed_and_unpacked():
    mask = np.random.default_rng(1).random((30, 17)) < 0.4
    part, score, filled = unpacked(packed((Part(3, 4, mask), 0.25, True)))
    np.testing.assert_array_equal(part.within((0, 0, 50, 50)), Part(3, 4, mask).within((0, 0, 50, 50)))
    assert (score, filled) == (0.25, True)


def test_between_two_masks():
    before, after = Part(0, 0, np.ones((20, 10), np.bool_)), Part(40, 20, np.ones((40, 30), np.bool_))
    half = between(before, after, 0.5).tight()
    assert half.box == (20, 10, 40, 40)
    assert half.mask.all()


# --- on real film


class Hiding:
    """A segmenter that sees nothing in some pictures: those whose number it is told."""

    callers = 1

    def __init__(self, inner, hidden: set[int]) -> None:
        self._inner, self._hidden, self._count = inner, hidden, -1

    def prepare(self, picture: np.ndarray) -> Prepared:
        return self._inner.prepare(picture)

    def find(self, picture: Prepared) -> Instances:
        found = self._inner.find(picture)
        self._count += 1
        if self._count not in self._hidden:
            return found
        none = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
        return Instances(
            none, np.zeros((0, 32), np.float32), np.zeros((32, 1, 1), np.float32), (found.width, found.height), picture
        )


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "start", "point"), [("juggle.mp4", 30, (745, 300)), ("skateboarder.mp4", 20, (300, 450))]
)
def test_five_hidden_detections_in_a_row_are_filled_in(masker, assets, name, start, point):
    frames = video(assets / "media" / name, 1, 30, start)
    first = [mark(0, 1, (*point, 1))]
    plain = list(masker.shot(frames, first))
    height, width = frames[0].shape[:2]
    hidden = set(range(12, 17))
    hiding = Hiding(masker._open_for(width, height), hidden)
    filled = list(YoloSegMasker(lambda _w, _h: hiding, "", "").shot(frames, first))
    assert {one.index for one in filled if one.filled.any()} == hidden
    ious = [iou(a.masks[0], b.masks[0]) for a, b in zip(plain, filled, strict=True) if b.filled.any()]
    assert len(ious) == 5
    assert min(ious) >= 0.8


# --- what there is, and bad input


def test_every_masker_is_listed_with_the_reason_why_it_cannot_run(tmp_path):
    kinds = {kind.name: kind.reason for kind in masker_kinds({"sam2": tmp_path / "none.pt"}, "cpu")}
    assert list(kinds) == list(KINDS)
    assert [reason.code for reason in kinds.values() if reason] == ["no_weights", "no_weights"]
    (tmp_path / "some.pt").write_bytes(b"x")
    assert masker_kinds({"yolo-seg": tmp_path / "some.pt"}, "cpu")[1].reason is None


@pytest.mark.weights
def test_a_masker_opens_with_a_digest_and_says_what_it_runs_on(masker):
    assert re.fullmatch("[0-9a-f]{16}", masker.digest)
    assert masker.backend.startswith("yolov8n-seg.pt, CPU")
    assert masker.seconds_per_frame(1280, 720) > 0


@pytest.mark.weights
def test_weights_that_give_no_masks(assets):
    with raises(WeightsError, code="other_task"):
        open_masker("yolo-seg", assets / "models" / "yolov8n.pt", device="cpu")


def test_maskers_that_cannot_be_opened(tmp_path):
    with raises(SettingsError, code="setting_choice", field="masker"):
        open_masker("sam3", None)
    with raises(WeightsError, code="no_weights"):
        open_masker("sam2", None)
    with raises(WeightsError, code="no_weights"):
        open_masker("yolo-seg", tmp_path / "none.pt")


def bad() -> Iterator[tuple[list[Prompt], str]]:
    yield [], "no_prompt"
    yield [mark(10, 1, (5, 5, 1))], "no_frame"
    yield [mark(0, 1, (640, 5, 1))], "point_outside"
    yield [mark(0, 1, (5, -1, 1))], "point_outside"
    yield [mark(0, 1, (5, 5, 1), (5.2, 4.9, 0))], "points_contradict"
    yield [mark(0, 1, (5, 5, 0))], "no_include"
    yield [mark(0, 1, (5, 5, 1)), mark(0, 2, (5, 5, 0))], "no_include"
    yield [mark(0, 1, box=(9, 9, 9, 20))], "box_outside"
    yield [mark(0, 1, box=(700, 9, 800, 20))], "box_outside"


@pytest.mark.parametrize(("prompts", "code"), list(bad()))
def test_prompts_of_which_no_mask_can_come(prompts, code):
    with raises(SettingsError, code=code):
        check_prompts(prompts, 10, WIDTH, HEIGHT)


def test_prompts_that_are_right():
    check_prompts(
        [mark(0, 1, (0, 0, 1)), mark(9, 1, (639.5, 359, 0)), mark(0, 2, box=(-5, 3, 9, 9))], 10, WIDTH, HEIGHT
    )
    united_prompt = by_frame([mark(2, 1, (1, 1, 1)), mark(2, 1, (9, 9, 0), box=(0, 0, 20, 20))])[2][1]
    assert united_prompt.labels.tolist() == [1, 0]
    assert united_prompt.box is not None
