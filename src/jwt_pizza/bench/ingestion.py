"""Alerts into ops as Prometheus sends them: one a post and a hundred a post, new ones and repeats of known ones."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from jwt_pizza.bench import load
from jwt_pizza.bench.load import Asked, Load

HUNDRED: Final = 100
_NAMES: Final = 50
"""Kinds of alerts, each a group."""
_MOST_SINGLE: Final = 12_000
_MOST_HUNDREDS: Final = 700
"""More posts a second than are expected: they are made before the measurement, and must not run out."""
_NEW_SECONDS: Final = 5.0


def figures(ops: str, token: str, *, connections: int, seconds: float) -> dict[str, float]:
    """`per_s` one-alert posts of new alerts; the others as they are named, in alerts a second."""
    numbers = iter(range(10**9))
    length = min(seconds, _NEW_SECONDS)
    single = _posts(numbers, int(_MOST_SINGLE * length), 1, token)
    new = _fresh(ops, single, connections, length)
    known = _checked(load.run("POST", f"{ops}/api/v2/alerts", single[:2000], connections=connections, seconds=seconds))
    hundreds = _posts(numbers, int(_MOST_HUNDREDS * length), HUNDRED, token)
    new_hundreds = _fresh(ops, hundreds, connections, length)
    known_hundreds = _checked(
        load.run("POST", f"{ops}/api/v2/alerts", hundreds[:200], connections=connections, seconds=seconds)
    )
    return {
        "per_s": round(new.per_s, 1),
        "p50_ms": round(new.p50_ms, 2),
        "p99_ms": round(new.p99_ms, 2),
        "repeats_per_s": round(known.per_s, 1),
        "new_in_hundreds_per_s": round(new_hundreds.per_s * HUNDRED, 1),
        "repeats_in_hundreds_per_s": round(known_hundreds.per_s * HUNDRED, 1),
        "hundreds_p99_ms": round(new_hundreds.p99_ms, 2),
    }


def _fresh(ops: str, posts: Sequence[Asked], connections: int, seconds: float) -> Load:
    measured = _checked(load.run("POST", f"{ops}/api/v2/alerts", posts, connections=connections, seconds=seconds))
    if measured.requests > len(posts):
        raise LookupError(f"{measured.requests} posts were sent and only {len(posts)} were different: not all were new")
    return measured


def _posts(numbers: Iterator[int], count: int, alerts: int, token: str) -> list[Asked]:
    run = f"{random.getrandbits(32):08x}"
    return [Asked(token, _body(run, [next(numbers) for _ in range(alerts)])) for _ in range(count)]


def _body(run: str, numbers: Sequence[int]) -> str:
    return msgspec.json.encode(
        [
            {
                "labels": {
                    "alertname": f"BenchAlert{number % _NAMES}",
                    "severity": "warning",
                    "job": "bench",
                    "instance": f"host-{run}-{number}:9100",
                },
                "annotations": {"summary": f"host-{number} is at 91 %", "runbook_url": "https://example.com/runbook"},
                "startsAt": "2025-04-08T15:25:00Z",
                "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
            }
            for number in numbers
        ]
    ).decode()


def _checked(measured: Load) -> Load:
    if measured.refused or measured.broken:
        raise LookupError(f"{measured.refused} posts were refused and {measured.broken} broke: nothing to compare")
    return measured
