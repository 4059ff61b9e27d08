"""Who is in the world: the books, the factory, the shop's processes, and diners who retry."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from jwt_pizza.kernel import wire
from jwt_pizza.kernel.errors import Refusal, Unavailable
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.shop.accounts.model import Caller, User
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.orders.model import (
    Answer,
    Basket,
    Catalogue,
    Line,
    Order,
    Outcome,
    Placement,
    Resolution,
    Resolved,
    Status,
)
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.shop.ovens.model import FACTORY, Attempt, Breaker, Tuning
from jwt_pizza.shop.ovens.service import Kitchen
from tests.simulation.world import Delay, Process, World

MENU = {number: Line(number, f"pizza {number}", Satoshis(100_000 * number)) for number in (1, 2, 3)}
CALLERS = [
    Caller(User(id=number, name=f"diner {number}", email=f"{number}@example.com", roles=()), number, 1)
    for number in range(1, 4)
]


class Books:
    """What PostgreSQL promises: each verb happens wholly or not at all, and stays. Between a caller and the books an
    error, a delay, a lost answer or a second delivery may come."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = 0
        self.orders: dict[int, Order] = {}
        self.expiry: dict[int, datetime] = {}
        self.baking: dict[int, datetime] = {}
        self.keys: dict[tuple[int, str], tuple[bytes, int]] = {}
        self.transfers: dict[int, str] = {}

    def transfer(self, number: int, kind: str) -> None:
        assert number not in self.transfers, f"transfer {number} happens twice: {self.transfers[number]}, {kind}"
        self.transfers[number] = kind

    def place(self, placement: Placement) -> Outcome:
        order = placement.order
        if order.id in self.orders:
            return Outcome.PLACED
        if placement.key is not None and placement.fingerprint is not None:
            if (order.diner_id, placement.key) in self.keys:
                return Outcome.TAKEN
            self.keys[order.diner_id, placement.key] = (placement.fingerprint, order.id)
        self.orders[order.id] = order
        self.transfer(order.id * 10, "hold")
        if order.status != "held":
            self.transfer(order.id * 10 + 1, "capture")
        if placement.expires_at is not None and placement.baking_until is not None:
            self.expiry[order.id], self.baking[order.id] = placement.expires_at, placement.baking_until
        return Outcome.PLACED

    def resolve(self, resolution: Resolution) -> Resolved:
        order = self.orders[resolution.order_id]
        if order.status == "held":
            self._end(order, "fulfilled" if resolution.jwt else "voided", resolution.jwt)
        elif order.status == "charged" and resolution.jwt:
            self.orders[order.id] = msgspec.structs.replace(order, status="fulfilled", jwt=resolution.jwt)
        return Resolved(self.orders[order.id].status, self.orders[order.id].jwt)

    def take_over(self, order_id: int, at: datetime, until: datetime) -> bool:
        held = self.orders[order_id].status == "held"
        if not (held and self.baking[order_id] < at and self.expiry[order_id] > until):
            return False
        self.baking[order_id] = until
        return True

    def reap(self, at: datetime) -> int:
        due = [order for order in self.orders.values() if order.status == "held" and self.expiry[order.id] <= at]
        for order in due:
            self._end(order, "voided", None)
        return len(due)

    def by_key(self, diner_id: int, key: str) -> tuple[bytes, Order] | None:
        found = self.keys.get((diner_id, key))
        return (found[0], self.orders[found[1]]) if found else None

    def next_id(self) -> int:
        self._numbers += 1
        return self._numbers

    def _end(self, order: Order, status: Status, jwt: str | None) -> None:
        self.transfer(order.id * 10 + 1, "capture" if status == "fulfilled" else "void")
        self.orders[order.id] = msgspec.structs.replace(order, status=status, jwt=jwt)


class WayToBooks:
    """The shop's way to the books: the port `Orders`, with a fault behind every await."""

    def __init__(self, books: Books, world: World, process: Process) -> None:
        self._books = books
        self._world = world
        self._process = process

    async def next_id(self) -> int:
        return int(await self._through("next_id"))

    async def catalogue(self) -> Catalogue:
        return Catalogue(1, False, MENU, {1: 1})

    def last_catalogue(self) -> Catalogue | None:
        return Catalogue(1, False, MENU, {1: 1})

    async def place(self, placement: Placement) -> Outcome:
        return Outcome(await self._through("place", placement))

    async def resolve(self, resolution: Resolution) -> Resolved:
        end: Resolved = await self._through("resolve", resolution)
        return end

    async def take_over(self, order_id: int, at: datetime, until: datetime) -> bool:
        return bool(await self._through("take_over", order_id, at, until))

    async def reap(self, at: datetime) -> int:
        return int(await self._through("reap", at))

    async def by_key(self, diner_id: int, key: str) -> tuple[bytes, Order] | None:
        found: tuple[bytes, Order] | None = await self._through("by_key", diner_id, key)
        return found

    async def report_url(self, order_id: int) -> str | None:
        return f"https://factory.example/report/{order_id}"

    async def history(self, diner_id: int, *, skip: int, take: int, newest_first: bool) -> Sequence[Order]:
        raise NotImplementedError

    async def get(self, order_id: int) -> Order | None:
        return self._books.orders.get(order_id)

    async def set_chaos(self, on: bool, entry: Entry) -> None:
        raise NotImplementedError

    async def _through(self, verb: str, *args: Any) -> Any:
        world = self._world
        slow = world.random.choice((3.0, 10.0, 100.0)) if world.chance(world.trouble * 0.3) else 0.005
        await Delay(world.random.random() * slow)
        maybe_crash(world, self._process, f"before {verb}")
        await Delay(0)
        if world.chance(world.trouble * 0.2):
            world.say(f"{self._process.name}: {verb} is refused")
            raise Unavailable("the books are away")
        answer = getattr(self._books, verb)(*args)
        if verb in {"place", "resolve"} and world.chance(world.trouble):
            world.say(f"{self._process.name}: {verb} is delivered twice")
            getattr(self._books, verb)(*args)
        # Once in a while a process is stopped for longer than its hold lives.
        slow = world.random.choice((3.0, 10.0, 100.0)) if world.chance(world.trouble) else 0.005
        await Delay(world.random.random() * slow)
        maybe_crash(world, self._process, f"after {verb}")
        await Delay(0)
        if world.chance(world.trouble * 0.2):
            world.say(f"{self._process.name}: the answer to {verb} is lost")
            raise Unavailable("the books are away")
        return answer


