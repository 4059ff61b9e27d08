"""What happened in this process and is to be told to ops: kept, within bounds, until ops says that it has it."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.vitals import MOST_HAPPENINGS, Happening, What

_KEPT: Final = 2000
_LONGEST: Final = 1000
_MOST_ABOUT: Final = 20


class Happenings:
    def __init__(self, process: str, clock: Clock) -> None:
        """`process` is of this process alone: it makes the keys unique."""
        self._process = process
        self._clock = clock
        self._told = 0
        self._waiting: deque[Happening] = deque()
        self.dropped = 0

    def note(self, what: What, **about: object) -> None:
        """Never fails: the oldest go when too many wait."""
        self._told += 1
        short = {name: str(value)[:_LONGEST] for name, value in islice(about.items(), _MOST_ABOUT)}
        self._waiting.append(
            Happening(key=f"{self._process}:{self._told}", at=self._clock.now(), what=what, about=short)
        )
        if len(self._waiting) > _KEPT:
            self._waiting.popleft()
            self.dropped += 1

    def waiting(self) -> tuple[Happening, ...]:
        """The oldest, as many as one snapshot holds."""
        return tuple(islice(self._waiting, MOST_HAPPENINGS))

    def stored(self, happenings: Sequence[Happening]) -> None:
        """They need not be told again."""
        keys = {happening.key for happening in happenings}
        while self._waiting and self._waiting[0].key in keys:
            self._waiting.popleft()
