"""Vendors: registration, codes by mail, connections, logs, admins."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from pathlib import Path

import pytest

from jwt_pizza.kit.postgres import Postgres
from tests.factory.kitchen import TurnedClock, bake, vendor_key
from tests.postbox import Mailbox, mail_server
from tests.running import Running, running_factory

ROMA = {"id": "roma", "name": "Pizzeria Roma", "email": "chef@roma.example", "website": "roma.example"}


def mailed_code(mailbox: Mailbox) -> str:
    return code_in(str(mailbox.mails[-1].get_content()))


def code_in(text: str) -> str:
    [code] = re.findall(r"^ {4}([A-Z0-9]{8})\s*$", text, re.M)
    return str(code)


@asynccontextmanager
async def mailing_factory(database_url: str, **changes: object) -> AsyncIterator[tuple[Running, Mailbox]]:
    async with mail_server() as (url, mailbox), running_factory(database_url, smtp_url=url, **changes) as factory:
        yield factory, mailbox


async def test_vendor_logs_in_by_a_mailed_code(database_url: str, postgres: Postgres) -> None:
    """The key that the login answers bakes; the keys from before go on working; the code is spent."""
    async with mailing_factory(database_url) as (factory, mailbox):
        made = await factory.call("POST", "/api/vendor", ROMA)
        assert made.status == 200
        assert made.json["website"] == "https://roma.example"
        assert "apiKey" not in made.json
        assert (await factory.call("GET", "/api/vendor/roma")).json == {"exists": True}
        sent = await factory.call("POST", "/api/vendor/code", {"id": "roma"})
        assert sent.json == {"email": "chef@roma.example"}
        assert mailbox.recipients == [["chef@roma.example"]]
        code = mailed_code(mailbox)
        first = await factory.call("POST", "/api/vendor/auth", {"id": "roma", "code": code.lower()})
        assert first.status == 200
        key = first.json["apiKey"]
        again = await factory.call("POST", "/api/vendor/auth", {"id": "roma", "code": code})
        assert (again.status, again.message) == (401, "Invalid code")
        await factory.call("POST", "/api/vendor/code", {"id": "roma"})
        second = await factory.call("POST", "/api/vendor/auth", {"id": "roma", "code": mailed_code(mailbox)})
        for usable in (key, second.json["apiKey"]):
            assert (await bake(factory, usable)).status == 200
        assert (await factory.call("GET", "/api/vendor", token=key)).json == made.json
    stored = str(await postgres.fetch("test", "SELECT * FROM factory.vendor_keys, factory.vendor_codes"))
    assert key not in stored
    assert code not in stored


async def test_code_is_good_for_few_tries_and_minutes(database_url: str) -> None:
    clock = TurnedClock()
    async with mailing_factory(database_url, clock=clock) as (factory, mailbox):
        await factory.call("POST", "/api/vendor", ROMA)

        async def use(code: str) -> int:
            return (await factory.call("POST", "/api/vendor/auth", {"id": "roma", "code": code})).status

        await factory.call("POST", "/api/vendor/code", {"id": "roma"})
        wrong = await asyncio.gather(*(use(f"WRONG{n}") for n in range(5)))
        assert set(wrong) == {401}
        assert await use(mailed_code(mailbox)) == 401
        await factory.call("POST", "/api/vendor/code", {"id": "roma"})
        clock.turn(601)
        assert await use(mailed_code(mailbox)) == 401
        await factory.call("POST", "/api/vendor/code", {"id": "roma"})
        clock.turn(599)
        assert await use(mailed_code(mailbox)) == 200


async def test_code_used_twice_at_once_is_good_once(database_url: str) -> None:
    async with mailing_factory(database_url) as (factory, mailbox):
        await factory.call("POST", "/api/vendor", ROMA)
        await factory.call("POST", "/api/vendor/code", {"id": "roma"})
        body = {"id": "roma", "code": mailed_code(mailbox)}
        answers = await asyncio.gather(*(factory.call("POST", "/api/vendor/auth", body) for _ in range(4)))
        assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_codes_cannot_flood_a_mailbox(database_url: str, tmp_path: Path) -> None:
    """Without a mail server the outbox takes the mail, for this user's eyes alone."""
    async with running_factory(database_url, data_dir=tmp_path) as factory:
        await factory.call("POST", "/api/vendor", ROMA)
        statuses = [(await factory.call("POST", "/api/vendor/code", {"id": "roma"})).status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    mails = sorted((tmp_path / "outbox").iterdir())
    assert len(mails) == 10
    assert all(mail.stat().st_mode & 0o077 == 0 for mail in mails)
    assert code_in(message_from_bytes(mails[-1].read_bytes()).get_payload())  # type: ignore[arg-type]


async def test_dead_mail_server_is_answered_in_time(database_url: str) -> None:
    async with running_factory(database_url, smtp_url="smtp://127.0.0.1:1") as factory:
        await factory.call("POST", "/api/vendor", ROMA)
        answer = await factory.call("POST", "/api/vendor/code", {"id": "roma"})
        assert (answer.status, answer.message) == (503, "the mail could not be sent, please try again")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "/api/vendor", {"name": "x"}, 400, "id and name are required"),
        ("POST", "/api/vendor", {"id": "jwt-pizza", "name": "x"}, 409, "Vendor already exists"),
        ("POST", "/api/vendor", {"id": "a", "name": "x", "website": "javascript://x"}, 400, None),
        ("POST", "/api/vendor", {"id": "a", "name": "x", "email": "a@b\nBcc: c@d"}, 400, None),
        ("POST", "/api/vendor/code", {"id": "nobody"}, 404, "Vendor not found"),
        ("POST", "/api/vendor/code", {"id": "no\0body"}, 404, "Vendor not found"),
        ("POST", "/api/vendor/auth", {"id": "nobody", "code": "AAAAAAAA"}, 401, "Invalid code"),
        ("POST", "/api/vendor/auth", {}, 401, "Invalid code"),
        ("GET", "/api/vendor", None, 401, "invalid authentication"),
        ("PUT", "/api/vendor", {"name": "x"}, 401, "invalid authentication"),
        ("POST", "/api/vendor/connect", {"purpose": "x"}, 401, "invalid authentication"),
        ("POST", "/api/order", {}, 401, "invalid authentication"),
        ("GET", "/api/admin/vendors", None, 401, "invalid authentication"),
    ],
)
async def test_what_is_refused(
    database_url: str, method: str, path: str, body: object, status: int, message: str | None
) -> None:
    async with running_factory(database_url) as factory:
        answer = await factory.call(method, path, body)
        assert answer.status == status, answer.text
        assert message is None or answer.message == message


