"""What a program may call, read out of the OpenAPI schema: for `/api/docs`, and for the page at `/schema`."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
from litestar import Litestar, Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.web.address import Address

_SERVER: Final = "localhost:3000"
_DEEPEST: Final = 6
_BOUNDLESS: Final = 2**53 - 1
"""What is limited to this is limited by JSON alone."""


class Endpoint(Wire, frozen=True, omit_defaults=True):
    method: str
    path: str
    requires_auth: bool
    description: str
    example: str
    response: object


class Field(msgspec.Struct, frozen=True):
    """`place` is path, query, header or body; `kind` tells type and limits in words."""

    name: str
    place: str
    kind: str
    required: bool
    about: str


class Call(msgspec.Struct, frozen=True):
    """`sent` and `answered` are examples; None where there is nothing in JSON."""

    anchor: str
    group: str
    method: str
    path: str
    secured: bool
    summary: str
    parameters: Sequence[Field]
    fields: Sequence[Field]
    sent: object
    answered: object

    def example(self, server: str = _SERVER) -> str:
        """As a command for the shell."""
        words = ["curl"] if self.method == "GET" else ["curl", "-X", self.method]
        words.append(f"{server}{self.path}")
        if self.secured:
            words.append("-H 'Authorization: Bearer tttttt'")
        if self.sent is not None:
            words.append(f"-H 'Content-Type: application/json' -d '{msgspec.json.encode(self.sent).decode()}'")
        return " ".join(words)


class ReferencePage(OpenAPIRenderPlugin):
    """The page at `/schema` itself. Ours, for want of a reader of schemas that needs no script, keeps to our
    Content-Security-Policy, and can be used by everybody."""

    def __init__(self, address: Address, home: str) -> None:
        """`home` is where the server's other pages begin."""
        super().__init__(path="/")
        self._home = home
        self._address = address
        self._groups: list[tuple[str, list[Call]]] = []

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if not self._groups:
            found = sorted(calls(openapi_schema), key=lambda call: (call.group, call.path, call.method))
            self._groups = [(group, list(those)) for group, those in groupby(found, lambda call: call.group)]
        assert request.app.template_engine is not None
        page: str = request.app.template_engine.get_template("reading/reference.html").render(
            info=openapi_schema["info"],
            home=self._home,
            groups=self._groups,
            pretty=pretty,
            server=self._address.of(request.scope),
        )
        return page.encode()


def endpoints(app: Litestar, prefix: str) -> list[Endpoint]:
    """The calls below `prefix`, by path."""
    return [
        Endpoint(
            method=call.method,
            path=call.path,
            requires_auth=call.secured,
            description=call.summary,
            example=call.example(),
            response=call.answered,
        )
        for call in calls(app.openapi_schema.to_schema())
        if call.path.startswith(prefix)
    ]


def calls(schema: Mapping[str, Any]) -> Iterator[Call]:
    for path, operations in sorted(schema["paths"].items()):
        for method, operation in operations.items():
            sent = _json_of(operation.get("requestBody", {}))
            answered = _json_of(operation.get("responses", {}).get("200", {}))
            yield Call(
                anchor=operation["operationId"],
                group=(operation.get("tags") or ["more"])[0],
                method=method.upper(),
                path=path,
                secured=bool(operation.get("security")),
                summary=operation.get("summary", ""),
                parameters=[
                    Field(
                        each["name"],
                        each["in"],
                        _words(each.get("schema", {}), schema),
                        each.get("required", False),
                        each.get("description", ""),
                    )
                    for each in operation.get("parameters", [])
                ],
                fields=list(_fields(sent, schema)),
                sent=_sample(sent, schema) if sent else None,
                answered=_sample(answered, schema) if answered else None,
            )


def pretty(value: object) -> str:
    """As JSON on several lines."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _json_of(holder: Mapping[str, Any]) -> dict[str, Any]:
    kind: dict[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return kind


def _fields(kind: dict[str, Any], schema: Mapping[str, Any], within: str = "", depth: int = 0) -> Iterator[Field]:
    """Those of an object, and of what is in it: `items[].menuId`."""
    kind = _meant(kind, schema)
    if depth >= _DEEPEST:
        return
    if kind.get("type") == "array":
        yield from _fields(kind.get("items", {}), schema, f"{within}[]", depth + 1)
        return
    for name, part in kind.get("properties", {}).items():
        whole = f"{within}.{name}" if within else name
        required = name in kind.get("required", ())
        yield Field(whole, "body", _words(part, schema), required, part.get("description", ""))
        yield from _fields(part, schema, whole, depth + 1)


def _words(kind: dict[str, Any], schema: Mapping[str, Any]) -> str:
    """`integer, from 1 to 1000, 10 if left out`"""
    meant = _meant(kind, schema)
    if "enum" in meant:
        words = [" or ".join(str(each) for each in meant["enum"] if each is not None)]
    elif meant.get("type") == "array":
        words = ["list"]
    else:
        words = [str(meant.get("format") or meant.get("type") or "anything")]
    for key, form in (
        ("minimum", "at least {:,}"),
        ("maximum", "at most {:,}"),
        ("minLength", "at least {} characters"),
        ("maxLength", "at most {} characters"),
        ("maxItems", "at most {} of them"),
    ):
        limit = meant.get(key)
        if limit is not None and limit < _BOUNDLESS:
            words.append(form.format(int(limit) if limit == int(limit) else limit))
    if kind.get("default") not in (None, "", [], {}):
        words.append(f"{kind['default']} if left out")
    return ", ".join(words)


def _meant(kind: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference names; of several the first that is something."""
    if "$ref" in kind:
        kind = schema["components"]["schemas"][kind["$ref"].rsplit("/", 1)[-1]]
    options = [option for option in kind.get("oneOf", kind.get("anyOf", [])) if option.get("type") != "null"]
    return _meant(options[0], schema) if options else kind


def _sample(kind: dict[str, Any], schema: Mapping[str, Any], depth: int = 0) -> object:
    """A small value of a schema."""
    kind = _meant(kind, schema)
    if "enum" in kind:
        return kind["enum"][0]
    match kind.get("type"):
        case "object" if depth < _DEEPEST:
            return {name: _sample(part, schema, depth + 1) for name, part in kind.get("properties", {}).items()}
        case "array" if depth < _DEEPEST:
            return [_sample(kind.get("items", {}), schema, depth + 1)]
        case "integer":
            return 1
        case "number":
            return 0.0038
        case "boolean":
            return True
        case "string":
            return "…"
    return None
