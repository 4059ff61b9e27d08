"""What the counters of all processes say about each part of the shop. Pure.

Counters grow as long as their process lives: what was counted since the last look is a difference, and a look that is
missed loses nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from jwt_pizza.kernel.vitals import Counts, Snapshot

State = Literal["operational", "degraded", "down"]
Part = Literal["menu", "sign-in", "orders", "payments", "factory"]

PARTS: Final[Mapping[Part, str]] = {
    "menu": "Website and menu",
    "sign-in": "Sign-in",
    "orders": "Orders",
    "payments": "Payments",
    "factory": "Pizza factory",
}
WINDOW: Final = 5
"""Minutes that the present state is read from."""
_NEWBORN: Final = 600.0
"""Seconds of uptime up to which all that an unknown process has counted is taken to be news."""
_MOST_DOWN: Final = 0.5
_LEAST_BAD: Final = 3
_TOLERATED: Final[Mapping[Part, float]] = {
    "menu": 0.01,
    "sign-in": 0.01,
    "orders": 0.01,
    "payments": 0.0,
    "factory": 0.05,
}


class Tally(msgspec.Struct, frozen=True):
    """Requests, by how they went."""

    good: int = 0
    bad: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.good + other.good, self.bad + other.bad)

    def since(self, before: "Tally") -> "Tally":
        return Tally(max(0, self.good - before.good), max(0, self.bad - before.bad))

    @property
    def all(self) -> int:
        return self.good + self.bad


Totals = Mapping[str, Tally]


def totals(snapshot: Snapshot) -> Totals:
    """Of one process since it started."""
    counts = snapshot.vitals.counts
    answered = sum(counts.requests.get(kind, 0) for kind in ("2xx", "3xx", "4xx"))
    broken = counts.requests.get("5xx", 0)
    if snapshot.service == "factory":
        return {"factory": Tally(answered, broken)}
    if snapshot.service != "shop":
        return {}
    failed = _orders(counts, "voided", "charged", "failed")
    delivered, charged = _orders(counts, "fulfilled"), _orders(counts, "charged")
    refused = counts.logins.get("unavailable", 0)
    good_bakes = counts.bakes.get("good", 0)
    return {
        # A failed order answers 5xx, too, and is no fault of the website.
        "menu": Tally(answered, max(0, broken - failed)),
        # A wrong password is an answer; that there was no room to check it is none.
        "sign-in": Tally(sum(counts.logins.values()) - refused, refused),
        "orders": Tally(delivered, failed + _orders(counts, "expired")),
        # Right is also money that was given back.
        "payments": Tally(delivered + _orders(counts, "voided"), charged),
        "factory": Tally(good_bakes, sum(counts.bakes.values()) - good_bakes),
    }


def grown(snapshots: Sequence[Snapshot], known: Mapping[str, Totals]) -> tuple[Totals, Mapping[str, Totals]]:
    """What was counted since the last look, by part, and the counters to be known by next time, by process."""
    grew: dict[str, Tally] = {}
    now: dict[str, Totals] = {}
    for snapshot in snapshots:
        found = totals(snapshot)
        if not found:
            continue
        now[snapshot.process] = found
        before = known.get(snapshot.process)
        if before is None:
            if snapshot.uptime > _NEWBORN:
                # It counts since long ago, and nobody knows how much of that is counted already.
                continue
            before = {}
        for part, tally in found.items():
            grew[part] = grew.get(part, Tally()) + tally.since(before.get(part, Tally()))
    return {part: tally for part, tally in grew.items() if tally.all}, now


def states(recent: Totals, *, away: frozenset[str]) -> Mapping[Part, State]:
    """Of what was counted lately. `away`: parts that do not answer at all."""
    return {part: "down" if part in away else _state(part, recent.get(part, Tally())) for part in PARTS}


def away(components: Mapping[str, str]) -> frozenset[str]:
    """Which parts do not answer, by what the probes of the deployables say."""
    found: set[str] = set()
    if components.get("shop") == "down":
        found.update(("menu", "sign-in", "orders", "payments"))
    if components.get("factory") == "down":
        found.add("factory")
    return frozenset(found)


def minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _state(part: Part, tally: Tally) -> State:
    share = tally.bad / tally.all if tally.all else 0.0
    if tally.bad >= _LEAST_BAD and share >= _MOST_DOWN:
        return "down"
    return "degraded" if share > _TOLERATED[part] else "operational"


def _orders(counts: Counts, *outcomes: str) -> int:
    return sum(counts.orders.get(outcome, 0) for outcome in outcomes)
