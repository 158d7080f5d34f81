"""Groups of tracklets that grow by being joined: who overlaps whom in time, and who must stay apart."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
from numpy.typing import NDArray

from core.pipeline.persons.constraints import Constraints
from core.store.persons import Tracklets


class Clusters:
    """Union-find over T tracklets; a cluster is named by one of its members."""

    def __init__(self, tracklets: Tracklets, constraints: Constraints, vectors: NDArray[np.float32] | None) -> None:
        count = len(tracklets)
        self._parent = list(range(count))
        self._spans = [[span] for span in zip(tracklets.first.tolist(), tracklets.last.tolist(), strict=True)]
        self._apart: dict[int, set[int]] = {}
        self._vectors, self._weights = None, np.diff(tracklets.indptr).astype(np.float64)
        if vectors is not None:
            self._weights = np.where(vectors.any(axis=1), self._weights, 0.0)
            self._vectors = vectors.astype(np.float32).copy()
        for number, places in _groups(constraints.together).items():
            del number
            for place in places[1:]:
                self.join(int(places[0]), int(place))
        for first, second in constraints.apart:
            for a in {self.root(int(place)) for place in first}:
                for b in {self.root(int(place)) for place in second}:
                    if a != b:
                        self._apart.setdefault(a, set()).add(b)
                        self._apart.setdefault(b, set()).add(a)

    def root(self, place: int) -> int:
        """Returns the name of the cluster of a tracklet."""
        while self._parent[place] != place:
            self._parent[place] = self._parent[self._parent[place]]
            place = self._parent[place]
        return place

    def must_stay_apart(self, a: int, b: int) -> bool:
        """Whether somebody said that two clusters are two people."""
        return b in self._apart.get(a, ())

    def overlap(self, a: int, b: int) -> bool:
        """Whether tracklets of two clusters are there at the same time."""
        few, many = sorted((self._spans[a], self._spans[b]), key=len)
        for start, end in few:
            at = bisect_left(many, (start, -1))
            if (at < len(many) and many[at][0] <= end) or (at and many[at - 1][1] >= start):
                return True
        return False

    def similarity(self, a: int, b: int) -> float:
        """Returns the mean likeness of the members of two clusters, weighed by their boxes; NaN = not known."""
        if self._vectors is None or not self._weights[a] or not self._weights[b]:
            return float("nan")
        return float(self._vectors[a] @ self._vectors[b])

    def join(self, a: int, b: int) -> None:
        """Makes one of two clusters."""
        a, b = sorted((self.root(a), self.root(b)), key=lambda c: -len(self._spans[c]))
        if a == b:
            return
        self._parent[b] = a
        for span in self._spans[b]:
            insort(self._spans[a], span)
        self._spans[b] = []
        if self._vectors is not None:
            wa, wb = self._weights[a], self._weights[b]
            self._vectors[a] = (wa * self._vectors[a] + wb * self._vectors[b]) / max(wa + wb, 1e-9)
        self._weights[a] += self._weights[b]
        for other in self._apart.pop(b, set()):
            self._apart[other].discard(b)
            if other != a:
                self._apart[other].add(a)
                self._apart.setdefault(a, set()).add(other)

    def labels(self) -> NDArray[np.int64]:
        """Returns (T,) int64: the number of the cluster of each tracklet, 0 for that of the first one, and so on."""
        roots = np.array([self.root(place) for place in range(len(self._parent))], np.int64)
        _, first, inverse = np.unique(roots, return_index=True, return_inverse=True)
        place = np.empty(len(first), np.int64)
        place[np.argsort(first, kind="stable")] = np.arange(len(first))
        return place[inverse] if len(first) else roots


def _groups(together: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """Number -> places of the tracklets that have it, where they are several."""
    order = np.argsort(together, kind="stable")
    cuts = np.flatnonzero(np.diff(together[order])) + 1
    return {int(together[part[0]]): part for part in np.split(order, cuts) if len(part) > 1}
