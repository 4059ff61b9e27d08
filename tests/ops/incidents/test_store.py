"""Incidents in storage: their states, what each change tells the timeline, merging, and what belongs to it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.model import Event, Happening
from jwt_pizza.ops.events.of_incidents import Noted
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.incidents.model import Declaration, Incident
from jwt_pizza.ops.incidents.store import PostgresIncidents

AT = datetime(2025, 4, 8, 15, 28, tzinfo=UTC)
BY = "system"


def minute(number: int) -> datetime:
    return AT + timedelta(minutes=number)


@pytest.fixture
async def incidents(postgres: Postgres) -> PostgresIncidents:
    return PostgresIncidents(postgres)


async def declared(incidents: PostgresIncidents, title: str = "Orders fail", key: str | None = None) -> Incident:
    declaration = Declaration(title=title, severity="critical", started_at=minute(-3), key=key)
    return await incidents.declare(declaration, by=BY, via="api", at=AT)


async def test_incident_goes_through_its_states_and_the_timeline_tells_it(
    postgres: Postgres, incidents: PostgresIncidents
) -> None:
    made = await declared(incidents)
    around = [
        Event(at=minute(-9), fact=Happening(what="chaos.started", source="too early", about={})),
        Event(at=minute(-7), fact=Happening(what="chaos.started", source="factory", about={})),
        Event(at=minute(21), fact=Happening(what="breaker.changed", source="too late", about={})),
    ]
    await PostgresEvents(postgres).record(around)
    with pytest.raises(Conflict, match="must be resolved"):
        await incidents.advance(made.id, "review", by=BY, via="api", at=minute(1))
    await incidents.advance(made.id, "mitigate", by=BY, via="api", at=minute(8), because="the attack ended")
    late = await incidents.advance(made.id, "acknowledge", by=BY, via="api", at=minute(10))
    assert (late.state, late.acknowledged_at) == ("mitigated", minute(10)), "the harm stopped before anybody came"
    await incidents.note(made.id, Noted(text="a note"), by=BY, at=minute(10))
    await incidents.advance(made.id, "resolve", by=BY, via="api", at=minute(10))
    again = await incidents.advance(made.id, "resolve", by=BY, via="api", at=minute(11))
    assert again.resolved_at == minute(10)
    done = await incidents.advance(made.id, "review", by=BY, via="api", at=minute(12))
    assert (done.state, done.mitigated_at, done.started_at) == ("reviewed", minute(8), minute(-3))
    told = [(event.at, event.fact.__struct_config__.tag) for event in await incidents.timeline(made.id)]
    assert told == [
        (minute(-7), "happening"),
        (AT, "incident.declared"),
        (minute(8), "incident.mitigated"),
        (minute(10), "incident.acknowledged"),
        (minute(10), "incident.note"),
        (minute(10), "incident.resolved"),
        (minute(12), "incident.reviewed"),
    ]


async def test_merged_incident_is_told_by_the_other_one_and_takes_nothing_any_more(
    incidents: PostgresIncidents,
) -> None:
    one, other = await declared(incidents, "One"), await declared(incidents, "Other")
    follow_up = await incidents.add_follow_up(
        one.id, "Move the factory in", owner_id=None, due_on=date(2025, 5, 1), by=BY, at=AT
    )
    with pytest.raises(Invalid):
        await incidents.merge(one.id, one.id, by=BY, at=AT)
    merged = await incidents.merge(one.id, other.id, by=BY, at=minute(1))
    assert merged.id == other.id
    assert [each.id for each in await incidents.list(state="open", before=None, take=9)] == [other.id]
    with pytest.raises(Conflict, match=f"merged into {other.id}"):
        await incidents.advance(one.id, "acknowledge", by=BY, via="api", at=minute(2))
    assert [each.text for each in await incidents.follow_ups(other.id)] == ["Move the factory in"]
    closed = await incidents.close_follow_up(follow_up.id, "done", by=BY, at=minute(3))
    assert (closed.state, closed.closed_at) == ("done", minute(3))
    kinds = [event.fact.__struct_config__.tag for event in await incidents.timeline(other.id)]
    assert kinds.count("incident.declared") == 2
    assert kinds[-3:] == ["incident.merged", "incident.took-in", "incident.follow-up-closed"]


async def test_declared_twice_with_one_key_it_is_one(incidents: PostgresIncidents) -> None:
    assert (await declared(incidents, key="a")).id == (await declared(incidents, key="a")).id
    with pytest.raises(NotFound):
        await incidents.advance(999, "acknowledge", by=BY, via="api", at=AT)
    with pytest.raises(NotFound):
        await incidents.link_group(1, 999, by=BY, at=AT)
