"""Durations counted where every microsecond matters: in plain integers, which go into the metrics now and then."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds, each included; what is longer goes into one more bucket."""


class Durations:
    __slots__ = ("_counts", "_total")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._total += seconds

    def take(self) -> tuple[Sequence[int], float]:
        """The count of each bucket and the sum since the last time."""
        taken = self._counts, self._total
        self._counts, self._total = [0] * (len(BOUNDS) + 1), 0.0
        return taken


class Buckets:
    """As Durations, and what was counted is kept: since the start for snapshots, since the last time for metrics."""

    __slots__ = ("_taken", "_taken_total", "_total", "counts")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0
        self._taken = [0] * (len(BOUNDS) + 1)
        self._taken_total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self._total += seconds

    def take(self) -> tuple[Sequence[int], float]:
        """The count of each bucket and the sum since the last time."""
        fresh = [now - before for now, before in zip(self.counts, self._taken, strict=True)]
        total = self._total - self._taken_total
        self._taken, self._taken_total = list(self.counts), self._total
        return fresh, total
