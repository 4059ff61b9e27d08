"""Programs that send to ops: Prometheus, Alertmanager, Grafana, scripts, and our own processes."""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Iterable
from typing import Final

from litestar.types import Scope

from jwt_pizza.kernel.errors import Unauthorized

_PASSED_ON: Final = frozenset({b"forwarded", b"x-forwarded-for"})
_BROWSER: Final = frozenset({b"origin", b"sec-fetch-site"})


class Senders:
    """Who shows the shared token may send; where none is set, who is on this machine and is no web page."""

    def __init__(self, token: str | None) -> None:
        self._token = token.encode() if token else None

    def admit(self, scope: Scope) -> None:
        """Raises Unauthorized."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        if self._token is None:
            if not _is_local(address_of(scope)):
                raise Unauthorized(
                    "without JWT_PIZZA_OPS_TOKEN only programs on this machine may send: set it for ops, and send it "
                    "as a bearer token"
                )
            # Behind a proxy on this machine everybody seems to be on it.
            if any(name in _PASSED_ON for name, _ in headers):
                raise Unauthorized("set JWT_PIZZA_OPS_TOKEN for ops: what a proxy passed on may come from anywhere")
            # A page that somebody here has open must not raise alarms.
            if any(name in _BROWSER for name, _ in headers):
                raise Unauthorized("web pages may not send alerts")
            return
        shown = next((_shown(value) for name, value in headers if name == b"authorization"), None)
        if shown is None:
            raise Unauthorized("send JWT_PIZZA_OPS_TOKEN of ops as a bearer token, or as the password of Basic")
        if not hmac.compare_digest(shown, self._token):
            raise Unauthorized("this is not the token that ops knows as JWT_PIZZA_OPS_TOKEN")


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "unknown"


def _shown(value: bytes) -> bytes:
    scheme, _, rest = value.partition(b" ")
    rest = rest.strip()
    if scheme.lower() == b"bearer":
        return rest
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(rest, validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""


def _is_local(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback
