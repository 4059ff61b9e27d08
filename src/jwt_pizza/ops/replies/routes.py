"""Callbacks of providers of texts: what became of a message, and what phones sent."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Forbidden, Invalid, NotFound
from jwt_pizza.ops.channels.model import Text
from jwt_pizza.ops.channels.signature import is_genuine
from jwt_pizza.ops.events.refusals import Refusals
from jwt_pizza.ops.paging.model import Outbox, Receipt
from jwt_pizza.ops.replies.service import TextDesk
from jwt_pizza.web.api import AnyRequest, client_address

_ARRIVED: Final[Mapping[str, bool | None]] = {
    "delivered": True,
    "read": True,
    "undelivered": False,
    "failed": False,
    "canceled": False,
    "sent": None,
}
_FORM: Final = "application/x-www-form-urlencoded"


class Callbacks(msgspec.Struct, frozen=True):
    """`address`: how providers reach ops. `tokens`: of each provider its account's token."""

    address: str
    tokens: Mapping[str, str]
    outbox: Outbox
    clock: Clock


@post("/twilio/{provider:str}/status", status_code=204)
async def status(
    request: AnyRequest, provider: FromPath[str], callbacks: Given[Callbacks], refusals: Given[Refusals]
) -> None:
    fields = dict(await _believed(request, provider, callbacks, refusals))
    said = fields.get("MessageStatus", "")
    message_id = _message_id(request.query_params.get("message", ""))
    if said not in _ARRIVED:
        return
    receipt = Receipt(
        message_id=message_id,
        provider=provider,
        provider_id=fields.get("MessageSid", "")[:64],
        arrived=_ARRIVED[said],
        error=f"{provider}: {said} {fields.get('ErrorCode', '')[:10]}".strip() if _ARRIVED[said] is False else "",
    )
    if not await callbacks.outbox.receipt(receipt, callbacks.clock.now()):
        raise NotFound("there is no such message")


@post("/twilio/{provider:str}/inbound", status_code=200)
async def inbound(
    request: AnyRequest,
    provider: FromPath[str],
    callbacks: Given[Callbacks],
    text_desk: Given[TextDesk],
    refusals: Given[Refusals],
) -> Response[bytes]:
    fields = dict(await _believed(request, provider, callbacks, refusals))
    if not fields.get("MessageSid") or not fields.get("From"):
        raise Invalid("MessageSid and From are required")
    text = Text(
        provider=provider,
        provider_id=fields["MessageSid"][:64],
        sender=fields["From"][:64],
        body=fields.get("Body", "")[:1600],
    )
    answer = await text_desk.hear(text)
    message = f"<Message>{escape(answer)}</Message>" if answer else ""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
    return Response(body.encode(), media_type="text/xml")


async def _believed(
    request: AnyRequest, provider: str, callbacks: Callbacks, refusals: Refusals
) -> Sequence[tuple[str, str]]:
    """The fields of a callback that its provider signed; raises Forbidden, and leaves an audit line."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Invalid(f"callbacks are sent as {_FORM}")
    try:
        fields = parse_qsl(
            (await request.body()).decode("ascii"), keep_blank_values=True, max_num_fields=200, strict_parsing=False
        )
    except ValueError:
        raise Invalid("the form cannot be read") from None
    query = request.scope["query_string"].decode("latin-1")
    url = f"{callbacks.address}{request.url.path}{'?' + query if query else ''}"
    given = request.headers.get("x-twilio-signature", "")
    token = callbacks.tokens.get(provider)
    if not is_genuine(token, url, fields, given):
        why = "no token is configured for it" if token is None else "the signature does not fit"
        await refusals.note(
            f"callback of {provider[:20] if token else 'an unknown provider'}", why, client_address(request)
        )
        raise Forbidden(f"this callback is not believed: {why}")
    return fields


def _message_id(message: str) -> int:
    """Of `page-7-1744125900`."""
    number = message.removeprefix("page-").partition("-")[0]
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise NotFound("there is no such message")
    return int(number)


router = Router("/", route_handlers=[status, inbound], include_in_schema=False)
