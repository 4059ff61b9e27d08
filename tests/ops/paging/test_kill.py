"""A real ops process, killed with kill -9 at random moments while it pages."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.apps.load import command_line
from tests.ops.twilio import FROM, FakeTwilio, twilio

KILLS = 4
DEADLINE = 240.0
"""Seconds, generous: a test that waits this long has failed."""
WAIT = 0.5
"""Seconds between pages: real ones, as the process has a real clock."""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


class Served:
    """`jwt-pizza serve ops`: a supervisor, and the process that it starts again."""

    def __init__(self, database_url: str, fake: FakeTwilio, place: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JWT_PIZZA_")}
        environment |= {
            "DATABASE_URL": database_url,
            "JWT_PIZZA_DATA_DIR": str(place),
            "JWT_PIZZA_LOG_LEVEL": "error",
            "TWILIO_API_BASE": fake.url,
            "TWILIO_ACCOUNT_SID": fake.sid,
            "TWILIO_AUTH_TOKEN": fake.token,
            "TWILIO_FROM": FROM,
        }
        argv = [sys.executable, "-m", "jwt_pizza", "serve", "ops", "--port", "0"]
        self.process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill_worker(self) -> bool:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"serve\0ops" in command_line(pid)]
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        return bool(workers)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
async def group(postgres: Postgres) -> int:
    person = await postgres.fetchval(
        "test",
        "INSERT INTO ops.people (name, role, created_at, feed_token) "
        "VALUES ('Ada', 'responder', now(), 'x') RETURNING id",
    )
    await postgres.execute(
        "test",
        "INSERT INTO ops.contacts (person_id, channel, address, verified_at, created_at) "
        "VALUES ($1, 'sms', '+15551230001', now(), now())",
        person,
    )
    team = await postgres.fetchval("test", "INSERT INTO ops.teams (name) VALUES ('Killed') RETURNING id")
    steps = [
        {"kind": "notify-people", "personIds": [person]},
        {"kind": "wait", "seconds": WAIT},
        {"kind": "go-to-step", "step": 0},
    ]
    chain = await postgres.fetchval(
        "test",
        "INSERT INTO ops.chains (team_id, name, steps) VALUES ($1, 'killed', $2) RETURNING id",
        team,
        msgspec.json.encode(steps).decode(),
    )
    group: int = await postgres.fetchval(
        "test",
        "INSERT INTO ops.groups (key, route_id, chain_id, title, severity, status, firing, loud, opened_at, "
        "last_alert_at, next_action_at) "
        "VALUES ('k', 1, $1, 'Orders fail', 'critical', 'firing', 1, 1, now(), now(), now()) RETURNING id",
        chain,
    )
    return group


@pytest.fixture
def dice() -> Iterator[random.Random]:
    yield random.Random(4)


async def test_ops_killed_while_it_pages_loses_no_step_takes_none_early_and_repeats_at_most_one_a_kill(
    database_url: str, postgres: Postgres, group: int, dice: random.Random, tmp_path: Path
) -> None:
    async with twilio() as fake:
        served = Served(database_url, fake, tmp_path)
        try:
            async with asyncio.timeout(DEADLINE):
                for _ in range(KILLS):
                    await texts(fake, 2)
                    # Somewhere between one page and the next, or while one is being sent.
                    await asyncio.sleep(dice.uniform(0, WAIT))
                    assert served.kill_worker()
                await texts(fake, 3)
                await postgres.execute("test", "UPDATE ops.groups SET next_action_at = NULL WHERE id = $1", group)
                while await postgres.fetchval("test", "SELECT count(*) FROM ops.notifications WHERE status = 'queued'"):
                    await asyncio.sleep(0.1)
        finally:
            served.stop()
    rows = await postgres.fetch(
        "test",
        "SELECT page, status, created_at, message_id FROM ops.notifications WHERE group_id = $1 ORDER BY page",
        group,
    )
    assert [row["page"] for row in rows] == list(range(1, len(rows) + 1)), "no step is lost, none is taken twice"
    gaps = [(later["created_at"] - row["created_at"]).total_seconds() for row, later in pairwise(rows)]
    # A step that is late by up to a look of the engine does not move the one after it.
    assert sum(gaps) >= WAIT * (len(gaps) - 1) - 1.0
    assert {row["status"] for row in rows} == {"sent"}
    times = Counter(text.form["StatusCallback"] for text in fake.texts)
    assert len(times) == len({row["message_id"] for row in rows})
    assert sum(count - 1 for count in times.values()) <= KILLS


async def texts(fake: FakeTwilio, more: int) -> None:
    wanted = len(fake.texts) + more
    while len(fake.texts) < wanted:
        fake.on_text.clear()
        await fake.on_text.wait()
