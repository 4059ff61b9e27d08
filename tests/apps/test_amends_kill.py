"""Thousands of diners are made whole once each, whoever is killed half-way.

Two thousand in the suite; `JWT_PIZZA_AMENDS_DINERS=10000` for the bar of the issue."""

import asyncio
import os
import random
import signal

import aiohttp

from jwt_pizza.kit import embedded
from jwt_pizza.kit.postgres import Postgres
from tests.apps.test_kill import Up, on_linux, up  # noqa: F401 - the fixture
from tests.postbox import mail_server
from tests.running import Running

DINERS = int(os.environ.get("JWT_PIZZA_AMENDS_DINERS", "2000"))
KILLS = 20
DEADLINE = 300.0

# One order of two pizzas each, charged and never delivered.
HURT = """
WITH people AS (
    INSERT INTO shop.users (name, email, email_key, password_hash, created_at)
    SELECT 'Diner ' || n, 'd' || n || '@example.com', 'd' || n || '@example.com', '!', now()
    FROM generate_series(1, $1::integer) n RETURNING id
), placed AS (
    INSERT INTO shop.orders (id, diner_id, franchise_id, store_id, status, total, placed_at)
    SELECT id * 64 + 1000000, id, 1, 1, 'charged', 800000, '2020-01-01 12:00+00' FROM people RETURNING id, diner_id
), lined AS (
    INSERT INTO shop.order_items (order_id, line, menu_id, description, price)
    SELECT id, line, line + 1, 'pizza', 400000 FROM placed, generate_series(0, 1) line
), moved AS (
    INSERT INTO shop.transfers (id, order_id, kind, debit, credit, amount, at)
    SELECT id * 10 + step, id, (ARRAY['hold', 'capture'])[step + 1]::shop.transfer_kind, diner_id * 10 + 1, 12, 800000,
           now()
    FROM placed, generate_series(0, 1) step
)
INSERT INTO shop.balance_changes (account, amount) SELECT 12, 800000 FROM placed
"""


@on_linux
async def test_all_are_made_whole_once_although_workers_are_killed(up: Up) -> None:  # noqa: F811
    dice = random.Random(7)
    async with mail_server() as (url, mailbox):
        up.stop()
        up.environment["SMTP_URL"] = url
        up.start()
        cluster = embedded.running(up.data_dir)
        assert cluster is not None
        postgres = await Postgres(cluster.url(), name="test", size=2, statement=60).open()
        await postgres.execute("test", HURT, DINERS)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as client:
            await _give(Running(up.shop, client))
        async with asyncio.timeout(DEADLINE):
            for _ in range(KILLS):
                # Somewhere in the middle of it, wherever that is.
                sent = len(mailbox.taken)
                goal = min(DINERS, sent + dice.randint(1, DINERS // KILLS))
                while len(mailbox.taken) < goal:
                    await asyncio.sleep(0.005)
                os.kill(dice.choice(up.workers()), signal.SIGKILL)
                while len(up.workers()) < 2:
                    await asyncio.sleep(0.01)
            left = 1
            while left:
                await asyncio.sleep(0.1)
                left = await postgres.fetchval(
                    "test",
                    "SELECT (SELECT count(*) FROM shop.letters WHERE status <> 'sent') "
                    "+ (SELECT count(*) FROM shop.amends_diners WHERE status <> 'done')",
                )
        counts = await postgres.fetchrow(
            "test",
            "SELECT (SELECT count(*) FROM shop.transfers WHERE kind = 'refund') AS refunds, "
            "(SELECT count(DISTINCT diner_id) FROM shop.vouchers) AS vouchers, "
            "(SELECT count(*) FROM shop.remedies) AS remedies",
        )
        await postgres.close()
        assert counts is not None
        assert dict(counts) == {"refunds": DINERS, "vouchers": DINERS, "remedies": 3 * DINERS}
        by_id = {str(mail["Message-ID"]): str(mail["To"]) for mail in mailbox.mails}
        assert len(by_id) == DINERS
        assert len(set(by_id.values())) == DINERS, "nobody has two letters"
    checked = up.check_ledger()
    assert checked.returncode == 0, checked.stdout
    assert up.stop() == 0


async def _give(shop: Running) -> None:
    admin = await shop.log_in("a@jwt.com", "admin")
    body = {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z", "explanation": "The oven failed."}
    planned = await shop.call("PUT", "/api/ops/amends/INC-1", body, token=admin)
    assert (planned.status, planned.json["diners"]) == (200, DINERS), planned.text
    for step in ("approval", "execution"):
        answer = await shop.call("POST", f"/api/ops/amends/INC-1/{step}", token=admin)
        assert answer.status == 200, answer.text
