"""When did the harm begin, when did it stop, how bad was it: told by orders alone, minute by minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.model import Event, Happening
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.incidents.lookout import IncidentLookout
from jwt_pizza.ops.incidents.model import Impact, Incident
from jwt_pizza.ops.incidents.remote import Actor
from jwt_pizza.ops.incidents.store import PostgresIncidents
from jwt_pizza.ops.incidents.watching import PostgresWatching
from tests.clocks import HandClock
from tests.ops.alerts.watch import BY, Watch, watch


class BookShop:
    """A shop that has nothing but its orders: when each was placed, and whether it failed."""

    def __init__(self) -> None:
        self.orders: list[tuple[datetime, bool]] = []
        self.away = False

    async def impact(self, actor: Actor, since: datetime, until: datetime) -> Impact:
        if self.away:
            raise Unavailable("the shop does not answer")
        tried = [order for order in self.orders if since <= order[0] < until]
        failed = [at for at, bad in tried if bad]
        return Impact(
            since=since,
            until=until,
            diners_tried=len(tried),
            orders_tried=len(tried),
            diners_affected=len(failed),
            orders_failed=len(failed),
            pizzas_not_delivered=2 * len(failed),
            orders_charged=len(failed),
            satoshis_charged=800_000 * len(failed),
            orders_compensated=0,
            diners_served_later=0,
            first_failed_at=min(failed, default=None),
            last_failed_at=max(failed, default=None),
            stores=(),
        )


class Day:
    def __init__(self, postgres: Postgres, watched: Watch) -> None:
        self.watch = watched
        self.clock: HandClock = watched.clock
        self.began = self.clock.now()
        self.shop: Any = BookShop()
        self.incidents = PostgresIncidents(postgres)
        self.events = PostgresEvents(postgres)
        self.troubles: list[str] = []
        self.lookout = IncidentLookout(
            self.incidents,
            PostgresWatching(postgres),
            self.shop,
            self.clock,
            severities=("critical",),
            act=self._nothing,
            trouble=lambda _, reason: self.troubles.append(reason),
        )

    async def _nothing(self, incident: Incident, rules: object) -> None: ...

    def minute(self, number: float) -> datetime:
        return self.began + timedelta(minutes=number)

    async def at(self, number: float) -> Incident:
        """Looks at the first incident then."""
        self.clock.pass_((self.minute(number) - self.clock.now()).total_seconds())
        await self.lookout.step()
        return await self.incident()

    async def incident(self) -> Incident:
        found = await self.incidents.get(1)
        assert found is not None
        return found

    async def told(self, kind: str) -> Sequence[tuple[float, Any]]:
        return [
            ((event.at - self.began).total_seconds() / 60, event.fact)
            for event in await self.incidents.timeline(1)
            if event.fact.__struct_config__.tag == kind
        ]


@pytest.fixture
async def day(postgres: Postgres) -> Day:
    return Day(postgres, watch(postgres))


async def test_incident_as_it_was(day: Day) -> None:
    """12 orders fail in the minutes 0 to 10, the alert comes in minute 3, somebody follows the link in minute 11."""
    day.shop.orders = [(day.minute(10 * number / 11), True) for number in range(12)]
    day.shop.orders += [(day.minute(-20), True), (day.minute(-10), False), (day.minute(11.3), False)]
    day.clock.pass_(180)
    await day.watch.fire("OrdersFail", severity="critical")
    incident = await day.at(3.1)
    assert (incident.state, incident.severity) == ("triggered", "critical")
    assert incident.started_at == day.minute(0), "the first failing order; the one before it was another matter"
    for number in (4, 4.5, 5, 6, 7, 7.5, 8, 9, 10.5):
        incident = await day.at(number)
    figures = [at for at, _ in await day.told("impact.measured")]
    assert all(later - at >= 1 for at, later in pairwise(figures)), "while it lasts, once a minute"
    assert len(figures) > 4
    assert incident.state == "triggered"
    followed = Happening(what="report.followed", source="shop", about={})
    await day.events.record([Event(at=day.minute(11), fact=followed)])
    assert (await day.at(11.5)).state == "triggered", "it could be chance that nothing failed for half a minute"
    incident = await day.at(12.1)
    assert (incident.state, incident.mitigated_at) == ("mitigated", day.minute(11))
    assert incident.impact is not None
    assert (incident.impact.orders_failed, incident.impact.pizzas_not_delivered) == (12, 24)
    [(told, fact)] = await day.told("incident.mitigated")
    assert (told, fact.because) == (11, "the factory was told by its report link")
    group = await day.watch.group()
    day.clock.pass_((day.minute(13) - day.clock.now()).total_seconds())
    await day.watch.desk.acknowledge(group.id, by=BY, via="sms")
    await day.watch.desk.resolve(group.id, by=BY, via="sms")
    incident = await day.at(13.1)
    assert (incident.state, incident.acknowledged_at, incident.resolved_at) == (
        "resolved",
        day.minute(13),
        day.minute(13),
    )
    assert incident.roles == {"commander": 1}
    assert [fact.orders for _, fact in await day.told("impact.measured")][-1] == 12
    day.shop.orders.append((day.minute(9), True))
    incident = await day.at(15)
    assert incident.impact is not None
    assert incident.impact.orders_failed == 13
    [late] = [fact for _, fact in await day.told("impact.measured") if fact.late]
    assert late.orders == 13
    assert (await day.at(60 * 25)).measured_at == (await day.at(60 * 26)).measured_at, "no facts are that late"


async def test_order_that_fails_after_the_harm_had_stopped_says_that_it_had_not(day: Day) -> None:
    ended = Happening(what="chaos.stopped", source="factory", about={})
    day.shop.orders = [(day.minute(0), True)]
    await day.watch.fire("OrdersFail", severity="critical")
    await day.events.record([Event(at=day.minute(1), fact=ended)])
    assert (await day.at(2.5)).mitigated_at == day.minute(1)
    day.shop.orders.append((day.minute(3), True))
    incident = await day.at(3.2)
    assert (incident.state, incident.mitigated_at) == ("triggered", None)
    assert [at for at, _ in await day.told("incident.harm-resumed")] == [3]
    await day.events.record([Event(at=day.minute(4), fact=ended)])
    incident = await day.at(5.1)
    assert (incident.state, incident.mitigated_at) == ("mitigated", day.minute(4))
    assert incident.impact is not None
    assert incident.impact.orders_failed == 2, "nobody who was hurt is left out"


async def test_nobody_was_hurt_and_what_fires_resolves_by_itself(day: Day) -> None:
    """As built: the in-house oven stands in. It is minor, and people, not alerts, resolve it."""
    day.shop.orders = [(day.minute(number), False) for number in range(10)]
    await day.watch.fire("OrdersFail", severity="critical")
    assert (await day.at(1)).severity == "critical", "while it lasts, a first figure does not make it less"
    await day.watch.end("OrdersFail", severity="critical")
    incident = await day.at(3.5)
    assert (incident.state, incident.severity) == ("mitigated", "critical")
    incident = await day.at(5)
    assert (incident.state, incident.severity) == ("mitigated", "minor")
    await day.watch.fire("Another", severity="critical")
    assert len((await day.at(6)).groups) == 2, "it was mitigated a moment ago"
    await day.watch.fire("Later", severity="critical")
    day.clock.pass_(3600)
    await day.watch.fire("Much later", severity="critical")
    await day.at(70)
    assert len(await day.incidents.list(state=None, before=None, take=9)) == 2


async def test_shop_that_is_away_keeps_nothing_from_being_declared(day: Day) -> None:
    day.shop.away = True
    await day.watch.fire("OrdersFail", severity="critical")
    incident = await day.at(1)
    assert (incident.state, incident.impact, incident.started_at) == ("triggered", None, day.began)
    assert day.troubles == ["the shop does not answer"]
    day.shop.away = False
    day.shop.orders = [(day.minute(0.5), True)]
    incident = await day.at(3)
    assert incident.impact is not None
    assert incident.impact.orders_failed == 1
    unlinked = await day.incidents.unlink_group(1, incident.groups[0], by=BY, at=day.clock.now())
    assert (await day.at(4)).groups == unlinked.groups == (), "what somebody took out stays out"
