"""The traffic of a scenario: each order by a diner of its own, who registers, looks at the menu, and pays."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from jwt_pizza.drill.scenario import Scenario, Traffic
from jwt_pizza.drill.stage import Failed, Stage, Token, until

_PASSWORD: Final = "a diner's password"  # noqa: S105 - of diners that are made up for a drill


class _Item(msgspec.Struct):
    id: int


class _Store(msgspec.Struct):
    id: int


class _Franchise(msgspec.Struct):
    id: int
    stores: tuple[_Store, ...]


class _Franchises(msgspec.Struct):
    franchises: tuple[_Franchise, ...]


class Diners:
    """`answers`: what each order was answered, 0 for nothing. `turned_away`: who could not even register."""

    def __init__(self, stage: Stage, alert_after: float) -> None:
        """`alert_after`: seconds after the first failed order an alert is due."""
        self._stage = stage
        self._alert_after = alert_after
        self.answers: list[int] = []
        self.turned_away = 0

    async def come(self, scenario: Scenario) -> None:
        """Until the last has his answer."""
        async with asyncio.TaskGroup() as group:
            number = 0
            for traffic in scenario.traffic:
                for moment in moments(scenario, traffic):
                    number += 1
                    group.create_task(self._come(moment, f"diner-{number}@example.com", traffic.pizzas))

    async def _come(self, moment: datetime, email: str, pizzas: int) -> None:
        await until(self._stage, moment)
        shop = self._stage.shop
        try:
            body = {"name": "a diner", "email": email, "password": _PASSWORD}
            token = (await self._stage.ask(Token, "POST", f"{shop}/api/auth", body)).token
            menu = await self._stage.ask(tuple[_Item, ...], "GET", f"{shop}/api/order/menu")
            places = await self._stage.ask(_Franchises, "GET", f"{shop}/api/franchise?limit=10")
        except Failed:
            self.turned_away += 1
            return
        franchise = next(place for place in places.franchises if place.stores)
        items = [{"menuId": menu[line % len(menu)].id, "description": "", "price": 0} for line in range(pizzas)]
        order = {"franchiseId": franchise.id, "storeId": franchise.stores[0].id, "items": items}
        status, _ = await self._stage.call("POST", f"{shop}/api/order", order, token=token)
        if status != 200 and not any(answer != 200 for answer in self.answers):
            self._stage.expect(self._alert_after)
        self.answers.append(status)


def moments(scenario: Scenario, traffic: Traffic) -> Sequence[datetime]:
    moment, ends = scenario.at(traffic.starts), scenario.at(traffic.ends)
    found = []
    while moment < ends:
        found.append(moment)
        moment += timedelta(seconds=traffic.every)
    return found
