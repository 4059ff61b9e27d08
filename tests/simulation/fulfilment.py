"""One run of the simulation: `python -m tests.simulation.fulfilment SEED` replays it, and tells what happened."""

import sys
from collections.abc import Iterable

from jwt_pizza.shop.orders.model import Basket
from tests.simulation.cast import CALLERS, Books, Diner, Shop
from tests.simulation.world import Delay, World


class BrokenPromise(AssertionError):
    """What was promised is not so."""


def simulate(seed: int) -> World:
    """Raises AssertionError when a promise is broken."""
    world = World(seed)
    books = Books(world)
    shops = [Shop(world, books, f"shop-{number}") for number in (1, 2)]
    diners = [
        Diner(
            world,
            world.random.choice(CALLERS),
            shops,
            f"key-{number}",
            Basket(1, 1, tuple(world.random.choice((1, 2, 3)) for _ in range(world.random.randint(1, 3)))),
        )
        for number in range(world.random.randint(1, 4))
    ]
    for diner in diners:
        world.start(diner.order())
    world.start(_reaper(world, books))
    world.run()
    _check(books, diners)
    return world


async def _reaper(world: World, books: Books) -> None:
    """Runs far longer than any diner asks."""
    for _ in range(60):
        await Delay(5)
        voided = books.reap(world.now())
        if voided:
            world.say(f"the reaper voids {voided}")


def _check(books: Books, diners: Iterable[Diner]) -> None:
    for order in books.orders.values():
        _promise(order.status in {"fulfilled", "voided"}, f"order {order.id} ends as {order.status}")
        _promise(books.transfers.get(order.id * 10) == "hold", f"order {order.id} has no hold")
        resolution = books.transfers.get(order.id * 10 + 1)
        captured = order.status == "fulfilled"
        _promise(resolution == ("capture" if captured else "void"), f"order {order.id}: {order.status}, {resolution}")
        _promise(not (order.jwt or "").startswith("bad"), f"order {order.id} was delivered a bad pizza")
        _promise((order.jwt is not None) == captured, f"order {order.id}: {order.status} with pizza {order.jwt}")
    for diner in diners:
        found = books.by_key(diner.caller.user.id, diner.key)
        _promise(len(set(diner.delivered)) <= 1, f"{diner.key} got two pizzas")
        if diner.delivered:
            jwt = found[1].jwt if found else None
            _promise(jwt == diner.delivered[0], f"{diner.key} got {diner.delivered[0]}, the books say {jwt}")
            _promise(diner.failed == 0, f"{diner.key} was told both: delivered and failed")
        if diner.failed and found:
            _promise(found[1].status == "voided", f"{diner.key} was told that it failed, and is charged")


def _promise(kept: bool, otherwise: str) -> None:
    if not kept:
        raise BrokenPromise(otherwise)


if __name__ == "__main__":
    told = simulate(int(sys.argv[1]))
    sys.stdout.write("\n".join(told.log) + "\n")
