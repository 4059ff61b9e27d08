"""From a shop's failed order to the intake of alerts, over real sockets and a real database."""

import asyncio
from contextlib import nullcontext
from typing import Any

import msgspec
import pytest

from jwt_pizza.apps.ops.telemetry import EVERY
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kernel.errors import Unauthorized
from jwt_pizza.kernel.vitals import Counts, Happening, Snapshot, Vitals
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.telemetry.model import Finding, Standing
from jwt_pizza.ops.telemetry.store import PostgresLeadership, PostgresPager, PostgresSnapshots
from jwt_pizza.web.senders import Senders
from tests.clocks import HandClock
from tests.ops.watching import Heard, running_watch
from tests.running import Running, running_shop

PUSH = "/api/telemetry/snapshots"


def said(number: int = 1, *happenings: Happening, failed: int = 0) -> Snapshot:
    clock = SystemClock()
    return Snapshot(
        process="host:1:1",
        service="shop",
        version="1",
        number=number,
        at=clock.now(),
        uptime=1.0,
        vitals=Vitals(counts=Counts(orders={"voided": failed})),
        happenings=happenings,
    )


async def test_the_first_failed_order_reaches_the_alerts(database_url: str) -> None:
    """Its diner is alone, and nothing scrapes anything: the order was refused by a factory that is not there."""
    heard = Heard()
    async with (
        running_watch(database_url, heard) as ops,
        running_shop(database_url, policy="factory-only", factory_url="http://127.0.0.1:1", ops_url=ops.url) as shop,
    ):
        token = await shop.log_in()
        assert (await shop.order(token)).status == 500
        alert = await heard.until("failed-orders")
        assert "1 of 1 orders failed in the last 5 s (1 unreachable)" in alert.annotations["summary"]
        assert (await heard.until("charged-not-delivered")).labels["severity"] == "critical"


async def test_what_happened_is_in_the_event_log_once(database_url: str, postgres: Postgres) -> None:
    """The shop says so at least once; its process and its first failing order are among it."""
    async with (
        running_watch(database_url, Heard()) as ops,
        running_shop(database_url, policy="factory-only", factory_url="http://127.0.0.1:1", ops_url=ops.url) as shop,
    ):
        await shop.order(await shop.log_in())
    rows = await postgres.fetch(
        "test", "SELECT data->>'what' AS what, actor FROM ops.events WHERE kind = 'happening' ORDER BY id"
    )
    told = [row["what"] for row in rows if row["actor"] == "process:shop"]
    assert told == ["process.started", "orders.failing", "process.stopping"]


async def test_a_happening_that_is_told_twice_is_kept_once(database_url: str, postgres: Postgres) -> None:
    snapshots = PostgresSnapshots(postgres, SystemClock())
    leak = Happening(key="host:1:1:1", at=SystemClock().now(), what="lease.leaked", about={"line": "a.py:1"})
    await snapshots.keep(said(1, leak))
    await snapshots.keep(said(2, leak))
    rows = await postgres.fetch("test", "SELECT data->'about'->>'line' AS line FROM ops.events")
    assert [row["line"] for row in rows] == ["a.py:1"]
    (last,) = await snapshots.read()
    assert (last.number, last.happenings) == (2, ())


async def test_an_older_snapshot_does_not_replace_a_newer_one(postgres: Postgres) -> None:
    snapshots = PostgresSnapshots(postgres, SystemClock())
    await snapshots.keep(said(7, failed=7))
    await snapshots.keep(said(6, failed=6))
    (last,) = await snapshots.read()
    assert last.number == 7


async def test_one_leads_and_hands_over(postgres: Postgres) -> None:
    """The next one waits until the leader has said nothing for a while, or has left; and knows what fires."""
    first, second = PostgresLeadership(postgres, "first"), PostgresLeadership(postgres, "second")
    finding = Finding(severity="critical", summary="1 of 1", service="shop", labels={"line": "a.py:1"})
    standing = (Standing(rule="failed-orders", finding=finding, since=1.5),)
    assert await first.lead() == ()
    assert await second.lead() is None
    await second.write(())
    await first.write(standing)
    assert await first.lead() == standing
    await first.resign()
    assert await second.lead() == standing
    assert await first.lead() is None


