"""Everyone hit by an incident is made whole exactly once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from tests.postbox import Mailbox, mail_server
from tests.running import Answer, Running, running_shop

SINCE, UNTIL = "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"
EXPLANATION = "Our factory was attacked & baked <nothing>."


class Hurt:
    """A shop with diners who were charged for pizzas that never came, on the first day of 2020."""

    def __init__(self, shop: Running, mailbox: Mailbox, postgres: Postgres) -> None:
        self.shop = shop
        self.mailbox = mailbox
        self.postgres = postgres
        self.tokens: list[str] = []

    async def charge(self, diners: int, *, orders: int = 1, status: str = "charged") -> None:
        """`orders` of two pizzas each, 0.008 BTC, written as policy factory-only leaves them."""
        first = len(self.tokens)
        for number in range(first, first + diners):
            _, token = await self.shop.register(f"Diner <{number}>", f"diner{number}@example.com")
            self.tokens.append(token)
            for _ in range(orders):
                placed = await self.shop.order(token, 1, 2)
                assert placed.status == 200
                await self._undo(placed.json["order"]["id"], status)

    async def _undo(self, order_id: int, status: str) -> None:
        await self.postgres.execute(
            "test",
            "UPDATE shop.orders SET status = $2::shop.order_status, jwt = NULL, placed_at = '2020-01-01 12:00+00' "
            "WHERE id = $1",
            order_id,
            status,
        )
        await self.postgres.execute(
            "test",
            "INSERT INTO shop.bake_attempts (order_id, oven, started_at, ms, reason) "
            "VALUES ($1, 'factory', now(), 1, 'error')",
            order_id,
        )

    async def admin(self) -> str:
        return await self.shop.log_in("a@jwt.com", "admin")

    async def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
        return await self.shop.call(method, f"/api/ops/{path}", body, token=token or await self.admin())

    async def plan(self, incident: str = "INC-1", **changes: object) -> Answer:
        body = {"since": SINCE, "until": UNTIL, "explanation": EXPLANATION, **changes}
        return await self.ask("PUT", f"amends/{incident}", body)

    async def done(self, incident: str = "INC-1") -> Any:
        """The plan once everything is given and sent."""
        async with asyncio.timeout(30):
            while True:
                plan = (await self.ask("GET", f"amends/{incident}")).json
                if plan["state"] == "done" and plan["lettersWaiting"] == 0:
                    return plan
                await asyncio.sleep(0.05)


@pytest.fixture
async def hurt(database_url: str, postgres: Postgres) -> AsyncIterator[Hurt]:
    async with hurting(database_url, postgres) as made:
        yield made


@asynccontextmanager
async def hurting(database_url: str, postgres: Postgres, **changes: object) -> AsyncIterator[Hurt]:
    async with mail_server() as (url, mailbox), running_shop(database_url, smtp_url=url, **changes) as shop:
        yield Hurt(shop, mailbox, postgres)


async def test_twelve_diners_of_the_incident_are_made_whole(hurt: Hurt) -> None:
    """Twelve orders, twenty-four pizzas: refunded, written to, free pizza for life; the books are sound again."""
    await hurt.charge(12)
    impact = (await hurt.ask("GET", f"impact?since={SINCE}&until={UNTIL}")).json
    wanted = {
        "dinersAffected": 12,
        "dinersTried": 12,
        "ordersFailed": 12,
        "ordersCharged": 12,
        "pizzasNotDelivered": 24,
        "satoshisCharged": 12 * 800_000,
        "ordersCompensated": 0,
    }
    assert {name: impact[name] for name in wanted} == wanted
    assert [(store["store"], store["orders"], store["pizzas"]) for store in impact["stores"]] == [("SLC", 12, 24)]
    planned = (await hurt.plan()).json
    assert (planned["state"], planned["diners"], planned["orders"], planned["refund"]) == ("planned", 12, 12, 9_600_000)
    assert planned["refunds"] == 0, "planning gives nothing"
    assert (await hurt.ask("POST", "amends/INC-1/execution")).status == 200
    plan = await hurt.done()
    given = ("refunds", "refunded", "vouchers", "apologies", "lettersSent", "failed")
    assert [plan[name] for name in given] == [12, 9_600_000, 12, 12, 12, 0]
    assert sorted(hurt.mailbox.recipients) == sorted([f"diner{number}@example.com"] for number in range(12))
    assert await PostgresLedger(hurt.postgres).broken() == []
    assert (await hurt.ask("GET", f"impact?since={SINCE}&until={UNTIL}")).json["ordersCompensated"] == 12
    history = await hurt.shop.call("GET", "/api/order", token=hurt.tokens[0])
    assert [order["status"] for order in history.json["orders"]] == ["refunded"]


async def test_letter_tells_the_facts_of_its_own_order_and_escapes_what_people_typed(hurt: Hurt) -> None:
    await hurt.charge(1, orders=2)
    await hurt.plan()
    await hurt.ask("POST", "amends/INC-1/execution")
    await hurt.mailbox.wait_for(1)
    [mail] = hurt.mailbox.mails
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    plain, marked = text.get_content(), html.get_content()
    for body in (plain, marked):
        assert body.count("Veggie") == 2
        assert body.count("0.0080") == 2
        assert "Free pizza for life" in body
    assert "Diner <0>" in plain
    assert EXPLANATION in plain
    assert "Diner &lt;0&gt;" in marked
    assert "<nothing>" not in marked


async def test_nothing_is_given_twice(hurt: Hurt) -> None:
    """Planned and started again, by another incident over the same orders, and by several requests at once."""
    await hurt.charge(3)
    await hurt.plan()
    admin = await hurt.admin()
    await asyncio.gather(*(hurt.ask("POST", "amends/INC-1/execution", token=admin) for _ in range(5)))
    await hurt.done()
    assert (await hurt.plan()).json["orders"] == 3
    await hurt.ask("POST", "amends/INC-1/execution")
    await hurt.done()
    other = (await hurt.plan("INC-2")).json
    assert (other["orders"], other["diners"]) == (0, 0), "they were compensated before"
    assert len(hurt.mailbox.mails) == 3
    refunds = await hurt.postgres.fetchval("test", "SELECT count(*) FROM shop.transfers WHERE kind = 'refund'")
    assert refunds == 3
    assert await PostgresLedger(hurt.postgres).broken() == []


async def test_two_incidents_that_claim_the_same_orders_compensate_them_once(hurt: Hurt) -> None:
    """Both were planned before either was given."""
    await hurt.charge(4)
    await hurt.plan("INC-1")
    await hurt.plan("INC-2")
    admin = await hurt.admin()
    await asyncio.gather(*(hurt.ask("POST", f"amends/INC-{n}/execution", token=admin) for n in (1, 2)))
    first, second = await hurt.done("INC-1"), await hurt.done("INC-2")
    assert first["refunds"] + second["refunds"] == 4
    assert first["apologies"] + second["apologies"] == 4
    assert len(hurt.mailbox.mails) == 4
    assert await PostgresLedger(hurt.postgres).broken() == []


async def test_orders_that_come_to_light_later_join_the_plan(hurt: Hurt) -> None:
    await hurt.charge(1)
    await hurt.plan()
    await hurt.ask("POST", "amends/INC-1/execution")
    await hurt.done()
    await hurt.charge(1)
    again = (await hurt.plan()).json
    assert (again["orders"], again["state"]) == (2, "running")
    plan = await hurt.done()
    assert (plan["refunds"], plan["lettersSent"]) == (2, 2)


async def test_deleted_diner_is_refunded_and_not_written_to(hurt: Hurt) -> None:
    await hurt.charge(2)
    deleted = (await hurt.shop.call("GET", "/api/user/me", token=hurt.tokens[1])).json["id"]
    assert (await hurt.shop.call("DELETE", f"/api/user/{deleted}", token=hurt.tokens[1])).status == 200
    await hurt.plan()
    await hurt.ask("POST", "amends/INC-1/execution")
    plan = await hurt.done()
    assert [plan[name] for name in ("refunds", "vouchers", "apologies", "lettersSent")] == [2, 1, 1, 1]
    assert hurt.mailbox.recipients == [["diner0@example.com"]]


async def test_who_was_not_charged_gets_an_apology_and_no_money(hurt: Hurt) -> None:
    await hurt.charge(1, status="voided")
    await hurt.plan()
    await hurt.ask("POST", "amends/INC-1/execution")
    plan = await hurt.done()
    assert [plan[name] for name in ("refunds", "refund", "vouchers", "apologies")] == [0, 0, 0, 1]
    [mail] = hurt.mailbox.mails
    text = mail.get_body(("plain",))
    assert text is not None
    assert "You were not charged for it." in text.get_content()


async def test_amends_beyond_the_limit_wait_for_an_administrator(database_url: str, postgres: Postgres) -> None:
    async with hurting(database_url, postgres, amends_most_diners=1) as hurt:
        await hurt.charge(2)
        planned = (await hurt.plan()).json
        assert (planned["state"], planned["needsApproval"]) == ("awaiting approval", True)
        early = await hurt.ask("POST", "amends/INC-1/execution")
        assert (early.status, early.message) == (
            409,
            "these amends are beyond the limit: an administrator must approve them first",
        )
        engineer = await hurt.shop.log_in("oncall@jwt.com", "oncall")
        assert (await hurt.ask("POST", "amends/INC-1/approval", token=engineer)).status == 403
        approved = await hurt.ask("POST", "amends/INC-1/approval")
        assert (approved.status, approved.json["approvedBy"]) == (200, "user:1")
        assert (await hurt.ask("POST", "amends/INC-1/execution", token=engineer)).status == 200
        assert (await hurt.done())["refunds"] == 2


async def test_letters_wait_for_a_mail_server_that_is_away(database_url: str, postgres: Postgres) -> None:
    """What was committed stays; the letter is tried again, under the same Message-ID."""
    async with running_shop(database_url, smtp_url="smtp://127.0.0.1:1") as shop:
        hurt = Hurt(shop, Mailbox(), postgres)
        await hurt.charge(1)
        await hurt.plan()
        await hurt.ask("POST", "amends/INC-1/execution")
        async with asyncio.timeout(30):
            while await postgres.fetchval("test", "SELECT count(*) FROM shop.letters WHERE error IS NOT NULL") == 0:
                await asyncio.sleep(0.05)
        plan = (await hurt.ask("GET", "amends/INC-1")).json
        assert (plan["refunds"], plan["lettersSent"], plan["lettersWaiting"]) == (1, 0, 1)
    await postgres.execute("test", "UPDATE shop.letters SET next_try_at = now()")
    async with hurting(database_url, postgres) as later:
        await later.mailbox.wait_for(1)
        message_id = await postgres.fetchval("test", "SELECT message_id FROM shop.letters")
        assert later.mailbox.ids() == {f"<{message_id}@localhost>"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"until": SINCE}, "until must be after since"),
        ({"until": "2021-01-01T00:00:00Z"}, "since and until must be at most 7 days apart"),
        ({"since": "2020-01-01T00:00:00"}, "since and until must say their zone, as in 2025-04-08T15:25:00Z"),
        ({"explanation": " "}, "explanation must say what happened"),
        ({"remedies": {"charged": ["flowers"]}}, "remedies"),
    ],
)
async def test_plan_that_makes_no_sense_is_refused(hurt: Hurt, change: dict[str, object], message: str) -> None:
    answer = await hurt.plan(**change)
    assert answer.status == 400
    assert message in answer.message


async def test_only_operators_see_who_was_hurt(hurt: Hurt) -> None:
    diner = await hurt.shop.log_in()
    for path in (f"impact?since={SINCE}&until={UNTIL}", f"impact/orders.csv?since={SINCE}&until={UNTIL}", "amends/X"):
        assert (await hurt.ask("GET", path, token=diner)).status == 403
    assert (await hurt.ask("GET", "amends/unknown")).status == 404
    assert (await hurt.ask("GET", "amends/..%2Fx")).status == 404


async def test_window_without_orders_has_no_impact(hurt: Hurt) -> None:
    impact = (await hurt.ask("GET", f"impact?since={SINCE}&until={UNTIL}")).json
    assert (impact["ordersFailed"], impact["firstFailedAt"], impact["stores"]) == (0, None, [])
    plan = (await hurt.plan()).json
    assert (plan["diners"], plan["state"]) == (0, "planned")
    await hurt.ask("POST", "amends/INC-1/execution")
    assert (await hurt.done())["refunds"] == 0


async def test_list_can_be_downloaded(hurt: Hurt) -> None:
    await hurt.charge(1)
    answer = await hurt.ask("GET", f"impact/orders.csv?since={SINCE}&until={UNTIL}")
    head, line = answer.text.strip().splitlines()
    assert head == "order,diner,store,placed at (UTC),harm,pizzas,charged,compensated"
    assert line.endswith(",1,2020-01-01T12:00:00.000Z,charged,2,0.0080 BTC,no")
