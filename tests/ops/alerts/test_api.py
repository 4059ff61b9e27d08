"""Groups, routes and silences over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import Office, office

ALL = [
    ("GET", "/api/groups"),
    ("GET", "/api/groups/1"),
    ("POST", "/api/groups/1/acknowledgement"),
    ("DELETE", "/api/groups/1/acknowledgement"),
    ("POST", "/api/groups/1/resolution"),
    ("DELETE", "/api/groups/1/silence"),
    ("POST", "/api/groups/1/escalation"),
    ("GET", "/api/routes"),
    ("GET", "/api/silences"),
    ("GET", "/api/inhibitions"),
    ("GET", "/api/heartbeats"),
]


@pytest.fixture
async def ops(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database_url, postgres, tmp_path) as made:
        yield made


async def fire(ops: Office, name: str, severity: str = "warning") -> int:
    assert (await ops.ops.call("POST", "/api/alerts", {"name": name, "severity": severity})).status == 200
    return int((await ops.good("GET", "/api/groups"))["groups"][0]["id"])


async def test_everything_needs_a_login(ops: Office) -> None:
    for method, path in ALL:
        assert (await ops.ops.call(method, path)).status == 401, path


async def test_verbs_answer_with_the_group_as_it_is_then(ops: Office) -> None:
    group = f"/api/groups/{await fire(ops, 'A')}"
    taken = await ops.good("POST", f"{group}/acknowledgement", token=ops.grace)
    assert (taken["status"], taken["acknowledgedBy"]) == ("acknowledged", f"person:{ops.ids['grace@example.com']}")
    assert (await ops.good("DELETE", f"{group}/acknowledgement"))["status"] == "firing"
    assert (await ops.good("POST", f"{group}/silence", {"seconds": 60}))["silencedUntil"] is not None
    assert (await ops.good("DELETE", f"{group}/silence"))["silencedUntil"] is None
    assert (await ops.refused("POST", f"{group}/escalation"))[0] == 409
    assigned = await ops.good("POST", f"{group}/assignment", {"personId": ops.ids["grace@example.com"]})
    assert assigned["nextActionAt"] is not None
    assert (await ops.good("POST", f"{group}/escalation"))["status"] == "firing"
    done = await ops.good("POST", f"{group}/resolution")
    assert (done["status"], done["nextActionAt"]) == ("resolved", None)
    status, message = await ops.refused("POST", f"{group}/acknowledgement")
    assert (status, "cannot be acknowledged any more" in message) == (409, True)
    story = await ops.good("GET", group)
    kinds = [event["fact"]["kind"] for event in story["events"]]
    # The pager of this process tells its own part in between.
    assert [kind for kind in kinds if kind.startswith(("group.", "alert."))] == [
        "group.opened",
        "alert.fired",
        "group.acknowledged",
        "group.unacknowledged",
        "group.silenced",
        "group.unsilenced",
        "group.reassigned",
        "group.escalated",
        "group.resolved",
    ]


async def test_list_is_filtered_and_paged(ops: Office) -> None:
    ids = [await fire(ops, f"Alert{n} 100%", "critical" if n % 2 else "info") for n in range(5)]
    await ops.good("POST", f"/api/groups/{ids[0]}/resolution")
    await ops.good("POST", f"/api/groups/{ids[1]}/acknowledgement")

    async def found(query: str) -> list[int]:
        return [group["id"] for group in (await ops.good("GET", f"/api/groups?{query}"))["groups"]]

    assert await found("") == ids[::-1]
    assert await found("status=open&severity=critical") == [ids[3], ids[1]]
    assert await found("status=acknowledged") == [ids[1]]
    assert await found("status=resolved") == [ids[0]]
    assert await found("text=alert2+100%25") == [ids[2]]
    assert await found("text=%25%25") == []
    assert await found("since=2999-01-01T00:00:00Z") == []
    page = await ops.good("GET", "/api/groups?limit=2")
    assert page["more"] is True
    last = page["groups"][-1]["id"]
    assert await found(f"limit=3&before={last}") == ids[2::-1]
    for wrong in ("status=bad", "limit=0", "limit=1000", "before=x", "since=2025-01-01T00:00:00"):
        assert (await ops.call("GET", f"/api/groups?{wrong}")).status == 400, wrong
    assert (await ops.call("GET", "/api/groups/99999")).status == 404
    assert (await ops.call("GET", "/api/groups/99999999999999999999")).status in {400, 404}


@pytest.mark.parametrize(
    "body",
    [{}, {"seconds": 0}, {"seconds": 1, "until": "2999-01-01T00:00:00Z"}, {"until": "2999-01-01T00:00:00"}, {"x": 1}],
)
async def test_silence_of_a_group_is_checked(ops: Office, body: dict[str, object]) -> None:
    group = await fire(ops, "A")
    assert (await ops.call("POST", f"/api/groups/{group}/silence", body)).status == 400


async def test_routes_are_set_up_by_managers_and_every_change_is_recorded(ops: Office, postgres: Postgres) -> None:
    plan = {"name": "db", "matchers": [{"label": "service", "value": "db"}], "groupBy": ["service"]}
    assert (await ops.call("POST", "/api/routes", plan, token=ops.grace)).status == 403
    made = (await ops.call("POST", "/api/routes", plan)).json
    assert (made["position"], made["chainId"], made["remindSeconds"]) == (1, None, None)
    assert (await ops.call("POST", "/api/routes", plan)).status == 409
    changed = await ops.good("PUT", f"/api/routes/{made['id']}", {**plan, "remindSeconds": 600})
    assert changed["remindSeconds"] == 600
    second = (await ops.call("POST", "/api/routes", {**plan, "name": "db2"})).json
    ordered = await ops.good("PUT", "/api/routes/order", {"routeIds": [second["id"], made["id"]]})
    assert [route["name"] for route in ordered] == ["db2", "db", "default"]
    assert (await ops.call("PUT", "/api/routes/order", {"routeIds": [made["id"]]})).status == 400
    assert (await ops.call("DELETE", f"/api/routes/{second['id']}")).status == 200
    plan["name"] = "db3"
    for wrong in (
        {**plan, "matchers": []},
        {**plan, "name": "x\ny"},
        {**plan, "matchers": [{"label": "a", "op": "=~", "value": "("}]},
        {**plan, "matchers": [{"label": "a", "op": "~", "value": "b"}]},
        {**plan, "chainId": 12345},
        {**plan, "typo": 1},
        {**plan, "groupBy": ["a", "a"]},
    ):
        assert (await ops.call("POST", "/api/routes", wrong)).status == 400, wrong
    changes = await postgres.fetchval("test", "SELECT count(*) FROM ops.events WHERE kind = 'audit.changed'")
    assert changes >= 5


async def test_whoever_is_on_call_may_silence(ops: Office) -> None:
    plan = {"matchers": [{"label": "alertname", "value": "A"}], "seconds": 600, "comment": "deploy"}
    made = (await ops.call("POST", "/api/silences", plan, token=ops.grace)).json
    assert made["createdBy"] == f"person:{ops.ids['grace@example.com']}"
    group = await fire(ops, "A")
    assert (await ops.good("GET", f"/api/groups/{group}"))["alerts"][0]["muted"] == f"silence:{made['id']}"
    assert len(await ops.good("GET", "/api/silences")) == 1
    assert (await ops.good("DELETE", f"/api/silences/{made['id']}"))["endedAt"] is not None
    assert await ops.good("GET", "/api/silences") == []
    assert len(await ops.good("GET", "/api/silences?ended=true")) == 1
    for wrong in ({**plan, "seconds": -1}, {**plan, "matchers": []}, {**plan, "endsAt": "2020-01-01T00:00:00Z"}):
        assert (await ops.call("POST", "/api/silences", wrong)).status == 400


async def test_inhibition_rules_are_set_up_by_managers(ops: Office) -> None:
    rule = {"source": [{"label": "a", "value": "1"}], "target": [{"label": "b", "value": "1"}], "equal": ["node"]}
    assert (await ops.call("POST", "/api/inhibitions", rule, token=ops.grace)).status == 403
    made = (await ops.call("POST", "/api/inhibitions", rule)).json
    assert await ops.good("GET", "/api/inhibitions") == [made]
    assert (await ops.call("DELETE", f"/api/inhibitions/{made['id']}")).status == 200
    assert (await ops.call("DELETE", f"/api/inhibitions/{made['id']}")).status == 404
