"""Clusters face vectors into people: agglomerative clustering, average linkage. The only module with scikit-learn.

Average linkage on cosine distance joins two groups while their faces are on average nearer than the threshold; on real
clips it kept people apart where DBSCAN and HDBSCAN joined or split them. Its cost grows with the square of the number
of faces, so of many faces an even sample is clustered; the others join the group to which they are nearest on average,
and what is left over is clustered in the same way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE = 3000
"""Faces that are clustered at once: 36 MB of distances."""


def group_faces(vectors: NDArray[np.float32], distance: float) -> NDArray[np.int64]:
    """Returns (N,) int64: the group of each face, 0 = the largest; -1 = single, like no other face.

    Args:
        vectors: (N, D) float32 unit vectors.
        distance: mean cosine distance up to which two groups are one.
    """
    groups: list[NDArray[np.int64]] = []
    left = np.arange(len(vectors))
    while len(left):
        sample = left[np.linspace(0, len(left) - 1, min(SAMPLE, len(left))).astype(np.int64)]
        labels = _linked(np.asarray(vectors[sample]), distance)
        means = np.stack([np.asarray(vectors[sample[labels == g]]).mean(axis=0) for g in range(labels.max() + 1)])
        others = np.setdiff1d(left, sample, assume_unique=True)
        nearest, mean_distance = _nearest(vectors, others, means)
        joins = mean_distance <= distance
        groups += [np.union1d(sample[labels == g], others[joins & (nearest == g)]) for g in range(len(means))]
        left = others[~joins]
    return _numbered(groups, len(vectors))


def _linked(vectors: NDArray[np.float32], distance: float) -> NDArray[np.int64]:
    from sklearn.cluster import AgglomerativeClustering

    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    apart = np.clip(1.0 - vectors @ vectors.T, 0.0, 2.0)
    np.fill_diagonal(apart, 0.0)
    linkage = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=distance
    )
    return np.asarray(linkage.fit_predict(apart), np.int64)


def _nearest(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], means: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The group to which each row is nearest on average, and how near: 1 - v . mean is the mean of all distances."""
    which, near = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.float32)
    for start in range(0, len(rows), SAMPLE):
        part = slice(start, start + SAMPLE)
        apart = 1.0 - np.asarray(vectors[rows[part]]) @ means.T
        which[part] = apart.argmin(axis=1)
        near[part] = apart.min(axis=1)
    return which, near


def _numbered(groups: list[NDArray[np.int64]], faces: int) -> NDArray[np.int64]:
    label = np.full(faces, -1, np.int64)
    several = sorted((g for g in groups if len(g) > 1), key=lambda g: (-len(g), int(g[0])))
    for number, group in enumerate(several):
        label[group] = number
    return label
