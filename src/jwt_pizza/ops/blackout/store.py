"""Reads from PostgreSQL what is to be remembered when there is none."""

from datetime import datetime
from typing import Final

import msgspec

from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.sql import Queries
from jwt_pizza.ops.blackout.model import DEFAULT_CHAIN, Memory
from jwt_pizza.ops.chains.model import AnyStep
from jwt_pizza.ops.people.model import People
from jwt_pizza.ops.schedules.model import OnCall

SQL: Final = Queries(__package__)
_decode: Final = msgspec.json.Decoder(tuple[AnyStep, ...]).decode


class PostgresRecollection:
    def __init__(self, postgres: Postgres, people: People, schedules: OnCall) -> None:
        self._postgres = postgres
        self._people = people
        self._schedules = schedules

    async def read(self, at: datetime) -> Memory:
        chain = await self._postgres.fetchrow("blackout.chain", SQL["chain"])
        on_call = await self._schedules.all_on_call(at)
        return Memory(
            roster=await self._people.roster(),
            on_call={schedule: tuple(people) for schedule, people in on_call.items()},
            chain=_decode(chain["steps"]) if chain else DEFAULT_CHAIN,
            team_id=chain["team_id"] if chain else None,
            key=bytes(await self._postgres.fetchval("blackout.secret", SQL["secret"])),
        )
