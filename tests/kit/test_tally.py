"""What a process counts, and what it tells of it."""

from prometheus_client import REGISTRY as _OTHERS
from prometheus_client import CollectorRegistry

from jwt_pizza.kernel.vitals import MOST_HAPPENINGS
from jwt_pizza.kit import metrics
from jwt_pizza.kit.durations import BOUNDS, Buckets
from jwt_pizza.kit.happenings import Happenings
from jwt_pizza.kit.tally import Tally
from tests.clocks import HandClock

REGISTRY: CollectorRegistry = metrics.REGISTRY
assert REGISTRY is not _OTHERS


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def tally(clock: HandClock) -> Tally:
    return Tally("shop", clock, Happenings("p", clock))


def told(counted: Tally) -> list[str]:
    return [happening.what for happening in counted.happenings.waiting()]


def test_orders_go_into_the_metrics_once() -> None:
    counted = tally(HandClock())
    names = (
        ("pizza_orders_total", {"outcome": "fulfilled", "oven": "in-house"}),
        ("pizza_orders_total", {"outcome": "voided", "oven": "factory"}),
        ("pizza_orders_failed_total", {"reason": "timeout"}),
        ("pizza_sold_total", {}),
        ("pizza_revenue_satoshis_total", {}),
        ("pizza_order_duration_seconds_count", {"outcome": "fulfilled"}),
        ("pizza_order_duration_seconds_bucket", {"outcome": "voided", "le": "1.0"}),
        ("pizza_order_duration_seconds_bucket", {"outcome": "voided", "le": "0.5"}),
    )
    before = [sample(name, **labels) for name, labels in names]
    counted.order("fulfilled", "in-house", pizzas=3, satoshis=1_240_000, seconds=0.002)
    counted.order("fulfilled", "in-house", pizzas=1, satoshis=380_000, seconds=0.2)
    counted.failed("voided", "factory", "timeout", seconds=0.7, order_id=8)
    for _ in range(3):
        counted.flush()
    grown = [sample(name, **labels) - was for (name, labels), was in zip(names, before, strict=True)]
    assert grown == [2, 1, 1, 4, 1_620_000, 2, 1, 0]
    counts = counted.counts()
    assert counts.orders == {"fulfilled": 2, "voided": 1}
    assert (counts.failed, counts.pizzas, counts.revenue) == ({"timeout": 1}, 4, 1_620_000)
    assert sum(counts.order_seconds) == 3


def test_only_the_first_failed_order_after_a_quiet_time_is_news() -> None:
    clock = HandClock()
    counted = tally(clock)
    rung: list[float] = []
    counted.on_failure = lambda: rung.append(clock.monotonic())
    for pause in (0, 59, 59, 61):
        clock.pass_(pause)
        counted.failed("failed", "", "unavailable", seconds=0.1)
    assert told(counted) == ["orders.failing", "orders.failing"]
    assert len(rung) == 4


def test_a_stand_in_begins_and_ends() -> None:
    counted = tally(HandClock())
    failing = {"seconds": 0.1, "order_id": 1, "report": True, "stands_in": False, "error": "chaos monkey"}
    good = failing | {"report": False, "error": None}
    for _ in range(2):
        counted.attempt("factory", "error", **failing)
        counted.attempt("in-house", "good", **(good | {"stands_in": True}))
    counted.attempt("in-house", "good", **good)  # exercise says nothing about the factory
    counted.attempt("factory", "good", **good)
    assert told(counted) == ["chaos.struck", "stand-in.began", "chaos.struck", "stand-in.ended"]
    assert counted.counts().bakes == {"error": 2, "good": 1}


def test_happenings_wait_within_bounds_until_they_are_stored() -> None:
    happenings = Happenings("p", HandClock())
    for number in range(2500):
        happenings.note("chaos.struck", order=number, error="e" * 5000)
    assert happenings.dropped == 500
    first = happenings.waiting()
    assert len(first) == MOST_HAPPENINGS
    assert first[0].about["order"] == "500"
    assert len(first[0].about["error"]) == 1000
    assert len({happening.key for happening in first}) == MOST_HAPPENINGS
    happenings.stored(first[:40])
    assert happenings.waiting()[0].about["order"] == "540"
    happenings.stored(first)
    assert happenings.waiting()[0].about["order"] == "600"


def test_buckets_keep_what_was_counted_and_give_what_is_new() -> None:
    buckets = Buckets()
    buckets.add(BOUNDS[0])
    buckets.add(99.0)
    assert buckets.take() == ([1, *[0] * (len(BOUNDS) - 1), 1], BOUNDS[0] + 99.0)
    assert buckets.take() == ([0] * (len(BOUNDS) + 1), 0.0)
    assert sum(buckets.counts) == 2
