"""The address under which clients reach a server."""

import re
from typing import Final

from litestar.types import Scope

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


class Address:
    """As it is set; where it is not, as the caller wrote it in `Host`, which then only goes back to that caller."""

    def __init__(self, known: str | None, path: str = "") -> None:
        """`known` is complete; `path` is where the server's routes begin on the caller's host."""
        self._known = known.rstrip("/") if known else None
        self._path = path.rstrip("/")

    def of(self, scope: Scope) -> str:
        if self._known is not None:
            return self._known
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        if not _HOST.fullmatch(given):
            server = scope.get("server") or ("localhost", None)
            given = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
        return f"{scope.get('scheme', 'http')}://{given}{self._path}"
