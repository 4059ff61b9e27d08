"""The connection beneath a call, for the few answers that are not simply written to it."""

import asyncio
from collections.abc import Awaitable
from typing import Final, NoReturn

from litestar.types import Receive, Scope

from jwt_pizza.kit.http import Connection, connection_of

_LEAVE: Final = 5.0
"""Seconds until a connection that was closed counts as gone."""


class ClientGone(Exception):
    """The connection closed before the exchange was complete."""


class Line:
    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._connection: Connection | None = connection_of(scope)
        self._receive = receive

    async def pause(self, sleep: Awaitable[None]) -> None:
        """Waits for `sleep`. Raises ClientGone when the client leaves or this server stops meanwhile."""
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(sleep), asyncio.ensure_future(self._gone())]
        if self._connection is not None:
            waits.append(asyncio.ensure_future(self._connection.stopping.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            over = waits[0].done()
        finally:
            for wait in waits:
                wait.cancel()
        if not over:
            await self.hang_up()
        await waits[0]

    async def hang_up(self) -> NoReturn:
        """Closes the connection without another byte. Always raises ClientGone, for nothing is left to be done."""
        if self._connection is not None:
            self._connection.hang_up()
            try:
                async with asyncio.timeout(_LEAVE):
                    await self._gone()
            except TimeoutError:
                pass
        raise ClientGone

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
