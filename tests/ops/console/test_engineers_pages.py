"""Connections, coverage, the on-call calendar, and the overview as it changes: over HTTP, and once in a browser."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import Page, expect

from jwt_pizza.kernel.vitals import Database, Holding, Pool
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.console.connections import plumbing
from jwt_pizza.ops.console.coverage import chapters
from jwt_pizza.ops.coverage.model import Finding, Kind, Report
from jwt_pizza.ops.telemetry.fleet import Fleet, View
from tests.accessible import fits, prepare, violations
from tests.browser import browsing
from tests.clocks import HandClock
from tests.ops.fleets import Worker
from tests.ops.office import ADA, GRACE, PASSWORD
from tests.ops.paging.station import Station, station
from tests.visitor import visiting

ROTATION = {"unit": "day", "starts": "2026-01-01T09:00", "people": []}
OFFICE = [{"starts": "09:00", "ends": "17:00"}]


@pytest.fixture
async def on_duty(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Station]:
    async with station(database_url, postgres, tmp_path) as made:
        yield made


def holding(owner: str, seconds: float, state: str = "held") -> Holding:
    return Holding(owner, "0af7", "orders/store.py:41", seconds, state, 4711, 12)  # type: ignore[arg-type]


def test_held_connections_of_all_processes_the_oldest_first() -> None:
    clock, fleet = HandClock(), Fleet()
    one, other = Worker(clock, "host:1"), Worker(clock, "host:2", "ops")
    one.is_(leases=(holding("orders.place", 0.2), holding("menu.read", 61.0, "leaked")))
    other.is_(leases=(holding("pages.send", 3.0),), database=Database(unreachable=7.0))
    one.is_(pool=Pool(name="shop", limit=10, reserved=3, used=2, idle=0, waiting=4))
    for worker in (one, other):
        fleet.take(worker.snapshot(), 0.0)
    found = plumbing(View(fleet, 1.0))
    assert [(held.holding.owner, held.process) for held in found.held] == [
        ("menu.read", "host:1"),
        ("pages.send", "host:2"),
        ("orders.place", "host:1"),
    ]
    assert found.leaked == 1
    assert [(basin.service, basin.unreachable) for basin in found.basins] == [("ops", 7.0), ("shop", None)]


def test_every_kind_of_finding_has_its_place_on_the_page() -> None:
    findings = tuple(Finding(kind=kind, severity="problem", about="x", message="y") for kind in get_args(Kind))
    found = chapters(Report(since="", until="", covered=False, findings=findings))
    assert sum(chapter.problems for chapter in found) == len(findings)


async def test_engineer_takes_over_a_shift_and_takes_it_back(on_duty: Station) -> None:
    ids = on_duty.office.ids
    layer = {**ROTATION, "people": [ids[ADA]], "restrictions": OFFICE}
    draft = {"teamId": on_duty.team_id, "name": "day <b>", "timeZone": "Europe/Berlin", "layers": [layer]}
    schedule = (await on_duty.office.good("POST", "/api/schedules", draft))["id"]
    async with visiting(on_duty.ops.url) as engineer:
        for path in ("/on-call", "/coverage", "/connections"):
            assert (await engineer.get(path, follow=False)).status == 303
        unheard = await engineer.get("/events", headers={"Accept": "text/event-stream"})
        assert unheard.status == 401
        await engineer.log_in(GRACE, PASSWORD)
        page = await engineer.get("/on-call")
        assert "day &lt;b&gt;" in page.text
        assert len(re.findall(r'<p class="gap">', page.text)) >= 27, "every night is a gap"
        action = f"/on-call/{schedule}/overrides"
        form = page.form(action)
        assert form.fields["person"] == str(ids[GRACE]), "who is logged in is proposed"
        wrong = await engineer.submit(form, starts="2090-07-01T09:00", ends="soon")
        assert wrong.status == 400
        assert "The end must be a date and time" in wrong.text
        assert 'value="2090-07-01T09:00"' in wrong.text, "what was typed stays"
        done = await engineer.submit(form, starts="2090-07-01T09:00", ends="2090-07-01T17:00")
        assert done.status == 200
        assert "Grace takes over" in done.text
        [made] = (await on_duty.office.good("GET", "/api/schedules"))[0]["overrides"]
        assert made["starts"] == "2090-07-01T07:00:00.000Z", "typed in the time of the schedule"
        removal = f"/on-call/overrides/{made['id']}/remove"
        gone = await engineer.submit(done.form(removal))
        assert "Grace takes over" not in gone.text
        assert (await engineer.submit(done.form(removal))).status == 404
        coverage = (await engineer.get("/coverage?days=7")).text
        assert "At times nobody would be paged" in coverage
        assert "nobody is on call" in coverage
        assert "linus" in coverage.lower(), "who has no contact"
        assert "Held now" in (await engineer.get("/connections")).text


async def test_overview_changes_by_itself_and_keys_lead_about(on_duty: Station) -> None:
    async with browsing() as browser:
        context = await browser.new_context(viewport={"width": 320, "height": 640}, reduced_motion="reduce")
        await prepare(context)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{on_duty.ops.url}/login")
        await page.get_by_label("Email").fill(ADA)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.locator("[data-live-state]")).to_have_text("Live.")
        await on_duty.fire(summary="12 of 12 orders failed & <b>nobody</b> eats")
        firing = page.get_by_role("link", name="12 of 12 orders failed & <b>nobody</b> eats").last
        await expect(firing).to_be_visible(timeout=15_000)
        ids = on_duty.office.ids
        layer = {**ROTATION, "people": [ids[ADA]], "restrictions": OFFICE}
        draft = {"teamId": on_duty.team_id, "name": "day", "layers": [layer]}
        schedule = (await on_duty.office.good("POST", "/api/schedules", draft))["id"]
        await on_duty.office.good("POST", "/api/heartbeats", {"name": "backup", "intervalSeconds": 60})
        quiet = {"matchers": [{"label": "service", "value": "shop"}], "seconds": 60}
        await on_duty.office.good("POST", "/api/silences", quiet)
        paths = (
            "", "connections", "coverage", "on-call", "keys", f"on-call/{schedule}", "on-call/new", "people",
            f"people/{ids[ADA]}", f"people/{ids[GRACE]}", "chains", f"chains/{on_duty.chain_id}",
            f"chains/{on_duty.chain_id}?kind=only-between", f"chains/{on_duty.chain_id}?kind=notify-people", "routes",
            "silences", "heartbeats", "statistics", "audit",
        )  # fmt: skip
        async with asyncio.timeout(60):
            for path in paths:
                if path:
                    await page.goto(f"{on_duty.ops.url}/{path}")
                assert await violations(page) == [], path
                await fits(page)
        await _grows_while_one_looks(on_duty, page)
        await page.goto(f"{on_duty.ops.url}/coverage")
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.get_by_role("button", name="Turn these keys off").click()
        await page.keyboard.press("Escape")
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).not_to_be_visible()
        await page.goto(f"{on_duty.ops.url}/keys")
        await page.get_by_role("button", name="Turn these keys on").click()
        await page.keyboard.press("g")
        await page.keyboard.press("a")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")
        assert complaints == []


async def _grows_while_one_looks(on_duty: Station, page: Page) -> None:
    """Somebody else acts: the timeline tells it, what can be done changes, and a screen reader hears of it."""
    group = (await on_duty.group())["id"]
    incident = (await on_duty.office.good("GET", "/api/incidents"))["incidents"][0]["id"]
    for noun, path, words in (
        ("groups", f"groups/{group}", "acknowledged."),
        ("incidents", f"incidents/{incident}", "noted: it is the oven"),
    ):
        async with page.expect_response(f"**/follow/{path}"):
            await page.goto(f"{on_duty.ops.url}/{path}")
        told = page.locator("[data-entries] li").filter(has_text=words)
        await expect(told).to_have_count(0)
        await page.evaluate("document.body.dataset.same = 'page'")
        if noun == "groups":
            await page.get_by_role("button", name="Acknowledge", exact=True).focus()
            await on_duty.office.good("POST", f"/api/groups/{group}/acknowledgement")
        else:
            note = {"kind": "note", "text": "it is the oven"}
            answer = await on_duty.office.call("POST", f"/api/incidents/{incident}/entries", note)
            assert answer.status in {200, 201}, answer.text
        await expect(told).to_have_count(1, timeout=10_000)
        await expect(page.locator("[data-told]")).to_contain_text("New: ")
        assert await page.locator("body").get_attribute("data-same") == "page", "it was not loaded again"
        if noun == "groups":
            await expect(page.locator("[data-part=state] .status")).to_have_text("acknowledged")
            # Its form holds the token of this very session.
            await page.get_by_role("button", name="Take the acknowledgement back").click()
            await expect(page.locator("[data-part=state] .status")).to_have_text("firing")
        assert await violations(page) == [], path
        await fits(page)
