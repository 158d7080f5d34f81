"""Says which setting helps where a GPU has too little memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import ModelError


@contextmanager
def gpu_memory(model: str, imgsz: int) -> Iterator[None]:
    """Runs a network.

    Raises:
        ModelError: the GPU has too little memory.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    try:
        yield
    except torch.OutOfMemoryError:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise ModelError(
            f"the GPU has too little memory for {model} at a picture size of {imgsz} px; choose a smaller picture size "
            "or a smaller model, or end what else uses the GPU. What was finished stays.",
            code="gpu_memory",
            field="imgsz",
            imgsz=imgsz,
        ) from None