class Factory:
    """The remote oven: bakes, lies, fails, hangs. Keeps the port's promise: it never raises, and keeps its time."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    async def bake(self, request: wire.BakeRequest, *, within: float) -> Attempt:
        world, started = self._world, self._world.time
        maybe_crash(world, self._process, "before baking")
        ill = world.chance(world.trouble * 2)
        taken = world.random.random() * (3.0 if ill and world.chance(0.5) else 0.05)
        await Delay(min(taken, within))
        maybe_crash(world, self._process, "while baking")
        await Delay(0)
        ms = (world.time - started) * 1000
        if taken >= within:
            return Attempt(oven=FACTORY, started_at=world.now(), ms=ms, reason="timeout", error="too slow")
        if ill and world.chance(0.5):
            return Attempt(oven=FACTORY, started_at=world.now(), ms=ms, reason="error", error="chaos", status=500)
        claims: wire.Pizza | None = pizza(world, request)
        if ill:
            other = msgspec.structs.replace(request.order, id=request.order.id + 1)
            claims = world.random.choice((None, pizza(world, msgspec.structs.replace(request, order=other))))
        jwt = f"{'bad' if ill else 'factory'}:{request.order.id}:{world.random.random()}"
        return Attempt(oven=FACTORY, started_at=world.now(), ms=ms, reason="good", jwt=jwt, claims=claims, status=200)


class OwnOven:
    def __init__(self, world: World) -> None:
        self._world = world

    async def bake(self, request: wire.BakeRequest) -> str:
        await Delay(0.0001)
        if self._world.chance(self._world.trouble * 0.3):
            raise LookupError("the oven is cold")
        return f"in-house:{request.order.id}:{self._world.random.random()}"


def pizza(world: World, request: wire.BakeRequest) -> wire.Pizza:
    moment = int(world.now().timestamp())
    vendor = wire.Vendor(id="jwt-pizza", name="JWT Pizza")
    return wire.Pizza(
        vendor=vendor, diner=request.diner, order=request.order, iat=moment, exp=moment + 86_400, iss="factory"
    )


def maybe_crash(world: World, process: Process, when: str) -> None:
    if process.alive and world.chance(world.trouble * 0.05):
        world.say(f"{process.name} dies {when}")
        process.alive = False


@dataclass
class Shop:
    """One server. After a crash it is started again, with nothing of what it knew."""

    world: World
    books: Books
    name: str
    process: Process = field(init=False)
    desk: OrderDesk = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        world = self.world
        self.process = Process(self.name)
        tuning = Tuning()
        dice = world.random.random
        kitchen = Kitchen("factory", OwnOven(world), Factory(world, self.process), Breaker(tuning), tuning, world, dice)
        self.desk = OrderDesk(WayToBooks(self.books, world, self.process), kitchen, world, dice)


@dataclass
class Diner:
    """Orders with a key, and asks again until there is an answer that says what became of it."""

    world: World
    caller: Caller
    shops: Sequence[Shop]
    key: str
    basket: Basket
    delivered: list[str] = field(default_factory=list)
    failed: int = 0

    async def order(self) -> None:
        # Some retry until they know, some give up.
        for _ in range(self.world.random.choice((1, 2, 12))):
            answers: list[Answer | Refusal] = []
            shop = self.world.random.choice(self.shops)
            if not shop.process.alive:
                shop.restart()
            self.world.start(self._ask(shop, answers), shop.process)
            if self.world.chance(self.world.trouble):
                # An impatient one: the same request again, while the first is under way.
                self.world.start(self._ask(shop, []), shop.process)
            for _ in range(40):
                await Delay(0.25)
                if answers or not shop.process.alive:
                    break
            if answers and isinstance(answers[0], Answer):
                return
            await Delay(self.world.random.random() * self.world.random.choice((1, 10, 40)))

    async def _ask(self, shop: Shop, answers: list[Answer | Refusal]) -> None:
        async def renew() -> Caller:
            return self.caller

        try:
            answer = await shop.desk.place(self.caller, self.basket, self.key, renew)
        except Refusal as refusal:
            answers.append(refusal)
            return
        order = answer.order
        self.world.say(f"{self.key}: {order.status} {order.id}{' (replayed)' if answer.replayed else ''}")
        if order.status == "fulfilled":
            assert order.jwt is not None, "fulfilled without a pizza"
            self.delivered.append(order.jwt)
        else:
            assert order.jwt is None, "a pizza although it failed"
            self.failed += 1
        answers.append(answer)
