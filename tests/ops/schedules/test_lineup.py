"""Layers, overrides, gaps and hand-overs: two ways to find out who is on call, which must agree."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwt_pizza.kernel.wallclock import zone_of
from jwt_pizza.ops.schedules.lineup import (
    Lineup,
    Override,
    OverrideKind,
    Standing,
    changes,
    final,
    gaps,
    next_change,
    on_call,
)
from jwt_pizza.ops.schedules.rotation import Restriction, Rotation, Shift, Turns

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


def at(day: int, hour: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def lineup(*layers: Rotation, overrides: tuple[Override, ...] = ()) -> Lineup:
    return Lineup(time_zone="UTC", layers=layers, overrides=overrides)


def override(
    kind: OverrideKind, since: datetime, until: datetime, person: int | None = None, replaces: int | None = None
) -> Override:
    return Override(id=1, kind=kind, person_id=person, replaces_id=replaces, starts=since, ends=until)


DAILY = Rotation(unit="day", starts="2026-06-01T00:00", people=(1, 2))
OFFICE = Rotation(
    unit="week", starts="2026-06-01T00:00", people=(9,), restrictions=(Restriction(starts="09:00", ends="17:00"),)
)


def test_higher_layer_goes_over_the_lower_one_where_it_has_somebody() -> None:
    assert final(lineup(DAILY, OFFICE), at(0), at(1)) == [
        Shift(at(0), at(0, 9), 1),
        Shift(at(0, 9), at(0, 17), 9),
        Shift(at(0, 17), at(1), 1),
    ]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (override("add", at(0, 6), at(0, 12), person=5), [(0, (1,)), (6, (1, 5)), (12, (1,)), (24, (2,))]),
        (override("remove", at(0, 6), at(0, 12), replaces=1), [(0, (1,)), (6, ()), (12, (1,)), (24, (2,))]),
        (override("remove", at(0, 6), at(0, 12), replaces=5), [(0, (1,)), (24, (2,))]),
        (override("replace", at(0, 12), at(1, 12), person=5, replaces=1), [(0, (1,)), (12, (5,)), (24, (2,))]),
        (override("replace", at(0, 12), at(1, 12), person=2, replaces=1), [(0, (1,)), (12, (2,))]),
        (override("replace", at(0, 12), at(1, 12), person=5), [(0, (1,)), (12, (5,)), (36, (2,))]),
        (override("replace", at(-1), at(0, 12), person=5), [(0, (5,)), (12, (1,)), (24, (2,))]),
    ],
)
def test_overrides(made: Override, expected: list[tuple[int, tuple[int, ...]]]) -> None:
    whole = lineup(DAILY, overrides=(made,))
    before = Standing(at(0), on_call(whole, at(0)))
    found = [before, *changes(whole, at(0), at(1, 23))]
    assert [((standing.at - MONDAY) // timedelta(hours=1), standing.people) for standing in found] == expected


def test_later_override_wins_over_an_earlier_one() -> None:
    out = override("remove", at(0), at(1), replaces=1)
    back = override("add", at(0, 6), at(0, 7), person=1)
    assert on_call(lineup(DAILY, overrides=(out, back)), at(0, 6)) == (1,)
    assert on_call(lineup(DAILY, overrides=(back, out)), at(0, 6)) == ()


def test_gaps() -> None:
    assert gaps(lineup(), at(0), at(1)) == [(at(0), at(1))]
    assert gaps(lineup(DAILY), at(0), at(9)) == []
    assert gaps(lineup(DAILY), at(-1), at(1)) == [(at(-1), at(0))]
    assert gaps(lineup(OFFICE), at(0, 10), at(1, 12)) == [(at(0, 17), at(1, 9))]


def test_who_is_next() -> None:
    assert next_change(lineup(DAILY), at(0, 5)) == Standing(at(1), (2,))
    assert next_change(lineup(OFFICE), at(0, 10)) == Standing(at(0, 17), ())
    yearly = Rotation(unit="month", length=6, starts="2026-06-01T00:00", people=(1, 2))
    assert next_change(lineup(yearly), at(0)) == Standing(datetime(2026, 12, 1, tzinfo=UTC), (2,))
    alone = Rotation(unit="hour", starts="2026-06-01T00:00", people=(1,))
    assert next_change(lineup(alone), at(0)) is None
    assert next_change(lineup(), at(0)) is None


def test_shift_begins_where_it_does_whatever_part_is_asked_for() -> None:
    weekly = Rotation(unit="week", starts="2026-06-01T00:00", people=(1, 2))
    made = lineup(weekly, OFFICE)
    whole = final(made, at(0), at(28))
    for hour in range(0, 600, 7):
        part = final(made, at(2, hour), at(2, hour + 5))
        assert part == [shift for shift in whole if shift.ends > at(2, hour) and shift.starts < at(2, hour + 5)]


def test_calendar_kept_elsewhere_stands_in_for_layers_and_takes_overrides() -> None:
    kept = (Shift(at(0), at(1), 1), Shift(at(0, 12), at(2), 2))
    made = Lineup(
        time_zone="UTC",
        layers=(DAILY,),
        kept=kept,
        overrides=(override("replace", at(0, 18), at(1, 6), person=3, replaces=2),),
    )
    found = [(standing.at, standing.people) for standing in changes(made, at(0), at(3))]
    assert found == [(at(0, 12), (1, 2)), (at(0, 18), (1, 3)), (at(1), (3,)), (at(1, 6), (2,)), (at(2), ())]


ZONES = ("Europe/Berlin", "America/Denver", "Australia/Lord_Howe", "America/Santiago", "UTC")
clock_times = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from([0, 30, 45]))
restrictions = st.builds(
    Restriction,
    starts=clock_times,
    ends=clock_times,
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
)
local_times = st.datetimes(datetime(2025, 12, 1), datetime(2026, 12, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M}")  # noqa: DTZ001
rotations = st.builds(
    Rotation,
    unit=st.sampled_from(["hour", "day", "week", "month"]),
    starts=local_times,
    people=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple),
    length=st.integers(1, 9),
    ends=st.none(),
    restrictions=st.lists(restrictions, max_size=2).map(tuple),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(minutes=1), timedelta(days=20))


@st.composite
def overrides(draw: st.DrawFn) -> Override:
    kind: OverrideKind = draw(st.sampled_from(["add", "remove", "replace"]))
    starts, replaced = draw(moments), st.integers(1, 5)
    return Override(
        id=draw(st.integers(1, 1000)),
        kind=kind,
        person_id=None if kind == "remove" else draw(st.integers(1, 7)),
        replaces_id=None if kind == "add" else draw(replaced if kind == "remove" else st.none() | replaced),
        starts=starts,
        ends=starts + draw(lengths),
    )  # fmt: skip


lineups = st.builds(
    Lineup,
    time_zone=st.sampled_from(ZONES),
    layers=st.lists(rotations, max_size=3).map(tuple),
    overrides=st.lists(overrides(), max_size=4).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(rotation=rotations, zone=st.sampled_from(ZONES), since=moments, length=lengths)
def test_turns_of_a_rotation_follow_on_each_other(
    rotation: Rotation, zone: str, since: datetime, length: timedelta
) -> None:
    """No two people at once, no time between two turns but what restrictions leave out."""
    turns = Turns(rotation, zone_of(zone))
    number = turns.at(since)
    if number is not None:
        begins, ends = turns.span(number)
        assert begins <= since < ends
        assert turns.span(number + 1)[0] == ends
    found = turns.shifts(since, since + length)
    for one, other in pairwise(found):
        assert one.starts < one.ends <= other.starts
        if not rotation.restrictions:
            assert one.ends == other.starts


@settings(max_examples=200, deadline=None)
@given(made=lineups, since=moments, length=lengths, probes=st.lists(st.floats(0, 1), max_size=8))
def test_shifts_and_the_moment_agree(made: Lineup, since: datetime, length: timedelta, probes: list[float]) -> None:
    """Also at the edges of every shift, where mistakes live."""
    until = since + length
    shifts = final(made, since, until)
    edges = [edge for shift in shifts for edge in (shift.starts, shift.ends)]
    edges += [edge - timedelta(microseconds=1) for edge in edges]
    standings = [Standing(since, on_call(made, since)), *changes(made, since, until)]
    holes = gaps(made, since, until)
    for moment in [since + length * probe for probe in probes] + edges:
        if since <= moment < until:
            present = on_call(made, moment)
            in_shifts = [shift.person_id for shift in shifts if shift.starts <= moment < shift.ends]
            assert sorted(in_shifts) == list(present)
            assert [standing.people for standing in standings if standing.at <= moment][-1] == present
            assert any(starts <= moment < ends for starts, ends in holes) == (present == ())


@settings(max_examples=150, deadline=None)
@given(made=lineups, override=overrides(), probe=st.floats(0, 0.999999))
def test_newest_override_wins(made: Lineup, override: Override, probe: float) -> None:
    moment = override.starts + (override.ends - override.starts) * probe
    before = on_call(made, moment)
    after = on_call(Lineup(time_zone=made.time_zone, layers=made.layers, overrides=(*made.overrides, override)), moment)
    match override.kind:
        case "add":
            assert set(after) == {*before, override.person_id}
        case "remove":
            assert set(after) == {*before} - {override.replaces_id}
        case "replace" if override.replaces_id is None:
            assert after == (override.person_id,)
        case "replace" if override.replaces_id in before:
            assert set(after) == ({*before} - {override.replaces_id}) | {override.person_id}
        case _:
            assert after == before


@settings(max_examples=100, deadline=None)
@given(made=lineups, moment=moments)
def test_at_most_one_person_a_layer(made: Lineup, moment: datetime) -> None:
    bare = Lineup(time_zone=made.time_zone, layers=made.layers)
    assert len(on_call(bare, moment)) <= 1
