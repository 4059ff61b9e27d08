"""What the ovens answered, in the console, out of a real shop under attack."""

import re
from pathlib import Path

from jwt_pizza.kit.postgres import Postgres
from tests.ops.incidents.scene import Scene, scene
from tests.ops.office import GRACE, PASSWORD
from tests.visitor import Visitor, visiting


async def test_engineer_finds_the_failing_answer_and_reports_it(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with scene(database_url, postgres, tmp_path, incident_severity="never") as made:
        await made.dine(1)
        await made.attack()
        await made.dine(1, status=500)
        async with visiting(made.office.ops.url) as engineer:
            stranger = await engineer.get("/attempts", follow=False)
            assert (stranger.status, stranger.location) == (303, "/login?next=%2Fattempts")
            await engineer.log_in(GRACE, PASSWORD)
            await _filters(engineer)
            await _reports(made, engineer)
            await _pages(made, engineer)


async def _filters(engineer: Visitor) -> None:
    page = await engineer.get("/attempts")
    assert re.findall(r'<span class="status \w+">([\w ]+)</span>', page.text) == ["error", "good"]
    assert "Failed to fulfill order" in page.text or "chaos" in page.text.lower()
    assert "apiKey" not in page.text, "the link carries a key of the shop"
    for query, seen in (("oven=in-house", 0), ("outcome=failed", 1), ("outcome=good", 1), ("outcome=timeout", 0)):
        assert (await engineer.get(f"/attempts?{query}")).text.count('id="attempt-') == seen, query
    for query in ("order=seven", "outcome=burnt", "before=0"):
        assert (await engineer.get(f"/attempts?{query}")).status == 400, query


async def _reports(made: Scene, engineer: Visitor) -> None:
    """On the timeline of the open incident; and what leads elsewhere is refused, and told too."""
    declared = await made.office.good("POST", "/api/incidents", {"title": "Orders fail"})
    page = await engineer.get("/attempts?outcome=failed")
    [action] = re.findall(r'action="(/attempts/\d+/report)"', page.text)
    forged = page.form(action)
    forged.fields["form"] = "forged"
    assert (await engineer.submit(forged)).status == 403
    assert await made.attacks() == 1
    done = await engineer.submit(page.form(action))
    assert "The factory answered: Problem resolved. Pizza is back on the menu!" in done.text
    assert await made.attacks() == 0
    elsewhere = f"{made.office.ops.url}/api/report"
    await made.postgres.execute("test", "UPDATE shop.bake_attempts SET report_url = $1", elsewhere)
    refused = await engineer.submit(page.form(action))
    assert "The report link does not lead to the configured factory." in refused.text
    story = await made.office.good("GET", f"/api/incidents/{declared['id']}")
    told = [event for event in story["events"] if event["fact"]["kind"] == "runbook.action"]
    assert [(run["fact"]["good"], run["actor"]) for run in told] == [
        (True, f"person:{made.office.ids[GRACE]}"),
        (False, f"person:{made.office.ids[GRACE]}"),
    ]


async def _pages(made: Scene, engineer: Visitor) -> None:
    await made.postgres.execute(
        "test",
        "INSERT INTO shop.bake_attempts (order_id, oven, started_at, ms, reason) "
        "SELECT n, 'factory', now(), n, 'timeout' FROM generate_series(1, 60) n",
    )
    page = await engineer.get("/attempts?outcome=timeout")
    assert page.text.count('id="attempt-') == 50
    [older] = re.findall(r'href="/attempts\?([^"]*before=\d+)"', page.text)
    assert (await engineer.get(f"/attempts?{older.replace('&amp;', '&')}")).text.count('id="attempt-') == 10
