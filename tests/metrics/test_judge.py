"""What is measured for judgement against its slow twin, and what it says of pictures whose truth is known."""

import cv2
import numpy as np
import pytest

from core.metrics.judge import judge
from core.metrics.neighbours import flags_of
from core.metrics.picture_score import parts, picture_score, sentence
from core.metrics.quality import measure
from core.metrics.scratch import Scratch
from core.metrics.subject import Evidence, of_boxes, subject_of
from core.settings.columns import JUDGED
from tests.judged import judged as slow
from tests.metrics.test_kernels import picture


def fast(plane, width=None, *, full_range=True):
    plane = np.ascontiguousarray(plane)
    scratch, width = Scratch(), width or plane.shape[1]
    stats = measure(plane, width, full_range=full_range, scratch=scratch)
    return judge(plane, width, full_range=full_range, laplacian=stats.laplacian, scratch=scratch)


def scene(height=288, width=512, *, seed=0, scale=1.5):
    """A picture with edges at every scale, as pictures of the world have, without noise."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(0, 1, (s, s * 2)), (width, height), interpolation=cv2.INTER_CUBIC) for s in (5, 12, 31)
    ]
    edges = sum(np.where(layer > 0.3, 40.0, -10.0) for layer in layers)
    return np.clip(110 + cv2.GaussianBlur(edges, (0, 0), scale), 0, 255).astype(np.uint8)


def boxed(plane, top, bottom, left, right, level=3):
    height, width = plane.shape
    out = plane.copy()
    out[:top], out[height - bottom :], out[:, :left], out[:, width - right :] = level, level, level, level
    return out


def columns(found):
    return {name: getattr(found, name) for name in JUDGED}


PICTURES = {
    "scene": scene(),
    "noise": picture(96, 200),
    "ramp": picture(101, 333, kind="ramp"),
    "extremes": picture(64, 77, kind="extremes"),
    "flat": picture(40, 40, kind="flat", seed=9),
    "too small": picture(7, 300),
    "one pixel": picture(1, 1),
    "bars": boxed(scene(), 33, 40, 0, 0),
    "pillars": boxed(scene(), 0, 0, 64, 71),
    "frame": boxed(scene(), 8, 16, 5, 9),
    "black": np.full((64, 64), 2, np.uint8),
    "tall": scene(501, 264),
    "combed": np.where(np.arange(288)[:, None] % 2, scene(), np.roll(scene(), 9, axis=1)),
}


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("name", PICTURES)
def test_every_number_agrees_with_the_slow_twin(name, full_range):
    plane = PICTURES[name]
    found = fast(plane, full_range=full_range)
    noise, detail, dark, bright, blockiness, bars, flat, combed = slow(plane, full_range)
    got = (found.noise, found.detail, found.clipped_dark, found.clipped_bright, found.blockiness, found.flat)
    np.testing.assert_allclose(got, (noise, detail, dark, bright, blockiness, flat), rtol=2e-5, atol=1e-6)
    assert found.bars == bars
    assert found.maps.combed.tolist() == combed


def test_what_lies_beside_the_picture_does_not_matter():
    wide = np.concatenate([scene(), picture(288, 32)], axis=1)
    assert columns(fast(wide, 512)) == columns(fast(scene()))


def test_noise_is_told_in_grey_levels():
    rng = np.random.default_rng(1)
    for sigma in (2, 6, 15):
        noisy = np.clip(np.round(128 + rng.normal(0, sigma, (480, 640))), 0, 255).astype(np.uint8)
        assert fast(noisy).noise == pytest.approx(sigma, rel=0.05)


def test_bars_are_left_out_of_everything():
    whole, inside = fast(boxed(scene(), 40, 40, 0, 0)), fast(scene()[40:248])
    assert whole.clipped_dark == inside.clipped_dark
    assert whole.bars == (40, 40, 0, 0)


def test_each_harm_lowers_the_score():
    rng, good = np.random.default_rng(0), scene()
    harmed = {
        "blur": cv2.GaussianBlur(good, (0, 0), 3),
        "noise": np.clip(good + rng.normal(0, 15, good.shape), 0, 255).astype(np.uint8),
        "dark": (good * 0.3).astype(np.uint8),
        "too bright": np.clip(good * 2.5, 0, 255).astype(np.uint8),
        "blocks": cv2.imdecode(cv2.imencode(".jpg", good, [cv2.IMWRITE_JPEG_QUALITY, 8])[1], 0),
    }
    scores = {name: picture_score(columns(fast(plane))) for name, plane in harmed.items()}
    best = picture_score(columns(fast(good)))
    assert all(score < 0.9 * best for score in scores.values()), (best, scores)


def test_parts_are_shares_and_the_sentence_names_what_costs():
    good = {"detail": 20.0, "noise": 1.0, "clipped_dark": 0.0, "clipped_bright": 0.0, "blockiness": 3.0}
    assert picture_score(good) == pytest.approx(100 * 20 / 30)
    assert sentence(good) == "Much fine detail, and nothing against it."
    bad = good | {"noise": 9.0, "clipped_bright": 10.0, "combed": 1}
    assert all(0 <= share <= 1 for share in parts(bad).values())
    assert sentence(bad) == (
        "Much fine detail; points are lost for combed lines of two fields, for noise and for parts that are pure black "
        "or white."
    )
    assert parts(good | {"detail": None}) is None
    assert picture_score({}) is None


def test_a_fade_between_two_pictures_is_a_dissolve_and_a_film_of_one_is_none():
    a, b = scene(), scene(seed=7)
    mixed = [fast(np.round(a * (1 - t) + b * t).astype(np.uint8)) for t in (0.4, 0.5, 0.6)]
    assert flags_of(mixed[1], mixed[0], mixed[2])["dissolve"]
    moving = [fast(np.roll(a, 4 * k, axis=1)) for k in range(3)]
    assert not any(flags_of(moving[1], moving[0], moving[2]).values())
    still = fast(a)
    assert not any(flags_of(still, still, still).values())


@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_a_slow_pan_over_a_soft_picture_is_no_dissolve(step: int) -> None:
    soft = cv2.GaussianBlur(scene(), (0, 0), 4)
    for picture_ in (scene(), soft):
        moving = [fast(np.roll(picture_, step * k, axis=1)) for k in range(3)]
        assert not flags_of(moving[1], moving[0], moving[2])["dissolve"]


def test_a_zoom_is_no_dissolve() -> None:
    height, width = scene().shape
    zoomed = []
    for k in range(3):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, 1.01**k)
        zoomed.append(fast(cv2.warpAffine(scene(), matrix, (width, height), borderMode=cv2.BORDER_REFLECT)))
    assert not flags_of(zoomed[1], zoomed[0], zoomed[2])["dissolve"]


def test_a_fade_inside_bars_is_a_dissolve() -> None:
    """A third of the picture is black and does not change."""
    a, b = (boxed(scene(seed=seed), 48, 48, 0, 0) for seed in (0, 7))
    mixed = [fast(np.round(a * (1 - t) + b * t).astype(np.uint8)) for t in (0.45, 0.5, 0.55)]
    assert flags_of(mixed[1], mixed[0], mixed[2])["dissolve"]


def test_a_fade_that_brightens_like_a_zoom_is_a_dissolve() -> None:
    """The change follows the gradient of the picture as a whole; its steady points change all the same."""
    down = np.linspace(-60, 60, len(scene()))[:, None]
    a, b = np.clip(scene() * 0.5 + 90 + down, 0, 255), np.clip(scene(seed=7) * 0.5 + 60 - down, 0, 255)
    for share in (0.2, 0.5, 0.8):
        mixed = [fast(np.round(a * (1 - t) + b * t).astype(np.uint8)) for t in (share - 0.06, share, share + 0.06)]
        assert flags_of(mixed[1], mixed[0], mixed[2])["dissolve"]


@pytest.mark.parametrize("frames", [8, 12, 16])
def test_a_fade_between_two_moving_pictures_is_a_dissolve(frames: int) -> None:
    a, b, fade = scene(), scene(seed=7), []
    for k in (-1, 0, 1):
        share = 0.5 + k / frames
        first, second = np.roll(a, 3 * k, axis=1), np.roll(b, 2 * k, axis=0)
        fade.append(fast(np.round(first * (1 - share) + second * share).astype(np.uint8)))
    assert flags_of(fade[1], fade[0], fade[2])["dissolve"]


def test_woven_fields_are_combed_and_stripes_that_stand_still_are_not():
    first, second = scene(), np.roll(scene(), 12, axis=1)
    woven = fast(np.where(np.arange(288)[:, None] % 2, first, second))
    assert flags_of(woven, fast(np.roll(first, -12, axis=1)), fast(np.roll(first, 24, axis=1)))["combed"]
    stripes = fast(np.repeat(np.where(np.arange(288) % 2, 200, 40).astype(np.uint8)[:, None], 512, axis=1))
    assert not flags_of(stripes, stripes, stripes)["combed"]


def test_blank_pictures_and_titles_are_told():
    blank = fast(np.full((288, 512), 90, np.uint8))
    assert flags_of(blank, blank, blank) == {"dissolve": False, "combed": False, "blank": True, "titles": False}
    card = np.full((288, 512), 0, np.uint8)
    cv2.putText(card, "Directed by", (60, 120), cv2.FONT_HERSHEY_SIMPLEX, 2, 255, 3)
    title = fast(card)
    assert flags_of(title, title, title)["titles"]


def test_the_subject_is_what_moves_else_the_sharpest_tenth():
    def frame(x):
        plane = scene(scale=6)
        plane[100:180, x : x + 80] = scene(seed=3, scale=0.6)[100:180, :80]
        return plane

    near = [fast(frame(x)) for x in (100, 140, 180)]
    detail, by = subject_of(near[1], near[0], near[2])
    smeared, _ = subject_of(fast(cv2.GaussianBlur(frame(140), (0, 0), 3)), near[0], near[2])
    assert by == "motion"
    assert detail > 1.5 * smeared
    assert subject_of(near[1], None, None)[1] == "tiles"
    assert subject_of(fast(picture(4, 4)), None, None) == (None, None)


def test_a_mask_and_boxes_say_where_the_subject_is_and_the_largest_box_counts():
    plane = scene(scale=6)
    plane[96:160, 200:264] = scene(seed=3, scale=0.6)[96:160, :64]
    frame = fast(plane)
    mask = np.zeros(plane.shape, np.bool_)
    mask[96:160, 200:264] = True
    inside = float(np.mean(frame.sharp[12:20, 25:33], dtype=np.float64))
    assert subject_of(frame, None, None, Evidence("mask", np.zeros((0, 4), np.float32), mask)) == (inside, "mask")
    boxes = of_boxes("person", [[0.0, 0.0, 20.0, 20.0], [200.0, 96.0, 264.0, 160.0]])
    assert subject_of(frame, None, None, boxes) == (inside, "person")
    assert of_boxes("face", []) is None
    for nowhere in (of_boxes("face", [[900.0, 0.0, 990.0, 9.0]]), Evidence("mask", boxes.boxes[:0], mask[:9])):
        assert subject_of(frame, None, None, nowhere)[1] == "tiles"
