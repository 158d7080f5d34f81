"""The real network of SAM 2, built from the package's configuration with random weights: all but the look of a mask."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from core.errors import ModelError, SettingsError, WeightsError
from core.models import sam2_weights
from core.models.masking import open_masker
from core.models.sam2 import Sam2Masker, build
from core.models.sam2_shot import Carried
from core.models.sam2_weights import (
    VARIANTS,
    Variant,
    fetch_checkpoint,
    load_state,
    variant_of,
    variant_of_config,
    variants_named,
)
from core.prompts import FrameMasks, Prompt
from core.weights import identify
from tests.raising import raises

SIDE = 64
"""Smaller than anybody would use: the network is the same."""
SEED = 2
"""With these random weights masks are neither empty nor full."""
WIDTH, HEIGHT = 200, 120
TINY = Variant("2.1", "tiny")


def mark(index: int, object_id: int, *points: tuple[float, float, int], box: tuple[float, ...] | None = None) -> Prompt:
    at = np.array([point[:2] for point in points], np.float32).reshape(-1, 2)
    labels = np.array([point[2] for point in points], np.int8)
    return Prompt(index, object_id, at, labels, None if box is None else np.array(box, np.float32))


def clip(length: int, width: int = WIDTH, height: int = HEIGHT) -> list[np.ndarray]:
    """A textured square that walks over noise."""
    dice = np.random.default_rng(5)
    ground = dice.integers(0, 120, (height, width, 3), np.uint8)
    square = dice.integers(100, 255, (40, 40, 3), np.uint8)
    frames = []
    for i in range(length):
        frame = ground.copy()
        left = (3 * i) % (width - 40)
        frame[5:45, left : left + 40] = square
        frames.append(frame)
    return frames


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tests that run beside each other are slowed down by threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(SEED)
    return build(TINY, SIDE)


@pytest.fixture
def masker(model):
    return Sam2Masker(model, TINY, SIDE, "cpu", "0" * 16)


@pytest.fixture(scope="module")
def checkpoint(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("sam2") / "sam2.1_hiera_tiny.pt"
    torch.save({"model": model.state_dict()}, path)
    return path


# --- carrying


LENGTH, START = 46, 18
PROMPTS = (
    mark(START, 1, (80, 40, 1)),
    mark(START, 2, (150, 90, 1), (20, 20, 0), box=(120, 60, 190, 110)),
    mark(31, 1, (110, 40, 1), (10, 100, 0)),
)
"""Two objects, and a correction of one in the middle."""


def bare(model, masker: Sam2Masker, frames: list[np.ndarray], prompts) -> dict[int, np.ndarray]:
    """The package's own predictor with all frames at once and nothing dropped; index -> (O, H, W)."""
    state = model_state(model, masker, frames)
    for prompt in prompts:
        points = prompt.points if len(prompt.points) else None
        labels = prompt.labels.astype(np.int32) if len(prompt.points) else None
        model.add_new_points_or_box(state, prompt.index, prompt.object_id, points, labels, box=prompt.box)
    first = min(prompt.index for prompt in prompts)
    found = {}
    for index, _, logits in model.propagate_in_video(state, start_frame_idx=first):
        found[index] = (logits[:, 0] > 0).numpy()
    for index, _, logits in model.propagate_in_video(state, start_frame_idx=first - 1, reverse=True):
        found[index] = (logits[:, 0] > 0).numpy()
    return found


def model_state(model, masker: Sam2Masker, frames: list[np.ndarray]) -> dict:
    height, width = frames[0].shape[:2]
    state = masker.network.state(len(frames), width, height)
    names = ("point_inputs_per_obj", "mask_inputs_per_obj", "output_dict_per_obj", "temp_output_dict_per_obj")
    state |= {name: {} for name in (*names, "frames_tracked_per_obj", "obj_id_to_idx", "obj_idx_to_id")}
    images = [masker.network.picture(frame) for frame in frames]
    return state | {"images": images, "obj_ids": [], "video_height": height, "video_width": width}


@pytest.fixture(scope="module")
def frames():
    return clip(LENGTH)


@pytest.fixture(scope="module")
def carried(model, frames) -> list[FrameMasks]:
    return list(Sam2Masker(model, TINY, SIDE, "cpu", "").shot(frames, PROMPTS))


