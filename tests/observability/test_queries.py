"""Every query of the dashboards and rules is asked of a real Prometheus that has scraped the real product."""

import asyncio
import json
import math
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from observability import dashboards, rules
from tests.observability.promql import operands
from tests.observability.servers import DEADLINE, Product, Prometheus, product, prometheus
from tests.running import Running

_CHAOS: Final = "/factory/api/admin/chaos"
EMPTY_IS_HEALTHY: Final = {
    "absent(ops_watch_leads)": "there is an answer only while the metric itself is missing",
    'time() - max by (service, work) (background_last_success_timestamp_seconds{work=~"prune.*"} > 0)': (
        "what is pruned every ten minutes was not yet"
    ),
}
"""Parts of queries that answer nothing although all is well, and why."""


def queries() -> Iterator[tuple[str, str]]:
    """Where each stands, and the query."""
    for file, text in dashboards.generated():
        if file.parent.name != "dashboards":
            continue
        board = json.loads(text)
        for mark in board["annotations"]["list"]:
            yield f"{file.name}: {mark['name']}", mark["expr"]
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield f"{file.name}: {panel['title']}", target["expr"]
    for group in rules.groups():
        for rule in group.rules:
            if rule.record:
                yield rule.record, rule.expr
            else:
                for part in operands(rule.expr):
                    yield f"{rule.alert} {rule.labels.get('long', '')}", part


def asked(expr: str) -> str:
    """As Grafana would ask; and no figure is made up where there is no metric."""
    text = re.sub(r"\$(service|pool)\b", ".+", expr).replace("$__rate_interval", "5s")
    # Nothing here is a day old.
    text = re.sub(r"offset \w+", "offset 1s", text)
    return re.sub(r"\s*\bor vector\(0\)", "", text)


async def test_every_query_has_an_answer(tmp_path: Path) -> None:
    began = time.time()
    environment = {
        "JWT_PIZZA_POLICY": "factory",
        "JWT_PIZZA_LEASE_LEAK_SECONDS": "0.3",
        "JWT_PIZZA_LEASE_RECLAIM_SECONDS": "1",
    }
    with product(**environment) as running:
        targets = {"jwt-pizza-shop": running.shop, "jwt-pizza-ops": running.ops}
        with prometheus(tmp_path, "prometheus-direct.yml", targets, running.ops, running.ops_token) as scraping:
            await eventful(running, scraping)
            wanting = list(queries())
            # A rate takes two scrapes, and the last event may have seen only one.
            ends = time.monotonic() + DEADLINE
            while (wrong := await unanswered(scraping, began, wanting)) and time.monotonic() < ends:
                wanting = list(wrong)
                await asyncio.sleep(0.2)
    assert not wrong, "\n".join(f"{where}: {why}" for (where, _), why in wrong.items())


async def unanswered(scraping: Prometheus, began: float, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The queries that fail, or that answered nothing at any time of the run, and what was wrong."""
    window = {"start": str(began), "end": str(time.time()), "step": "1"}
    wrong = {}
    for where, expr in wanted:
        text = asked(expr)
        if text in EMPTY_IS_HEALTHY:
            continue
        try:
            answer = await scraping.ask("query_range", query=text, **window)
        except AssertionError as error:
            wrong[where, expr] = str(error)
            continue
        if not any(not math.isnan(float(value)) for one in answer["result"] for _, value in one["values"]):
            wrong[where, expr] = f"no answer to {text}"
    return wrong


async def eventful(running: Product, scraping: Prometheus) -> None:
    """Customers, a bad day at the shop, an attack on the factory, and a leak; all of it scraped."""
    async with customers(running) as shop:
        async with asyncio.timeout(DEADLINE):
            # The first failed order counts, too, and the page about it: Prometheus must have seen none.
            for first in ("pizza_orders_total", "ops_page_latency_seconds_count"):
                while not (await scraping.ask("query", query=first))["result"]:
                    await asyncio.sleep(0.1)
        diner = await shop.log_in()
        admin = await shop.log_in("a@jwt.com", "admin")
        await shop.register("pizza diner", "new@jwt.com")
        assert (await shop.call("PUT", "/api/auth", {"email": "d@jwt.com", "password": "no"})).status == 404
        await orders(shop, diner)
        assert (await shop.call("GET", "/api/order", token=diner)).status == 200
        await shop.call("PUT", "/api/order/chaos/true", token=admin)
        await orders(shop, diner, until=500)
        await shop.call("PUT", "/api/order/chaos/false", token=admin)
        attack = {"kind": "badjwt", "for": 30}
        assert (await shop.call("POST", _CHAOS, attack, token=running.factory_key)).status == 200
        async with asyncio.timeout(DEADLINE):
            while not await firing(scraping, "failed-orders", "factory-attacked", "breaker-open"):
                await orders(shop, diner)
        assert (await shop.call("DELETE", _CHAOS, token=running.factory_key)).status == 200
        leak = {"probability": 1.0, "seconds": 30.0}
        assert (await shop.call("PUT", "/api/ops/chaos/leak", leak, token=admin)).status == 200
        await orders(shop, diner)
        assert (await shop.call("DELETE", "/api/ops/chaos/leak", token=admin)).status == 200
        async with asyncio.timeout(DEADLINE):
            while not await firing(scraping, "connections-leaking"):
                await orders(shop, diner)


async def orders(shop: Running, token: str, *, until: int | None = None) -> None:
    """A few at once; or one after the other until an answer is `until`."""
    async with asyncio.timeout(DEADLINE):
        if until is None:
            await asyncio.gather(*(shop.order(token) for _ in range(8)))
        else:
            while (await shop.order(token)).status != until:
                pass


async def firing(scraping: Prometheus, *alerts: str) -> bool:
    answer: Any = await scraping.ask("query", query='ALERTS{alertstate="firing"}')
    return set(alerts) <= {one["metric"]["alertname"] for one in answer["result"]}


@asynccontextmanager
async def customers(running: Product) -> AsyncIterator[Running]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE)) as client:
        yield Running(running.shop, client)
