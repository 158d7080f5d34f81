"""Photos and models that the page may use: those of allowed folders, and the packs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import FramesieveError
from core.ui.face_places import check_faces


def test_only_allowed_folders_are_read(tmp_path: Path) -> None:
    def inside(path: Path) -> bool:
        return path.resolve().is_relative_to(tmp_path)

    check_faces("buffalo_l", (), inside)
    check_faces(str(tmp_path / "own"), (f"{tmp_path}/a.jpg#2", "person:3", "face:1"), inside)
    for model, reference in (
        ("/etc", ""),
        ("..", ""),
        (f"{tmp_path}/../elsewhere", ""),
        ("a\0b", ""),
        ("buffalo_l", "/etc/passwd"),
        ("buffalo_l", f"{tmp_path}/../a.jpg#1"),
        ("buffalo_l", "a\0b"),
    ):
        with pytest.raises(FramesieveError, match="allowed folder"):
            check_faces(model, (reference,) if reference else (), inside)
