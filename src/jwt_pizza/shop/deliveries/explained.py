"""What a pizza's JWT says, part by part, unchecked: for reading, not for believing."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime

import msgspec

from jwt_pizza.kernel import wire


class Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str = ""


class Explained(msgspec.Struct, frozen=True):
    """`parts` as they stand in the token; `header` and `payload` as JSON to read."""

    parts: tuple[str, str, str]
    algorithm: str
    key_id: str
    header: str
    payload: str
    pizza: wire.Pizza
    signature_bytes: int

    @property
    def baked_at(self) -> datetime:
        return datetime.fromtimestamp(self.pizza.iat, UTC)

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.pizza.exp, UTC)


def explain(jwt: str | None) -> Explained | None:
    """None for what is no pizza at all."""
    parts = (jwt or "").split(".")
    if len(parts) != 3:
        return None
    try:
        header, payload, signature = map(_decoded, parts)
        read = msgspec.json.decode(header, type=Header)
        pizza = msgspec.json.decode(payload, type=wire.Pizza)
        # The years of a forgery may be any.
        datetime.fromtimestamp(pizza.iat, UTC)
        datetime.fromtimestamp(pizza.exp, UTC)
    except (ValueError, OverflowError, OSError, RecursionError, msgspec.MsgspecError):
        return None
    return Explained(
        parts=(parts[0], parts[1], parts[2]),
        algorithm=read.alg,
        key_id=read.kid,
        header=_readable(header),
        payload=_readable(payload),
        pizza=pizza,
        signature_bytes=len(signature),
    )


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _readable(json: bytes) -> str:
    return msgspec.json.format(json, indent=2).decode()
