"""What the routes of every noun share."""

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from litestar import Request
from litestar.params import PathParameter

from jwt_pizza.kernel.errors import Unauthorized
from jwt_pizza.kernel.wire import LARGEST_ID

AnyRequest: TypeAlias = Request[Any, Any, Any]

PathId: TypeAlias = Annotated[int, PathParameter(ge=1, le=LARGEST_ID)]
"""`kernel.wire.Id` in a path, where Litestar knows only bounds of its own."""

BEARER: Final[list[dict[str, list[str]]]] = [{"bearer": []}]
"""In OpenAPI: this call needs `Authorization: Bearer <token>`."""


class Message(msgspec.Struct):
    message: str


def bearer_token(request: AnyRequest) -> str:
    """The token of `Authorization: Bearer …`; raises Unauthorized."""
    for name, value in request.scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and token:
                return token.strip().decode("latin-1")
    raise Unauthorized


def client_address(request: AnyRequest) -> str:
    """Behind a trusted proxy the server has put the client's own address here (see `kit.http`)."""
    client = request.scope.get("client")
    return client[0] if client else "unknown"
