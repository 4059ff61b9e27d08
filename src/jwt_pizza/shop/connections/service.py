"""Say what this process holds, show what all hold, and let connections leak."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from jwt_pizza.kernel.clock import Clock, iso
from jwt_pizza.kernel.errors import Forbidden, Invalid, NotFound, TooMany
from jwt_pizza.kernel.vitals import Holding, Notes, Unnoted, Vitals
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.audit.model import Entry, Verb
from jwt_pizza.shop.connections.model import (
    FRESH,
    LONGEST_LEAK,
    Backend,
    Forgetter,
    HeldLease,
    LeakPlan,
    Leaks,
    LeakView,
    OnReclaimed,
    Overview,
    Process,
    ProcessView,
    Recalled,
    Recalls,
    Snapshot,
    Snapshots,
    Throttle,
)

_GUESSES: Final = 10
_GUESS_WINDOW: Final = 300.0


class Reporter:
    """Writes down what this process says about itself."""

    def __init__(self, process: Process, look: Callable[[], Vitals], snapshots: Snapshots, clock: Clock) -> None:
        self._process = process
        self._look = look
        self._snapshots = snapshots
        self._clock = clock

    async def report(self) -> None:
        now = self._clock.now()
        await self._snapshots.write(self._process, now, self._look(), forget_before=now - timedelta(seconds=FRESH))


class ConnectionDesk:
    def __init__(self, snapshots: Snapshots, clock: Clock) -> None:
        self._snapshots = snapshots
        self._clock = clock

    async def show(self, caller: Caller) -> Overview:
        """Every process's leases beside PostgreSQL's own view; for administrators and engineers."""
        _operators_only(caller)
        now = self._clock.now()
        snapshots = await self._snapshots.read(now - timedelta(seconds=FRESH))
        backends, most = await self._snapshots.backends()
        ages = {snapshot.process.id: (now - snapshot.at).total_seconds() for snapshot in snapshots}
        states: dict[str, int] = {}
        for backend in backends.values():
            states[backend.state] = states.get(backend.state, 0) + 1
        return Overview(
            newest_seconds=round(min(ages.values()), 3) if ages else None,
            processes=[_view(snapshot, ages[snapshot.process.id], backends) for snapshot in snapshots],
            backends=states,
            most_backends=most,
        )


class Recall:
    """Takes leaked connections back at once, in every process, in place of when their time is up."""

    def __init__(self, recalls: Recalls, snapshots: Snapshots, clock: Clock, take_back: Callable[[], object]) -> None:
        """`take_back` has this process take back what it has leaked."""
        self._recalls = recalls
        self._snapshots = snapshots
        self._clock = clock
        self._take_back = take_back
        self._number: int | None = None

    async def recall(self, caller: Caller) -> Recalled:
        _operators_only(caller)
        now = self._clock.now()
        snapshots = await self._snapshots.read(now - timedelta(seconds=FRESH))
        await self._recalls.recall(by=caller.actor, at=now)
        leaked = [lease for each in snapshots for lease in each.vitals.leases if lease.state == "leaked"]
        return Recalled(leaked=len(leaked))

    async def refresh(self) -> None:
        number = await self._recalls.number()
        if self._number is not None and number > self._number:
            self._take_back()
        self._number = number


class Leak:
    """The attack `leak`: the defect behind the incident, on demand. It is remembered between two looks at the
    database, so that an order pays nothing for asking; processes follow each other within `refresh`'s period."""

    def __init__(
        self,
        leaks: Leaks,
        forgetter: Forgetter,
        throttle: Throttle,
        clock: Clock,
        dice: Callable[[], float],
        notes: Notes = Unnoted(),  # noqa: B008 - has no state
    ) -> None:
        """`dice` gives numbers in [0, 1)."""
        self._leaks = leaks
        self._forgetter = forgetter
        self._throttle = throttle
        self._clock = clock
        self._dice = dice
        self._notes = notes
        self._plan: LeakPlan | None = None

    async def forget(self, order_id: int, on_reclaimed: OnReclaimed | None = None) -> bool:
        """Under attack, perhaps takes a database connection and keeps it. Whether it did; never fails an order."""
        plan = self._plan
        if plan is None or plan.ends_at <= self._clock.now() or self._dice() >= plan.probability:
            return False
        return await self._forgetter.keep(order_id, on_reclaimed)

    async def refresh(self) -> None:
        self._plan = await self._leaks.current(self._clock.now())

    async def start(self, caller: Caller, *, probability: float, seconds: float) -> LeakView:
        _operators_only(caller)
        if not 0 < probability <= 1:
            raise Invalid("probability must be more than 0 and at most 1")
        if not 0 < seconds <= LONGEST_LEAK:
            raise Invalid(f"seconds must be more than 0 and at most {LONGEST_LEAK:.0f}")
        now = self._clock.now()
        plan = LeakPlan(probability, secrets.token_urlsafe(16), now, now + timedelta(seconds=seconds))
        await self._leaks.start(plan, _entry(caller, now, "started"))
        self._plan = plan
        self._notes.note("chaos.started", kind="leak", probability=probability, ends_at=iso(plan.ends_at))
        return _attack(plan)

    async def status(self, caller: Caller) -> LeakView:
        _operators_only(caller)
        await self.refresh()
        return _attack(self._plan)

    async def stop(self, caller: Caller) -> LeakView:
        """Harmless when there is none."""
        _operators_only(caller)
        now = self._clock.now()
        if await self._leaks.end(now, "stopped", entry=_entry(caller, now, "ended")):
            self._notes.note("chaos.stopped", kind="leak", how="stopped")
        self._plan = None
        return _attack(None)

    async def fix(self, fix_code: str, address: str) -> None:
        """Ends the attack for whoever knows its code. `address` is the client's: wrong codes are counted by it."""
        now = self._clock.now()
        subject = (f"leak:{address}",)
        ((failures, ends_at),) = await self._throttle.failures(subject, now)
        if failures >= _GUESSES:
            wait = max(1, ceil((ends_at - now).total_seconds()))
            raise TooMany("too many wrong codes, please try again later", retry_after=wait)
        if not await self._leaks.end(now, "fixed", fix_code):
            await self._throttle.charge(subject, now, now + timedelta(seconds=_GUESS_WINDOW))
            raise NotFound("no leak with this code is under way")
        self._notes.note("chaos.stopped", kind="leak", how="fixed")
        self._plan = None


