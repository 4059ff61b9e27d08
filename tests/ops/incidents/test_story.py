"""The incident as it was, from the first failing order to the last letter: shop, factory and ops on sockets."""

import asyncio
import re
from pathlib import Path
from typing import Any

from jwt_pizza.kit.postgres import Postgres
from tests.ops.incidents.scene import Scene, scene
from tests.ops.office import GRACE

DINERS = 3


async def test_incident_is_measured_ended_and_made_good(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with scene(database_url, postgres, tmp_path) as made:
        await _declares_itself(made)
        await _ends_by_the_report_link(made)
        await _resolves(made)
        await _makes_good(made)
        await _late_facts_come_in(made)


async def _declares_itself(made: Scene) -> None:
    await made.attack()
    await made.dine(DINERS, status=500)
    first = await made.fire()
    incident = await made.until(lambda each: each["impact"] is not None and each["impact"]["ordersFailed"] == DINERS)
    assert (incident["state"], incident["severity"], incident["groups"]) == ("triggered", "critical", [first])
    impact = incident["impact"]
    assert [impact[name] for name in ("dinersAffected", "pizzasNotDelivered", "ordersCharged")] == [3, 6, 3]
    assert impact["satoshisCharged"] == DINERS * 800_000
    assert incident["startedAt"] == impact["firstFailedAt"] < incident["declaredAt"], "it began before anybody knew"
    second = await made.fire("factory-failing")
    await made.until(lambda each: each["groups"] == [first, second])
    listed = (await made.office.good("GET", "/api/incidents"))["incidents"]
    assert len(listed) == 1, "what fires meanwhile belongs to it"


async def _ends_by_the_report_link(made: Scene) -> None:
    story = await made.office.good("GET", "/api/incidents/1")
    assert [(offer["action"], offer["suggested"]) for offer in story["actions"]][:2] == [
        ("report-factory", True),
        ("in-house-oven", True),
    ]
    assert await made.attacks() == 1
    outcome = await made.acted("report-factory")
    assert outcome["good"], outcome
    assert "Problem resolved" in outcome["outcome"]
    assert await made.attacks() == 0
    story = await made.office.good("GET", "/api/incidents/1")
    [ran] = [event for event in story["events"] if event["fact"]["kind"] == "runbook.action"]
    assert ran["actor"] == f"person:{made.office.ids[GRACE]}"
    assert '"status":500' in ran["fact"]["evidence"]
    assert made.vendor not in ran["fact"]["evidence"], "its keys are masked"
    assert (await made.acted("in-house-oven"))["good"]
    assert (await made.acted("release-oven"))["outcome"] == "the shop's policy chooses the oven again"
    again = await made.acted("report-factory")
    assert "No chaos currently executing" in again["outcome"]
    await made.dine(1)


async def _resolves(made: Scene) -> None:
    incident = await made.office.good("POST", "/api/incidents/1/acknowledgement", token=made.office.grace)
    assert (incident["state"], incident["roles"]) == ("acknowledged", {"commander": made.office.ids[GRACE]})
    groups = (await made.office.good("GET", "/api/groups"))["groups"]
    assert {group["status"] for group in groups} == {"acknowledged"}, "nobody is paged any more"
    incident = await made.office.good("POST", "/api/incidents/1/resolution", token=made.office.grace)
    groups = (await made.office.good("GET", "/api/groups"))["groups"]
    assert {group["status"] for group in groups} == {"resolved"}
    assert incident["state"] == "resolved"
    assert incident["mitigatedAt"] < incident["acknowledgedAt"], "the harm stopped when the report link was followed"
    assert (await made.office.refused("POST", "/api/incidents/1/actions/stop-chaos"))[0] == 409


async def _makes_good(made: Scene) -> None:
    assert (await made.office.refused("GET", "/api/incidents/1/amends"))[0] == 404
    plan = await _ask(made, "PUT", "amends", {"explanation": "We were <attacked>."})
    assert [plan[name] for name in ("diners", "orders", "refund", "needsApproval")] == [3, 3, 2_400_000, True]
    early = await made.office.refused("POST", "/api/incidents/1/amends/execution", token=made.office.grace)
    assert early[0] == 409
    wrong = await made.office.refused("POST", "/api/incidents/1/amends/approval", token=made.office.grace)
    assert wrong == (403, "amends beyond the limit must be approved by an administrator")
    approved = await made.office.good("POST", "/api/incidents/1/amends/approval")
    assert approved["approvedBy"] == f"ops:person:{made.office.ids['ada@example.com']}"
    await _ask(made, "POST", "amends/execution")
    await made.mailbox.wait_for(DINERS)
    incident = await made.until(lambda each: "amends.finished" in str(each) or each["amends"]["lettersSent"] == DINERS)
    assert incident["amends"]["refunds"] == DINERS
    async with asyncio.timeout(10):
        while "amends.finished" not in (kinds := await made.kinds()):
            await asyncio.sleep(0.05)
    assert [kind for kind in kinds if kind.startswith("amends")] == [
        "amends.planned",
        "amends.approved",
        "amends.started",
        "amends.finished",
    ]
    csv = await made.office.call("GET", "/api/incidents/1/impact/orders.csv")
    assert len(re.findall(r"charged,2,0\.0080 BTC,yes", csv.text)) == DINERS


async def _late_facts_come_in(made: Scene) -> None:
    """An order of the window turns out to have failed: its diner gets theirs, and nobody else anything."""
    order = await made.postgres.fetchval(
        "test",
        "UPDATE shop.orders SET status = 'charged', jwt = NULL, placed_at = (SELECT started_at + interval '1 ms' "
        "FROM ops.incidents) WHERE status = 'fulfilled' RETURNING id",
    )
    await made.postgres.execute("test", "UPDATE shop.bake_attempts SET reason = 'error' WHERE order_id = $1", order)
    await made.until(lambda each: each["impact"]["ordersFailed"] == DINERS + 1)
    assert (await made.kinds())[-1] == "impact.measured"
    assert (await _ask(made, "PUT", "amends"))["orders"] == DINERS + 1
    await made.office.good("POST", "/api/incidents/1/amends/approval")
    await made.mailbox.wait_for(DINERS + 1)
    incident = await made.until(lambda each: each["impact"]["ordersCompensated"] == DINERS + 1)
    assert incident["state"] == "resolved"
    assert len(made.mailbox.ids()) == len(made.mailbox.taken) == DINERS + 1


async def _ask(made: Scene, method: str, what: str, body: object = None) -> Any:
    return await made.office.good(
        method,
        f"/api/incidents/1/{what}",
        body if body is not None else {} if method == "PUT" else None,
        token=made.office.grace,
    )
