"""A real Prometheus and a real Alertmanager drive ops: scrape, rule, fire, page, acknowledge, resolve."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from jwt_pizza.kit.postgres import Postgres
from observability.rules import HOME
from tests.observability.servers import DEADLINE, alertmanager, prometheus
from tests.ops.office import ADA
from tests.ops.paging.station import PAGE, PHONES, Station, link_of, station
from tests.places import thorough

TOKEN = "sent-by-machines"
BOTH = ("directly", "alertmanager")


@dataclass
class Patient:
    """A process that says how it is."""

    url: str = ""
    reaches_database: bool = True

    async def metrics(self, request: web.Request) -> web.Response:
        text = f'database_reachable{{service="shop"}} {int(self.reaches_database)}\nops_watch_leads 1\n'
        return web.Response(text=text)


@asynccontextmanager
async def patient() -> AsyncIterator[Patient]:
    made = Patient()
    app = web.Application()
    app.router.add_get("/metrics", made.metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("ways", [BOTH, BOTH[1:], BOTH[:1]][: thorough(3, few=2)], ids=" and ".join)
async def test_what_a_rule_finds_is_paged_acknowledged_and_resolved(
    ways: tuple[str, ...], database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    """By whatever ways the alert comes: one group, one page."""
    async with patient() as shop, station(database_url, postgres, tmp_path, ops_token=TOKEN) as on_duty:
        with ExitStack() as servers:
            where = sending(ways, on_duty, tmp_path, servers)
            targets = {"jwt-pizza-shop": shop.url, "jwt-pizza-ops": shop.url}
            servers.enter_context(
                prometheus(tmp_path, "prometheus-direct.yml", targets, on_duty.ops.url, TOKEN, alerting=where)
            )
            assert await groups(on_duty) == []
            before = {way: await received(on_duty, way) for way in ways}
            shop.reaches_database = False
            async with asyncio.timeout(DEADLINE):
                while not on_duty.twilio.texts:
                    on_duty.twilio.on_text.clear()
                    await on_duty.twilio.on_text.wait()
            text = on_duty.twilio.texts[0]
            assert text.to == PHONES[ADA]
            assert "CRITICAL: shop does not reach PostgreSQL" in text.body
            await until(lambda: heard(on_duty, before))
            form = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
            done = await on_duty.ops.call("POST", link_of(text), data=b"action=acknowledge", headers=form)
            assert "Acknowledged." in done.text
            (group,) = await groups(on_duty)
            assert (group["title"], group["firing"]) == ("shop does not reach PostgreSQL", 1)
            assert group["status"] == "acknowledged"
            shop.reaches_database = True
            await until(lambda: has_status(on_duty, "resolved"))
            assert [each.to for each in on_duty.twilio.texts] == [PHONES[ADA]]


def sending(ways: tuple[str, ...], on_duty: Station, folder: Path, servers: ExitStack) -> Any:
    """The section `alerting` of the shipped configuration, with an Alertmanager in place of ops or beside it."""
    text = (HOME / "prometheus" / "prometheus-direct.yml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:3001", on_duty.ops.url.removeprefix("http://"))
    text = text.replace("/run/secrets/ops-token", str(folder / "ops-token"))
    section = msgspec.yaml.decode(text)["alerting"]
    if "alertmanager" in ways:
        address = servers.enter_context(alertmanager(folder, on_duty.ops.url, TOKEN))
        section["alertmanagers"].append({"static_configs": [{"targets": [address.removeprefix("http://")]}]})
    if "directly" not in ways:
        del section["alertmanagers"][0]
    return section


async def groups(on_duty: Station) -> list[Any]:
    return list((await on_duty.office.good("GET", "/api/groups"))["groups"])


async def received(on_duty: Station, way: str) -> float:
    """How many alerts have come that way; this process may have had others before."""
    source = {"directly": "prometheus", "alertmanager": "alertmanager"}[way]
    said = await on_duty.ops.call("GET", "/metrics")
    found = re.search(rf'^ops_alerts_received_total{{source="{source}"}} (\S+)$', said.text, re.MULTILINE)
    assert found is not None
    return float(found[1])


async def heard(on_duty: Station, before: Mapping[str, float]) -> bool:
    """Whether the alert has come by all ways."""
    return all([await received(on_duty, way) > count for way, count in before.items()])


async def has_status(on_duty: Station, status: str) -> bool:
    (group,) = await groups(on_duty)
    return bool(group["status"] == status)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await true():
            await asyncio.sleep(0.1)
