"""Leases on a real PostgreSQL; time passes by hand."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import metrics
from jwt_pizza.kit.leasewatch import LeaseWatch
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.postgres import Postgres, Reserve, trace_id
from tests.clocks import HandClock

NO_LONGER = 0.05
"""Seconds for whom no connection is free."""


class Journal:
    """What was logged."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        self.log = Log("test", fd=self._write)

    def lines(self) -> list[dict[str, Any]]:
        """Since the last time."""
        try:
            return [json.loads(line) for line in os.read(self._read, 1 << 20).splitlines()]
        except BlockingIOError:
            return []

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@pytest.fixture
def journal() -> Iterator[Journal]:
    made = Journal()
    yield made
    made.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@asynccontextmanager
async def pool(url: str, clock: HandClock, **options: Any) -> AsyncIterator[Postgres]:
    # Nobody who is served may be late, however slowly a connection opens; who is to be refused says so (NO_LONGER).
    made = await Postgres(url, name="leases", **{"size": 3, "wait": 20, "clock": clock, **options}).open()
    try:
        yield made
    finally:
        for lease in list(made.leases):
            lease.reclaim()
        await made.close()


def watch(postgres: Postgres, clock: HandClock, journal: Journal) -> LeaseWatch:
    return LeaseWatch(postgres, clock, journal.log, leak_after=2, reclaim_after=8)


async def forget(postgres: Postgres, owner: str = "orders.failure", **options: Any) -> asyncpg.pool.PoolConnectionProxy:
    return await postgres.lease(owner, **options).acquire()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0)


def count(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, {"pool": "leases", **labels}) or 0.0


async def test_lease_says_who_holds_a_connection_since_when_and_from_which_line(
    database_url: str, clock: HandClock
) -> None:
    async with pool(database_url, clock) as postgres:
        token = trace_id.set("f00d")
        async with postgres.lease("orders.history", order_id=7) as connection:
            clock.pass_(1.5)
            (holding,) = postgres.holdings()
            assert (holding.owner, holding.trace, holding.seconds, holding.state) == (
                "orders.history",
                "f00d",
                1.5,
                "held",
            )
            assert holding.order_id == 7
            assert holding.backend == await connection.fetchval("SELECT pg_backend_pid()")
            file, _, line = holding.line.rpartition(":")
            assert file.endswith("tests/kit/test_postgres.py")
            with open(__file__, encoding="utf-8") as source:  # noqa: ASYNC230 - itself
                assert 'postgres.lease("orders.history"' in source.readlines()[int(line) - 1]
        trace_id.reset(token)
        assert postgres.holdings() == ()


async def test_line_of_a_single_query_is_the_callers_not_the_pools(database_url: str, clock: HandClock) -> None:
    async with pool(database_url, clock) as postgres:
        asking = asyncio.create_task(postgres.fetchval("slow", "SELECT pg_sleep(20)"))
        await until(lambda: postgres.leases)
        asking.cancel()
        (holding,) = postgres.holdings()
        assert "kit/postgres.py" not in holding.line
        assert "kit/lease.py" not in holding.line
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert postgres.state().used == 0


async def test_forgotten_lease_is_reported_once_with_its_stack_then_reclaimed(
    database_url: str, clock: HandClock, journal: Journal
) -> None:
    told: list[str] = []

    async def void() -> None:
        told.append("order voided")

    leaked, reclaimed = count("db_client_connection_leaked_total"), count("db_client_connection_reclaimed_total")
    async with pool(database_url, clock) as postgres:
        looking = watch(postgres, clock, journal)
        connection = await forget(postgres, order_id=7, on_reclaimed=void)
        backend = connection.get_server_pid()
        clock.pass_(2.0)
        await looking.look()
        assert journal.lines() == []
        clock.pass_(0.1)
        await looking.look()
        (line,) = journal.lines()
        assert (line["level"], line["event"], line["owner"], line["order"]) == (
            "warning",
            "database connection leaked",
            "orders.failure",
            7,
        )
        assert "tests/kit/test_postgres.py" in line["line"]
        assert line["stack"][0].endswith("in forget")
        assert line["stack"][1].endswith("in test_forgotten_lease_is_reported_once_with_its_stack_then_reclaimed")
        await looking.look()
        assert journal.lines() == []
        assert [holding.state for holding in postgres.holdings()] == ["leaked"]
        assert told == []
        clock.pass_(6.0)
        await looking.look()
        assert [line["event"] for line in journal.lines()] == ["database connection reclaimed"]
        assert told == ["order voided"]
        assert postgres.state().used == 0
        assert (postgres.leaked, postgres.reclaimed) == (1, 1)
        assert count("db_client_connection_leaked_total") == leaked + 1
        assert count("db_client_connection_reclaimed_total") == reclaimed + 1
        with pytest.raises(asyncpg.InterfaceError):
            await connection.fetchval("SELECT 1")
        gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $1"
        async with asyncio.timeout(10):
            while not await postgres.fetchval("test", gone, backend):
                await asyncio.sleep(0)