async def test_vendor_changes_only_what_it_sends(database_url: str, postgres: Postgres) -> None:
    key, admin = await vendor_key(postgres), await vendor_key(postgres, "boss", admin=True)
    async with running_factory(database_url) as factory:
        await factory.call("PUT", "/api/vendor", {"phone": "1", "email": "a@b.example"}, token=key)
        changed = await factory.call(
            "PUT", "/api/vendor", {"phone": None, "gitHubUrl": "https://github.com/x"}, token=key
        )
        assert "phone" not in changed.json
        assert changed.json["email"] == "a@b.example"
        assert changed.json["gitHubUrl"] == "https://github.com/x"
        assert (await factory.call("PUT", "/api/vendor", {"id": "boss", "name": "x"}, token=key)).status == 403
        assert (await factory.call("PUT", "/api/vendor", {"id": "roma", "name": "Roma"}, token=admin)).status == 200
        assert (await factory.call("PUT", "/api/vendor", {"name": None}, token=key)).status == 400


async def test_vendors_are_paired_for_a_purpose(database_url: str, postgres: Postgres) -> None:
    """Two who wait find each other, both ways; another purpose, and a third vendor, are untouched."""
    keys = {name: await vendor_key(postgres, name) for name in ("a", "b", "c")}
    async with running_factory(database_url) as factory:

        async def connect(name: str, purpose: str) -> object:
            answer = await factory.call("POST", "/api/vendor/connect", {"purpose": purpose}, token=keys[name])
            return answer.json["connections"][purpose]["id"]

        assert await connect("a", "test") is None
        assert await connect("a", "load") is None
        assert await connect("b", "test") == "a"
        assert await connect("a", "test") == "b"
        assert await connect("c", "test") is None
        shown = (await factory.call("GET", "/api/vendor", token=keys["a"])).json["connections"]
        assert shown["load"]["id"] is None
        rate = {"id": "b", "purpose": "test", "rating": 5}
        rated = await factory.call("PUT", "/api/vendor/connect", rate, token=keys["a"])
        assert rated.json["connections"]["test"] == {"id": "b", "purpose": "test", "rating": 5}
        for bad, status in ({"rating": 6}, 400), ({"id": "c"}, 404), ({"purpose": ""}, 400):
            assert (await factory.call("PUT", "/api/vendor/connect", rate | bad, token=keys["a"])).status == status


