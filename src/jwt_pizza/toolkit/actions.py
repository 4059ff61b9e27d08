"""What an experiment does to the system. Each returns what the journal should hold; each `stop` may be repeated."""

import os
import signal
import time
from collections.abc import Callable
from typing import Final

import msgspec

from jwt_pizza.cli import attacks
from jwt_pizza.factory.chaos.model import AttackCard, Stopped
from jwt_pizza.kernel.errors import Refusal, Unavailable
from jwt_pizza.kit import embedded
from jwt_pizza.kit.embedded_home import live_pid
from jwt_pizza.shop.connections.model import LeakView
from jwt_pizza.toolkit.target import Configuration, Result, as_operator, named

LEAK: Final = "/api/ops/chaos/leak"
_PAUSE: Final = 0.2
_INSISTENCE: Final = 15.0
"""Seconds, longer than it takes until leaked connections are reclaimed."""


def start_attack(
    kind: str,
    seconds: float = 60.0,
    probability: float = 1.0,
    delay: float | None = None,
    configuration: Configuration | None = None,
) -> object:
    """Attack every vendor's orders at the factory. It ends by itself after `seconds`, should nobody stop it."""
    plan = {"kind": kind, "for": seconds, "probability": probability} | ({} if delay is None else {"delay": delay})
    return msgspec.to_builtins(attacks.call(named(configuration), "POST", AttackCard, plan))


def stop_attacks(configuration: Configuration | None = None) -> int:
    """How many attacks on the factory were under way."""
    loaded = named(configuration)
    return _insist(lambda: attacks.call(loaded, "DELETE", Stopped)).stopped


def start_leak(seconds: float = 60.0, probability: float = 0.5, configuration: Configuration | None = None) -> object:
    """Let orders forget to return their database connections."""
    plan = {"seconds": seconds, "probability": probability}
    leak = as_operator(configuration, lambda operator: operator.ask("PUT", LEAK, LeakView, plan))
    return msgspec.to_builtins(leak)


def stop_leak(configuration: Configuration | None = None) -> object:
    named(configuration)
    leak = _insist(lambda: as_operator(configuration, lambda operator: operator.ask("DELETE", LEAK, LeakView)))
    return msgspec.to_builtins(leak)


def kill_postgres(configuration: Configuration | None = None) -> int:
    """Kill the embedded PostgreSQL of the data directory with SIGKILL, and return the process id that it had."""
    cluster = embedded.running(named(configuration).data_home)
    pid = live_pid(cluster.pgdata) if cluster else None
    if pid is None:
        raise Unavailable(
            "no embedded PostgreSQL runs in the data directory: set JWT_PIZZA_DATA_DIR as the shop has it"
        )
    os.kill(pid, signal.SIGKILL)
    return pid


def _insist(stop: Callable[[], Result]) -> Result:
    """A system under attack may refuse for a while, as when every connection is leaked; an attack must end all the
    same."""
    ends_at = time.monotonic() + _INSISTENCE
    while True:
        try:
            return stop()
        except Refusal:
            if time.monotonic() >= ends_at:
                raise
        time.sleep(_PAUSE)
