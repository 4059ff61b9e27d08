"""Take in what processes say, and tell the alerts what is wrong."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal, Unavailable
from jwt_pizza.kernel.vitals import Receipt, Snapshot
from jwt_pizza.ops.alerts.model import Incoming, Intake, Severity
from jwt_pizza.ops.telemetry.fleet import Fleet
from jwt_pizza.ops.telemetry.model import Finding, Leadership, Pager, Rule, Snapshots, Standing

_REPEAT: Final = 30.0
"""Seconds after which an alert is told again: what nobody repeats counts as resolved some day."""
_AWAY: Final = 2.0
"""Seconds between two steps after which ops itself has been away."""
SOURCE: Final = "watch"
_SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")

Key = tuple[str, str, tuple[tuple[str, str], ...]]


class SnapshotDesk:
    """Snapshots come in here. The watch sees them first, then they are stored."""

    def __init__(self, fleet: Fleet, snapshots: Snapshots, clock: Clock, ring: Callable[[], None]) -> None:
        """`ring` is called when orders failed: the watch must not wait for its turn."""
        self._fleet = fleet
        self._snapshots = snapshots
        self._clock = clock
        self._ring = ring

    async def take(self, snapshot: Snapshot) -> Receipt:
        if self._fleet.take(snapshot, self._clock.monotonic()):
            self._ring()
        try:
            await self._snapshots.keep(snapshot)
        except Unavailable:
            return Receipt(stored=False)
        return Receipt(stored=True)


class _Case:
    """One finding over time."""

    def __init__(self, rule: Rule, finding: Finding, began: float, since: datetime) -> None:
        self.rule = rule
        self.finding = finding
        self.began = began
        self.seen_at = began
        self.since = since
        self.fires = False
        self.told: Incoming | None = None
        self.told_at = float("-inf")


class Watch:
    """Evaluates the rules. Of several processes one leads; the others look on, ready to take over."""

    def __init__(
        self,
        rules: Sequence[Rule],
        fleet: Fleet,
        snapshots: Snapshots,
        leadership: Leadership,
        intake: Intake,
        pager: Pager,
        links: Callable[[Rule], Mapping[str, str]],
        clock: Clock,
    ) -> None:
        """`links` gives the annotations that lead to a rule's runbook and chart."""
        self._rules = {rule.name: rule for rule in rules}
        self._fleet = fleet
        self._snapshots = snapshots
        self._leadership = leadership
        self._intake = intake
        self._pager = pager
        self._links = links
        self._clock = clock
        self._cases: dict[Key, _Case] = {}
        self._over: list[Incoming] = []
        self._written: Sequence[Standing] = ()
        self._stepped_at: float | None = None
        self.leads = False

    @property
    def firing(self) -> Sequence[tuple[Rule, Finding]]:
        return [(case.rule, case.finding) for case in self._cases.values() if case.fires]

    async def step(self) -> None:
        """One evaluation. Raises Unavailable when the alerts could not be told: they are next time."""
        now = self._clock.monotonic()
        if self._stepped_at is not None and now - self._stepped_at > _AWAY:
            self._fleet.excuse(now - self._stepped_at)
        self._stepped_at = now
        try:
            await self._lead(now)
            await self._learn(now)
        except Unavailable:
            # Without a database nobody can say who leads, and all know only what they were told themselves.
            pass
        self._evaluate(now)
        if self.leads:
            await self._write()
            await self._tell(now)

    async def _lead(self, now: float) -> None:
        standing = await self._leadership.lead()
        if standing is None:
            self.leads = False
        elif not self.leads:
            self.leads = True
            self._over.clear()
            self._take_over(standing, now)

    def _take_over(self, standing: Sequence[Standing], now: float) -> None:
        """What the former leader has told is told again, or resolved in its time."""
        for case in self._cases.values():
            case.told, case.told_at = None, float("-inf")
        for each in standing:
            rule = self._rules.get(each.rule)
            if rule is None:
                continue
            key = _key(rule, each.finding)
            since = datetime.fromtimestamp(each.since, UTC)
            known = self._cases.setdefault(key, _Case(rule, each.finding, now, since))
            known.since, known.fires = since, True
        self._written = tuple(standing)

    async def _learn(self, now: float) -> None:
        """What came in through other processes of ops, and how late the pager is."""
        for snapshot in await self._snapshots.read():
            self._fleet.take(snapshot, now, heard=False)
        self._fleet.pager = await self._pager.overdue()

    def _evaluate(self, now: float) -> None:
        view = self._fleet.view(now)
        found: dict[Key, tuple[Rule, Finding]] = {
            _key(rule, finding): (rule, finding) for rule in self._rules.values() for finding in rule.look(view)
        }
        for key, (rule, finding) in found.items():
            case = self._cases.get(key)
            if case is None:
                case = self._cases[key] = _Case(rule, finding, now, self._clock.now())
            case.finding, case.seen_at = _as_severe(finding, case.finding), now
            case.fires |= now - case.began >= rule.after
        for key, case in list(self._cases.items()):
            gone = key not in found
            if gone and (not case.fires or now - case.seen_at >= case.rule.keep):
                del self._cases[key]
                if case.told is not None:
                    self._over.append(msgspec.structs.replace(case.told, ends_at=self._clock.now()))

    async def _write(self) -> None:
        standing = tuple(
            Standing(rule=case.rule.name, finding=case.finding, since=case.since.timestamp())
            for case in self._cases.values()
            if case.fires
        )
        if _names(standing) != _names(self._written):
            try:
                await self._leadership.write(standing)
            except Refusal:
                return
            self._written = standing

    async def _tell(self, now: float) -> None:
        telling: list[tuple[_Case, Incoming]] = []
        changed: list[Incoming] = []
        for case in self._cases.values():
            if not case.fires:
                continue
            alert = self._alert(case)
            before = case.told
            if before is not None and before.labels == alert.labels and now - case.told_at < _REPEAT:
                continue
            if before is not None and before.labels != alert.labels:
                changed.append(msgspec.structs.replace(before, ends_at=self._clock.now()))
            telling.append((case, alert))
        over = [*changed, *self._over]
        if telling or over:
            # What begins goes first: a group must not be resolved between the two.
            await self._intake.take((*(alert for _, alert in telling), *over))
        self._over.clear()
        for case, alert in telling:
            case.told, case.told_at = alert, now

    def _alert(self, case: _Case) -> Incoming:
        finding = case.finding
        return Incoming(
            source=SOURCE,
            labels={
                "alertname": case.rule.name,
                "severity": finding.severity,
                "service": finding.service,
                **finding.labels,
            },
            annotations={"summary": finding.summary, **self._links(case.rule)},
            starts_at=case.since,
        )


def _as_severe(finding: Finding, before: Finding) -> Finding:
    """What fires becomes worse, never better: a change of severity is another alert to everybody."""
    if _SEVERITIES.index(finding.severity) >= _SEVERITIES.index(before.severity):
        return finding
    return msgspec.structs.replace(finding, severity=before.severity)


def _key(rule: Rule, finding: Finding) -> Key:
    return rule.name, finding.service, tuple(sorted(finding.labels.items()))


def _names(standing: Iterable[Standing]) -> set[Key]:
    return {(each.rule, each.finding.service, tuple(sorted(each.finding.labels.items()))) for each in standing}
