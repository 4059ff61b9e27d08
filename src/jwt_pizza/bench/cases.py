"""What is measured, and how."""

import concurrent.futures
import time
from collections.abc import Callable
from typing import Final

import msgspec
from argon2 import PasswordHasher

from jwt_pizza.bench import ingestion, limit, load, storm
from jwt_pizza.bench.diners import Guests
from jwt_pizza.bench.load import Asked
from jwt_pizza.bench.system import System

CONNECTIONS: Final = 64
Figures = dict[str, float]


class Bench(msgspec.Struct, frozen=True):
    """`seconds` of each measurement."""

    system: System
    guests: Guests
    seconds: float


def orders(bench: Bench) -> Figures:
    asked = [Asked(diner.token, storm.ORDER) for diner in bench.guests.diners]
    url = f"{bench.system.shop}/api/order"
    load.run("POST", url, asked, connections=CONNECTIONS, seconds=3)
    before = limit.orders_per_second(bench.system.cluster, bench.guests.diners[0], seconds=bench.seconds / 2)
    measured = load.run("POST", url, asked, connections=CONNECTIONS, seconds=bench.seconds)
    after = limit.orders_per_second(bench.system.cluster, bench.guests.diners[0], seconds=bench.seconds / 2, again=True)
    best = max(before, after)
    return {**_figures(measured), "pgbench_per_s": round(best, 1), "ratio": round(measured.per_s / best, 3)}


def menu(bench: Bench) -> Figures:
    return _get(bench, "/api/order/menu", [Asked()])


def history(bench: Bench) -> Figures:
    """Ten orders a page; every diner placed more."""
    return _get(bench, "/api/order", [Asked(diner.token) for diner in bench.guests.diners])


def franchises(bench: Bench) -> Figures:
    return _get(bench, "/api/franchise?page=0&limit=10&name=*", [Asked()])


def verify(bench: Bench) -> Figures:
    asked = [Asked(body=f'{{"jwt":"{jwt}"}}') for jwt in bench.guests.pizzas]
    url = f"{bench.system.shop}/factory/api/order/verify"
    return _figures(load.run("POST", url, asked, connections=CONNECTIONS, seconds=bench.seconds))


def login(bench: Bench) -> Figures:
    """Against as many bare hashes as the machine does on two threads."""
    measured = load.run(
        "PUT", f"{bench.system.shop}/api/auth", [Asked(body=storm.LOGIN)], connections=16, seconds=bench.seconds
    )
    hashes = _hashes_per_second(threads=2, seconds=3)
    return {**_figures(measured), "hashes_per_s": round(hashes, 1), "ratio": round(measured.per_s / hashes, 3)}


def login_storm(bench: Bench) -> Figures:
    return storm.orders_beside_logins(bench.system.shop, bench.guests.diners, rate=500, seconds=bench.seconds)


def alerts(bench: Bench) -> Figures:
    return ingestion.figures(bench.system.ops, bench.system.ops_token, connections=CONNECTIONS, seconds=bench.seconds)


CASES: Final[dict[str, Callable[[Bench], Figures]]] = {
    "orders": orders,
    "menu": menu,
    "history": history,
    "franchises": franchises,
    "verify": verify,
    "login": login,
    "login-storm": login_storm,
    "alerts": alerts,
}


def _get(bench: Bench, path: str, asked: list[Asked]) -> Figures:
    url = bench.system.shop + path
    return _figures(load.run("GET", url, asked, connections=CONNECTIONS, seconds=bench.seconds))


def _figures(measured: load.Load) -> Figures:
    if measured.refused or measured.broken:
        raise LookupError(f"{measured.refused} requests were refused and {measured.broken} broke: nothing to compare")
    return {
        "per_s": round(measured.per_s, 1),
        "p50_ms": round(measured.p50_ms, 2),
        "p99_ms": round(measured.p99_ms, 2),
    }


def _hashes_per_second(*, threads: int, seconds: float) -> float:
    hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    hashed = hasher.hash("diner")
    end = time.monotonic() + seconds

    def work() -> int:
        done = 0
        while time.monotonic() < end:
            hasher.verify(hashed, "diner")
            done += 1
        return done

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda _: work(), range(threads))) / seconds
