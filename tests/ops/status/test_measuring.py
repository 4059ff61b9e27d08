"""What counters say about each part, counted once whoever counts."""

import asyncio
from datetime import UTC, datetime, timedelta

from jwt_pizza.kernel.vitals import Counts, Snapshot, Vitals
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.status.board import Board
from jwt_pizza.ops.status.press import strip
from jwt_pizza.ops.status.store import PostgresMeasurements, PostgresStatus
from jwt_pizza.ops.telemetry.store import PostgresSnapshots
from tests.clocks import HandClock


def snapshot(process: str, number: int, at: datetime, counts: Counts, *, uptime: float = 5.0) -> Snapshot:
    vitals = Vitals(counts=counts)
    return Snapshot(process=process, service="shop", version="1", number=number, at=at, uptime=uptime, vitals=vitals)


def counts(fulfilled: int, charged: int = 0, broken: int = 0) -> Counts:
    requests = {"2xx": 10 * fulfilled, "5xx": charged + broken}
    return Counts(orders={"fulfilled": fulfilled, "charged": charged}, requests=requests, bakes={"good": fulfilled})


def part(board: Board, name: str) -> tuple[str, int, int]:
    found = next(part for part in board.parts if part.part == name)
    return found.state, sum(day.good for day in found.days), sum(day.bad for day in found.days)


async def test_each_request_counts_once_and_states_follow(postgres: Postgres) -> None:
    """Two processes measure at once; snapshots are missed; a process starts anew, another has run since long ago."""
    clock = HandClock()
    snapshots, book = PostgresSnapshots(postgres, clock), PostgresStatus(postgres)
    measurements = PostgresMeasurements(postgres)
    day = clock.now().date()

    async def look(away: frozenset[str] = frozenset()) -> list[bool]:
        return list(await asyncio.gather(*(measurements.measure(clock.now(), away) for _ in range(3))))

    await snapshots.keep(snapshot("a", 1, clock.now(), counts(10)))
    await snapshots.keep(snapshot("old", 1, clock.now(), counts(5000), uptime=90_000.0))
    assert sum(await look()) == 1
    assert part(await book.board(day), "orders") == ("operational", 10, 0)
    assert await look() == [False] * 3, "a moment ago is soon enough"

    clock.pass_(10)
    await snapshots.keep(snapshot("a", 9, clock.now(), counts(12, charged=14)))
    await snapshots.keep(snapshot("old", 2, clock.now(), counts(5001), uptime=90_010.0))
    await snapshots.keep(snapshot("b", 1, clock.now(), counts(1)))
    assert sum(await look()) == 1
    board = await book.board(day)
    assert part(board, "orders") == ("down", 14, 14)
    assert part(board, "payments") == ("down", 14, 14)
    # A failed order answers 500, and the website is well.
    assert part(board, "menu") == ("operational", 140, 0)
    orders = next(found for found in board.parts if found.part == "orders")
    assert (orders.days[0].up, orders.days[0].down) == (0.0, 10.0)
    assert orders.served == 0.5 and orders.budget_left(0.0) == 0.5 and orders.budget_left(0.999) == 0.0

    # A minute's failures are forgiven after five.
    for number in range(10, 16):
        clock.pass_(59)
        await snapshots.keep(snapshot("a", number, clock.now(), counts(12, charged=14, broken=1)))
        assert any(await look())
    board = await book.board(day)
    assert part(board, "orders") == ("operational", 14, 14)
    assert part(board, "menu")[2] == 1
    # Nobody answers: it is down, whatever was counted.
    clock.pass_(10)
    await look(frozenset({"orders"}))
    board = await book.board(day)
    assert part(board, "orders")[0] == "down" and board.state == "down"
    # Time in which ops itself was away is in neither.
    before = next(found for found in board.parts if found.part == "orders").days[0]
    clock.pass_(3600)
    await look()
    after = next(found for found in (await book.board(day)).parts if found.part == "orders").days[0]
    assert (before.up, before.down) == (after.up, after.down)


async def test_the_bars_are_those_of_ninety_days(postgres: Postgres) -> None:
    today = datetime(2025, 4, 8, tzinfo=UTC).date()
    days = [(today, 999, 1, 86000.0, 400.0), (today - timedelta(days=89), 10, 0, 10.0, 0.0)]
    days += [(today - timedelta(days=90), 1, 1, 1.0, 1.0), (today - timedelta(days=5), 1, 1, 10.0, 0.0)]
    for day in days:
        await postgres.execute("test", "INSERT INTO ops.measured_days VALUES ($1, 'orders', $2, $3, $4, $5)", *day)
    board = await PostgresStatus(postgres).board(today)
    orders = next(found for found in board.parts if found.part == "orders")
    assert len(orders.days) == 3, "what is older is not shown"
    drawn = strip(orders, board)
    assert {quality: path.count("M") for quality, path in drawn.paths} == {
        "unknown": 87,
        "good": 1,
        "fair": 1,
        "poor": 1,
    }
    assert drawn.bad == (
        (336, "2025-04-03: 1 of 2 requests failed"),
        (356, "2025-04-08: down for 7 min, 1 of 1,000 requests failed"),
    )
