import dataclasses
import json
import struct
import zipfile
from fractions import Fraction

import numpy as np
import pytest

from core.errors import CacheError, StorageError, WeightsError
from core.records import Detections, FrameLedger
from core.store import detections
from core.store.detections import CacheMeta
from core.store.detections_page import box_unit, page_bytes, page_row, threshold
from core.weights import Weights, identify
from tests.raising import raises

BEST = Weights("/models/a/best.pt", "a" * 64)
OTHER = Weights("/models/b/best.pt", "b" * 64)


def columns(counts, classes=3, seed=1):
    """Random boxes, ``counts[i]`` of them in frame i."""
    dice = np.random.default_rng(seed)
    total = int(sum(counts))
    corners = np.sort(dice.random((total, 2, 2)), axis=1).reshape(total, 4)
    return {
        "boxes": corners.astype(np.float16),
        "confs": dice.uniform(0.05, 1, total).astype(np.float16),
        "clss": dice.integers(0, classes, total).astype(np.uint16),
        "indptr": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    }


def meta_of(info, weights=BEST, **more):
    values = {
        "fps": 29.97,
        "total_frames": info.frames,
        "width": info.width,
        "height": info.height,
        "weights": weights.name,
        "names": ("person", "car", "dog"),
        "conf_floor": 0.05,
        "nms_iou": 0.9,
        "imgsz": 640,
        "fingerprint": info.fingerprint,
        "weights_sha256": weights.sha256,
    }
    return CacheMeta(**(values | more))


@pytest.fixture
def info(video, tmp_path):
    """A video of four frames."""
    return dataclasses.replace(video, path=str(tmp_path / "clip.mp4"), frames=4)


def written(info, weights=BEST, folder=None, counts=(2, 0, 3, 1), **more):
    preds = detections.path_to_write(info, weights, folder or detections.Path(info.path).parent)
    return detections.write(preds, meta_of(info, weights, **more), columns(counts))


def by_hand(info, name="clip__best", counts=(2, 0, 3, 1), meta=None):
    """A cache as the original tool lays it out."""
    preds = detections.Path(info.path).with_name(f"{name}.preds.npz")
    np.savez_compressed(preds, **columns(counts))
    if meta is not None:
        detections.meta_path(preds).write_text(json.dumps(meta))
    return preds


def test_no_cache_is_found_where_there_is_none(info):
    found = detections.find(info, BEST)
    assert (found.cache, found.refused) == (None, ())
    assert detections.listed(info.path) == []
    assert not detections.exists(info.path, info.fingerprint, BEST)


def test_a_cache_without_any_box_is_read(info):
    written(info, counts=(0, 0, 0, 0))
    cache = detections.find(info, BEST).cache
    assert len(cache) == 4
    assert len(cache.frame(3)) == 0


def test_what_is_written_loads_with_plain_numpy(info, tmp_path):
    written(info)
    with np.load(tmp_path / "clip__best.preds.npz") as file:
        assert {name: (file[name].dtype.str, file[name].shape) for name in file.files} == {
            "boxes": ("<f2", (6, 4)),
            "confs": ("<f2", (6,)),
            "clss": ("<u2", (6,)),
            "indptr": ("<i8", (5,)),
        }
    meta = json.loads((tmp_path / "clip__best.meta.json").read_text())
    assert (meta["total_frames"], meta["weights"], meta["names"]) == (4, "best.pt", ["person", "car", "dog"])
    assert (meta["conf_floor"], meta["nms_iou"], meta["fingerprint"]) == (0.05, 0.9, info.fingerprint)


def test_a_frame_has_its_own_boxes_in_pixels(info):
    wrote = written(info)
    cache = detections.find(info, BEST).cache
    assert [len(cache.frame(i)) for i in range(4)] == [2, 0, 3, 1]
    third = cache.frame(2)
    scale = [info.width, info.height, info.width, info.height]
    assert np.array_equal(third.xyxy, wrote.boxes[2:5].astype(np.float32) * np.float32(scale))
    assert third.class_id.dtype == np.int64


def test_two_trainings_called_best_do_not_collide(info, tmp_path):
    written(info, BEST, counts=(1, 1, 1, 1))
    written(info, OTHER, counts=(0, 0, 0, 2))
    assert sorted(p.name for p in tmp_path.glob("*.npz")) == ["clip__best-bbbbbbbb.preds.npz", "clip__best.preds.npz"]
    assert len(detections.find(info, BEST).cache.boxes) == 4
    assert len(detections.find(info, OTHER).cache.boxes) == 2
    written(info, OTHER, counts=(0, 3, 0, 0))
    assert len(list(tmp_path.glob("*.npz"))) == 2
    assert len(detections.listed(info.path)) == 2


