"""Whether PostgreSQL answers. On a connection of its own: a pool that is exhausted must not be taken for it."""

import asyncio
from typing import Final

import asyncpg

from jwt_pizza.kit.lease import UNREACHABLE, Row

DEADLINE: Final = 1.0


class Pulse:
    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: asyncpg.Connection[Row] | None = None

    async def beat(self) -> str | None:
        """Why it does not answer; None: it does. Within the deadline."""
        try:
            async with asyncio.timeout(DEADLINE):
                if self._connection is None:
                    self._connection = await asyncpg.connect(
                        self._url, server_settings={"application_name": self._name}, command_timeout=DEADLINE
                    )
                await self._connection.fetchval("SELECT 1")
        except (*UNREACHABLE, asyncpg.PostgresError, TimeoutError) as error:
            self.close()
            return type(error).__name__
        return None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
