"""A running ops with people in it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwt_pizza.apps.ops.people import limits_of
from jwt_pizza.kernel.clock import Clock, SystemClock
from jwt_pizza.kit import settings
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.people.store import PostgresPeople
from tests.running import Answer, Running, running_ops

ADA, GRACE, LINUS = "ada@example.com", "grace@example.com", "linus@example.com"
PASSWORD = "correct horse"


@dataclass
class Office:
    """`ada` manages, the others respond; all are tokens."""

    ops: Running
    ids: dict[str, int]
    ada: str
    grace: str
    mails: Path

    async def call(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Answer:
        """As Ada unless said otherwise."""
        return await self.ops.call(method, path, body, token=self.ada if token is None else token)

    async def good(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Any:
        answer = await self.call(method, path, body, token=token)
        assert answer.status == 200, answer.text
        return answer.json

    async def refused(
        self, method: str, path: str, body: object = None, *, token: str | None = None
    ) -> tuple[int, str]:
        answer = await self.call(method, path, body, token=token)
        return answer.status, answer.message

    def codes(self) -> list[str]:
        """That were mailed, oldest first."""
        letters = [path.read_text() for path in sorted(self.mails.glob("*.eml"))]
        return [match[1] for match in map(re.compile(r"^(\d{6}) is your code", re.M).search, letters) if match]


@asynccontextmanager
async def office(
    database_url: str, postgres: Postgres, tmp_path: Path, clock: Clock | None = None, **changes: object
) -> AsyncIterator[Office]:
    clock = clock or SystemClock()
    passwords = Passwords()
    desk = PeopleDesk(PostgresPeople(postgres, clock), passwords, limits_of(settings.load({})), clock)
    boss = await desk.add_first(name="Ada", email=ADA, password=PASSWORD, time_zone="Europe/Berlin")
    others = [
        await desk.add(boss, name=email.partition("@")[0].title(), email=email, password=PASSWORD)
        for email in (GRACE, LINUS)
    ]
    passwords.close()
    ids = {str(person.email): person.id for person in (boss, *others)}
    async with running_ops(database_url, clock=clock, data_dir=tmp_path, **changes) as ops:
        ada, grace = [await ops.log_in(email, PASSWORD) for email in (ADA, GRACE)]
        yield Office(ops, ids, ada, grace, tmp_path / "outbox")
