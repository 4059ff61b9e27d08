"""How commands log in to the running shop: whoever can reach its database may."""

from typing import Final

from jwt_pizza.apps import database, parts
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.jwt import SharedSecret
from jwt_pizza.kit.settings import Settings
from jwt_pizza.shop.accounts.model import Limits
from jwt_pizza.shop.accounts.service import Sessions
from jwt_pizza.shop.accounts.store import PostgresAccounts

EMAIL: Final = "operator@jwt-pizza.invalid"
_NOBODYS_HASH: Final = "!"
"""No password has this hash."""
_SECONDS: Final = 3600.0


async def log_in(settings: Settings, clock: Clock) -> str:
    """The token of a new session, good for an hour, of the operator; makes that user when there is none."""
    url = database.running(settings)
    limits = Limits(shortest_password=1, session=_SECONDS, window=1, failures_per_account=1, failures_per_address=1)
    async with parts.opened(parts.pool(settings, url, "jwt-pizza command")) as postgres:
        accounts = PostgresAccounts(postgres)
        known = await accounts.credentials(EMAIL)
        user = known.user if known else await accounts.add("operator", EMAIL, _NOBODYS_HASH, clock.now())
        await accounts.grant(user.id, "admin")
        sessions = Sessions(accounts, SharedSecret(await accounts.secret("sessions")), limits, clock)
        return await sessions.open(user)
