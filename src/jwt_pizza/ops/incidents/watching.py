"""What is done again and again about incidents, in PostgreSQL."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.events import journal
from jwt_pizza.ops.events.model import SYSTEM, AnyFact, Event
from jwt_pizza.ops.events.of_incidents import (
    AmendsApproved,
    AmendsFinished,
    AmendsPlanned,
    AmendsStarted,
    ImpactMeasured,
    SeverityAssessed,
)
from jwt_pizza.ops.incidents.model import OF_ALERT, Amends, Declaration, Impact, Incident, Moved, RuleSeen, Severity
from jwt_pizza.ops.incidents.rows import SQL
from jwt_pizza.ops.incidents.writing import declared, found, linked, taken_up, told

JOINS: Final = timedelta(minutes=30)
"""A severe group joins an incident that was mitigated no longer ago."""
_DECLARED: Final = timedelta(days=1)
_MOST: Final = 100
_LONGEST_TITLE: Final = 200
_TELL_EVERY: Final = timedelta(minutes=1)
"""While an incident lasts its figures are told so often at the most."""
_RANK: Final[dict[Severity, int]] = {"minor": 0, "major": 1, "critical": 2}
_encode: Final = msgspec.json.Encoder().encode


class PostgresWatching:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def adopt(self, severities: Sequence[str], at: datetime) -> int:
        async with self._postgres.lease("incidents.adopt") as connection, connection.transaction():
            rows = await connection.fetch(SQL["severe"], list(severities), at - _DECLARED, _MOST)
            # Read again under the lock: another process may have declared between the two.
            if not rows or not await connection.fetchval(SQL["one_at_a_time"]):
                return 0
            rows = await connection.fetch(SQL["severe"], list(severities), at - _DECLARED, _MOST)
            incident_id = await connection.fetchval(SQL["joinable"], at - JOINS)
            for row in rows:
                if incident_id is not None:
                    await linked(connection, incident_id, row["id"], by=SYSTEM, at=at)
                    continue
                declaration = Declaration(
                    title=_title(row["title"]),
                    severity=OF_ALERT[row["severity"]],
                    started_at=row["began_at"],
                    group_id=row["id"],
                    by_hand=False,
                )
                incident_id = (await declared(connection, declaration, by=SYSTEM, at=at)).id
            return len(rows)

    async def moved(self) -> Sequence[Moved]:
        rows = await self._postgres.fetch("incidents.moved", SQL["moved"])
        return [
            Moved(
                incident_id=row["id"],
                acknowledged_by=row["acknowledged_by"] if row["acknowledge"] else None,
                acknowledged_at=row["acknowledged_at"] if row["acknowledge"] else None,
                resolved_by=row["resolved_by"] if row["resolve"] else None,
                resolved_at=row["resolved_at"] if row["resolve"] else None,
            )
            for row in rows
        ]

    async def claim(self, at: datetime, *, again: timedelta, take: int) -> Sequence[int]:
        return [row["id"] for row in await self._postgres.fetch("incidents.claim", SQL["claim"], at, again, take)]

    async def look_again(self, incident_id: int, at: datetime | None) -> None:
        await self._postgres.execute("incidents.look_at", SQL["look_at"], incident_id, at)

    async def measure(self, incident_id: int, impact: Impact, *, at: datetime) -> Incident:
        async with self._postgres.lease("incidents.measure") as connection, connection.transaction():
            incident = await taken_up(connection, incident_id)
            told_at: datetime | None = await connection.fetchval(SQL["told_at"], incident_id)
            changed = msgspec.structs.replace(
                incident,
                impact=impact,
                started_at=impact.first_failed_at or incident.started_at,
                severity=_severity(incident, impact),
            )
            if changed.severity != incident.severity:
                because = f"{impact.diners_affected} of {impact.diners_tried} diners affected, as measured"
                fact = SeverityAssessed(severity=changed.severity, because=because)
                await told(connection, incident_id, fact, SYSTEM, at)
            if _worth_telling(incident, impact, told_at, at):
                told_at = at
                await told(connection, incident_id, _measured(incident, impact), SYSTEM, at)
            text = _encode(impact).decode()
            await connection.execute(
                SQL["measure"], incident_id, text, at, told_at, changed.started_at, changed.severity
            )
            return await found(connection, incident_id)

    async def rules(self, incident_id: int) -> Sequence[RuleSeen]:
        rows = await self._postgres.fetch("incidents.rules", SQL["alerts"], incident_id)
        return [RuleSeen(row["rule"], row["firing"], row["runbook"] or "", row["last_at"]) for row in rows]

    async def disturbed(self, rules: Sequence[str], since: datetime, until: datetime) -> Sequence[str]:
        rows = await self._postgres.fetch("incidents.disturbed", SQL["disturbed"], since, until, list(rules))
        return [row["rule"] for row in rows]

    async def tell_amends(self, incident_id: int, amends: Amends, *, by: str, at: datetime) -> Incident:
        async with self._postgres.lease("incidents.tell_amends") as connection, connection.transaction():
            incident = await taken_up(connection, incident_id)
            if incident.amends != amends:
                await connection.execute(SQL["set_amends"], incident_id, _encode(amends).decode())
                await journal.append(connection, list(_news(incident, amends, by, at)))
            return await found(connection, incident_id)

    async def begin_run(self, incident_id: int, action: str, at: datetime) -> bool:
        begun = await self._postgres.fetchval("incidents.begin_run", SQL["begin_run"], incident_id, action, at)
        return begun is not None


def _title(alert: str) -> str:
    """Whoever sends alerts writes their titles: one visible line of it."""
    return "".join(each if each.isprintable() else " " for each in alert)[:_LONGEST_TITLE].strip() or "An alert fires"


def _severity(incident: Incident, impact: Impact) -> Severity:
    """What is measured counts, unless somebody said so by hand; while the harm lasts it only grows."""
    measured = impact.severity
    if measured is None or incident.severity_by_hand:
        return incident.severity
    if incident.mitigated_at is None and _RANK[measured] < _RANK[incident.severity]:
        return incident.severity
    return measured


def _worth_telling(incident: Incident, impact: Impact, told_at: datetime | None, at: datetime) -> bool:
    before = incident.impact.harm() if incident.impact else (0, 0, 0, 0)
    if told_at is None:
        return any(impact.harm())
    lasts = incident.mitigated_at is None
    if lasts and at - told_at < _TELL_EVERY:
        # What is told later is the whole.
        return False
    return before != impact.harm() or (lasts and impact.last_failed_at is not None and impact.last_failed_at > told_at)


def _measured(incident: Incident, impact: Impact) -> ImpactMeasured:
    return ImpactMeasured(
        diners=impact.diners_affected,
        orders=impact.orders_failed,
        pizzas=impact.pizzas_not_delivered,
        charged=impact.orders_charged,
        satoshis=impact.satoshis_charged,
        late=incident.resolved_at is not None,
    )


def _news(incident: Incident, plan: Amends, by: str, at: datetime) -> Iterator[Event]:
    """Each with a key of what it tells, so that it is told once, whoever sees it first."""

    def event(name: str, fact: AnyFact, actor: str, moment: datetime) -> Event:
        key = f"amends:{incident.id}:{name}"
        return Event(at=moment, fact=fact, actor=actor, incident_id=incident.id, key=key)

    planned = AmendsPlanned(
        diners=plan.diners, orders=plan.orders, refund=plan.refund, needs_approval=plan.needs_approval
    )
    planner = plan.planned_by.removeprefix("ops:") if incident.amends is None else by
    moment = plan.planned_at if incident.amends is None else at
    yield event(f"planned:{plan.diners}:{plan.orders}:{plan.refund}", planned, planner, moment)
    if plan.approved_at is not None:
        approver = (plan.approved_by or "").removeprefix("ops:")
        approved = AmendsApproved(diners=plan.diners, refund=plan.refund)
        yield event(f"approved:{plan.approved_at.isoformat()}", approved, approver, plan.approved_at)
    if plan.started_at is not None:
        starter = by if incident.amends is None or incident.amends.started_at is None else SYSTEM
        started = AmendsStarted(diners=plan.diners)
        yield event(f"started:{plan.started_at.isoformat()}", started, starter, plan.started_at)
    if plan.finished_at is not None and plan.over:
        finished = AmendsFinished(
            diners=plan.done,
            refunds=plan.refunds,
            refunded=plan.refunded,
            vouchers=plan.vouchers,
            letters=plan.letters_sent,
            letters_failed=plan.letters_failed,
        )
        yield event(f"finished:{plan.finished_at.isoformat()}:{plan.letters_sent}", finished, SYSTEM, at)
