"""The outermost layer of every server: request id, CORS, security headers, one log line, metrics."""

import random
import re
import time
from collections.abc import Callable
from typing import Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Histogram

from jwt_pizza.kit import metrics, tracing
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.postgres import trace_id

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_LOCALHOST: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
_JSON: Final = (b"content-type", b"application/json")
_HTML: Final = (b"content-type", b"text/html; charset=utf-8")

LastPage = Callable[[str, str, int, str], bytes]
"""(method, path, status, message) → HTML, drawn without anything that may have failed."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
]


class DeadlinePassed(Exception):
    """The work took longer than a request may; what was not sent by then is not sent."""


class Origins:
    """Which web origins may call the API: exact origins, or `localhost` for any port of this machine."""

    def __init__(self, allowed: str) -> None:
        self._exact = {origin.strip().rstrip("/") for origin in allowed.split(",") if origin.strip()}
        self._local = "localhost" in self._exact

    def __contains__(self, origin: str) -> bool:
        return origin in self._exact or (self._local and _LOCALHOST.fullmatch(origin) is not None)


def _uncounted(status: int) -> None: ...


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        log: Log,
        origins: Origins,
        https: bool = False,
        page: LastPage | None = None,
        count: Callable[[int], None] = _uncounted,
    ) -> None:
        """`count` gets the status of each answer."""
        self._app = app
        self._count = count
        self._service = service
        self._log = log
        self._origins = origins
        self._page = page
        self._fixed = [*_SECURITY]
        if https:
            self._fixed.append((b"strict-transport-security", b"max-age=31536000"))
        self._meters: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given, trace, origin = _wanted(scope)
        span = tracing.RequestSpan(str(scope["method"]), scope["headers"]) if tracing.on else None
        if span is not None:
            trace = span.trace
        # Tells requests apart; it is no secret, so it need not come from the system's entropy.
        trace = trace or given or f"{random.getrandbits(64):016x}"
        request_id = given or trace
        token = trace_id.set(trace)
        answered = 0
        extra = [*self._fixed, (b"x-request-id", request_id.encode())]
        if origin is not None:
            extra.extend(self._cors(origin))

        async def reply(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        try:
            if scope["method"] == "OPTIONS":
                await _answer(reply, 200, b"{}")
            else:
                await self._app(scope, receive, reply)
        except DeadlinePassed:
            if not answered:
                await self._fail(scope, reply, 503, "that took too long, please try again", (b"retry-after", b"1"))
        except Exception as error:  # noqa: BLE001 - the last line of defence: no stack ever reaches a client
            self._log.error("unexpected failure", error)
            if not answered:
                await self._fail(scope, reply, 500, "internal server error")
        finally:
            self._record(scope, answered or 499, time.perf_counter() - started, given)
            trace_id.reset(token)
            if span is not None:
                span.end(_method(scope), scope.get("path_template") or "unknown", answered or 499)

    async def _fail(self, scope: Scope, send: Send, status: int, message: str, *more: tuple[bytes, bytes]) -> None:
        path = str(scope.get("path", ""))
        if self._page is not None and asks_for_page(path, _header(scope, b"accept")):
            body, kind = self._page(str(scope.get("method", "")), path, status, message), _HTML
        else:
            body, kind = error_body(message), _JSON
        await _answer(send, status, body, *more, kind=kind)

    def _cors(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        if origin.decode("latin-1") not in self._origins:
            return [(b"vary", b"Origin")]
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-allow-methods", b"GET, POST, PUT, DELETE"),
            (b"access-control-allow-headers", b"Content-Type, Authorization, Idempotency-Key"),
            (b"access-control-expose-headers", b"Idempotent-Replayed, Retry-After, X-Request-Id"),
            (b"access-control-max-age", b"600"),
            (b"vary", b"Origin"),
        ]

    def _record(self, scope: Scope, status: int, seconds: float, request_id: str | None) -> None:
        # The template, not the path: paths may carry keys, and every value of a label costs memory.
        route = scope.get("path_template") or "unknown"
        method = _method(scope)
        meter = self._meters.get((route, method, status))
        if meter is None:
            meter = metrics.REQUESTS.labels(self._service, route, method, str(status))
            self._meters[route, method, status] = meter
        meter.observe(seconds)
        self._count(status)
        ms = round(seconds * 1000, 2)
        if request_id is None or request_id == trace_id.get():
            self._log.soon("request", method=method, route=route, status=status, ms=ms)
        else:
            self._log.soon("request", method=method, route=route, status=status, ms=ms, request_id=request_id)


def _method(scope: Scope) -> str:
    method = str(scope.get("method", ""))
    return method if method in _METHODS else "other"


def _wanted(scope: Scope) -> tuple[str | None, str | None, bytes | None]:
    """Of the headers the request's id, the trace that it belongs to, and its origin."""
    given = trace = origin = None
    for name, value in scope["headers"]:
        if name == b"origin":
            origin = value
        elif name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            given = value.decode()
        elif name == b"traceparent":
            trace = tracing.trace_of(value)
    return given, trace, origin


async def _answer(
    send: Send, status: int, body: bytes, *more: tuple[bytes, bytes], kind: tuple[bytes, bytes] = _JSON
) -> None:
    headers = [kind, (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def asks_for_page(path: str, accept: str) -> bool:
    """Whether an answer goes to a person: programs, and everything under `/api`, get JSON."""
    if path == "/api" or path.startswith(("/api/", "/factory/api/", "/schema")):
        return False
    return "text/html" in accept


def error_body(message: str) -> bytes:
    return msgspec.json.encode({"message": message})
