"""Single calls of the system that is measured."""

import json
import urllib.request
from typing import Final

_PATIENCE: Final = 30.0


def ask(method: str, url: str, body: str = "", token: str | None = None) -> bytes:
    """The answer's body; raises HTTPError for a refusal."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, body.encode() or None, headers, method=method)  # noqa: S310 - of our own system
    with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
        return bytes(answer.read())


def log_in(shop: str, credentials: str) -> str:
    """The token of a new session. `credentials` as the call takes them."""
    return str(json.loads(ask("PUT", f"{shop}/api/auth", credentials))["token"])
