"""Where a face looks and how far its eyes are open, from points on it. Angles are in degrees, of the picture as seen.

``yaw``: positive = towards the right edge of the picture; ``pitch``: positive = up; ``roll``: positive = the head leans
clockwise. All are 0 for a face that looks into the camera. Not here: finding the points (``models.face_landmarks``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOSE_REACH = 0.95
"""How far the tip of the nose stands before the plane of eyes and mouth, in halves of the distance of the eyes: that of
the mean face of 68 points in 3D that insightface aligns ``1k3d68`` to (``meanshape_68``)."""
PLANE_TILT = np.deg2rad(6.45)
"""In that mean face, which looks straight ahead, the plane of eyes and mouth faces up by this angle: the mouth stands
out before the eyes."""
EYES_68 = (range(36, 42), range(42, 48))
MOUTH_68 = (48, 54)
"""Of the 68 points of iBUG 300-W (Sagonas et al., 2013): the rim of each eye, both ends of the mouth."""
EYES_106 = (range(33, 43), range(87, 97))
"""Of the 106 points of insightface's ``2d106det``: the rim of each eye and its pupil."""
CLOSED, OPEN = 0.1, 0.3
"""Height of an eye in parts of its width, closed and open: 0.2, where a blink is told (Soukupova and Cech, "Real-time
eye blink detection using facial landmarks", CVWW 2016), lies in the middle."""
SEEN_FROM_THE_SIDE = 30.0
"""From this yaw on, the eye that is farther away is too narrow to be judged."""
MOST_FORESHORTENED = 0.5


def pose_of_five(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns (N, 3) float64: yaw, pitch (NaN: five points do not tell it) and roll.

    The nose stands ``NOSE_REACH`` before the face, so that it moves to the side by the tangent of yaw.

    Args:
        points: (N, 5, 2) float32 xy, as in ``Faces.points``.
    """
    p = points.astype(np.float64)
    eyes = p[:, 1] - p[:, 0]
    distance = np.maximum(np.linalg.norm(eyes, axis=1), 1e-6)
    middle = (p[:, 0] + p[:, 1] + p[:, 3] + p[:, 4]) / 4
    across = np.sum((p[:, 2] - middle) * eyes, axis=1) / distance
    yaw = np.arctan(across / (distance / 2) / NOSE_REACH)
    roll = np.arctan2(eyes[:, 1], eyes[:, 0])
    return np.asarray(np.rad2deg(np.stack([yaw, np.full(len(p), np.nan), roll], axis=1)), np.float64)


def pose_of_solid(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns (N, 3) float64: yaw, pitch and roll; NaN for a face without points.

    Args:
        points: (N, 68, 3) float32: x and y in pixels, z in pixels towards the camera.
    """
    p = points.astype(np.float64)
    left, right = (p[:, list(eye)].mean(axis=1) for eye in EYES_68)
    across = _unit(right - left)
    down = p[:, list(MOUTH_68)].mean(axis=1) - (left + right) / 2
    down = _unit(down - np.sum(down * across, axis=1, keepdims=True) * across)
    ahead = np.cross(across, down) * np.cos(PLANE_TILT) + down * np.sin(PLANE_TILT)
    roll = np.arctan2(across[:, 1], across[:, 0])
    x = ahead[:, 0] * np.cos(roll) + ahead[:, 1] * np.sin(roll)
    y = ahead[:, 1] * np.cos(roll) - ahead[:, 0] * np.sin(roll)
    angles = np.stack([np.arctan2(x, ahead[:, 2]), -np.arcsin(np.clip(y, -1, 1)), roll], axis=1)
    return np.asarray(np.rad2deg(angles), np.float64)


def eyes_open(points: NDArray[np.float32], yaw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns (N,) float64, 0-100: how far the eye that is less open is open; NaN for a face without points.

    An eye's height is measured across the line through its corners; its width is that of the eye seen from the front.

    Args:
        points: (N, 106, 2) or (N, 68, 3) float32 xy, pixels.
        yaw: (N,) degrees.
    """
    p = points[..., :2].astype(np.float64)
    rims = EYES_106 if p.shape[1] == 106 else EYES_68
    found = [_height_and_width(p[:, list(rim)]) for rim in rims]
    heights, widths = (np.stack(part, axis=1) for part in zip(*found, strict=True))
    foreshortened = np.maximum(np.cos(np.deg2rad(yaw)), MOST_FORESHORTENED)
    opening = heights / np.maximum(widths, 1e-6) * foreshortened[:, None]
    turned = np.abs(yaw) >= SEEN_FROM_THE_SIDE
    nearer = np.take_along_axis(opening, np.argmax(widths, axis=1)[:, None], axis=1)[:, 0]
    seen = np.where(turned, nearer, opening.min(axis=1))
    return np.asarray(100.0 * np.clip((seen - CLOSED) / (OPEN - CLOSED), 0.0, 1.0), np.float64)


def _height_and_width(rim: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) each: of the (N, P, 2) points of an eye, whose corners are the two points that are farthest apart."""
    n = np.arange(len(rim))
    apart = np.linalg.norm(rim[:, :, None] - rim[:, None], axis=3)
    farthest = np.argmax(np.nan_to_num(apart).reshape(len(rim), rim.shape[1] ** 2), axis=1)
    first, second = rim[n, farthest // rim.shape[1]], rim[n, farthest % rim.shape[1]]
    width = np.linalg.norm(second - first, axis=1)
    axis = (second - first) / np.maximum(width, 1e-6)[:, None]
    off = rim - first[:, None]
    across = off[:, :, 0] * -axis[:, None, 1] + off[:, :, 1] * axis[:, None, 0]
    return np.ptp(across, axis=1), width


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float64)
