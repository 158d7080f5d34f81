"""What an ``.onnx`` says of itself is somebody's text: bounded before anything is made of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import WeightsError
from core.models.yolo_onnx import read_onnx
from core.weights import identify
from tests.machine import MOST_MEMORY, ROOT
from tests.raising import raises


def field(number: int, data: bytes | str | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(data, int):
        return _varint(number << 3) + _varint(data)
    data = data.encode() if isinstance(data, str) else data
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def tensor(name: str, shape: tuple[int, ...]) -> bytes:
    sides = b"".join(field(1, field(1, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sides)))


def onnx(path: Path, shape: tuple[int, ...] = (1, 3, 64, 64), **said: str) -> Path:
    """A model that hands its picture on, with whatever metadata."""
    node = field(1, "a") + field(2, "b") + field(4, "Identity")
    graph = field(1, node) + field(2, "g") + field(11, tensor("a", shape)) + field(12, tensor("b", shape))
    claims = b"".join(field(14, field(1, name) + field(2, value)) for name, value in said.items())
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(2, 13)) + claims)
    return path


def test_honest_claims_are_read(tmp_path: Path) -> None:
    facts = read_onnx(identify(onnx(tmp_path / "a.onnx", task="detect", names="{0: 'a', 2: 'c'}", stride="32")))
    assert facts.names == ("a", "class 1", "c")
    assert (facts.stride, facts.fixed_size) == (32, (64, 64))


def test_a_giant_class_takes_no_memory(tmp_path: Path) -> None:
    path = onnx(tmp_path / "a.onnx", task="detect", names="{1000000000: 'x'}")
    assert path.stat().st_size < 200
    code = (
        "import sys\nfrom core.weights import identify\nfrom core.models.yolo_onnx import read_onnx\n"
        "from core.errors import WeightsError\n"
        "try:\n    read_onnx(identify(sys.argv[1]))\nexcept WeightsError as error:\n    print(error)\n" + MOST_MEMORY
    )
    argv = [sys.executable, "-c", code, str(path)]
    sentence, megabytes = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines()
    assert "names class 1000000000; classes from 0 to 65535 are wanted" in sentence
    assert int(megabytes) < 400


BAD = {
    "a negative class": {"names": "{-5: 'x'}"},
    "a class that is no number": {"names": "{None: 'x'}"},
    "a class that is a fraction": {"names": "{1.5: 'x'}"},
    "a number of 10,000 digits": {"names": "{" + "9" * 10_000 + ": 'x'}"},
    "names that are no object": {"names": "7"},
    "names that are a call": {"names": "__import__('os').system('false')"},
    "names that are cut off": {"names": "{0: 'a'"},
    "names that nest": {"names": "[" * 100_000},
    "names without end": {"names": "[" + "'x'," * 2_000_000 + "]"},
    "too many names": {"names": "[" + "''," * 70_000 + "]"},
    "a stride of 0": {"names": "['a']", "stride": "0"},
    "a giant stride": {"names": "['a']", "stride": "9" * 5000},
}


@pytest.mark.parametrize("how", BAD)
def test_claims_that_cannot_be_are_one_sentence(tmp_path: Path, how: str) -> None:
    with pytest.raises(WeightsError, match=r"\.$"):
        read_onnx(identify(onnx(tmp_path / "a.onnx", task="detect", **BAD[how])))


@pytest.mark.parametrize("shape", [(1, 3, 2**40, 64), (1, 3, 64, 100_000), (1, 3, 50_000, 50_000)])
def test_a_picture_of_giant_sides_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with raises(WeightsError, code="weights_unfit"):
        read_onnx(identify(onnx(tmp_path / "a.onnx", shape, task="detect", names="['a']")))


def test_a_name_is_cut_off_where_nobody_reads_on(tmp_path: Path) -> None:
    path = onnx(tmp_path / "a.onnx", task="detect", names="{0: '" + "x" * 100_000 + "'}")
    assert read_onnx(identify(path)).names == ("x" * 200,)
