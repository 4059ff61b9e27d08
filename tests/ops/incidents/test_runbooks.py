"""Actions of runbooks against a real shop and factory: what they do, who may, and what they never do."""

import asyncio
from pathlib import Path
from typing import Any

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.incidents.runbooks import masked
from jwt_pizza.web.operators import HEADER, for_factory
from tests.ops.incidents.scene import TOKEN, Scene, scene


async def test_actions_do_what_they_say_and_are_written_down(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    leaky = {"lease_leak_seconds": 0.2, "lease_reclaim_seconds": 600.0}
    async with scene(database_url, postgres, tmp_path, leaky, runbook_automatic="in-house-oven") as made:
        await _runs_by_itself_once(made)
        await _follows_no_link_to_elsewhere(made)
        await _reclaims_connections(made)
        await _stops_all_chaos(made)
        await _believes_nobody_without_the_token(made)
        runs = [event for event in await _events(made) if event["fact"]["kind"] == "runbook.action"]
        assert [(run["fact"]["action"], run["fact"]["good"], run["fact"]["automatic"]) for run in runs] == [
            ("in-house-oven", True, True),
            ("report-factory", False, False),
            ("reclaim-connections", True, False),
            ("stop-chaos", True, False),
        ]


async def _runs_by_itself_once(made: Scene) -> None:
    await made.attack()
    await made.dine(1, status=500)
    await made.fire("failed-orders")
    async with asyncio.timeout(10):
        while "runbook.action" not in (await made.kinds() if await _declared(made) else ()):
            await asyncio.sleep(0.05)
    await made.dine(1)
    assert await made.attacks() == 1, "the in-house oven bakes, whatever befalls the factory"
    await made.until(lambda each: each["impact"]["ordersTried"] == 2)


async def _follows_no_link_to_elsewhere(made: Scene) -> None:
    admin = await made.shop.log_in("a@jwt.com", "admin")
    attempt = await made.postgres.fetchval("test", "SELECT max(id) FROM shop.bake_attempts WHERE oven = 'factory'")
    for link in (f"{made.office.ops.url}/report", f"{made.factory.url}@127.0.0.1:9/report", "file:///etc/passwd", "x"):
        change = "UPDATE shop.bake_attempts SET report_url = $1 WHERE id = $2"
        await made.postgres.execute("test", change, link, attempt)
        answer = await made.shop.call("POST", f"/api/ops/attempts/{attempt}/report", token=admin)
        assert (answer.status, answer.message) == (400, "the report link does not lead to the configured factory")
    outcome = await made.acted("report-factory")
    assert (outcome["good"], outcome["outcome"]) == (False, "the report link does not lead to the configured factory")
    assert await made.attacks() == 1


async def _reclaims_connections(made: Scene) -> None:
    admin = await made.shop.log_in("a@jwt.com", "admin")
    started = await made.shop.call("PUT", "/api/ops/chaos/leak", {"probability": 1.0, "seconds": 60}, token=admin)
    assert started.status == 200
    await made.dine(1)
    await _leaks(made, admin, 1)
    assert (await made.acted("reclaim-connections"))["outcome"] == "1 leaked connection is taken back"
    await _leaks(made, admin, 0)


async def _stops_all_chaos(made: Scene) -> None:
    assert "1 attack on the factory ended" in (await made.acted("stop-chaos"))["outcome"]
    assert await made.attacks() == 0
    admin = await made.shop.log_in("a@jwt.com", "admin")
    assert (await made.shop.call("GET", "/api/ops/chaos/leak", token=admin)).json == {"kind": "leak", "on": False}


async def _believes_nobody_without_the_token(made: Scene) -> None:
    for token, said, status in [
        (None, "engineer person:3", 401),
        ("a guess", "engineer person:3", 401),
        (TOKEN, "emperor person:3", 401),
        (TOKEN, "engineer person:3", 200),
    ]:
        answer = await made.shop.call("GET", "/api/ops/ovens", token=token, headers={HEADER: said})
        assert answer.status == status, (token, said)
        shown = for_factory(TOKEN) if token == TOKEN else token
        answer = await made.factory.call("DELETE", "/api/admin/chaos", token=shown, headers={HEADER: said})
        assert answer.status == status, (token, said)
    raw = await made.factory.call("DELETE", "/api/admin/chaos", token=TOKEN, headers={HEADER: "engineer person:3"})
    assert raw.status == 401, "the token itself is not for factories"
    said = {HEADER: "administrator person:3"}
    for path in ("/api/user/me", "/api/franchise/1"):
        assert (await made.shop.call("GET", path, token=TOKEN, headers=said)).status in {401, 404}
    assert (await made.shop.call("GET", "/api/user/me", token=TOKEN, headers=said)).status == 401
    ended = await made.shop.call("DELETE", "/api/ops/ovens/in-house", token=TOKEN, headers=said)
    assert ended.json["forced"] is None


async def _declared(made: Scene) -> bool:
    return (await made.office.call("GET", "/api/incidents/1")).status == 200


async def _events(made: Scene) -> Any:
    return (await made.office.good("GET", "/api/incidents/1"))["events"]


async def _leaks(made: Scene, admin: str, count: int) -> None:
    async with asyncio.timeout(10):
        while True:
            view = (await made.shop.call("GET", "/api/ops/connections", token=admin)).json
            leases = [lease for process in view["processes"] for lease in process["leases"]]
            if [lease["state"] for lease in leases].count("leaked") == count:
                return
            await asyncio.sleep(0.05)


def test_keys_and_codes_of_report_links_are_masked() -> None:
    assert (
        masked("https://f.example/api/report?apiKey=0123456789abcdef&fixCode=secret-of-the-attack")
        == "https://f.example/api/report?apiKey=…cdef&fixCode=…tack"
    )
    assert masked("https://f.example/api/support/0123456789abcdef/report/short") == (
        "https://f.example/api/support/…cdef/report/…"
    )
