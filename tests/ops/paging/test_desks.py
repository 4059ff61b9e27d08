"""Chains, the auditor, statistics and test pages."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.alerts.model import Incoming
from jwt_pizza.ops.channels.model import NotHanded
from jwt_pizza.ops.events.model import PagerDelayed
from jwt_pizza.ops.paging.audit import Auditor
from jwt_pizza.ops.paging.ledger import PostgresLedger
from tests.ops.office import ADA, GRACE, Office, office
from tests.ops.paging.station import PHONES, station
from tests.ops.paging.world import World


@pytest.fixture
async def desk(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database_url, postgres, tmp_path) as made:
        yield made


async def draft(desk: Office, *steps: dict[str, Any]) -> dict[str, Any]:
    team = await desk.good("POST", "/api/teams", {"name": "Pizza", "members": [desk.ids[ADA]]})
    given = steps or (
        {"kind": "notify-team", "teamId": team["id"]},
        {"kind": "wait"},
        {"kind": "go-to-step", "step": 0},
    )
    return {"teamId": team["id"], "name": "night", "steps": list(given)}


async def test_chains_are_kept_changed_and_removed(desk: Office) -> None:
    wanted = await draft(desk)
    made = await desk.call("POST", "/api/chains", wanted)
    assert made.status == 201, made.text
    number = made.json["id"]
    assert made.json["steps"][1] == {"kind": "wait", "seconds": 300.0}
    assert (await desk.refused("POST", "/api/chains", wanted))[0] == 409
    changed = await desk.good("PUT", f"/api/chains/{number}", {**wanted, "name": "day"})
    assert (await desk.good("GET", "/api/chains")) == [changed]
    assert (await desk.refused("POST", "/api/chains", wanted, token=desk.grace))[0] == 403
    await desk.good("DELETE", f"/api/chains/{number}")
    assert (await desk.refused("GET", f"/api/chains/{number}"))[0] == 404


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([{"kind": "notify-people", "personIds": [99]}], "step 0: there is no person 99"),
        ([{"kind": "notify-team", "teamId": 99}], "step 0: there is no team 99"),
        ([{"kind": "notify-on-call", "scheduleId": 99}], "step 0: there is no schedule 99"),
        ([{"kind": "wait"}], "steps: none of them notifies anybody, add a notify step"),
        ([{"kind": "go-to-step", "step": 5}], "step 0: there is no step 5, the last one is 0"),
        (
            [{"kind": "notify-people", "personIds": [1]}, {"kind": "go-to-step", "step": 0}],
            "step 1: it goes back to step 0 without waiting, add a wait between them",
        ),
        (
            [{"kind": "only-between", "starts": "08:00", "ends": "20:00", "timeZone": "Mars"}],
            "step 0: the time zone must be a name such as Europe/Berlin or UTC",
        ),
        ([{"kind": "resolve"}, {"kind": "wait"}], "step 0: nothing can come after resolve, make it the last step"),
    ],
)
async def test_what_is_wrong_with_a_chain_is_said_with_what_to_change(
    desk: Office, steps: list[dict[str, Any]], problem: str
) -> None:
    assert await desk.refused("POST", "/api/chains", await draft(desk, *steps)) == (400, problem)


async def test_steps_that_are_none_are_refused(desk: Office) -> None:
    for steps in ({"kind": "explode"}, {"kind": "wait", "seconds": -1}, {"kind": "webhook", "url": "ftp://x.example"}):
        status, _ = await desk.refused("POST", "/api/chains", {"teamId": 1, "name": "x", "steps": [steps]})
        assert status == 400


class Desk:
    def __init__(self) -> None:
        self.taken: list[Incoming] = []

    async def take(self, alerts: tuple[Incoming, ...]) -> None:
        self.taken += alerts


class Outside:
    def __init__(self) -> None:
        self.pings = 0
        self.away = False

    async def ping(self) -> None:
        if self.away:
            raise NotHanded("no")
        self.pings += 1


async def test_auditor_makes_a_forgotten_escalation_go_on_and_raises_an_alert(postgres: Postgres) -> None:
    world = World(postgres)
    intake, outside = Desk(), Outside()
    auditor = Auditor(PostgresLedger(postgres), intake, outside, world.clock)
    group = await world.group(await world.chain())
    await postgres.execute("test", "UPDATE ops.groups SET loud = 1")
    await world.pager.step()
    assert await auditor.step() is True
    assert (outside.pings, intake.taken) == (1, [])
    await postgres.execute("test", "UPDATE ops.groups SET next_action_at = NULL WHERE id = $1", group)
    world.clock.pass_(60)
    assert await auditor.step() is False
    assert (outside.pings, [alert.ends_at is None for alert in intake.taken]) == (1, [True])
    assert [fact for fact in await world.facts() if isinstance(fact, PagerDelayed)] == [PagerDelayed(seconds=60.0)]
    await world.pager.step()
    assert len(world.channel.taken) == 2
    assert await auditor.step() is True
    assert (outside.pings, intake.taken[-1].ends_at) == (2, world.clock.now())
    await auditor.step()
    assert len(intake.taken) == 2


async def test_auditor_leaves_alone_what_is_quiet_for_a_reason(postgres: Postgres) -> None:
    world = World(postgres)
    auditor = Auditor(PostgresLedger(postgres), Desk(), None, world.clock)
    chain = await world.chain()
    acknowledged = await world.group(chain, key="a")
    silenced = await world.group(chain, key="b")
    muted = await world.group(chain, key="c")
    await postgres.execute("test", "UPDATE ops.groups SET loud = 1")
    await world.desk.acknowledge(acknowledged, by="person:1", via="api")
    await world.desk.silence(silenced, world.clock.now() + timedelta(hours=1), by="person:1", via="api")
    await postgres.execute("test", "UPDATE ops.groups SET loud = 0, next_action_at = NULL WHERE id = $1", muted)
    world.clock.pass_(120)
    assert await auditor.step() is True


async def test_statistics_say_how_long_it_took_and_whom_it_woke_at_their_own_hour(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with station(database_url, postgres, tmp_path) as on_duty:
        await on_duty.fire()
        await on_duty.texted()
        group = await on_duty.group()
        await on_duty.office.good("POST", f"/api/groups/{group['id']}/acknowledgement")
        await on_duty.office.good("POST", f"/api/groups/{group['id']}/resolution")
        found = await on_duty.office.good("GET", "/api/oncall/statistics")
        while not found["people"]:
            # The text has arrived, but that it was sent is not written down yet.
            found = await on_duty.office.good("GET", "/api/oncall/statistics")
        assert (found["groups"], found["toAcknowledge"]["count"], found["toResolve"]["count"]) == (1, 1, 1)
        assert found["toAcknowledge"]["mean"] <= found["toResolve"]["mean"]
        [ada] = found["people"]
        sent = await postgres.fetchval(
            "test", "SELECT max(sent_at) AT TIME ZONE 'Europe/Berlin' FROM ops.notifications"
        )
        assert (ada["personId"], ada["pages"], ada["byHour"][sent.hour]) == (on_duty.office.ids[ADA], 1, 1)
        answer = await on_duty.office.call("GET", "/api/oncall/statistics?format=csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert answer.text == (await on_duty.office.call("GET", "/api/oncall/statistics.csv")).text
        assert {"measure": "groups", "person": "", "hour": "", "value": "1"} in rows
        assert {"measure": "pages", "person": "Ada", "hour": str(sent.hour), "value": "1"} in rows
        wrong = "/api/oncall/statistics?since=2025-04-08T15:25:00"
        assert (await on_duty.office.refused("GET", wrong))[0] == 400
        assert (await on_duty.office.refused("GET", "/api/oncall/statistics?since=2020-01-01T00:00:00Z"))[0] == 400


async def test_a_test_page_goes_to_every_contact_that_works_and_only_managers_test_others(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with station(database_url, postgres, tmp_path) as on_duty:
        ids = on_duty.office.ids
        sent = await on_duty.office.good("POST", "/api/oncall/test-page", {"personId": ids[GRACE]})
        assert sent == {"contacts": 1}
        text = await on_duty.texted()
        assert (text.to, text.body.startswith("TEST: a page would reach you here.")) == (PHONES[GRACE], True)
        other = {"personId": ids[ADA]}
        assert (await on_duty.office.refused("POST", "/api/oncall/test-page", other, token=on_duty.office.grace))[
            0
        ] == 403
        nobody = {"personId": ids["linus@example.com"]}
        status, message = await on_duty.office.refused("POST", "/api/oncall/test-page", nobody)
        assert (status, message) == (409, "Linus has no contact that is verified and not opted out: add one")
