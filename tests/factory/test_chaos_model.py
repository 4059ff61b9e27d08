"""When an attack strikes, without I/O."""

import random
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import msgspec

from jwt_pizza.factory.chaos.model import KINDS, Attack, Plan, planned, strike

NOW = datetime(2024, 6, 5, 5, 14, 40, tzinfo=UTC)


def attack(**changes: object) -> Attack:
    made = planned(Plan(kind="fail"), by="roma", now=NOW, longest=7200, throttle=32)
    return msgspec.structs.replace(made, **changes)


def test_states_follow_the_clock_until_somebody_ends_it() -> None:
    found = attack(starts_at=NOW + timedelta(seconds=30), ends_at=NOW + timedelta(seconds=60))
    states = [found.state(NOW + timedelta(seconds=seconds)) for seconds in (0, 29, 30, 59, 60, 90)]
    assert states == ["scheduled", "scheduled", "active", "active", "expired", "expired"]
    ended = msgspec.structs.replace(found, ended_at=NOW, ended_how="fixed")
    assert ended.state(NOW + timedelta(seconds=30)) == "fixed"


def test_probability_is_the_share_of_orders() -> None:
    chance = random.Random(7)
    half = attack(probability=0.5)
    struck = sum(strike([half], NOW, chance.random) is not None for _ in range(10_000))
    assert 4_800 < struck < 5_200
    assert all(strike([attack()], NOW, chance.random) for _ in range(1_000))


def test_own_attack_goes_before_one_on_all() -> None:
    everybody, own = attack(kind="fail"), attack(kind="badjwt", vendor_id="roma")
    found = strike([everybody, own], NOW, lambda: 0.5)
    assert found is not None
    assert found.kind == "badjwt"
    over = msgspec.structs.replace(own, starts_at=NOW - timedelta(hours=2), ends_at=NOW)
    found = strike([over, everybody], NOW, lambda: 0.5)
    assert found is not None
    assert found.kind == "fail"


def test_latency_is_log_normal_and_never_outlasts_the_attack() -> None:
    chance = random.Random(7)
    late = attack(kind="latency", delay=0.5)
    delays = [found.delay for _ in range(10_000) if (found := strike([late], NOW, chance.random))]
    cuts = quantiles(delays, n=100)
    assert 0.47 < cuts[49] < 0.53
    assert 4 < cuts[98] < 6.5
    assert max(delays) <= 1800
    last_second = late.ends_at - timedelta(seconds=0.1)
    hurried = [found.delay for _ in range(100) if (found := strike([late], last_second, chance.random))]
    assert max(hurried) <= 0.1 + 1e-6


def test_every_kind_can_be_planned_and_its_code_cannot_be_guessed() -> None:
    made = [planned(Plan(kind=kind), by="roma", now=NOW, longest=600, throttle=32) for kind in KINDS]
    assert len({found.fix_code for found in made}) == len(KINDS)
    assert all(len(found.fix_code) == 24 for found in made)
    assert {found.ends_at - found.starts_at for found in made} == {timedelta(seconds=600)}
    assert not made[0].fits("") and not made[0].fits("é\ud800")
