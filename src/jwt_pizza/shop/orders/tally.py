"""What is counted of orders."""

from typing import Protocol


class Tally(Protocol):
    """The port to what is counted of orders. Seconds are from taking one up to its outcome."""

    def order(self, outcome: str, oven: str, *, pizzas: int, satoshis: int, seconds: float) -> None: ...
    def failed(
        self, outcome: str, oven: str, reason: str, *, seconds: float, order_id: int | None = None, answer: str = ""
    ) -> None: ...
    def expired(self, orders: int) -> None: ...


class Uncounted:
    """A tally for where nobody counts."""

    def order(self, outcome: str, oven: str, *, pizzas: int, satoshis: int, seconds: float) -> None: ...
    def failed(
        self, outcome: str, oven: str, reason: str, *, seconds: float, order_id: int | None = None, answer: str = ""
    ) -> None: ...
    def expired(self, orders: int) -> None: ...
