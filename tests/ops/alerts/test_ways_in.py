"""Alerts over HTTP, as each kind of sender sends them, and as nobody should."""

import base64
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import Office, office
from tests.running import Answer, running_ops

ZERO = "0001-01-01T00:00:00Z"


@pytest.fixture
async def ops(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database_url, postgres, tmp_path) as made:
        yield made


async def groups(ops: Office, query: str = "") -> Any:
    return (await ops.good("GET", f"/api/groups{query}"))["groups"]


def hook_alert(status: str = "firing", **labels: str) -> dict[str, object]:
    return {
        "status": status,
        "labels": {"alertname": "OrdersFail", **labels},
        "annotations": {"summary": "3 of 10 orders fail"},
        "startsAt": "2025-04-08T15:25:00.123456789Z",
        "endsAt": ZERO,
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "ffffffffffffffff",
        "somethingNew": {"a": [1]},
    }


def hook(*alerts: dict[str, object], version: str = "4", **more: object) -> dict[str, object]:
    return {
        "version": version,
        "groupKey": '{}:{alertname="OrdersFail"}',
        "status": "firing",
        "receiver": "ops",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "truncatedAlerts": 0,
        "notification_reason": "new",
        "alerts": list(alerts),
        **more,
    }


async def test_prometheus_may_name_ops_as_its_alertmanager(ops: Office) -> None:
    sent = [
        {
            "labels": {"alertname": "Down", "severity": "page", "empty": ""},
            "annotations": {"summary": "it is down"},
            "startsAt": "2025-04-08T15:25:00.001Z",
            "endsAt": "2999-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph",
        }
    ]
    answer = await ops.ops.call("POST", "/api/v2/alerts", sent)
    assert answer.status == 200
    [group] = await groups(ops)
    assert (group["title"], group["severity"], group["status"]) == ("it is down", "critical", "firing")
    story = await ops.good("GET", f"/api/groups/{group['id']}")
    [found] = story["alerts"]
    assert found["labels"] == {"alertname": "Down", "severity": "page"}
    assert found["startsAt"].startswith("2025-04-08T15:25:00.001")
    assert [event["fact"]["kind"] for event in story["events"]] == ["group.opened", "alert.fired"]
    sent[0]["endsAt"] = "2025-04-08T15:30:00Z"
    await ops.ops.call("POST", "/api/v2/alerts", sent)
    assert await groups(ops, "?status=open") == []


async def test_probes_of_an_alertmanager_are_answered(ops: Office) -> None:
    await ops.ops.call("POST", "/api/v2/alerts", [{"labels": {"alertname": "A"}}])
    [shown] = (await ops.ops.call("GET", "/api/v2/alerts")).json
    assert (shown["labels"], shown["status"]["state"]) == ({"alertname": "A"}, "active")
    status = (await ops.ops.call("GET", "/api/v2/status")).json
    assert status["cluster"]["status"] == "disabled"
    assert {(await ops.ops.call("GET", path)).status for path in ("/-/healthy", "/-/ready")} == {200}


async def test_alertmanager_webhook_fires_and_resolves_by_our_own_fingerprint(ops: Office) -> None:
    both = hook(hook_alert(instance="a"), hook_alert(instance="b"), truncatedAlerts=7)
    assert (await ops.ops.call("POST", "/api/alerts/alertmanager", both)).status == 200
    [group] = await groups(ops)
    assert (group["firing"], group["title"]) == (2, "3 of 10 orders fail")
    over = hook(hook_alert("resolved", instance="a"), hook_alert("resolved", instance="b"))
    assert (await ops.ops.call("POST", "/api/alerts/alertmanager", over)).status == 200
    assert (await groups(ops))[0]["status"] == "resolved"


async def test_that_alerts_were_left_out_is_noted(ops: Office, postgres: Postgres) -> None:
    await ops.ops.call("POST", "/api/alerts/alertmanager", hook(hook_alert(), truncatedAlerts=7))
    data = await postgres.fetchval(
        "test", "SELECT data FROM ops.events WHERE kind = 'happening' AND data ->> 'what' = 'alerts.truncated'"
    )
    assert json.loads(data)["about"]["count"] == "7"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_grafana_sends_with_either_method(ops: Office, method: str) -> None:
    alert = {**hook_alert(), "panelURL": "http://grafana/d/1?viewPanel=2", "values": {"A": 1.5}, "silenceURL": "x"}
    body = hook(alert, version="1", orgId=1, title="[FIRING:1]", state="alerting", message="m")
    assert (await ops.ops.call(method, "/api/alerts/grafana", body)).status == 200
    [group] = await groups(ops)
    story = await ops.good("GET", f"/api/groups/{group['id']}")
    assert story["alerts"][0]["annotations"]["dashboard_url"] == "http://grafana/d/1?viewPanel=2"


