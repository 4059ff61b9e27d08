"""A running ops on a socket, with people who are paged through a Twilio of ours."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.postgres import Postgres
from tests.ops.office import ADA, GRACE, Office, office
from tests.ops.twilio import FROM, FakeTwilio, Text, twilio

PHONES = {ADA: "+15551230001", GRACE: "+15551230002"}
LINK = re.compile(r"https?://[^/ ]+(/a/[\w-]+)")
PAGE = {"Accept": "text/html"}


@dataclass
class Station:
    office: Office
    twilio: FakeTwilio
    chain_id: int
    team_id: int

    @property
    def ops(self) -> Any:
        return self.office.ops

    async def fire(self, name: str = "OrdersFail", summary: str = "12 of 12 orders failed in 60 s") -> None:
        labels = {"alertname": name, "severity": "critical"}
        alert = {"labels": labels, "annotations": {"summary": summary}}
        answer = await self.ops.call("POST", "/api/v2/alerts", [alert])
        assert answer.status == 200, answer.text

    async def texted(self, count: int = 1) -> Text:
        """Once so many texts have arrived, the last of them."""
        async with asyncio.timeout(10):
            while len(self.twilio.texts) < count:
                self.twilio.on_text.clear()
                await self.twilio.on_text.wait()
        return self.twilio.texts[count - 1]

    async def group(self) -> Any:
        [group] = (await self.office.good("GET", "/api/groups"))["groups"]
        return group


def link_of(text: Text) -> str:
    found = LINK.search(text.body)
    assert found, text.body
    return found[1]


@asynccontextmanager
async def station(
    database_url: str, postgres: Postgres, tmp_path: Path, clock: Clock | None = None, **changes: object
) -> AsyncIterator[Station]:
    async with twilio() as fake:
        given: dict[str, object] = {
            "twilio_api_base": fake.url,
            "twilio_account_sid": fake.sid,
            "twilio_auth_token": fake.token,
            "twilio_from": FROM,
            "ops_public_url": "http://ops.test",
        }
        async with office(database_url, postgres, tmp_path, clock, **{**given, **changes}) as made:
            for email, phone in PHONES.items():
                await postgres.execute(
                    "test",
                    "INSERT INTO ops.contacts (person_id, channel, address, verified_at, created_at) "
                    "VALUES ($1, 'sms', $2, now(), now())",
                    made.ids[email],
                    phone,
                )
            team = await made.good("POST", "/api/teams", {"name": "Pizza", "members": [made.ids[ADA]]})
            steps = [{"kind": "notify-team", "teamId": team["id"]}, {"kind": "wait"}, {"kind": "go-to-step", "step": 0}]
            draft = {"teamId": team["id"], "name": "incident", "steps": steps}
            chain = await made.call("POST", "/api/chains", draft)
            assert chain.status == 201, chain.text
            await postgres.execute("test", "UPDATE ops.routes SET chain_id = $1", chain.json["id"])
            await postgres.execute("test", "UPDATE ops.routing SET version = version + 1")
            yield Station(made, fake, chain.json["id"], team["id"])
