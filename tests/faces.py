"""What tests of faces share: a pack made of the test models, and the photo of six people that insightface brings."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

MODELS = ("scrfd_500m_bnkps.onnx", "mobilefacenet.onnx")


def make_pack(assets: Path, folder: Path, names: tuple[str, ...] = MODELS) -> Path:
    """A folder of ONNX files, as people bring their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(assets / "models" / name, folder / name)
    return folder


def six_people() -> Path:
    """insightface's t1.jpg."""
    found = importlib.util.find_spec("insightface")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "data" / "images" / "t1.jpg"
