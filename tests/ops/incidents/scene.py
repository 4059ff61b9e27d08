"""A shop whose factory is attacked, and the ops that looks after the incident; all on sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwt_pizza.kit.postgres import Postgres
from tests.factory.kitchen import vendor_key
from tests.ops.office import GRACE, Office, office
from tests.postbox import Mailbox, mail_server
from tests.running import Running, running_factory, running_shop

TOKEN = "the secret of shop, factory and ops"


@dataclass
class Scene:
    office: Office
    shop: Running
    factory: Running
    mailbox: Mailbox
    postgres: Postgres
    vendor: str

    async def attack(self, kind: str = "fail") -> None:
        answer = await self.factory.call("PUT", f"/api/vendor/chaos/{kind}", token=self.vendor)
        assert answer.status == 200, answer.text

    async def attacks(self) -> int:
        return int(
            await self.postgres.fetchval(
                "test", "SELECT count(*) FROM factory.attacks WHERE ended_at IS NULL AND ends_at > now()"
            )
        )

    async def dine(self, diners: int, *, status: int = 200) -> None:
        """Each orders two pizzas."""
        first = int(await self.postgres.fetchval("test", "SELECT count(*) FROM shop.users"))
        for number in range(first, first + diners):
            _, token = await self.shop.register(f"Diner {number}", f"diner{number}@example.com")
            placed = await self.shop.order(token, 1, 2)
            assert placed.status == status, placed.text

    async def fire(self, rule: str = "charged-not-delivered", severity: str = "critical") -> int:
        """The group's id."""
        labels = {"alertname": rule, "severity": severity}
        alert = {"labels": labels, "annotations": {"summary": f"{rule} <b>now</b>"}}
        assert (await self.office.ops.call("POST", "/api/v2/alerts", [alert], token=TOKEN)).status == 200
        groups = (await self.office.good("GET", "/api/groups"))["groups"]
        return int(next(group["id"] for group in groups if group["labels"] == {"alertname": rule}))

    async def incident(self, number: int = 1) -> Any:
        return (await self.office.good("GET", f"/api/incidents/{number}"))["incident"]

    async def until(self, there: Callable[[Any], bool], number: int = 1) -> Any:
        """The incident, once it is so; the deadline is generous."""
        last = None
        try:
            async with asyncio.timeout(20):
                while True:
                    answer = await self.office.call("GET", f"/api/incidents/{number}")
                    if answer.status == 200:
                        last = answer.json["incident"]
                        if there(last):
                            return last
                    # It is looked at now rather than in a few seconds.
                    at_once = "UPDATE ops.incidents SET look_at = now() WHERE look_at > now()"
                    await self.postgres.execute("test", at_once)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it did not come to that: {last}") from None

    async def kinds(self, number: int = 1) -> list[str]:
        story = await self.office.good("GET", f"/api/incidents/{number}")
        return [str(event["fact"]["kind"]) for event in story["events"]]

    async def acted(self, action: str, number: int = 1) -> Any:
        return await self.office.good("POST", f"/api/incidents/{number}/actions/{action}", token=self.office.grace)


@asynccontextmanager
async def scene(
    database_url: str,
    postgres: Postgres,
    tmp_path: Path,
    shop_changes: Mapping[str, object] | None = None,
    **changes: object,
) -> AsyncIterator[Scene]:
    """The shop trusts the factory alone, as before the incident. `changes` are of ops."""
    async with mail_server() as (smtp_url, mailbox), running_factory(database_url, ops_token=TOKEN) as factory:
        vendor = await vendor_key(postgres)
        shop_settings: dict[str, object] = {
            "policy": "factory-only",
            "factory_url": factory.url,
            "factory_api_key": vendor,
            "ops_token": TOKEN,
            "smtp_url": smtp_url,
            "amends_most_diners": 1,
            **(shop_changes or {}),
        }
        async with running_shop(database_url, **shop_settings) as shop:
            given: dict[str, object] = {"url": shop.url, "factory_url": factory.url, "ops_token": TOKEN, **changes}
            async with office(database_url, postgres, tmp_path, **given) as made:
                yield Scene(made, shop, factory, mailbox, postgres, vendor)


__all__ = ["GRACE", "TOKEN", "Scene", "scene"]
