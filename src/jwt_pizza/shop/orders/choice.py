"""The basket while it is being chosen."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.wire import MOST_PIZZAS
from jwt_pizza.shop.orders.model import Order

_MOST_KEPT: Final = 100
_QUANTITY: Final = re.compile(r"pizza-([1-9][0-9]{0,15})")


class Choice(msgspec.Struct, frozen=True):
    """The menu's form as it was typed: a store, and how many of each pizza. It travels in addresses, so that it
    survives logging in."""

    store: str
    quantities: Mapping[int, str]

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "Choice":
        found = ((_QUANTITY.fullmatch(name), value.strip()) for name, value in fields.items())
        return cls(fields.get("store", ""), {int(match[1]): value for match, value in found if match and value})

    @classmethod
    def recall(cls, kept: str) -> "Choice":
        """What a browser kept: anything that is none is an empty one."""
        try:
            return cls.read(dict(parse_qsl(kept, max_num_fields=_MOST_KEPT)))
        except ValueError:
            return cls("", {})

    @classmethod
    def of(cls, order: Order) -> "Choice":
        """The same again."""
        counts = Counter(line.menu_id for line in order.lines)
        return cls(str(order.store_id), {menu_id: str(count) for menu_id, count in counts.items()})

    def store_id(self) -> int:
        if not (self.store.isascii() and self.store.isdecimal() and len(self.store) <= 16):
            raise Invalid("Choose the store that bakes for you")
        return int(self.store)

    def counts(self) -> Mapping[int, int]:
        """How many of each; Invalid when that is no order."""
        counts = {}
        for menu_id, typed in self.quantities.items():
            if not (typed.isascii() and typed.isdecimal() and len(typed) <= 4):
                raise Invalid(f"Choose a whole number of pizzas, from 0 to {MOST_PIZZAS}")
            if int(typed):
                counts[menu_id] = int(typed)
        if not counts:
            raise Invalid("Choose at least one pizza")
        if sum(counts.values()) > MOST_PIZZAS:
            raise Invalid(f"The oven takes {MOST_PIZZAS} pizzas in one order, and you chose {sum(counts.values())}")
        return counts

    def menu_ids(self) -> tuple[int, ...]:
        return tuple(menu_id for menu_id, count in sorted(self.counts().items()) for _ in range(count))

    def fields(self) -> Mapping[str, str]:
        return {"store": self.store, **{f"pizza-{menu_id}": str(count) for menu_id, count in self.counts().items()}}

    def checkout(self, key: str | None = None) -> str:
        """The address of the checkout. A key in it makes going back to it, or reloading it, the same order; without
        one it is a new order."""
        return f"/checkout?{urlencode({**self.fields(), **({'key': key} if key else {})})}"
