"""People and pizzas for the measurement, made through the stores, without a password's hash each."""

import random
from collections.abc import Sequence

import msgspec

from jwt_pizza.apps import factory, parts, shop
from jwt_pizza.factory.vendors.model import SHOP
from jwt_pizza.kernel import wire
from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kit import settings
from jwt_pizza.kit.jwt import SharedSecret
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.telemetry import Telemetry


class Diner(msgspec.Struct, frozen=True):
    """A registered diner in an open session."""

    id: int
    version: int
    session_id: int
    token: str


class Guests(msgspec.Struct, frozen=True):
    diners: Sequence[Diner]
    pizzas: Sequence[str]
    """JWTs, no two alike."""


async def invite(database_url: str, *, diners: int, pizzas: int) -> Guests:
    loaded, clock = settings.load(), SystemClock()
    async with parts.opened(parts.pool(loaded, database_url, "jwt-pizza bench")) as postgres:
        bakery = factory.factory(loaded, postgres, clock)
        await bakery.keys.load()
        telemetry = Telemetry("shop", parts.VERSION, postgres, clock, Log("bench", level="error"))
        made = shop.shop(loaded, postgres, bakery.bakery, clock, telemetry)
        made.seal.seal = SharedSecret(await made.accounts.secret("sessions"))
        people = []
        for number in range(diners):
            email = f"bench-{random.getrandbits(48):x}@example.com"
            user = await made.accounts.add(f"diner {number}", email, "no password", clock.now())
            token = await made.sessions.open(user)
            caller = await made.sessions.identify(token)
            people.append(Diner(user.id, caller.version, caller.session_id, token))
        jwts = [bakery.bakery.sign(SHOP, _order(number)) for number in range(pizzas)]
        made.passwords.close()
    return Guests(people, jwts)


def _order(number: int) -> wire.BakeRequest:
    items = (
        wire.Item(menu_id=1, description="Veggie", price=0.0038),
        wire.Item(menu_id=2, description="Pepperoni", price=0.0042),
    )
    return wire.BakeRequest(
        diner=wire.Diner(id=1, name="pizza diner", email="d@jwt.com"),
        order=wire.Order(id=number + 1, franchise_id=1, store_id=1, items=items),
    )
