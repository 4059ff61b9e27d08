"""Machines that send to ops: our own processes, Alertmanager, Prometheus, Grafana. They share one secret."""

import base64
import binascii
import hmac
from ipaddress import ip_address
from typing import Final

from litestar.types import Scope

from jwt_pizza.kernel.errors import Forbidden, Unauthorized

_FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for"})


class Senders:
    """Who may send: whoever knows the secret, as a Bearer token or as the password of Basic. Without a secret only this
    machine itself may, and nothing that a proxy passed on."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret.encode() if secret else None

    def admit(self, scope: Scope) -> None:
        """Raises Unauthorized, or Forbidden where there is no secret to know."""
        if self._secret is not None:
            if not hmac.compare_digest(_credential(scope), self._secret):
                raise Unauthorized("send the secret of JWT_PIZZA_OPS_TOKEN as Bearer token or as password")
        elif not _from_here(scope):
            raise Forbidden("set JWT_PIZZA_OPS_TOKEN, for ops and for whoever sends: without it only loopback may send")


def _credential(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, rest = value.partition(b" ")
            if scheme.lower() == b"bearer":
                return rest.strip()
            if scheme.lower() == b"basic":
                try:
                    return base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
                except binascii.Error:
                    return b""
    return b""


def _from_here(scope: Scope) -> bool:
    client = scope.get("client")
    if not client or any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return False
