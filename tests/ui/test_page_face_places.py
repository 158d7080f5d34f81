"""Photos and models that the page may use: those of allowed folders, and the packs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from core.errors import FramesieveError
from core.ui.places import check_face_model, check_face_reference


def test_only_allowed_folders_are_read(tmp_path: Path) -> None:
    def inside(path: Path) -> bool:
        return path.resolve().is_relative_to(tmp_path)

    check_face_model("buffalo_l", inside)
    check_face_model(str(tmp_path / "own"), inside)
    for reference in (f"{tmp_path}/a.jpg#2", "person:3", "face:1"):
        check_face_reference(reference, inside)
    for model, reference in (
        ("/etc", ""),
        ("..", ""),
        (f"{tmp_path}/../elsewhere", ""),
        ("a\0b", ""),
        ("buffalo_l", "/etc/passwd"),
        ("buffalo_l", f"{tmp_path}/../a.jpg#1"),
        ("buffalo_l", "a\0b"),
    ):
        check = partial(check_face_reference, reference) if reference else partial(check_face_model, model)
        with pytest.raises(FramesieveError) as refused:
            check(inside)
        assert refused.value.code == "not_allowed"
