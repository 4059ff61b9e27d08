"""Who holds which connection, over HTTP, and the attack `leak`."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from jwt_pizza.kernel.errors import Forbidden, Invalid, NotFound, TooMany
from jwt_pizza.kernel.vitals import Holding, Vitals
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.accounts.model import Caller, Role, RoleGrant, User
from jwt_pizza.shop.accounts.store import PostgresThrottle
from jwt_pizza.shop.connections.model import LONGEST_LEAK, OnReclaimed, Process
from jwt_pizza.shop.connections.service import ConnectionDesk, Leak, Reporter
from jwt_pizza.shop.connections.store import ForgetfulStore, PostgresLeaks, PostgresSnapshots
from tests.clocks import HandClock
from tests.running import Running, running_shop
from tests.visitor import visiting


def caller(role: Role = "engineer") -> Caller:
    return Caller(User(id=1, name="a", email="a@b", roles=(RoleGrant(role=role),)), session_id=1, version=1)


class Drawer:
    """Counts what was forgotten."""

    def __init__(self) -> None:
        self.kept: list[int] = []

    async def keep(self, order_id: int, on_reclaimed: OnReclaimed | None) -> bool:
        self.kept.append(order_id)
        return True


def leak_of(postgres: Postgres, clock: HandClock, drawer: Drawer | None = None, dice: float = 0.0) -> Leak:
    throttle = PostgresThrottle(postgres)
    return Leak(PostgresLeaks(postgres), drawer or Drawer(), throttle, clock, lambda: dice)


async def reported(postgres: Postgres, name: str, clock: HandClock, *leases: Holding) -> None:
    process = Process(f"here:1:{name}", name)
    vitals = Vitals(pool=postgres.state(), leases=leases)
    await Reporter(process, lambda: vitals, PostgresSnapshots(postgres), clock).report()


async def test_only_administrators_and_engineers_see_connections_and_start_attacks(shop: Running) -> None:
    calls = [("GET", "/api/ops/connections"), ("PUT", "/api/ops/chaos/leak"), ("DELETE", "/api/ops/chaos/leak")]
    people = {"d@jwt.com": "diner", "f@jwt.com": "franchisee", "oncall@jwt.com": "oncall", "a@jwt.com": "admin"}
    for email, password in people.items():
        token = await shop.log_in(email, password)
        for method, path in calls:
            body = {"probability": 0.5, "seconds": 1} if method == "PUT" else None
            answer = await shop.call(method, path, body, token=token)
            assert answer.status == (200 if password in {"oncall", "admin"} else 403), (email, method)
    for method, path in calls:
        body = {} if method == "PUT" else None
        assert (await shop.call(method, path, body)).status == 401


async def test_lease_is_shown_beside_postgresqls_own_view_of_it(postgres: Postgres) -> None:
    clock = HandClock()
    async with postgres.lease("stuck", order_id=7) as connection, connection.transaction():
        await connection.fetchval("SELECT 'a secret'")
        (holding,) = postgres.holdings()
        await reported(postgres, "shop", clock, holding)
        clock.pass_(1.5)
        overview = await ConnectionDesk(PostgresSnapshots(postgres), clock).show(caller())
    (process,) = overview.processes
    assert overview.newest_seconds == process.seen_seconds_ago == 1.5
    assert process.pool is not None
    assert process.pool.limit == 5
    (lease,) = process.leases
    assert (lease.owner, lease.order_id, lease.state) == ("stuck", 7, "held")
    assert lease.line.rpartition(":")[0].endswith("tests/shop/test_connections.py")
    assert lease.seconds == pytest.approx(holding.seconds + 1.5, abs=0.01)
    assert lease.backend is not None
    assert lease.backend.pid == holding.backend
    assert lease.backend.state == "idle in transaction"
    assert overview.backends["idle in transaction"] == 1
    assert overview.most_backends >= 100
    assert "secret" not in repr(overview)


async def test_dead_processes_are_forgotten(postgres: Postgres) -> None:
    clock = HandClock()
    await reported(postgres, "old", clock)
    clock.pass_(9)
    await reported(postgres, "young", clock)
    desk = ConnectionDesk(PostgresSnapshots(postgres), clock)
    assert [process.name for process in (await desk.show(caller())).processes] == ["old", "young"]
    clock.pass_(2)
    assert [process.name for process in (await desk.show(caller())).processes] == ["young"]
    await reported(postgres, "young", clock)
    assert await postgres.fetchval("test", "SELECT array_agg(name) FROM shop.process_snapshots") == ["young"]


async def test_snapshot_of_another_version_can_be_read(postgres: Postgres) -> None:
    clock = HandClock()
    await reported(postgres, "shop", clock)
    newer = 'UPDATE shop.process_snapshots SET vitals = \'{"weather": {"state": "fine"}}\''
    await postgres.execute("test", newer)
    (process,) = (await ConnectionDesk(PostgresSnapshots(postgres), clock).show(caller())).processes
    assert process.pool is None
    assert process.leases == ()


async def test_leak_takes_connections_for_as_long_as_it_lasts_and_no_longer(postgres: Postgres) -> None:
    clock, drawer = HandClock(), Drawer()
    leak = leak_of(postgres, clock, drawer, dice=0.49)
    assert not await leak.forget(1)
    await leak.start(caller(), probability=0.5, seconds=60)
    assert await leak.forget(2)
    await leak.start(caller(), probability=0.4, seconds=60)
    assert not await leak.forget(3)
    await leak.start(caller(), probability=1, seconds=60)
    clock.pass_(59.9)
    assert await leak.forget(4)
    clock.pass_(0.1)
    assert not await leak.forget(5)
    assert not (await leak.status(caller())).on
    assert drawer.kept == [2, 4]


async def test_leak_is_followed_by_other_processes_and_stopped_for_all(postgres: Postgres) -> None:
    clock = HandClock()
    here, there = leak_of(postgres, clock), leak_of(postgres, clock)
    await here.start(caller(), probability=1, seconds=60)
    await there.refresh()
    assert await there.forget(1)
    await there.stop(caller())
    await there.stop(caller())
    await here.refresh()
    assert not await here.forget(2)


async def test_leak_ends_by_its_code_and_guessing_is_hopeless(postgres: Postgres) -> None:
    clock = HandClock()
    leak = leak_of(postgres, clock)
    started = await leak.start(caller(), probability=1, seconds=LONGEST_LEAK)
    assert started.fix_code is not None
    assert re.fullmatch(r"[\w-]{22}", started.fix_code)
    for _ in range(10):
        with pytest.raises(NotFound):
            await leak.fix("guess", "10.0.0.1")
    with pytest.raises(TooMany) as refused:
        await leak.fix(started.fix_code, "10.0.0.1")
    assert refused.value.retry_after == 300
    assert await leak.forget(1)
    await leak.fix(started.fix_code, "10.0.0.2")
    assert not await leak.forget(2)
    clock.pass_(301)
    with pytest.raises(NotFound):
        await leak.fix(started.fix_code, "10.0.0.1")


async def test_leak_that_ended_by_itself_cannot_be_ended_again(postgres: Postgres) -> None:
    clock = HandClock()
    leak = leak_of(postgres, clock)
    started = await leak.start(caller(), probability=1, seconds=60)
    clock.pass_(60)
    with pytest.raises(NotFound):
        await leak.fix(str(started.fix_code), "10.0.0.1")
    await leak.start(caller(), probability=1, seconds=60)
    ends = await postgres.fetchval("test", "SELECT array_agg(ended_how ORDER BY id) FROM shop.leaks")
    assert ends == ["by itself", None]


async def test_leak_is_refused_with_nonsense_and_to_others(postgres: Postgres) -> None:
    leak = leak_of(postgres, HandClock())
    for probability, seconds in ((0, 1), (1.1, 1), (float("nan"), 1), (1, 0), (1, LONGEST_LEAK + 1), (1, float("nan"))):
        with pytest.raises(Invalid):
            await leak.start(caller(), probability=probability, seconds=seconds)
    for verb in (leak.start(caller("diner"), probability=1, seconds=1), leak.stop(caller("diner"))):
        with pytest.raises(Forbidden):
            await verb


async def test_forgetful_store_holds_up_nobody_when_nothing_is_left(database_url: str) -> None:
    postgres = await Postgres(database_url, name="small", size=2, wait=1000).open()
    store = ForgetfulStore(postgres)
    async with asyncio.timeout(10):
        assert [await store.keep(number, None) for number in range(4)] == [True, True, False, False]
    assert [holding.order_id for holding in postgres.holdings()] == [0, 1]
    for lease in list(postgres.leases):
        lease.reclaim()
    await postgres.close()


async def test_orders_flow_while_connections_leak_and_all_come_back(database_url: str) -> None:
    """Every order leaks, from a pool of five; then the leases are reclaimed for real, under short thresholds."""
    thresholds = {"lease_leak_seconds": 0.2, "lease_reclaim_seconds": 6, "pool_wait_seconds": 0.5}
    async with running_shop(database_url, **thresholds) as shop:
        diner, engineer = await shop.log_in(), await shop.log_in("oncall@jwt.com", "oncall")
        started = await shop.call("PUT", "/api/ops/chaos/leak", {"probability": 1, "seconds": 60}, token=engineer)
        assert started.json["on"]
        answers = await asyncio.gather(*(shop.order(diner) for _ in range(60)))
        assert {answer.status for answer in answers} == {200}
        assert (await shop.call("GET", "/api/order", token=diner)).status == 503
        async with visiting(shop.url) as visitor:
            await visitor.log_in()
            delivery = await visitor.submit((await visitor.checkout(pizza_1="1")).form("/checkout"))
            assert "Here is your pizza!" in delivery.text
        assert (await shop.call("GET", "/api/order", token=diner)).status == 503, "still"
        leaked = await found(shop, engineer, lambda lease: lease["state"] == "leaked")
        assert leaked["owner"] == "orders.failure"
        assert re.fullmatch(r"jwt_pizza/shop/connections/store\.py:\d+", leaked["line"])
        assert leaked["backend"]["state"] == "idle"
        report = f"/api/ops/chaos/leak/report/{started.json['fixCode']}"
        assert (await shop.call("GET", report)).status == 200
        assert (await shop.order(diner)).status == 200
        async with asyncio.timeout(30):
            while (await shop.call("GET", "/api/order", token=diner)).status != 200:
                await asyncio.sleep(0.02)
        overview = await shop.call("GET", "/api/ops/connections", token=engineer)
        assert overview.status == 200


async def found(shop: Running, token: str, wanted: Callable[[Any], bool]) -> Any:
    """The first such lease."""
    async with asyncio.timeout(15):
        while True:
            answer = await shop.call("GET", "/api/ops/connections", token=token)
            assert answer.status == 200, answer.text
            for process in answer.json["processes"]:
                for lease in process["leases"]:
                    if wanted(lease):
                        return lease
            await asyncio.sleep(0.02)
