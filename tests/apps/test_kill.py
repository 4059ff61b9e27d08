"""Real processes, killed without warning under load: what a client saw accepted is there, once."""

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from jwt_pizza.kit import embedded, embedded_home
from tests.running import Answer, Running

KILLS = 10
CLIENTS = 6
DEADLINE = 30.0
"""Seconds, generous: a test that waits this long has failed."""

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


class Up:
    """`jwt-pizza up` on a data directory of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("JWT_PIZZA_")}
        self.environment |= {"JWT_PIZZA_DATA_DIR": str(data_dir), "JWT_PIZZA_LOG_LEVEL": "error"}
        self.environment.pop("DATABASE_URL", None)
        self.start()

    def start(self) -> None:
        argv = [sys.executable, "-m", "jwt_pizza", "up", "--port", "0", "--ops-port", "0", "--workers", "2"]
        self.process = subprocess.Popen(argv, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        ready = re.match(r"ready: shop (\S+) ops (\S+)", self.process.stdout.readline())
        assert ready, "it did not start"
        self.shop = ready[1]

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
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"serve\0shop" in command_line(pid)]

    def postmaster(self) -> int:
        cluster = embedded.running(self.data_dir)
        assert cluster is not None
        pid = embedded_home.live_pid(cluster.pgdata)
        assert pid is not None
        return pid

    def check_ledger(self) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "jwt_pizza", "ledger", "check"]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=60, check=False)


def command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


class Diners:
    """Clients that order without pause, each order with a key, and ask again with the same key when no answer comes."""

    def __init__(self, shop: Running, token: str) -> None:
        self.shop = shop
        self.token = token
        self.accepted: dict[str, str] = {}
        self.refused: list[Answer] = []
        self.stopped = False
        self._more = asyncio.Condition()

    async def order(self, number: int) -> None:
        count = 0
        while not self.stopped:
            count += 1
            key = f"diner-{number}-{count}"
            while key not in self.accepted:
                try:
                    answer = await self.shop.order(self.token, 1 + count % 5, key=key)
                except aiohttp.ClientError:
                    await asyncio.sleep(0.01)
                else:
                    await self._hear(key, answer)
                if self.stopped:
                    return

    async def _hear(self, key: str, answer: Answer) -> None:
        async with self._more:
            if answer.status == 200:
                self.accepted[key] = answer.text
            else:
                self.refused.append(answer)
            self._more.notify_all()
        if answer.status != 200:
            await asyncio.sleep(0.01)

    async def wait_for(self, more: int) -> None:
        """Until that many further orders were accepted."""
        wanted = len(self.accepted) + more
        async with asyncio.timeout(DEADLINE), self._more:
            await self._more.wait_for(lambda: len(self.accepted) >= wanted)

    async def wait_for_refusal(self) -> None:
        known = len(self.refused)
        async with asyncio.timeout(DEADLINE), self._more:
            await self._more.wait_for(lambda: len(self.refused) > known)


@pytest.fixture
def up() -> Iterator[Up]:
    place = Path(tempfile.mkdtemp(prefix="jwt-pizza-test-", dir="/tmp"))
    place.chmod(0o755)
    started = Up(place)
    yield started
    if started.process.poll() is None:
        started.kill()
    cluster = embedded.running(place)
    if cluster is not None:
        embedded.stop(cluster)
    shutil.rmtree(place, ignore_errors=True)


@asynccontextmanager
async def guests(up: Up) -> AsyncIterator[Diners]:
    timeout = aiohttp.ClientTimeout(total=DEADLINE)
    # A connection for each request, so that the kernel hands them to whichever worker lives.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as client:
        shop = Running(up.shop, client)
        yield Diners(shop, await shop.log_in())


async def everything_is_there_once(diners: Diners) -> None:
    """History holds exactly the accepted orders; each key replays its answer and places nothing."""
    replays = random.Random(1).sample(sorted(diners.accepted), min(100, len(diners.accepted)))
    for key in replays:
        again = await diners.shop.order(diners.token, 1 + int(key.rsplit("-", 1)[1]) % 5, key=key)
        assert (again.status, again.text) == (200, diners.accepted[key])
        assert again.headers["Idempotent-Replayed"] == "true"
    seen: list[str] = []
    page = 0
    while True:
        page += 1
        answer = await diners.shop.call("GET", f"/api/order?page={page}", token=diners.token)
        if not answer.json["orders"]:
            break
        seen += [order["jwt"] for order in answer.json["orders"]]
    assert len(seen) == len(set(seen))
    known = set(seen)
    for text in diners.accepted.values():
        assert Answer(200, {}, text).json["jwt"] in known
    # Each client may have been stopped before it heard of its last order.
    assert len(seen) - len(diners.accepted) in range(CLIENTS + 1)


@on_linux
async def test_workers_are_killed_ten_times_under_load(up: Up) -> None:
    dice = random.Random(2024)
    async with guests(up) as diners:
        load = [asyncio.create_task(diners.order(number)) for number in range(CLIENTS)]
        for _ in range(KILLS):
            await diners.wait_for(dice.randint(1, 40))
            os.kill(dice.choice(up.workers()), signal.SIGKILL)
            await diners.wait_for(20)
        diners.stopped = True
        await asyncio.gather(*load)
        await everything_is_there_once(diners)
    checked = up.check_ledger()
    assert checked.returncode == 0, checked.stdout
    assert up.stop() == 0


@on_linux
async def test_the_database_is_killed_under_load(up: Up) -> None:
    """503 while it is away; what was accepted is there when everything runs again."""
    async with guests(up) as diners:
        load = [asyncio.create_task(diners.order(number)) for number in range(CLIENTS)]
        await diners.wait_for(100)
        os.kill(up.postmaster(), signal.SIGKILL)
        await diners.wait_for_refusal()
        diners.stopped = True
        await asyncio.gather(*load)
        for answer in diners.refused:
            assert answer.status == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
    up.kill()
    up.start()
    async with guests(up) as again:
        again.accepted = diners.accepted
        await everything_is_there_once(again)
        await again.shop.order(again.token)
    checked = up.check_ledger()
    assert checked.returncode == 0, checked.stdout
    assert up.stop() == 0
