"""The public status page of ops, `GET /api/status?form=summary`: an incident's title, whether it is over, and whether
orders come through are read.

{"orders": "operational", "incidents": [{"title": "Orders fail at the factory", "closedAt": null}, …]}
"""

from typing import Final

import aiohttp
import msgspec

from jwt_pizza.shop.bulletins.model import Bulletin

_DEADLINE: Final = 1.0
_LONGEST_ANSWER: Final = 4_194_304
_LONGEST_TITLE: Final = 140
_MEASURED: Final = "Many orders fail"
"""Until somebody finds better words."""


class PublicIncident(msgspec.Struct, rename="camel"):
    title: str
    closed_at: str | None = None


class PublicStatus(msgspec.Struct):
    incidents: list[PublicIncident] = []
    orders: str = ""
    """`down` while most of them fail."""


class HttpStatusPage:
    def __init__(self, ops_url: str, public_url: str | None) -> None:
        """`public_url` is the address of ops as people see it."""
        self._url = f"{ops_url.rstrip('/')}/api/status?form=summary"
        self._link = f"{(public_url or ops_url).rstrip('/')}/status"

    async def open_incident(self) -> Bulletin | None:
        try:
            timeout = aiohttp.ClientTimeout(total=_DEADLINE)
            async with aiohttp.ClientSession(timeout=timeout) as client, client.get(self._url) as answer:
                if answer.status != 200:
                    return None
                told = msgspec.json.decode(await _body(answer), type=PublicStatus)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, msgspec.MsgspecError, RecursionError):
            return None
        open_ones = (incident for incident in told.incidents if incident.closed_at is None and incident.title.strip())
        first = next(open_ones, None)
        if first is None:
            # People come to it later than what is measured.
            return Bulletin(title=_MEASURED, link=self._link) if told.orders == "down" else None
        return Bulletin(title=first.title.strip()[:_LONGEST_TITLE], link=self._link)


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """As far as it is read: one that is longer is no JSON then."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > _LONGEST_ANSWER:
            break
    return bytes(body)
