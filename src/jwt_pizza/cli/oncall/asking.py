"""The running ops, as commands talk to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jwt_pizza.apps import engineer
from jwt_pizza.cli.operator import Answer, Operator, Place, at
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import settings
from jwt_pizza.kit.settings import Settings


@asynccontextmanager
async def asking(loaded: Settings) -> AsyncIterator[Operator]:
    """`async with asking(settings) as ops: await ops.ask("GET", "/api/people", list[PersonCard])`."""
    place = Place(
        name="ops",
        url=loaded.ops_url or "http://127.0.0.1:3001",
        url_setting="JWT_PIZZA_OPS_URL",
        token=loaded.oncall_token,
        token_setting="JWT_PIZZA_ONCALL_TOKEN",  # noqa: S106 - the name of a setting
        log_in=lambda: engineer.log_in(loaded, SystemClock()),
    )
    async with at(place) as ops:
        yield ops


def ask(method: str, path: str, kind: type[Answer], body: object = None) -> Answer:
    """One call, of a command that makes only one. Raises Refused, Unauthorized, Unavailable."""

    async def once() -> Answer:
        async with asking(settings.load()) as ops:
            return await ops.ask(method, path, kind, body)

    return asyncio.run(once())
