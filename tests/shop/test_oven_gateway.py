"""The remote factory, over a real socket."""

import pytest

from jwt_pizza.kernel.clock import SystemClock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.shop.ovens.gateway import HttpFactory
from tests.running import Running


async def test_pizzas_are_inspected_with_the_keys_that_the_factory_publishes(shop: Running) -> None:
    jwt = (await shop.order(await shop.log_in(), 1)).json["jwt"]
    factory = HttpFactory(f"{shop.url}/factory", "", SystemClock())
    await factory.open()
    try:
        pizza = await factory.inspect(jwt)
        assert pizza is not None
        assert pizza.diner.email == "d@jwt.com"
        assert await factory.inspect(jwt[:-6] + "AAAAAA") is None
        assert await factory.inspect("nonsense") is None
    finally:
        await factory.close()


async def test_nothing_is_said_of_a_pizza_while_the_factory_is_silent(shop: Running) -> None:
    jwt = (await shop.order(await shop.log_in(), 1)).json["jwt"]
    nobody = HttpFactory("http://127.0.0.1:1", "", SystemClock())
    await nobody.open()
    try:
        with pytest.raises(Unavailable):
            await nobody.inspect(jwt)
    finally:
        await nobody.close()
