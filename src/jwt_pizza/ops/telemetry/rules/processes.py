"""Processes, their database connections, their periodic work, and the pager itself."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from jwt_pizza.kernel.vitals import Holding
from jwt_pizza.ops.telemetry.fleet import Process, View
from jwt_pizza.ops.telemetry.model import Action, Finding, Rule, Thresholds

_LOST: Final = 1.0
"""Seconds without a database after which it is not a hiccup."""
_FULL: Final = 0.9
_LAG: Final = 0.5
_PAGER_LATE: Final = 10.0
_LEAK: Final[tuple[Action, ...]] = ("reclaim-connections", "stop-chaos")
_WORK_PERIODS: Final = 3.0
_WORK_GRACE: Final = 15.0


def database_down(view: View) -> Iterator[Finding]:
    lost = [process for process in view.live if (process.last.vitals.database.unreachable or 0.0) >= _LOST]
    if lost:
        seconds = max(process.last.vitals.database.unreachable or 0.0 for process in lost)
        yield Finding(
            severity="critical",
            summary=f"PostgreSQL is unreachable from {len(lost)} of {len(view.live)} processes ({_services(lost)}) for "
            f"{seconds:.0f} s: {lost[0].last.vitals.database.error}",
            service="database",
        )


def process_silent(view: View) -> Iterator[Finding]:
    """Each that is missing, unless another one of its service has come since."""
    for service, gone in groupby(sorted(view.silent, key=_service), key=_service):
        live = [process for process in view.live if process.last.service == service]
        lost = list(gone)
        seconds = view.now - min(process.seen_at for process in lost)
        names = ", ".join(process.last.process.rpartition(":")[0] for process in lost[:3])
        yield Finding(
            severity="warning" if live else "critical",
            summary=f"{len(lost)} of {len(lost) + len(live)} {service} processes said nothing for {seconds:.0f} s "
            f"({names})",
            service=service,
        )


def pool_near_exhaustion(view: View) -> Iterator[Finding]:
    for service, processes in _by_service(view.live):
        worst = [
            pool
            for process in processes
            if (pool := process.last.vitals.pool) and (pool.used >= _FULL * pool.limit or pool.waiting)
        ]
        if worst:
            used, limit = sum(pool.used for pool in worst), sum(pool.limit for pool in worst)
            waiting, timeouts = sum(pool.waiting for pool in worst), sum(pool.timeouts for pool in worst)
            yield Finding(
                severity="critical" if service == "shop" else "warning",
                summary=f"{used} of {limit} database connections of {service} are in use in {len(worst)} processes, "
                f"{waiting} requests wait, {timeouts} went without",
                service=service,
            )


def connections_leaking(view: View) -> Iterator[Finding]:
    """One finding a line of code."""
    leaked = [
        (lease.line, process.last.service, lease)
        for process in view.live
        for lease in process.last.vitals.leases
        if lease.state == "leaked"
    ]
    leaked.sort(key=lambda each: each[:2])
    for (line, service), each in groupby(leaked, key=lambda entry: entry[:2]):
        leases: Sequence[Holding] = [entry[2] for entry in each]
        pools = [
            pool for process in view.live if process.last.service == service and (pool := process.last.vitals.pool)
        ]
        yield Finding(
            severity="critical" if len(leases) > 1 else "warning",
            summary=f"{len(leases)} database connections leaked at {line} ({leases[0].owner}), the longest held for "
            f"{max(lease.seconds for lease in leases):.0f} s; {sum(pool.used for pool in pools)} of "
            f"{sum(pool.limit for pool in pools)} are in use",
            service=service,
            labels={"line": line},
        )


def pager_delayed(view: View) -> Iterator[Finding]:
    if view.fleet.pager >= _PAGER_LATE:
        yield Finding(
            severity="critical",
            summary=f"the pager is late: what is due longest waits for {view.fleet.pager:.0f} s",
            service="ops",
        )


def work_dead(view: View) -> Iterator[Finding]:
    """Periodic work that succeeds in no process of its service any more."""
    for service, processes in _by_service(view.live):
        idle: dict[str, tuple[float, float, int]] = {}
        for process in processes:
            for work in process.last.vitals.works:
                best = idle.get(work.name)
                if best is None or work.idle < best[0]:
                    idle[work.name] = (work.idle, work.every, work.failures)
        for name, (seconds, every, failures) in idle.items():
            if seconds > max(_WORK_PERIODS * every, every + _WORK_GRACE):
                yield Finding(
                    severity="warning",
                    summary=f"“{name}” of {service} should succeed every {every:g} s and did not for {seconds:.0f} s "
                    f"({failures} failures in a row)",
                    service=service,
                    labels={"work": name},
                )


def loop_lagging(view: View) -> Iterator[Finding]:
    for service, processes in _by_service(view.live):
        lags = [machine.loop_lag for process in processes if (machine := process.last.vitals.machine)]
        late = [lag for lag in lags if lag >= _LAG]
        if late:
            yield Finding(
                severity="warning",
                summary=f"the event loop of {len(late)} of {len(lags)} {service} processes is late by up to "
                f"{max(late):.1f} s",
                service=service,
            )


def rules(thresholds: Thresholds) -> Sequence[Rule]:
    def memory_high(view: View) -> Iterator[Finding]:
        for service, processes in _by_service(view.live):
            sizes = [machine.memory for process in processes if (machine := process.last.vitals.machine)]
            large = [size for size in sizes if size >= thresholds.memory]
            if large:
                yield Finding(
                    severity="warning",
                    summary=f"{len(large)} of {len(sizes)} {service} processes hold more than "
                    f"{thresholds.memory >> 20} MB, up to {max(large) >> 20} MB",
                    service=service,
                )

    return (
        Rule(name="database-down", look=database_down, chart="connections", keep=3.0),
        Rule(name="process-silent", look=process_silent, chart="processes", keep=2.0),
        Rule(
            name="pool-near-exhaustion",
            look=pool_near_exhaustion,
            chart="connections",
            after=2.0,
            keep=15.0,
            actions=_LEAK,
        ),
        Rule(name="connections-leaking", look=connections_leaking, chart="connections", keep=30.0, actions=_LEAK),
        Rule(name="pager-delayed", look=pager_delayed, chart="oncall", keep=10.0),
        Rule(name="work-dead", look=work_dead, chart="processes", keep=10.0),
        Rule(name="memory-high", look=memory_high, chart="processes", after=10.0, keep=60.0),
        Rule(name="loop-lagging", look=loop_lagging, chart="processes", after=5.0, keep=30.0),
    )


def _service(process: Process) -> str:
    return process.last.service


def _by_service(processes: Iterable[Process]) -> Iterable[tuple[str, Sequence[Process]]]:
    return [(service, list(of)) for service, of in groupby(sorted(processes, key=_service), key=_service)]


def _services(processes: Iterable[Process]) -> str:
    return ", ".join(sorted({process.last.service for process in processes}))
