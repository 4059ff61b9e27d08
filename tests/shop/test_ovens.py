"""The ovens: what is a good pizza, when the factory is trusted, who stands in."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from jwt_pizza.kernel import wire
from jwt_pizza.shop.ovens.model import (
    FACTORY,
    IN_HOUSE,
    Attempt,
    Breaker,
    BreakerState,
    Policy,
    RetryBudget,
    Tuning,
    flaw,
)
from jwt_pizza.shop.ovens.service import Kitchen

NOW = datetime(2025, 4, 8, 15, 25, tzinfo=UTC)
ITEMS = (wire.Item(menu_id=1, description="Veggie", price=0.0038),)
REQUEST = wire.BakeRequest(
    diner=wire.Diner(id=7, name="pizza diner", email="d@jwt.com"),
    order=wire.Order(id=42, franchise_id=1, store_id=1, items=ITEMS),
)
SECOND = int(NOW.timestamp())
GOOD = wire.Pizza(
    vendor=wire.Vendor(id="jwt-pizza", name="JWT Pizza"),
    diner=REQUEST.diner,
    order=REQUEST.order,
    iat=SECOND,
    exp=SECOND + 86_400,
    iss="factory",
)


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    async def rest(self, seconds: float, *, most: float) -> float:
        await self.sleep(seconds)
        return 0.0


class OwnOven:
    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    async def bake(self, request: wire.BakeRequest) -> str:
        if self.broken:
            raise LookupError("no key")
        return f"in-house {request.order.id}"


class ScriptedFactory:
    """Answers by the script, its last line for ever. Each line: seconds it takes, claims (or None), status."""

    def __init__(self, time: Time, script: Sequence[tuple[float, wire.Pizza | None, int]]) -> None:
        self.calls = 0
        self._time = time
        self._script = script

    async def bake(self, request: wire.BakeRequest, *, within: float) -> Attempt:
        taken, claims, status = self._script[min(self.calls, len(self._script) - 1)]
        self.calls += 1
        self._time.seconds += min(taken, within)
        common = {"oven": FACTORY, "started_at": NOW, "ms": min(taken, within) * 1000}
        if taken >= within:
            return Attempt(**common, reason="timeout")
        if status != 200:
            return Attempt(**common, reason="error", status=status, report_url="https://factory.example/report")
        return Attempt(**common, reason="good", jwt="factory pizza", claims=claims, status=status)


def kitchen(
    factory: Callable[[Time], ScriptedFactory], policy: Policy = "factory", *, dice: float = 0.5, broken: bool = False
) -> tuple[Kitchen, ScriptedFactory, Time]:
    time = Time()
    made = factory(time)
    tuning = Tuning()
    return Kitchen(policy, OwnOven(broken=broken), made, Breaker(tuning), tuning, time, lambda: dice), made, time


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"order": wire.Order(id=43, franchise_id=1, store_id=1, items=ITEMS)}, "it is another order"),
        ({"order": wire.Order(id=42, franchise_id=1, store_id=1, items=ITEMS * 2)}, "it is another order"),
        ({"diner": wire.Diner(id=8, name="pizza diner", email="d@jwt.com")}, "it is another diner's"),
        ({"iat": SECOND - 61}, "it is an old one"),
        ({"exp": SECOND}, "it is an old one"),
    ],
)
def test_valid_jwt_that_is_not_this_order_fresh_is_a_bad_pizza(changes: dict[str, object], said: str) -> None:
    assert flaw(msgspec.structs.replace(GOOD, **changes), REQUEST, NOW) == said


def test_pizza_is_good_when_it_is_this_order_for_this_diner_and_fresh() -> None:
    assert flaw(GOOD, REQUEST, NOW) is None
    assert flaw(None, REQUEST, NOW) == "the signature does not verify"


async def test_healthy_factory_bakes() -> None:
    desk, factory, _ = kitchen(lambda time: ScriptedFactory(time, [(0.01, GOOD, 200)]))
    baked = await desk.bake(REQUEST)
    assert (baked.jwt, factory.calls) == ("factory pizza", 1)


async def test_failed_call_is_tried_once_more() -> None:
    desk, factory, _ = kitchen(lambda time: ScriptedFactory(time, [(0.01, None, 500), (0.01, GOOD, 200)]))
    baked = await desk.bake(REQUEST)
    assert baked.jwt == "factory pizza"
    assert [attempt.reason for attempt in baked.attempts] == ["error", "good"]
    assert factory.calls == 2


async def test_in_house_oven_stands_in_for_a_factory_that_fails_lies_or_hangs() -> None:
    """And nobody waits longer than the deadline."""
    old = msgspec.structs.replace(GOOD, iat=SECOND - 3600)
    for script in ([(0.01, None, 500)], [(0.01, old, 200)], [(0.01, None, 200)], [(32.0, GOOD, 200)]):
        desk, _, time = kitchen(lambda time, script=script: ScriptedFactory(time, script))
        baked = await desk.bake(REQUEST)
        assert baked.jwt == "in-house 42"
        assert baked.attempts[-1].oven == IN_HOUSE
        assert time.seconds <= Tuning().deadline


async def test_open_breaker_spares_factory_and_diner() -> None:
    desk, factory, time = kitchen(lambda time: ScriptedFactory(time, [(32.0, None, 500)]))
    for _ in range(10):
        await desk.bake(REQUEST)
    assert desk.breaker.state == "open"
    calls, before = factory.calls, time.seconds
    baked = await desk.bake(REQUEST)
    assert baked.jwt == "in-house 42"
    assert (factory.calls, time.seconds) == (calls, before)


async def test_share_of_healthy_orders_exercises_the_in_house_oven() -> None:
    desk, factory, _ = kitchen(lambda time: ScriptedFactory(time, [(0.01, GOOD, 200)]), dice=0.01)
    assert (await desk.bake(REQUEST)).jwt == "in-house 42"
    assert factory.calls == 0


async def test_without_any_oven_there_is_no_pizza_and_no_exception() -> None:
    desk, _, _ = kitchen(lambda time: ScriptedFactory(time, [(0.01, None, 500)]), broken=True)
    baked = await desk.bake(REQUEST)
    assert baked.jwt is None
    assert baked.report_url == "https://factory.example/report"


async def test_factory_only_has_one_try_and_nobody_to_stand_in() -> None:
    desk, factory, _ = kitchen(lambda time: ScriptedFactory(time, [(0.01, None, 500)]), "factory-only")
    assert (await desk.bake(REQUEST)).jwt is None
    assert factory.calls == 1


def breaker() -> tuple[Breaker, list[BreakerState]]:
    seen: list[BreakerState] = []
    return Breaker(Tuning(), seen.append), seen


def test_breaker_opens_for_errors_and_for_slow_calls_but_not_for_a_few() -> None:
    for good, seconds in ((False, 0.01), (True, 10.0)):
        subject, seen = breaker()
        for _ in range(Tuning().least - 1):
            subject.record(0, good=good, seconds=seconds)
        assert subject.state == "closed"
        subject.record(0, good=good, seconds=seconds)
        assert (subject.state, seen) == ("open", ["open"])


def test_breaker_probes_one_call_at_a_time_and_closes_after_good_ones() -> None:
    subject, seen = breaker()
    for _ in range(5):
        subject.record(0, good=False, seconds=0)
    assert not subject.allows(4.9)
    assert subject.allows(5.0)
    assert not subject.allows(5.1), "a second probe beside the first"
    subject.record(5.2, good=True, seconds=0.01)
    assert subject.allows(5.3)
    subject.record(5.4, good=True, seconds=0.01)
    assert seen == ["open", "half-open", "closed"]
    assert subject.allows(5.5)


def test_failed_probe_opens_again() -> None:
    subject, _ = breaker()
    for _ in range(5):
        subject.record(0, good=False, seconds=0)
    assert subject.allows(5.0)
    subject.record(5.1, good=False, seconds=0)
    assert not subject.allows(10.0)
    assert subject.allows(10.2)


def test_probe_that_never_comes_back_does_not_block_for_ever() -> None:
    subject, _ = breaker()
    for _ in range(5):
        subject.record(0, good=False, seconds=0)
    assert subject.allows(5.0)
    assert subject.allows(5.0 + Tuning().attempt * 2)


def test_call_from_before_does_not_close_an_open_breaker() -> None:
    subject, _ = breaker()
    for _ in range(5):
        subject.record(0, good=False, seconds=0)
    subject.record(0.1, good=True, seconds=0)
    assert not subject.allows(0.2)


def test_retries_are_a_share_of_the_orders() -> None:
    budget = RetryBudget(0.2)
    while budget.retry():
        pass
    granted = 0
    for _ in range(100):
        budget.order()
        granted += budget.retry()
    assert granted in {19, 20}
