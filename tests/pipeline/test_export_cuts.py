"""Exports whose black bars are cut off, where records know them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import RunError
from core.pipeline.chosen import chosen_by
from core.pipeline.export_folder import write_folder
from core.pipeline.extraction import extract_records
from core.settings.export import ExportSettings
from core.settings.extract import ExtractSettings
from core.settings.filter import FilterSettings
from core.store import jsonl
from core.store.run import RunDir
from core.store.table import load_table
from core.video.images import decode
from tests.videos import build


def with_letterbox(run: Path, found: list[Any]) -> Path:
    """The run with what each record says of its bars."""
    metadata = RunDir(run).metadata
    lines = [line | {"letterbox": one} for line, one in zip(jsonl.read(metadata), found, strict=False)]
    metadata.unlink()
    jsonl.append(metadata, lines)
    return run


@pytest.fixture
def made(tmp_path: Path) -> Any:
    def run(**values: Any) -> Path:
        folder = tmp_path / "run"
        list(extract_records(build("h264-25"), ExtractSettings(method="every_nth", every=30, **values), out=folder))
        return folder

    return run


def exported(run: Path, dest: Path, **values: Any) -> list[dict[str, Any]]:
    list(write_folder(chosen_by(run, FilterSettings()), dest, None, ExportSettings(**values)))
    return list(map(json.loads, (dest / "metadata.jsonl").read_text().splitlines()))


@pytest.mark.parametrize("save", [True, False])
def test_bars_are_cut_off_and_the_rest_is_as_it_was(made: Any, tmp_path: Path, save: bool) -> None:
    run = made(png=True, save_frames=save)
    height, width = decode(Path(exported_first(run, tmp_path / "whole")).read_bytes()).shape[:2]
    inside = [4, 10, width - 8, height - 24]
    boxes = [inside, None, [0, 0, width, height], [0, 0, width + 2, 20]]
    records = exported(with_letterbox(run, boxes), tmp_path / "cut", crop_bars=True)
    assert [record.get("cropped") for record in records] == [inside, None, None, None]
    for record in records:
        cut, whole = (decode((tmp_path / at / record["filename"]).read_bytes()) for at in ("cut", "whole"))
        x, y, w, h = record.get("cropped") or (0, 0, width, height)
        assert np.array_equal(cut, whole[y : y + h, x : x + w])
    assert "cropped" not in exported(run, tmp_path / "uncut")[0]


def exported_first(run: Path, dest: Path) -> Path:
    return dest / str(exported(run, dest)[0]["filename"])


def test_jpeg_stays_jpeg(made: Any, tmp_path: Path) -> None:
    run = with_letterbox(made(), [[0, 8, 64, 40]] * 4)
    records = exported(run, tmp_path / "cut", crop_bars=True)
    assert {decode((tmp_path / "cut" / record["filename"]).read_bytes()).shape for record in records} == {(40, 64, 3)}
    assert {Path(record["filename"]).suffix for record in records} == {".jpg"}


def test_the_table_knows_which_frames_have_bars(made: Any) -> None:
    run = made(save_frames=False)
    assert load_table(run).letterbox.shape == (0, 4)
    with_letterbox(run, [[1, 2, 3, 4], None, None, [0, 2, 9, 9]])
    assert load_table(run).letterbox.tolist() == [[1, 2, 3, 4], [0] * 4, [0] * 4, [0, 2, 9, 9]]


@pytest.mark.parametrize("wrong", [[1, 2, 3], "all", [1, 2, 3, -4], {"x": 1}])
def test_a_letterbox_that_is_none_makes_the_run_a_damaged_one(made: Any, wrong: Any) -> None:
    run = with_letterbox(made(save_frames=False), [wrong] * 4)
    with pytest.raises(RunError, match="letterbox"):
        load_table(run)
