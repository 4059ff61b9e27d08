"""Ops, which acts at the shop and the factory for the people who are logged in there.

It shows the token that it shares with them, and says in a header whom it acts for. Who holds the token is believed: it
is ops that knows which of its people may do what.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec
from litestar.types import Scope

from jwt_pizza.kernel.errors import Unauthorized
from jwt_pizza.web.senders import Senders

HEADER: Final = "X-JWT-Pizza-Acts-For"
_NAME: Final = HEADER.lower().encode()
_SAID: Final = re.compile(rb"(administrator|engineer) ([a-z]{1,20}(?::[0-9]{1,16})?)")


class Acting(msgspec.Struct, frozen=True):
    """`actor` as ops knows it: `person:3`, or `system`."""

    actor: str
    role: Literal["administrator", "engineer"]

    @property
    def said(self) -> str:
        return f"{self.role} {self.actor}"


def for_factory(token: str | None) -> str | None:
    """What ops shows to a factory in place of the token itself: the factory may be somebody else's."""
    return hmac.new(token.encode(), b"factory", hashlib.sha256).hexdigest() if token else None


class Operators:
    def __init__(self, token: str | None, *, alone: bool) -> None:
        """`alone`: no proxy stands before this server, so that without a token whoever calls from this machine is on
        it."""
        self._senders = Senders(token)
        self._closed = token is None and not alone

    def acting(self, scope: Scope) -> Acting | None:
        """None for everybody else. Raises Unauthorized for who says so and shows no token."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        said = next((value for name, value in headers if name == _NAME), None)
        if said is None:
            return None
        if self._closed:
            raise Unauthorized("set JWT_PIZZA_OPS_TOKEN, for ops and here: behind a proxy everybody seems to be local")
        self._senders.admit(scope)
        found = _SAID.fullmatch(said)
        if found is None:
            raise Unauthorized(f"{HEADER} must look like: engineer person:3")
        return Acting(found[2].decode(), "administrator" if found[1] == b"administrator" else "engineer")
