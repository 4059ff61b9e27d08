"""What can be ordered, and at which price."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from jwt_pizza.kernel import money, text
from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.kernel.money import Satoshis
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.shop.audit.model import Entry


class MenuItem(Wire, frozen=True):
    """As on the wire: `price` is in BTC."""

    id: int
    title: str
    image: str
    price: float
    description: str

    @property
    def satoshis(self) -> Satoshis:
        return money.of_btc_number(self.price)


class Offered(MenuItem, frozen=True):
    """As pages show it. `photograph`: of an uploaded picture (photographs.py); without one it is drawn."""

    photograph: str | None = None


class Draft(msgspec.Struct, frozen=True):
    title: str
    description: str
    image: str
    price: Satoshis


class Photograph(msgspec.Struct, frozen=True):
    """An uploaded picture, made anew: WebP by width in pixels, square. `name` is of the content."""

    name: str
    by_width: Mapping[int, bytes]


class Menu(Protocol):
    """The port to the stored menu."""

    async def items(self) -> Sequence[Offered]: ...
    async def wire(self) -> bytes:
        """The whole menu as JSON, as of now."""
        ...

    async def add(self, draft: Draft, entry: Entry | None = None) -> None: ...
    async def change(self, item_id: int, draft: Draft, entry: Entry) -> bool:
        """Whether there is such an item on the menu."""
        ...

    async def withdraw(self, item_id: int, entry: Entry) -> bool: ...
    async def picture(self, item_id: int, photograph: Photograph | None, entry: Entry) -> bool:
        """The item's picture from now on; None: it is drawn. Whether there is such an item on the menu."""
        ...

    async def photograph(self, name: str, width: int) -> bytes | None: ...


def draft(title: str | None, description: str | None, image: str | None, price: Decimal | None) -> Draft:
    if title is None or description is None or image is None or price is None:
        raise Invalid("title, description, image, and price are required")
    return Draft(
        title=text.line(title, "title", most=100),
        description=text.line(description, "description", most=500),
        image=_image(image),
        price=money.from_btc(price),
    )


def _image(value: str) -> str:
    """A file name among the shop's pictures, or an http(s) address."""
    image = text.line(value, "image", most=500)
    if ":" in image and not image.startswith(("https://", "http://")):
        raise Invalid("image must be a file name or an http(s) address")
    return image
