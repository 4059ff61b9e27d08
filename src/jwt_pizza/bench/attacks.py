"""The factory under every attack, and the shop that keeps selling: policy factory, load beside each attack."""

import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from jwt_pizza.bench import diners, load, storm, system
from jwt_pizza.bench.load import Asked
from jwt_pizza.factory.chaos.model import KINDS
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.traffic.guests import Guests, client
from jwt_pizza.traffic.outcomes import Outcomes

RATE: Final = 200
"""Orders a second under attack, beside them the rest of the guests' mix."""
LEAK: Final = "leak"
_TURNS: Final = 5
Figures = dict[str, float]


def under_attack(running: system.System, *, seconds: float) -> dict[str, Figures]:
    """For each kind what the guests' orders came to; first without an attack, to compare with."""
    found = {"attack none": _one(running, None, seconds)}
    for kind in (*KINDS, LEAK):
        found[f"attack {kind}"] = _one(running, kind, seconds)
    return found


def against_in_house(plain: system.System, remote: system.System, *, seconds: float) -> Figures:
    """Orders a second at 64 connections on two systems side by side, one under load at a time and each in turn: what
    else the machine does then meets both. The share is the median of those of the turns."""
    loads = [_orders(running) for running in (plain, remote)]
    for load_it in loads:
        load_it(3)
    turns = [[load_it(seconds / _TURNS) for load_it in loads] for _ in range(_TURNS)]
    shares = sorted(far / near for near, far in turns)
    return {
        "per_s": round(statistics.median(far for _, far in turns), 1),
        "in_house_per_s": round(statistics.median(near for near, _ in turns), 1),
        "share_of_in_house": round(statistics.median(shares), 3),
        "least_share": round(shares[0], 3),
        "greatest_share": round(shares[-1], 3),
    }


def _orders(running: system.System) -> Callable[[float], float]:
    guests = asyncio.run(diners.invite(running.database_url, diners=32, pizzas=0))
    asked = [Asked(diner.token, storm.ORDER) for diner in guests.diners]

    def orders(seconds: float) -> float:
        return load.run("POST", f"{running.shop}/api/order", asked, connections=64, seconds=max(2, seconds)).per_s

    return orders


def _one(running: system.System, kind: str | None, seconds: float) -> Figures:
    outcomes = Outcomes()
    if kind is not None:
        command(running, "chaos", "start", kind, *(("--probability", "0.5") if kind == LEAK else ()))
    try:
        asyncio.run(_guests(running.shop, outcomes, seconds))
    finally:
        if kind is not None:
            command(running, "chaos", "stop")
    orders = outcomes.kinds["orders"]
    sound = command(running, "ledger", "check").startswith("the ledger is sound")
    return {
        "per_s": round(orders.placed / seconds, 1),
        "p50_ms": round(orders.percentile(0.5), 2),
        "p99_ms": round(orders.percentile(0.99), 2),
        "max_ms": round(max(orders.times), 1),
        "failed": orders.failed,
        "ledger_sound": float(sound),
    }


async def _guests(shop: str, outcomes: Outcomes, seconds: float) -> None:
    guests = Guests(shop, outcomes)
    async with client() as session:
        await guests.arrive(session)
        await guests.come(session, rate=RATE, seconds=seconds)


def command(running: system.System, *words: str) -> str:
    environment = os.environ | {"JWT_PIZZA_URL": running.shop, "JWT_PIZZA_DATA_DIR": str(running.cluster.data_dir)}
    environment.pop("DATABASE_URL", None)
    argv = [sys.executable, "-m", "jwt_pizza", *words]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and words[0] != "ledger":
        raise Refusal(f"jwt-pizza {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
