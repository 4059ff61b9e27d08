"""What the log says about an incident, as figures. Every sentence of the report is made from these."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from jwt_pizza.ops.events import model as facts
from jwt_pizza.ops.events import of_incidents as incidents
from jwt_pizza.ops.events.fact import Fact
from jwt_pizza.ops.events.model import Happening, Recorded
from jwt_pizza.ops.incidents.model import Impact
from jwt_pizza.ops.reports.model import Material

Found = TypeVar("Found")

_ENDINGS: Final = frozenset({"chaos.stopped", "report.followed"})
_LEAKS_RULE: Final = "connections-leaking"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was handed to its provider. `number`: the how manieth to this person by this channel."""

    at: datetime
    person_id: int | None
    channel: str
    number: int


class Attack(msgspec.Struct, frozen=True, kw_only=True):
    """`how` it ended: fixed (by its report link), stopped, or None while nothing is known of it."""

    kind: str | None
    seen_at: datetime
    ended_at: datetime | None = None
    how: str | None = None


class Deed(msgspec.Struct, frozen=True):
    """What somebody did; `by` is an actor."""

    at: datetime
    by: str


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """A line of code that took connections and did not give them back; `seconds`: the longest."""

    line: str
    owner: str
    first_at: datetime
    connections: int
    seconds: float


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Times are None where the log has nothing of it. `over_at`: when the harm had ended; None while it goes on."""

    failed_at: datetime | None
    over_at: datetime | None
    alert: Recorded | None
    pages: tuple[Page, ...]
    acknowledged: Deed | None
    resolved: Deed | None
    confirmed: Deed | None
    link: Deed | None
    attack: Attack | None
    leaks: tuple[Leak, ...]
    leaks_told: bool
    """Whether an alert told of connections that leak."""
    answer: str
    """What the shop answered to a failed order, or what somebody kept of it."""
    factory_answer: str
    """What the factory had answered, as an action of the runbook saw it."""
    stood_in: bool
    outcomes: frozenset[str]
    """Of the orders that began to fail: charged, voided, failed."""
    impact: Impact | None

    @property
    def started_at(self) -> datetime | None:
        return self.failed_at

    @property
    def late_pages(self) -> tuple[Page, ...]:
        """Sent after the harm had ended."""
        return tuple(page for page in self.pages if self.over_at is not None and page.at > self.over_at)


def find(material: Material) -> Findings:
    events = sorted(material.timeline, key=lambda event: (event.at, event.id))
    impact = material.incident.impact
    failing = list(_happened(events, "orders.failing"))
    failures = [event.at for event, _ in failing]
    if impact is not None:
        failures.extend(at for at in (impact.first_failed_at, impact.last_failed_at) if at is not None)
    return Findings(
        failed_at=min(failures, default=None),
        over_at=_over(material, events, max(failures, default=None)),
        alert=next((event for event in events if isinstance(event.fact, facts.AlertFired)), None),
        pages=tuple(_pages(events)),
        acknowledged=_first(events, facts.GroupAcknowledged, incidents.IncidentAcknowledged),
        resolved=_last(events, facts.GroupResolved, incidents.IncidentResolved),
        confirmed=_last(events, incidents.Confirmed),
        link=_link(events),
        attack=_attack(events) if _of_services(events, failures) else None,
        leaks=tuple(_leaks(events)),
        leaks_told=any(isinstance(event.fact, facts.AlertFired) and event.fact.rule == _LEAKS_RULE for event in events),
        answer=_answer(events),
        factory_answer=next(
            (
                event.fact.evidence
                for event in events
                if isinstance(event.fact, incidents.ActionRun) and event.fact.evidence
            ),
            "",
        ),
        stood_in=any(True for _ in _happened(events, "stand-in.began")),
        outcomes=frozenset(fact.about["outcome"] for _, fact in failing if fact.about.get("outcome")),
        impact=impact,
    )


def minutes_between(since: datetime, until: datetime) -> int:
    """Of the times as they are written, in hours and minutes: a reader takes the difference."""
    minute = timedelta(minutes=1)
    whole = until.replace(second=0, microsecond=0) - since.replace(second=0, microsecond=0)
    return max(1, whole // minute)


def _over(material: Material, events: Sequence[Recorded], last_failed: datetime | None) -> datetime | None:
    """What is known to have ended it, the earliest after the last failure; otherwise that failure, once it is over."""
    incident = material.incident
    ends = [event.at for event in events if isinstance(event.fact, Happening) and event.fact.what in _ENDINGS]
    ends.extend(event.at for event in events if isinstance(event.fact, incidents.IncidentMitigated))
    ends.extend(event.at for event in events if isinstance(event.fact, incidents.ActionRun) and event.fact.good)
    if incident.mitigated_at is not None:
        ends.append(incident.mitigated_at)
    later = [at for at in ends if last_failed is None or at >= last_failed]
    if later:
        return min(later)
    if incident.mitigated_at is None and incident.resolved_at is None:
        return None
    return last_failed or incident.mitigated_at or incident.resolved_at


def _pages(events: Sequence[Recorded]) -> Iterator[Page]:
    counts: dict[tuple[int | None, str], int] = {}
    for event in events:
        if isinstance(event.fact, facts.PageSent):
            key = (event.fact.person_id, event.fact.channel)
            counts[key] = counts.get(key, 0) + 1
            yield Page(at=event.at, person_id=key[0], channel=key[1], number=counts[key])


def _of_services(events: Sequence[Recorded], failures: Sequence[datetime]) -> bool:
    """Whether it is about orders or our services at all: a backup that was missed meanwhile has another cause."""
    sources = {event.fact.source for event in events if isinstance(event.fact, facts.AlertFired)}
    return bool(failures) or sources != {"heartbeat"}


def _attack(events: Sequence[Recorded]) -> Attack | None:
    """The one that did the harm, by its marks: when it was begun, when it struck, how it ended."""
    kind: str | None = None
    seen: datetime | None = None
    ended: datetime | None = None
    how: str | None = None
    for event in events:
        fact = event.fact
        if not isinstance(fact, Happening):
            continue
        if fact.what in {"chaos.started", "chaos.struck"}:
            seen = seen or event.at
            kind = kind or fact.about.get("kind")
        elif fact.what == "chaos.stopped":
            seen = seen or event.at
            kind = kind or fact.about.get("kind")
            ended, how = event.at, fact.about.get("how", "stopped")
    return None if seen is None else Attack(kind=kind, seen_at=seen, ended_at=ended, how=how)


def _link(events: Sequence[Recorded]) -> Deed | None:
    """Who followed the report link of a failing answer. An action of the runbook knows who; the shop and the factory
    know only that somebody did."""
    known = [
        Deed(event.at, event.actor)
        for event in events
        if isinstance(event.fact, incidents.ActionRun) and "report" in event.fact.action and event.fact.good
    ]
    told = [Deed(event.at, event.actor) for event, _ in _happened(events, "report.followed")]
    fixed = [Deed(event.at, event.actor) for event, fact in _happened(events, "chaos.stopped") if _fixed(fact)]
    return next(iter([*known, *told, *fixed]), None)


def _fixed(fact: Happening) -> bool:
    return fact.about.get("how") == "fixed"


def _leaks(events: Sequence[Recorded]) -> Iterator[Leak]:
    lines: dict[str, Leak] = {}
    for event, fact in _happened(events, "lease.leaked"):
        line = fact.about.get("line", "a line that is not known")
        seconds = _number(fact.about.get("seconds", ""))
        known = lines.get(line)
        lines[line] = Leak(
            line=line,
            owner=fact.about.get("owner", ""),
            first_at=known.first_at if known else event.at,
            connections=known.connections + 1 if known else 1,
            seconds=max(known.seconds, seconds) if known else seconds,
        )
    yield from lines.values()


def _answer(events: Sequence[Recorded]) -> str:
    noted = (fact.about["answer"] for _, fact in _happened(events, "orders.failing") if "answer" in fact.about)
    pasted = (
        event.fact.content
        for event in events
        if isinstance(event.fact, incidents.ArtefactPasted) and "message" in event.fact.content
    )
    return next(noted, None) or next(pasted, "")


def _happened(events: Sequence[Recorded], what: str) -> Iterator[tuple[Recorded, Happening]]:
    for event in events:
        if isinstance(event.fact, Happening) and event.fact.what == what:
            yield event, event.fact


def _first(events: Sequence[Recorded], *kinds: type[Fact]) -> Deed | None:
    return next((Deed(event.at, event.actor) for event in events if isinstance(event.fact, kinds)), None)


def _last(events: Sequence[Recorded], *kinds: type[Fact]) -> Deed | None:
    return next((Deed(event.at, event.actor) for event in reversed(events) if isinstance(event.fact, kinds)), None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
