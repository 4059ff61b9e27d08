"""The factory under every attack, and the shop that keeps selling: policy factory, load beside each attack."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from jwt_pizza.bench import load, storm, system
from jwt_pizza.bench.diners import Diner
from jwt_pizza.bench.load import Asked
from jwt_pizza.factory.chaos.model import KINDS
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.traffic.guests import Guests, client
from jwt_pizza.traffic.outcomes import Outcomes

RATE: Final = 200
"""Orders a second under attack, beside them the rest of the guests' mix."""
LEAK: Final = "leak"
Figures = dict[str, float]


def under_attack(running: system.System, *, seconds: float) -> dict[str, Figures]:
    """For each kind what the guests' orders came to; first without an attack, to compare with."""
    found = {"attack none": _one(running, None, seconds)}
    for kind in (*KINDS, LEAK):
        found[f"attack {kind}"] = _one(running, kind, seconds)
    return found


def throughput(running: system.System, diners: Sequence[Diner], *, seconds: float) -> float:
    """Orders a second at 64 connections."""
    asked = [Asked(diner.token, storm.ORDER) for diner in diners]
    load.run("POST", f"{running.shop}/api/order", asked, connections=64, seconds=3)
    return load.run("POST", f"{running.shop}/api/order", asked, connections=64, seconds=seconds).per_s


def _one(running: system.System, kind: str | None, seconds: float) -> Figures:
    outcomes = Outcomes()
    if kind is not None:
        _command(running, "chaos", "start", kind, *(("--probability", "0.5") if kind == LEAK else ()))
    try:
        asyncio.run(_guests(running.shop, outcomes, seconds))
    finally:
        if kind is not None:
            _command(running, "chaos", "stop")
    orders = outcomes.kinds["orders"]
    sound = _command(running, "ledger", "check").startswith("the ledger is sound")
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


def _command(running: system.System, *words: str) -> str:
    environment = os.environ | {"JWT_PIZZA_URL": running.shop, "JWT_PIZZA_DATA_DIR": str(running.cluster.data_dir)}
    environment.pop("DATABASE_URL", None)
    argv = [sys.executable, "-m", "jwt_pizza", *words]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and words[0] != "ledger":
        raise Refusal(f"jwt-pizza {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
