"""Free pizza for life: one pizza a day costs its diner nothing, and the store is paid all the same."""

import asyncio

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.factory.kitchen import vendor_key
from tests.running import Running, running_factory, running_shop
from tests.visitor import visiting

GOODWILL = 3


async def grant(postgres: Postgres, diner_id: int = 2) -> None:
    await postgres.execute(
        "test", "INSERT INTO shop.vouchers (diner_id, reason, granted_at) VALUES ($1, 'test', now())", diner_id
    )
    await postgres.execute("test", "UPDATE shop.users SET version = version + 1 WHERE id = $1", diner_id)


async def paid(postgres: Postgres) -> tuple[int, int, int]:
    """What the diner, goodwill and the store have: satoshis."""
    query = (
        "SELECT coalesce(sum(CASE WHEN credit = $1 THEN amount WHEN debit = $1 THEN -amount ELSE 0 END), 0)::bigint "
        "FROM shop.transfers WHERE kind IN ('capture', 'refund')"
    )
    diner, goodwill, store = [await postgres.fetchval("test", query, account) for account in (21, GOODWILL, 12)]
    return diner, goodwill, store


async def test_dearest_pizza_of_the_first_order_of_the_day_is_free(shop: Running, postgres: Postgres) -> None:
    """Also for somebody who was logged in before the voucher came."""
    token = await shop.log_in()
    await shop.order(token, 1)
    await grant(postgres)
    first = (await shop.order(token, 1, 5)).json["order"]
    assert (first["total"], first["discount"]) == (0.0137, 0.0099)
    assert await paid(postgres) == (-760_000, -990_000, 1_750_000)
    second = (await shop.order(token, 1, 5)).json["order"]
    assert (second["total"], "discount" in second) == (0.0137, False)
    assert await PostgresLedger(postgres).broken() == []


async def test_single_pizza_costs_nothing_and_is_in_the_books(shop: Running, postgres: Postgres) -> None:
    await grant(postgres)
    token = await shop.log_in()
    answer = await shop.order(token, 1, key="free")
    assert answer.json["order"]["discount"] == answer.json["order"]["total"]
    assert await paid(postgres) == (0, -380_000, 380_000)
    again = await shop.order(token, 1, key="free")
    assert again.json["jwt"] == answer.json["jwt"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await PostgresLedger(postgres).broken() == []


async def test_orders_at_once_get_one_free_pizza(database_url: str, postgres: Postgres) -> None:
    """Twenty, on two servers."""
    await grant(postgres)
    async with running_shop(database_url) as one, running_shop(database_url) as two:
        token = await one.log_in()
        answers = await asyncio.gather(*((one, two)[number % 2].order(token, 1) for number in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert sum("discount" in answer.json["order"] for answer in answers) == 1
    assert await PostgresLedger(postgres).broken() == []


async def test_next_day_is_another_free_pizza(shop: Running, postgres: Postgres) -> None:
    await grant(postgres)
    token = await shop.log_in()
    await shop.order(token, 1)
    await postgres.execute("test", "UPDATE shop.voucher_uses SET day = day - 1")
    await postgres.execute("test", "UPDATE shop.users SET version = version + 1 WHERE id = 2")
    assert "discount" in (await shop.order(token, 1)).json["order"]


async def test_order_that_was_not_delivered_does_not_use_the_day(database_url: str, postgres: Postgres) -> None:
    """Every oven failed: the free pizza is still there for the retry."""
    key = await vendor_key(postgres)
    await grant(postgres)
    async with (
        running_factory(database_url) as factory,
        running_shop(database_url, policy="factory", factory_url=factory.url, factory_api_key=key) as shop,
    ):
        token = await shop.log_in()
        held = (await shop.order(token, 1)).json["order"]
        assert "discount" in held
    await postgres.execute("test", "UPDATE shop.orders SET status = 'held', hold_expires_at = now()")
    await postgres.execute("test", "ALTER TABLE shop.transfers DISABLE TRIGGER append_only")
    await postgres.execute("test", "DELETE FROM shop.transfers WHERE kind = 'capture'")
    await postgres.execute("test", "DELETE FROM shop.balance_changes")
    await postgres.execute("test", "DELETE FROM shop.balances")
    async with running_shop(database_url) as shop:
        token = await shop.log_in()
        async with asyncio.timeout(20):
            while await postgres.fetchval("test", "SELECT count(*) FROM shop.orders WHERE status = 'held'"):
                await asyncio.sleep(0.02)
        assert "discount" in (await shop.order(token, 1)).json["order"]
    assert await PostgresLedger(postgres).broken() == []


async def test_refund_gives_each_its_part(shop: Running, postgres: Postgres) -> None:
    await grant(postgres)
    order = (await shop.order(await shop.log_in(), 1, 5)).json["order"]
    at = await postgres.fetchval("test", "SELECT now()")
    ledger = PostgresLedger(postgres)
    assert await ledger.refund(order["id"], at) == 380_000
    assert await ledger.refund(order["id"], at) is None
    assert await paid(postgres) == (0, 0, 0)
    assert await ledger.broken() == []


async def test_revoked_voucher_pays_nothing(shop: Running, postgres: Postgres) -> None:
    await grant(postgres)
    token = await shop.log_in()
    await postgres.execute("test", "UPDATE shop.vouchers SET revoked_at = now()")
    assert "discount" not in (await shop.order(token, 1)).json["order"]


async def test_checkout_shows_what_the_voucher_takes_off(shop: Running, postgres: Postgres) -> None:
    await grant(postgres)
    async with visiting(shop.url) as diner:
        await diner.log_in()
        page = await diner.checkout(pizza_1="1", pizza_5="1")
        assert "Free pizza for life" in page.text
        assert "−0.0099" in page.text
        assert "Pay 0.0038" in page.text
        delivery = await diner.submit(page.form("/checkout"))
        assert "−0.0099" in delivery.text
        again = await diner.checkout(pizza_5="1")
        assert "Free pizza for life" not in again.text
