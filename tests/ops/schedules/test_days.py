"""A schedule day by day: no minute is left out, gaps are seen, and days have the length that clocks give them."""

from datetime import UTC, date, datetime

from jwt_pizza.ops.schedules.days import Turn, days
from jwt_pizza.ops.schedules.lineup import Lineup
from jwt_pizza.ops.schedules.rotation import Restriction, Rotation

OFFICE = Rotation(
    unit="week", starts="2026-03-02T00:00", people=(1, 2), restrictions=(Restriction(starts="09:00", ends="17:00"),)
)


def test_gaps_are_turns_of_nobody_and_the_first_day_begins_now() -> None:
    lineup = Lineup(time_zone="UTC", layers=(OFFICE,))
    [first, second] = days(lineup, datetime(2026, 3, 8, 12, 30, tzinfo=UTC), 2)
    assert first.date == date(2026, 3, 8)
    assert first.turns == (Turn("12:30", "17:00", (1,)), Turn("17:00", "24:00", ()))
    assert second.turns == (Turn("00:00", "09:00", ()), Turn("09:00", "17:00", (2,)), Turn("17:00", "24:00", ()))


def test_days_are_those_of_the_schedules_own_clock() -> None:
    """In Berlin 29 March 2026 has 23 hours."""
    lineup = Lineup(time_zone="Europe/Berlin", layers=(Rotation(unit="day", starts="2026-03-02T02:30", people=(1, 2)),))
    found = days(lineup, datetime(2026, 3, 27, 23, 0, tzinfo=UTC), 3)
    assert [str(day.date) for day in found] == ["2026-03-28", "2026-03-29", "2026-03-30"]
    assert [turn.starts for turn in found[1].turns] == ["00:00", "03:00"]
    assert [turn.starts for turn in found[2].turns] == ["00:00", "02:30"]
