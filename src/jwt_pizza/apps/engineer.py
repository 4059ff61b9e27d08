"""How commands log in to the running ops: whoever can reach its database may."""

import secrets
from datetime import timedelta
from typing import Final

from jwt_pizza.apps import database, parts
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.people.model import token_hash
from jwt_pizza.ops.people.store import PostgresPeople, PostgresSessions

_LASTS: Final = timedelta(hours=1)


async def log_in(settings: Settings, clock: Clock) -> str:
    """The token of a new session of who only commands can be."""
    token = secrets.token_urlsafe(32)
    async with parts.opened(parts.pool(settings, database.running(settings), "jwt-pizza command")) as postgres:
        operator = await PostgresPeople(postgres, clock).operator()
        await PostgresSessions(postgres).open(token_hash(token), operator, clock.now() + _LASTS)
    return token
