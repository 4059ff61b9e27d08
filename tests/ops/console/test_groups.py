"""Alert groups in a browser: what fires, its story, and the verbs."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import ADA, PASSWORD
from tests.ops.paging.station import Station, station
from tests.visitor import Page, Visitor, visiting


@pytest.fixture
async def on_duty(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Station]:
    async with station(database_url, postgres, tmp_path) as made:
        yield made


@pytest.fixture
async def engineer(on_duty: Station) -> AsyncIterator[Visitor]:
    async with visiting(on_duty.ops.url) as visitor:
        await visitor.log_in(ADA, PASSWORD)
        yield visitor


def timeline(page: Page) -> list[str]:
    return [re.sub(r"<[^>]+>", "", line).strip() for line in re.findall(r'<li class="[a-z-]+">(.*?)</li>', page.text)]


async def test_console_is_for_those_who_are_logged_in(on_duty: Station) -> None:
    async with visiting(on_duty.ops.url) as stranger:
        page = await stranger.get("/groups", follow=False)
        assert (page.status, page.location) == (303, "/login?next=%2Fgroups")


async def test_quiet_console_says_so(engineer: Visitor) -> None:
    assert "Nothing is wrong that anybody told us of." in (await engineer.get("/groups")).text


async def test_engineer_acknowledges_and_resolves_and_the_story_tells_it(on_duty: Station, engineer: Visitor) -> None:
    await on_duty.fire(summary="12 of 12 orders failed & <b>nobody</b> eats")
    await on_duty.texted()
    listed = await engineer.get("/groups")
    assert "12 of 12 orders failed &amp; &lt;b&gt;nobody&lt;/b&gt; eats" in listed.text
    found = re.search(r'href="(/groups/\d+)"', listed.text)
    assert found
    page = await engineer.get(found[1])
    page = await engineer.submit(page.form(f"{found[1]}/acknowledge"))
    assert '<span class="status acknowledged">' in page.text
    page = await engineer.submit(page.form(f"{found[1]}/resolve"))
    assert '<span class="status resolved">' in page.text
    told = timeline(page)
    assert any("Ada was paged by SMS." in line for line in told)
    assert any("Ada acknowledged in the console." in line for line in told)
    assert any("Ada resolved the alert group in the console." in line for line in told)
    assert "Resolve</button>" not in page.text, "nothing is left to do"
    assert found[1] in (await engineer.get("/groups?status=resolved")).text


async def test_verb_that_comes_too_late_is_explained(on_duty: Station, engineer: Visitor) -> None:
    await on_duty.fire()
    await on_duty.texted()
    group = (await on_duty.group())["id"]
    page = await engineer.get(f"/groups/{group}")
    form = page.form(f"/groups/{group}/acknowledge")
    await on_duty.office.good("POST", f"/api/groups/{group}/resolution")
    late = await engineer.submit(form)
    assert late.status == 409
    assert 'role="alert"' in late.text


async def test_silence_and_assignment(on_duty: Station, engineer: Visitor) -> None:
    await on_duty.fire()
    await on_duty.texted()
    group = (await on_duty.group())["id"]
    page = await engineer.get(f"/groups/{group}")
    page = await engineer.submit(page.form(f"/groups/{group}/silence"), hours="4")
    assert "Silenced until" in page.text
    page = await engineer.submit(page.form(f"/groups/{group}/unsilence"))
    assert "Silenced until" not in page.text
    page = await engineer.submit(page.form(f"/groups/{group}/silence"), hours="-1")
    assert page.status == 400
    page = await engineer.get(f"/groups/{group}")
    page = await engineer.submit(page.form(f"/groups/{group}/assign"), person=str(on_duty.office.ids[ADA]))
    assert any("Ada assigned it to Ada." in line for line in timeline(page))


async def test_forms_of_other_sites_do_nothing(on_duty: Station, engineer: Visitor) -> None:
    await on_duty.fire()
    await on_duty.texted()
    group = (await on_duty.group())["id"]
    form = (await engineer.get(f"/groups/{group}")).form(f"/groups/{group}/resolve")
    form.fields["form"] = "forged"
    forged = await engineer.submit(form)
    assert forged.status == 403
    assert (await on_duty.group())["status"] == "firing"


async def test_unknown_groups_and_verbs(engineer: Visitor) -> None:
    assert (await engineer.get("/groups/999")).status == 404
    assert (await engineer.get("/groups/99999999999999999999")).status == 404


async def test_overview_says_whether_people_get_pizza_and_leads_to_the_incident(
    on_duty: Station, engineer: Visitor
) -> None:
    quiet = (await engineer.get("/")).text
    assert "Nobody ordered in the last minute" in quiet
    assert "/incidents/" not in quiet.partition("<main")[2]
    await on_duty.fire(summary="12 of 12 orders failed")
    async with asyncio.timeout(20):
        # The incident is declared a moment after the alert.
        while not (found := re.search(r'href="(/incidents/\d+)"', (await engineer.get("/")).text)):
            await asyncio.sleep(0.05)
    group = re.search(r'href="(/groups/\d+)"', (await engineer.get("/groups")).text)
    assert group
    assert found[1] in (await engineer.get(group[1])).text
