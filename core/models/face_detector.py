"""Face detection at one or two scales, by insightface's detector. Not here: alignment and vectors (``faces``).

Detectors learn from whole heads. Where a face fills the picture, hair, chin and ears lie outside and nothing is found;
shrunk, with grey around it, the same face is an ordinary one. So a picture on which the first look (full scale) finds
nothing gets a second look: shrunk to 160 pixels with a border, at a twentieth of the first look's cost. By measurement
(1,079 crops around faces of photos and films, 0.6 to 1.5 times the height of the face, over a confidence of 0.5): the
first look finds 30 % of them, both find 84 %; on 715 frames of six clips the second finds none that is new.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.models import FaceSearch

INPUT_PX = 640
"""Side of the square input of the detector, unless the network itself has another fixed size."""
STEP_PX = 64
"""Input sides of detectors of dynamic size are multiples of this (32 would do): few sizes, since each has a session."""
SECOND_PX, SECOND_STEP_PX = 160, 32
"""Second look: longer side of the input, and what its sides are multiples of."""
SECOND_BORDER, PHOTO_BORDER = 0.5, 1.0
"""Border on each side, as a share of the picture's: of the second look, and of the one that photos get before it."""
GREY = 127
FILLS = 0.5
"""Of the second look, only faces at least so long count, as a share of the picture's shorter side."""


class FaceBoxes(NamedTuple):
    """Detected faces in pixels of the picture, highest confidence first."""

    boxes: NDArray[np.float32]
    """(N, 4) float32 xyxy, inside the picture."""
    points: NDArray[np.float32]
    """(N, 5, 2) float32 xy; those of a face that is cut off may lie outside."""
    confidence: NDArray[np.float32]
    """(N,) float32, 0-1."""
    fills: bool
    """Whether only the second look found them: they fill the picture."""


class View(NamedTuple):
    """The detector's input, and where the picture lies in it."""

    canvas: NDArray[np.uint8]
    """(h, w, 3) uint8 BGR."""
    left: int
    """Where the picture begins in the canvas, pixels."""
    top: int
    scale: NDArray[np.float32]
    """(2,) pixels of the canvas per pixel of the picture, in x and y."""


