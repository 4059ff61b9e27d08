"""The rules of the watch as a table: what processes say, second by second, and what fires."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from jwt_pizza.cli import COMMANDS
from jwt_pizza.kernel.vitals import Database, Holding, Machine, Ovens, Pool, Work
from jwt_pizza.ops.telemetry import rules
from jwt_pizza.ops.telemetry.model import Thresholds
from jwt_pizza.ops.telemetry.routes import RUNBOOKS
from tests.clocks import HandClock
from tests.ops.fleets import Ops, Worker

Story = Callable[[Ops, Worker], Awaitable[None]]
GOOD_MACHINE = Machine(cpu=1.0, memory=100 << 20, files=20, loop_lag=0.001)


def lease(line: str, seconds: float) -> Holding:
    return Holding(owner="orders.failure", trace="", line=line, seconds=seconds, state="leaked", backend=1)


def pool(used: int, waiting: int = 0) -> Pool:
    return Pool(name="shop", limit=10, reserved=3, used=used, idle=0, waiting=waiting)


async def nothing(ops: Ops, shop: Worker) -> None:
    await ops.pass_(120, shop)


async def one_failed(ops: Ops, shop: Worker) -> None:
    shop.orders(charged=1)
    await ops.pass_(0.5, shop)


async def one_voided_among_many(ops: Ops, shop: Worker) -> None:
    shop.orders(fulfilled=400, voided=1)
    await ops.pass_(0.5, shop)


async def one_in_a_hundred_burns(ops: Ops, shop: Worker) -> None:
    for _ in range(20):
        shop.orders(fulfilled=48, voided=2)
        await ops.pass_(0.5, shop)


async def reported(ops: Ops, shop: Worker) -> None:
    shop.counts(bakes={"good": 20, "error": 1}, reported=1)
    await ops.pass_(0.5, shop)


async def lies(ops: Ops, shop: Worker) -> None:
    shop.counts(bakes={"good": 9, "bad pizza": 1})
    await ops.pass_(0.5, shop)


async def fails(ops: Ops, shop: Worker) -> None:
    shop.counts(bakes={"good": 1, "timeout": 2, "error": 1})
    await ops.pass_(0.5, shop)


async def two_failures_are_too_few(ops: Ops, shop: Worker) -> None:
    shop.counts(bakes={"timeout": 2})
    await ops.pass_(5, shop)


async def slow(ops: Ops, shop: Worker) -> None:
    for _ in range(8):
        shop.counts(factory_seconds=(0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0))
        await ops.pass_(0.5, shop)


async def exactly_half_a_second_is_not_slow(ops: Ops, shop: Worker) -> None:
    for _ in range(8):
        shop.counts(factory_seconds=(0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0))
        await ops.pass_(0.5, shop)


async def breaker(ops: Ops, shop: Worker) -> None:
    shop.is_(ovens=Ovens(policy="factory", breaker="open"))
    await ops.pass_(0.5, shop)


async def full_pool(ops: Ops, shop: Worker) -> None:
    shop.is_(pool=pool(9))
    await ops.pass_(3, shop)


async def full_for_a_moment(ops: Ops, shop: Worker) -> None:
    shop.is_(pool=pool(10, waiting=3))
    await ops.pass_(1, shop)
    shop.is_(pool=pool(1))
    await ops.pass_(3, shop)


async def leak(ops: Ops, shop: Worker) -> None:
    shop.is_(pool=pool(3), leases=(lease("store.py:79", 2.5), lease("store.py:79", 3.5)))
    await ops.pass_(0.5, shop)


async def database(ops: Ops, shop: Worker) -> None:
    shop.is_(database=Database(unreachable=1.2, error="ConnectionRefusedError"))
    await ops.pass_(0.5, shop)


async def hiccup(ops: Ops, shop: Worker) -> None:
    shop.is_(database=Database(unreachable=0.4, error="ConnectionRefusedError"))
    await ops.pass_(0.5, shop)


async def silent(ops: Ops, shop: Worker) -> None:
    await ops.pass_(5)


async def almost_silent(ops: Ops, shop: Worker) -> None:
    await ops.pass_(3.5)


async def pager(ops: Ops, shop: Worker) -> None:
    ops.pager.seconds = 12.0
    await ops.pass_(0.5, shop)


async def work(ops: Ops, shop: Worker) -> None:
    shop.is_(works=(Work(name="status", every=1.0, idle=17.0, failures=9),))
    await ops.pass_(0.5, shop)


async def rare_work(ops: Ops, shop: Worker) -> None:
    shop.is_(works=(Work(name="prune", every=600.0, idle=1700.0, failures=0),))
    await ops.pass_(0.5, shop)


async def memory(ops: Ops, shop: Worker) -> None:
    shop.is_(machine=Machine(cpu=1.0, memory=2 << 30, files=20, loop_lag=0.001))
    await ops.pass_(11, shop)


async def lag(ops: Ops, shop: Worker) -> None:
    shop.is_(machine=Machine(cpu=1.0, memory=1 << 20, files=20, loop_lag=0.7))
    await ops.pass_(6, shop)


@pytest.mark.parametrize(
    ("story", "rule", "severity", "figures"),
    [
        (nothing, None, "", ""),
        (one_failed, "failed-orders", "critical", "1 of 1 orders failed in the last 5 s (1 error)"),
        (one_failed, "charged-not-delivered", "critical", "1 order charged and not delivered in the last 60 s, 1 in"),
        (one_voided_among_many, "failed-orders", "warning", "1 of 401 orders failed in the last 5 s"),
        (one_in_a_hundred_burns, "burn-rate", "critical", "4 of 100 orders failed in the last 60 s"),
        (
            reported,
            "factory-attacked",
            "warning",
            "1 answer of the factory in the last 30 s leads to a report",
        ),
        (lies, "factory-lying", "warning", "1 of 10 pizzas from the factory were bad in the last 30 s"),
        (fails, "factory-failing", "warning", "3 of 4 calls of the factory failed in the last 30 s (2 timeout, 1 err"),
        (two_failures_are_too_few, None, "", ""),
        (slow, "factory-slow", "warning", "14 of 28 calls of the factory took more than 0.5 s"),
        (exactly_half_a_second_is_not_slow, None, "", ""),
        (breaker, "breaker-open", "warning", "1 of 1 shop processes do not trust the factory"),
        (full_pool, "pool-near-exhaustion", "critical", "9 of 10 database connections of shop are in use"),
        (full_for_a_moment, None, "", ""),
        (leak, "connections-leaking", "critical", "2 database connections leaked at store.py:79 (orders.failure), the"),
        (database, "database-down", "critical", "PostgreSQL is unreachable from 1 of 1 processes (shop) for 1 s: Conn"),
        (hiccup, None, "", ""),
        (silent, "process-silent", "critical", "1 of 1 shop processes said nothing for"),
        (almost_silent, None, "", ""),
        (pager, "pager-delayed", "critical", "what is due longest waits for 12 s"),
        (work, "work-dead", "warning", "“status” of shop should succeed every 1 s and did not for 17 s (9 failures"),
        (rare_work, None, "", ""),
        (memory, "memory-high", "warning", "1 of 1 shop processes hold more than 1024 MB, up to 2048 MB"),
        (lag, "loop-lagging", "warning", "the event loop of 1 of 1 shop processes is late by up to 0.7 s"),
    ],
)
async def test_rules(story: Story, rule: str | None, severity: str, figures: str) -> None:
    """Severity and figures of what fires; nothing fires without a cause."""
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    shop.is_(machine=GOOD_MACHINE, pool=pool(1))
    await ops.pass_(2, shop)
    await story(ops, shop)
    if rule is None:
        assert not ops.ear.names()
        return
    alert = ops.ear.of(rule)
    assert alert.labels["severity"] == severity
    assert figures in alert.annotations["summary"]
    assert alert.annotations["runbook_url"].endswith(rule)
    assert alert.source == "watch"


async def test_a_failed_order_of_a_process_that_has_just_begun_fires() -> None:
    """Its first snapshot has the failure in it already."""
    ops = Ops(HandClock())
    await ops.pass_(5)
    shop = Worker(ops.clock, uptime=0.4)
    shop.orders(voided=1)
    await ops.hear(shop)
    assert ops.rung == 1
    assert "1 of 1 orders failed" in ops.ear.of("failed-orders").annotations["summary"]


async def test_what_was_counted_before_ops_began_is_no_news() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock, uptime=7200.0)
    shop.orders(fulfilled=9000, charged=12)
    await ops.pass_(10, shop)
    assert not ops.ear.heard
    shop.orders(charged=1)
    await ops.pass_(0.5, shop)
    assert "1 of 1 orders failed" in ops.ear.of("failed-orders").annotations["summary"]


async def test_a_counter_that_begins_anew_is_not_counted_twice_and_never_negative() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    shop.orders(fulfilled=500)
    await ops.pass_(10, shop)
    shop.forget()
    shop.orders(fulfilled=3, voided=1)
    await ops.pass_(0.5, shop)
    assert "1 of 4 orders failed in the last 5 s" in ops.ear.of("failed-orders").annotations["summary"]


async def test_clocks_that_are_set_change_nothing() -> None:
    """The sender's wall clock jumps by a year, there and back."""
    ops = Ops(HandClock())
    odd = HandClock()
    shop = Worker(odd)
    for step in (0.0, 3.2e7, -3.2e7, 0.5):
        odd.pass_(step)
        shop._born += step
        await ops.pass_(0.5, shop)
    assert not ops.ear.heard


