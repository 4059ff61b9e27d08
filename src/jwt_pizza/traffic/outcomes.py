"""What became of the calls."""

from collections import Counter

import msgspec

_REMEMBERED = 200_000
"""Times of one kind of call; of a longer run the latest count."""


class Outcome(msgspec.Struct):
    """`times` are in milliseconds, from when the call was due."""

    placed: int = 0
    fulfilled: int = 0
    failed: int = 0
    refused: int = 0
    times: list[float] = msgspec.field(default_factory=list)
    messages: Counter[str] = msgspec.field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        if not self.times:
            return 0.0
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def figures(self) -> dict[str, float | dict[str, int]]:
        return {
            "placed": self.placed,
            "fulfilled": self.fulfilled,
            "failed": self.failed,
            "refused": self.refused,
            "p50_ms": round(self.percentile(0.5), 2),
            "p99_ms": round(self.percentile(0.99), 2),
            "max_ms": round(max(self.times, default=0.0), 2),
            "messages": dict(self.messages),
        }


class Outcomes:
    """By kind of call. An expected refusal (a bad password, an oversized order) is `refused`, not `failed`."""

    def __init__(self) -> None:
        self.kinds: dict[str, Outcome] = {}

    def note(self, kind: str, status: int, ms: float, message: str, *, expected: int = 200) -> None:
        outcome = self.kinds.setdefault(kind, Outcome())
        outcome.placed += 1
        outcome.times.append(ms)
        if len(outcome.times) > _REMEMBERED:
            del outcome.times[: _REMEMBERED // 2]
        if status != expected:
            outcome.failed += 1
            outcome.messages[f"{status} {message}".strip()] += 1
        elif expected == 200:
            outcome.fulfilled += 1
        else:
            outcome.refused += 1

    def figures(self) -> dict[str, dict[str, float | dict[str, int]]]:
        return {kind: outcome.figures() for kind, outcome in self.kinds.items()}
