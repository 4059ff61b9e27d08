"""What a drill came to, read out of the databases, the event log, the phone and the mailbox; nothing is assumed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from jwt_pizza.apps import drill
from jwt_pizza.drill.diners import Diners
from jwt_pizza.drill.responder import Done, Pages
from jwt_pizza.drill.stage import Stage
from jwt_pizza.kit.postgres import Postgres, Row
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.events import model as facts
from jwt_pizza.ops.events.fact import Fact
from jwt_pizza.ops.events.model import AnyFact, Event

SQL: Final = Queries(__package__)
_decode: Final = msgspec.json.Decoder(AnyFact).decode
_OVER: Final = frozenset({"report.followed", "chaos.stopped"})
Kind = TypeVar("Kind", bound=Fact)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Moments are the scenario's. `mitigated_at`: when what caused it was ended by somebody; `first_bad_call_at`: of
    the factory, also if the order was delivered by another oven. Seconds are the system's own."""

    orders_placed: int
    orders_delivered: int
    orders_failed: int
    orders_not_taken: int
    pizzas_not_delivered: int
    charged_not_delivered: int
    diners_affected: int
    impact_minutes: int
    first_bad_call_at: datetime | None
    first_failure_at: datetime | None
    last_failure_at: datetime | None
    alert_at: datetime | None
    alert_seconds: float | None
    """From the first bad call."""
    page_seconds: float | None
    """From the alert to the page that was handed to its provider."""
    first_page_at: datetime | None
    """When it reached the engineer."""
    pages_at: tuple[datetime, ...]
    engineer_started_at: datetime | None
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    confirmed_at: datetime | None
    pages_after_acknowledgement: int
    pages_after_resolution: int
    """After what caused it was ended."""
    refunded: int
    mailed: int
    """Different letters to diners that the mail server took."""
    mails: int
    """With those that came twice."""
    vouchers: int
    amends_seconds: float | None
    """From the resolution, or the incident's end, to the last letter."""
    leaks_named: int
    leaks_taken_back: int
    ledger_faults: int


class Measured(msgspec.Struct, frozen=True):
    figures: Figures
    events: tuple[Event, ...]
    done: tuple[Done, ...]
    report: str | None


async def measure(stage: Stage, diners: Diners, done: Sequence[Done], pages: Pages, postgres: Postgres) -> Measured:
    told = stage.told
    orders = await _row(postgres, "orders")
    remedies = await _row(postgres, "remedies")
    letters = {row["message_id"] for row in await postgres.fetch("drill.letters", SQL["letters"])}
    bad_call = await postgres.fetchval("drill.first_bad_call", SQL["first_bad_call"])
    events = tuple(
        Event(at=row["at"], fact=_decode(row["data"]), actor=row["actor"])
        for row in await postgres.fetch("drill.events", SQL["events"])
    )
    mails = [letter for letter in stage.mailbox.letters if letter.message_id.strip("<>").partition("@")[0] in letters]
    alert = _first(events, facts.AlertFired)
    acknowledged = _first(events, facts.GroupAcknowledged)
    resolved = _last(events, facts.GroupResolved)
    sent = next((event.at for event in _of(events, facts.PageSent) if alert and event.at >= alert), None)
    over = max((event.at for event in _happened(events)), default=None)
    trouble = min((moment for moment in (bad_call, orders["first_failed_at"]) if moment), default=None)
    page_moments = tuple(pages.moments())
    ended = [told(moment) for moment in (over,) if moment]
    said = {each.do: each.at for each in reversed(done)}
    given = [told(remedies["last_at"])] if remedies["last_at"] else []
    last_amends = max([*(mail.at for mail in mails), *given], default=None)
    started = told(resolved) if resolved else None
    figures = Figures(
        orders_placed=orders["placed"],
        orders_delivered=orders["fulfilled"],
        orders_failed=orders["failed"],
        orders_not_taken=diners.turned_away + sum(status != 200 for status in diners.answers),
        pizzas_not_delivered=orders["pizzas"],
        charged_not_delivered=orders["charged"],
        diners_affected=orders["diners"],
        impact_minutes=_minutes(
            _told(stage, orders["first_failed_at"]), _told(stage, over or orders["last_failed_at"])
        ),
        first_bad_call_at=_told(stage, bad_call),
        first_failure_at=_told(stage, orders["first_failed_at"]),
        last_failure_at=_told(stage, orders["last_failed_at"]),
        alert_at=_told(stage, alert),
        alert_seconds=_seconds(trouble, alert),
        page_seconds=_seconds(alert, sent),
        first_page_at=next(iter(page_moments), None),
        pages_at=page_moments,
        engineer_started_at=said.get("note"),
        acknowledged_at=_told(stage, acknowledged),
        mitigated_at=_told(stage, over),
        resolved_at=_told(stage, resolved),
        confirmed_at=said.get("confirm"),
        pages_after_acknowledgement=_after(page_moments, _told(stage, acknowledged)),
        pages_after_resolution=_after(page_moments, ended[0] if ended else None),
        refunded=remedies["refunds"],
        mailed=len({mail.message_id for mail in mails}),
        mails=len(mails),
        vouchers=remedies["vouchers"],
        amends_seconds=_seconds(started, last_amends, stage.speed),
        leaks_named=_count(events, "lease.leaked"),
        leaks_taken_back=_count(events, "lease.reclaimed"),
        ledger_faults=len(await drill.broken_books(postgres)),
    )
    return Measured(figures, events, tuple(done), await stage.report())


async def _row(postgres: Postgres, name: str) -> Row:
    row = await postgres.fetchrow(f"drill.{name}", SQL[name])
    if row is None:
        raise LookupError(name)
    return row


def _of(events: Sequence[Event], kind: type[Kind]) -> Iterator[Event]:
    return (event for event in events if isinstance(event.fact, kind))


def _first(events: Sequence[Event], kind: type[Kind]) -> datetime | None:
    return next((event.at for event in _of(events, kind)), None)


def _last(events: Sequence[Event], kind: type[Kind]) -> datetime | None:
    return max((event.at for event in _of(events, kind)), default=None)


def _happened(events: Sequence[Event]) -> Iterator[Event]:
    return (event for event in events if isinstance(event.fact, facts.Happening) and event.fact.what in _OVER)


def _count(events: Sequence[Event], what: str) -> int:
    return sum(isinstance(event.fact, facts.Happening) and event.fact.what == what for event in events)


def _told(stage: Stage, moment: datetime | None) -> datetime | None:
    return stage.told(moment) if moment is not None else None


def _seconds(since: datetime | None, until: datetime | None, speed: float = 1.0) -> float | None:
    return round((until - since).total_seconds() / speed, 3) if since and until else None


def _minutes(since: datetime | None, until: datetime | None) -> int:
    return round((until - since).total_seconds() / 60) if since and until else 0


def _after(moments: Sequence[datetime], moment: datetime | None) -> int:
    return sum(each > moment for each in moments) if moment is not None else 0
