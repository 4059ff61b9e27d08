"""Schedules that are kept elsewhere: read over a real socket, and held while it is down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from jwt_pizza.kernel.errors import Invalid, Refusal, Unavailable
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.store import PostgresPeople
from jwt_pizza.ops.schedules.foreign import entries, resolved
from jwt_pizza.ops.schedules.gateway import HttpCalendars
from jwt_pizza.ops.schedules.jobs import CalendarReader
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.ops.schedules.store import PostgresSchedules
from tests.factory.kitchen import TurnedClock
from tests.ops.office import GRACE, office

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)


def ical(*events: str) -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}@x\r\n{event}\r\nEND:VEVENT\r\n" for number, event in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{body}END:VCALENDAR\r\n".encode()


def event(*lines: str) -> str:
    return "\r\n".join(lines)


def spans(text: bytes, zone: str = "Europe/Berlin") -> list[tuple[str, str]]:
    found = entries(text, zone, NOW)
    return [(f"{entry.starts:%m-%d %H:%M}", f"{entry.ends:%m-%d %H:%M}") for entry in found]


def test_recurring_event_keeps_its_wall_clock_time_over_the_change() -> None:
    """29 March 2026 in Berlin."""
    zone = "TZID=Europe/Berlin"
    daily = event(
        f"DTSTART;{zone}:20260327T090000", f"DTEND;{zone}:20260328T090000", "RRULE:FREQ=DAILY;COUNT=4", "SUMMARY:Grace"
    )
    assert spans(ical(daily)) == [
        ("03-27 08:00", "03-28 08:00"),
        ("03-28 08:00", "03-29 07:00"),
        ("03-29 07:00", "03-30 07:00"),
        ("03-30 07:00", "03-31 07:00"),
    ]


def test_days_and_floating_times_are_the_schedules() -> None:
    day = event("DTSTART;VALUE=DATE:20260329", "DTEND;VALUE=DATE:20260330", "SUMMARY:x")
    floating = event("DTSTART:20260401T090000", "DURATION:PT8H", "SUMMARY:x")
    zoned = event("DTSTART:20260402T090000Z", "DTEND:20260402T100000Z", "SUMMARY:x")
    cancelled = event("DTSTART:20260403T090000Z", "DTEND:20260403T100000Z", "STATUS:CANCELLED")
    assert spans(ical(day, floating, zoned, cancelled)) == [
        ("03-28 23:00", "03-29 22:00"),
        ("04-01 07:00", "04-01 15:00"),
        ("04-02 09:00", "04-02 10:00"),
    ]


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        (["SUMMARY:Grace"], {1}),
        (["SUMMARY:GRACE@example.com"], {1}),
        (["SUMMARY:[L2] Grace"], {1}),
        (["SUMMARY:Grace\\, Linus"], {1, 2}),
        (["SUMMARY:On Call - Linus - Primary"], {2}),
        (["SUMMARY:Night shift", "ATTENDEE;CN=G:mailto:Grace@Example.com"], {1}),
        (["SUMMARY:Night shift", "ATTENDEE:mailto:grace@example.com", "ATTENDEE:MAILTO:linus@example.com"], {1, 2}),
        (["SUMMARY:Call <linus@example.com>"], {2}),
        (["SUMMARY:Gracie"], set()),
        ([], set()),
    ],
)
def test_people_are_known_by_email_or_name(lines: list[str], people: set[int]) -> None:
    known = {"grace": 1, "grace@example.com": 1, "linus": 2, "linus@example.com": 2}
    text = ical(event("DTSTART:20260401T090000Z", "DTEND:20260401T100000Z", *lines))
    shifts, unknown = resolved(entries(text, "UTC", NOW), known)
    assert {shift.person_id for shift in shifts} == people
    assert bool(unknown) == (not people)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no iCal|its events"),
        (b"<html>", "no iCal"),
        (b"\xff\xfe\x00", "no iCal"),
        (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "no iCal"),
        (ical(event("DTSTART:20260401T090000Z", "RRULE:FREQ=SECONDLY")), "more often than every hour"),
        (ical(event("DTSTART:20260401T090000Z", "RRULE:FREQ=MINUTELY")), "more often than every hour"),
        (
            ical(event("DTSTART:20260401T090000Z", "RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5")),
            "more often than every hour",
        ),
        (ical(event("DTSTART:10660401T090000Z", "RRULE:FREQ=DAILY")), "begins before 2000"),
        (ical(*[event("DTSTART:20260401T090000Z", "RRULE:FREQ=YEARLY")] * 301), "more than 300 recurring events"),
        (ical(*[event("DTSTART:20260401T090000Z")] * 5001), "more than 5000 events"),
    ],
)
def test_hostile_calendar_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        entries(text, "UTC", NOW)


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def elsewhere(answer: Answering) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_calendar_is_read_and_holds_while_its_source_is_down(postgres: Postgres) -> None:
    shift = event("DTSTART:20260327T080000Z", "DTEND:20260327T200000Z", "SUMMARY:Grace")
    stranger = event("DTSTART:20260327T200000Z", "DTEND:20260327T210000Z", "SUMMARY:Mallory")
    answers = [web.Response(body=ical(shift, stranger)), web.Response(status=500), web.Response(body=b"nonsense")]

    async def answer(_: web.Request) -> web.StreamResponse:
        return answers.pop(0)

    clock = TurnedClock()
    clock.at = NOW
    grace = await postgres.fetchval(
        "test",
        "INSERT INTO ops.people (name, role, feed_token, created_at) "
        "VALUES ('Grace', 'manager', 'x', now()) RETURNING id",
    )
    team = await postgres.fetchval("test", "INSERT INTO ops.teams (name) VALUES ('t') RETURNING id")
    book, source = PostgresSchedules(postgres), HttpCalendars(deadline=2, private=True)
    desk = ScheduleDesk(book, PostgresPeople(postgres, clock), source, clock)
    reader = CalendarReader(book, source, clock, every=300)
    caller = Person(grace, "Grace", None, "manager", "UTC")
    async with elsewhere(answer) as url:
        added = await desk.add(caller, team_id=team, name="s", time_zone="UTC", layers=[], calendar_url=f"{url}/x.ics")
        assert await desk.on_call(added.id, NOW) == ()
        assert await reader.step() == 1
        assert await reader.step() == 0
        assert await desk.on_call(added.id, NOW) == (grace,)
        assert (await desk.get(added.id)).unknown == ("Mallory",)
        for error in ("it answered 500", "this is no iCal"):
            clock.turn(300)
            assert await reader.step() == 1
            kept = await desk.get(added.id)
            assert error in str(kept.calendar_error)
            assert kept.calendar_read_at == NOW
            assert await desk.on_call(added.id, NOW) == (grace,)
    history = await desk.history(added.id, NOW - timedelta(1), clock.now())
    assert [standing.people for standing in history] == [(), (grace,)]
    changed = await desk.change(caller, added.id, calendar_url="")
    assert (changed.calendar_url, await desk.on_call(added.id, NOW)) == (None, ())


async def test_private_addresses_are_refused_however_they_are_reached() -> None:
    reached = []

    async def answer(request: web.Request) -> web.StreamResponse:
        reached.append(request.path)
        return web.Response(body=b"")

    source = HttpCalendars(deadline=2, private=False)
    async with elsewhere(answer) as url:
        for address in (url, url.replace("127.0.0.1", "localhost"), url.replace("127.0.0.1", "[::ffff:127.0.0.1]")):
            with pytest.raises(Refusal, match="private address"):
                await source.read(address)
        # A name that leads to this machine.
        with pytest.raises(Refusal, match=r"private address|cannot be reached"):
            await source.read(url.replace("127.0.0.1", "localhost.localdomain"))
    assert reached == []


async def test_source_that_misbehaves_is_given_up() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/loop":
                raise web.HTTPFound("/loop")
            case "/out":
                raise web.HTTPFound("file:///etc/passwd")
            case "/slow":
                await asyncio.Event().wait()
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 100_000)
        return response

    source = HttpCalendars(deadline=0.3, private=True)
    async with elsewhere(answer) as url:
        for path, message in [("/loop", "redirects more than 3"), ("/slow", "no answer in time"), ("/large", "larger")]:
            with pytest.raises(Unavailable, match=message):
                await HttpCalendars(deadline=0.3 if path == "/slow" else 5, private=True).read(url + path)
        with pytest.raises(Invalid, match="calendarUrl must look like"):
            await source.read(url + "/out")


async def test_schedule_says_where_it_is_kept(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        team = await made.good("POST", "/api/teams", {"name": "Kitchen", "members": [made.ids[GRACE]]})
        body = {"teamId": team["id"], "name": "Primary", "calendarUrl": "https://calendar.example/x.ics"}
        added = await made.good("POST", "/api/schedules", body)
        assert added["calendar"] == {"url": body["calendarUrl"], "readAt": None, "error": None, "unknown": []}
        changed = await made.good("PUT", f"/api/schedules/{added['id']}", {"calendarUrl": ""})
        assert changed["calendar"] is None
