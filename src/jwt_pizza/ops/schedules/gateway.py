"""Reads calendars that are kept elsewhere. Their addresses come from users, so they lead nowhere private."""

import asyncio
import ipaddress
import socket
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from jwt_pizza.kernel import text
from jwt_pizza.kernel.errors import Invalid, Unavailable

_MOST_BYTES: Final = 2_000_000
_MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class HttpCalendars:
    def __init__(self, *, deadline: float, private: bool) -> None:
        """`deadline` of one calendar in seconds. `private`: addresses of the own network may be read too."""
        self._deadline = deadline
        self._private = private

    def check(self, url: str) -> str:
        url = text.line(url, "calendarUrl", most=2000)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Invalid("calendarUrl must look like https://calendar.example/oncall.ics") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
            raise Invalid("calendarUrl must look like https://calendar.example/oncall.ics")
        if not self._private and _is_private(parts.hostname):
            raise Invalid("calendarUrl must not be a private address, unless JWT_PIZZA_CALENDAR_PRIVATE is set")
        return url

    async def read(self, url: str) -> bytes:
        try:
            async with asyncio.timeout(self._deadline), self._session() as session:
                for _ in range(_MOST_REDIRECTS + 1):
                    # Each address anew: a redirect must not lead where the first address may not.
                    async with session.get(self.check(url), allow_redirects=False) as answer:
                        if answer.status in _REDIRECTS and "Location" in answer.headers:
                            url = urljoin(url, answer.headers["Location"])
                            continue
                        if answer.status != 200:
                            raise Unavailable(f"it answered {answer.status}")
                        return await _body(answer)
                raise Unavailable(f"it redirects more than {_MOST_REDIRECTS} times")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable(f"it cannot be reached ({_reason(error)})") from error

    def _session(self) -> aiohttp.ClientSession:
        resolver = None if self._private else _PublicResolver()
        connector = aiohttp.TCPConnector(resolver=resolver, limit=2)
        return aiohttp.ClientSession(connector=connector, headers={"Accept": "text/calendar"})


class _PrivateAddress(OSError):
    pass


class _PublicResolver(AbstractResolver):
    """Looks at the very addresses that are connected to: a name may mean another one a moment later."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if any(_is_private(result["host"]) for result in found):
            raise _PrivateAddress
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _is_private(host: str) -> bool:
    """Of an address in numbers, or a name of this machine; other names are looked at when they are resolved."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global or address.is_multicast


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Unavailable(f"it is larger than {_MOST_BYTES // 1_000_000} MB")
    return body


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    cause = error
    while cause is not None:
        if isinstance(cause, _PrivateAddress):
            return "a private address, which JWT_PIZZA_CALENDAR_PRIVATE would allow"
        if cause.__cause__ is None:
            break
        cause = cause.__cause__
    return type(error).__name__
