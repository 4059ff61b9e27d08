"""Every failure becomes `{"message": …}` with the right status, or a page for a browser; never a stack."""

import re
from collections.abc import Callable
from http import HTTPStatus

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)

from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit.logs import Log
from jwt_pizza.web.edge import asks_for_page, error_body

AnyRequest = Request[object, object, object]  # type: ignore[type-var]
Page = Callable[[AnyRequest, int, str], Response[bytes]]
_LONGEST = 300
"""Characters of a message: it may quote what was sent."""
_EXTRA_WHERE = re.compile(r" - at `\$\.?(?P<where>[^`]*)`")


def handlers(journal: Log, page: Page | None = None) -> dict[int | type[Exception], Callable[..., Response[bytes]]]:
    """`page` draws the error for a browser that asked for HTML outside `/api`."""

    def answer(request: AnyRequest, status: int, message: str, retry_after: int | None = None) -> Response[bytes]:
        if len(message) > _LONGEST:
            message = message[:_LONGEST] + "…"
        if page is not None and wants_html(request):
            response = page(request, status, message)
        else:
            response = Response(error_body(message), status_code=status, media_type=MediaType.JSON)
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        return response

    def refused(request: AnyRequest, error: Refusal) -> Response[bytes]:
        if error.status >= 500:
            journal.failed(error)
        return answer(request, error.status, error.message, error.retry_after)

    def http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
        if isinstance(error, NotFoundException):
            return answer(request, 404, "unknown endpoint")
        if isinstance(error, MethodNotAllowedException):
            return answer(request, 405, "method not allowed here")
        if isinstance(error, ValidationException):
            return answer(request, 400, _what_to_change(error))
        status = error.status_code
        if status >= 500:
            journal.error("unexpected failure", error)
            return answer(request, 500, "internal server error")
        return answer(request, status, error.detail or HTTPStatus(status).phrase.lower())

    def undecodable(request: AnyRequest, error: Exception) -> Response[bytes]:
        return answer(request, 400, readable(str(error)))

    def unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
        journal.error("unexpected failure", error)
        return answer(request, 500, "internal server error")

    return {
        Refusal: refused,
        HTTPException: http,
        SerializationException: undecodable,
        msgspec.ValidationError: undecodable,
        msgspec.DecodeError: undecodable,
        UnicodeDecodeError: lambda request, _: answer(request, 400, "the body must be UTF-8"),
        RecursionError: lambda request, _: answer(request, 400, "the JSON is nested too deeply"),
        Exception: unexpected,
    }


def wants_html(request: AnyRequest) -> bool:
    return asks_for_page(request.url.path, request.headers.get("accept", ""))


def _what_to_change(error: ValidationException) -> str:
    if isinstance(error.extra, list) and error.extra:
        parts = []
        for entry in error.extra:
            if isinstance(entry, dict):
                key = str(entry.get("key", "")).removeprefix("$.")
                message = readable(str(entry.get("message", "")))
                parts.append(f"{key}: {message}" if key else message)
        if parts:
            return "; ".join(parts)
    cause = error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, msgspec.DecodeError):
            return readable(str(cause))
        if isinstance(cause, RecursionError):
            return "the JSON is nested too deeply"
        cause = cause.__cause__ or cause.__context__
    return readable(error.detail)


def readable(message: str) -> str:
    """msgspec's "Expected `int`, got `str` - at `$.items[0].menuId`" as "items[0].menuId: expected int, got str"."""
    where = _EXTRA_WHERE.search(message)
    plain = _EXTRA_WHERE.sub("", message).replace("`", "")
    plain = plain[:1].lower() + plain[1:]
    return f"{where['where']}: {plain}" if where and where["where"] else plain