async def test_webhook_alert_is_believed_longer_than_its_repeat_interval(ops: Office, postgres: Postgres) -> None:
    await ops.ops.call("POST", "/api/alerts/alertmanager", hook(hook_alert()))
    hours = await postgres.fetchval("test", "SELECT extract(epoch FROM stale_at - last_seen_at) / 3600 FROM ops.alerts")
    assert round(hours, 3) == 9


async def test_event_in_our_own_words_alone_or_several(ops: Office) -> None:
    one = {"name": "BackupFailed", "severity": "error", "summary": "no backup", "labels": {"host": "db1"}}
    assert (await ops.ops.call("POST", "/api/alerts", one)).status == 200
    assert (await ops.ops.call("POST", "/api/alerts", [one, {"name": "Other"}])).status == 200
    other, backup = await groups(ops)
    assert (backup["severity"], backup["firing"], other["title"]) == ("critical", 1, "Other")
    await ops.ops.call("POST", "/api/alerts", {**one, "status": "resolved"})
    assert (await groups(ops, "?status=resolved"))[0]["title"] == "no backup"


async def test_good_alerts_of_a_post_are_taken_and_the_others_named(ops: Office) -> None:
    sent = [{"labels": {"alertname": "Good"}}, {"labels": {"a": ""}}, {"labels": {f"l{n}": "x" for n in range(10_000)}}]
    answer = await ops.ops.call("POST", "/api/v2/alerts", sent)
    assert answer.status == 400
    assert "alerts[1]: an alert needs at least one label" in answer.message
    assert "alerts[2]: an alert may have 100 labels, this one has 10000" in answer.message
    assert [group["title"] for group in await groups(ops)] == ["Good"]


HOSTILE: list[tuple[str, object, str]] = [
    ("/api/v2/alerts", {"labels": {}}, "expected array"),
    ("/api/v2/alerts", [{"labels": {"a": 1}}], "labels[...]: expected str"),
    ("/api/v2/alerts", [{"annotations": {}}], "required field labels"),
    ("/api/v2/alerts", [{"labels": {"a": "b"}, "startsAt": "yesterday"}], "startsAt"),
    ("/api/v2/alerts", [{"labels": {"a": "x" * 20_000}}], "16384 bytes"),
    ("/api/v2/alerts", [{"labels": {"n" * 300: "x"}}], "1 to 200 characters"),
    ("/api/v2/alerts", [{"labels": {"a": "b"}, "startsAt": "2025-01-02T00:00:00Z", "endsAt": "2025-01-01T00:00:00Z"}],
     "endsAt must not be before startsAt"),
    ("/api/alerts/alertmanager", hook(version="3"), '"4" of the webhook is understood, not "3"'),
    ("/api/alerts/alertmanager", hook({"labels": {"a": "b"}, "status": "maybe"}), "invalid enum value"),
    ("/api/alerts/grafana", hook(version="4"), '"1" of the webhook is understood'),
    ("/api/alerts", {"name": "x", "severty": "page"}, "unknown field"),
    ("/api/alerts", {"name": ""}, "length >= 1"),
    ("/api/alerts", "x", "expected"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "told"), HOSTILE)
async def test_what_is_malformed_is_refused_with_what_to_change(
    ops: Office, postgres: Postgres, path: str, body: object, told: str
) -> None:
    answer = await ops.ops.call("POST", path, body)
    assert (answer.status, told in answer.message) == (400, True), answer.text
    assert await groups(ops) == []
    assert await refused(postgres) == 1


async def test_what_is_no_json_too_deep_or_too_large_is_refused(ops: Office) -> None:
    async def post(data: bytes) -> Answer:
        return await ops.ops.call("POST", "/api/v2/alerts", data=data)

    assert (await post(b"[{")).status == 400
    assert (await post(b"\xff\xfe")).status == 400
    assert (await post(b"[" * 100_000)).status == 400
    assert (await post(b'[{"labels":{"a":"\\ud800"}}]')).status == 400
    large = io.BytesIO(b'[{"labels":{"a":"' + b"x" * 10_000_000 + b'"}}]')
    async with ops.ops.client.post(f"{ops.ops.url}/api/v2/alerts", data=large) as answer:
        assert answer.status == 413
    assert (await post(b"[]")).status == 200
    assert await groups(ops) == []


