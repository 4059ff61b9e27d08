"""Schedules over the API: who is on call, swaps, feeds, and the past."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.people.model import Person
from jwt_pizza.ops.people.store import PostgresPeople
from jwt_pizza.ops.schedules.gateway import HttpCalendars
from jwt_pizza.ops.schedules.jobs import Historian
from jwt_pizza.ops.schedules.model import NewOverride
from jwt_pizza.ops.schedules.rotation import Rotation
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.ops.schedules.store import PostgresSchedules
from tests.factory.kitchen import TurnedClock
from tests.ops.office import ADA, GRACE, LINUS, Office, office

TUESDAY = datetime(2026, 6, 2, 12, tzinfo=UTC)


def clock_at(at: datetime) -> TurnedClock:
    clock = TurnedClock()
    clock.at = at
    return clock


async def schedule(made: Office, **changes: Any) -> Any:
    team = await made.good("POST", "/api/teams", {"name": f"Team {changes.get('name')}"})
    layer = {"unit": "week", "starts": "2026-06-01T09:00", "people": [made.ids[GRACE], made.ids[LINUS]]}
    body = {"teamId": team["id"], "name": "Primary", "timeZone": "Europe/Berlin", "layers": [layer], **changes}
    return await made.good("POST", "/api/schedules", body)


def names(people: Any) -> list[str]:
    return [person["name"] for person in people]


async def test_who_is_on_call_now_and_next(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path, clock_at(TUESDAY)) as made:
        added = await schedule(made)
        assert added["layers"][0]["people"] == [made.ids[GRACE], made.ids[LINUS]]
        [standing] = await made.good("GET", "/api/oncall", token=made.grace)
        assert (standing["schedule"], names(standing["now"])) == ("Primary", ["Grace"])
        assert (standing["next"]["at"], names(standing["next"]["people"])) == ("2026-06-08T07:00:00.000Z", ["Linus"])
        [then] = await made.good("GET", "/api/oncall?at=2026-06-09T00:00:00Z")
        assert names(then["now"]) == ["Linus"]
        shifts = await made.good("GET", f"/api/schedules/{added['id']}/shifts?until=2026-06-10T00:00:00Z")
        assert [(shift["person"]["name"], shift["starts"]) for shift in shifts["shifts"]] == [
            ("Grace", "2026-06-01T07:00:00.000Z"),
            ("Linus", "2026-06-08T07:00:00.000Z"),
        ]
        assert shifts["gaps"] == []
        early = await made.good("GET", f"/api/schedules/{added['id']}/shifts?since=2026-05-31T00:00:00Z")
        assert early["gaps"] == [{"starts": "2026-05-31T00:00:00.000Z", "ends": "2026-06-01T07:00:00.000Z"}]


async def test_anybody_swaps_a_shift_and_takes_it_back(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path, clock_at(TUESDAY)) as made:
        added = await schedule(made)
        swap = {
            "kind": "replace",
            "personId": made.ids[ADA],
            "replacesId": made.ids[GRACE],
            "starts": "2026-06-02T10:00:00Z",
            "ends": "2026-06-02T18:00:00Z",
        }
        path = f"/api/schedules/{added['id']}/overrides"
        made_swap = await made.good("POST", path, swap, token=made.grace)
        assert made_swap["createdBy"]["name"] == "Grace"
        [standing] = await made.good("GET", "/api/oncall")
        assert names(standing["now"]) == ["Ada"]
        assert names(standing["next"]["people"]) == ["Grace"]
        [shown] = (await made.good("GET", f"/api/schedules/{added['id']}"))["overrides"]
        assert shown == made_swap
        refused = await made.refused("DELETE", f"/api/people/{made.ids[LINUS]}")
        assert refused == (409, "the person is still named by schedule Primary: take it out there first")
        await made.good("DELETE", f"/api/overrides/{made_swap['id']}", token=made.grace)
        [standing] = await made.good("GET", "/api/oncall")
        assert names(standing["now"]) == ["Grace"]
        assert await made.refused("DELETE", f"/api/overrides/{made_swap['id']}") == (404, "unknown override")


OVERRIDES: list[tuple[dict[str, Any], str]] = [
    ({"kind": "add", "replacesId": 1}, "to add somebody, give personId and no replacesId"),
    ({"kind": "remove"}, "to take somebody out, give replacesId and no personId"),
    ({"personId": None}, "to replace somebody, give personId; without replacesId it is whoever is on call"),
    ({"personId": 999}, "there is no person 999"),
    ({"ends": "2026-06-02T09:00:00Z"}, "the end must be after the beginning"),
    (
        {"ends": "2026-06-02T11:00:00Z"},
        "this is over already, and history is not changed: choose an end that is still to come",
    ),
    ({"ends": "2028-06-02T11:00:00Z"}, "at most 366 days at once"),
    ({"starts": "0001-01-01T00:00:00Z"}, "times must be between the years 2000 and 2100"),
]


async def test_override_that_makes_no_sense_is_refused(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path, clock_at(TUESDAY)) as made:
        added = await schedule(made)
        swap = {
            "kind": "replace",
            "personId": made.ids[ADA],
            "starts": "2026-06-02T10:00:00Z",
            "ends": "2026-06-02T18:00:00Z",
        }
        for changes, message in OVERRIDES:
            refused = await made.refused("POST", f"/api/schedules/{added['id']}/overrides", swap | changes)
            assert refused == (400, message)


NONSENSE: list[dict[str, Any]] = [
    {"name": " "},
    {"timeZone": "Mars"},
    {"teamId": 999},
    {"layers": [{"unit": "day", "starts": "2026-06-01T09:00", "people": []}]},
    {"layers": [{"unit": "day", "starts": "2026-06-01T09:00", "people": [999]}]},
    {"layers": [{"unit": "day", "starts": "2026-13-01T09:00", "people": [1]}]},
    {"layers": [{"unit": "day", "starts": "2026-06-01T09:00", "people": [1], "length": 0}]},
    {"layers": [{"unit": "eon", "starts": "2026-06-01T09:00", "people": [1]}]},
    {"layers": [{"unit": "day", "starts": "2026-06-01T09:00", "people": [1], "nonsense": 1}]},
    {"layers": [{}] * 21},
    {"calendarUrl": "file:///etc/passwd"},
    {"calendarUrl": "http://localhost/x.ics"},
    {"calendarUrl": "http://169.254.169.254/latest"},
    {"calendarUrl": "http://[::ffff:10.0.0.1]/x"},
    {"calendarUrl": "http://[::1"},
]


async def test_schedule_that_makes_no_sense_is_refused(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        team = await made.good("POST", "/api/teams", {"name": "Kitchen"})
        good = await made.good("POST", "/api/schedules", {"teamId": team["id"], "name": "Other"})
        for changes in NONSENSE:
            body = {"teamId": team["id"], "name": "Primary", **changes}
            assert (await made.call("POST", "/api/schedules", body)).status == 400, changes
            assert (await made.call("PUT", f"/api/schedules/{good['id']}", changes)).status == 400, changes
        assert (await made.good("GET", f"/api/schedules/{good['id']}"))["layers"] == []


async def test_managers_change_schedules(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path, clock_at(TUESDAY)) as made:
        added = await schedule(made)
        path = f"/api/schedules/{added['id']}"
        for method, where, body in [("PUT", path, {}), ("DELETE", path, None), ("POST", f"{path}/feed", None)]:
            assert (await made.call(method, where, body, token=made.grace)).status == 403
        taken = await made.refused("POST", "/api/schedules", {"teamId": added["teamId"], "name": "PRIMARY"})
        assert taken == (409, "a schedule of that name exists already")
        changed = await made.good("PUT", path, {"name": "Night", "timeZone": "UTC", "layers": []})
        assert (changed["name"], changed["timeZone"], changed["layers"]) == ("Night", "UTC", [])
        [standing] = await made.good("GET", "/api/oncall")
        assert (standing["now"], standing["next"]) == ([], None)
        steps = f'[{{"kind": "notify-on-call", "scheduleId": {added["id"]}}}]'
        await postgres.execute(
            "test", "INSERT INTO ops.chains (team_id, name, steps) VALUES ($1, 'Pager', $2)", added["teamId"], steps
        )
        named = "the schedule is still named by the chains Pager: take it out there first"
        assert await made.refused("DELETE", path) == (409, named)
        await postgres.execute("test", "UPDATE ops.chains SET removed_at = now()")
        await made.good("DELETE", path)
        for method, where, body in [
            ("GET", path, None),
            ("PUT", path, {}),
            ("DELETE", path, None),
            ("GET", f"{path}/shifts", None),
            ("GET", f"{path}/history", None),
            ("POST", f"{path}/feed", None),
        ]:
            assert await made.refused(method, where, body) == (404, "unknown schedule")


TIMES = [
    "since=2026-06-01T00:00:00",
    "since=yesterday",
    "since=2026-06-01T00:00:00Z&until=2026-05-01T00:00:00Z",
    "since=2026-06-01T00:00:00Z&until=2036-05-01T00:00:00Z",
    "since=0001-01-01T00:00:00Z",
    "since=9999-12-31T23:59:59Z",
    "until=9999-12-31T23:59:59Z",
    "until=0001-01-01T00:00:00Z",
]


async def test_times_that_make_no_sense_are_refused(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path, clock_at(TUESDAY)) as made:
        added = await schedule(made)
        for what in ("shifts", "history"):
            for query in TIMES:
                answer = await made.call("GET", f"/api/schedules/{added['id']}/{what}?{query}")
                assert answer.status == 400, (what, query, answer.text)
        assert (await made.call("GET", "/api/oncall?at=2026-06-01T00:00:00")).status == 400


async def test_nobody_is_named_and_removed_at_the_same_moment(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        team = await made.good("POST", "/api/teams", {"name": "Kitchen"})
        for turn in range(6):
            somebody = (await made.good("POST", "/api/people", {"name": "X"}))["id"]
            layer = {"unit": "week", "starts": "2026-06-01T09:00", "people": [somebody]}
            body = {"teamId": team["id"], "name": f"S{turn}", "layers": [layer]}
            calls = [made.call("POST", "/api/schedules", body), made.call("DELETE", f"/api/people/{somebody}")]
            answers = await asyncio.gather(*(calls if turn % 2 else reversed(calls)))
            assert sorted(answer.status for answer in answers) in ([200, 400], [200, 409])


async def test_calendar_of_a_schedule_and_of_a_person(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    clock = clock_at(TUESDAY)
    async with office(database_url, postgres, tmp_path, clock) as made:
        added = await schedule(made)
        answer = await made.ops.call("GET", added["feed"])
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/calendar")
        lines = answer.text.split("\r\n")
        assert "\n" not in "".join(lines)
        assert "X-WR-CALNAME:On call: Primary" in lines
        assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in lines
        assert "DTSTART:20260601T070000Z" in lines
        assert "DTEND:20260608T070000Z" in lines
        events = list(icalendar.Calendar.from_ical(answer.text).walk("VEVENT"))
        assert str(events[0]["SUMMARY"]) == "Grace on call: Primary"
        assert events[-1].end > TUESDAY + timedelta(days=180) > events[-1].start
        before = [str(event["UID"]) for event in events]
        assert len(set(before)) == len(before)
        clock.turn(86_400)
        later = icalendar.Calendar.from_ical((await made.ops.call("GET", added["feed"])).text)
        assert [str(event["UID"]) for event in later.walk("VEVENT")][: len(before)] == before
        wrong = {"message": "there is no such calendar"}
        for path in (added["feed"][:-5] + "x.ics", added["feed"][:-4], "/api/schedules/999/calendar/x.ics"):
            refused = await made.ops.call("GET", path)
            assert (refused.status, refused.json) == (404, wrong)
        feed = await made.good("POST", f"/api/schedules/{added['id']}/feed")
        assert (await made.ops.call("GET", added["feed"])).status == 404
        assert (await made.ops.call("GET", feed["feed"])).status == 200
        path = f"/api/people/{made.ids[GRACE]}/feed"
        own = await made.good("GET", path, token=made.grace)
        mine = icalendar.Calendar.from_ical((await made.ops.call("GET", own["feed"])).text)
        assert {str(event["SUMMARY"]) for event in mine.walk("VEVENT")} == {"Grace on call: Primary"}
        await made.good("POST", path, token=made.grace)
        assert (await made.ops.call("GET", own["feed"])).status == 404
        assert (await made.call("GET", f"/api/people/{made.ids[LINUS]}/feed", token=made.grace)).status == 403


async def test_later_edits_do_not_rewrite_the_past(postgres: Postgres) -> None:
    clock = clock_at(TUESDAY)
    desk, historian, caller, people, schedule_id = await watchbill(postgres, clock)
    assert await historian.step() == 0
    clock.turn(3 * 86_400)
    assert await historian.step() == 3
    assert await historian.step() == 0
    clock.turn(3_600)
    # Nothing ran in between: the change tells first what was so until now.
    await desk.change(
        caller, schedule_id, layers=[Rotation(unit="day", starts="2026-06-01T09:00", people=(people[2],))]
    )
    clock.turn(3_600)
    now = clock.now()
    found = await desk.history(schedule_id, TUESDAY - timedelta(days=1), now)
    assert [(standing.at, standing.people) for standing in found] == [
        (TUESDAY, (people[1],)),
        (datetime(2026, 6, 3, 9, tzinfo=UTC), (people[0],)),
        (datetime(2026, 6, 4, 9, tzinfo=UTC), (people[1],)),
        (datetime(2026, 6, 5, 9, tzinfo=UTC), (people[0],)),
        (now - timedelta(hours=1), (people[2],)),
    ]
    middle = await desk.history(schedule_id, datetime(2026, 6, 4, 12, tzinfo=UTC), datetime(2026, 6, 4, 13, tzinfo=UTC))
    assert [standing.people for standing in middle] == [(people[1],)]


async def test_history_is_written_once_by_many_processes(postgres: Postgres) -> None:
    clock = clock_at(TUESDAY)
    desk, _, _, _, schedule_id = await watchbill(postgres, clock)
    clock.turn(3 * 86_400)
    historians = [Historian(PostgresSchedules(postgres), clock) for _ in range(4)]
    assert sum(await asyncio.gather(*(historian.step() for historian in historians))) == 3
    assert len(await desk.history(schedule_id, TUESDAY, clock.now())) == 4


async def test_override_shows_in_history_from_the_moment_it_holds(postgres: Postgres) -> None:
    clock = clock_at(TUESDAY)
    desk, historian, caller, people, schedule_id = await watchbill(postgres, clock)
    override = NewOverride(
        kind="replace",
        person_id=people[2],
        replaces_id=None,
        starts=TUESDAY - timedelta(days=1),
        ends=TUESDAY + timedelta(hours=2),
    )
    clock.turn(3_600)
    added = await desk.override(caller, schedule_id, override)
    assert await desk.on_call(schedule_id, clock.now()) == (people[2],)
    assert (await desk.all_on_call(clock.now()))[schedule_id] == (people[2],)
    clock.turn(1_800)
    await desk.remove_override(caller, added.id)
    clock.turn(7_200)
    await historian.step()
    found = await desk.history(schedule_id, TUESDAY, clock.now())
    assert [(standing.at - TUESDAY, standing.people[0]) for standing in found] == [
        (timedelta(), people[1]),
        (timedelta(hours=1), people[2]),
        (timedelta(hours=1.5), people[1]),
    ]


async def watchbill(postgres: Postgres, clock: TurnedClock) -> tuple[ScheduleDesk, Historian, Person, list[int], int]:
    """A daily rotation of two, handed off at 09:00 UTC, and a third person."""
    add = "INSERT INTO ops.people (name, role, feed_token, created_at) VALUES ($1, 'responder', $1, now()) RETURNING id"
    people = [await postgres.fetchval("test", add, name) for name in ("a", "b", "c")]
    team = await postgres.fetchval("test", "INSERT INTO ops.teams (name) VALUES ('t') RETURNING id")
    book, roster = PostgresSchedules(postgres), PostgresPeople(postgres, clock)
    desk = ScheduleDesk(book, roster, HttpCalendars(deadline=1, private=False), clock)
    caller = Person(people[0], "a", None, "manager", "UTC")
    layer = Rotation(unit="day", starts="2026-06-01T09:00", people=(people[0], people[1]))
    added = await desk.add(caller, team_id=team, name="s", time_zone="UTC", layers=[layer], calendar_url=None)
    return desk, Historian(book, clock), caller, people, added.id
