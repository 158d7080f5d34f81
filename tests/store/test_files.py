import math
import os

import numpy as np
import pytest

from core import files
from core.errors import RunError, StorageError
from tests.raising import raises


def test_written_file_has_only_its_own_name(tmp_path):
    files.write_bytes(tmp_path / "a", b"1", sync=False)
    files.write_text(tmp_path / "a", "ü")
    files.write_npz(tmp_path / "b.npz", {"x": np.arange(3)})
    assert (tmp_path / "a").read_text(encoding="utf-8") == "ü"
    with np.load(tmp_path / "b.npz", allow_pickle=False) as file:
        assert file["x"].tolist() == [0, 1, 2]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b.npz"]


def test_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    files.write_text(path, "old")

    def interrupted():
        with files.atomic(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("value", [{}, [], None, {"a": [1, 2.5, "ü", "\udc80"]}])
def test_json_round_trip(tmp_path, value):
    files.write_json(tmp_path / "a.json", value)
    assert files.read_json(tmp_path / "a.json") == value


def test_json_refuses_not_a_number(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "a.json", {"a": math.nan})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_damaged_json_is_one_sentence(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(RunError, match=r"a\.json is not JSON.*delete it"):
        files.read_json(tmp_path / "a.json")


def test_object_arrays_are_refused(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        files.write_npz(tmp_path / "a.npz", {"x": np.array([{}], dtype=object)})
    assert list(tmp_path.iterdir()) == []


def test_full_disk_keeps_the_old_file(small_disk):
    files.write_text(small_disk / "a", "old")
    with raises(StorageError, code="disk_full"):
        files.write_bytes(small_disk / "a", b"x" * 1_000_000)
    assert (small_disk / "a").read_text() == "old"
    assert [p.name for p in small_disk.iterdir()] == ["a"]


def test_missing_folder_is_a_storage_error(tmp_path):
    with raises(StorageError, code="cannot_write"):
        files.write_text(tmp_path / "no" / "a", "x")


def test_only_stale_temporaries_go(tmp_path):
    assert files.clean_temporaries(tmp_path / "absent") == 0
    old, young, other = (tmp_path / name for name in (".run.json.0123abcd.tmp", ".a.jpg.00000000.tmp", "mine.tmp"))
    for path in (old, young, other):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    assert files.clean_temporaries(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([young.name, other.name])
