"""Reads chains and routes."""

from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.chains.model import AnyStep, Chain
from jwt_pizza.ops.coverage.model import Plans, Route

SQL: Final = Queries(__package__)
_decode: Final = msgspec.json.Decoder(tuple[AnyStep, ...]).decode


class PostgresPlans:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def plans(self) -> Plans:
        async with self._postgres.lease("coverage.plans") as connection:
            chains = await connection.fetch(SQL["chains"])
            routes = await connection.fetch(SQL["routes"])
        return Plans(
            chains=tuple(Chain(row["id"], row["team_id"], row["name"], _decode(row["steps"])) for row in chains),
            routes=tuple(Route(row["name"], row["chain_id"], row["chain_gone"]) for row in routes),
        )
