"""Messages between deployables, the same over HTTP and when the other side is bound in-process."""

from typing import Annotated

import msgspec

MOST_PIZZAS = 20
"""What the oven takes in one order."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=False):
    """camelCase outside, snake_case inside."""


class Diner(Wire, frozen=True):
    id: int
    name: str
    email: str


class Item(Wire, frozen=True):
    menu_id: int
    description: str
    price: float
    """BTC."""


class Order(Wire, frozen=True):
    id: int
    franchise_id: int
    store_id: int
    items: tuple[Item, ...]


class Vendor(Wire, frozen=True):
    id: str
    name: str


class BakeRequest(Wire, frozen=True):
    diner: Diner
    order: Order


class BakeAnswer(Wire, frozen=True, omit_defaults=True):
    jwt: str
    report_url: str | None = None


class Pizza(Wire, frozen=True):
    """The claims of a pizza's JWT. `iat` and `exp` are seconds since the epoch."""

    vendor: Vendor
    diner: Diner
    order: Order
    iat: int
    exp: int
    iss: str


Id = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
"""An identifier that is exact in JavaScript too."""
