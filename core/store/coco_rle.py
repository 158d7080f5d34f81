"""COCO's run-length encoding of masks, by COCO's own library: the only place that imports it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Returns the RLE of an (H, W) mask as plain JSON values: ``{"size": [h, w], "counts": "..."}``."""
    from pycocotools import mask as coco

    found = coco.encode(np.asfortranarray(mask.view(np.uint8)))
    return {"size": [int(side) for side in found["size"]], "counts": found["counts"].decode("ascii")}
