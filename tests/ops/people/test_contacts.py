"""Contacts, their verification, and notification rules."""

from pathlib import Path
from typing import Any

import pytest

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.people.contact_store import PostgresContacts
from jwt_pizza.ops.people.contacts import ContactDesk
from jwt_pizza.ops.people.gateway import understands
from jwt_pizza.ops.people.model import Limits, Person, phone_of
from jwt_pizza.ops.people.store import PostgresPeople, PostgresThrottle
from tests.clocks import HandClock
from tests.ops.office import ADA, GRACE, LINUS, PASSWORD, Office, office

MAIL = {"channel": "email", "address": "grace@pager.example"}


async def add(made: Office, **contact: str) -> Any:
    return await made.good("POST", f"/api/people/{made.ids[GRACE]}/contacts", contact or MAIL, token=made.grace)


async def test_contact_is_verified_by_the_code_that_arrives_there(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        contact = await add(made)
        assert (contact["verified"], contact["address"]) == (False, "grace@pager.example")
        path = f"/api/contacts/{contact['id']}"
        wrong = (400, "this code is wrong or too old: check it, or have a new one sent")
        assert await made.refused("POST", f"{path}/verification", {"code": "000000"}, token=made.grace) == wrong
        await made.good("POST", f"{path}/code", token=made.grace)
        await made.good("POST", f"{path}/code", token=made.grace)
        old, code = made.codes()
        if old != code:
            assert await made.refused("POST", f"{path}/verification", {"code": old}, token=made.grace) == wrong
        verified = await made.good("POST", f"{path}/verification", {"code": f" {code} "}, token=made.grace)
        assert verified["verified"] is True
        again = await made.refused("POST", f"{path}/code", token=made.grace)
        assert again == (409, "this contact is verified already")
        stored = await postgres.fetchval("test", "SELECT code_hash FROM ops.contacts WHERE id = $1", contact["id"])
        assert stored is None
        told = await postgres.fetch("test", "SELECT data::text FROM ops.events")
        assert not any(code in row["data"] for row in told)


async def test_log_tells_no_code_token_or_password(
    database_url: str, postgres: Postgres, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with office(database_url, postgres, tmp_path, log_level="debug") as made:
        contact = await add(made)
        path = f"/api/contacts/{contact['id']}"
        await made.good("POST", f"{path}/code", token=made.grace)
        [code] = made.codes()
        await made.call("POST", f"{path}/verification", {"code": code + "7"}, token=made.grace)
        await made.good("POST", f"{path}/verification", {"code": code}, token=made.grace)
        feed = (await made.good("GET", f"/api/people/{made.ids[GRACE]}/feed", token=made.grace))["feed"]
        await made.ops.call("GET", feed)
        secret = [code, made.grace, made.ada, PASSWORD, feed.rpartition("/")[2].removesuffix(".ics")]
    written = capfd.readouterr().out
    assert "/api/contacts/{contact_id" in written
    assert [word for word in secret if word in written] == []


async def test_nobody_touches_the_contacts_of_others(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        linus = await made.good("POST", f"/api/people/{made.ids[LINUS]}/contacts", MAIL)
        path = f"/api/contacts/{linus['id']}"
        for method, where, body in [
            ("DELETE", path, None),
            ("POST", f"{path}/code", None),
            ("POST", f"{path}/verification", {"code": "1"}),
        ]:
            assert (await made.call(method, where, body, token=made.grace)).status == 403
        assert await made.refused("DELETE", "/api/contacts/999") == (404, "unknown contact")


class Letters:
    def __init__(self) -> None:
        self.codes: list[str] = []

    async def send(self, channel: str, address: str, subject: str, text: str) -> None:
        self.codes.append(text[:6])


async def sms_desk(postgres: Postgres, clock: HandClock, limits: Limits) -> tuple[ContactDesk, Letters, Person, int]:
    people = PostgresPeople(postgres, clock)
    caller = Person(await people.operator(), "x", None, "manager", "UTC")
    grace = await postgres.fetchval(
        "test",
        "INSERT INTO ops.people (name, role, feed_token, created_at) "
        "VALUES ('G', 'responder', 'x', now()) RETURNING id",
    )
    letters = Letters()
    desk = ContactDesk(PostgresContacts(postgres), PostgresThrottle(postgres), letters, understands, limits, clock)
    contact = await desk.add(caller, grace, "sms", "+49 (151) 1234-5678")
    assert contact.address == "+4915112345678"
    return desk, letters, caller, contact.id


async def test_code_expires_and_takes_few_tries(postgres: Postgres) -> None:
    clock = HandClock()
    desk, letters, caller, contact = await sms_desk(postgres, clock, Limits(code=900, tries_per_code=3))
    await desk.send_code(caller, contact)
    clock.pass_(900)
    with pytest.raises(Invalid):
        await desk.verify(caller, contact, letters.codes[-1])
    await desk.send_code(caller, contact)
    for guess in range(3):
        with pytest.raises(Invalid):
            await desk.verify(caller, contact, f"{guess}")
    with pytest.raises(Invalid):
        await desk.verify(caller, contact, letters.codes[-1])
    await desk.send_code(caller, contact)
    clock.pass_(899)
    assert (await desk.verify(caller, contact, letters.codes[-1])).verified


async def test_codes_to_one_address_are_limited(postgres: Postgres) -> None:
    """However the contact is removed and added anew: it may be somebody else's phone."""
    clock = HandClock()
    desk, letters, caller, contact = await sms_desk(postgres, clock, Limits(codes_per_address=2, codes_window=3600))
    for _ in range(2):
        await desk.send_code(caller, contact)
    with pytest.raises(Exception, match="too many codes"):
        await desk.send_code(caller, contact)
    grace = (await PostgresContacts(postgres).get(contact)).person_id
    await desk.remove(caller, contact)
    again = await desk.add(caller, grace, "sms", "+4915112345678")
    with pytest.raises(Exception, match="too many codes"):
        await desk.send_code(caller, again.id)
    assert len(letters.codes) == 2
    clock.pass_(3600)
    await desk.send_code(caller, again.id)


async def test_code_that_cannot_be_sent_is_no_silence(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        contact = await add(made, channel="apprise", address="ntfy://127.0.0.1:1/topic")
        refused = await made.refused("POST", f"/api/contacts/{contact['id']}/code", token=made.grace)
        assert refused == (503, "the message could not be sent: apprise: the service did not take it")


@pytest.mark.parametrize(
    ("channel", "address", "message"),
    [
        ("sms", "0151 1234567", "a phone number must have its country code, as in +4915112345678"),
        ("sms", "+49151123456789012", "a phone number must have its country code, as in +4915112345678"),
        ("sms", "+４９１５１１２３４", "a phone number must have its country code, as in +4915112345678"),
        ("email", "grace", "email must look like name@example.com"),
        ("email", "a@b\r\nBcc: c@d", "email must not contain control characters"),
        ("apprise", "https ://", "address must be an Apprise URL, as in ntfys://ntfy.example/topic"),
        ("apprise", "http://[::1", "address must be an Apprise URL, as in ntfys://ntfy.example/topic"),
        ("apprise", "syslog://", "address must be an Apprise URL, as in ntfys://ntfy.example/topic"),
        ("apprise", "x" * 2000, "address must have at most 1000 characters"),
    ],
)
async def test_address_that_cannot_be_reached_is_refused(
    database_url: str, postgres: Postgres, tmp_path: Path, channel: str, address: str, message: str
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        body = {"channel": channel, "address": address}
        path = f"/api/people/{made.ids[GRACE]}/contacts"
        assert await made.refused("POST", path, body, token=made.grace) == (400, message)


def test_phone_numbers() -> None:
    assert phone_of("+1 (415) 867-5309") == "+14158675309"


async def test_apprise_urls() -> None:
    assert await understands("ntfys://ntfy.example/pages")
    assert await understands("json://hooks.example/a")
    assert not await understands("nonsense://x")


async def test_first_contact_brings_rules_and_further_ones_join_them(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        first = await add(made)
        second = await add(made, channel="sms", address="+4915112345678")
        path = f"/api/people/{made.ids[GRACE]}"
        one, two = first["id"], second["id"]
        assert (await made.good("GET", path, token=made.grace))["rules"] == {
            "default": [{"contactId": one, "delay": 0.0}, {"contactId": two, "delay": 120.0}],
            "important": [{"contactId": one, "delay": 0.0}, {"contactId": two, "delay": 0.0}],
        }
        mine = {
            "default": [{"contactId": two, "delay": 0}],
            "important": [{"contactId": two}, {"contactId": one, "delay": 60}],
        }
        await made.good("PUT", f"{path}/rules", mine, token=made.grace)
        rules = (await made.good("GET", path, token=made.grace))["rules"]
        assert [rule["contactId"] for rule in rules["important"]] == [two, one]
        await made.good("DELETE", f"/api/contacts/{two}", token=made.grace)
        rules = (await made.good("GET", path, token=made.grace))["rules"]
        assert rules == {"default": [], "important": [{"contactId": one, "delay": 60.0}]}
        assert await made.refused("POST", f"{path}/contacts", MAIL, token=made.grace) == (
            409,
            "they have this contact already",
        )


async def test_rules_use_own_contacts_only(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    async with office(database_url, postgres, tmp_path) as made:
        theirs = await made.good("POST", f"/api/people/{made.ids[ADA]}/contacts", MAIL)
        rules = {"default": [{"contactId": theirs["id"]}], "important": []}
        path = f"/api/people/{made.ids[GRACE]}/rules"
        refused = (400, f"they have no contact {theirs['id']}")
        assert await made.refused("PUT", path, rules, token=made.grace) == refused
        for bad in (-1, 1e9, "soon"):
            rules = {"default": [{"contactId": theirs["id"], "delay": bad}], "important": []}
            assert (await made.call("PUT", path, rules, token=made.grace)).status == 400
        assert await made.refused("PUT", "/api/people/999/rules", {"default": [], "important": []}) == (
            404,
            "unknown person",
        )


async def test_stop_and_start_by_phone(postgres: Postgres) -> None:
    clock = HandClock()
    desk, letters, caller, contact = await sms_desk(postgres, clock, Limits())
    people = PostgresPeople(postgres, clock)
    number = "+4915112345678"
    assert await people.by_phone(number) == []
    await desk.send_code(caller, contact)
    await desk.verify(caller, contact, letters.codes[-1])
    [grace] = await people.by_phone(number)
    assert await people.opt_out(number, out=True) == 1
    assert await people.opt_out(number, out=True) == 0
    [stored] = (await people.roster()).people[grace.id].contacts
    assert (stored.verified, stored.opted_out, stored.usable) == (True, True, False)
    await desk.remove(caller, contact)
    back = await desk.add(caller, grace.id, "sms", number)
    assert back.opted_out
    with pytest.raises(Exception, match="send START"):
        await desk.send_code(caller, back.id)
    assert await people.opt_out(number, out=False) == 1
    [stored] = (await people.roster()).people[grace.id].contacts
    assert not stored.opted_out
    assert await people.opt_out("+15550000000", out=True) == 0
