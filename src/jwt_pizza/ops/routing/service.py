"""Set up where alerts go, and keep some of them quiet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kernel import text
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.routing.matching import Fit, Matcher
from jwt_pizza.ops.routing.model import (
    Inhibition,
    InhibitionPlan,
    Route,
    RoutePlan,
    RoutingStore,
    Silence,
    SilencePlan,
)

_LONGEST: Final = timedelta(days=90)
_MOST_LISTED: Final = 1000


class RoutingDesk:
    def __init__(self, store: RoutingStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def routes(self) -> Sequence[Route]:
        """In the order in which they are tried."""
        return await self._store.routes()

    async def add_route(self, plan: RoutePlan, *, by: str) -> Route:
        """The last before the default one."""
        if not plan.matchers:
            raise Invalid("matchers: at least one is required, for only the default route takes every alert")
        return await self._store.add_route(_checked(plan), by=by, at=self._clock.now())

    async def change_route(self, route_id: int, plan: RoutePlan, *, by: str) -> Route:
        return await self._store.change_route(route_id, _checked(plan), by=by, at=self._clock.now())

    async def order_routes(self, route_ids: Sequence[int], *, by: str) -> Sequence[Route]:
        return await self._store.order_routes(route_ids, by=by, at=self._clock.now())

    async def remove_route(self, route_id: int, *, by: str) -> None:
        await self._store.remove_route(route_id, by=by, at=self._clock.now())

    async def silences(self, *, ended: bool = False) -> Sequence[Silence]:
        return await self._store.silences(ended=ended, at=self._clock.now(), most=_MOST_LISTED)

    async def silence(self, plan: SilencePlan, *, by: str) -> Silence:
        now = self._clock.now()
        starts_at = max(plan.starts_at or now, now)
        ends_at = _end(plan, starts_at)
        if ends_at <= starts_at:
            raise Invalid("endsAt must be after startsAt, and in the future")
        if ends_at - starts_at > _LONGEST or starts_at - now > 4 * _LONGEST:
            raise Invalid(f"a silence lasts at most {_LONGEST.days} days, and begins within a year")
        _known(plan.matchers)
        if Fit(plan.matchers)({}):
            # Alertmanager refuses them too: somebody forgot what to silence.
            raise Invalid("matchers: at least one must ask for a label that is not empty")
        return await self._store.add_silence(plan, starts_at, ends_at, by=by, at=now)

    async def end_silence(self, silence_id: int, *, by: str) -> Silence:
        return await self._store.end_silence(silence_id, by=by, at=self._clock.now())

    async def inhibitions(self) -> Sequence[Inhibition]:
        return await self._store.inhibitions()

    async def inhibit(self, plan: InhibitionPlan, *, by: str) -> Inhibition:
        _known(plan.source)
        _known(plan.target)
        return await self._store.add_inhibition(plan, by=by, at=self._clock.now())

    async def remove_inhibition(self, inhibition_id: int, *, by: str) -> None:
        await self._store.remove_inhibition(inhibition_id, by=by, at=self._clock.now())


def _checked(plan: RoutePlan) -> RoutePlan:
    _known(plan.matchers)
    if len(set(plan.group_by)) != len(plan.group_by):
        raise Invalid("groupBy: name each label once")
    return msgspec.structs.replace(plan, name=text.line(plan.name, "name", most=100))


def _known(matchers: Sequence[Matcher]) -> None:
    """Raises Invalid for what cannot be stored or is no expression."""
    for matcher in matchers:
        if "\0" in matcher.label or "\0" in matcher.value:
            raise Invalid("matchers must not contain the character NUL")
    Fit(matchers)


def _end(plan: SilencePlan, starts_at: datetime) -> datetime:
    if (plan.ends_at is None) == (plan.seconds is None):
        raise Invalid("say either endsAt or seconds")
    if plan.ends_at is not None:
        return plan.ends_at
    return starts_at + timedelta(seconds=min(plan.seconds or 0.0, 4 * _LONGEST.total_seconds()))
