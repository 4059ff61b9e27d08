"""How messages go out: by the providers that are set up, otherwise to the built-in phone and mailbox."""

from collections.abc import Mapping

import msgspec

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import metrics
from jwt_pizza.kit.mail import Outbox, Smtp
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.channels.gateway import Account, Everything, Http, Letters, Twilio, Webhook
from jwt_pizza.ops.channels.model import Channel, Handed, Message, NotHanded, Ways
from jwt_pizza.ops.channels.service import Channels, Shown

FIRST, SECOND = "twilio", "sms2"


class Counted:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def send(self, channel: str, address: str, message: Message) -> Handed:
        try:
            handed = await self._channel.send(channel, address, message)
        except NotHanded:
            metrics.NOTIFICATIONS.labels(channel, "", "failed").inc()
            raise
        metrics.NOTIFICATIONS.labels(channel, handed.provider, "sent").inc()
        return handed


class Exchange(msgspec.Struct, frozen=True):
    """`tokens`: of each provider that may call back, what it signs with. `built_in`: channels without a provider."""

    channel: Channel
    http: Http
    everything: Everything
    tokens: Mapping[str, str]
    built_in: frozenset[str]

    async def post(self, channel: str, address: str, subject: str, text: str) -> None:
        """One message now, for codes; raises Unavailable."""
        try:
            await self.channel.send(channel, address, Message(id=None, subject=subject, text=text))
        except NotHanded as failure:
            raise Unavailable(f"the message could not be sent: {failure.error}", retry_after=30) from failure


def exchange(settings: Settings) -> Exchange:
    http, everything = Http(), Everything()
    accounts = _accounts(settings)
    address = public_address(settings)
    texts: Ways = [Twilio(http, account, f"{address}/twilio/{account.name}/status") for account in accounts]
    if settings.smtp_url:
        mailer: Smtp | Outbox = Smtp(settings.smtp_url, sender=settings.mail_from, deadline=settings.mail_seconds)
    else:
        mailer = drawer(settings, "email")
    ways: dict[str, Ways] = {
        "sms": texts or [Shown("phone", drawer(settings, "sms"))],
        "email": [Letters(mailer)],
        "apprise": [everything],
        "webhook": [Webhook(http)],
    }
    built_in = {name for name, there in (("sms", accounts), ("email", settings.smtp_url)) if not there}
    tokens = {account.name: account.token for account in accounts}
    for channel in ways:
        # Prometheus must have seen zero: what appears with its first count looks like no increase.
        metrics.NOTIFICATIONS.labels(channel, "", "failed")
        metrics.PAGE_LATENCY.labels(channel)
    return Exchange(Counted(Channels(ways)), http, everything, tokens, frozenset(built_in))


def drawer(settings: Settings, channel: str) -> Outbox:
    """Where the built-in phone and mailbox keep what they show. The mailbox is the shop's too."""
    folder = {"sms": "phone", "email": "outbox"}[channel]
    return Outbox(settings.data_home / folder, sender=settings.mail_from)


def public_address(settings: Settings) -> str:
    return (settings.ops_public_url or settings.ops_url or "http://127.0.0.1:3001").rstrip("/")


def _accounts(settings: Settings) -> list[Account]:
    given = (
        (
            FIRST,
            settings.twilio_api_base,
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            settings.twilio_from,
        ),
        (SECOND, settings.sms2_api_base, settings.sms2_account_sid, settings.sms2_auth_token, settings.sms2_from),
    )
    return [
        Account(name, base, sid, token, sender) for name, base, sid, token, sender in given if sid and token and sender
    ]