@pytest.mark.slow
def test_every_frame_comes_once_forward_then_backward(carried):
    assert [one.index for one in carried] == [*range(START, LENGTH), *range(START - 1, -1, -1)]
    assert {one.object_ids for one in carried} == {(1, 2)}
    assert {one.masks.shape for one in carried} == {(2, HEIGHT, WIDTH)}
    shares = [one.masks.mean() for one in carried]
    assert 0.02 < min(shares) <= max(shares) < 0.98, "masks that are all alike would prove nothing"


@pytest.mark.slow
def test_masks_are_those_of_the_bare_predictor_forward_and_backward(model, masker, frames, carried):
    wanted = bare(model, masker, frames, PROMPTS)
    for one in carried:
        np.testing.assert_array_equal(one.masks, wanted[one.index], err_msg=f"frame {one.index}")


class Unpruned(Carried):
    prunes = False


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, START])
def test_pruning_changes_nothing(masker, frames, start):
    prompts = (mark(start, 1, (80, 40, 1)), mark(start, 2, (150, 90, 1)), mark(31, 1, (10, 100, 0)))
    pruned = Carried(masker.network, frames, prompts).masks()
    for one, other in zip(pruned, Unpruned(masker.network, frames, prompts).masks(), strict=True):
        assert one.index == other.index
        np.testing.assert_array_equal(one.masks, other.masks, err_msg=f"frame {one.index}")
        np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.slow
def test_what_is_kept_does_not_grow(masker):
    frames = clip(60, 64, 48)
    shot = Carried(masker.network, frames, (mark(25, 1, (20, 20, 1)),))
    outputs, memories = [], []
    for _ in shot.masks():
        others = shot._objects[1].others
        outputs.append(len(others))
        memories.append(sum(output["maskmem_features"] is not None for output in others.values()))
        assert len(shot._state["images"]) == 1
    assert max(outputs) <= 2 * masker.network.reach_pointers
    assert max(memories) <= 2 * masker.network.reach_memory
    assert (masker.network.reach_pointers, masker.network.reach_memory) == (15, 6)


@pytest.mark.slow
def test_a_correction_of_one_object_leaves_the_other_alone(masker, frames, carried):
    without = list(masker.shot(frames[:24], PROMPTS[1:2]))
    both = list(masker.shot(frames[:24], (*PROMPTS[:2], mark(21, 1, (110, 40, 1)))))
    for one, other in zip(without, both, strict=True):
        np.testing.assert_array_equal(one.masks[0], other.masks[1])


@pytest.mark.slow
def test_a_point_that_only_excludes_refines_what_was_carried(masker, frames):
    plain = {one.index: one for one in masker.shot(frames[:12], [mark(2, 1, (80, 40, 1))])}
    refined = {one.index: one for one in masker.shot(frames[:12], [mark(2, 1, (80, 40, 1)), mark(7, 1, (10, 100, 0))])}
    for index in range(2, 7):
        np.testing.assert_array_equal(plain[index].masks, refined[index].masks)
    assert (plain[7].masks != refined[7].masks).any()


class Watched:
    """Frames that note which were read."""

    def __init__(self, frames) -> None:
        self._frames, self.read = frames, []

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> np.ndarray:
        self.read.append(index)
        return self._frames[index]


def test_frames_are_read_in_order_and_only_a_few_ahead(masker):
    watched = Watched(clip(20, 64, 48))
    for count, _ in enumerate(masker.shot(watched, [mark(8, 1, (20, 20, 1))]), 1):
        assert len(watched.read) <= count + 2 + 4  # two for the frame that was marked
    assert watched.read[2:] == [*range(8, 20), *range(7, -1, -1)]


def test_a_shot_of_one_frame(masker):
    [one] = masker.shot(clip(1), [mark(0, 3, (80, 40, 1))])
    assert (one.index, one.object_ids, one.masks.shape) == (0, (3,), (1, HEIGHT, WIDTH))


def test_a_shot_that_is_left_ends_its_threads(masker):
    before = threading.active_count()
    shot = masker.shot(clip(20, 64, 48), [mark(0, 1, (20, 20, 1))])
    next(shot)
    shot.close()
    assert threading.active_count() == before


