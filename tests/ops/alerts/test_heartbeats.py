"""Heartbeats: silence is an alert, and being back ends it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events.model import HeartbeatMissed
from jwt_pizza.ops.heartbeats.model import HeartbeatPlan
from tests.ops.alerts.watch import BY, watch
from tests.ops.office import Office, office

BACKUP = HeartbeatPlan(name="nightly backup", interval_seconds=60)


@pytest.fixture
async def ops(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database_url, postgres, tmp_path) as made:
        yield made


async def test_silence_fires_once_and_a_beat_resolves_it(postgres: Postgres) -> None:
    ops = watch(postgres)
    await ops.chain()
    beat = await ops.heartbeats.add(BACKUP, by=BY)
    for _ in range(5):
        ops.clock.pass_(40)
        await ops.heartbeats.beat(beat.token)
        await ops.heartbeats.step()
    assert await ops.groups() == []
    for _ in range(200):
        ops.clock.pass_(1)
        await ops.heartbeats.step()
        await ops.upkeep.step()
    group = await ops.group()
    assert (group.title, group.severity, group.status) == (
        "nightly backup has not said anything since 2025-04-08 15:28:20 UTC",
        "critical",
        "firing",
    )
    assert len(await ops.groups()) == 1
    missed = [
        event.fact
        for event in await ops.events.between(ops.after(hours=-1), ops.after(hours=1), take=1000)
        if isinstance(event.fact, HeartbeatMissed)
    ]
    assert [(fact.name, fact.silent_seconds) for fact in missed] == [("nightly backup", 60.0)]
    await ops.heartbeats.beat(beat.token)
    assert (await ops.group()).status == "resolved"
    await ops.heartbeats.step()
    assert len(await ops.groups()) == 1


async def test_alert_of_a_heartbeat_that_is_back_ends_even_if_nobody_could_say_so(postgres: Postgres) -> None:
    """The process that took the beat died before it told."""
    ops = watch(postgres)
    beat = await ops.heartbeats.add(BACKUP, by=BY)
    ops.clock.pass_(61)
    await ops.heartbeats.step()
    await postgres.execute(
        "test", "UPDATE ops.heartbeats SET last_at = $1, due_at = $2", ops.clock.now(), ops.after(hours=1)
    )
    for _ in range(13):
        ops.clock.pass_(10)
        await ops.heartbeats.step()
        await ops.upkeep.step()
    assert (await ops.group()).status == "resolved"
    assert beat.token


async def test_after_a_restart_nobody_counts_as_missing_before_they_could_be_heard(postgres: Postgres) -> None:
    ops = watch(postgres)
    beat = await ops.heartbeats.add(BACKUP, by=BY)
    ops.clock.pass_(3600)
    restarted = watch(postgres, ops.clock, grace=90)
    await restarted.heartbeats.step()
    ops.clock.pass_(60)
    await restarted.heartbeats.beat(beat.token)
    ops.clock.pass_(31)
    await restarted.heartbeats.step()
    assert await ops.groups() == []
    ops.clock.pass_(61)
    await restarted.heartbeats.step()
    assert [group.status for group in await ops.groups()] == ["firing"]


async def test_heartbeat_that_is_renamed_or_removed_leaves_no_alert(postgres: Postgres) -> None:
    ops = watch(postgres)
    beat = await ops.heartbeats.add(BACKUP, by=BY)
    ops.clock.pass_(61)
    await ops.heartbeats.step()
    renamed = HeartbeatPlan(name="backup", interval_seconds=60)
    await ops.heartbeats.change(beat.id, renamed, by=BY)
    assert [group.status for group in await ops.groups()] == ["resolved"]
    await ops.heartbeats.step()
    await ops.heartbeats.remove(beat.id, by=BY)
    await ops.heartbeats.step()
    assert [group.status for group in await ops.groups()] == ["resolved", "resolved"]
    with pytest.raises(NotFound):
        await ops.heartbeats.beat(beat.token)


async def test_beats_come_by_post_and_get_and_strangers_are_noted(ops: Office, postgres: Postgres) -> None:
    made = await ops.call("POST", "/api/heartbeats", {"name": "cron", "intervalSeconds": 3600})
    assert made.status == 200
    token = made.json["token"]
    for method in ("POST", "GET"):
        answer = await ops.ops.call(method, f"/api/heartbeats/{token}")
        assert answer.json == {"message": "cron is alive; it is due again within 3600 s"}
    [listed] = await ops.good("GET", "/api/heartbeats")
    assert listed["lastAt"] is not None
    for unknown in ("nobody", "x" * 500, "12345", "%00"):
        assert (await ops.ops.call("POST", f"/api/heartbeats/{unknown}")).status == 404
    assert await postgres.fetchval("test", "SELECT count(*) FROM ops.events WHERE kind = 'audit.refused'") >= 1


async def test_only_managers_set_heartbeats_up(ops: Office) -> None:
    plan = {"name": "cron", "intervalSeconds": 3600}
    assert (await ops.call("POST", "/api/heartbeats", plan, token=ops.grace)).status == 403
    assert (await ops.call("POST", "/api/heartbeats", plan, token="nonsense")).status == 401
    assert (await ops.call("POST", "/api/heartbeats", {**plan, "intervalSeconds": 1})).status == 400
    made = await ops.call("POST", "/api/heartbeats", plan)
    assert (await ops.call("POST", "/api/heartbeats", {**plan, "name": "CRON"})).status == 409
    path = f"/api/heartbeats/{made.json['id']}"
    changed = await ops.good("PUT", path, {**plan, "intervalSeconds": 60})
    assert (changed["intervalSeconds"], changed["token"]) == (60, made.json["token"])
    assert (await ops.call("DELETE", path)).status == 200
    assert (await ops.call("DELETE", path)).status == 404