async def test_late_return_is_logged_and_after_reclaim_it_is_harmless(
    database_url: str, clock: HandClock, journal: Journal
) -> None:
    async with pool(database_url, clock) as postgres:
        looking = watch(postgres, clock, journal)
        late, later = postgres.lease("late"), postgres.lease("later")
        await late.acquire()
        await later.acquire()
        clock.pass_(3)
        await looking.look()
        journal.lines()
        await late.release()
        assert [(line["event"], line["owner"]) for line in journal.lines()] == [
            ("database connection returned after all", "late")
        ]
        clock.pass_(6)
        await looking.look()
        journal.lines()
        await later.release()
        await late.release()
        assert journal.lines() == []
        await everything_is_free(postgres)


async def everything_is_free(postgres: Postgres) -> None:
    """All places can be taken, and no more than those."""
    leases = [postgres.lease("each") for _ in range(postgres.size)]
    for lease in leases:
        assert await (await lease.acquire()).fetchval("SELECT 1") == 1
    with pytest.raises(Unavailable):
        await postgres.lease("one more", wait=NO_LONGER).acquire()
    for lease in leases:
        await lease.release()


async def test_block_whose_connection_was_reclaimed_ends_with_503(
    database_url: str, clock: HandClock, journal: Journal
) -> None:
    """In the middle of a statement and between two."""
    async with pool(database_url, clock) as postgres:
        looking = watch(postgres, clock, journal)
        asking = asyncio.create_task(postgres.fetchval("slow", "SELECT pg_sleep(20)"))
        await until(lambda: postgres.leases)
        with pytest.raises(Unavailable, match="broken off"):
            async with postgres.lease("dawdling") as connection:
                clock.pass_(9)
                await looking.look()
                await connection.fetchval("SELECT 1")
        with pytest.raises(Unavailable, match="broken off"):
            await asking
        await everything_is_free(postgres)


async def test_declared_long_work_is_no_leak_and_may_run_long_statements(
    database_url: str, clock: HandClock, journal: Journal
) -> None:
    async with pool(database_url, clock, statement=0.05, size=2) as postgres:
        looking = watch(postgres, clock, journal)
        with pytest.raises(Unavailable, match="too slow"):
            await postgres.fetchval("short", "SELECT pg_sleep(0.2)")
        async with postgres.lease("ledger.check", allowance=600) as connection:
            clock.pass_(599)
            await looking.look()
            assert journal.lines() == []
            await connection.fetchval("SELECT pg_sleep(0.2)")
            clock.pass_(2)
            await looking.look()
            assert [line["event"] for line in journal.lines()] == ["database connection leaked"]
        for _ in range(2):
            async with postgres.lease("after") as connection:
                assert await connection.fetchval("SHOW statement_timeout") == "50ms"


async def test_reserved_connections_stay_for_vital_owners_whatever_others_leak(
    database_url: str, clock: HandClock
) -> None:
    reserve = Reserve(1, frozenset({"orders.place"}))
    async with pool(database_url, clock, reserve=reserve) as postgres:
        await forget(postgres)
        await forget(postgres)
        with pytest.raises(Unavailable, match="busy") as refused:
            await forget(postgres, wait=NO_LONGER)
        assert refused.value.retry_after
        assert await postgres.fetchval("orders.place", "SELECT 1") == 1
        assert postgres.state().timeouts == 1


async def test_vital_owners_take_more_than_what_is_reserved_when_it_is_free(
    database_url: str, clock: HandClock
) -> None:
    async with pool(database_url, clock, reserve=Reserve(1, frozenset({"vital"}))) as postgres:
        for _ in range(3):
            await forget(postgres, "vital")
        assert postgres.state().used == 3


