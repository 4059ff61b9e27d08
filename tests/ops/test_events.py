"""The log: what is told twice is written once, and nothing is ever changed."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.model import Event, GroupOpened, Happening, actor_of
from jwt_pizza.ops.events.store import PostgresEvents

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
