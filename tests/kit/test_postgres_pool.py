import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import embedded
from jwt_pizza.kit.postgres import Postgres


@pytest.fixture
async def small(cluster: embedded.Cluster) -> AsyncIterator[Postgres]:
    """Two connections, and room for three who wait."""
    pool = await Postgres(cluster.url("postgres"), name="small", size=2, wait=20, statement=2, waiting=3).open()
    yield pool
    await pool.close()


async def test_a_lease_ends_with_its_block_however_it_ends(small: Postgres) -> None:
    for error in (ValueError, asyncio.CancelledError, KeyboardInterrupt):
        with pytest.raises(error):
            async with small.lease("test"):
                raise error
    with pytest.raises(asyncpg.UndefinedTableError):
        await small.fetch("test", "SELECT * FROM nowhere")
    assert small.leases == set()
    async with small.lease("a"), small.lease("b"):
        pass


async def test_an_open_transaction_does_not_outlive_its_lease(small: Postgres) -> None:
    async with small.lease("a") as first, small.lease("b") as second:
        for connection in (first, second):
            await connection.execute("BEGIN")
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'small' AND state LIKE 'idle in trans%'"
    assert await small.fetchval("test", query) == 0


async def test_a_slow_statement_is_ended_and_said_to_be_unavailable(small: Postgres) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await small.execute("test", "SELECT pg_sleep(30)")
    assert time.monotonic() - started < 5
    assert await small.fetchval("test", "SELECT 1") == 1


async def test_a_connection_that_the_server_ended_costs_one_answer_at_most(small: Postgres) -> None:
    async with small.lease("a") as victim, small.lease("b") as killer:
        pid = await victim.fetchval("SELECT pg_backend_pid()")
        await killer.fetchval("SELECT pg_terminate_backend($1)", pid)
    answers = [await first_value(small) for _ in range(6)]
    assert answers.count(1) >= 5


async def first_value(pool: Postgres) -> object:
    try:
        return await pool.fetchval("test", "SELECT 1")
    except Unavailable as error:
        return error


async def test_a_connection_that_is_ended_under_a_statement_is_unavailable(small: Postgres) -> None:
    async def victim() -> None:
        await small.execute("test", "SELECT pg_sleep(30) /* victim */")

    task = asyncio.create_task(victim())
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE query LIKE '%/* victim%' AND pid <> pg_backend_pid()"
    )
    while not await small.fetchval("test", query):
        await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await task
    assert refused.value.retry_after


async def test_a_deadlock_may_be_tried_again(postgres: Postgres) -> None:
    await postgres.execute("test", "CREATE TABLE locks AS SELECT generate_series(1, 2) AS id")

    update = "UPDATE locks SET id = id WHERE id = $1"
    mine, yours = asyncio.Event(), asyncio.Event()

    async def change(first: int, then: int, done: asyncio.Event, other: asyncio.Event) -> None:
        async with postgres.lease("test") as connection, connection.transaction():
            await connection.execute("SET LOCAL deadlock_timeout = '10ms'")
            await connection.execute(update, first)
            done.set()
            await other.wait()
            await connection.execute(update, then)

    both = change(1, 2, mine, yours), change(2, 1, yours, mine)
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "Unavailable"]


async def test_a_pool_that_is_not_open_or_cannot_connect_is_unavailable(cluster: embedded.Cluster) -> None:
    pool = Postgres(cluster.url("postgres"), name="closed")
    with pytest.raises(Unavailable):
        await pool.fetchval("test", "SELECT 1")
    await pool.close()
