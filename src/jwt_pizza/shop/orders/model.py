"""An order: what was asked, what it costs, and what became of it.

States: held → fulfilled, held → voided, fulfilled → refunded. A hold resolves exactly once. Under policy factory-only,
as it was before the incident, an order is charged first and fulfilled if the factory delivers: charged → fulfilled.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Final, Literal, Protocol, runtime_checkable

import msgspec

from jwt_pizza.kernel import wire
from jwt_pizza.kernel.clock import iso
from jwt_pizza.kernel.errors import Conflict, Invalid, NotFound, Refusal
from jwt_pizza.kernel.money import Satoshis, to_btc
from jwt_pizza.kernel.wire import MOST_PIZZAS, Wire
from jwt_pizza.shop.accounts.model import Caller
from jwt_pizza.shop.audit.model import Entry
from jwt_pizza.shop.ovens.model import IN_HOUSE, Attempt

Status = Literal["held", "charged", "fulfilled", "voided", "refunded"]

_KEYS: Final = re.compile(r"(?P<name>apiKey|fixCode)=[^&#\"\s]*|/support/[^/\"\s]+/report/[^/?#\"\s]+")
_MASKS: Final = {"apiKey": "API_KEY", "fixCode": "FIX_CODE"}
_LINK: Final = "/support/[API_KEY]/report/[FIX_CODE]"

LINES_PER_ORDER = 32
"""An item's number is its order's times this plus its line: unique without a sequence of its own."""


class Basket(msgspec.Struct, frozen=True):
    franchise_id: int
    store_id: int
    menu_ids: tuple[int, ...]

    def fingerprint(self) -> bytes:
        """Equal for equal requests, whatever the client sent as description or price."""
        return hashlib.sha256(msgspec.json.encode(self)).digest()


class Line(msgspec.Struct, frozen=True):
    menu_id: int
    description: str
    price: Satoshis


class Order(msgspec.Struct, frozen=True):
    """`jwt` is the pizza; None while held, when voided, and when its diner was deleted. Goodwill pays the `discount` in
    the diner's place."""

    id: int
    diner_id: int
    franchise_id: int
    store_id: int
    status: Status
    placed_at: datetime
    lines: tuple[Line, ...]
    jwt: str | None
    discount: Satoshis = Satoshis(0)

    @property
    def total(self) -> Satoshis:
        return Satoshis(sum(line.price for line in self.lines))

    @property
    def due(self) -> Satoshis:
        """What the diner pays."""
        return Satoshis(self.total - self.discount)


class Catalogue(msgspec.Struct, frozen=True):
    """What an order is priced by. `version` grows with every change of it."""

    version: int
    chaos: bool
    menu: Mapping[int, Line]
    stores: Mapping[int, int]
    """Open store → its franchise."""

    def price(self, basket: Basket) -> tuple[Line, ...]:
        """The lines at the menu's prices; NotFound or Invalid when the basket cannot be sold."""
        franchise_id = self.stores.get(basket.store_id)
        if franchise_id is None:
            raise NotFound(f"unknown store {basket.store_id}")
        if franchise_id != basket.franchise_id:
            raise Invalid(f"store {basket.store_id} does not belong to franchise {basket.franchise_id}")
        if not 1 <= len(basket.menu_ids) <= MOST_PIZZAS:
            raise Invalid(f"an order has 1 to {MOST_PIZZAS} items")
        try:
            return tuple(self.menu[menu_id] for menu_id in basket.menu_ids)
        except KeyError as error:
            raise NotFound(f"unknown menu item {error.args[0]}") from None


class Quote(msgspec.Struct, frozen=True):
    """What a basket costs now. `discount` is what the diner's voucher takes off."""

    basket: Basket
    lines: tuple[Line, ...]
    discount: Satoshis

    @property
    def due(self) -> Satoshis:
        return Satoshis(sum(line.price for line in self.lines) - self.discount)


class Placement(msgspec.Struct, frozen=True):
    """An order on its way into the books, with what must still hold at the commit.

    `expires_at` and `baking_until` are for an order that is only held: when the reaper voids it, and until when the
    process that placed it may be taken to be at work on it. `voucher_id` is of the voucher that pays the discount.
    """

    order: Order
    session_id: int
    user_version: int
    catalogue_version: int
    key: str | None = None
    fingerprint: bytes | None = None
    expires_at: datetime | None = None
    baking_until: datetime | None = None
    voucher_id: int | None = None


class Resolution(msgspec.Struct, frozen=True):
    """What a held (or charged) order comes to: delivered with a pizza, voided without."""

    order_id: int
    jwt: str | None
    at: datetime
    attempts: tuple[Attempt, ...]
    trace: str


class Resolved(msgspec.Struct, frozen=True):
    """What the books say of an order after its resolution. Somebody else may have been first, with another pizza."""

    status: Status
    jwt: str | None


class Outcome(Enum):
    PLACED = "placed"
    STALE = "stale"
    """The session, the user or the catalogue is not what the order was made from: nothing was written."""
    TAKEN = "taken"
    """The idempotency key was used before: nothing was written."""


class Answer(msgspec.Struct, frozen=True):
    """`order` is fulfilled, or it failed: then nothing was charged, unless the policy is factory-only. `oven` and
    `reason` are of the last attempt to bake it."""

    order: Order
    replayed: bool = False
    report_url: str | None = None
    oven: str = IN_HOUSE
    reason: str = "good"


class ChaosMonkey(Refusal):
    status = 500

    def __init__(self) -> None:
        super().__init__("Chaos monkey")


class UnderWay(Conflict):
    def __init__(self) -> None:
        super().__init__("a request with this Idempotency-Key is under way, please try again", retry_after=1)


