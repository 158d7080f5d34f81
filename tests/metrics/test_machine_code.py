"""The kernels are compiled once and loaded without the compiler; whatever is stored is checked before it is run."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.metrics import ahead, machine_code
from core.metrics.machine_code import SIGNATURES

ROOT = Path(__file__).parents[2]
MEASURE = """
import sys
import numpy as np
from core.metrics import hamming
from core.metrics.plane_colours import colours_of
from core.metrics.quality import luma_difference, measure, measure_masked
from core.metrics.scratch import Scratch
plane = (np.add.outer(np.arange(19) * 7, np.arange(40) * 3) % 256).astype(np.uint8)
scratch = Scratch(37)
def show(stats):  # float32 sums in another order differ in the eighth digit
    print([float(f"{value:.6g}") if isinstance(value, float) else value for value in stats])
show(measure(plane, 37, full_range=False, scratch=scratch, phash=True))
print(colours_of(scratch.box, ((plane, 0), (plane, 1)), 2, 18).tolist())
print(colours_of(scratch.box, ((plane.astype(np.uint16) * 4, 0),) * 2, 1, 37, 2).tolist())
show(measure_masked(plane, np.where(plane > 60, 255, 0).astype(np.uint8), 37, full_range=True))
print(luma_difference(plane, plane[::-1].copy(), 37))
hashes = np.arange(40, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
plan = hamming.plan_of(hamming.calls.ones(hashes), 40, 24, 3)
print(hamming.first_near(hashes, 24).tolist(), hamming.search(hashes, 24, plan).tolist())
print("numba" in sys.modules, file=sys.stderr)
"""


def measured(**environment: str) -> tuple[list[str], str]:
    """What a process of its own measures, and whether it loaded numba."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURE],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.strip()


def test_stored_machine_code_is_loaded_without_numba() -> None:
    machine_code.function("frame")  # compiles where nobody has
    lines, numba_is_there = measured()
    assert len(lines) == 6
    assert numba_is_there == "False"


def test_without_the_jit_the_python_code_gives_the_same_numbers() -> None:
    assert measured(NUMBA_DISABLE_JIT="1")[0] == measured()[0]


@pytest.mark.slow
def test_the_first_process_on_a_machine_compiles_and_the_second_does_not(tmp_path: Path) -> None:
    first, second = (measured(NUMBA_CACHE_DIR=str(tmp_path / "new")) for _ in range(2))
    assert first[0] == second[0] == measured()[0]
    assert (first[1], second[1]) == ("True", "False")


def test_every_signature_names_the_arguments_of_a_kernel() -> None:
    assert list(SIGNATURES) == list(ahead.PLAIN)
    for name, function in ahead.PLAIN.items():
        assert len(SIGNATURES[name]) == len(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    "change",
    [lambda data: b"", lambda data: data[:-1], lambda data: data[:90] + b"\0" + data[91:], lambda data: data + b"\0"],
    ids=["empty", "torn", "another byte", "longer"],
)
def test_machine_code_that_is_not_whole_is_not_run(tmp_path: Path, change: object) -> None:
    place, code = tmp_path / "new" / "kernels.x.code", bytes(range(1, 200))
    machine_code._store(place, b"a" * 32, code)
    assert machine_code._stored(place, b"a" * 32) == code
    place.write_bytes(change(place.read_bytes()))  # type: ignore[operator]
    assert machine_code._stored(place, b"a" * 32) is None


def test_machine_code_of_other_sources_or_none_is_not_run(tmp_path: Path) -> None:
    place = tmp_path / "kernels.x.code"
    assert machine_code._stored(place, b"a" * 32) is None
    machine_code._store(place, b"a" * 32, b"code")
    assert machine_code._stored(place, b"b" * 32) is None


def test_a_change_of_any_kernel_makes_other_machine_code() -> None:
    """Every module of this room that the kernels are made from counts."""
    folder = Path(machine_code.__file__).parent
    counted = {path for pattern in machine_code.SOURCES for path in folder.glob(pattern)}
    modules = {Path(inspect.getfile(value)) for value in vars(ahead).values() if inspect.ismodule(value)}
    assert {path for path in modules if path.parent == folder} <= counted
    assert {folder / name for name in ("layout.py", "colours.py", "ahead.py", "kernels.py")} <= counted


def test_machine_code_lies_where_a_person_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not machine_code.is_there()
    machine_code._store(tmp_path / "kernels.x.code", b"a" * 32, b"code")
    assert machine_code.is_there()
