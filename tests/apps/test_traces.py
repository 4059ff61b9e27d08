"""One trace across shop, factory and database; processes, sockets and the collector are real."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from jwt_pizza.apps import factory as factory_app
from jwt_pizza.apps import parts
from jwt_pizza.factory.vendors.model import SHOP
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import settings, tracing
from tests.running import Running, running_shop
from tests.web.collector import Seen, collecting

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
START_SECONDS = 60


@asynccontextmanager
async def serving(deployable: str, database_url: str, log: Path, **environment: str) -> AsyncIterator[str]:
    """A deployable in a process of its own, as users start it; its address."""
    argv = [sys.executable, "-m", "jwt_pizza", "serve", deployable, "--port", "0"]
    env = os.environ | {"DATABASE_URL": database_url} | environment
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(*argv, env=env, stdout=out, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            while not (line := await process.stderr.readline()).startswith(b"ready: "):
                assert line, "it did not start"
        yield line.split()[-1].decode()
    finally:
        process.terminate()
        await process.communicate()


async def vendor_key(database_url: str) -> str:
    async with parts.opened(parts.pool(settings.load({}), database_url, "test")) as postgres:
        return await factory_app.factory(settings.load({}), postgres, SystemClock()).vendor_desk.add(SHOP.id, SHOP.name)


async def test_an_order_is_one_trace_from_the_shop_through_the_factory_to_the_database(
    database_url: str, tmp_path: Path
) -> None:
    """The caller's own trace goes on; logs of both carry it; each span belongs to one that is above it."""
    key = await vendor_key(database_url)
    async with collecting() as collector:
        common = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "JWT_PIZZA_TRACE_SHARE": "0", "JWT_PIZZA_DEMO": "true"}
        factory_log, shop_log = tmp_path / "factory.log", tmp_path / "shop.log"
        async with serving("factory", database_url, factory_log, **common) as factory:
            ovens = {"JWT_PIZZA_POLICY": "factory", "JWT_PIZZA_FACTORY_URL": factory, "JWT_PIZZA_FACTORY_API_KEY": key}
            async with (
                serving("shop", database_url, shop_log, **common, **ovens, JWT_PIZZA_EXERCISE_SHARE="0") as address,
                aiohttp.ClientSession() as client,
            ):
                shop = Running(address, client)
                token = await shop.log_in()
                body = {"franchiseId": 1, "storeId": 1, "items": [{"menuId": 1, "description": "x", "price": 1}]}
                headers = {"traceparent": PARENT, "X-Request-Id": "from-the-proxy-1"}
                answer = await shop.call("POST", "/api/order", body, token=token, headers=headers)
                assert answer.status == 200, answer.text
                assert answer.headers["X-Request-Id"] == "from-the-proxy-1"
                await collector.until("POST /api/order", "bake", "database orders.place", "database bakes.record")
        spans = {span.id: span for span in collector.spans}
    assert {span.trace for span in spans.values()} == {TRACE}, "nobody asked for others"
    assert {span.service for span in spans.values()} == {"shop", "factory"}
    above = path(spans, "factory", "database bakes.record")
    assert above == [
        ("factory", "database bakes.record"),
        ("factory", "batch"),
        ("factory", "POST /api/order"),
        ("shop", "bake"),
        ("shop", "order"),
        ("shop", "POST /api/order"),
    ]
    assert ("shop", "order") in path(spans, "shop", "database orders.resolve")
    for log in (shop_log, factory_log):
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        (request,) = [line for line in lines if line["event"] == "request" and line["route"] == "/api/order"]
        assert request["trace"] == TRACE


def path(spans: dict[str, Seen], service: str, name: str) -> list[tuple[str, str]]:
    """From a span up to the first one."""
    span = next(span for span in spans.values() if (span.service, span.name) == (service, name))
    above = [(span.service, span.name)]
    while span.parent in spans:
        span = spans[span.parent]
        above.append((span.service, span.name))
    return above


async def test_a_share_of_requests_is_traced(database_url: str) -> None:
    """All of them, then none; without an endpoint the same calls cost nothing and say nothing."""
    async with collecting() as collector:
        async with running_shop(database_url, otlp_endpoint=collector.url, trace_share=1.0) as shop:
            answer = await shop.call("GET", "/api/order/menu")
            spans = await collector.until("GET /api/order/menu")
            assert answer.headers["X-Request-Id"] in {span.trace for span in spans}
        seen = len(collector.spans)
        async with running_shop(database_url, otlp_endpoint=collector.url, trace_share=0.0) as shop:
            assert (await shop.call("GET", "/api/order/menu")).status == 200
        async with running_shop(database_url) as shop:
            assert not tracing.on
            assert (await shop.call("GET", "/api/order/menu")).status == 200
        assert len(collector.spans) == seen


async def test_a_collector_that_is_away_disturbs_nobody(database_url: str) -> None:
    async with running_shop(database_url, otlp_endpoint="http://127.0.0.1:1", trace_share=1.0) as shop:
        assert (await shop.call("GET", "/api/order/menu")).status == 200


@pytest.mark.parametrize(
    ("given", "trace"),
    [
        (PARENT, TRACE),
        (PARENT.replace(TRACE, "0" * 32), None),
        (PARENT.upper(), None),
        (PARENT + "\n", None),
        ("é" * 20, None),
        ("", None),
    ],
)
def test_a_traceparent_is_believed_only_when_it_is_one(given: str, trace: str | None) -> None:
    assert tracing.trace_of(given.encode()) == trace
