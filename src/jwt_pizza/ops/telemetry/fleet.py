"""What all processes said lately, as differences of counters. Pure: the time, monotonic seconds of ops, is passed in.

The processes' own clocks are never compared with it: they may be wrong, and may be set.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from jwt_pizza.kernel.vitals import Counts, Snapshot

SILENT: Final = 4.0
"""Seconds without a word after which a process counts as silent."""
_NEWBORN: Final = 10.0
"""Seconds of uptime up to which all that a process has counted is taken to be news."""
_FINE, _COARSE = 0.4, 5.0
"""Seconds between samples: of the last minute, and of the last ten."""
_FORGOTTEN: Final = 900.0
REMEMBERED: Final = 600.0
"""Seconds of which one can draw a chart."""
_MINUTE: Final = 60.0
HISTORY: Final = 180
"""Minutes."""

Count = Callable[[Counts], int]


class Gauges(msgspec.Struct, frozen=True):
    """What is not counted but measured, over all processes: database connections in use, requests that wait for one,
    the worst lag of an event loop and of the pager in seconds, and memory in bytes."""

    used: int = 0
    limit: int = 0
    waiting: int = 0
    lag: float = 0.0
    pager: float = 0.0
    memory: int = 0


class Process:
    """One process: what it said last, and samples of its counters."""

    def __init__(self, snapshot: Snapshot, now: float) -> None:
        self.last = snapshot
        self.first_seen_at = self.seen_at = now
        self.newborn = snapshot.uptime <= _NEWBORN
        self.stopped = self.replaced = self.replaces = False
        self._fine: deque[tuple[float, Counts]] = deque(maxlen=160)
        self._coarse: deque[tuple[float, Counts]] = deque(maxlen=130)
        if self.newborn:
            # Born just now, with nothing counted.
            self._fine.append((now - snapshot.uptime, Counts()))
            self._coarse.append((now - snapshot.uptime, Counts()))
        self._sample(now)

    @property
    def counts(self) -> Counts:
        return self.last.vitals.counts

    def says(self, snapshot: Snapshot, now: float) -> None:
        self.last, self.seen_at = snapshot, now
        self.stopped = snapshot.stopping
        self._sample(now)

    def before(self, moment: float) -> Counts:
        """The counters as they were then, or as they were first seen."""
        for samples in (self._fine, self._coarse):
            at = bisect_right(samples, moment, key=lambda sample: sample[0])
            if at:
                return samples[at - 1][1]
        return self._coarse[0][1]

    def _sample(self, now: float) -> None:
        for samples, pause in ((self._fine, _FINE), (self._coarse, _COARSE)):
            if not samples or now - samples[-1][0] >= pause:
                samples.append((now, self.counts))


class Fleet:
    """All processes. `pager`: by how much the pager is late."""

    def __init__(self) -> None:
        self.processes: dict[str, Process] = {}
        self.failed_at = self.delivered_at = self.charged_at = float("-inf")
        self.began_at: float | None = None
        self.pager = 0.0
        self._orders: deque[tuple[int, int]] = deque(maxlen=HISTORY)
        self._gauges: deque[tuple[float, Gauges]] = deque(maxlen=int(REMEMBERED / _COARSE) + 2)

    def take(self, snapshot: Snapshot, now: float, *, heard: bool = True) -> bool:
        """Whether it tells of failed orders that were not known. One that is older than what is known is left out.

        Not `heard`, but read from what another process of ops was told, perhaps long ago: whoever says nothing more
        may have stopped before anybody here listened, and is not taken for silent.
        """
        if self.began_at is None:
            self.began_at = now
        known = self.processes.get(snapshot.process)
        if known is not None and snapshot.number <= known.last.number:
            return False
        if known is None:
            process = self.processes[snapshot.process] = Process(snapshot, now)
            process.stopped = not heard
            before = Counts() if process.newborn else process.counts
        else:
            before = known.counts
            known.says(snapshot, now)
        return self._note(before, snapshot.vitals.counts, now)

    def excuse(self, seconds: float) -> None:
        """Ops itself was away for so long: nobody else was silent."""
        for process in self.processes.values():
            process.seen_at += seconds

    def view(self, now: float) -> "View":
        for process in [each for each in self.processes.values() if now - each.seen_at > _FORGOTTEN]:
            del self.processes[process.last.process]
        made = View(self, now)
        self._replace(made)
        if not self._gauges or now - self._gauges[-1][0] >= _COARSE:
            self._gauges.append((now, made.gauges()))
        return made

    def gauges(self, moment: float) -> Gauges | None:
        """As they were then; None for when nobody looked."""
        at = bisect_right(self._gauges, moment, key=lambda sample: sample[0])
        if not at or moment - self._gauges[at - 1][0] > 2 * _COARSE:
            return None
        return self._gauges[at - 1][1]

    def minutes(self, now: float, length: int) -> Sequence[int]:
        """Orders, delivered or not, in each of so many minutes before this one, the oldest first."""
        this = int(now // _MINUTE)
        counts = dict(self._orders)
        return [counts.get(minute, 0) for minute in range(this - length, this)]

    def _replace(self, view: "View") -> None:
        """Each silent process is matched with one of its service that has come since: its worker was started anew."""
        for process in view.silent:
            follower = next(
                (
                    other
                    for other in view.live
                    if other.last.service == process.last.service
                    and other.first_seen_at > process.seen_at
                    and not other.replaces
                ),
                None,
            )
            if follower is not None:
                process.replaced = follower.replaces = True
        view.silent = [process for process in view.silent if not process.replaced]

    def _note(self, before: Counts, after: Counts, now: float) -> bool:
        failed, placed = grown(failures, before, after), grown(orders, before, after)
        if placed:
            minute = int(now // _MINUTE)
            if self._orders and self._orders[-1][0] == minute:
                placed += self._orders.pop()[1]
            self._orders.append((minute, placed))
        if grown(delivered, before, after):
            self.delivered_at = now
        if failed:
            # After: if both were told at once, nobody knows yet that it is over.
            self.failed_at = now + 1e-6
        if grown(charged, before, after):
            self.charged_at = now
        return failed > 0


class View:
    """The fleet at one moment."""

    def __init__(self, fleet: Fleet, now: float) -> None:
        self.fleet = fleet
        self.now = now
        here = [process for process in fleet.processes.values() if not process.stopped]
        self.live = [process for process in here if now - process.seen_at <= SILENT]
        self.silent = [process for process in here if now - process.seen_at > SILENT and not process.replaced]

    def count(self, what: Count, seconds: float, processes: Iterable[Process] | None = None) -> int:
        """By how much it grew within the last seconds, over all processes, or these."""
        since = self.now - seconds
        chosen = self.fleet.processes.values() if processes is None else processes
        return sum(grown(what, process.before(since), process.counts) for process in chosen)

    def series(self, what: Count, pause: float) -> Sequence[int]:
        """By how much it grew in each piece of so many seconds of the time that is remembered, the oldest first."""
        moments = [self.now - REMEMBERED + pause * number for number in range(round(REMEMBERED / pause) + 1)]
        total = [0] * (len(moments) - 1)
        for process in self.fleet.processes.values():
            counts = [*(process.before(moment) for moment in moments[:-1]), process.counts]
            for number, (before, after) in enumerate(pairwise(counts)):
                total[number] += grown(what, before, after)
        return total

    def gauges(self) -> Gauges:
        pools = [process.last.vitals.pool for process in self.live]
        machines = [process.last.vitals.machine for process in self.live]
        return Gauges(
            used=sum(pool.used for pool in pools if pool),
            limit=sum(pool.limit for pool in pools if pool),
            waiting=sum(pool.waiting for pool in pools if pool),
            lag=max((machine.loop_lag for machine in machines if machine), default=0.0),
            pager=self.fleet.pager,
            memory=sum(machine.memory for machine in machines if machine),
        )

    def by(self, what: Callable[[Counts], Mapping[str, int]], seconds: float) -> Mapping[str, int]:
        """By how much each of these grew, those that did, the most first."""
        since = self.now - seconds
        total: dict[str, int] = {}
        for process in self.fleet.processes.values():
            before, after = what(process.before(since)), what(process.counts)
            for name, count in after.items():
                total[name] = total.get(name, 0) + _difference(before.get(name, 0), count)
        found = sorted(((count, name) for name, count in total.items() if count), reverse=True)
        return {name: count for count, name in found}

    def buckets(self, what: Callable[[Counts], Sequence[int]], seconds: float) -> Sequence[int]:
        """By how much each bucket of a histogram grew."""
        since = self.now - seconds
        together: list[int] = []
        for process in self.fleet.processes.values():
            before, after = what(process.before(since)), what(process.counts)
            for number, count in enumerate(after):
                if number == len(together):
                    together.append(0)
                together[number] += _difference(before[number] if number < len(before) else 0, count)
        return together


def orders(counts: Counts) -> int:
    """All that came to an outcome; a hold that expired was placed by a process that died."""
    return sum(counts.orders.values())


def delivered(counts: Counts) -> int:
    return counts.orders.get("fulfilled", 0)


def failures(counts: Counts) -> int:
    return orders(counts) - delivered(counts)


def charged(counts: Counts) -> int:
    return counts.orders.get("charged", 0)


def grown(what: Count, before: Counts, after: Counts) -> int:
    return _difference(what(before), what(after))


def _difference(before: int, after: int) -> int:
    """A counter that became less has begun anew."""
    return after - before if after >= before else after
