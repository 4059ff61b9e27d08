"""What the report finds, and that it finds nothing where nothing is amiss."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.chains.model import (
    AnyStep,
    Chain,
    GoToStep,
    NotifyNext,
    NotifyOnCall,
    NotifyPeople,
    NotifyTeam,
    ResolveGroup,
    Wait,
)
from jwt_pizza.ops.coverage.model import Plans, Report, Route, Survey
from jwt_pizza.ops.people.model import Contact, NotificationRule, Person, Reachable, Roster, Team
from jwt_pizza.ops.schedules.lineup import Lineup
from jwt_pizza.ops.schedules.model import Schedule
from jwt_pizza.ops.schedules.rotation import Restriction, Rotation
from tests.ops.office import GRACE, office

SINCE = datetime(2026, 6, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=2)
ALWAYS = Rotation(unit="day", starts="2026-01-01T09:00", people=(1, 2))
BY_DAY = Rotation(
    unit="day", starts="2026-01-01T00:00", people=(1,), restrictions=(Restriction(starts="06:00", ends="22:00"),)
)


def person(number: int, *contacts: Contact, important: bool = True) -> Reachable:
    rules = tuple(NotificationRule(contact.id, 0) for contact in contacts)
    who = Person(number, f"P{number}", None, "responder", "UTC")
    return Reachable(who, contacts, rules, rules if important else ())


def contact(number: int, *, verified: bool = True, opted_out: bool = False) -> Contact:
    return Contact(number, number, "sms", "+4915112345678", verified, opted_out)


def schedule(*layers: Rotation, **more: Any) -> Schedule:
    return Schedule(
        id=7, team_id=1, name="Primary", feed_token="x", lineup=Lineup(time_zone="UTC", layers=layers), **more
    )


def look(
    *steps: AnyStep,
    people: tuple[Reachable, ...] = (person(1, contact(1)), person(2, contact(2))),
    schedules: tuple[Schedule, ...] = (schedule(ALWAYS),),
    routes: tuple[Route, ...] = (Route("all", 3, False),),
) -> Report:
    roster = Roster({found.person.id: found for found in people}, {4: Team(4, "Kitchen", (1, 2))})
    plans = Plans((Chain(3, 1, "Pager", steps),), routes)
    return Survey(roster, {found.id: found for found in schedules}, plans, SINCE, UNTIL).report()


def told(report: Report) -> list[tuple[str, str, str]]:
    return [(finding.severity, finding.kind, finding.message) for finding in report.findings]


PAGE = NotifyOnCall(schedule_id=7)


def test_nothing_is_found_where_nothing_is_amiss() -> None:
    report = look(PAGE, Wait(), NotifyTeam(team_id=4, importance="important"), GoToStep(step=0))
    assert (report.covered, report.findings) == (True, ())


def test_gap_in_the_night() -> None:
    report = look(PAGE, schedules=(schedule(BY_DAY),))
    assert not report.covered
    chain = [finding for finding in report.findings if finding.kind == "chain-gap"]
    assert [(finding.starts, finding.ends) for finding in chain] == [
        ("2026-06-01T00:00:00.000Z", "2026-06-01T06:00:00.000Z"),
        ("2026-06-01T22:00:00.000Z", "2026-06-02T06:00:00.000Z"),
        ("2026-06-02T22:00:00.000Z", "2026-06-03T00:00:00.000Z"),
    ]
    assert sum(finding.kind == "schedule-gap" for finding in report.findings) == 3
    caught = look(PAGE, NotifyPeople(person_ids=(2,)), schedules=(schedule(BY_DAY),))
    assert {finding.kind for finding in caught.findings} == {"schedule-gap"}


def test_somebody_on_call_who_cannot_be_reached_is_a_gap_of_the_chain() -> None:
    for unreachable, why in [
        (person(2), "they have no contact"),
        (person(2, contact(2, verified=False)), "none of their contacts is verified"),
        (person(2, contact(2, opted_out=True)), "they have opted out of every contact that is verified"),
    ]:
        report = look(PAGE, people=(person(1, contact(1)), unreachable))
        assert ("problem", "person-unreachable", why) in told(report)
        assert ("problem", "chain-gap", "it reaches nobody") in told(report)
    # Nobody counts on them.
    spare = look(PAGE, people=(person(1, contact(1)), person(2, contact(2)), person(3)))
    assert told(spare) == [("warning", "person-unreachable", "they have no contact")]
    assert spare.covered


def test_rules_of_the_importance_that_a_step_asks_for() -> None:
    people = (person(1, contact(1), important=False), person(2, contact(2)))
    step = NotifyPeople(person_ids=(1,), importance="important")
    report = look(step, people=people)
    assert ("problem", "rules-unreachable", "no important rule uses a contact that reaches them") in told(report)
    assert ("problem", "chain-gap", "it reaches nobody") in told(report)
    assert look(NotifyPeople(person_ids=(1,)), people=people).covered


def test_rule_with_a_dead_contact_is_a_warning_while_another_one_works() -> None:
    people = (person(1, contact(1), contact(5, verified=False)), person(2, contact(2)))
    report = look(PAGE, people=people)
    assert told(report) == [("warning", "rule-dead", "a rule uses their sms contact 5, which is not verified")]


def test_chain_that_names_who_is_gone() -> None:
    report = look(PAGE, NotifyPeople(person_ids=(9,)), NotifyTeam(team_id=8), NotifyOnCall(schedule_id=6))
    gone = [finding.message for finding in report.findings if finding.kind == "chain-names-gone"]
    assert gone == [f"it names {what}, which was removed" for what in ("person 9", "team 8", "schedule 6")]


def test_turn_of_one_who_cannot_be_reached_is_nobody() -> None:
    people = (person(1, contact(1)), person(2))
    assert look(NotifyPeople(person_ids=(1, 2)), people=people).findings[0].kind == "person-unreachable"
    assert "chain-gap" in {finding.kind for finding in look(NotifyNext(person_ids=(1, 2)), people=people).findings}


def test_steps_that_a_chain_never_comes_to_do_not_count() -> None:
    for steps in ((GoToStep(step=0), PAGE), (ResolveGroup(), PAGE), (Wait(),)):
        assert [finding.kind for finding in look(*steps).findings] == ["chain-gap"]
    assert look(GoToStep(step=0, times=2), PAGE).covered
    assert look(GoToStep(step=2), ResolveGroup(), PAGE).covered


def test_routes() -> None:
    assert told(look(PAGE, routes=())) == [("problem", "no-route", "no route has a chain: no alert pages anybody")]
    report = look(PAGE, routes=(Route("a", None, False), Route("b", 3, True)))
    assert [(finding.severity, finding.about) for finding in report.findings] == [
        ("problem", "route b"),
        ("warning", "route a"),
    ]


def test_calendar_kept_elsewhere() -> None:
    report = look(PAGE, schedules=(schedule(ALWAYS, calendar_error="it answered 500", unknown=("Mallory",)),))
    assert told(report) == [
        ("warning", "calendar-unread", "its calendar: it answered 500 (never read)"),
        ("warning", "calendar-unknown", "its calendar names nobody of the roster in: Mallory"),
    ]


async def test_report_over_the_api(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        report = await made.good("GET", "/api/coverage?days=3", token=made.grace)
        assert report["covered"] is False
        assert {"no-route", "person-unreachable"} <= {finding["kind"] for finding in report["findings"]}
        team = await made.good("POST", "/api/teams", {"name": "Kitchen", "members": [made.ids[GRACE]]})
        await postgres.execute(
            "test",
            "INSERT INTO ops.chains (team_id, name, steps) VALUES ($1, 'Pager', $2)",
            team["id"],
            f'[{{"kind": "notify-team", "teamId": {team["id"]}}}]',
        )
        kinds = {finding["kind"] for finding in (await made.good("GET", "/api/coverage"))["findings"]}
        assert "chain-gap" in kinds
        for days in ("0", "91", "x", "1e3"):
            assert (await made.call("GET", f"/api/coverage?days={days}")).status == 400
        assert (await made.ops.call("GET", "/api/coverage")).status == 401
