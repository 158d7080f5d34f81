"""How numba compiles the kernels of this room. Imported only by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

u8, u16, u32, u64, i16, i32, f32 = np.uint8, np.uint16, np.uint32, np.uint64, np.int16, np.int32, np.float32
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compiles a function when ``ahead`` asks for it; nothing here allocates or raises, so that it needs no numba."""
    relaxed = {"reassoc", "contract", "nsz"}  # lets sums be vectorised; NaN and infinity keep their meaning
    compile_it = numba.njit(nogil=True, boundscheck=False, error_model="numpy", fastmath=relaxed)
    return cast(Kernel, compile_it(kernel))
