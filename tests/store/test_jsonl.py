import json
import math
import os
import subprocess
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import files
from core.errors import RunError, StorageError
from core.records import FrameRecord
from core.store import jsonl
from tests.raising import raises

WHOLE = b'{"a":1}\n{"a":2}\n'


@pytest.mark.parametrize(
    ("content", "records", "cut"),
    [
        (b"", [], 0),
        (b'{"a":1}', [], 7),
        (b'{"a":1}\n', [1], 0),
        (WHOLE, [1, 2], 0),
        (WHOLE + b'{"a":3}', [1, 2], 7),
        (WHOLE + b'{"a"', [1, 2], 4),
        (WHOLE + b"\0\0\0\n", [1, 2], 4),
        (WHOLE + b"3\n", [1, 2], 2),
        (b"\n", [], 1),
        (b'{"a":"' + b"x" * 200_000, [], 200_006),
        (WHOLE + b'{"a":"' + b"x" * 200_000, [1, 2], 200_006),
    ],
)
def test_torn_last_line_is_ignored_and_cut(tmp_path, content, records, cut):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    assert [r["a"] for r in jsonl.read(path)] == records
    assert jsonl.repair(path) == cut
    assert path.read_bytes() == content[: len(content) - cut]
    jsonl.append(path, [{"a": 9}])
    assert [r["a"] for r in jsonl.read(path)] == [*records, 9]


def test_missing_file_holds_no_records(tmp_path):
    assert list(jsonl.read(tmp_path / "no.jsonl")) == []
    assert jsonl.repair(tmp_path / "no.jsonl") == 0


@pytest.mark.parametrize("broken", [b"{\n", b"\n", b"[1]\n", b"\0\0\n"])
def test_broken_line_in_the_middle_is_named(tmp_path, broken):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a":1}\n' + broken + b'{"a":2}\n')
    with pytest.raises(RunError, match=r"x\.jsonl line 2 is not a JSON object.*run the same command again"):
        list(jsonl.read(path))


@given(
    st.lists(st.dictionaries(st.text(), st.none() | st.integers(-(2**53), 2**53) | st.text()), max_size=8), st.data()
)
def test_any_prefix_is_readable(tmp_path_factory, records, data):
    path = tmp_path_factory.mktemp("prefix") / "x.jsonl"
    whole = jsonl.encode(records)
    prefix = whole[: data.draw(st.integers(0, len(whole)))]
    path.write_bytes(prefix)
    found = list(jsonl.read(path))
    assert found == records[: prefix.count(b"\n")]
    jsonl.repair(path)
    assert list(jsonl.read(path)) == found


def test_appender_writes_all_records_of_a_call(tmp_path):
    path = tmp_path / "x.jsonl"
    with jsonl.Appender(path) as out:
        assert out.append([]) == 0
        assert out.append([{"a": 1}, FrameRecord(2, 0.5, more={"face_rows": [1]})]) == path.stat().st_size
    first, second = jsonl.read(path)
    assert first == {"a": 1}
    assert (second["frame_number"], second["phash"], second["face_rows"]) == (2, None, [1])


def test_closed_appender_refuses(tmp_path):
    with pytest.raises(ValueError, match="outside"):
        jsonl.Appender(tmp_path / "x").append([])


def test_not_a_number_becomes_null(tmp_path):
    values = {"a": math.nan, "b": math.inf, "c": np.float32("nan"), "d": np.int64(3), "e": [math.nan]}
    line = jsonl.encode([values])
    assert orjson.loads(line) == {"a": None, "b": None, "c": None, "d": 3, "e": [None]}
    assert b"NaN" not in line


@pytest.mark.parametrize(
    "name", [b"a\x80", b"caf\xe9.mp4", b"\xff\xfe", "\u00e9\U0001f600".encode() + b"\xe9", b'q"\n\\\xb5']
)
def test_path_with_foreign_bytes_reads_back_to_the_same_path(tmp_path, name):
    path = os.fsdecode(name)
    line = jsonl.encode([{"p": path, "n": math.nan, "x": Path(path), "l": (np.float64("nan"),), "m": {"k": True}}])
    read = jsonl.parsed(line)
    assert line.isascii()
    assert read == json.loads(line) == {"p": path, "n": None, "x": path, "l": [None], "m": {"k": True}}
    assert os.fsencode(read["p"]) == name
    jsonl.append(tmp_path / "a.jsonl", [{"p": path}])
    jsonl.append(tmp_path / "a.jsonl", [{"p": "plain"}])
    assert list(jsonl.read(tmp_path / "a.jsonl")) == [{"p": path}, {"p": "plain"}]


@pytest.mark.parametrize(
    "line", [b'{"p": "\\udce9"', b'{"p": "\\udce9", "n": NaN}\n', b'["\\udce9"]\n', b'{"p": \\udce9}\n']
)
def test_an_escaped_byte_makes_no_wrong_line_right(line):
    assert jsonl.parsed(line) is None


def test_rewrite_reads_the_file_it_replaces(tmp_path):
    path = tmp_path / "x.jsonl"
    jsonl.append(path, ({"a": i} for i in range(5000)))
    jsonl.rewrite(path, ({**r, "b": 1} for r in jsonl.read(path)))
    assert sum(r["a"] for r in jsonl.read(path)) == 5000 * 4999 // 2
    assert [p.name for p in tmp_path.iterdir()] == ["x.jsonl"]


def test_failing_rewrite_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.jsonl"
    jsonl.append(path, [{"a": 1}])

    def broken():
        yield {"a": 2}
        raise KeyError("stop")

    with pytest.raises(KeyError):
        jsonl.rewrite(path, broken())
    assert list(jsonl.read(path)) == [{"a": 1}]
    assert [p.name for p in tmp_path.iterdir()] == ["x.jsonl"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_append_to_a_full_device_is_one_sentence():
    with raises(StorageError, code="disk_full"), jsonl.Appender(Path("/dev/full")) as out:
        out.append([{"a": 1}])


def test_full_disk_leaves_no_torn_line(small_disk):
    path = small_disk / "x.jsonl"
    jsonl.append(path, [{"a": 1}])
    with jsonl.Appender(path) as out, pytest.raises(StorageError, match=r"the disk is full.*free some space"):
        out.append({"a": "x" * 1000} for _ in range(1000))
    assert path.read_bytes() == b'{"a":1}\n'
    with raises(StorageError, code="disk_full"):
        jsonl.rewrite(path, ({"a": "x" * 1000} for _ in range(1000)))
    assert [p.name for p in small_disk.iterdir()] == ["x.jsonl"]
    assert list(jsonl.read(path)) == [{"a": 1}]


def test_read_only_folder_is_one_sentence(read_only_folder):
    with pytest.raises(StorageError, match=r"could not be written .*choose another output folder"):
        jsonl.append(read_only_folder / "x.jsonl", [{"a": 1}])
    with raises(StorageError, code="cannot_write"):
        files.write_text(read_only_folder / "y", "y")


def test_killed_writer_leaves_a_readable_file(tmp_path, python):
    path = tmp_path / "x.jsonl"
    code = (
        "import sys; from pathlib import Path; from core.store import jsonl\n"
        "with jsonl.Appender(Path(sys.argv[1])) as out:\n"
        "    for i in range(10**9):\n"
        "        out.append([{'a': i, 'pad': 'x' * 500}]); i == 200 and print('go', flush=True)\n"
    )
    with subprocess.Popen([*python, "-c", code, str(path)], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        child.kill()
    numbers = [r["a"] for r in jsonl.read(path)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 200