# --- what the network is told


@pytest.mark.parametrize(("width", "height"), [(200, 120), (120, 200), (64, 64), (333, 97)])
def test_points_and_boxes_reach_the_network_in_its_pixels(masker, model, width, height):
    told = []
    hook = model.sam_prompt_encoder.register_forward_pre_hook(
        lambda _module, _inputs, kwargs: told.append(kwargs["points"]), with_kwargs=True
    )
    marked = mark(0, 1, (0, 0, 1), (width - 1, height / 2, 0), box=(1, 2, width / 2, height / 2))
    masker.still(clip(1, width, height)[0], [marked])
    hook.remove()
    [(points, labels)] = told
    scale = np.array([SIDE / width, SIDE / height])
    wanted = np.array([[1, 2], [width / 2, height / 2], [0, 0], [width - 1, height / 2]]) * scale
    np.testing.assert_allclose(points[0].numpy(), wanted, atol=1e-4)
    assert labels[0].tolist() == [2, 3, 1, 0]


def test_pictures_are_scaled_as_the_package_does(masker):
    from PIL import Image

    picture = clip(1, 300, 170)[0]
    wanted = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE))) / 255.0
    wanted = (wanted - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    ours = masker.network.picture(picture).permute(1, 2, 0).numpy()
    assert np.abs(ours - wanted).max() <= 1.01 / 255 / 0.224


def test_the_embedding_of_a_tile_is_kept(masker, model):
    runs = []
    hook = model.image_encoder.register_forward_hook(lambda *_: runs.append(1))
    picture = clip(1)[0]
    first = masker.still(picture, [mark(4, 1, (80, 40, 1))], key="a")
    again = masker.still(picture, [mark(4, 1, (80, 40, 1))], key="a")
    masker.still(picture, [mark(4, 1, (80, 40, 1), (20, 20, 0)), mark(4, 7, (150, 90, 1))], key="a")
    assert len(runs) == 1
    masker.still(picture, [mark(4, 1, (80, 40, 1))], key="b")
    hook.remove()
    assert len(runs) == 2
    np.testing.assert_array_equal(first.masks, again.masks)


@pytest.mark.slow
def test_a_still_is_the_prompted_frame_of_a_shot(masker, frames, carried):
    still = masker.still(frames[START], PROMPTS[:2])
    np.testing.assert_array_equal(still.masks, carried[0].masks)
    np.testing.assert_array_equal(still.scores, carried[0].scores)


def test_the_time_of_a_frame_is_told_before_a_shot(masker):
    assert 0 < masker.seconds_per_frame(WIDTH, HEIGHT) < masker.seconds_per_frame(WIDTH, HEIGHT, objects=200)


def test_too_little_memory_names_what_to_change(masker, model):
    def full(*_) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = model.memory_attention.register_forward_pre_hook(full)
    shot = masker.shot(clip(3), [mark(0, 1, (80, 40, 1))])
    assert next(shot).index == 0
    with raises(ModelError, code="gpu_memory", field="imgsz", imgsz=SIDE):
        next(shot)
    hook.remove()


# --- variants


@pytest.fixture(scope="module", params=VARIANTS, ids=lambda variant: variant.name)
def shapes(request) -> tuple[Variant, dict]:
    return request.param, build(request.param, 1024).state_dict()


@pytest.mark.slow
def test_the_weights_tell_the_variant(shapes):
    variant, state = shapes
    assert variant_of(state, "x.pt") == variant


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tiny", ["sam2.1_hiera_tiny", "sam2_hiera_tiny"]),
        ("hiera_base", ["sam2.1_hiera_base_plus", "sam2_hiera_base_plus"]),
        ("b+", ["sam2.1_hiera_base_plus", "sam2_hiera_base_plus"]),
        ("sam2_hiera_large", ["sam2_hiera_large"]),
        ("sam2.1_hiera_small.pt", ["sam2.1_hiera_small"]),
        ("facebook/sam2.1-hiera-base-plus", ["sam2.1_hiera_base_plus"]),
    ],
)
def test_variants_by_name(text, names):
    assert [variant.name for variant in variants_named(text)] == names


