"""What an experiment sees.

The Chaos Toolkit compares a probe with its tolerance in the steady-state hypothesis only. In a method a probe must
raise: those that belong there take what they expect as an argument and raise Unmet.
"""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Final

from jwt_pizza.cli import attacks, ledger, session
from jwt_pizza.factory.chaos.model import AttackCard, Attacked
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit import embedded
from jwt_pizza.shop.connections.model import LeakView, Overview
from jwt_pizza.shop.ovens.model import FACTORY, RecordedAttempt
from jwt_pizza.toolkit.actions import LEAK
from jwt_pizza.toolkit.target import Configuration, as_operator, named
from jwt_pizza.traffic import guests
from jwt_pizza.traffic.outcomes import Outcomes

_PAUSE: Final = 0.1
_ARRIVAL: Final = 10.0
"""Seconds until guests must have registered."""
_ATTEMPTS: Final = "/api/ops/attempts?failed=true&limit=500"


class Unmet(Refusal):
    """The system did not show what the experiment expects."""


def shop_is_ready(within: float = 0.0, configuration: Configuration | None = None) -> bool:
    """Whether `/readyz` says so, at the latest after so many seconds."""
    url = f"{named(configuration).url}/readyz"
    return _becomes_true(lambda: _ready(url), within)


def orders_succeed(
    rate: float = 20.0,
    seconds: float = 2.0,
    at_least: float | None = None,
    configuration: Configuration | None = None,
) -> float:
    """The share of orders that were answered with a pizza, under realistic load of `rate` orders a second."""
    outcomes = Outcomes()
    asyncio.run(_load(named(configuration).url, outcomes, rate, seconds))
    orders = outcomes.kinds["orders"]
    share = orders.fulfilled / orders.placed
    if at_least is not None and share < at_least:
        raise Unmet(f"{share:.1%} of {orders.placed} orders succeeded: {dict(orders.messages)}")
    return share


def ledger_is_sound(configuration: Configuration | None = None) -> bool:
    """Every invariant of orders and money; raises Unmet with what is broken."""
    loaded = named(configuration)
    if not loaded.database_url and embedded.running(loaded.data_home) is None:
        # A command would start it; here it must be the database of the system under attack.
        raise Unmet(f"no database runs in {loaded.data_home}: set JWT_PIZZA_DATA_DIR as the shop has it")
    broken, _ = session.with_database(ledger.audit, loaded)
    if broken:
        raise Unmet("; ".join(broken))
    return True


def attacks_on(configuration: Configuration | None = None) -> list[str]:
    """The kinds of attack that strike now."""
    found: list[str] = [attack.kind for attack in _attacks(configuration) if attack.state == "active"]
    leak = as_operator(configuration, lambda operator: operator.ask("GET", LEAK, LeakView))
    return found + (["leak"] if leak.on else [])


def attack_struck(within: float = 10.0, configuration: Configuration | None = None) -> int:
    """How many attempts at the factory have failed since the newest attack began.

    Orders until one does: an open breaker keeps orders from the factory for a while. Raises Unmet when none did.
    """
    active = [attack for attack in _attacks(configuration) if attack.state == "active"]
    if not active:
        raise Unmet("no attack on the factory is active")
    since = max(datetime.fromisoformat(attack.starts_at) for attack in active)

    def struck() -> int:
        attempts = as_operator(configuration, lambda operator: operator.ask("GET", _ATTEMPTS, list[RecordedAttempt]))
        return sum(attempt.oven == FACTORY and attempt.started_at >= since for attempt in attempts)

    ends_at = time.monotonic() + within
    while not (failed := struck()):
        if time.monotonic() >= ends_at:
            raise Unmet(f"no order met the attack in {within:g} s: does the shop run with policy factory?")
        orders_succeed(rate=5, seconds=1, configuration=configuration)
    return failed


def connections_leaked(configuration: Configuration | None = None) -> int:
    """Database connections that are held past the threshold, of all processes."""
    overview = as_operator(configuration, lambda operator: operator.ask("GET", "/api/ops/connections", Overview))
    return sum(lease.state == "leaked" for process in overview.processes for lease in process.leases)


def leak_is_seen(within: float = 10.0, configuration: Configuration | None = None) -> bool:
    """Orders until a leaked connection shows up; raises Unmet when none does in so many seconds."""
    ends_at = time.monotonic() + within
    while not connections_leaked(configuration):
        if time.monotonic() >= ends_at:
            raise Unmet(f"no leaked connection was seen in {within:g} s")
        orders_succeed(rate=5, seconds=1, configuration=configuration)
    return True


def _attacks(configuration: Configuration | None) -> list[AttackCard]:
    return attacks.call(named(configuration), "GET", Attacked).attacks


async def _load(url: str, outcomes: Outcomes, rate: float, seconds: float) -> None:
    ends_at = time.monotonic() + _ARRIVAL
    async with guests.client() as client:
        while True:
            crowd = guests.Guests(url, outcomes)
            try:
                await crowd.arrive(client)
                break
            except Refusal:
                # An experiment may strike before the guests are in; what it measures is their orders.
                if time.monotonic() >= ends_at:
                    raise
            await asyncio.sleep(_PAUSE)
        await crowd.come(client, rate=rate, seconds=seconds)


def _becomes_true(look: Callable[[], bool], within: float) -> bool:
    ends_at = time.monotonic() + within
    while not (seen := look()) and time.monotonic() < ends_at:
        time.sleep(_PAUSE)
    return seen


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the shop's own address
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False