async def test_odd_characters_and_times_lose_no_alert(ops: Office) -> None:
    odd = {
        "labels": {"alertname": "A\x00B\nC", "emoji": "🍕", "rtl": "\u202eabc", "sp ace-é": "x"},
        "annotations": {"summary": "\x00bad\x07 " + "long " * 2000},
        "startsAt": "2999-01-01T00:00:00Z",
        "endsAt": "9999-12-31T23:59:59Z",
    }
    old = {"labels": {"alertname": "Old"}, "startsAt": "0001-01-01T00:00:00+14:00", "endsAt": "1970-01-01T00:00:00Z"}
    answer = await ops.ops.call("POST", "/api/v2/alerts", [odd, old])
    assert answer.status == 200, answer.text
    by_name = {group["labels"]["alertname"]: group for group in await groups(ops)}
    assert set(by_name) == {"A\ufffdB\ufffdC", "Old"}
    story = await ops.good("GET", f"/api/groups/{by_name[chr(65) + chr(0xFFFD) + 'B' + chr(0xFFFD) + 'C']['id']}")
    [found] = story["alerts"]
    assert found["labels"]["emoji"] == "🍕"
    assert len(found["annotations"]["summary"]) == 4000
    assert found["startsAt"] < "2990"
    assert found["staleAt"] < "2990"


async def test_with_a_token_only_who_shows_it_may_send(database_url: str, postgres: Postgres) -> None:
    basic = base64.b64encode(b"prometheus:s3cret").decode()
    async with running_ops(database_url, ops_token="s3cret") as ops:
        sent = [{"labels": {"alertname": "A"}}]
        for header in (None, "Bearer wrong", "Basic !!!", f"Basic {base64.b64encode(b'x:wrong').decode()}", "Bearer"):
            headers = {"Authorization": header} if header else {}
            answer = await ops.call("POST", "/api/v2/alerts", sent, headers=headers)
            assert answer.status == 401
            assert "JWT_PIZZA_OPS_TOKEN" in answer.message
        assert (await ops.call("GET", "/api/v2/alerts")).status == 401
        for header in ("Bearer s3cret", f"Basic {basic}"):
            answer = await ops.call("POST", "/api/v2/alerts", sent, headers={"Authorization": header})
            assert answer.status == 200


async def test_web_page_that_somebody_has_open_cannot_raise_alarms(ops: Office) -> None:
    sent = {"name": "Fire"}
    answer = await ops.ops.call("POST", "/api/alerts", sent, headers={"Origin": "https://evil.example.com"})
    assert (answer.status, answer.message) == (401, "web pages may not send alerts")


async def test_signature_of_grafana_is_checked_where_a_secret_is_set(database_url: str, postgres: Postgres) -> None:
    body = json.dumps(hook(hook_alert(), version="1")).encode()

    def sign(message: bytes) -> str:
        return hmac.new(b"secret", message, hashlib.sha256).hexdigest()

    now, before = str(int(time.time())), str(int(time.time()) - 400)
    tries = [
        (200, {"X-Grafana-Alerting-Signature": sign(body)}),
        (200, {"X-Grafana-Alerting-Signature": sign(now.encode() + b":" + body), "X-Grafana-Alerting-Timestamp": now}),
        (401, {"X-Grafana-Alerting-Signature": sign(body + b" ")}),
        (401, {"X-Grafana-Alerting-Signature": sign(body), "X-Grafana-Alerting-Timestamp": now}),
        (401, {"X-Grafana-Alerting-Signature": sign(before.encode() + b":" + body),
               "X-Grafana-Alerting-Timestamp": before}),
        (401, {"X-Grafana-Alerting-Signature": "é"}),
        (401, {}),
    ]  # fmt: skip
    async with running_ops(database_url, grafana_secret="secret") as ops:
        for status, headers in tries:
            assert (await ops.call("POST", "/api/alerts/grafana", headers=headers, data=body)).status == status


async def test_flood_of_forged_posts_does_not_fill_the_log(database_url: str, postgres: Postgres) -> None:
    async with running_ops(database_url, ops_token="s3cret") as ops:
        for _ in range(50):
            assert (await ops.call("POST", "/api/alerts", {"name": "x"}, token="wrong")).status == 401
    assert 1 <= await refused(postgres) <= 6
    fact = json.loads(await postgres.fetchval("test", "SELECT data FROM ops.events WHERE kind = 'audit.refused'"))
    assert (fact["what"], fact["address"]) == ("an alert event", "127.0.0.1")


async def test_while_storage_is_away_senders_are_told_to_send_again(database_url: str, postgres: Postgres) -> None:
    async with running_ops(database_url, pool_size=2, statement_seconds=2) as ops:
        async with postgres.lease("test") as connection, connection.transaction():
            await connection.execute("LOCK TABLE ops.alerts IN ACCESS EXCLUSIVE MODE")
            answer = await ops.call("POST", "/api/alerts", {"name": "x"})
        assert answer.status == 503
        assert "Retry-After" in answer.headers
        assert (await ops.call("POST", "/api/alerts", {"name": "x"})).status == 200


async def refused(postgres: Postgres) -> int:
    count: int = await postgres.fetchval("test", "SELECT count(*) FROM ops.events WHERE kind = 'audit.refused'")
    return count