async def test_ops_that_was_away_takes_nobody_for_silent() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    await ops.pass_(2, shop)
    ops.clock.pass_(60)
    await ops.watch.step()
    assert not ops.ear.names()
    await ops.pass_(5)
    assert ops.ear.names() == {"process-silent"}


async def test_a_worker_that_was_started_anew_is_not_missed() -> None:
    ops = Ops(HandClock())
    first, second = Worker(ops.clock, "host:1"), Worker(ops.clock, "host:2")
    await ops.pass_(2, first, second)
    await ops.pass_(1.5, second)
    fresh = Worker(ops.clock, "host:3")
    await ops.pass_(20, second, fresh)
    assert not ops.ear.heard
    # Nobody comes for the second one.
    await ops.pass_(5, fresh)
    alert = ops.ear.of("process-silent")
    assert alert.labels["severity"] == "warning"
    assert "1 of 2 shop processes said nothing" in alert.annotations["summary"]
    assert "(host" in alert.annotations["summary"]
    await ops.pass_(10, fresh, Worker(ops.clock, "host:4"))
    assert not ops.ear.names()


async def test_a_process_that_stops_in_good_order_is_not_missed_and_still_counts() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    await ops.pass_(2, shop)
    shop.orders(voided=1)
    await ops.desk.take(shop.snapshot(stopping=True))
    await ops.pass_(30)
    assert ops.ear.names() == {"failed-orders"}


