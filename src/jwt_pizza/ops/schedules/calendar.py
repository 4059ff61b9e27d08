"""Shifts as iCal, for calendars that people look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import icalendar

from jwt_pizza.ops.schedules.rotation import Shift

BEFORE: Final = timedelta(days=15)
AHEAD: Final = timedelta(days=180)
_REFRESH: Final = timedelta(hours=1)


def feed(title: str, shifts: Sequence[tuple[int, str, Shift]], names: Mapping[int, str], now: datetime) -> bytes:
    """`shifts` with the id and name of their schedule. Times are UTC; the same shift keeps its UID."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//JWT Pizza//ops//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for schedule_id, schedule, shift in shifts:
        event = icalendar.Event()
        event.add("uid", f"{schedule_id}-{shift.person_id}-{shift.starts:%Y%m%dT%H%M%SZ}@ops.jwt-pizza")
        event.add("summary", f"{names.get(shift.person_id, 'somebody who left')} on call: {schedule}")
        event.add("dtstart", shift.starts)
        event.add("dtend", shift.ends)
        event.add("dtstamp", now)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
