"""Looks at the leases of one pool again and again: names the forgotten ones, takes them back, counts everything."""

import asyncio

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.vitals import Notes, Unnoted
from jwt_pizza.kit import metrics
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.postgres import Lease, Postgres

EVERY = 0.25
"""Seconds between two looks."""
_CALLBACK_SECONDS = 5.0


class LeaseWatch:
    """A lease held for longer than `leak_after` seconds is reported once, with the stack that took it; longer than
    `reclaim_after`, its connection is broken off and whatever depends on it is told. A lease with an allowance is past
    the first threshold when its allowance is over."""

    def __init__(
        self,
        postgres: Postgres,
        clock: Clock,
        log: Log,
        *,
        leak_after: float,
        reclaim_after: float,
        notes: Notes = Unnoted(),  # noqa: B008 - has no state
    ) -> None:
        self._postgres = postgres
        self._clock = clock
        self._log = log
        self._notes = notes
        self._leak_after = leak_after
        self._reclaim_after = max(reclaim_after, leak_after)
        name = postgres.name
        self._states = {state: metrics.CONNECTIONS.labels(name, state) for state in ("used", "idle")}
        self._pending = metrics.CONNECTIONS_PENDING.labels(name)
        self._counters = {
            "timeouts": metrics.CONNECTION_TIMEOUTS.labels(name),
            "leaked": metrics.CONNECTIONS_LEAKED.labels(name),
            "reclaimed": metrics.CONNECTIONS_RECLAIMED.labels(name),
        }
        self._counted = dict.fromkeys(self._counters, 0)
        self._durations = (
            (postgres.waits, metrics.CONNECTION_WAIT.labels(name)),
            (postgres.uses, metrics.CONNECTION_USE.labels(name)),
            (postgres.creations, metrics.CONNECTION_CREATE.labels(name)),
        )
        metrics.CONNECTIONS_MAX.labels(name).set(postgres.size)

    async def look(self) -> None:
        now = self._clock.monotonic()
        for lease in list(self._postgres.leases):
            held = now - lease.acquired_at
            patience = max(self._leak_after, lease.allowance)
            if lease.state == "held" and held > patience:
                self._report(lease, held)
            overdue = held > patience + self._reclaim_after - self._leak_after
            if lease.state == "leaked" and (overdue or lease.recalled):
                await self._reclaim(lease, held)
        self._count()

    def _report(self, lease: Lease, held: float) -> None:
        lease.state = "leaked"
        lease.on_returned = self._returned
        self._postgres.leaked += 1
        self._log.warning("database connection leaked", **_about(lease, held), stack=lease.stack)
        self._notes.note("lease.leaked", pool=self._postgres.name, **_about(lease, held))

    async def _reclaim(self, lease: Lease, held: float) -> None:
        lease.reclaim()
        self._postgres.reclaimed += 1
        self._log.warning("database connection reclaimed", **_about(lease, held))
        self._notes.note("lease.reclaimed", pool=self._postgres.name, **_about(lease, held))
        if lease.on_reclaimed is None:
            return
        try:
            async with asyncio.timeout(_CALLBACK_SECONDS):
                await lease.on_reclaimed()
        except Exception as error:  # noqa: BLE001 - the other leases are looked at all the same
            self._log.error("what follows a reclaimed connection failed", error, **_about(lease, held))

    def _returned(self, lease: Lease) -> None:
        held = self._clock.monotonic() - lease.acquired_at
        self._log.info("database connection returned after all", **_about(lease, held))
        self._notes.note("lease.returned", pool=self._postgres.name, **_about(lease, held))

    def _count(self) -> None:
        state = self._postgres.state()
        self._states["used"].set(state.used)
        self._states["idle"].set(state.idle)
        self._pending.set(state.waiting)
        for name, counter in self._counters.items():
            total: int = getattr(state, name)
            counter.inc(total - self._counted[name])
            self._counted[name] = total
        for durations, histogram in self._durations:
            histogram.tally(*durations.take())


def _about(lease: Lease, held: float) -> dict[str, object]:
    """Under `taken_by` the request that took it: the line itself is written by the watch, which serves none."""
    about: dict[str, object] = {"owner": lease.owner, "line": lease.line, "seconds": round(held, 2)}
    if lease.order_id is not None:
        about["order"] = lease.order_id
    if lease.trace:
        about["taken_by"] = lease.trace
    return about