async def test_nobody_waits_for_what_was_leaked(database_url: str, clock: HandClock, journal: Journal) -> None:
    """With a deadline that the test would not survive."""
    async with asyncio.timeout(10), pool(database_url, clock, wait=1000, size=2) as postgres:
        looking = watch(postgres, clock, journal)
        await forget(postgres)
        await forget(postgres)
        clock.pass_(3)
        await looking.look()
        with pytest.raises(Unavailable):
            await forget(postgres)


async def test_waiters_are_bounded_and_served_in_order(database_url: str, clock: HandClock) -> None:
    async with pool(database_url, clock, size=2, waiting=2) as postgres:
        held = [postgres.lease("holder"), postgres.lease("holder")]
        for lease in held:
            await lease.acquire()
        order: list[int] = []

        async def ask(number: int) -> None:
            async with postgres.lease("asker"):
                order.append(number)

        asking = [asyncio.create_task(ask(number)) for number in range(2)]
        await asyncio.sleep(0)
        assert postgres.state().waiting == 2
        with pytest.raises(Unavailable, match="too many"):
            await ask(2)
        await held[0].release()
        await asyncio.gather(*asking)
        assert order == [0, 1]
        await held[1].release()
        await everything_is_free(postgres)


async def test_cancelled_waiter_keeps_no_place(database_url: str, clock: HandClock) -> None:
    """Cancelled while it waits, and in the very moment in which it was handed a place."""
    async with pool(database_url, clock, size=2) as postgres:
        held = [postgres.lease("holder"), postgres.lease("holder")]
        for lease in held:
            await lease.acquire()
        waiting = [asyncio.create_task(forget(postgres)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        postgres._slots.give(vital=False)
        waiting[1].cancel()
        waiting[2].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert postgres._slots.take_free(vital=False)
        for lease in held:
            await lease.release()
        await everything_is_free(postgres)


async def test_killed_backend_costs_one_answer_and_no_place(database_url: str, clock: HandClock) -> None:
    async with pool(database_url, clock) as postgres:
        with pytest.raises(Unavailable, match="not reachable"):
            async with postgres.lease("victim") as connection:
                async with postgres.lease("killer") as other:
                    await other.fetchval("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
                await connection.fetchval("SELECT 1")
        await everything_is_free(postgres)


@pytest.mark.parametrize("error", [asyncpg.AdminShutdownError, asyncpg.InternalClientError, ConnectionResetError])
async def test_connection_that_the_server_gave_up_is_not_used_again(
    database_url: str, clock: HandClock, error: type[Exception]
) -> None:
    """Although it still looks alive."""
    async with pool(database_url, clock, size=2) as postgres:
        with pytest.raises(Unavailable, match="not reachable"):
            async with postgres.lease("last words") as connection:
                former = connection.get_server_pid()
                raise error("the last words")
        both = [postgres.lease("next"), postgres.lease("next")]
        assert former not in [(await lease.acquire()).get_server_pid() for lease in both]


async def test_pool_is_measured_in_opentelemetrys_terms(database_url: str, clock: HandClock, journal: Journal) -> None:
    waits = count("db_client_connection_wait_time_seconds_count")
    slow = count("db_client_connection_use_time_seconds_bucket", le="0.25")
    slower = count("db_client_connection_use_time_seconds_bucket", le="0.5")
    created = count("db_client_connection_create_time_seconds_count")
    async with pool(database_url, clock) as postgres:
        looking = watch(postgres, clock, journal)
        async with postgres.lease("one"):
            clock.pass_(0.3)
            await looking.look()
            assert count("db_client_connection_count", state="used") == 1
            assert count("db_client_connection_count", state="idle") == 1
            assert count("db_client_connection_max") == 3
            assert count("db_client_connection_pending_requests") == 0
        await looking.look()
        assert count("db_client_connection_count", state="used") == 0
    assert count("db_client_connection_wait_time_seconds_count") == waits + 1
    assert count("db_client_connection_use_time_seconds_bucket", le="0.25") == slow
    assert count("db_client_connection_use_time_seconds_bucket", le="0.5") == slower + 1
    assert count("db_client_connection_create_time_seconds_count") == created + 2