def _entry(caller: Caller, at: datetime, verb: Verb) -> Entry:
    # Who acts through ops has no account here.
    return Entry(caller.user.id, at, verb, "the attack leak", f"by {caller.at_ops}" if caller.at_ops else "")


def _operators_only(caller: Caller) -> None:
    if not caller.user.operates:
        raise Forbidden


def _attack(plan: LeakPlan | None) -> LeakView:
    if plan is None:
        return LeakView(kind="leak", on=False)
    return LeakView(
        kind="leak",
        on=True,
        probability=plan.probability,
        starts_at=iso(plan.starts_at),
        ends_at=iso(plan.ends_at),
        fix_code=plan.fix_code,
    )


def _view(snapshot: Snapshot, age: float, backends: Mapping[int, Backend]) -> ProcessView:
    vitals = snapshot.vitals
    return ProcessView(
        process=snapshot.process.id,
        name=snapshot.process.name,
        seen_seconds_ago=round(age, 3),
        pool=vitals.pool,
        clients=vitals.clients,
        leases=tuple(_held(holding, snapshot, age, backends) for holding in vitals.leases),
        ovens=vitals.ovens,
    )


def _held(holding: Holding, snapshot: Snapshot, age: float, backends: Mapping[int, Backend]) -> HeldLease:
    return HeldLease(
        owner=holding.owner,
        trace=holding.trace,
        line=holding.line,
        since=iso(snapshot.at - timedelta(seconds=holding.seconds)),
        seconds=round(holding.seconds + age, 3),
        state=holding.state,
        order_id=holding.order_id,
        backend=None if holding.backend is None else backends.get(holding.backend),
    )
