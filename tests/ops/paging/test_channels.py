"""Providers, each with somebody else's server on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP

from jwt_pizza.apps.ops.channels import Exchange, exchange
from jwt_pizza.kit import settings
from jwt_pizza.kit.mail import Outbox
from jwt_pizza.kit.settings import SettingError
from jwt_pizza.ops.channels.model import Message, NotHanded
from tests.ops.twilio import FROM, twilio

HELLO = Message(id="page-7-1744125900", subject="Orders fail", text="12 of 12 failed", html="<p>12 of 12 failed</p>")


async def opened(**changes: str) -> Exchange:
    made = exchange(settings.load({"JWT_PIZZA_OPS_PUBLIC_URL": "https://ops.example", **changes}))
    await made.http.open()
    return made


def account(base: str, sid: str, token: str, prefix: str = "TWILIO") -> dict[str, str]:
    return {
        f"{prefix}_API_BASE": base,
        f"{prefix}_ACCOUNT_SID": sid,
        f"{prefix}_AUTH_TOKEN": token,
        f"{prefix}_FROM": FROM,
    }


async def test_texts_go_to_twilio_as_its_api_wants_them() -> None:
    async with twilio() as fake:
        made = await opened(**account(fake.url, fake.sid, fake.token))
        handed = await made.channel.send("sms", "+15551230001", HELLO)
        await made.http.close()
    [text] = fake.texts
    assert dict(text.form) == {
        "To": "+15551230001",
        "From": FROM,
        "Body": "12 of 12 failed",
        "ValidityPeriod": "280",
        "StatusCallback": "https://ops.example/twilio/twilio/status?message=page-7-1744125900",
    }
    assert (handed.provider, handed.provider_id, handed.confirms) == ("twilio", text.sid, True)


@pytest.mark.parametrize("trouble", ["500", "429", "400"])
async def test_what_the_first_provider_does_not_take_goes_to_the_second(trouble: Any) -> None:
    async with twilio() as first, twilio("AC2", "second-token") as second:
        first.always = trouble
        both = account(first.url, first.sid, first.token) | account(second.url, "AC2", "second-token", "JWT_PIZZA_SMS2")
        made = await opened(**both)
        handed = await made.channel.send("sms", "+15551230001", HELLO)
        assert (handed.provider, len(second.texts)) == ("sms2", 1)
        second.always = trouble
        with pytest.raises(NotHanded) as refused:
            await made.channel.send("sms", "+15551230001", HELLO)
        assert refused.value.final is (trouble == "400")
        assert "token" not in refused.value.error and "+1555" not in refused.value.error
        await made.http.close()


async def test_a_wrong_token_and_a_server_that_is_not_there_are_failures_not_defects() -> None:
    async with twilio() as fake:
        made = await opened(**account(fake.url, fake.sid, "wrong"))
        with pytest.raises(NotHanded, match="answered 401 20003"):
            await made.channel.send("sms", "+15551230001", HELLO)
        await made.http.close()
    made = await opened(**account("http://127.0.0.1:1", "AC1", "token"))
    with pytest.raises(NotHanded, match="not reachable") as refused:
        await made.channel.send("sms", "+15551230001", HELLO)
    assert not refused.value.final
    await made.http.close()


class Postbox:
    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


async def test_mail_has_two_forms_and_the_same_id_when_it_is_sent_again() -> None:
    box = Postbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = await opened(SMTP_URL=f"smtp://127.0.0.1:{port}", JWT_PIZZA_MAIL_FROM="Pizza <ops@example.com>")
    async with server:
        for _ in range(2):
            await made.channel.send("email", "ada@example.com", HELLO)
    await made.http.close()
    assert [mail["Message-ID"] for mail in box.mails] == ["<page-7-1744125900@example.com>"] * 2
    assert [part.get_content_type() for part in box.mails[0].walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.fixture
async def listener() -> AsyncIterator[tuple[str, list[Any]]]:
    heard: list[Any] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response(status=int(request.query.get("status", "200")))

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}/hook", heard
    await runner.cleanup()


async def test_apprise_sends_what_it_knows_and_says_what_it_does_not(listener: tuple[str, list[Any]]) -> None:
    address, heard = listener
    made = await opened()
    handed = await made.channel.send("apprise", f"json://{address}", HELLO)
    assert handed.provider == "apprise"
    assert (heard[0]["title"], heard[0]["message"]) == ("Orders fail", "12 of 12 failed")
    with pytest.raises(NotHanded, match="not understood") as refused:
        await made.channel.send("apprise", "nothing://like-that", HELLO)
    assert refused.value.final
    with pytest.raises(NotHanded, match="did not take it"):
        await made.channel.send("apprise", "json://127.0.0.1:1/hook", HELLO)
    made.everything.close()
    await made.http.close()


async def test_webhooks_are_posted(listener: tuple[str, list[Any]]) -> None:
    address, heard = listener
    made = await opened()
    await made.channel.send("webhook", f"http://{address}", Message(id="w", subject="", text='{"a": 1}'))
    assert heard == [{"a": 1}]
    with pytest.raises(NotHanded, match="answered 503") as refused:
        await made.channel.send("webhook", f"http://{address}?status=503", Message(id="w", subject="", text="{}"))
    assert not refused.value.final
    await made.http.close()


async def test_with_nothing_set_up_texts_stay_on_the_built_in_phone(tmp_path: Path) -> None:
    made = await opened(JWT_PIZZA_DATA_DIR=str(tmp_path))
    assert (await made.channel.send("sms", "+15551230001", HELLO)).provider == "phone"
    [kept] = await Outbox(tmp_path / "phone", sender="nobody@example.com").last()
    assert (kept.to, kept.text.strip()) == ("+15551230001", HELLO.text)
    blocked = await opened(JWT_PIZZA_DATA_DIR=str(tmp_path / "phone" / "nowhere" / "x"))
    (tmp_path / "phone" / "nowhere").write_text("in the way")
    with pytest.raises(NotHanded, match="outbox"):
        await blocked.channel.send("sms", "+15551230001", HELLO)
    await blocked.http.close()
    assert made.built_in == {"sms", "email"}
    await made.http.close()


def test_half_an_account_is_refused_at_start() -> None:
    with pytest.raises(SettingError, match="go together"):
        settings.load({"TWILIO_ACCOUNT_SID": "AC1"})
    with pytest.raises(SettingError, match="JWT_PIZZA_SMS2_ACCOUNT_SID"):
        settings.load({"JWT_PIZZA_SMS2_FROM": "+1555"})
