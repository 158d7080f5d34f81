"""Columns that are made by hand: bombs, heads that lie, objects, torn files. None may take memory or run anything."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import CacheError, RunError
from core.records import VideoInfo
from core.store import detections, ledger, npz
from tests.machine import MOST_MEMORY, ROOT
from tests.raising import raises


def member(shape: str, kind: str, data: bytes) -> bytes:
    """A ``.npy`` whose head says what it is told to."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return path


def test_what_numpy_wrote_is_read_the_same(tmp_path: Path) -> None:
    written = {
        "a": np.arange(12.0).reshape(3, 4),
        "b": np.asfortranarray(np.eye(3, dtype=np.int8)),
        "c": np.array("pts"),
    }
    np.savez_compressed(tmp_path / "x.npz", allow_pickle=False, **written)
    found = npz.read(tmp_path / "x.npz", {"a": 12, "b": 9, "c": 1, "d": 5}, ("d",))
    assert set(found) == {"a", "b", "c"}
    for name, column in written.items():
        assert np.array_equal(found[name], column)
        assert found[name].dtype == column.dtype


class Bait:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("the pickle ran",)


BAD = {
    "claims more than memory": member("(1000000000000,)", "<i8", b""),
    "claims a negative length": member("(-1,)", "<i8", b""),
    "claims a length that is no number": member("(True,)", "<i8", b"\0" * 8),
    "overflows": member("(4294967296, 4294967296)", "<i8", b""),
    "has less than it claims": member("(10,)", "<i8", b"\0" * 8),
    "has more than it claims": member("(1,)", "<i8", b"\0" * 800),
    "holds objects": member("(1,)", "|O", pickle.dumps(Bait())),
    "holds one giant text": member("()", "<U100000000", b""),
    "has no head": b"NUMPY",
    "has a head that is no dict": b"\x93NUMPY\x01\x00\x0a\x00" + b"[1, 2, 3]\n",
    "nests its head": b"\x93NUMPY\x01\x00\x20\x4e" + b"(" * 20_000,
    "unpacks to more than it may": member("(100000000,)", "<i1", b"\0" * 100_000_000),
}


@pytest.mark.parametrize("how", BAD)
def test_a_column_that_was_made_by_hand_is_refused(
    tmp_path: Path, how: str, video: VideoInfo, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"time_base": b"", "clock": b""}
    buffer = io.BytesIO()
    np.save(buffer, np.array([1, 25]))
    good["time_base"] = buffer.getvalue()
    archive(tmp_path / "ledger.npz", {"pts": BAD[how], "key": BAD[how], "time_base": good["time_base"]})
    with raises(RunError, code="damaged"):
        ledger.load(tmp_path / "ledger.npz")
    preds = archive(tmp_path / "a__b.preds.npz", dict.fromkeys(("boxes", "confs", "clss", "indptr"), BAD[how]))
    with raises(CacheError, code="damaged"):
        detections.read(preds, video)
    assert capsys.readouterr().out == ""


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as file, file.open("pts.npy", "w") as entry:
        entry.write(member("(2000000000,)", "<i1", b""))
        for _ in range(2000):
            entry.write(bytes(1_000_000))
    assert (tmp_path / "x.npz").stat().st_size < 3_000_000
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.store import ledger\nfrom core.errors import RunError\n"
        "try:\n    ledger.load(Path(sys.argv[1]))\nexcept RunError as error:\n    print(error)\n" + MOST_MEMORY
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "x.npz")]
    sentence, megabytes = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines()
    assert "more than the 50000000 that there can be" in sentence
    assert int(megabytes) < 200


@pytest.mark.parametrize(
    "said",
    [
        {"names": {"1000000000": "x"}},
        {"names": {"9" * 5000: "x", "\u00b2": "y"}},
        {"names": ["x" * 10_000] * 5},
        {"names": [f"c{i}" for i in range(200_000)]},
        {"names": [None, [["nested"]], 7]},
        {"total_frames": 10**30, "fps": float("nan"), "imgsz": float("inf"), "conf_floor": -(10**40)},
        {"weights": "x" * 1_000_000, "backend": {"a": 1}},
    ],
    ids=lambda said: ",".join(said),
)
def test_what_a_cache_says_of_itself_is_bounded(tmp_path: Path, video: VideoInfo, said: dict[str, Any]) -> None:
    preds = tmp_path / "a__b.preds.npz"
    np.savez_compressed(
        preds,
        boxes=np.zeros((0, 4), np.float16),
        confs=np.zeros(0, np.float16),
        clss=np.zeros(0, np.uint16),
        indptr=np.zeros(video.frames + 1, np.int64),
    )
    detections.meta_path(preds).write_text(json.dumps(said))
    meta = detections.read(preds, video).meta
    assert len(meta.names) <= 1 << 16
    assert max(map(len, meta.names), default=0) <= 200
    assert len(meta.weights) <= 1000
    assert meta.fps == meta.fps
    assert json.dumps([meta.fps, meta.imgsz, meta.conf_floor, meta.total_frames], allow_nan=False)
