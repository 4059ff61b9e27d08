"""The commands on stored state, beside a running shop."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result

from jwt_pizza.cli import COMMANDS, group
from jwt_pizza.kit.jwt import read_header
from jwt_pizza.shop.ledger.store import INVARIANTS
from tests.running import Running, running_factory, running_shop

Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str) -> Iterator[Command]:
    """Runs `jwt-pizza` on this test's database."""

    def run(*words: str, environment: dict[str, str] | None = None, typed: str | None = None) -> Result:
        env = {"DATABASE_URL": database_url, **(environment or {})}
        return CliRunner().invoke(group, list(words), env=env, input=typed)

    yield run


def talk(url: str, work: Callable[[Running], Any], serving: Any = running_shop) -> Any:
    async def run() -> Any:
        async with serving(url) as running:
            return await work(running)

    return asyncio.run(run())


def write(url: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def place_orders(url: str) -> None:
    """Two fulfilled orders, one of them with a key."""

    async def work(shop: Running) -> None:
        token = await shop.log_in()
        await shop.order(token, 1, 2, key="k")
        await shop.order(token, 3)

    talk(url, work)


def test_every_command_says_what_it_does_and_shows_an_example() -> None:
    overview = CliRunner().invoke(group, ["--help"])
    assert overview.exit_code == 0
    for name in COMMANDS:
        assert name in overview.output
    for words in (
        ["up"],
        ["serve"],
        ["migrate"],
        ["admin", "create"],
        ["vendor", "add"],
        ["keys", "rotate"],
        ["ledger", "check"],
    ):
        shown = CliRunner().invoke(group, [*words, "--help"])
        assert shown.exit_code == 0, words
        assert "Example" in shown.output, words
        assert f"jwt-pizza {' '.join(words)}" in shown.output, words


def test_a_failure_is_one_line_and_no_stack(tmp_path: Any) -> None:
    for environment, word in (
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere"}, "database"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://x", "JWT_PIZZA_POOL_SIZE": "many"}, "JWT_PIZZA_POOL_SIZE"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "jwt_pizza", "keys", "rotate"],
            env={**environment, "PATH": "/usr/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert done.stdout == ""
        assert word in done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_an_administrator_is_made_and_administrates(command: Command, database_url: str) -> None:
    made = command("admin", "create", "--email", "Ada@example.com", "--name", "Ada", "--password", "correct horse")
    assert (made.exit_code, made.output.strip()) == (0, "Ada@example.com is an administrator")
    promoted = command("admin", "create", "--email", "D@jwt.com", "--password", "another one")
    assert promoted.exit_code == 0
    assert "unchanged" in promoted.output

    async def work(shop: Running) -> None:
        for email, password in (("ada@example.com", "correct horse"), ("d@jwt.com", "diner")):
            token = await shop.log_in(email, password)
            assert (await shop.call("GET", "/api/user", token=token)).status == 200

    talk(database_url, work)


def test_a_password_is_asked_for_twice_and_never_shown(command: Command) -> None:
    typed = "correct horse\ncorrect horse\n"
    made = command("admin", "create", "--email", "ada@example.com", typed=typed)
    assert made.exit_code == 0
    assert "correct horse" not in made.output
    assert command("admin", "create", "--email", "b@example.com", typed="one\ntwo\n").exit_code != 0


@pytest.mark.parametrize(
    ("email", "password"), [("no address", "correct horse"), ("a@b.c", "short"), ("a\nb@c.d", "long enough")]
)
def test_no_administrator_without_a_good_address_and_password(command: Command, email: str, password: str) -> None:
    refused = command("admin", "create", "--email", email, "--password", password)
    assert refused.exit_code != 0
    assert refused.exception is not None


def test_a_vendors_key_is_alone_on_the_last_line_and_works(command: Command, database_url: str) -> None:
    made = command("vendor", "add", "roma", "--name", "Pizzeria Roma")
    assert made.exit_code == 0
    first = made.output.splitlines()[-1]
    second = command("vendor", "add", "roma").output.splitlines()[-1]
    assert first != second
    assert first.split() == [first]

    async def work(factory: Running) -> list[int]:
        item = {"menuId": 1, "description": "Veggie", "price": 0.0038}
        body = {
            "diner": {"id": 1, "name": "j", "email": "j@jwt.com"},
            "order": {"id": 1, "franchiseId": 1, "storeId": 1, "items": [item]},
        }
        return [(await factory.call("POST", "/api/order", body, token=key)).status for key in (first, second)]

    assert talk(database_url, work, running_factory) == [401, 200]


@pytest.mark.parametrize(
    "words", [("a b",), ("",), ("-x",), ("x" * 65,), ("ok", "--name", "two\nlines"), ("ok", "--name", " ")]
)
def test_no_vendor_without_a_good_id_and_name(command: Command, words: tuple[str, ...]) -> None:
    assert command("vendor", "add", *words).exit_code != 0


def test_after_a_rotation_old_pizzas_verify_and_new_ones_have_a_new_key(command: Command, database_url: str) -> None:
    async def work(shop: Running) -> None:
        token = await shop.log_in()
        old = (await shop.order(token)).json["jwt"]
        rotated = await asyncio.to_thread(command, "keys", "rotate")
        assert rotated.exit_code == 0
        async with asyncio.timeout(10):
            while read_header(new := (await shop.order(token)).json["jwt"]).kid == read_header(old).kid:
                await asyncio.sleep(0.05)
        assert read_header(new).kid in rotated.output
        for pizza in (old, new):
            assert (await shop.call("POST", "/factory/api/order/verify", {"jwt": pizza})).status == 200

    talk(database_url, work)


def test_migrating_twice_changes_nothing(command: Command, database_url: str) -> None:
    place_orders(database_url)
    for words in (("migrate",), ("migrate", "--demo")):
        done = command(*words)
        assert (done.exit_code, done.output.strip()) == (0, "the database is at this version")
    checked = command("ledger", "check")
    assert checked.exit_code == 0
    assert "2 orders" in checked.output


def test_a_sound_ledger_is_one_line(command: Command, database_url: str) -> None:
    empty = command("ledger", "check")
    assert (empty.exit_code, len(empty.output.splitlines())) == (0, 1)
    place_orders(database_url)
    checked = command("ledger", "check")
    assert (checked.exit_code, len(checked.output.splitlines())) == (0, 1)
    for part in ("2 orders", "4 transfers", "0.0122 BTC", "held 0.0000"):
        assert part in checked.output


HARM = {
    "check_sum": [
        "UPDATE shop.balance_changes SET amount = amount + 1",
        "UPDATE shop.balances SET amount = amount + 1",
    ],
    "check_owner": [
        "INSERT INTO shop.transfers SELECT 99990, 9999, kind, debit, credit, amount, at FROM shop.transfers LIMIT 1"
    ],
    "check_accounts": ["UPDATE shop.transfers SET debit = 31 WHERE id % 10 = 1"],
    "check_hold": ["DELETE FROM shop.transfers WHERE id % 10 = 0"],
    "check_resolution": ["UPDATE shop.orders SET status = 'held' WHERE id = (SELECT min(id) FROM shop.orders)"],
    "check_refund": ["UPDATE shop.orders SET status = 'refunded' WHERE id = (SELECT min(id) FROM shop.orders)"],
    "check_items": ["UPDATE shop.order_items SET price = price + 1 WHERE line = 0"],
    "check_pizzas": ["UPDATE shop.orders SET jwt = NULL"],
    "check_people": ["UPDATE shop.orders SET franchise_id = 77"],
    "check_balances": ["UPDATE shop.balance_changes SET account = 992", "UPDATE shop.balances SET account = 992"],
    "check_vouchers": ["INSERT INTO shop.voucher_uses SELECT 1, current_date, id FROM shop.orders LIMIT 1"],
    "check_remedies": [
        "INSERT INTO shop.remedies SELECT id, 'refund', 'INC-1', diner_id, total, now() FROM shop.orders LIMIT 1"
    ],
    "check_payouts": [
        "INSERT INTO shop.payouts SELECT id, id, 'I', diner_id, '', 1, 'failed', 8, NULL, NULL, now() FROM shop.orders"
    ],
    "check_keys": ["UPDATE shop.idempotency_keys SET diner_id = 77"],
}


def test_there_is_a_harm_for_every_invariant() -> None:
    assert set(HARM) == set(INVARIANTS)


@pytest.mark.parametrize("invariant", HARM)
def test_a_broken_ledger_is_told(command: Command, database_url: str, invariant: str) -> None:
    place_orders(database_url)
    write(database_url, "ALTER TABLE shop.transfers DISABLE TRIGGER append_only", *HARM[invariant])
    checked = command("ledger", "check")
    assert checked.exit_code == 1
    sentence = INVARIANTS[invariant].split("{}")[-1]
    assert any(line.startswith("  - ") and sentence.strip() in line for line in checked.output.splitlines())


def test_transfers_cannot_be_changed_or_removed(database_url: str) -> None:
    place_orders(database_url)
    for statement in ("UPDATE shop.transfers SET amount = 1", "DELETE FROM shop.transfers", "TRUNCATE shop.transfers"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            write(database_url, statement)
