"""Turns around both changes of clocks in three zones, against tables worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wallclock import zone_of
from jwt_pizza.ops.schedules.rotation import Restriction, Rotation, Turns, checked

BERLIN, DENVER, LORD_HOWE = "Europe/Berlin", "America/Denver", "Australia/Lord_Howe"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shifts(zone: str, rotation: Rotation, since: str, until: str) -> list[tuple[str, str, int]]:
    found = Turns(rotation, zone_of(zone)).shifts(utc(since), utc(until))
    return [(f"{shift.starts:%m-%d %H:%M}", f"{shift.ends:%m-%d %H:%M}", shift.person_id) for shift in found]


@pytest.mark.parametrize(
    ("zone", "unit", "length", "starts", "since", "expected"),
    [
        # Clocks go forward on 29 March at 01:00 UTC: hand-off at 09:00 all the same, the turn before it has 23 hours.
        (BERLIN, "day", 1, "2026-03-27T09:00", "2026-03-27T08:00",
         ["03-27 08:00", "03-28 08:00", "03-29 07:00", "03-30 07:00"]),
        # Handed off at 02:30, which is left out that day: at the change.
        (BERLIN, "day", 1, "2026-03-27T02:30", "2026-03-27T01:30",
         ["03-27 01:30", "03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        # Twelve real hours each.
        (BERLIN, "hour", 12, "2026-03-28T09:00", "2026-03-28T08:00",
         ["03-28 08:00", "03-28 20:00", "03-29 08:00", "03-29 20:00"]),
        # Clocks go back on 25 October at 01:00 UTC: 25 hours.
        (BERLIN, "day", 1, "2026-10-24T09:00", "2026-10-24T07:00", ["10-24 07:00", "10-25 08:00", "10-26 08:00"]),
        # 02:30 comes twice: the first time counts.
        (BERLIN, "day", 1, "2026-10-24T02:30", "2026-10-24T00:30", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        (BERLIN, "week", 1, "2026-10-19T09:00", "2026-10-19T07:00", ["10-19 07:00", "10-26 08:00", "11-02 08:00"]),
        (BERLIN, "hour", 1, "2026-10-25T01:00", "2026-10-24T23:00",
         ["10-24 23:00", "10-25 00:00", "10-25 01:00", "10-25 02:00"]),
        # 8 March at 09:00 UTC, 1 November at 08:00 UTC.
        (DENVER, "day", 1, "2026-03-07T08:00", "2026-03-07T15:00", ["03-07 15:00", "03-08 14:00", "03-09 14:00"]),
        (DENVER, "day", 1, "2026-03-07T02:15", "2026-03-07T09:15", ["03-07 09:15", "03-08 09:00", "03-09 08:15"]),
        (DENVER, "day", 1, "2026-10-31T01:30", "2026-10-31T07:30", ["10-31 07:30", "11-01 07:30", "11-02 08:30"]),
        (DENVER, "week", 2, "2026-10-26T08:00", "2026-10-26T14:00", ["10-26 14:00", "11-09 15:00", "11-23 15:00"]),
        (DENVER, "hour", 8, "2026-10-31T20:00", "2026-11-01T02:00", ["11-01 02:00", "11-01 10:00", "11-01 18:00"]),
        # 4 April at 15:00 UTC back by 30 minutes, 3 October at 15:30 UTC forward by 30 minutes.
        (LORD_HOWE, "day", 1, "2026-04-04T09:00", "2026-04-03T22:00", ["04-03 22:00", "04-04 22:30", "04-05 22:30"]),
        (LORD_HOWE, "day", 1, "2026-04-04T01:45", "2026-04-03T14:45", ["04-03 14:45", "04-04 14:45", "04-05 15:15"]),
        (LORD_HOWE, "day", 1, "2026-10-03T02:15", "2026-10-02T15:45", ["10-02 15:45", "10-03 15:30", "10-04 15:15"]),
        (LORD_HOWE, "day", 1, "2026-10-03T09:00", "2026-10-02T22:30", ["10-02 22:30", "10-03 22:00", "10-04 22:00"]),
        (LORD_HOWE, "hour", 6, "2026-10-03T20:00", "2026-10-03T09:30", ["10-03 09:30", "10-03 15:30", "10-03 21:30"]),
        # The 31st is the last day of each month, not of the first short one ever after.
        (BERLIN, "month", 1, "2026-01-31T09:00", "2026-01-31T08:00",
         ["01-31 08:00", "02-28 08:00", "03-31 07:00", "04-30 07:00"]),
        (DENVER, "month", 2, "2026-12-30T00:00", "2026-12-30T07:00", ["12-30 07:00", "02-28 07:00", "04-30 06:00"]),
    ],
)  # fmt: skip
def test_hand_offs(zone: str, unit: Any, length: int, starts: str, since: str, expected: list[str]) -> None:
    rotation = Rotation(unit=unit, starts=starts, people=(1, 2, 3), length=length)
    turns = Turns(rotation, zone_of(zone))
    assert turns.at(utc(since) - timedelta(seconds=1)) is None
    found = [turns.span(number) for number in range(len(expected) - 1)]
    assert [f"{begins:%m-%d %H:%M}" for begins, _ in found] == expected[:-1]
    assert [f"{ends:%m-%d %H:%M}" for _, ends in found] == expected[1:]
    for number, (begins, ends) in enumerate(found):
        assert turns.at(begins) == number
        assert turns.at(ends - timedelta(seconds=1)) == number
        assert turns.on_call(begins) == number % 3 + 1


OFFICE = Restriction(starts="09:00", ends="17:00", weekdays=(0, 1, 2, 3, 4))
NIGHT = Restriction(starts="22:00", ends="06:00")


@pytest.mark.parametrize(
    ("zone", "restriction", "since", "until", "expected"),
    [
        (BERLIN, OFFICE, "2026-03-27T00:00", "2026-03-31T00:00",
         [("03-27 08:00", "03-27 16:00"), ("03-30 07:00", "03-30 15:00")]),
        (BERLIN, NIGHT, "2026-03-28T12:00", "2026-03-30T12:00",
         [("03-28 21:00", "03-29 04:00"), ("03-29 20:00", "03-30 04:00")]),
        (BERLIN, NIGHT, "2026-10-24T12:00", "2026-10-26T12:00",
         [("10-24 20:00", "10-25 05:00"), ("10-25 21:00", "10-26 05:00")]),
        (DENVER, NIGHT, "2026-03-07T14:00", "2026-03-09T18:00",
         [("03-08 05:00", "03-08 12:00"), ("03-09 04:00", "03-09 12:00")]),
        (DENVER, NIGHT, "2026-10-31T14:00", "2026-11-02T14:00",
         [("11-01 04:00", "11-01 13:00"), ("11-02 05:00", "11-02 13:00")]),
        (LORD_HOWE, NIGHT, "2026-04-04T00:00", "2026-04-06T00:00",
         [("04-04 11:00", "04-04 19:30"), ("04-05 11:30", "04-05 19:30")]),
        (LORD_HOWE, NIGHT, "2026-10-03T00:00", "2026-10-05T00:00",
         [("10-03 11:30", "10-03 19:00"), ("10-04 11:00", "10-04 19:00")]),
        (LORD_HOWE, Restriction(starts="02:05", ends="02:25"), "2026-10-03T00:00", "2026-10-05T00:00",
         [("10-04 15:05", "10-04 15:25")]),
    ],
)  # fmt: skip
def test_restrictions(
    zone: str, restriction: Restriction, since: str, until: str, expected: list[tuple[str, str]]
) -> None:
    rotation = Rotation(unit="month", starts="2026-01-01T00:00", people=(7,), length=12, restrictions=(restriction,))
    turns = Turns(rotation, zone_of(zone))
    found = [shift for shift in turns.shifts(utc(since), utc(until)) if utc(since) < shift.ends <= utc(until)]
    assert [(f"{shift.starts:%m-%d %H:%M}", f"{shift.ends:%m-%d %H:%M}") for shift in found] == expected
    for shift in found:
        assert turns.on_call(shift.starts) == 7
        assert turns.on_call(shift.starts - timedelta(seconds=1)) is None
        assert turns.on_call(shift.ends) is None


def test_turns_cut_by_restrictions_go_on_in_the_background() -> None:
    """Nights belong to whose turn it is, and a night over a hand-off to both."""
    rotation = Rotation(unit="day", starts="2026-06-01T00:00", people=(1, 2), restrictions=(NIGHT,))
    assert shifts("UTC", rotation, "2026-06-02T00:00", "2026-06-03T00:00") == [
        ("06-02 00:00", "06-02 06:00", 2),
        ("06-02 22:00", "06-03 00:00", 2),
    ]


def test_rotation_ends() -> None:
    rotation = Rotation(unit="week", starts="2026-06-01T09:00", people=(1, 2), ends="2026-06-10T09:00")
    assert shifts("UTC", rotation, "2026-05-01T00:00", "2026-12-01T00:00") == [
        ("06-01 09:00", "06-08 09:00", 1),
        ("06-08 09:00", "06-10 09:00", 2),
    ]
    turns = Turns(rotation, zone_of("UTC"))
    assert (turns.on_call(utc("2026-06-10T08:59")), turns.on_call(utc("2026-06-10T09:00"))) == (2, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"starts": "2026-02-30T09:00"}, "starts must be a date and time"),
        ({"starts": "1066-01-01T09:00"}, "starts must be between the years 2000 and 2100"),
        ({"ends": "2026-01-01T09:00"}, "a rotation must end after it starts"),
        ({"ends": "2026-01-32T09:00"}, "ends must be a date and time"),
        ({"name": "\n"}, "name is required"),
        ({"restrictions": (Restriction(starts="25:00", ends="06:00"),)}, "a time of day must look like 08:00"),
        ({"restrictions": (Restriction(starts="05:00", ends="06:00", weekdays=()),)}, "weekdays must be"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    rotation = {"unit": "day", "starts": "2026-01-01T09:00", "people": (1,), **changes}
    with pytest.raises(Invalid, match=message):
        checked(Rotation(**rotation))
