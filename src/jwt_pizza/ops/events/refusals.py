"""Who was not believed goes into the log, but a flood of them cannot fill it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit.logs import Log
from jwt_pizza.ops.events.model import Event, Events, Refused

_WINDOW: Final = timedelta(minutes=1)
_LONGEST: Final = 300


class Refusals:
    def __init__(self, events: Events, clock: Clock, log: Log, *, each: int = 3, most: int = 30) -> None:
        """In a minute `each` address gets so many events of a kind, and all together get `most`. What was left out is
        counted, and told with the next one."""
        self._events = events
        self._clock = clock
        self._log = log
        self._each = each
        self._most = most
        self._until: datetime | None = None
        self._counts: Counter[tuple[str, str]] = Counter()
        self._written = 0
        self._left_out = 0

    async def note(self, what: str, why: str, address: str) -> None:
        """Never raises because the log is away: the refusal itself is what counts."""
        now = self._clock.now()
        if self._until is None or now >= self._until:
            self._until, self._written = now + _WINDOW, 0
            self._counts.clear()
        if self._written >= self._most or self._counts[what, address] >= self._each:
            self._left_out += 1
            return
        self._written += 1
        self._counts[what, address] += 1
        if self._left_out:
            why, self._left_out = f"{why[:_LONGEST]} ({self._left_out} more were not written down)", 0
        fact = Refused(what=what, why=why[: _LONGEST + 60].replace("\0", ""), address=address)
        try:
            await self._events.record([Event(at=now, fact=fact)])
        except Refusal as refusal:
            self._log.warning("a refusal was not recorded", what=what, reason=refusal.message)
