"""Commands on stored state go to the database itself, also while the system runs on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from jwt_pizza.apps import database, migration, parts
from jwt_pizza.kit import settings
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings

Result = TypeVar("Result")


def with_database(work: Callable[[Postgres, Settings], Awaitable[Result]], given: Settings | None = None) -> Result:
    """Runs `work` on an open pool of the migrated database, which the environment names unless settings are given."""
    loaded = given or settings.load()

    async def run(url: str) -> Result:
        async with parts.opened(parts.pool(loaded, url, "jwt-pizza command")) as postgres:
            return await work(postgres, loaded)

    with database.at_hand(loaded) as url:
        migration.migrate(url)
        return asyncio.run(run(url))
