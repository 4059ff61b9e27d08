"""Answers by link and by text over HTTP: believed only when they are genuine, done once."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.channels.signature import is_genuine, signature
from jwt_pizza.ops.paging.links import BadLink, Link, Seal
from jwt_pizza.ops.replies.model import Reply, reply_of
from tests.clocks import HandClock
from tests.ops.office import ADA, GRACE
from tests.ops.paging.station import PAGE, PHONES, Station, link_of, station
from tests.ops.twilio import TOKEN, sign
from tests.running import running_ops

FORM = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
PUBLIC = "http://ops.test"
INBOUND = "/twilio/twilio/inbound"


@pytest.fixture
async def on_duty(database_url: str, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Station]:
    async with station(database_url, postgres, tmp_path) as made:
        yield made


async def reply(
    on_duty: Station, body: str, sid: str = "SM1", *, sender: str = PHONES[ADA], signed: str | None = None
) -> tuple[int, str]:
    """As Twilio passes a text on: signed over the public address, which a proxy leads here."""
    fields = {"MessageSid": sid, "From": sender, "Body": body}
    signed = sign(TOKEN, PUBLIC + INBOUND, fields) if signed is None else signed
    async with on_duty.ops.client.post(
        on_duty.ops.url + INBOUND, data=fields, headers={"X-Twilio-Signature": signed}
    ) as answer:
        return answer.status, await answer.text()


async def refused(postgres: Postgres) -> list[Any]:
    rows = await postgres.fetch(
        "test", "SELECT data ->> 'why' AS why FROM ops.events WHERE kind = 'audit.refused' ORDER BY id"
    )
    return [row["why"] for row in rows]


def test_the_signature_is_twilio_s() -> None:
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert is_genuine("12345", url, fields, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not is_genuine(None, url, fields, signature("", url, fields))
    assert not is_genuine("", url, fields, signature("", url, fields))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("7a", Reply(7, "acknowledge")),
        (" 12 C ", Reply(12, "resolve")),
        ("e3", Reply(3, "escalate")),
        ("7 ack.", Reply(7, "acknowledge")),
        ("stop", None),
        ("a", None),
        ("7", None),
        ("7x", None),
        ("1234a", None),
        ("٧a", None),
        ("", None),
    ],
)
def test_grammar_of_replies(body: str, found: Reply | None) -> None:
    assert reply_of(body) == found


def test_links_that_were_changed_cut_or_have_expired_are_refused() -> None:
    clock = HandClock()
    seal = Seal(lambda: b"secret", "http://ops.test")
    token = seal.link("group", 3, 70_000, clock.now()).rpartition("/")[2]
    assert len(token) <= 30
    assert (seal.read(token, clock.now()).person_id, seal.read(token, clock.now()).subject) == (3, 70_000)
    for wrong in (token[:-1], token[1:], token + "A", token.swapcase(), "", "x", "ä" * 20, "A" * 5000):
        with pytest.raises(BadLink):
            seal.read(wrong, clock.now())
    with pytest.raises(BadLink):
        Seal(lambda: b"other", "").read(token, clock.now())
    forged = seal.token(Link("group", 3, 1, clock.now()))
    clock.pass_(12 * 3600)
    for late in (token, forged):
        with pytest.raises(BadLink, match="expired"):
            seal.read(late, clock.now())


async def test_reply_to_the_text_acknowledges_and_a_replayed_callback_does_not(
    on_duty: Station, postgres: Postgres
) -> None:
    await on_duty.fire()
    await on_duty.texted()
    status, answer = await reply(on_duty, "1a")
    assert (status, "Acknowledged: 12 of 12 orders failed" in answer) == (200, True), answer
    group = await on_duty.group()
    assert (group["status"], group["acknowledgedBy"]) == ("acknowledged", f"person:{on_duty.office.ids[ADA]}")
    await on_duty.office.good("DELETE", f"/api/groups/{group['id']}/acknowledgement")
    _, again = await reply(on_duty, "1a")
    assert "<Message>" not in again
    assert (await on_duty.group())["status"] == "firing"
    _, closed = await reply(on_duty, "1c", "SM2")
    assert "Closed: 12 of 12 orders failed" in closed
    assert await refused(postgres) == ["replayed"]


async def test_forged_and_unknown_and_wrong_replies_do_nothing_and_are_noted(
    on_duty: Station, postgres: Postgres
) -> None:
    await on_duty.fire()
    await on_duty.texted()
    assert (await reply(on_duty, "1a", signed="AAAA"))[0] == 403
    assert "not known here" in (await reply(on_duty, "1a", "SM2", sender="+15559999999"))[1]
    assert "has the code 99" in (await reply(on_duty, "99a", "SM3"))[1]
    assert "Reply with the code" in (await reply(on_duty, "what?", "SM4"))[1]
    assert (await on_duty.group())["status"] == "firing"
    assert await refused(postgres) == ["the signature does not fit", "unknown number", "wrong code"]


async def test_codes_cannot_be_guessed(on_duty: Station) -> None:
    await on_duty.fire()
    await on_duty.texted()
    for number in range(20):
        await reply(on_duty, f"{500 + number}a", f"SMx{number}")
    assert "Too many wrong codes" in (await reply(on_duty, "1a", "SMy"))[1]
    assert (await on_duty.group())["status"] == "firing"


async def test_stop_words_are_the_carrier_s_and_take_the_phone_out(on_duty: Station, postgres: Postgres) -> None:
    await on_duty.fire()
    await on_duty.texted()
    status, answer = await reply(on_duty, "STOP")
    assert (status, "<Message>" in answer) == (200, False)
    assert (await on_duty.group())["status"] == "firing"
    opted = "SELECT opted_out_at IS NOT NULL FROM ops.contacts WHERE address = $1"
    assert await postgres.fetchval("test", opted, PHONES[ADA]) is True
    await reply(on_duty, "Start", "SM2")
    assert await postgres.fetchval("test", opted, PHONES[ADA]) is False


async def test_receipts_are_taken_when_they_are_signed(on_duty: Station, postgres: Postgres) -> None:
    await on_duty.fire()
    text = await on_duty.texted()
    public = text.form["StatusCallback"]
    here = public.replace(PUBLIC, on_duty.ops.url)
    fields = {"MessageSid": text.sid, "MessageStatus": "delivered"}
    for signed, status in ((sign("other", public, fields), 403), (sign(TOKEN, public, fields), 204)):
        async with on_duty.ops.client.post(here, data=fields, headers={"X-Twilio-Signature": signed}) as answer:
            assert answer.status == status
    group = await on_duty.group()
    [sent] = await on_duty.office.good("GET", f"/api/groups/{group['id']}/notifications")
    assert (sent["status"], sent["provider"], sent["attempts"]) == ("delivered", "twilio", 1)
    assert sent["receiptAt"]


async def test_without_a_token_no_callback_is_believed(database_url: str, postgres: Postgres, tmp_path: Path) -> None:
    nothing = {"twilio_account_sid": None, "twilio_auth_token": None, "twilio_from": None}
    async with station(database_url, postgres, tmp_path, **nothing) as on_duty:
        assert (await reply(on_duty, "1a", signed=sign("", PUBLIC + INBOUND, {})))[0] == 403


async def test_a_link_tapped_many_times_at_once_escalates_once(on_duty: Station, postgres: Postgres) -> None:
    await on_duty.fire()
    path = link_of(await on_duty.texted())
    answers = await asyncio.gather(
        *(on_duty.ops.call("POST", path, data=b"action=escalate", headers=FORM) for _ in range(5))
    )
    assert sum("Escalated." in answer.text for answer in answers) == 1
    escalated = "SELECT count(*) FROM ops.events WHERE kind = 'group.escalated'"
    assert await postgres.fetchval("test", escalated) == 1


async def test_robots_that_look_at_a_link_do_nothing_and_bad_links_say_what_to_do(
    on_duty: Station, postgres: Postgres
) -> None:
    await on_duty.fire()
    path = link_of(await on_duty.texted())
    for method in ("GET", "HEAD", "GET"):
        await on_duty.ops.call(method, path, headers=PAGE)
    assert (await on_duty.group())["status"] == "firing"
    opened = "SELECT count(*) FROM ops.events WHERE kind = 'link.opened'"
    assert await postgres.fetchval("test", opened) == 1
    bad = await on_duty.ops.call("GET", path[:-2] + "xx", headers=PAGE)
    assert bad.status == 410
    assert "open it from the message again" in bad.text
    assert (await on_duty.ops.call("POST", path, data=b"action=explode", headers=FORM)).status == 404
    assert (await on_duty.ops.call("POST", path, {"action": "acknowledge"})).status == 400
    assert (await on_duty.group())["status"] == "firing"


async def test_with_no_provider_texts_are_on_the_built_in_phone(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    nothing = {"twilio_account_sid": None, "twilio_auth_token": None, "twilio_from": None}
    async with station(database_url, postgres, tmp_path, demo=True, **nothing) as on_duty:
        await on_duty.office.good("POST", "/api/oncall/test-page", {})
        async with asyncio.timeout(10):
            while not await postgres.fetchval(
                "test", "SELECT count(*) FROM ops.notifications WHERE sent_at IS NOT NULL"
            ):
                await asyncio.sleep(0.05)
        page = await on_duty.ops.call("GET", "/phone", headers=PAGE)
        assert page.status == 200
        assert "TEST: a page would reach you here" in page.text
        assert '<a href="http://ops.test/a/' in page.text
        here = f"/api/people/{on_duty.office.ids[GRACE]}/contacts"
        contact = await on_duty.office.good("POST", here, {"channel": "sms", "address": "+33612345678"})
        await on_duty.office.good("POST", f"/api/contacts/{contact['id']}/code")
        newest = (await on_duty.ops.call("GET", "/phone", headers=PAGE)).text.partition("<article")[2]
        code = re.search(r"(\d{6}) is your code", newest)
        assert code and "+33612345678" in newest
        await on_duty.office.good("POST", f"/api/contacts/{contact['id']}/verification", {"code": code[1]})
    async with running_ops(database_url, data_dir=tmp_path) as closed:
        answer = await closed.call("GET", "/phone", headers=PAGE)
        assert (answer.status, answer.headers["Location"]) == (303, "/login?next=%2Fphone")
