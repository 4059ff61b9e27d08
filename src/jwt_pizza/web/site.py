"""What every page shares: the session's cookie, forms that no other site can send, drawing.

The JSON API knows only `Authorization: Bearer`, pages know only the cookie: what a browser sends by itself never
authenticates an API call.

Forms are guarded twice, and each guard holds alone. (1) Browsers say where a request comes from: Sec-Fetch-Site must be
this origin, or Origin must be ours. That stops other sites also where they could plant a cookie. (2) Every form carries
a token derived from a secret that only this browser's cookies hold: the session's own token, or, before anybody has
logged in, a random visitor cookie (a double submit, so that nobody can be logged in to a stranger's account). Nothing
is stored and every process of the shop gives the same answer.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from litestar import MediaType
from litestar.datastructures import Cookie
from litestar.response import Redirect, Template

from jwt_pizza.kernel.errors import Forbidden, Invalid
from jwt_pizza.web.address import Address
from jwt_pizza.web.api import AnyRequest

TOKEN_FIELD: Final = "form"  # noqa: S105 - the name of a field
_MOST_FIELDS: Final = 1000
_LOCAL: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""A path of this site in printable ASCII: neither `//host` nor `/\\host`, nor anything that a browser strips."""


class ForgedForm(Forbidden):
    def __init__(self) -> None:
        super().__init__(
            "This form was opened before you logged in or out, or it comes from another site. "
            "Go back, reload the page, and send it again."
        )


class Site:
    def __init__(
        self,
        public_url: str | None,
        session_seconds: float,
        cookies: str = "pizza",
        always: Callable[[AnyRequest], Mapping[str, object]] = lambda _: {},
    ) -> None:
        """`public_url` is the address that users see; None: whatever host they ask for, over plain HTTP. `cookies`
        begins their names: two servers on one machine share what the browser keeps, whatever their ports are. `always`
        is what every page is drawn with."""
        self._address = Address(public_url)
        self._always = always
        self._host = urlsplit(public_url).netloc if public_url else None
        self._secure = (public_url or "").startswith("https://")
        # The prefix makes browsers refuse the cookie from anyone but this very host over TLS.
        self._prefix = "__Host-" if self._secure else ""
        self._cookies = cookies
        self._session = f"{self._prefix}{cookies}_session"
        self._visitor = f"{self._prefix}{cookies}_visitor"
        self._session_seconds = int(session_seconds)

    def session_token(self, request: AnyRequest) -> str | None:
        return request.cookies.get(self._session) or None

    def session_cookie(self, token: str) -> Cookie:
        return self._cookie(self._session, token, self._session_seconds)

    def no_session_cookie(self) -> Cookie:
        return self._cookie(self._session, "", 0)

    def origin(self, request: AnyRequest) -> str:
        """`https://pizza.example`: for addresses that leave the site."""
        return self._address.of(request.scope)

    def keep(self, name: str, value: str, seconds: int) -> Cookie:
        """A cookie that makes a page more comfortable, and guards nothing."""
        return self._cookie(f"{self._prefix}{self._cookies}_{name}", value, seconds)

    def kept(self, request: AnyRequest, name: str) -> str:
        return request.cookies.get(f"{self._prefix}{self._cookies}_{name}", "")

    def draw(
        self,
        request: AnyRequest,
        template: str,
        *,
        status: int = 200,
        for_anyone: bool = False,
        cookies: Sequence[Cookie] = (),
        **context: object,
    ) -> Template:
        """`for_anyone`: the page has a form that works before anybody has logged in."""
        cookies = list(cookies)
        secret = self.session_token(request) or request.cookies.get(self._visitor)
        if secret is None and for_anyone:
            secret = secrets.token_urlsafe(32)
            cookies.append(self._cookie(self._visitor, secret, None))
        context |= {
            "viewer": request.state.get("viewer", ""),
            "form_token": _derived(secret) if secret else "",
            "origin": self.origin(request),
            **self._always(request),
        }
        return Template(template, context=context, status_code=status, cookies=cookies, media_type=MediaType.HTML)

    async def refuse_forgeries(self, request: AnyRequest) -> None:
        """Before every request of a page; raises ForgedForm."""
        if request.method in {"GET", "HEAD"}:
            return
        self.refuse_forged(request, (await read_form(request)).get(TOKEN_FIELD, ""))

    async def refuse_strangers(self, request: AnyRequest) -> None:
        """Of a form that is too large to be read before we know whose it is: the first of both guards alone."""
        if not self._is_ours(request):
            raise ForgedForm

    def refuse_forged(self, request: AnyRequest, sent: str) -> None:
        """`sent`: the token that came with the form. Raises ForgedForm."""
        known = [request.cookies.get(name) for name in (self._session, self._visitor)]
        genuine = any(hmac.compare_digest(sent.encode(), _derived(secret).encode()) for secret in known if secret)
        if not genuine or not self._is_ours(request):
            raise ForgedForm

    def _is_ours(self, request: AnyRequest) -> bool:
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = request.headers.get("origin")
        # Neither: not a browser of the last years. The token decides.
        return origin is None or urlsplit(origin).netloc in {self._host, request.headers.get("host")}

    def _cookie(self, key: str, value: str, max_age: int | None) -> Cookie:
        return Cookie(
            key=key, value=value, max_age=max_age, path="/", httponly=True, secure=self._secure, samesite="lax"
        )


async def read_form(request: AnyRequest) -> Mapping[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Invalid("send the form as application/x-www-form-urlencoded")
    try:
        text = (await request.body()).decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Invalid("the form cannot be read") from None


def go(path: str, *cookies: Cookie) -> Redirect:
    """See other: a reload of what follows repeats nothing."""
    return Redirect(path, status_code=303, cookies=list(cookies))


def local_path(path: str | None, otherwise: str) -> str:
    """Where to go next, when a stranger may have written the address: only ever a path of this site."""
    return path if path and _LOCAL.fullmatch(path) else otherwise


def with_next(page: str, path: str) -> str:
    """`/login?next=%2Fhistory`"""
    return f"{page}?next={quote(path, safe='')}"


def sentence(message: str) -> str:
    """A refusal's message, as people read it."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")


def _derived(secret: str) -> str:
    # Not the secret itself: pages get saved, cached and printed, and must not hold what opens a session.
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()
