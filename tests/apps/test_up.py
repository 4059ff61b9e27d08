"""The one command with its processes: PostgreSQL and workers are really killed."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from jwt_pizza.kit import embedded
from jwt_pizza.kit.embedded_home import live_pid
from tests import places
from tests.running import Running

DEADLINE = 60


@dataclass
class System:
    url: str
    pid: int
    data: Path
    environment: dict[str, str]

    @property
    def postmaster(self) -> int | None:
        cluster = embedded.running(self.data)
        return live_pid(cluster.pgdata) if cluster else None

    def workers(self) -> list[int]:
        """Process ids of the shop's workers."""
        listing = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.pid)], capture_output=True, text=True, check=True
        )
        return sorted(int(line.split()[0]) for line in listing.stdout.splitlines() if line.endswith(" serve shop"))

    def command(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        argv = [sys.executable, "-m", "jwt_pizza", *arguments]
        return subprocess.run(
            argv, env=self.environment | environment, capture_output=True, text=True, check=False, timeout=DEADLINE
        )


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    root = places.folder()
    environment = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"JWT_PIZZA_DATA_DIR": str(root / "data"), "JWT_PIZZA_LOG_LEVEL": "warning"}
    argv = [sys.executable, "-m", "jwt_pizza", "up", "--port", "0", "--ops-port", "0", "--workers", "2"]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = re.search(r"ready: shop (\S+)", process.stdout.readline())
    assert ready is not None
    yield System(ready[1], process.pid, root / "data", environment | {"JWT_PIZZA_URL": ready[1]})
    process.terminate()
    assert process.wait(DEADLINE) == 0
    process.stdout.close()
    assert embedded.running(root / "data") is None
    shutil.rmtree(root)


@asynccontextmanager
async def client(system: System) -> AsyncIterator[Running]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE)) as session:
        yield Running(system.url, session)


async def test_killed_postgresql_is_back_at_once_and_workers_survive(system: System) -> None:
    """Under a stream of orders: 200 or 503 for each, and every order that was answered 200 is in the books."""
    workers, former = system.workers(), system.postmaster
    assert len(workers) == 2
    assert former is not None
    async with client(system) as shop:
        token = await shop.log_in()
        answers: list[Any] = []
        recovered: list[float] = []
        killed_at = float("inf")

        async def order() -> None:
            while not recovered:
                asked_at = time.monotonic()
                answer = await shop.order(token)
                answers.append(answer)
                if answer.status == 200 and asked_at > killed_at and any(each.status == 503 for each in answers):
                    recovered.append(time.monotonic() - killed_at)
                await asyncio.sleep(0.002)

        streams = [asyncio.create_task(order()) for _ in range(8)]
        async with asyncio.timeout(DEADLINE):
            while len(answers) < 50:
                await asyncio.sleep(0.01)
            os.kill(former, signal.SIGKILL)
            killed_at = time.monotonic()
            await asyncio.gather(*streams)
        assert {answer.status for answer in answers} == {200, 503}
        assert all(answer.headers.get("Retry-After") for answer in answers if answer.status == 503)
        # About a second and a half on two busy cores; the bound only catches a recovery that waits for something.
        assert recovered[0] < 10
        assert system.workers() == workers
        async with asyncio.timeout(DEADLINE):
            # It serves a moment before its own file says so.
            while system.postmaster in {None, former}:
                await asyncio.sleep(0.01)
        placed = {answer.json["order"]["id"] for answer in answers if answer.status == 200}
        known: set[int] = set()
        page = 1
        while orders := (await shop.call("GET", f"/api/order?page={page}", token=token)).json["orders"]:
            known |= {order["id"] for order in orders}
            page += 1
        assert placed <= known
    assert system.command("ledger", "check").returncode == 0


async def test_gauges_of_a_killed_worker_no_longer_count(system: System) -> None:
    async with client(system) as shop:

        async def limit() -> float:
            text = (await shop.call("GET", "/metrics")).text
            found = re.search(r'^db_client_connection_max\{pool="jwt-pizza shop"\} (\S+)$', text, re.MULTILINE)
            return float(found[1]) if found else 0.0

        async with asyncio.timeout(DEADLINE):
            while await limit() != 20:
                await asyncio.sleep(0.05)
            first = system.workers()
            os.kill(first[0], signal.SIGKILL)
            while len(set(system.workers()) - set(first)) != 1:
                await asyncio.sleep(0.05)
            (fresh,) = set(system.workers()) - set(first)
            counts = system.data / "run" / "metrics" / f"gauge_livesum_{fresh}.db"
            while not counts.exists() or await limit() < 20:
                await asyncio.sleep(0.05)
            for _ in range(20):
                assert await limit() <= 20


def test_connections_are_shown_in_the_terminal(system: System) -> None:
    shown = system.command("connections", "--json")
    assert shown.returncode == 0, shown.stderr
    overview = msgspec.json.decode(shown.stdout)
    seen = {int(process["process"].split(":")[1]) for process in overview["processes"]}
    assert seen >= set(system.workers())
    drawn = system.command("connections", "--once", COLUMNS="160")
    assert drawn.returncode == 0
    assert drawn.stdout.count("jwt-pizza shop") >= 2


def test_commands_say_what_to_change_when_they_cannot_log_in(system: System, tmp_path: Path) -> None:
    wrong = system.command("connections", "--once", JWT_PIZZA_TOKEN="a.b.c")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "does not know this login" in wrong.stderr
    elsewhere = system.command("connections", "--once", JWT_PIZZA_DATA_DIR=str(tmp_path / "elsewhere"))
    assert "does not run: set JWT_PIZZA_DATA_DIR" in elsewhere.stderr
    assert not (tmp_path / "elsewhere").exists()
    nobody = system.command("connections", "--once", JWT_PIZZA_URL="http://127.0.0.1:1")
    assert "no shop answers at http://127.0.0.1:1" in nobody.stderr


async def test_nobody_logs_in_as_the_operator(system: System) -> None:
    """The user that commands are has no password, and its sessions end with the command."""
    assert system.command("connections", "--json").returncode == 0
    async with client(system) as shop:
        for password in ("!", "operator", "admin"):
            body = {"email": "operator@jwt-pizza.invalid", "password": password}
            assert (await shop.call("PUT", "/api/auth", body)).status == 404
