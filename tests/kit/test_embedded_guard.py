"""The guard as a process, watched through pipes; PostgreSQL is really killed."""

import asyncio
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import asyncpg
import pytest

from jwt_pizza.kit import embedded
from jwt_pizza.kit.embedded_home import live_pid
from jwt_pizza.kit.worker import PARENT_FD, READY_FD
from tests import places

DEADLINE = 60


@pytest.fixture
def cluster() -> Iterator[embedded.Cluster]:
    folder = places.folder()
    made = embedded.start(folder / "data", durable=False)
    yield made
    embedded.stop(made)
    shutil.rmtree(folder)


class Guard:
    def __init__(self, cluster: embedded.Cluster) -> None:
        self.ready, ready = os.pipe()
        parent, self.supervisor = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jwt_pizza.kit.embedded_guard", str(cluster.data_dir)],
            env=os.environ | {READY_FD: str(ready), PARENT_FD: str(parent)},
            pass_fds=(ready, parent),
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        os.close(ready)
        os.close(parent)

    def becomes_ready(self) -> None:
        assert select.select([self.ready], [], [], DEADLINE)[0], "not ready in time"
        assert os.read(self.ready, 1) == b"1"

    def says(self, text: bytes) -> None:
        said, stderr = b"", self.process.stderr
        assert stderr is not None
        while text not in said:
            assert select.select([stderr], [], [], DEADLINE)[0], f"said only {said!r}"
            said += stderr.read(4096) or b""

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self.ready)
        if self.supervisor >= 0:
            os.close(self.supervisor)


@pytest.fixture
def guard(cluster: embedded.Cluster) -> Iterator[Guard]:
    made = Guard(cluster)
    yield made
    made.close()


def postmaster(cluster: embedded.Cluster) -> int:
    pid = live_pid(cluster.pgdata)
    assert pid is not None
    return pid


async def answers(cluster: embedded.Cluster) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                connection = await asyncpg.connect(cluster.url())
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.01)
                continue
            await connection.close()
            return


def test_killed_server_comes_back_each_time(cluster: embedded.Cluster, guard: Guard) -> None:
    guard.becomes_ready()
    seen = [postmaster(cluster)]
    for _ in range(2):
        os.kill(seen[-1], signal.SIGKILL)
        guard.says(b"PostgreSQL runs again")
        asyncio.run(answers(cluster))
        seen.append(postmaster(cluster))
    assert len(set(seen)) == 3


def test_guard_that_is_asked_to_stop_leaves_the_server_running(cluster: embedded.Cluster, guard: Guard) -> None:
    guard.becomes_ready()
    pid = postmaster(cluster)
    guard.process.terminate()
    assert guard.process.wait(DEADLINE) == 0
    assert postmaster(cluster) == pid


def test_guard_goes_with_its_supervisor(cluster: embedded.Cluster, guard: Guard) -> None:
    guard.becomes_ready()
    os.close(guard.supervisor)
    guard.supervisor = -1
    assert guard.process.wait(DEADLINE) == 0
    assert embedded.running(cluster.data_dir) == cluster


def test_server_that_died_before_the_guard_came_is_started(cluster: embedded.Cluster) -> None:
    os.kill(postmaster(cluster), signal.SIGKILL)
    guard = Guard(cluster)
    guard.becomes_ready()
    asyncio.run(answers(cluster))
    guard.close()
