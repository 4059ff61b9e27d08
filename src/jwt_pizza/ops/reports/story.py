"""The timeline of a report: what happened, each thing once, by roles."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from jwt_pizza.ops.events import model as facts
from jwt_pizza.ops.events import of_incidents as incidents
from jwt_pizza.ops.events.model import Happening, Recorded
from jwt_pizza.ops.events.telling import sentence
from jwt_pizza.ops.reports.document import Line, Span, line
from jwt_pizza.ops.reports.findings import Findings
from jwt_pizza.ops.reports.roles import Cast
from jwt_pizza.ops.reports.wording import exact, started, times

_NOISE: Final = (
    facts.GroupOpened,
    facts.PageQueued,
    facts.PageDelivered,
    facts.PageVoided,
    facts.StepTaken,
    facts.LinkOpened,
    facts.Changed,
    facts.Refused,
    incidents.IncidentRenamed,
    incidents.ImpactMeasured,
    incidents.ArtefactPasted,
    incidents.FollowUpAdded,
    incidents.FollowUpClosed,
    incidents.IncidentReviewed,
    incidents.IncidentMitigated,
    incidents.GroupLinked,
    incidents.GroupUnlinked,
    incidents.IncidentTookIn,
)
"""Nothing that a reader of the report asks for: it stays on the timeline of the console."""
_PUBLIC: Final = "the status page"
_QUIET: Final = frozenset({"lease.returned", "process.started", "process.stopping"})
_WITH_ALERTS: Final = (incidents.IncidentAcknowledged, incidents.IncidentResolved)
_BY_CHANNEL: Final = {"sms": "texted", "email": "mailed"}
_FIRST, _IN_TIME, _AFTER = 0, 1, 2


def lines(events: Sequence[Recorded], findings: Findings, cast: Cast, *, public: bool) -> tuple[Line, ...]:
    told: list[tuple[datetime, int, str]] = []
    if findings.failed_at is not None:
        told.append((findings.failed_at, _FIRST, "The first user had an issue ordering pizzas."))
        if findings.over_at is not None:
            told.append((findings.over_at, _AFTER, "Users stopped having issues ordering pizzas."))
    seen: set[str] = set()
    pages: dict[tuple[int | None, str], int] = {}
    for event in sorted(events, key=lambda each: (each.at, each.id)):
        text = "".join(_page(event, pages, cast)) or _told(event, findings, cast, seen, public=public)
        if text:
            told.append((event.at, _IN_TIME, text))
    told.sort(key=lambda each: each[:2])
    first_day = told[0][0].astimezone(UTC).date() if told else None
    return tuple(
        line(Span(_moment(at, same_day=at.astimezone(UTC).date() == first_day), "emphasis"), " - ", text)
        for at, _, text in told
    )


def _page(event: Recorded, pages: dict[tuple[int | None, str], int], cast: Cast) -> Iterator[str]:
    fact = event.fact
    if isinstance(fact, facts.PageSent):
        key = (fact.person_id, fact.channel)
        pages[key] = pages.get(key, 0) + 1
        how = _BY_CHANNEL.get(fact.channel, f"notified by {fact.channel}")
        yield started(f"{cast.naming(fact.person_id)} was {how}{times(pages[key])}")


def _told(event: Recorded, findings: Findings, cast: Cast, seen: set[str], *, public: bool) -> str:
    fact = event.fact
    if isinstance(fact, facts.Changed) and fact.what == _PUBLIC:
        return f"Customers were told ({cast.masked(fact.change.partition(':')[0], public=True)})."
    if isinstance(fact, _NOISE) or (isinstance(fact, _WITH_ALERTS) and fact.via == "alerts"):
        return ""
    if isinstance(fact, Happening):
        return _happening(event, fact, findings, cast, seen, public=public)
    if public:
        return _publicly(event, cast)
    if isinstance(fact, incidents.Noted):
        return started(cast.masked(fact.text, public=False))
    if isinstance(fact, incidents.Confirmed):
        return started(f"{cast.by(event.actor)} confirmed: {cast.masked(fact.text, public=False)}")
    return started(cast.masked(sentence(fact, event.actor, cast.naming), public=False))


def _publicly(event: Recorded, cast: Cast) -> str:
    """In our own words alone: what people and other systems wrote may hold anything."""
    fact = event.fact
    who = cast.by(event.actor)
    match fact:
        case facts.AlertFired():
            return "An alert fired."
        case facts.GroupAcknowledged():
            return started(f"{who} acknowledged the alert")
        case incidents.IncidentAcknowledged():
            return started(f"{who} acknowledged the incident")
        case facts.GroupResolved():
            return "The alert was resolved."
        case incidents.IncidentResolved():
            return "The incident was resolved."
        case incidents.Confirmed():
            return started(f"{who} confirmed that nobody is affected any more")
        case incidents.AmendsFinished():
            return "Everybody who was affected had been given what they were promised."
    return ""


def _happening(
    event: Recorded, fact: Happening, findings: Findings, cast: Cast, seen: set[str], *, public: bool
) -> str:
    about = fact.about
    match fact.what:
        case "orders.failing":
            first = findings.failed_at is None or event.at <= findings.failed_at or "failing" not in seen
            seen.add("failing")
            return "" if first else "Orders failed again."
        case "chaos.struck":
            return _once("struck", seen, "The factory's answers showed a chaos attack.")
        case "chaos.started":
            kind = f" of the kind {cast.masked(about['kind'], public=True)}" if about.get("kind") else ""
            return f"A chaos attack{kind} began."
        case "chaos.stopped":
            how = "its report link was followed" if about.get("how") == "fixed" else "it was stopped"
            return f"The chaos attack ended: {how}."
        case "report.followed":
            return "The report link of a failing answer was followed."
        case "lease.leaked":
            where = "" if public else f", taken at {about.get('line', 'a line that is not known')}"
            return _once(f"leak {about.get('line')}", seen, f"A database connection leaked{where}.")
        case "lease.reclaimed":
            return _once("reclaimed", seen, "A leaked database connection was taken back.")
        case what if what in _QUIET:
            return ""
    told = sentence(fact, event.actor, cast.naming)
    return told.partition(" (")[0] + "." if public else started(cast.masked(told, public=False))


def _once(key: str, seen: set[str], text: str) -> str:
    if key in seen:
        return ""
    seen.add(key)
    return text


def _moment(at: datetime, *, same_day: bool) -> str:
    return exact(at) if same_day else f"{at.astimezone(UTC):%Y-%m-%d} {exact(at)}"
