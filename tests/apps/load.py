"""Real processes under load, and what their clients were promised."""

import asyncio
import os
import random
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from jwt_pizza.kit import embedded, embedded_home
from tests.running import Answer, Running, claims

DEADLINE = 30.0
"""Seconds, generous: a test that waits this long has failed."""


class Up:
    """`jwt-pizza up` on a data directory of its own; `settings` are variables of its environment."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.environment = environment(data_dir) | dict(settings or {})
        self.start()

    def start(self) -> None:
        argv = [sys.executable, "-m", "jwt_pizza", "up", "--port", "0", "--ops-port", "0", "--workers", "2"]
        self.process = subprocess.Popen(argv, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        ready = re.match(r"ready: shop (\S+) ops (\S+)", self.process.stdout.readline())
        assert ready, "it did not start"
        self.shop, self.ops = ready[1], ready[2]

    def stop(self) -> int:
        self.process.terminate()
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait(DEADLINE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()

    def workers(self) -> list[int]:
        """The processes that serve the shop now."""
        return workers_of(self.process.pid, "shop")

    def postmaster(self) -> int:
        pid = embedded_home.live_pid(self.cluster().pgdata)
        assert pid is not None
        return pid

    def cluster(self) -> embedded.Cluster:
        cluster = embedded.running(self.data_dir)
        assert cluster is not None
        return cluster

    def check_ledger(self) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "jwt_pizza", "ledger", "check"]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=60, check=False)


class OwnFactory:
    """`jwt-pizza serve factory` in processes of its own, on the PostgreSQL of a data directory; with a vendor at it."""

    VENDOR = "far-away"

    def __init__(self, data_dir: Path) -> None:
        argv = [sys.executable, "-m", "jwt_pizza", "serve", "factory", "--port", "0", "--workers", "2"]
        self.process = subprocess.Popen(
            argv, env=environment(data_dir), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr
        ready = re.match(r"ready: factory (\S+)", self.process.stderr.readline())
        assert ready, "it did not start"
        self.url = ready[1]
        argv = [sys.executable, "-m", "jwt_pizza", "vendor", "add", self.VENDOR]
        made = subprocess.run(argv, env=environment(data_dir), capture_output=True, text=True, timeout=60, check=True)
        self.api_key = made.stdout.split()[-1]

    def workers(self) -> list[int]:
        return workers_of(self.process.pid, "factory")

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.stderr
        self.process.stderr.close()
        self.process.wait(DEADLINE)


def environment(data_dir: Path) -> dict[str, str]:
    """Nothing of the machine's own settings."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("JWT_PIZZA_")}
    found.pop("DATABASE_URL", None)
    return found | {"JWT_PIZZA_DATA_DIR": str(data_dir), "JWT_PIZZA_LOG_LEVEL": "error"}


def workers_of(supervisor: int, deployable: str) -> list[int]:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [int(pid) for pid in children if f"serve\0{deployable}".encode() in command_line(pid)]


def command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


class Diners:
    """Clients that order without pause, each order with a key, and ask again with the same key when no answer comes.

    A key whose first request is still under way (409: its process may be dead) is put aside, to be asked for later.
    """

    def __init__(self, shop: Running, token: str) -> None:
        self.shop = shop
        self.token = token
        self.accepted: dict[str, str] = {}
        self.failed: set[str] = set()
        """Keys of orders that were given up: answered 500, and not charged."""
        self.aside: list[str] = []
        self.refused: list[Answer] = []
        self.stopped = False
        self._bakers: dict[str, int] = {}
        self._more = asyncio.Condition()

    async def order(self, number: int) -> None:
        count = 0
        while not self.stopped:
            count += 1
            key = f"diner-{number}-{count}"
            while (end := await self.ask(key)) == "again" and not self.stopped:
                await asyncio.sleep(0.01)
            if end == "again":
                self.aside.append(key)

    async def settle(self, keys: Sequence[str]) -> None:
        """Asks for these until each was answered."""
        async with asyncio.timeout(DEADLINE):
            for key in keys:
                while await self.ask(key) != "done":
                    await asyncio.sleep(0.05)

    async def ask(self, key: str) -> str:
        """`done`, `aside`, or `again`."""
        try:
            answer = await self.shop.order(self.token, 1 + int(key.rsplit("-", 1)[1]) % 5, key=key)
        except aiohttp.ClientError:
            return "again"
        async with self._more:
            self._more.notify_all()
            if answer.status == 200:
                self.accepted[key] = answer.text
                baker = claims(answer.json["jwt"])["vendor"]["id"]
                self._bakers[baker] = self._bakers.get(baker, 0) + 1
            elif answer.status == 409:
                self.aside.append(key)
                return "aside"
            elif answer.status == 500 and "Failed to fulfill order" in answer.text:
                self.failed.add(key)
            else:
                self.refused.append(answer)
                return "again"
        return "done"

    async def wait_for(self, more: int) -> None:
        """Until that many further orders were accepted."""
        wanted = len(self.accepted) + more
        async with asyncio.timeout(DEADLINE), self._more:
            await self._more.wait_for(lambda: len(self.accepted) >= wanted)

    async def wait_for_pizzas_of(self, vendor: str, more: int) -> None:
        """Until that many further pizzas were baked as that vendor's."""
        wanted = self._bakers.get(vendor, 0) + more
        async with asyncio.timeout(DEADLINE), self._more:
            await self._more.wait_for(lambda: self._bakers.get(vendor, 0) >= wanted)

    async def wait_for_refusal(self) -> None:
        known = len(self.refused)
        async with asyncio.timeout(DEADLINE), self._more:
            await self._more.wait_for(lambda: len(self.refused) > known)


@asynccontextmanager
async def guests(up: Up) -> AsyncIterator[Diners]:
    timeout = aiohttp.ClientTimeout(total=DEADLINE)
    # A connection for each request, so that the kernel hands them to whichever worker lives.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as client:
        shop = Running(up.shop, client)
        yield Diners(shop, await shop.log_in())


async def history(diners: Diners) -> list[dict[str, object]]:
    """All orders of the diner."""
    found: list[dict[str, object]] = []
    page = 0
    while True:
        page += 1
        answer = await diners.shop.call("GET", f"/api/order?page={page}", token=diners.token)
        if not answer.json["orders"]:
            return found
        found += answer.json["orders"]


async def replays(diners: Diners, most: int) -> None:
    """Accepted keys get their first answer again."""
    for key in random.Random(1).sample(sorted(diners.accepted), min(most, len(diners.accepted))):
        again = await diners.shop.order(diners.token, 1 + int(key.rsplit("-", 1)[1]) % 5, key=key)
        assert (again.status, again.text) == (200, diners.accepted[key])
        assert again.headers["Idempotent-Replayed"] == "true"
