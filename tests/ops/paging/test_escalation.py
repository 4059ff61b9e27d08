"""Steps of chains, without a clock or a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from jwt_pizza.ops.chains.model import AnyStep
from jwt_pizza.ops.paging.escalation import (
    Advance,
    Position,
    Surroundings,
    advance,
)
from jwt_pizza.ops.people.model import NotificationRule, Roster, Team
from tests.ops.paging.world import mail, phone, someone

AT = datetime(2025, 4, 8, 15, 25, tzinfo=UTC)
PEOPLE = {number: someone(number, phone(number)) for number in (1, 2, 3)}
TEAM = {"kind": "notify-team", "teamId": 1}


def chain(*steps: dict[str, Any]) -> tuple[AnyStep, ...]:
    return msgspec.convert(steps, tuple[AnyStep, ...])


def around(**changes: Any) -> Surroundings:
    given: dict[str, Any] = {
        "roster": Roster(PEOPLE, {1: Team(1, "Pizza", (1, 2))}),
        "on_call": {1: (1,)},
        "team_id": 1,
        "turns": {},
    }
    return Surroundings(**{**given, **changes})


def go(
    steps: Sequence[AnyStep],
    step: int = 0,
    *,
    visits: dict[str, int] | None = None,
    due: datetime = AT,
    now: datetime = AT,
    where: Surroundings | None = None,
) -> Advance:
    place = Position(step=step, visits=visits or {}, generation=1, due_at=due)
    return advance(steps, place, where or around(), now)


def paged(made: Advance) -> list[int]:
    return [person for taken in made.steps if taken.page for person in taken.page.people]


def test_wait_counts_from_when_the_step_was_due_so_that_a_late_look_moves_nothing() -> None:
    steps = chain(TEAM, {"kind": "wait", "seconds": 300})
    made = go(steps, now=AT + timedelta(seconds=3))
    assert (made.next_at, made.step) == (AT + timedelta(seconds=300), 2)


def test_after_an_outage_it_counts_from_now_so_that_pages_do_not_come_in_a_burst() -> None:
    late = AT + timedelta(minutes=20)
    made = go(chain(TEAM, {"kind": "wait", "seconds": 300}), now=late)
    assert made.next_at == late + timedelta(seconds=300)


def test_a_loop_without_a_wait_gets_a_minute() -> None:
    made = go(chain(TEAM, {"kind": "go-to-step", "step": 0}))
    assert paged(made) == [1, 2]
    assert (made.step, made.next_at) == (0, AT + timedelta(minutes=1))


def test_go_to_step_goes_back_as_often_as_it_says_then_on() -> None:
    steps = chain(TEAM, {"kind": "wait", "seconds": 60}, {"kind": "go-to-step", "step": 0, "times": 2}, TEAM)
    now, step, visits, pages = AT, 0, dict[str, int](), 0
    for _ in range(3):
        made = go(steps, step, visits=visits, due=now, now=now)
        now, step, visits = made.next_at, made.step, made.visits
        pages += len(made.steps)
    assert pages == 3
    made = go(steps, step, visits=visits, due=now, now=now)
    assert [taken.step for taken in made.steps] == [3]


def test_a_chain_at_its_end_begins_again_after_half_an_hour() -> None:
    steps = chain(TEAM)
    made = go(steps)
    assert (made.step, made.next_at) == (0, AT + timedelta(minutes=30))
    again = go(steps, made.step, visits=made.visits, due=made.next_at, now=made.next_at)
    assert again.visits["page"] == 2


def test_notify_next_takes_turns_and_passes_over_who_cannot_be_reached() -> None:
    steps = chain({"kind": "notify-next", "personIds": [1, 4, 3]}, {"kind": "wait"})
    turns: dict[int, int] = {}
    found = []
    for _ in range(4):
        made = go(steps, where=around(turns=turns))
        turns |= made.turns
        found += paged(made)
    assert found == [1, 3, 1, 3]


def test_only_between_waits_for_its_window_in_its_zone() -> None:
    step = {"kind": "only-between", "starts": "08:00", "ends": "20:00", "timeZone": "America/New_York"}
    inside = go(chain(step, TEAM))  # 11:25 there
    assert paged(inside) == [1, 2]
    night = datetime(2025, 4, 8, 2, 0, tzinfo=UTC)  # 22:00 the day before
    outside = go(chain(step, TEAM), due=night, now=night)
    assert (paged(outside), outside.step) == ([], 0)
    assert outside.next_at == datetime(2025, 4, 8, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "night", "opens"),
    [
        # Clocks go forward in the night: the window opens an hour earlier in UTC than the day before.
        ("Europe/Berlin", datetime(2025, 3, 29, 22, tzinfo=UTC), datetime(2025, 3, 30, 6, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 7, tzinfo=UTC)),
        ("America/Denver", datetime(2025, 3, 9, 5, tzinfo=UTC), datetime(2025, 3, 9, 14, tzinfo=UTC)),
        ("America/Denver", datetime(2025, 11, 2, 5, tzinfo=UTC), datetime(2025, 11, 2, 15, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2025, 4, 5, 12, tzinfo=UTC), datetime(2025, 4, 5, 21, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2025, 10, 4, 12, tzinfo=UTC), datetime(2025, 10, 4, 21, tzinfo=UTC)),
    ],
)
def test_only_between_on_the_days_on_which_clocks_change(zone: str, night: datetime, opens: datetime) -> None:
    """Eight in the morning there, by hand: CET/CEST, MST/MDT, and a zone that moves by half an hour."""
    step = {"kind": "only-between", "starts": "08:00", "ends": "20:00", "timeZone": zone}
    assert go(chain(step, TEAM), due=night, now=night).next_at == opens


def test_only_if_alerts_counts_what_fired_lately() -> None:
    steps = chain({"kind": "only-if-alerts", "count": 2, "seconds": 60}, TEAM)
    fired = [AT - timedelta(seconds=10), AT - timedelta(seconds=70)]
    few = go(steps, where=around(fired_at=fired))
    assert (paged(few), few.step, few.next_at) == ([], 0, AT + timedelta(seconds=10))
    assert paged(go(steps, where=around(fired_at=[*fired, AT - timedelta(seconds=5)]))) == [1, 2]


def test_resolve_comes_again_until_it_is_resolved() -> None:
    made = go(chain(TEAM, {"kind": "resolve"}))
    assert (made.resolve, made.step, made.next_at) == (True, 1, AT + timedelta(seconds=5))


def test_rules_of_the_page_s_importance_decide_which_contacts_are_used_and_when() -> None:
    person = someone(
        1,
        phone(1),
        mail(1),
        default=[NotificationRule(mail(1).id, 0)],
        important=[NotificationRule(phone(1).id, 0), NotificationRule(mail(1).id, 120)],
    )
    where = around(roster=Roster({1: person}, {}))
    by_importance = {}
    for importance in ("default", "important"):
        step = {"kind": "notify-people", "personIds": [1], "importance": importance}
        [taken] = go(chain(step), where=where).steps
        assert taken.page
        by_importance[importance] = [(each.contact.channel, each.delay) for each in taken.page.deliveries]
    assert by_importance == {"default": [("email", 0)], "important": [("sms", 0), ("email", 120)]}


def test_nobody_at_all_is_said() -> None:
    [taken] = go(chain(TEAM), where=around(roster=Roster({}, {}))).steps
    assert taken.page is not None
    assert taken.page.deliveries == ()
    assert taken.nobody


def test_begun_anew_it_forgets_how_often_it_went_back() -> None:
    steps = chain(TEAM, {"kind": "wait"}, {"kind": "go-to-step", "step": 0, "times": 1})
    place = Position(step=0, visits={"of": 1, "2": 1, "page": 2}, generation=2, due_at=AT)
    assert advance(steps, place, around(), AT).visits == {"of": 2, "page": 1}
