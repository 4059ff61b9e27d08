"""Payment gateways: the built-in wallet, and BTCPay Server by its Greenfield API (2.0 or newer)."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from jwt_pizza.kernel.errors import Invalid, Unavailable
from jwt_pizza.kernel.money import SATOSHIS_PER_BTC, Satoshis, from_btc
from jwt_pizza.shop.payouts.model import Payout, Receipt

_SECONDS: Final = 10.0
_LONGEST_ANSWER: Final = 65_536
_LONGEST_LIST: Final = 32 << 20
"""BTCPay lists all pull payments of a store in one answer, about 450 bytes each."""
_LONGEST_LINK: Final = 500
_LONGEST_ERROR: Final = 200
_LATER: Final = frozenset({408, 425, 429})
_NONE: Final = "no payment gateway is set up"
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


class BuiltInWallet:
    """The ledger is the wallet."""

    pays_out = False

    async def made(self, payouts: Sequence[Payout]) -> Mapping[str, Receipt | Unavailable]:
        return dict.fromkeys((payout.name for payout in payouts), Unavailable(_NONE))

    async def make(self, payout: Payout) -> Receipt:
        raise Unavailable(f"{payout.name!r}: {_NONE}")

    async def close(self) -> None:
        """There is nothing to close."""


class PullPayment(msgspec.Struct, rename="camel"):
    """Of BTCPay's PullPaymentData what is looked at."""

    id: str
    amount: Decimal
    currency: str
    name: str | None = None
    view_link: str | None = None


class _Named(msgspec.Struct):
    name: str | None = None


class _Problem(msgspec.Struct):
    message: str = ""


_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_named = msgspec.json.Decoder(_Named).decode
_one = msgspec.json.Decoder(PullPayment).decode
_problem = msgspec.json.Decoder(_Problem | list[_Problem]).decode


class BtcPay:
    """A payout is a pull payment: the diner opens its link, says where to, and BTCPay's store pays."""

    pays_out = True

    def __init__(self, url: str, store: str, api_key: str, *, within: float = _SECONDS) -> None:
        """`url` as diners reach it: the links that they get lead there. Made before there is an event loop."""
        self._origin = URL(url).origin()
        self._url = f"{url.rstrip('/')}/api/v1/stores/{quote(store, safe='')}/pull-payments"
        self._headers = {"Authorization": f"token {api_key}", "Content-Type": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=within)
        self._client: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def made(self, payouts: Sequence[Payout]) -> Mapping[str, Receipt | Unavailable]:
        body = await self._call("GET", "?includeArchived=true", most=_LONGEST_LIST)
        wanted = {payout.name for payout in payouts}
        try:
            listed = [(name, raw) for raw in _list(body) if (name := _named(raw).name) in wanted and name is not None]
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unavailable("BTCPay's list of pull payments cannot be read") from error
        found: dict[str, Receipt | Unavailable] = {}
        # The list begins with the newest. Should there be two, the oldest counts: nobody was told another's link.
        for name, raw in listed:
            try:
                found[name] = self._receipt(raw, name)
            except Unavailable as refusal:
                found[name] = refusal
        return found

    async def make(self, payout: Payout) -> Receipt:
        wish = {
            "name": payout.name,
            "description": f"The refund of order {payout.order_id}",
            "amount": _decimal(payout.amount),
            "currency": "BTC",
            "autoApproveClaims": True,
        }
        body = await self._call("POST", "", wish, most=_LONGEST_ANSWER)
        return self._receipt(body, payout.name)

    def _receipt(self, body: bytes | msgspec.Raw, name: str) -> Receipt:
        """Raises Unavailable for what cannot be shown to a diner."""
        try:
            made = _one(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unavailable("BTCPay's answer is not a pull payment") from error
        link = made.view_link or ""
        if made.name != name:
            raise Unavailable("BTCPay's answer is another pull payment than the one asked for")
        if not _REFERENCE.fullmatch(made.id):
            raise Unavailable("BTCPay's answer has an id that cannot be one")
        if not self._own(link):
            raise Unavailable("BTCPay's answer has a link that does not lead to BTCPAY_URL")
        return Receipt(reference=made.id, link=link, amount=_satoshis(made))

    def _own(self, link: str) -> bool:
        """The link goes into letters: it must lead to the server that is configured, and nowhere else."""
        if len(link) > _LONGEST_LINK or not link.isascii() or not link.isprintable() or " " in link:
            return False
        try:
            url = URL(link)
            return url.origin() == self._origin and url.user is None
        except ValueError:
            return False

    async def _call(self, method: str, query: str, wish: object = None, *, most: int) -> bytes:
        data = None if wish is None else msgspec.json.encode(wish)
        if self._client is None:
            # Nothing is decompressed: what is read is as long as what was sent.
            self._client = aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=("Accept-Encoding",))
        try:
            async with self._client.request(
                method,
                self._url + query,
                data=data,
                headers=self._headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as answer:
                body = await _read(answer, most)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable(f"BTCPay does not answer ({type(error).__name__})") from error
        if answer.status == 200:
            return body
        said = f"BTCPay answered {answer.status}{_reason(body)}"
        if answer.status >= 500 or answer.status in _LATER:
            raise Unavailable(said)
        raise Invalid(said)


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(65_536):
        size += len(chunk)
        if size > most:
            raise Unavailable(f"BTCPay's answer has more than {most >> 10} KB")
        chunks.append(chunk)
    return b"".join(chunks)


def _decimal(amount: Satoshis) -> str:
    whole, part = divmod(amount, SATOSHIS_PER_BTC)
    return f"{whole}.{part:08d}"


def _satoshis(made: PullPayment) -> Satoshis | None:
    try:
        return from_btc(made.amount, "amount") if made.currency == "BTC" else None
    except Invalid:
        return None


def _reason(body: bytes) -> str:
    """What BTCPay says of a refusal: one problem, or one for each field."""
    try:
        found = _problem(body)
    except (msgspec.MsgspecError, RecursionError):
        return ""
    problems = found if isinstance(found, list) else [found]
    text = " ".join(problem.message for problem in problems if problem.message)
    shown = "".join(character if character.isprintable() else " " for character in text)
    return f": {shown[:_LONGEST_ERROR]}" if shown.strip() else ""
