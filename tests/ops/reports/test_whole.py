"""From the first failing order to the report and the status page, on sockets: shop, factory, ops, and the commands."""

import asyncio
import re
from pathlib import Path

from click.testing import CliRunner

from jwt_pizza.cli import group
from jwt_pizza.kit.postgres import Postgres
from tests.ops.incidents.scene import scene

DINERS = 3


async def test_report_and_status_page_of_a_real_incident(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with scene(database_url, postgres, tmp_path) as made:
        environment = {"DATABASE_URL": database_url, "JWT_PIZZA_OPS_URL": made.office.ops.url, "COLUMNS": "300"}

        async def run(*words: str) -> str:
            result = await asyncio.to_thread(CliRunner().invoke, group, ["incident", *words], env=environment)
            assert result.exit_code == 0, (words, result.output, result.exception)
            return result.output

        await made.dine(1)
        await made.attack()
        await made.dine(DINERS, status=500)
        await made.fire()
        await made.until(lambda each: each["impact"] is not None and each["impact"]["ordersFailed"] == DINERS)
        words = ("update", "1", "We are looking into it.", "--status", "investigating", "--title", "Orders fail")
        assert "Orders fail: investigating, update 1" in await run(*words, "--part", "orders")
        await made.acted("report-factory")
        await made.dine(2)

        text = await run("report", "1")
        assert len(re.findall(r"^#{1,2} ", text, re.M)) == 10
        for fact in (
            f"{DINERS} users encountered errors when attempting to order pizzas",
            f"{DINERS} orders charged and not delivered",
            f"{2 * DINERS} pizzas not delivered",
            "visited the report link found in a failing answer",
            '"message": "chaos monkey"',
            "Customers were told (investigating).",
        ):
            assert fact in text, fact
        assert f"delivered, {DINERS} failed](data:image/svg+xml" in text, "the chart counts what the shop has"
        assert made.vendor not in text and not re.search(r"fixCode=(?!\[)", text)
        paper = tmp_path / "incident.html"
        assert "incident.html" in await run("report", "1", "--public", "--html", "--output", str(paper))
        assert "Grace" not in paper.read_text() and "encountered errors" in paper.read_text()
        await made.office.good("POST", "/api/incidents/1/report/publication")
        async with asyncio.timeout(20):
            while "encountered errors" not in (await made.office.ops.call("GET", "/status/incidents/1")).text:
                await asyncio.sleep(0.1)