async def test_a_dead_leader_is_followed_within_two_seconds(database_url: str) -> None:
    """Nobody told the one that lives: it asks again and again."""
    postgres = await Postgres(database_url, name="dead", size=2).open()
    try:
        assert await PostgresLeadership(postgres, "dead").lead() is not None
        until = await postgres.fetchval("test", "SELECT leads_until - clock_timestamp() FROM ops.watch")
        assert until.total_seconds() + EVERY <= 2
        async with running_watch(database_url, Heard()), asyncio.timeout(20):
            while await postgres.fetchval("test", "SELECT holder FROM ops.watch") == "dead":
                await asyncio.sleep(0.05)
    finally:
        await postgres.close()


async def test_the_pager_is_as_late_as_what_is_due_longest(postgres: Postgres) -> None:
    clock = HandClock()
    pager = PostgresPager(postgres, clock)
    assert await pager.overdue() == 0.0
    await postgres.execute(
        "test",
        "INSERT INTO ops.groups (key, route_id, title, severity, status, firing, opened_at, last_alert_at,"
        " next_action_at) VALUES ('k', 1, 't', 'critical', 'firing', 1, $1, $1, $1)",
        clock.now(),
    )
    assert await pager.overdue() == 0.0
    clock.pass_(12.5)
    assert await pager.overdue() == 12.5


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer right"}, 200),
        ({"Authorization": "Basic YW55Ym9keTpyaWdodA=="}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic !!"}, 401),
        ({}, 401),
    ],
)
async def test_senders_know_the_secret(database_url: str, headers: dict[str, str], status: int) -> None:
    async with running_watch(database_url, Heard(), ops_token="right") as ops:
        answer = await ops.call("POST", PUSH, headers=headers, data=encoded(said()))
        assert answer.status == status, answer.text


async def test_without_a_secret_only_this_machine_sends(database_url: str) -> None:
    async with running_watch(database_url, Heard()) as ops:
        assert (await ops.call("POST", PUSH, data=encoded(said(1)))).status == 200
        proxied = await ops.call("POST", PUSH, data=encoded(said(2)), headers={"X-Forwarded-For": "127.0.0.1"})
        assert proxied.status == 401
        assert "JWT_PIZZA_OPS_TOKEN" in proxied.message


@pytest.mark.parametrize(("client", "admitted"), [("127.0.0.1", True), ("::1", True), ("10.1.2.3", False), ("", False)])
def test_where_a_sender_is(client: str, admitted: bool) -> None:
    scope: Any = {"headers": [], "client": (client, 1)}
    with nullcontext() if admitted else pytest.raises(Unauthorized):
        Senders(None).admit(scope)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"process":"p"}',
        b'{"process":"p","service":"pirate","version":"1","number":1,"at":"2025-04-08T15:25:00Z","uptime":1,"vitals":{}}',
        b'{"process":"p","service":"shop","version":"1","number":1,"at":"2025-04-08T15:25:00Z","uptime":-1,"vitals":{}}',
        b'{"process":"' + b"p" * 300 + b'","service":"shop","version":"1","number":1,"at":"2025-04-08T15:25:00Z",'
        b'"uptime":1,"vitals":{}}',
    ],
)
async def test_nonsense_is_refused(database_url: str, body: bytes) -> None:
    async with running_watch(database_url, Heard()) as ops:
        answer = await ops.call("POST", PUSH, data=body)
        assert answer.status == 400, answer.text
        assert answer.message


async def test_runbooks_are_served(database_url: str) -> None:
    async with running_watch(database_url, Heard()) as ops:
        found = await ops.call("GET", "/runbooks/failed-orders")
        assert found.text.startswith("# Orders fail")
        for name in ("nothing", "..%2f..%2fservice.py", "A"):
            assert (await ops.call("GET", f"/runbooks/{name}")).status in {400, 404}


async def test_a_shop_without_an_ops_serves_all_the_same(database_url: str) -> None:
    async with running_shop(database_url, ops_url="http://127.0.0.1:1") as shop:
        token = await shop.log_in()
        await asyncio.gather(*(placed(shop, token) for _ in range(5)))
        assert 'telemetry_pushes_total{result="failed",service="shop"}' in (await shop.call("GET", "/metrics")).text


async def placed(shop: Running, token: str) -> None:
    assert (await shop.order(token)).status == 200


def encoded(snapshot: Snapshot) -> bytes:
    return msgspec.json.encode(snapshot)
