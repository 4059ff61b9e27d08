"""Forms are accepted only from our own pages: the field must repeat a cookie that other sites cannot read or set."""

import hmac
import secrets
from typing import Final

from litestar.datastructures import Cookie

from jwt_pizza.kernel.errors import Forbidden
from jwt_pizza.web.api import AnyRequest

FIELD: Final = "csrf"


def token_of(request: AnyRequest, cookie: str) -> str:
    """The visitor's token, a new one when there is none. The page must set it again: see `cookie_of`."""
    return request.cookies.get(cookie) or secrets.token_urlsafe(24)


def cookie_of(token: str, cookie: str, path: str, *, secure: bool) -> Cookie:
    return Cookie(key=cookie, value=token, path=path, httponly=True, samesite="strict", secure=secure)


def check(request: AnyRequest, cookie: str, given: str) -> None:
    """Raises Forbidden."""
    known = request.cookies.get(cookie, "")
    if not known or not hmac.compare_digest(known.encode(), given.encode("utf-8", "replace")):
        raise Forbidden("this form is too old, please load the page again")