async def test_failed_orders_fire_until_orders_are_delivered_again() -> None:
    """One a minute, as in the incident: one alert from the first to the last, not one each."""
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    await ops.pass_(10, shop)
    for _ in range(11):
        shop.orders(charged=1)
        await ops.pass_(62, shop)
    assert not [alert for alert in ops.ear.heard if alert.ends_at]
    assert "failed-orders" in ops.ear.names()
    shop.orders(fulfilled=1)
    await ops.pass_(59 + 120, shop)
    assert "failed-orders" not in ops.ear.names()


async def test_a_failed_order_after_which_nobody_ordered_is_not_over() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    await ops.pass_(10, shop)
    shop.orders(voided=1)
    await ops.pass_(400, shop)
    assert "failed-orders" in ops.ear.names()
    await ops.pass_(400, shop)
    assert "failed-orders" not in ops.ear.names(), "after ten minutes nobody knows"


async def test_nobody_orders_where_they_used_to() -> None:
    """Three orders a minute for an hour, then none: it fires once ten were to be expected, and ends with the next."""
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    for _ in range(60):
        shop.orders(fulfilled=3)
        await ops.pass_(60, shop)
    quiet = 0
    while "no-orders" not in ops.ear.names():
        await ops.pass_(60, shop)
        quiet += 1
    assert 4 <= quiet <= 6
    assert "to be expected" in ops.ear.of("no-orders").annotations["summary"]
    shop.orders(fulfilled=1)
    await ops.pass_(61, shop)
    assert "no-orders" not in ops.ear.names()


async def test_nobody_orders_after_a_fresh_start() -> None:
    ops = Ops(HandClock())
    shop = Worker(ops.clock)
    for _ in range(20):
        shop.orders(fulfilled=30)
        await ops.pass_(60, shop)
    await ops.pass_(600, shop)
    assert not ops.ear.heard


def test_every_rule_has_a_runbook_with_a_command() -> None:
    built_in = {rule.name for rule in rules.built_in(Thresholds())}
    written = {file.stem: file.read_text(encoding="utf-8") for file in Path(RUNBOOKS).glob("*.md")}
    assert built_in <= set(written), "the others are of rules that only Prometheus has"
    for name, text in written.items():
        commands = {found[1] for found in re.finditer(r"`jwt-pizza (\w+)", text)}
        assert commands, name
        # `oncall` is a group of its own.
        assert commands <= {*COMMANDS, "oncall"}
