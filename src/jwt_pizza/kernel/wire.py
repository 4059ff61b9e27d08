"""Messages between deployables, the same over HTTP and when the other side is bound in-process."""

from datetime import datetime
from typing import Annotated, Final

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


LARGEST_ID: Final = 2**53 - 1
Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
"""An identifier that is exact in JavaScript too."""


class StoreImpact(Wire, frozen=True):
    store_id: int
    franchise_id: int
    store: str
    orders: int
    pizzas: int
    satoshis: int
    """Charged for orders that were not delivered."""


class Impact(Wire, frozen=True):
    """What happened to diners in a window of time. Orders count by when they were placed."""

    since: datetime
    until: datetime
    diners_tried: int
    orders_tried: int
    diners_affected: int
    orders_failed: int
    pizzas_not_delivered: int
    orders_charged: int
    """Of the failed ones those that were charged."""
    satoshis_charged: int
    orders_compensated: int
    """Of the charged ones those that were refunded since."""
    diners_served_later: int
    """Of the affected those who got a pizza afterwards."""
    first_failed_at: datetime | None
    last_failed_at: datetime | None
    stores: tuple[StoreImpact, ...]
