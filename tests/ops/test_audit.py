"""The audit log: over HTTP, in the console, and without reading what alerts have left."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.audit.store import SQL
from tests.ops.office import GRACE, PASSWORD
from tests.ops.paging.station import Station, station
from tests.visitor import visiting


@pytest.fixture
async def on_duty(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Station]:
    async with station(database_url, postgres, tmp_path) as made:
        yield made


async def test_it_tells_who_did_what_and_who_was_not_believed(on_duty: Station) -> None:
    office, grace = on_duty.office, on_duty.office.ids[GRACE]
    await office.good("PUT", f"/api/people/{grace}", {"timeZone": "America/Denver"})
    await on_duty.fire()
    await on_duty.texted()
    group = (await on_duty.group())["id"]
    await office.good("POST", f"/api/groups/{group}/acknowledgement", token=office.grace)
    assert (await on_duty.ops.call("POST", "/api/heartbeats/nobodys-token")).status == 404
    everything = (await office.good("GET", "/api/audit"))["entries"]
    assert [entry["id"] for entry in everything] == sorted((entry["id"] for entry in everything), reverse=True)
    refused, acknowledged, changed = everything[:3]
    assert (refused["kind"], refused["address"]) == ("audit.refused", "127.0.0.1")
    assert "no heartbeat has this token" in refused["text"]
    assert (acknowledged["by"], acknowledged["groupId"], acknowledged["text"]) == (
        "Grace",
        group,
        "Grace acknowledged.",
    )
    assert changed["text"] == "Ada changed Grace: time zone."
    assert not any(entry["kind"].startswith("alert") for entry in everything), "that is another story"
    for sort, entry in (("refused", refused), ("done", acknowledged), ("changed", changed)):
        assert (await office.good("GET", f"/api/audit?sort={sort}&limit=1"))["entries"] == [entry]
    mine = (await office.good("GET", f"/api/audit?by={grace}"))["entries"]
    assert {entry["by"] for entry in mine} == {"Grace"}
    assert acknowledged in mine
    page = await office.good("GET", f"/api/audit?before={refused['id']}&limit=1")
    assert (page["entries"], page["more"]) == ([acknowledged], True)
    for query in ("sort=everything", "before=0", "before=x", "limit=501", "by=-1"):
        assert (await office.call("GET", f"/api/audit?{query}")).status == 400, query
    assert (await office.call("GET", "/api/audit", token="nobody")).status == 401


async def test_it_is_a_page_too(on_duty: Station) -> None:
    for number in range(51):
        plan = {"name": f"<i>{number}</i>", "matchers": [{"label": "a", "value": "b"}]}
        await on_duty.office.good("POST", "/api/routes", plan)
    async with visiting(on_duty.ops.url) as responder:
        assert (await responder.get("/audit", follow=False)).status == 303
        await responder.log_in(GRACE, PASSWORD)
        page = await responder.get("/audit?sort=changed")
        assert "Ada added route &lt;i&gt;50&lt;/i&gt;" in page.text
        older = page.text.partition("Older ones")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
        assert "&lt;i&gt;0&lt;/i&gt;" not in page.text
        assert "&lt;i&gt;0&lt;/i&gt;" in (await responder.get(older)).text
        assert "Nothing yet" in (await responder.get("/audit?sort=refused")).text


async def test_a_million_alerts_do_not_make_it_slow(postgres: Postgres) -> None:
    """Its condition is the index's: the plan reads nothing else."""
    await postgres.execute(
        "test",
        "INSERT INTO ops.events (at, kind, actor, data) "
        "SELECT now(), 'alert.fired', 'source:x', '{}' FROM generate_series(1, 20000)",
    )
    await postgres.execute("test", "ANALYZE ops.events")
    explain = SQL["read"]
    rows = await postgres.fetch("test", f"EXPLAIN {explain}", None, None, None, 51)
    assert "events_audited" in "\n".join(row[0] for row in rows)