class KeyReused(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "Keys for idempotent requests can only be used with the same parameters they were first used with"
        )


class PriceChanged(Conflict):
    def __init__(self) -> None:
        super().__init__("A price has changed since you last saw it")


class Orders(Protocol):
    """The port to stored orders."""

    async def next_id(self) -> int: ...
    async def catalogue(self) -> Catalogue:
        """As of now."""
        ...

    def last_catalogue(self) -> Catalogue | None:
        """As last read, for work whose commit checks that it still holds."""
        ...

    async def place(self, placement: Placement) -> Outcome:
        """Hold, capture, order, items, pizza and key in one commit, if what the placement was made from still holds."""
        ...

    async def resolve(self, resolution: Resolution) -> Resolved:
        """Captures or voids the hold and records the attempts, in one commit."""
        ...

    async def take_over(self, order_id: int, at: datetime, until: datetime) -> bool:
        """Whether a held order that nobody works on any more is this process's now, until that moment."""
        ...

    async def report_url(self, order_id: int) -> str | None:
        """The last report link among the order's attempts."""
        ...

    async def reap(self, at: datetime) -> int:
        """Voids the holds that have expired; how many."""
        ...

    async def by_key(self, diner_id: int, key: str) -> tuple[bytes, Order] | None:
        """The fingerprint of the request that first used the key, and its order."""
        ...

    async def history(self, diner_id: int, *, skip: int, take: int, newest_first: bool) -> Sequence[Order]: ...
    async def get(self, order_id: int) -> Order | None: ...
    async def set_chaos(self, on: bool, entry: Entry) -> None: ...


@runtime_checkable
class Inspector(Protocol):
    """Who can tell a pizza from a forgery."""

    async def inspect(self, jwt: str) -> wire.Pizza | None:
        """Its claims; None when the factory did not sign it so, or it has expired."""
        ...

    async def keys(self) -> bytes:
        """The JWKS that pizzas are verified with."""
        ...


class OrderPage(msgspec.Struct, frozen=True):
    orders: Sequence[Order]
    more: bool


class OrderItem(Wire, frozen=True):
    """`price` is in BTC."""

    id: int
    menu_id: int
    description: str
    price: float


class OrderView(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """`total` is in BTC; of it a voucher has paid the `discount`, which is left out where there is none."""

    id: int
    franchise_id: int
    store_id: int
    date: str
    items: tuple[OrderItem, ...]
    status: Status
    total: float
    discount: float | None = None


class OrderWithPizza(OrderView, frozen=True, kw_only=True, omit_defaults=True):
    jwt: str | None


class Delivered(Wire, frozen=True):
    order: OrderView
    jwt: str | None


class Failed(Wire, frozen=True, omit_defaults=True):
    """The incident's own answer. The link carries a vendor key: it is for those who may act on it."""

    message: str
    report_pizza_creation_error_to_pizza_factory_url: str | None = None


class History(Wire, frozen=True):
    diner_id: int
    orders: Sequence[OrderWithPizza]
    page: int


def items_of(order: Order) -> tuple[OrderItem, ...]:
    base = order.id * LINES_PER_ORDER
    return tuple(
        OrderItem(id=base + number, menu_id=line.menu_id, description=line.description, price=to_btc(line.price))
        for number, line in enumerate(order.lines)
    )


def delivered(order: Order) -> Delivered:
    """The answer to whoever placed it, the same whenever it is asked for again."""
    view = OrderView(
        id=order.id,
        franchise_id=order.franchise_id,
        store_id=order.store_id,
        date=iso(order.placed_at),
        items=items_of(order),
        status="fulfilled",
        total=to_btc(order.total),
        discount=to_btc(order.discount) if order.discount else None,
    )
    return Delivered(order=view, jwt=order.jwt)


def failed(report_url: str | None) -> Failed:
    return Failed(
        message="Failed to fulfill order at factory", report_pizza_creation_error_to_pizza_factory_url=report_url
    )


def harmless(answer: Failed) -> str:
    """The answer as JSON, without what its link opens: evidence for logs and reports."""
    text = msgspec.json.encode(answer).decode()
    return _KEYS.sub(lambda found: f"{found['name']}=[{_MASKS[found['name']]}]" if found["name"] else _LINK, text)


def with_pizza(order: Order) -> OrderWithPizza:
    return OrderWithPizza(
        id=order.id,
        franchise_id=order.franchise_id,
        store_id=order.store_id,
        date=iso(order.placed_at),
        items=items_of(order),
        status=order.status,
        total=to_btc(order.total),
        discount=to_btc(order.discount) if order.discount else None,
        jwt=order.jwt,
    )


def taken_off(lines: Sequence[Line], caller: Caller, day: date) -> Satoshis:
    """A voucher pays the dearest pizza of the day's first order."""
    if caller.voucher is None or not caller.voucher.pays(day):
        return Satoshis(0)
    return max(line.price for line in lines)


def ticket(order: Order, caller: Caller) -> wire.BakeRequest:
    """What the oven gets to know of an order."""
    user = caller.user
    return wire.BakeRequest(
        diner=wire.Diner(id=user.id, name=user.name, email=user.email),
        order=wire.Order(
            id=order.id,
            franchise_id=order.franchise_id,
            store_id=order.store_id,
            items=tuple(
                wire.Item(menu_id=line.menu_id, description=line.description, price=to_btc(line.price))
                for line in order.lines
            ),
        ),
    )


def is_pizza_of(order: Order, pizza: wire.Pizza) -> bool:
    """A pizza of another order or another diner may be genuine, but it is not this one."""
    return (pizza.order.id, pizza.diner.id) == (order.id, order.diner_id)
