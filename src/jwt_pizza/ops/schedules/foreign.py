"""Schedules that are kept elsewhere: their iCal becomes entries, whose people are known by email or name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import icalendar
import msgspec
import recurring_ical_events

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wallclock import moment, zone_of
from jwt_pizza.ops.schedules.rotation import Shift

BEFORE: Final = timedelta(days=31)
AHEAD: Final = timedelta(days=400)
_MOST_EVENTS: Final = 5_000
_MOST_RECURRING: Final = 300
_MOST_ENTRIES: Final = 20_000
_MOST_A_DAY: Final = 24
_OLDEST: Final = 2000
_EMAIL: Final = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_APART: Final = re.compile(r"\s*[,;/&|+]\s*|\s+-\s+|\s+and\s+", re.IGNORECASE)
_PRIORITY: Final = re.compile(r"^\s*\[[^\]]*\]\s*")
_MOST_NAMES: Final = 20


class Entry(msgspec.Struct, frozen=True):
    """`who`: the ways in which it may name people, the whole title last."""

    starts: datetime
    ends: datetime
    who: tuple[str, ...]


def entries(text: bytes, zone_name: str, now: datetime) -> list[Entry]:
    """Of a month before and a year ahead. Days and times without a zone are the schedule's. Raises Invalid."""
    try:
        calendar = icalendar.Calendar.from_ical(text)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Invalid(f"this is no iCal ({type(error).__name__})") from None
    if not isinstance(calendar, icalendar.Calendar):
        raise Invalid("this is no iCal calendar")
    _bounded(calendar)
    try:
        found = recurring_ical_events.of(calendar, skip_bad_series=True).between(now - BEFORE, now + AHEAD)
        made = sorted(_entries(found, zone_name), key=lambda entry: (entry.starts, entry.ends))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, icalendar.error.InvalidCalendar) as error:
        raise Invalid(f"its events cannot be read ({type(error).__name__})") from None
    if len(made) > _MOST_ENTRIES:
        raise Invalid(f"it has more than {_MOST_ENTRIES} events within a year")
    return made


def resolved(kept: Sequence[Entry], known: Mapping[str, int]) -> tuple[tuple[Shift, ...], tuple[str, ...]]:
    """Shifts, and the titles in which nobody was recognised. `known`: people by name and email, casefolded."""
    shifts, unknown = [], {}
    for entry in kept:
        people = {known[name.casefold()] for name in entry.who if name.casefold() in known}
        shifts += [Shift(entry.starts, entry.ends, person_id) for person_id in sorted(people)]
        if not people:
            unknown[entry.who[-1] if entry.who else "(no title)"] = True
    return tuple(shifts), tuple(unknown)


def _bounded(calendar: icalendar.Calendar) -> None:
    """Raises Invalid for what would take too long to unfold: it comes from elsewhere."""
    events = list(calendar.walk("VEVENT"))
    if len(events) > _MOST_EVENTS:
        raise Invalid(f"it has more than {_MOST_EVENTS} events")
    recurring = [rule for event in events for rule in _rules(event)]
    if len(recurring) > _MOST_RECURRING:
        raise Invalid(f"it has more than {_MOST_RECURRING} recurring events")
    for event in events:
        for rule in _rules(event):
            if _times_a_day(rule) > _MOST_A_DAY:
                raise Invalid("it has an event that recurs more often than every hour")
            begins = event.get("DTSTART")
            if begins is None or begins.dt.year < _OLDEST:
                raise Invalid(f"it has a recurring event that begins before {_OLDEST}")


def _rules(event: icalendar.Component) -> list[icalendar.vRecur]:
    rules = event.get("RRULE", [])
    listed = rules if isinstance(rules, list) else [rules]
    return [rule for rule in listed if isinstance(rule, icalendar.vRecur)]


def _times_a_day(rule: icalendar.vRecur) -> int:
    frequency = str(next(iter(rule.get("FREQ", [])), "")).upper()
    if frequency in {"SECONDLY", "MINUTELY"}:
        return 24 * 60
    times = 24 if frequency == "HOURLY" else 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= max(1, len(rule.get(part, [])))
    return times


def _entries(found: Sequence[icalendar.Event], zone_name: str) -> Iterator[Entry]:
    for event in found:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        starts, ends = _moment(event.start, zone_name), _moment(event.end, zone_name)
        if starts < ends:
            yield Entry(starts, ends, tuple(_who(event)))


def _moment(value: date, zone_name: str) -> datetime:
    zone = zone_of(zone_name)
    if not isinstance(value, datetime):
        return moment(datetime.combine(value, time()), zone)
    return moment(value, zone) if value.tzinfo is None else value.astimezone(UTC)


def _who(event: icalendar.Event) -> list[str]:
    attendees = event.get("ATTENDEE", [])
    listed = attendees if isinstance(attendees, list) else [attendees]
    found = [re.sub(r"^mailto:", "", str(attendee), flags=re.IGNORECASE) for attendee in listed]
    title = str(event.get("SUMMARY", "")).strip()[:300]
    bare = _PRIORITY.sub("", title)
    found += _EMAIL.findall(title)
    found += [part for part in _APART.split(bare) if part]
    found.append(bare or title)
    return list(dict.fromkeys(name for name in found if name))[-_MOST_NAMES:]
