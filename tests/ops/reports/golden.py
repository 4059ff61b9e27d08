"""The incident of 8 April 2025 as a log would have it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from jwt_pizza.kernel.wire import StoreImpact
from jwt_pizza.ops.events import model as facts
from jwt_pizza.ops.events import of_incidents as incidents
from jwt_pizza.ops.events.fact import Fact
from jwt_pizza.ops.events.model import Happening, Recorded
from jwt_pizza.ops.incidents.model import Amends, Impact, Incident
from jwt_pizza.ops.incidents.remote import Minute
from jwt_pizza.ops.reports.model import Material

EVAN, BOSS = 3, 4
NAMES = {EVAN: "Evan Smith", BOSS: "Ada"}
ANSWER = (
    '{"message":"Failed to fulfill order at factory","reportPizzaCreationErrorToPizzaFactoryUrl":'
    '"https://factory.example/api/report?apiKey=0123456789abcdef&fixCode=deadbeef"}'
)

EVIDENCE = '{"status":500,"message":"chaos monkey","reportUrl":"https://factory.example/api/report?apiKey=…cdef&fixCode=…beef"}'


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2025-04-08T{clock}").replace(tzinfo=UTC)


def happening(what: str, **about: str) -> Happening:
    return Happening(what=what, source="shop-1", about=about)


def page(number: int) -> facts.PageSent:
    return facts.PageSent(notification_id=number, person_id=EVAN, channel="sms", provider="twilio")


def log() -> list[tuple[str, Fact, str]]:
    """(time, fact, actor)"""
    evan = f"person:{EVAN}"
    summary = "12 orders failed, told by Evan Smith <b>at once</b>"
    return [
        ("15:25:40", happening("chaos.started", kind="fail", attack="7"), "process:factory"),
        (
            "15:25:48",
            happening("orders.failing", outcome="charged", oven="factory", answer=ANSWER),
            "system",
        ),
        ("15:25:48", happening("chaos.struck", order="1", reason="error"), "process:shop"),
        (
            "15:26:10",
            happening("lease.leaked", line="shop/ovens/remote.py:88", owner="orders", seconds="2.1"),
            "system",
        ),
        (
            "15:26:40",
            happening("lease.leaked", line="shop/ovens/remote.py:88", owner="orders", seconds="4.5"),
            "system",
        ),
        (
            "15:28:00",
            facts.AlertFired(fingerprint="f", source="grafana", summary=summary, name="failed-orders"),
            "system",
        ),
        ("15:28:01", page(1), "system"),
        ("15:33:01", page(2), "system"),
        ("15:34:00", incidents.Noted(text="The engineer on call came online"), evan),
        (
            "15:36:05",
            incidents.ActionRun(action="report-factory", outcome="solved", good=True, evidence=EVIDENCE),
            evan,
        ),
        ("15:36:05", happening("chaos.stopped", kind="fail", attack="7", how="fixed"), "process:factory"),
        ("15:38:01", page(3), "system"),
        ("15:38:20", facts.GroupAcknowledged(via="sms"), evan),
        ("15:38:25", facts.GroupResolved(via="console"), evan),
        ("15:41:00", incidents.Confirmed(text="the metrics show that nobody is affected"), evan),
    ]


def recorded(events: Sequence[tuple[str, Fact, str]]) -> list[Recorded]:
    return [
        Recorded(id=number, at=at(clock), fact=fact, actor=actor)  # type: ignore[arg-type]
        for number, (clock, fact, actor) in enumerate(events, 1)
    ]


def impact(**changes: object) -> Impact:
    made = Impact(
        since=at("15:20:00"),
        until=at("15:45:00"),
        diners_tried=12,
        orders_tried=12,
        diners_affected=12,
        orders_failed=12,
        pizzas_not_delivered=24,
        orders_charged=12,
        satoshis_charged=9_120_000,
        orders_compensated=0,
        diners_served_later=0,
        first_failed_at=at("15:25:48"),
        last_failed_at=at("15:35:05"),
        stores=(StoreImpact(store_id=1, franchise_id=1, store="SLC", orders=12, pizzas=24, satoshis=9_120_000),),
    )
    return msgspec.structs.replace(made, **changes)


def amends() -> Amends:
    return Amends(
        incident="incident-1",
        state="done",
        since=at("15:20:00"),
        until=at("15:45:00"),
        explanation="The factory failed.",
        remedies={},
        diners=12,
        orders=12,
        refund=9_120_000,
        done=12,
        failed=0,
        refunds=12,
        refunded=9_120_000,
        vouchers=12,
        apologies=12,
        letters_sent=12,
        letters_waiting=0,
        letters_failed=0,
        planned_at=at("15:42:00"),
        planned_by="person:3",
        needs_approval=False,
        approved_at=None,
        approved_by=None,
        started_at=at("15:42:01"),
        finished_at=at("15:42:04"),
    )


def material(events: Sequence[tuple[str, Fact, str]] | None = None, **changes: object) -> Material:
    incident = Incident(
        id=1,
        title="Orders fail <img src=x>",
        severity="critical",
        state="resolved",
        started_at=at("15:25:48"),
        declared_at=at("15:28:00"),
        declared_by="system",
        mitigated_at=at("15:36:05"),
        resolved_at=at("15:38:25"),
        impact=impact(),
    )
    minutes = [Minute(at=at("15:20:00") + timedelta(minutes=n), good=1, failed=0) for n in range(5)]
    minutes += [Minute(at=at("15:25:00") + timedelta(minutes=n), good=0, failed=1) for n in range(12)]
    return Material(
        incident=msgspec.structs.replace(incident, **changes),
        timeline=recorded(log() if events is None else events),
        minutes=minutes,
        names=NAMES,
    )
