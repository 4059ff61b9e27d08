"""`jwt-pizza oncall` on alert groups, against a running ops."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from jwt_pizza.cli.oncall import command
from jwt_pizza.kit.postgres import Postgres
from tests.ops.alerts.watch import add_chain
from tests.ops.office import GRACE, Office, office


class Terminal:
    def __init__(self, ops: Office, database_url: str) -> None:
        self.ops = ops
        self._environment = {"JWT_PIZZA_OPS_URL": ops.ops.url, "DATABASE_URL": database_url, "COLUMNS": "200"}

    async def type(self, *words: str) -> str:
        runner = CliRunner()
        result = await asyncio.to_thread(runner.invoke, command, list(words), None, self._environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture
async def terminal(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with office(database_url, postgres, tmp_path) as made:
        yield Terminal(made, database_url)


async def test_groups_are_seen_and_acted_on(terminal: Terminal) -> None:
    assert "nothing fires" in await terminal.type("groups")
    alert = {"name": "OrdersFail", "severity": "critical", "summary": "[prod] oh [/x]"}
    await terminal.ops.ops.call("POST", "/api/alerts", alert)
    listed = await terminal.type("groups")
    found = re.search(r"│ (\d+) +│ critical │ firing", listed)
    assert found is not None, listed
    assert "[prod] oh [/x]" in listed, "brackets are no markup"
    group = found[1]
    assert re.fullmatch(
        rf"group {group} \(critical\) \[prod\] oh \[/x\]: acknowledged by command line\n",
        await terminal.type("ack", group),
    )
    assert "acknowledged" in await terminal.type("groups", "--status", "acknowledged")
    assert "pages nobody" in await terminal.type("groups", "unack", group)
    assigned = await terminal.type("groups", "assign", group, str(terminal.ops.ids[GRACE]))
    assert "goes on at" in assigned
    assert "goes on at" in await terminal.type("groups", "escalate", group)
    assert "goes on at" in await terminal.type("silence", "group", group, "--for", "30m")
    assert "resolved by command line" in await terminal.type("resolve", group)
    story = await terminal.type("groups", "show", group)
    for text in (
        "Alert group opened, critical: [prod] oh [/x]",
        "Alert from event: [prod] oh [/x]",
        "Command line acknowledged.",
        "reached nobody: none of them can be reached, nor anybody else.",
        "assigned it to Grace.",
        "silenced it until",
        "resolved the alert group",
    ):
        assert text in story, story
    assert "alertname=OrdersFail, severity=critical" in story


async def test_routes_silences_and_heartbeats_are_set_up(terminal: Terminal, postgres: Postgres) -> None:
    chain = str(await add_chain(postgres))
    assert "tried as number 1" in await terminal.type("routes", "add", "shop", 'service="shop"', "--chain", chain)
    await terminal.type("routes", "change", "default", "--chain", chain, "--group-by", "alertname", "--group-by", "job")
    listed = await terminal.type("routes")
    assert re.search(r"shop +│ service=\"shop\" +│ alertname", listed), listed
    assert re.search(rf"default +│ everything +│ alertname, job +│ {chain}", listed), listed
    assert "removed" in await terminal.type("routes", "remove", "shop")
    assert "maintenance 1 lasts until" in await terminal.type(
        "silence", "add", 'a=~"b.*"', "--for", "1h", "--maintenance", "--comment", "deploy"
    )
    assert "deploy" in await terminal.type("silence", "list")
    assert "maintenance 1 is over" in await terminal.type("silence", "end", "1")
    address = (await terminal.type("heartbeat", "add", "nightly", "--every", "25h")).strip()
    assert (await terminal.ops.ops.client.get(address)).status == 200
    assert re.search(r"nightly +│ 90000 s +│ critical .* alive", await terminal.type("heartbeat", "list"))
    assert "removed" in await terminal.type("heartbeat", "remove", "nightly")
