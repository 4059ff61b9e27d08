"""The wall clock around both changes of three zones, against tables worked out by hand. Lord Howe moves by 30 min."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wallclock import is_open, moment, next_open, openings, time_of, wall, window_of, zone_of

BERLIN, DENVER, LORD_HOWE = "Europe/Berlin", "America/Denver", "Australia/Lord_Howe"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        # 29 March 2026: 02:00 +01 becomes 03:00 +02, at 01:00 UTC.
        (BERLIN, "2026-03-29T01:59", "2026-03-29T00:59"),
        (BERLIN, "2026-03-29T02:00", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29T02:30", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29T02:59:59.999999", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29T03:00", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29T03:01", "2026-03-29T01:01"),
        # 25 October 2026: 03:00 +02 becomes 02:00 +01, at 01:00 UTC.
        (BERLIN, "2026-10-25T01:59", "2026-10-24T23:59"),
        (BERLIN, "2026-10-25T02:00", "2026-10-25T00:00"),
        (BERLIN, "2026-10-25T02:30", "2026-10-25T00:30"),
        (BERLIN, "2026-10-25T03:00", "2026-10-25T02:00"),
        # 8 March 2026: 02:00 -07 becomes 03:00 -06, at 09:00 UTC.
        (DENVER, "2026-03-08T01:30", "2026-03-08T08:30"),
        (DENVER, "2026-03-08T02:30", "2026-03-08T09:00"),
        (DENVER, "2026-03-08T03:00", "2026-03-08T09:00"),
        (DENVER, "2026-03-08T03:30", "2026-03-08T09:30"),
        # 1 November 2026: 02:00 -06 becomes 01:00 -07, at 08:00 UTC.
        (DENVER, "2026-11-01T00:59", "2026-11-01T06:59"),
        (DENVER, "2026-11-01T01:30", "2026-11-01T07:30"),
        (DENVER, "2026-11-01T02:00", "2026-11-01T09:00"),
        # 5 April 2026: 02:00 +11 becomes 01:30 +10:30, at 15:00 UTC of the day before.
        (LORD_HOWE, "2026-04-05T01:29", "2026-04-04T14:29"),
        (LORD_HOWE, "2026-04-05T01:45", "2026-04-04T14:45"),
        (LORD_HOWE, "2026-04-05T02:00", "2026-04-04T15:30"),
        # 4 October 2026: 02:00 +10:30 becomes 02:30 +11, at 15:30 UTC of the day before.
        (LORD_HOWE, "2026-10-04T01:59", "2026-10-03T15:29"),
        (LORD_HOWE, "2026-10-04T02:10", "2026-10-03T15:30"),
        (LORD_HOWE, "2026-10-04T02:30", "2026-10-03T15:30"),
        (LORD_HOWE, "2026-10-04T02:31", "2026-10-03T15:31"),
    ],
)
def test_wall_clock_time_is_the_first_moment_that_shows_it_or_later(zone: str, local: str, expected: str) -> None:
    assert moment(datetime.fromisoformat(local), zone_of(zone)) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "window", "weekdays", "around", "expected"),
    [
        # A night over the change: an hour shorter in spring, an hour longer in autumn.
        (BERLIN, "22:00-06:00", [5], "2026-03-29", [("2026-03-28T21:00", "2026-03-29T04:00")]),
        (BERLIN, "22:00-06:00", [5], "2026-10-25", [("2026-10-24T20:00", "2026-10-25T05:00")]),
        # Begins in what is left out; ends in it; is left out altogether.
        (BERLIN, "02:30-04:00", [6], "2026-03-29", [("2026-03-29T01:00", "2026-03-29T02:00")]),
        (BERLIN, "01:00-02:30", [6], "2026-03-29", [("2026-03-29T00:00", "2026-03-29T01:00")]),
        (BERLIN, "02:10-02:50", [6], "2026-03-29", []),
        # What comes twice: from the first coming; until the first coming.
        (BERLIN, "02:30-04:00", [6], "2026-10-25", [("2026-10-25T00:30", "2026-10-25T03:00")]),
        (BERLIN, "01:00-02:30", [6], "2026-10-25", [("2026-10-24T23:00", "2026-10-25T00:30")]),
        (DENVER, "17:00-09:00", [5], "2026-03-08", [("2026-03-08T00:00", "2026-03-08T15:00")]),
        (DENVER, "17:00-09:00", [5], "2026-11-01", [("2026-10-31T23:00", "2026-11-01T16:00")]),
        (DENVER, "01:30-02:00", [6], "2026-11-01", [("2026-11-01T07:30", "2026-11-01T09:00")]),
        (LORD_HOWE, "22:00-06:00", [5], "2026-04-05", [("2026-04-04T11:00", "2026-04-04T19:30")]),
        (LORD_HOWE, "22:00-06:00", [5], "2026-10-04", [("2026-10-03T11:30", "2026-10-03T19:00")]),
        (LORD_HOWE, "02:15-02:45", [6], "2026-10-04", [("2026-10-03T15:30", "2026-10-03T15:45")]),
        # A whole day has 23, 25, 24.5 hours.
        (BERLIN, "00:00-00:00", [6], "2026-03-29", [("2026-03-28T23:00", "2026-03-29T22:00")]),
        (DENVER, "00:00-00:00", [6], "2026-11-01", [("2026-11-01T06:00", "2026-11-02T07:00")]),
        (LORD_HOWE, "00:00-00:00", [6], "2026-04-05", [("2026-04-04T13:00", "2026-04-05T13:30")]),
    ],
)
def test_windows_around_the_changes(
    zone: str, window: str, weekdays: list[int], around: str, expected: list[tuple[str, str]]
) -> None:
    starts, ends = window.split("-")
    made, here = window_of(starts, ends, weekdays), zone_of(zone)
    middle = utc(around)
    found = list(openings(made, here, middle - timedelta(days=2), middle + timedelta(days=2)))
    assert found == [(utc(opens), utc(closes)) for opens, closes in expected]
    for opens, closes in found:
        assert is_open(made, here, opens)
        assert not is_open(made, here, closes)
        assert not is_open(made, here, opens - timedelta(seconds=1))
        assert next_open(made, here, opens - timedelta(hours=1)) == opens
        assert next_open(made, here, opens + timedelta(minutes=1)) == opens + timedelta(minutes=1)


def test_window_that_is_left_out_opens_a_week_later() -> None:
    made = window_of("02:10", "02:50", [6])
    assert next_open(made, zone_of(BERLIN), utc("2026-03-28T12:00")) == utc("2026-04-05T00:10")


moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from([BERLIN, DENVER, LORD_HOWE, "America/Santiago", "Asia/Kathmandu", "Pacific/Chatham", "UTC"])


@given(at=moments, zone=zones, hours=st.integers(0, 47))
def test_the_day_and_the_rest_of_it_are_never_both_open_nor_both_closed(at: datetime, zone: str, hours: int) -> None:
    one, other = f"{hours % 24:02}:15", f"{(hours * 7 + 3) % 24:02}:40"
    here = zone_of(zone)
    assert is_open(window_of(one, other), here, at) != is_open(window_of(other, one), here, at)


@given(at=moments, zone=zones)
def test_moment_never_comes_after_a_moment_that_shows_the_same(at: datetime, zone: str) -> None:
    here = ZoneInfo(zone)
    found = moment(wall(at, here), here)
    assert found <= at
    assert wall(found, here) == wall(at, here)


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "a" * 300, "Europe", "\0", "ü"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="time zone"):
        zone_of(name)


@pytest.mark.parametrize("text", ["", "8:00", "24:00", "08:60", "08:00:00", "-1:00", "٠٨:٠٠", "aa:bb"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="08:00"):
        time_of(text)


@pytest.mark.parametrize("weekdays", [[], [7], [-1, 0]])
def test_what_is_no_weekday_is_refused(weekdays: list[int]) -> None:
    with pytest.raises(Invalid, match="weekdays"):
        window_of("08:00", "09:00", weekdays)