async def test_many_who_wait_at_once_are_paired_one_to_one(database_url: str, postgres: Postgres) -> None:
    keys = [await vendor_key(postgres, f"v{number}") for number in range(8)]
    async with running_factory(database_url) as factory:
        body = {"purpose": "test"}
        await asyncio.gather(*(factory.call("POST", "/api/vendor/connect", body, token=key) for key in keys))
    rows = await postgres.fetch("test", "SELECT vendor_id, other_id FROM factory.connections")
    pairs = {row["vendor_id"]: row["other_id"] for row in rows}
    assert all(pairs[other] == vendor for vendor, other in pairs.items())


async def test_logs_are_answered_as_text(database_url: str, postgres: Postgres) -> None:
    key, admin = await vendor_key(postgres), await vendor_key(postgres, "boss", admin=True)
    async with running_factory(database_url) as factory:
        answer = await factory.call("POST", "/api/log", {"message": "hello"}, token=key)
        assert (answer.status, answer.text) == (200, "Log Received")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert (await factory.call("PUT", "/api/log", {"message": "no"}, token=key)).status == 403
        assert (await factory.call("PUT", "/api/log", {"message": "Thanks"}, token=admin)).text == "Thanks"
        assert (await factory.call("POST", "/api/log", {"message": "x"}, token=key)).text == "Thanks"
    assert await postgres.fetchval("test", "SELECT text FROM factory.vendor_logs LIMIT 1") == '{"message": "hello"}'


async def test_admin_manages_vendors(database_url: str, postgres: Postgres) -> None:
    key, admin = await vendor_key(postgres), await vendor_key(postgres, "boss", admin=True)
    async with running_factory(database_url) as factory:
        assert (await factory.call("GET", "/api/admin/vendors", token=key)).status == 403
        listed = (await factory.call("GET", "/api/admin/vendors", token=admin)).json
        assert [vendor["id"] for vendor in listed] == ["jwt-pizza", "roma", "boss"]
        role = {"id": "roma", "roles": ["vendor", "admin"]}
        assert (await factory.call("PUT", "/api/admin/role", role, token=admin)).json["roles"] == role["roles"]
        assert (await factory.call("GET", "/api/admin/vendors", token=key)).status == 200
        await factory.call("PUT", "/api/vendor/chaos/fail", token=key)
        removal = {"id": "roma", "deleteType": "chaos"}
        assert (await factory.call("DELETE", "/api/admin/vendor", removal, token=admin)).status == 204
        assert (await bake(factory, key)).status == 200
        assert (
            await factory.call("DELETE", "/api/admin/vendor", removal | {"deleteType": "x"}, token=admin)
        ).status == 400
        assert (
            await factory.call("DELETE", "/api/admin/vendor", removal | {"deleteType": "all"}, token=admin)
        ).status == 204
        assert (await bake(factory, key)).status == 401
        assert (await factory.call("GET", "/api/vendor/roma")).json == {"exists": False}


async def test_badges_are_a_vendors_own_and_safe_to_show(database_url: str, postgres: Postgres) -> None:
    key = await vendor_key(postgres)
    async with running_factory(database_url) as factory:
        missing = await factory.call("GET", "/api/badge/roma/coverage")
        assert (missing.status, missing.headers["Content-Type"]) == (404, "image/svg+xml")
        made = await factory.call(
            "POST", "/api/badge/roma/coverage?label=%3Cscript%3E&value=9%25&color=%230a0", token=key
        )
        assert made.json == {"url": f"{factory.url}/api/badge/roma/coverage"}
        badge = await factory.call("GET", "/api/badge/roma/coverage")
        assert "&lt;script&gt;" in badge.text
        assert "<script" not in badge.text
        assert 'fill="#0a0"' in badge.text
        assert (await factory.call("POST", "/api/badge/jwt-pizza/coverage", token=key)).status == 403
        evil = "/api/badge/roma/coverage?color=red%22%20onload%3D%22x"
        assert (await factory.call("POST", evil, token=key)).status == 400
