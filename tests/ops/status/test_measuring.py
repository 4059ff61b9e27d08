"""What counters say about each part, counted once whoever counts."""

import asyncio
from datetime import UTC, datetime, timedelta

from jwt_pizza.kernel.vitals import Counts, Snapshot, Vitals
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.status.board import Board, Day, PartStatus, PublicIncident, Update
from jwt_pizza.ops.status.measuring import PARTS
from jwt_pizza.ops.status.press import Press, strip
from jwt_pizza.ops.status.store import PostgresMeasurements, PostgresStatus
from jwt_pizza.ops.telemetry.store import PostgresSnapshots
from jwt_pizza.web import templates
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


def test_the_page_stays_small_however_bad_times_are() -> None:
    """The bar is 50 KB."""
    today = datetime(2025, 4, 8, tzinfo=UTC)
    days = tuple(
        Day(day=today.date() - timedelta(days=n), up=40_000.0, down=46_400.0, good=1_000_000, bad=9_000_000)
        for n in range(89, -1, -1)
    )
    update = Update(id=1, at=today, status="identified", text="& long " * 570)
    incidents = tuple(
        PublicIncident(
            incident_id=number,
            title="Orders <fail> " * 12,
            components=("orders",),
            status="identified" if number % 2 else "resolved",
            opened_at=today,
            closed_at=None if number % 2 else today,
            updates=(update,) * 20,
        )
        for number in range(40)
    )
    parts = tuple(PartStatus(part=part, name=name, state="down", since=None, days=days) for part, name in PARTS.items())
    environment = templates.engine("test").engine_instance.engine
    press = Press(environment.get_template, address="http://x", style="/s.css", name="JWT Pizza", objective=0.999)
    pages = press.served(Board(today=today.date(), parts=parts, incidents=incidents))
    home = pages["/status"].body.decode()
    assert len(home) < 50_000
    assert "A serious outage" in home and "46.29 %" in home and "0 % of the room for errors left" in home
    assert home.count("<rect") == 20 * len(PARTS)
