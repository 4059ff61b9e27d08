"""Thousands of diners are made whole, each once, by two processes of which one after the other is killed."""

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import asyncpg

from jwt_pizza.bench import attacks, system
from jwt_pizza.bench.asking import ask, log_in
from jwt_pizza.bench.sink import Sink, sink
from jwt_pizza.kernel.errors import Refusal

DINERS: Final = 10_000
KILLS: Final = 20
_PATIENCE: Final = 300.0
_ADMIN: Final = '{"email":"a@jwt.com","password":"admin"}'
_PLAN: Final = '{"since":"2020-01-01T00:00:00Z","until":"2020-01-02T00:00:00Z","explanation":"The oven failed."}'
_HURT: Final = """
WITH people AS (
    INSERT INTO shop.users (name, email, email_key, password_hash, created_at)
    SELECT 'Diner ' || n, 'hurt' || n || '@example.com', 'hurt' || n || '@example.com', '!', now()
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
"""Diners with an order of two pizzas each, charged and never delivered."""
_GIVEN: Final = """
SELECT (SELECT count(*) FROM shop.transfers WHERE kind = 'refund') AS refunds,
       (SELECT count(*) FROM shop.vouchers) AS vouchers,
       (SELECT count(*) FROM shop.letters WHERE status = 'sent') AS letters,
       (SELECT count(*) FROM shop.amends_diners WHERE status = 'done') AS done
"""


class Uneven(Refusal):
    """Somebody got too much or too little."""


def figures(
    *, diners: int = DINERS, kills: int = KILLS, seed: int = 7, settings: Mapping[str, str] = MappingProxyType({})
) -> dict[str, float]:
    """`seconds` from the execution's start until the last letter was taken. Raises Uneven."""
    with sink() as (url, box), system.running(2, settings={"SMTP_URL": url, **settings}) as running:
        asyncio.run(_hurt(running.database_url, diners))
        token = log_in(running.shop, _ADMIN)
        amends = f"{running.shop}/api/ops/amends/bench"
        plan = json.loads(ask("PUT", amends, _PLAN, token))
        if plan["diners"] != diners:
            raise Uneven(f"{plan['diners']} diners were planned for, not {diners}")
        ask("POST", f"{amends}/approval", token=token)
        started = time.monotonic()
        ask("POST", f"{amends}/execution", token=token)
        killed = _kill(running, box, diners, kills, random.Random(seed))  # noqa: S311 - the same moments each time
        given = asyncio.run(_finished(running.database_url, diners))
        seconds = time.monotonic() - started
        if not attacks.command(running, "ledger", "check").startswith("the ledger is sound"):
            raise Uneven("the ledger is not sound")
    # Ops may have written, too: to the engineer, about the processes that were killed.
    letters = {recipient: found for recipient, found in box.taken.items() if recipient.startswith("hurt")}
    ids = [message_id for found in letters.values() for message_id in found]
    counted = {**given, "recipients": len(letters), "message_ids": len(set(ids))}
    wrong = {name: count for name, count in counted.items() if count != diners}
    if wrong or len(ids) != diners:
        raise Uneven(f"for {diners} diners there are {wrong or len(ids)}")
    sent = sum(found.total() for found in letters.values())
    return {"seconds": round(seconds, 1), "kills": killed, **counted, "sent_again": sent - diners}


def _kill(running: system.System, box: Sink, diners: int, kills: int, dice: random.Random) -> int:
    """Each at a moment of its own, somewhere in the middle of it."""
    for number in range(kills):
        goal = min(diners - 1, box.count + dice.randint(1, max(1, diners // (kills + 4))))
        until = time.monotonic() + _PATIENCE
        while box.count < goal and time.monotonic() < until:
            time.sleep(0.002)
        workers = _workers(running)
        if not workers or box.count >= diners:
            return number
        os.kill(dice.choice(workers), signal.SIGKILL)
    return kills


def _workers(running: system.System) -> Sequence[int]:
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text(encoding="ascii").split()
    return [int(pid) for pid in children if b"serve\0shop" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def _hurt(database_url: str, diners: int) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(_HURT, diners, timeout=60)
    await connection.close()


async def _finished(database_url: str, diners: int) -> dict[str, int]:
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                row = await connection.fetchrow(_GIVEN)
                if row is not None and row["letters"] >= diners and row["done"] >= diners:
                    return {name: int(row[name]) for name in ("refunds", "vouchers", "letters")}
                await asyncio.sleep(0.2)
    finally:
        await connection.close()
