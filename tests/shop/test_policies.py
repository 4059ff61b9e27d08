"""The shop under the policies that ask a factory, with a real factory on a socket of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jwt_pizza.factory.vendors.service import VendorDesk
from jwt_pizza.factory.vendors.store import PostgresVendors
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.running import Running, running_factory, running_shop


@asynccontextmanager
async def shop_and_factory(
    database_url: str, postgres: Postgres, policy: str
) -> AsyncIterator[tuple[Running, Running, str]]:
    """The shop, its factory, and the vendor key that the shop has there."""
    desk = VendorDesk(PostgresVendors(postgres, SystemClock()), SystemClock())
    key = await desk.add("jwt-pizza", "JWT Pizza")
    async with (
        running_factory(database_url) as factory,
        running_shop(
            database_url, policy=policy, factory_url=factory.url, factory_api_key=key, exercise_share=0.0
        ) as shop,
    ):
        yield shop, factory, key


async def attack(factory: Running, key: str, kind: str) -> None:
    answer = await factory.call("PUT", f"/api/vendor/chaos/{kind}", token=key)
    assert answer.status == 200, answer.text


async def test_healthy_factory_bakes_and_the_hold_is_captured(database_url: str, postgres: Postgres) -> None:
    async with shop_and_factory(database_url, postgres, "factory") as (shop, factory, _):
        answer = await shop.order(await shop.log_in(), 1, 2)
        assert answer.status == 200
        verified = await factory.call("POST", "/api/order/verify", {"jwt": answer.json["jwt"]})
        assert verified.json["payload"]["order"]["id"] == answer.json["order"]["id"]
        attempts = await shop.call("GET", "/api/ops/attempts", token=await shop.log_in("a@jwt.com", "admin"))
        assert [(one["oven"], one["reason"]) for one in attempts.json] == [("factory", "good")]
    assert await PostgresLedger(postgres).broken() == []


async def test_factory_that_lies_is_stood_in_for(database_url: str, postgres: Postgres) -> None:
    """A forged, another order's, or an old pizza is a failed bake; the diner gets a good one."""
    for kind in ("badjwt", "wrong-order", "replay"):
        async with shop_and_factory(database_url, postgres, "factory") as (shop, factory, key):
            await attack(factory, key, kind)
            answer = await shop.order(await shop.log_in())
            assert answer.status == 200, kind
            verified = await shop.call("POST", "/factory/api/order/verify", {"jwt": answer.json["jwt"]})
            assert verified.json["payload"]["order"]["id"] == answer.json["order"]["id"]
            admin = await shop.log_in("a@jwt.com", "admin")
            failed = await shop.call("GET", "/api/ops/attempts?failed=true", token=admin)
            assert {one["reason"] for one in failed.json} == {"bad pizza"}, kind
    assert await PostgresLedger(postgres).broken() == []


async def test_factory_only_answers_as_in_the_incident_and_the_link_ends_it(
    database_url: str, postgres: Postgres
) -> None:
    async with shop_and_factory(database_url, postgres, "factory-only") as (shop, factory, key):
        token = await shop.log_in()
        await attack(factory, key, "fail")
        failed = await shop.order(token, key="one")
        assert failed.status == 500
        assert list(failed.json) == ["message", "reportPizzaCreationErrorToPizzaFactoryUrl"]
        assert failed.message == "Failed to fulfill order at factory"
        link = failed.json["reportPizzaCreationErrorToPizzaFactoryUrl"]
        again = await shop.order(token, key="one")
        assert (again.status, again.json) == (500, failed.json)
        assert again.headers["Idempotent-Replayed"] == "true"
        ended = await factory.call("GET", link.removeprefix(factory.url))
        assert ended.message == "Problem resolved. Pizza is back on the menu!"
        assert (await shop.order(token)).status == 200
    assert await PostgresLedger(postgres).broken() == ["1 charged orders have no pizza"]


async def test_engineer_follows_the_report_link_from_the_shop(database_url: str, postgres: Postgres) -> None:
    async with shop_and_factory(database_url, postgres, "factory") as (shop, factory, key):
        diner, engineer = await shop.log_in(), await shop.log_in("oncall@jwt.com", "oncall")
        await attack(factory, key, "fail")
        answer = await shop.order(diner)
        assert answer.status == 200
        assert "report" not in answer.text, "the link carries a vendor key"
        failed = (await shop.call("GET", "/api/ops/attempts?failed=true", token=engineer)).json[0]
        refused = await shop.call("POST", f"/api/ops/attempts/{failed['id']}/report", token=diner)
        assert refused.status == 403
        reported = await shop.call("POST", f"/api/ops/attempts/{failed['id']}/report", token=engineer)
        assert reported.json == {"status": 200, "message": "Problem resolved. Pizza is back on the menu!"}


async def test_report_link_to_anywhere_else_is_not_followed(database_url: str, postgres: Postgres) -> None:
    async with shop_and_factory(database_url, postgres, "factory") as (shop, factory, key):
        await attack(factory, key, "fail")
        await shop.order(await shop.log_in())
        await postgres.execute("test", "UPDATE shop.bake_attempts SET report_url = 'http://127.0.0.1:1/api/report'")
        engineer = await shop.log_in("oncall@jwt.com", "oncall")
        failed = (await shop.call("GET", "/api/ops/attempts?failed=true", token=engineer)).json[0]
        answer = await shop.call("POST", f"/api/ops/attempts/{failed['id']}/report", token=engineer)
        assert (answer.status, answer.message) == (400, "the report link does not lead to the configured factory")


async def test_expired_hold_is_voided_and_costs_nothing(database_url: str, postgres: Postgres) -> None:
    """A process died between hold and capture: the reaper voids what it left."""
    async with shop_and_factory(database_url, postgres, "factory") as (shop, _, _key):
        order_id = (await shop.order(await shop.log_in())).json["order"]["id"]
        await postgres.execute(
            "test",
            "INSERT INTO shop.orders (id, diner_id, franchise_id, store_id, status, total, placed_at, hold_expires_at, "
            "baking_until) SELECT id + 1000, diner_id, franchise_id, store_id, 'held', total, placed_at, now(), now() "
            "FROM shop.orders",
        )
        await postgres.execute(
            "test",
            "INSERT INTO shop.order_items SELECT order_id + 1000, line, menu_id, description, price "
            "FROM shop.order_items",
        )
        await postgres.execute(
            "test",
            "INSERT INTO shop.transfers SELECT id + 10000, order_id + 1000, kind, debit, credit, amount, at "
            "FROM shop.transfers WHERE kind = 'hold'",
        )
        status = "held"
        while status == "held":
            status = await postgres.fetchval(
                "test", "SELECT status::text FROM shop.orders WHERE id = $1", order_id + 1000
            )
        assert status == "voided"
    assert await PostgresLedger(postgres).broken() == []