class FaceDetector:
    """Detects faces; may be used by several threads at once."""

    def __init__(self, whole: Any, small: Any | None) -> None:
        """Takes detectors of insightface.

        Args:
            whole: for the first look.
            small: for the second look, of dynamic input size; ``None`` = ``whole`` does that too.
        """
        self._whole, self._small = whole, small
        self._side = int(whole.input_size[0]), int(whole.input_size[1])
        self._any_size = whole.static_input_size is None

    def find(self, rgb: NDArray[np.uint8], search: FaceSearch) -> FaceBoxes:
        """Returns the faces of an (H, W, 3) uint8 RGB picture; see ``models.FaceSearch``."""
        return self._find(rgb, search, self._whole.det_thresh)

    def suspect(self, rgb: NDArray[np.uint8], confidence: float) -> FaceBoxes:
        """Returns what may be faces of a photo, down to a lower confidence (0-1)."""
        return self._find(rgb, "photo", min(confidence, self._whole.det_thresh))

    def _find(self, rgb: NDArray[np.uint8], search: FaceSearch, least: float) -> FaceBoxes:
        size = rgb.shape[1], rgb.shape[0]
        first = self._first_view(rgb)
        faces = _in_picture(self._detected(self._whole, first, least), first, size, fills=False)
        if len(faces.boxes) or search == "once":
            return faces
        for detector, view in self._second_views(first, size, search):
            faces = _filling(_in_picture(self._detected(detector, view, least), view, size, fills=True), size)
            if len(faces.boxes):
                break
        return faces

    def _first_view(self, rgb: NDArray[np.uint8]) -> View:
        """The picture in the upper left corner of the input.

        A detector of dynamic size gets no rows that would be empty: 44 % of the square for video of 16:9.
        """
        import cv2

        width, height = self._side
        scale = min(width / rgb.shape[1], height / rgb.shape[0])
        small = max(1, int(rgb.shape[1] * scale)), max(1, int(rgb.shape[0] * scale))
        if self._any_size:
            width, height = (-(-side // STEP_PX) * STEP_PX for side in small)
        canvas = np.zeros((height, width, 3), np.uint8)
        cv2.cvtColor(cv2.resize(rgb, small), cv2.COLOR_RGB2BGR, dst=canvas[: small[1], : small[0]])
        return View(canvas, 0, 0, _scale(small, (rgb.shape[1], rgb.shape[0])))

    def _second_views(self, first: View, size: tuple[int, int], search: FaceSearch) -> list[tuple[Any, View]]:
        """The inputs of the second look; a photo gets a larger one first, which places the points better."""
        w, h = (round(float(pixels)) for pixels in np.array(size) * first.scale)
        picture = first.canvas[:h, :w]
        views = []
        if search == "photo" or self._small is None:
            canvas = None if self._any_size else self._side
            views.append((self._whole, _bordered(picture, size, max(self._side), STEP_PX, PHOTO_BORDER, canvas)))
        if self._small is not None:
            views.append((self._small, _bordered(picture, size, SECOND_PX, SECOND_STEP_PX, SECOND_BORDER)))
        return views

    def _detected(self, detector: Any, view: View, least: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, 5) boxes with confidence, (N, 5, 2) points in the canvas: insightface's ``detect`` after its scaling."""
        scores, boxes, points = map(np.vstack, detector.forward(view.canvas, least))
        order = np.argsort(-scores[:, 0], kind="stable")
        scored = np.hstack([boxes, scores])[order].astype(np.float32)
        keep = detector.nms(scored)
        return scored[keep], points[order][keep]


def _scale(shown: tuple[int, int], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.array([shown[0] / size[0], shown[1] / size[1]], np.float32)


def _bordered(
    picture: NDArray[np.uint8],
    size: tuple[int, int],
    longest: int,
    step: int,
    border: float,
    canvas: tuple[int, int] | None = None,
) -> View:
    """A (h, w, 3) BGR picture, itself made of one of ``size``, shrunk into the middle of a grey canvas.

    Args:
        picture: the picture as scaled for the first look.
        size: (W, H) of what it was made of.
        longest: longer side of the canvas.
        step: its sides are multiples of this.
        border: grey on each side, as a share of the picture's.
        canvas: (w, h) of the canvas, where it is given.
    """
    import cv2

    whole = 1 + 2 * border
    if canvas is None:
        gain = longest / max(size)
        canvas = -(-max(1, int(size[0] * gain)) // step) * step, -(-max(1, int(size[1] * gain)) // step) * step
    gain = min(longest / max(size), canvas[0] / size[0], canvas[1] / size[1]) / whole
    w, h = max(1, round(size[0] * gain)), max(1, round(size[1] * gain))
    grey = np.full((canvas[1], canvas[0], 3), GREY, np.uint8)
    left, top = (canvas[0] - w) // 2, (canvas[1] - h) // 2
    grey[top : top + h, left : left + w] = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
    return View(grey, left, top, _scale((w, h), size))


def _in_picture(
    detected: tuple[NDArray[np.float32], NDArray[np.float32]], view: View, size: tuple[int, int], *, fills: bool
) -> FaceBoxes:
    """Maps from pixels of the canvas to those of the picture; drops boxes that lie outside it."""
    scored, points = detected
    offset = np.array([view.left, view.top], np.float32)
    boxes = np.clip((scored[:, :4] - np.tile(offset, 2)) / np.tile(view.scale, 2), 0, [*size, *size]).astype(np.float32)
    points = ((points - offset) / view.scale).astype(np.float32)
    inside = (boxes[:, 2] - boxes[:, 0] >= 1) & (boxes[:, 3] - boxes[:, 1] >= 1)
    return FaceBoxes(boxes[inside], points[inside], scored[inside, 4].astype(np.float32), fills)


def _filling(faces: FaceBoxes, size: tuple[int, int]) -> FaceBoxes:
    large = (faces.boxes[:, 2:] - faces.boxes[:, :2]).max(axis=1, initial=0) >= FILLS * min(size)
    return FaceBoxes(faces.boxes[large], faces.points[large], faces.confidence[large], faces.fills)