def test_two_videos_of_one_stem_do_not_collide(info, tmp_path):
    written(info)
    twin = dataclasses.replace(info, path=str(tmp_path / "clip.avi"), fingerprint="e" * 64)
    written(twin, counts=(0, 0, 0, 1))
    assert len(detections.find(twin, BEST).cache.boxes) == 1
    assert len(detections.find(info, BEST).cache.boxes) == 6
    assert (tmp_path / "clip.avi__best.preds.npz").exists()


@pytest.mark.parametrize(
    "meta",
    [
        None,
        {},
        {"fps": 30.0, "total_frames": 4, "width": 1920, "height": 1080, "weights": "best.pt", "names": ["person"]},
        {"fps": None, "total_frames": "many", "names": {"0": "person", "2": "dog"}, "surprise": [1, 2]},
    ],
)
def test_a_cache_of_the_original_tool_is_used(info, meta):
    by_hand(info, meta=meta)
    cache = detections.find(info, BEST).cache
    assert cache is not None
    assert not cache.meta.ours
    assert (cache.meta.total_frames, cache.meta.width, cache.meta.height) == (4, info.width, info.height)
    assert cache.meta.weights in ("best", "best.pt")


def test_surplus_empty_frames_are_cut_off(info):
    by_hand(info, counts=(2, 0, 3, 1, 0, 0))
    cache = detections.find(info, BEST).cache
    assert len(cache) == 4
    assert len(cache.frame(3)) == 1


@pytest.mark.parametrize(
    ("counts", "meta", "reason"),
    [
        ((2, 0, 3, 1, 0, 1), {}, "has detections for 6 frames, the video has 4"),
        ((2, 0, 3), {}, "has detections for 3 frames, the video has 4"),
        ((2, 0, 3, 1), {"fingerprint": "0" * 64}, "was made from another video"),
        ((2, 0, 3, 1), {"width": 640, "height": 360}, "640x360"),
    ],
)
def test_a_cache_of_another_video_is_refused_with_the_reason(info, counts, meta, reason):
    preds = by_hand(info, counts=counts, meta=meta)
    found = detections.find(info, BEST)
    assert found.cache is None
    assert reason in found.refused[0]
    with pytest.raises(CacheError, match=reason):
        detections.read(preds, info)


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _objects(path):
    np.savez(path, **(columns((1, 1, 1, 1)) | {"boxes": np.array([{}], dtype=object)}))


def _misfit(path):
    np.savez(path, **(columns((1, 1, 1, 1)) | {"confs": np.zeros(3, np.float16)}))


def _backwards(path):
    np.savez(path, **(columns((1, 1, 1, 1)) | {"indptr": np.array([0, 3, 1, 4, 4])}))


def _not_finite(path):
    np.savez(path, **(columns((1, 1, 1, 1)) | {"confs": np.full(4, np.nan, np.float16)}))


@pytest.mark.parametrize(
    "harm", [_cut, _flip, _objects, _misfit, _backwards, _not_finite, lambda path: path.write_bytes(b"")]
)
def test_a_damaged_cache_is_refused_and_replaced(info, harm):
    cache = written(info)
    harm(cache.path)
    found = detections.find(info, BEST)
    assert found.cache is None
    assert "damaged" in found.refused[0]
    assert detections.path_to_write(info, BEST, cache.path.parent) == cache.path


def test_a_cache_is_never_half_written(info, small_disk):
    here = dataclasses.replace(info, path=str(small_disk / "clip.mp4"))
    old = written(here)
    large = columns((2000, 2000, 2000, 2000))
    with raises(StorageError, code="disk_full"):
        detections.write(old.path, meta_of(here), large)
    assert len(detections.find(here, BEST).cache.boxes) == 6
    assert sorted(path.suffix for path in small_disk.iterdir()) == [".json", ".npz"]


def test_a_read_only_folder_gives_way_to_the_run_folder(info, read_only_folder, tmp_path):
    fixed = dataclasses.replace(info, path=str(read_only_folder / "clip.mp4"))
    run = tmp_path / "runs" / "clip"
    folder = detections.writable([read_only_folder, run])
    assert folder == run
    written(fixed, folder=folder)
    assert detections.find(fixed, BEST).cache is None
    assert detections.find(fixed, BEST, [run]).cache is not None
    assert detections.exists(fixed.path, fixed.fingerprint, BEST, [run])


def test_a_name_with_glob_characters_is_found(info, tmp_path):
    odd = dataclasses.replace(info, path=str(tmp_path / "a[1]*__b.mp4"))
    written(odd)
    assert detections.find(odd, BEST).cache is not None
    assert len(detections.listed(odd.path)) == 1


