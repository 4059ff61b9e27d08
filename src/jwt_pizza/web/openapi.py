"""OpenAPI at `/schema`, with a UI whose files come with the product: no page asks another host for anything."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router

from jwt_pizza.kernel.wire import Wire

UI_FILES: Final = Path(str(files("openapi_ui_bundles"))) / "swagger_ui" / "vendor"
_UI_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} API</title>
<link rel="stylesheet" href="/schema-ui/swagger-ui.css">
</head>
<body>
<div id="swagger-ui">
<p>This page needs JavaScript; <a href="/schema/openapi.json">the schema itself</a> does not.</p>
</div>
<script src="/schema-ui/swagger-ui-bundle.js"></script>
<script src="/schema-ui/start.js"></script>
</body>
</html>
"""
_UI_START: Final = """window.addEventListener("load", () => {
  SwaggerUIBundle({ url: "/schema/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
});
"""


class Endpoint(Wire, frozen=True, omit_defaults=True):
    method: str
    path: str
    requires_auth: bool
    description: str
    example: str
    response: object


class Docs(Wire, frozen=True):
    version: str
    endpoints: Sequence[Endpoint]
    config: dict[str, str]


def answers(kind: Any) -> dict[int, ResponseSpec]:  # noqa: ANN401 - any type that the schema can describe
    """For a handler that returns bytes: what they hold."""
    return {200: ResponseSpec(data_container=kind, description="OK", generate_examples=False)}


def config(title: str, version: str, description: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=title,
        version=version,
        description=description,
        path="/schema",
        render_plugins=[LocalSwagger(title), _Json(), _Yaml()],
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
    )


class LocalSwagger(OpenAPIRenderPlugin):
    """The page at `/schema` itself."""

    def __init__(self, title: str) -> None:
        super().__init__(path="/")
        self._page = _UI_PAGE.format(title=title).encode()

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return self._page


class _Json(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _with_errors(openapi_schema))


class _Yaml(YamlRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _with_errors(openapi_schema))


def ui_files() -> Router:
    """What the page at `/schema` loads."""

    @get("/start.js", include_in_schema=False)
    async def start() -> Response[str]:
        return Response(_UI_START, media_type="text/javascript")

    bundle = create_static_files_router(path="/", directories=[UI_FILES], include_in_schema=False)
    return Router("/schema-ui", route_handlers=[start, bundle])


def endpoints(app: Litestar, prefix: str) -> list[Endpoint]:
    """The calls below `prefix` for `/api/docs`, from the OpenAPI schema, so that the two cannot differ."""
    schema = app.openapi_schema.to_schema()
    found = []
    for path, operations in sorted(schema["paths"].items()):
        if not path.startswith(prefix):
            continue
        for method, operation in operations.items():
            secured = bool(operation.get("security"))
            found.append(
                Endpoint(
                    method=method.upper(),
                    path=path,
                    requires_auth=secured,
                    description=operation.get("summary", ""),
                    example=_curl(method.upper(), path, secured, operation, schema),
                    response=_response(operation, schema),
                )
            )
    return found


def docs_route(path: str, prefix: str, version: str, configuration: dict[str, str]) -> HTTPRouteHandler:
    """`GET /api/docs`: version, endpoints, configuration."""
    made: list[bytes] = []

    @get(path, summary="This documentation", tags=["docs"], name=f"docs:{path}", responses=answers(Docs))
    async def docs(request: Request[Any, Any, Any]) -> Response[bytes]:
        if not made:
            docs = Docs(version=version, endpoints=endpoints(request.app, prefix), config=configuration)
            made.append(msgspec.json.encode(docs))
        return Response(made[0], media_type=MediaType.JSON)

    return docs


def _with_errors(schema: dict[str, Any]) -> dict[str, Any]:
    """Every call may fail, and all failures look the same: one default answer, in place of the framework's own."""
    reference = {"schema": {"$ref": "#/components/schemas/Failure"}}
    failure = {"description": "What to change, or what went wrong.", "content": {"application/json": reference}}
    message = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}

    def complete(operation: dict[str, Any]) -> dict[str, Any]:
        # A failure that is no JSON (a badge that says so) is told apart.
        good = {
            status: answer
            for status, answer in operation["responses"].items()
            if status < "400" or not answer.get("content", {}).keys() <= {"application/json"}
        }
        return operation | {"responses": good | {"default": failure}}

    paths = {
        path: {method: complete(operation) for method, operation in operations.items()}
        for path, operations in schema["paths"].items()
    }
    components = schema["components"]
    schemas = components.get("schemas", {}) | {"Failure": message}
    return schema | {"paths": paths, "components": components | {"schemas": schemas}}


def _curl(method: str, path: str, secured: bool, operation: dict[str, Any], schema: dict[str, Any]) -> str:
    words = ["curl"] if method == "GET" else ["curl", "-X", method]
    words.append(f"localhost:3000{path}")
    if secured:
        words.append("-H 'Authorization: Bearer tttttt'")
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        example = msgspec.json.encode(_sample(content.get("schema", {}), schema)).decode()
        words.append(f"-H 'Content-Type: application/json' -d '{example}'")
    return " ".join(words)


def _response(operation: dict[str, Any], schema: dict[str, Any]) -> object:
    content = operation.get("responses", {}).get("200", {}).get("content", {}).get("application/json")
    return _sample(content.get("schema", {}), schema) if content else None


def _sample(kind: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> object:
    """A small value of a schema."""
    if "$ref" in kind:
        kind = schema["components"]["schemas"][kind["$ref"].rsplit("/", 1)[-1]]
    options = [option for option in kind.get("oneOf", kind.get("anyOf", [])) if option.get("type") != "null"]
    if options:
        return _sample(options[0], schema, depth)
    if "enum" in kind:
        return kind["enum"][0]
    match kind.get("type"):
        case "object" if depth < 6:
            return {name: _sample(part, schema, depth + 1) for name, part in kind.get("properties", {}).items()}
        case "array" if depth < 6:
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
