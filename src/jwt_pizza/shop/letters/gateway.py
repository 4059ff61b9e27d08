"""Letters as mail: drawn from templates, in HTML and in plain text."""

from collections.abc import Mapping
from typing import Protocol

from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kit.mail import Mail, Mailer
from jwt_pizza.shop.letters.model import Letter


class Template(Protocol):
    def render(self, **context: object) -> str: ...


class MailedLetters:
    def __init__(self, mailer: Mailer, *, html: Template, text: Template, shop: str) -> None:
        """`shop` is the address that links in the letter begin with."""
        self._mailer = mailer
        self._html = html
        self._text = text
        self._shop = shop.rstrip("/")

    async def deliver(self, letter: Letter) -> None:
        if letter.email is None:
            return
        context = drawn(letter, self._shop)
        mail = Mail(
            to=letter.email,
            subject=str(context["subject"]),
            text=self._text.render(**context),
            html=self._html.render(**context),
            id=letter.message_id,
        )
        await self._mailer.post(mail)


def drawn(letter: Letter, shop: str) -> Mapping[str, object]:
    """What the templates get."""
    facts = letter.facts
    kept = [order.satoshis for order in facts.orders if order.refunded and order.order_id not in letter.links]
    one = len(facts.orders) == 1
    subject = "We are sorry about your pizza" if one else "We are sorry about your pizzas"
    return {
        "subject": subject,
        "name": letter.name,
        "explanation": facts.explanation,
        "orders": facts.orders,
        "links": letter.links,
        "refunded": Satoshis(sum(kept)),
        "voucher": facts.voucher,
        "shop": shop,
    }