def test_weights_are_told_apart_by_content(tmp_path):
    for folder, text in (("a", b"one"), ("b", b"two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "best.pt").write_bytes(text)
    first, second = (identify(tmp_path / folder / "best.pt") for folder in ("a", "b"))
    assert first.stem == second.stem == "best"
    assert first.sha256 != second.sha256


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_bytes(b"")])
def test_no_weights_are_a_sentence(tmp_path, make):
    path = tmp_path / "best.pt"
    make(path)
    with pytest.raises(WeightsError, match=r"best\.pt"):
        identify(path)


# --- for the page


def unpacked(data):
    """The twin of the page's reader."""
    size = struct.unpack_from("<I", data)[0]
    head = json.loads(data[4 : 4 + size])
    base = 4 + size
    assert base % 8 == 0
    found = {}
    for name, place in head["columns"].items():
        assert place["offset"] % 8 == 0
        found[name] = np.frombuffer(data, "<" + place["type"], place["length"], base + place["offset"])
    return head, found


def ledger_of(info):
    pts = np.arange(info.frames, dtype=np.int64) * 3003 + 7
    return FrameLedger(pts, np.ones(info.frames, bool), Fraction(1, 90000))


def test_the_page_gets_the_timeline_without_a_cache(info):
    ledger = ledger_of(info)
    head, found = unpacked(page_bytes(info, ledger, None))
    assert (head["frames"], head["boxes"], head["origin"], head["names"]) == (4, 0, None, [])
    assert found["pts_s"].tolist() == [ledger.seconds(i) for i in range(4)]
    assert found["indptr"].tolist() == [0] * 5


def test_the_page_gets_every_box_to_an_eighth_of_a_pixel(info):
    cache = written(info)
    head, found = unpacked(page_bytes(info, ledger_of(info), cache))
    assert found["indptr"].tolist() == cache.indptr.tolist()
    pixels = found["boxes"].reshape(-1, 4) * head["box_unit_px"]
    expected = np.concatenate([cache.frame(i).xyxy for i in range(4)])
    assert np.abs(pixels - expected).max() <= 1 / 16
    assert np.abs(found["confs"] / 65535 - cache.confs.astype(float)).max() < 1e-5
    assert found["classes"].tolist() == cache.clss.tolist()
    assert head["counts"] == np.bincount(cache.clss, minlength=3).tolist()
    assert (head["origin"], head["conf_floor"], head["nms_iou"], head["end_to_end"]) == ("framesieve", 0.05, 0.9, False)


def test_the_page_gets_odd_caches(info):
    wide = dataclasses.replace(info, width=20_000)
    preds = by_hand(info)
    columns_ = columns((2, 0, 3, 1)) | {"clss": np.full(6, 700, np.uint16)}
    np.savez(preds, **columns_)
    head, found = unpacked(page_bytes(wide, ledger_of(wide), detections.read(preds, wide)))
    assert head["box_unit_px"] == box_unit(20_000, 100) == 0.5
    assert found["classes"].dtype == np.uint16
    assert (head["names"][700], head["counts"][700], head["origin"]) == ("class 700", 6, "original")


def test_a_live_frame_is_what_the_binary_would_say(info):
    cache = written(info)
    _, found = unpacked(page_bytes(info, ledger_of(info), cache))
    row = json.loads(json.dumps(page_row(info, 2, cache.frame(2))))
    assert row["f"] == 2
    assert row["b"] == found["boxes"][8:20].tolist()
    assert (row["c"], row["k"]) == (found["confs"][2:5].tolist(), found["classes"][2:5].tolist())
    assert page_row(info, 0, Detections.empty()) == {"f": 0, "b": [], "c": [], "k": []}


def test_a_box_kept_at_the_floor_is_shown_at_the_floor(info):
    lowest = np.float32(np.float16(0.05))
    row = page_row(info, 0, Detections(np.zeros((1, 4), np.float32), np.array([lowest]), np.zeros(1, np.int64)))
    assert row["c"][0] >= threshold(0.05)


def test_reading_names_what_is_not_a_cache(info, tmp_path):
    path = tmp_path / "clip__best.preds.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no arrays")
    with raises(CacheError, code="damaged"):
        detections.read(path, info)


def test_boxes_of_other_colours_are_refused(info):
    wide = dataclasses.replace(info, rendering="HDR (PQ), tone-mapped")
    cache = written(info)
    with raises(CacheError, code="otherwise_shown"):
        detections.read(cache.path, wide)
    assert "rendering" not in json.loads(detections.meta_path(cache.path).read_text())