@pytest.mark.parametrize("text", ["", "huge", "sam3_hiera_tiny", "yolov8n"])
def test_names_of_no_variant(text):
    with raises(SettingsError, code="setting_choice"):
        variants_named(text)


@pytest.mark.parametrize(
    "config", ["configs/sam2.1/sam2.1_hiera_l.yaml", "sam2.1_hiera_l", "C:\\sam2\\configs\\sam2.1\\sam2.1_hiera_l.yaml"]
)
def test_a_configuration_says_the_variant(config):
    assert variant_of_config(config) == Variant("2.1", "large")


def test_a_configuration_of_a_stranger_is_not_loaded(tmp_path):
    (tmp_path / "mine.yaml").write_text("model: {_target_: os.system}")
    with raises(SettingsError, code="setting_choice"):
        variant_of_config(str(tmp_path / "mine.yaml"))


# --- files


def test_a_checkpoint_is_opened(checkpoint, masker):
    opened = open_masker("sam2", checkpoint, device="cpu", imgsz=SIDE - 5, model_variant="tiny")
    assert opened.backend.startswith("sam2.1_hiera_tiny, CPU")
    assert opened.backend.endswith("64x64")
    assert re.fullmatch("[0-9a-f]{16}", opened.digest)
    picture, said = clip(1)[0], [mark(0, 1, (80, 40, 1))]
    np.testing.assert_array_equal(opened.still(picture, said).masks, masker.still(picture, said).masks)
    other = open_masker("sam2", checkpoint, device="cpu", imgsz=SIDE + 32, model_config="sam2.1_hiera_t.yaml")
    assert other.digest != opened.digest


@pytest.mark.parametrize("wrong", [{"model_variant": "large"}, {"model_config": "configs/sam2/sam2_hiera_t.yaml"}])
def test_weights_of_another_variant(checkpoint, wrong):
    with raises(WeightsError, code="other_variant", found="sam2.1_hiera_tiny"):
        open_masker("sam2", checkpoint, device="cpu", imgsz=SIDE, **wrong)


def test_files_that_are_no_checkpoint(tmp_path, checkpoint, assets_models):
    short, text, first = tmp_path / "short.pt", tmp_path / "text.pt", tmp_path / "first.pt"
    short.write_bytes(checkpoint.read_bytes()[:100_000])
    text.write_text("hello")
    torch.save({"image_encoder.pos_embed": torch.zeros(2)}, first)
    cases = {short: "weights_unreadable", text: "weights_unreadable", first: "weights_of_other_program"}
    for path, code in (cases | {assets_models / "yolov8n-seg.pt": "unsafe_weights"}).items():
        with raises(WeightsError, code=code):
            open_masker("sam2", path, device="cpu")


def test_a_checkpoint_with_missing_weights(tmp_path, checkpoint):
    state = load_state(identify(checkpoint))
    state.pop("no_mem_embed")
    torch.save({"model": state}, tmp_path / "less.pt")
    with raises(WeightsError, code="weights_unfit") as caught:
        open_masker("sam2", tmp_path / "less.pt", device="cpu", imgsz=SIDE)
    assert "no_mem_embed" in str(caught.value)


@pytest.fixture
def assets_models(assets):
    if not (assets / "models").is_dir():
        pytest.skip("no weights here")
    return assets / "models"


# --- downloads


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, bytes]]]:
    held: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = held.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}/", held
        serving.shutdown()
        thread.join()


def test_a_checkpoint_is_downloaded_once(tmp_path, server, monkeypatch):
    address, held = server
    monkeypatch.setitem(sam2_weights.ADDRESSES, "2.1", address + "{size}.pt")
    held["/small.pt"] = b"weights"
    fetched = drained(fetch_checkpoint("small", tmp_path))
    assert (fetched.name, fetched.read_bytes()) == ("sam2.1_hiera_small.pt", b"weights")
    held.clear()
    assert drained(fetch_checkpoint("small", tmp_path)) == fetched


def test_a_download_that_fails_says_where_to_put_the_file(tmp_path, server, monkeypatch):
    monkeypatch.setitem(sam2_weights.ADDRESSES, "2.1", server[0] + "{size}.pt")
    with raises(WeightsError, code="no_download") as caught:
        drained(fetch_checkpoint("large", tmp_path))
    assert f"copy it to {tmp_path}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def drained(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
