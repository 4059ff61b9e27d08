"""Looks every minute whether each escalation goes on, and tells somebody outside that it does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.ops.alerts.model import Incoming, Intake
from jwt_pizza.ops.channels.model import NotHanded
from jwt_pizza.ops.paging.model import Ledger

LATE: Final = timedelta(seconds=15)
"""A step that is that late was forgotten: engines look every second."""
_STUCK: Final = 90.0
"""Seconds that a notification may wait to be sent, storms aside."""


class Outside(Protocol):
    async def ping(self) -> None:
        """Raises NotHanded."""
        ...


class Auditor:
    def __init__(
        self,
        ledger: Ledger,
        intake: Intake,
        outside: Outside | None,
        clock: Clock,
        *,
        saw: Callable[[int, float], None] = lambda _delayed, _oldest: None,
    ) -> None:
        """`saw` is told how many escalations were delayed, and for how many seconds the oldest notification waits."""
        self._ledger = ledger
        self._intake = intake
        self._outside = outside
        self._clock = clock
        self._saw = saw
        self._alarmed = False

    async def step(self) -> bool:
        """Whether all is well. What is delayed goes on, and is an alert of its own."""
        now = self._clock.now()
        delays = await self._ledger.mend(now, now - LATE)
        oldest = await self._ledger.oldest(now)
        waits = (now - oldest).total_seconds() if oldest is not None else 0.0
        self._saw(len(delays), waits)
        well = not delays and waits < _STUCK
        if not well or self._alarmed:
            await self._intake.take((self._alert(len(delays), waits, well=well),))
            self._alarmed = not well
        if well and self._outside is not None:
            try:
                await self._outside.ping()
            except NotHanded:
                # Silence is what it listens for.
                return well
        return well

    def _alert(self, delays: int, waits: float, *, well: bool) -> Incoming:
        now = self._clock.now()
        summary = f"{delays} escalations did not go on, the oldest message waits for {waits:.0f} s"
        return Incoming(
            source="pager",
            labels={"alertname": "PagerDelayed", "severity": "critical"},
            annotations={"summary": summary},
            starts_at=None if well else now,
            ends_at=now if well else None,
        )
