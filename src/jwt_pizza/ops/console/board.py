"""The overview while somebody looks: rendered once a second for all browsers of this process, sent when it changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kernel.money import Satoshis, btc_text
from jwt_pizza.kernel.vitals import Ovens
from jwt_pizza.ops.alerts.model import Group, Wanted
from jwt_pizza.ops.alerts.service import GroupDesk
from jwt_pizza.ops.console.charts import Chart, stacked
from jwt_pizza.ops.incidents.model import Incident
from jwt_pizza.ops.incidents.service import IncidentDesk
from jwt_pizza.ops.telemetry.fleet import View, charged, delivered, failures

_GROUPS: Final = 10
_MINUTE: Final = 60.0
_EVERY: Final = 1.0
_GOLDEN: Final = 0.618
_MOST: Final = 500
"""Looks at a time in one process; others reload their page."""


class Pulse(msgspec.Struct, frozen=True):
    """Whether people are getting pizza: orders of the last minute, and what stands in their way."""

    delivered: int
    failed: int
    charged: int
    """Of the failed ones those that were charged."""
    revenue: str
    ovens: Sequence[str]
    """The policy and breaker of each process of the shop, those that are alike once."""
    used: int
    limit: int
    waiting: int
    orders: Chart
    """Of the last ten minutes."""


class Situation(msgspec.Struct, frozen=True):
    """What is wrong. `incidents` and `groups`, of those who are logged in: the open ones; None for a stranger, and
    when the database is away, which `trouble` tells."""

    pulse: Pulse
    incidents: Sequence[Incident] | None = None
    groups: Sequence[Group] | None = None
    trouble: str = ""


def _told(ovens: Ovens) -> str:
    """`factory, breaker closed`, or `in-house, forced until 13:19 UTC`"""
    if ovens.forced_until is not None:
        return f"in-house, forced until {ovens.forced_until:%H:%M} UTC"
    return f"{ovens.policy}, breaker {ovens.breaker}"


def pulse(view: View) -> Pulse:
    """Pure."""
    gauges = view.gauges()
    ovens = {process.last.vitals.ovens for process in view.live if process.last.vitals.ovens is not None}
    return Pulse(
        delivered=view.count(delivered, _MINUTE),
        failed=view.count(failures, _MINUTE),
        charged=view.count(charged, _MINUTE),
        revenue=btc_text(Satoshis(view.count(lambda counts: counts.revenue, _MINUTE))),
        ovens=sorted({_told(oven) for oven in ovens}),
        used=gauges.used,
        limit=gauges.limit,
        waiting=gauges.waiting,
        orders=stacked(view, "Orders of the last ten minutes", (("good", delivered), ("bad", failures))),
    )


async def situation(view: View, incidents: IncidentDesk, groups: GroupDesk) -> Situation:
    """Never raises Unavailable: what the processes said is known without a database."""
    try:
        return Situation(
            pulse(view),
            await incidents.find(state="open", before=None, take=_GROUPS),
            await groups.find(Wanted(status="open", limit=_GROUPS)),
        )
    except Unavailable as refusal:
        return Situation(pulse(view), trouble=refusal.message)


class Board:
    def __init__(
        self, look: Callable[[], Awaitable[Situation]], draw: Callable[[Situation], str], clock: Clock, longest: float
    ) -> None:
        """`longest` is how many seconds one look lasts, below a request's deadline: browsers come back."""
        self._look = look
        self._draw = draw
        self._clock = clock
        self._longest = longest
        self._one_at_a_time = asyncio.Lock()
        self._looks = 0
        self._drawn_at = float("-inf")
        self._drawn = ""
        self._watching = 0

    async def watch(self, pause: Callable[[Awaitable[None]], Awaitable[None]]) -> AsyncIterator[str]:
        """The rendering, and again when it changed, for a while. `pause` may raise what says that nobody is looking
        any more."""
        if self._watching >= _MOST:
            raise Unavailable("too many people are looking at the overview, please reload the page")
        self._watching += 1
        try:
            # Those who came together must not come back together.
            spread = self._looks * _GOLDEN % 1 / 2
            self._looks += 1
            end, last = self._clock.monotonic() + self._longest * (1 - spread), ""
            while True:
                drawn = await self._current()
                if drawn != last:
                    yield drawn
                last = drawn
                if self._clock.monotonic() >= end:
                    return
                await pause(self._clock.sleep(_EVERY))
        finally:
            self._watching -= 1

    async def _current(self) -> str:
        """Whoever comes first after a second draws it for all: when nobody looks nothing is drawn."""
        async with self._one_at_a_time:
            if self._clock.monotonic() - self._drawn_at >= _EVERY:
                self._drawn = self._draw(await self._look())
                self._drawn_at = self._clock.monotonic()
            return self._drawn
