"""Commands on the running system go to its HTTP API."""

import urllib.error
import urllib.request
from typing import Final, TypeVar

import msgspec

from jwt_pizza.kernel.errors import Refusal

Answer = TypeVar("Answer")

_DEADLINE: Final = 10.0
_MOST: Final = 10_000_000
"""Bytes of an answer."""


class NotRunning(Refusal):
    """There is nothing at the address."""


class Refused(Refusal):
    """The system said no."""


def call(method: str, url: str, kind: type[Answer], *, key: str, body: object = None) -> Answer:
    """Raises NotRunning or Refused, each with what to tell the user."""
    if not url.startswith(("http://", "https://")):
        raise NotRunning(f"{url} is not an address of the system: it must start with http://")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = msgspec.json.encode(body) if body is not None else None
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_DEADLINE) as answer:  # noqa: S310
            return msgspec.json.decode(answer.read(_MOST), type=kind)
    except urllib.error.HTTPError as error:
        raise Refused(f"{url} says: {_message(error)}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise NotRunning(f"nothing usable answers at {url}: is the system running? ({error})") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(msgspec.json.decode(error.read(_MOST), type=dict[str, object])["message"])
    except (OSError, KeyError, msgspec.MsgspecError):
        return f"{error.code} {error.reason}"
