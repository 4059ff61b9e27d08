"""Receipts as mail: drawn from templates, in HTML and in plain text."""

from collections import Counter
from typing import Protocol

from jwt_pizza.kit.mail import Mail, Mailer
from jwt_pizza.shop.accounts.model import User
from jwt_pizza.shop.orders.model import Order


class Template(Protocol):
    def render(self, **context: object) -> str: ...


class MailedReceipts:
    def __init__(self, mailer: Mailer, *, html: Template, text: Template, shop: str) -> None:
        """`shop` is the address that links begin with."""
        self._mailer = mailer
        self._html = html
        self._text = text
        self._shop = shop.rstrip("/")

    async def receipt(self, order: Order, diner: User, store: str) -> None:
        context: dict[str, object] = {
            "order": order,
            "lines": list(Counter(order.lines).items()),
            "name": diner.name,
            "store": store,
            "shop": self._shop,
        }
        mail = Mail(
            to=diner.email,
            subject=f"Your receipt for order {order.id}",
            text=self._text.render(**context),
            html=self._html.render(**context),
            # Mailed again it is the same one for whoever has it already.
            id=f"receipt-{order.id}",
        )
        await self._mailer.post(mail)
