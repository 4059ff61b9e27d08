"""Refunds leave through BTCPay Server, each once, and diners are told where to claim them."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.shop.ledger.store import PostgresLedger
from jwt_pizza.shop.letters.store import PostgresLetters
from jwt_pizza.shop.payouts.gateway import BtcPay
from jwt_pizza.shop.payouts.service import Paymaster
from jwt_pizza.shop.payouts.store import PostgresPayouts
from tests.btcpay import KEY, STORE, FakeBtcPay, Trouble, btcpay_server
from tests.clocks import HandClock
from tests.postbox import mail_server
from tests.running import running_shop
from tests.shop.test_amends import Hurt

_OWED = """
INSERT INTO shop.payouts (order_id, name, incident, diner_id, amount, status, next_try_at, queued_at)
SELECT n, 'JWT Pizza 0badcafe order ' || n, 'INC-1', n, 800000, 'waiting', $2, $2 FROM generate_series(1, $1::bigint) n
"""


class Office:
    """Payouts that are owed, a BTCPay Server, and as many who make them as one likes."""

    def __init__(self, postgres: Postgres, btcpay: FakeBtcPay) -> None:
        self.postgres = postgres
        self.btcpay = btcpay
        self.clock = HandClock()
        self.gateways: list[BtcPay] = []

    def paymaster(self, within: float = 20) -> Paymaster:
        self.gateways.append(BtcPay(self.btcpay.url, STORE, KEY, within=within))
        return Paymaster(PostgresPayouts(self.postgres), self.gateways[-1], self.clock)

    async def owe(self, orders: int) -> None:
        await self.postgres.execute("test", _OWED, orders, self.clock.now())

    async def states(self) -> Counter[str]:
        rows = await self.postgres.fetch("test", "SELECT status FROM shop.payouts")
        return Counter(row["status"] for row in rows)

    async def error(self) -> tuple[str, str]:
        """Of the only payout: its status, and why."""
        row = await self.postgres.fetchrow("test", "SELECT status, error FROM shop.payouts")
        assert row is not None
        return row["status"], row["error"]


@pytest.fixture
async def office(postgres: Postgres) -> AsyncIterator[Office]:
    async with btcpay_server() as btcpay:
        made = Office(postgres, btcpay)
        yield made
        for gateway in made.gateways:
            await gateway.close()


async def test_twelve_diners_claim_their_refunds_at_btcpay(database_url: str, postgres: Postgres) -> None:
    """Two shops pay out. While the key is wrong nothing leaves, no letter goes, and the plan says why; once it is
    right, a retry makes each payout once, and each letter tells its own diner's links. Who is
    gone is paid and not told."""
    async with btcpay_server() as btcpay, mail_server() as (smtp, mailbox):
        btcpay.key = "another"
        settings = {"smtp_url": smtp, "btcpay_url": btcpay.url, "btcpay_store": STORE, "btcpay_api_key": KEY}
        async with running_shop(database_url, **settings) as shop, running_shop(database_url, **settings):
            hurt = Hurt(shop, mailbox, postgres)
            await hurt.charge(11)
            await hurt.charge(1, orders=2)
            gone = (await shop.call("GET", "/api/user/me", token=hurt.tokens[0])).json["id"]
            assert (await shop.call("DELETE", f"/api/user/{gone}", token=hurt.tokens[0])).status == 200
            await hurt.plan()
            await hurt.ask("POST", "amends/INC-1/execution")
            plan = await _until(hurt, payoutsFailed=13)
            assert [plan[name] for name in ("state", "refunds", "lettersSent", "lettersWaiting")] == ["done", 13, 0, 0]
            failures = (await hurt.ask("GET", "amends/INC-1/failures")).json
            refused = "BTCPay answered 401: Authentication is required for accessing this endpoint"
            assert {failure["error"].partition(": ")[2] for failure in failures} == {refused}
            assert btcpay.made == []
            later = SystemClock().now() + timedelta(hours=1)
            assert await PostgresLetters(postgres).claim(later, later, take=99) == [], "letters wait for the links"

            btcpay.key = KEY
            await hurt.ask("POST", "amends/INC-1/retry")
            plan = await _until(hurt, payoutsSent=13, lettersSent=11, lettersWaiting=0)
            assert [plan[name] for name in ("payoutsWaiting", "payoutsFailed", "lettersFailed")] == [0, 0, 0]
            assert len(set(btcpay.names)) == len(btcpay.made) == 13
            assert {(each["amount"], each["currency"], each["autoApproveClaims"]) for each in btcpay.made} == {
                ("0.00800000", "BTC", True)
            }
            lines = (await hurt.ask("GET", "amends/INC-1/payouts")).json
            assert [line["dinerId"] for line in lines if not line["told"]] == [gone]
            assert {line["link"] for line in lines} == {each["viewLink"] for each in btcpay.made}
            engineer = await shop.log_in("oncall@jwt.com", "oncall")
            assert (await hurt.ask("GET", "amends/INC-1/payouts", token=engineer)).status == 403
            await _each_letter_tells_its_own(hurt, lines)
    assert await PostgresLedger(postgres).broken() == []


async def _until(hurt: Hurt, **wanted: object) -> Any:
    """The plan once it looks so."""
    token = await hurt.admin()
    async with asyncio.timeout(30):
        while True:
            plan = (await hurt.ask("GET", "amends/INC-1", token=token)).json
            if {name: plan[name] for name in wanted} == wanted:
                return plan
            await asyncio.sleep(0.05)


async def _each_letter_tells_its_own(hurt: Hurt, lines: Sequence[dict[str, Any]]) -> None:
    people = await hurt.postgres.fetch("test", "SELECT id, email FROM shop.users WHERE email LIKE 'diner%'")
    ids = {person["email"]: person["id"] for person in people}
    told = {to: mail for [to], mail in zip(hurt.mailbox.recipients, hurt.mailbox.mails, strict=True)}
    assert len(told) == len(hurt.mailbox.mails) == 11
    for address, mail in told.items():
        own = {line["link"] for line in lines if line["dinerId"] == ids[address]}
        assert len(own) == (2 if address == "diner11@example.com" else 1)
        for kind in ("plain", "html"):
            part = mail.get_body((kind,))
            assert part is not None
            text = part.get_content()
            said = set(re.findall(r"http://[\w.:]+/pull-payments/pp\d+", text))
            assert said == own
            assert "wallet at the shop" not in text
            assert "need not do anything" not in text


async def test_whoever_dies_between_call_and_record_pays_nobody_twice(office: Office) -> None:
    """Eight were made and none of them is recorded; the next one finds them by name and makes the other four."""
    await office.owe(12)
    never = asyncio.Event()
    office.btcpay.before_answer = never.wait
    dying = asyncio.create_task(office.paymaster().step())
    for _ in range(8):
        await office.btcpay.created.get()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    office.btcpay.before_answer = None
    heir = office.paymaster()
    office.clock.pass_(60)
    assert await heir.step() == 0, "the claim of the dead still holds: its last call may be under way"
    office.clock.pass_(61)
    assert await heir.step() == 12
    assert len(set(office.btcpay.names)) == len(office.btcpay.made) == 12
    assert await office.states() == {"sent": 12}


async def test_two_at_once_share_the_work(office: Office) -> None:
    await office.owe(150)
    made = await asyncio.gather(*(office.paymaster().step() for _ in range(2)))
    assert sum(made) == 150
    assert all(made), "both had a part in it"
    assert len(set(office.btcpay.names)) == len(office.btcpay.made) == 150
    assert office.btcpay.asked.count("GET") <= 4, "the list is asked for once a bundle"


async def test_nothing_is_begun_that_could_outlast_the_claim(office: Office) -> None:
    """Calls take so long that the claim is nearly over: what was not begun by then is left to the next."""
    await office.owe(12)

    async def dawdle() -> None:
        office.clock.pass_(8)

    office.btcpay.before_answer = dawdle
    await office.paymaster().step()
    assert await office.states() == {"sent": 8, "waiting": 4}
    office.btcpay.before_answer = None
    office.clock.pass_(121)
    assert await office.paymaster().step() == 4
    assert len(set(office.btcpay.names)) == len(office.btcpay.made) == 12


def _entry(link: str, amount: str = "0.008", number: str = "x") -> bytes:
    each = {"id": number, "name": "JWT Pizza 0badcafe order 1", "currency": "BTC", "amount": amount, "viewLink": link}
    return json.dumps(each).encode()


HOSTILE: Sequence[tuple[str, Trouble | bytes, str]] = [
    ("GET", "500", "BTCPay answered 500: no t <now>"),
    ("GET", b"<html>", "BTCPay's list of pull payments cannot be read"),
    ("GET", b"[" * 50_000, "BTCPay's list of pull payments cannot be read"),
    ("GET", b" " * (33 << 20), "BTCPay's answer has more than 32768 KB"),
    ("GET", b'{"name": "x"}', "BTCPay's list of pull payments cannot be read"),
    ("GET", b'[{"id": 7, "name": "JWT Pizza 0badcafe order 1"}]', "BTCPay's answer is not a pull payment"),
    ("GET", b"[%b]" % _entry("https://evil.example/"), "a link that does not lead to BTCPAY_URL"),
    ("POST", "429", "BTCPay answered 429"),
    ("POST", "dies", "BTCPay does not answer (ServerDisconnectedError)"),
]
"""One after the other, on one payout: it stays owed."""


async def test_hostile_answers_leave_it_owed(office: Office) -> None:
    """Whatever is answered, the payout is tried again later; and what had been made meanwhile is made once."""
    await office.owe(1)
    paymaster = office.paymaster()
    for method, trouble, message in HOSTILE:
        if isinstance(trouble, bytes):
            office.btcpay.raw[method].append(trouble)
        else:
            office.btcpay.troubles[method].append(trouble)
        await office.postgres.execute("test", "UPDATE shop.payouts SET attempts = 0")
        assert await paymaster.step() == 0
        status, error = await office.error()
        assert (status, message in error) == ("waiting", True), error
        assert await paymaster.step() == 0, "not at once"
        office.clock.pass_(61)
    assert await paymaster.step() == 1
    assert len(office.btcpay.made) == 1


async def test_no_answer_in_time_leaves_it_owed(office: Office) -> None:
    await office.owe(1)
    office.btcpay.troubles["GET"].append("slow")
    assert await office.paymaster(within=0.2).step() == 0
    assert await office.error() == ("waiting", "BTCPay does not answer (TimeoutError)")
    office.clock.pass_(61)
    assert await office.paymaster().step() == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"not JSON", "BTCPay's answer is not a pull payment"),
        (b" " * 70_000, "BTCPay's answer has more than 64 KB"),
        (b'{"id": "x", "name": "another", "currency": "BTC", "amount": "0.008"}', "another pull payment"),
        (_entry("javascript:alert(1)"), "a link that does not lead to BTCPAY_URL"),
        (_entry("x", number="\0"), "an id that cannot be one"),
    ],
)
async def test_what_was_made_but_not_said_is_found(office: Office, answer: bytes, message: str) -> None:
    """It was carried out and the answer is useless: eight times, then people must look; tried again, it is found."""
    await office.owe(1)
    paymaster = office.paymaster()
    office.btcpay.raw["POST"].append(answer)
    await paymaster.step()
    status, error = await office.error()
    assert (status, message in error) == ("waiting", True), error
    office.btcpay.troubles["GET"] = ["500"] * 7
    for _ in range(7):
        assert (await office.error())[0] == "waiting"
        office.clock.pass_(3600)
        await paymaster.step()
    assert await office.error() == ("failed", "BTCPay answered 500: no t <now>")
    await office.postgres.execute(
        "test", "UPDATE shop.payouts SET status = 'waiting', next_try_at = $1", office.clock.now()
    )
    office.btcpay.made[0]["archived"] = True
    assert await paymaster.step() == 1
    assert len(office.btcpay.made) == 1


async def test_refusals_are_for_people(office: Office) -> None:
    """What will not change by itself is not tried again by itself; more than was owed is told to nobody."""
    await office.owe(1)
    paymaster = office.paymaster()
    for method, trouble, message in (
        ("GET", "404", "BTCPay answered 404: no t <now>"),
        ("GET", "redirect", "BTCPay answered 302"),
        ("POST", "404", "BTCPay answered 404: no t <now>"),
    ):
        office.btcpay.troubles[method] = [trouble]  # type: ignore[list-item]
        assert await paymaster.step() == 0
        assert await office.error() == ("failed", message)
        office.clock.pass_(timedelta(days=1).total_seconds())
        assert await paymaster.step() == 0
        await office.postgres.execute(
            "test", "UPDATE shop.payouts SET status = 'waiting', next_try_at = $1", office.clock.now()
        )
    office.btcpay.raw["GET"] = [b"[%b]" % _entry(f"{office.btcpay.url}/pull-payments/x", amount="0.8")]
    await paymaster.step()
    assert (await office.error())[1] == "the gateway has 'JWT Pizza 0badcafe order 1' with another amount"
    assert office.btcpay.made == []
