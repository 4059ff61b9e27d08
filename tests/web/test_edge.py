"""What holds for every answer: CORS, headers, limits, logs, health."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest

from jwt_pizza.apps import shop as shop_app
from jwt_pizza.kit import embedded, settings
from jwt_pizza.kit.postgres import Postgres
from tests.conftest import administer
from tests.running import Running, running_factory, running_shop, serving

LOCAL = "http://localhost:5173"
SECURITY = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy")


async def test_a_preflight_tells_a_local_page_what_it_may_send(shop: Running) -> None:
    asked = {
        "Origin": LOCAL,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    for path in ("/api/order", "/api/auth", "/factory/api/order/verify", "/nowhere"):
        answer = await shop.call("OPTIONS", path, headers=asked)
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == LOCAL
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, DELETE"
        allowed = answer.headers["Access-Control-Allow-Headers"]
        assert set(allowed.split(", ")) == {"Content-Type", "Authorization", "Idempotency-Key"}
        assert "Origin" in answer.headers["Vary"]


async def test_answers_and_errors_alike_may_be_read_by_a_local_page(shop: Running) -> None:
    calls: list[tuple[str, str, bytes | None, int]] = [
        ("GET", "/api/order/menu", None, 200),
        ("GET", "/api/user/me", None, 401),
        ("GET", "/nowhere", None, 404),
        ("PATCH", "/api/auth", None, 405),
        ("PUT", "/api/auth", b"{", 400),
        ("PUT", "/api/auth", b'{"email":"d@jwt.com","password":"wrong"}', 404),
        ("POST", "/api/auth", b'"' + b"x" * 300_000 + b'"', 413),
    ]
    for method, path, data, status in calls:
        for origin in (LOCAL, "http://127.0.0.1:3000", "https://localhost", "http://[::1]:8080"):
            answer = await shop.call(method, path, data=data, headers={"Origin": origin})
            assert answer.status == status
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://localhost:5173.evil.example",
        "http://evil.example/localhost",
        "http://localhost@evil.example",
        "http://localhost:5173/",
        "file://localhost",
    ],
)
async def test_other_origins_are_not_echoed(shop: Running, origin: str) -> None:
    for method, headers in (("GET", {}), ("OPTIONS", {"Access-Control-Request-Method": "GET"})):
        answer = await shop.call(method, "/api/order/menu", headers={"Origin": origin, **headers})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert "Origin" in answer.headers["Vary"]


async def test_a_named_origin_is_allowed_and_localhost_is_not_then(database_url: str) -> None:
    async with running_shop(database_url, allowed_origins="https://pizza.example, https://b.example") as shop:
        for origin, allowed in (("https://pizza.example", True), ("https://b.example", True), (LOCAL, False)):
            answer = await shop.call("GET", "/api/order/menu", headers={"Origin": origin})
            assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed


async def test_every_answer_has_security_headers_and_a_request_id(shop: Running) -> None:
    seen = set()
    for path in ("/api/order/menu", "/nowhere", "/api/user/me", "/healthz", "/schema", "/api/franchise?page=x"):
        answer = await shop.call("GET", path)
        for name in SECURITY:
            assert answer.headers[name], (path, name)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in answer.headers, "over http it would be ignored"
        seen.add(answer.headers["X-Request-Id"])
    assert len(seen) == 6
    given = await shop.call("GET", "/nowhere", headers={"X-Request-Id": "from-the-proxy-1"})
    assert given.headers["X-Request-Id"] == "from-the-proxy-1"
    for bad in ("short", "x" * 65, "with space 123", "<script>alert(1)</script>"):
        answer = await shop.call("GET", "/nowhere", headers={"X-Request-Id": bad})
        assert answer.headers["X-Request-Id"] != bad


async def test_an_unknown_path_and_a_wrong_method_are_told_in_json(shop: Running) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        for path in (
            "/nowhere",
            "/api",
            "/api/nope/7",
            "/api/franchise/x/y/z",
            "/static/../../etc/passwd",
            "/%00",
            "/%FF",
        ):
            answer = await shop.call(method, path, headers={"Accept": "application/json"})
            assert (answer.status, answer.json) == (404, {"message": "unknown endpoint"}), (method, path)
    for method, path in (
        ("PATCH", "/api/order"),
        ("POST", "/api/order/menu"),
        ("DELETE", "/api/order"),
        ("GET", "/api/auth"),
    ):
        answer = await shop.call(method, path)
        assert answer.status == 405
        assert list(answer.json) == ["message"]


async def test_no_answer_of_the_api_is_empty(shop: Running) -> None:
    for path in ("/api/order", "/api/auth", "/factory/api/order"):
        answer = await shop.call("OPTIONS", path)
        assert answer.status == 200
        assert answer.json == {}


async def test_a_body_that_is_too_large_is_refused_as_json(shop: Running) -> None:
    token = await shop.log_in()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b"x" * 8192

    for method, path in (("POST", "/api/order"), ("POST", "/api/auth"), ("PUT", "/api/order/menu")):
        answer = await shop.call(method, path, data=b'{"name":"' + b"x" * 262_144 + b'"}', token=token)
        assert answer.status == 413
        assert list(answer.json) == ["message"]
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        async with shop.client.request(method, shop.url + path, data=endless(), headers=headers) as chunked:
            assert chunked.status == 413
            assert list(json.loads(await chunked.read())) == ["message"]
    assert (await shop.order(token)).status == 200


async def test_metrics_count_requests_by_route_and_never_by_path(shop: Running) -> None:
    await shop.call("GET", "/api/franchise/12345678")
    await shop.call("GET", "/nowhere/at/all/7777777")
    await shop.call("BREW", "/api/order")
    answer = await shop.call("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    counted = 'http_request_duration_seconds_count{method="GET",route="/api/franchise/{subject}"'
    assert f'{counted},service="shop",status="401"}}' in answer.text
    assert 'route="unknown",service="shop",status="404"' in answer.text
    assert "BREW" not in answer.text
    assert "7777777" not in answer.text
    assert "12345678" not in answer.text


async def test_alive_and_ready(shop: Running, database_url: str) -> None:
    for running in (shop,):
        assert (await running.call("GET", "/healthz")).json == {"status": "alive"}
        ready = await running.call("GET", "/readyz")
        assert ready.status == 200
        assert ready.json["status"] == "ready"
        assert set(ready.json["checks"].values()) == {"ok"}
    async with running_factory(database_url) as factory:
        assert (await factory.call("GET", "/readyz")).status == 200


async def test_a_database_that_is_not_migrated_is_not_ready(shop: Running, postgres: Postgres) -> None:
    await postgres.execute("test", "UPDATE shop.schema_version SET version_num = '0000'")
    ready = await shop.call("GET", "/readyz")
    assert ready.status == 503
    assert ready.json["checks"]["shop schema"] == "not ready"
    assert (await shop.call("GET", "/healthz")).status == 200


async def test_without_its_database_the_shop_says_so_and_comes_back(
    database_url: str, cluster: embedded.Cluster
) -> None:
    """503 with Retry-After while it is away, no stack, no address of the database; then all goes on."""
    name = urlsplit(database_url).path.removeprefix("/")
    async with running_shop(database_url) as shop:
        token = await shop.log_in()
        await shop.order(token)
        await administer(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await administer(cluster, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        assert (await shop.call("GET", "/readyz")).status == 503
        assert (await shop.call("GET", "/healthz")).status == 200
        calls: list[tuple[str, str, object]] = [
            ("GET", "/api/order/menu", None),
            ("GET", "/api/user/me", None),
            ("GET", "/api/order", None),
            ("GET", "/api/franchise", None),
            ("PUT", "/api/auth", {"email": "d@jwt.com", "password": "diner"}),
            ("POST", "/api/auth", {"name": "x", "email": "x@jwt.com", "password": "x"}),
            ("POST", "/api/order", {"franchiseId": 1, "storeId": 1, "items": [{"menuId": 1}]}),
            ("GET", "/factory/api/vendor/jwt-pizza", None),
        ]
        answers = await asyncio.gather(*(shop.call(*call, token=token) for call in calls for _ in range(3)))
        for answer in answers:
            assert answer.status == 503, answer.text
            assert list(answer.json) == ["message"]
            assert int(answer.headers["Retry-After"]) > 0
            assert name not in answer.text
        await administer(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert (await shop.call("GET", "/readyz")).status == 200
        assert (await shop.order(token)).status == 200


async def test_one_line_a_request_and_no_secret_in_it(
    database_url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = msgspec.structs.replace(settings.load({"JWT_PIZZA_DEMO": "true"}), pool_size=3)
    async with serving(shop_app.app(loaded, database_url)) as shop:
        capfd.readouterr()
        secret = "hunter2-of-the-diner"
        _, token = await shop.register("Ada", "ada@jwt.com", secret)
        await shop.call("PUT", "/api/auth", {"email": "ada@jwt.com", "password": secret + "x"})
        jwt = (await shop.order(token, key="key-of-an-order")).json["jwt"]
        await shop.call("GET", f"/api/franchise?name={secret}", headers={"X-Request-Id": "trace-0001"})
        await shop.call("GET", f"/nowhere/{secret}?token={token}")
        await shop.call("POST", "/api/auth", data=f'{{"password":"{secret}"'.encode())
        await shop.call("POST", "/factory/api/order", {"diner": {}, "order": {}}, token=secret)
        await shop.call("POST", "/factory/api/order/verify", {"jwt": jwt})
    written = capfd.readouterr().out
    lines = [json.loads(line) for line in written.splitlines()]
    assert len(lines) == 8
    for line in lines:
        assert set(line) == {"time", "level", "service", "event", "trace", "method", "route", "status", "ms"}
        assert (line["event"], line["service"], line["level"]) == ("request", "shop", "info")
        assert line["time"].endswith("Z")
    assert [line["status"] for line in lines] == [200, 404, 200, 200, 404, 400, 401, 200]
    assert lines[3]["trace"] == "trace-0001"
    assert lines[3]["route"] == "/api/franchise"
    for word in (secret, token, jwt, "key-of-an-order", "ada@jwt.com", "Bearer"):
        assert word not in written


async def test_a_request_line_that_is_not_http_does_not_stop_the_server(shop: Running) -> None:
    port = int(shop.url.rsplit(":", 1)[1])
    for raw in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw)
        async with asyncio.timeout(5):
            line = await reader.readline()
        assert line.startswith((b"HTTP/1.1 4", b"")) and b" 500 " not in line
        writer.close()
        await writer.wait_closed()
    assert (await shop.call("GET", "/healthz")).status == 200


async def test_a_request_whose_body_never_comes_is_given_up(database_url: str) -> None:
    async with running_shop(database_url, request_seconds=0.3) as shop:
        port = int(shop.url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /api/auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
        assert b" 503 " in head.splitlines()[0]
        writer.close()
        await writer.wait_closed()


async def test_the_schema_and_its_page_come_from_here_alone(shop: Running) -> None:
    schema = await shop.call("GET", "/schema/openapi.json")
    assert schema.status == 200
    assert "/api/order" in schema.json["paths"]
    page = await shop.call("GET", "/schema", headers={"Accept": "text/html"})
    assert page.status == 200
    assert "ApiOrderPlace" in page.text


async def test_docs_list_every_call_of_the_api(shop: Running) -> None:
    docs = (await shop.call("GET", "/api/docs")).json
    assert docs["config"]["db"] == "PostgreSQL"
    assert docs["config"]["factory"].endswith("/factory")
    calls = {(endpoint["method"], endpoint["path"]): endpoint for endpoint in docs["endpoints"]}
    schema = (await shop.call("GET", "/schema/openapi.json")).json
    for path, operations in schema["paths"].items():
        if path.startswith("/api/"):
            for method in operations:
                assert (method.upper(), path) in calls
    assert calls["POST", "/api/order"]["requiresAuth"] is True
    assert calls["GET", "/api/order/menu"]["requiresAuth"] is False
    for endpoint in calls.values():
        assert set(endpoint) <= {"method", "path", "requiresAuth", "description", "example", "response"}
        assert endpoint["description"]
