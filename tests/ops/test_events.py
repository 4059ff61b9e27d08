"""The log: what is told twice is written once, and nothing is ever changed."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.model import Changed, Event, GroupOpened, Happening, actor_of
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.events.telling import sentence

AT = datetime(2025, 4, 8, 15, 25, tzinfo=UTC)


async def test_events_come_back_as_they_were_told_in_the_order_in_which_they_happened(postgres: Postgres) -> None:
    events = PostgresEvents(postgres)
    later = Event(at=AT + timedelta(minutes=3), fact=GroupOpened(title="Orders fail", severity="critical"), group_id=7)
    first = Event(at=AT, fact=Happening(what="order.failed", source="shop", about={"order": "1"}), group_id=7, key="a")
    await events.record([later])
    await events.record([first, Event(at=AT, fact=first.fact, actor=actor_of(3))])
    of_group = await events.of_group(7)
    assert [(event.at, event.fact, event.actor) for event in of_group] == [
        (first.at, first.fact, "system"),
        (later.at, later.fact, "system"),
    ]
    everything = await events.between(AT, AT + timedelta(minutes=3), take=10)
    assert [event.actor for event in everything] == ["system", "person:3"]


async def test_event_with_a_known_key_is_written_once(postgres: Postgres) -> None:
    events = PostgresEvents(postgres)
    told = Event(at=AT, fact=Happening(what="breaker.opened", source="shop", about={}), key="shop:1")
    await events.record([told])
    await events.record([told, told])
    assert len(await events.between(AT, AT + timedelta(seconds=1), take=10)) == 1


async def test_events_cannot_be_changed(postgres: Postgres) -> None:
    await PostgresEvents(postgres).record([Event(at=AT, fact=GroupOpened(title="x", severity="info"))])
    for statement in ("UPDATE ops.events SET actor = 'nobody'", "DELETE FROM ops.events", "TRUNCATE ops.events"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await postgres.execute("test", statement)


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (Changed(what="team Pizza", change="added"), "Ada added team Pizza."),
        (Changed(what="person:3", change="changed: time zone"), "Ada changed Ada: time zone."),
        (Changed(what="route x", change="removed"), "Ada removed route x."),
        (Changed(what="the status page", change="resolved: Done."), "Ada changed the status page: resolved: Done."),
        (Changed(what="heartbeat backup", change="added: every 60 s"), "Ada added heartbeat backup: every 60 s."),
        (Happening(what="process.started", source="host:17:shop:1.5", about={}), "A process started (shop)."),
        (Happening(what="process.started", source="elsewhere", about={}), "A process started (elsewhere)."),
    ],
)
def test_facts_are_told_in_sentences(fact: Changed | Happening, told: str) -> None:
    assert sentence(fact, actor_of(3), lambda person_id: "Ada" if person_id == 3 else "somebody") == told
