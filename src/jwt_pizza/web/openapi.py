"""OpenAPI at `/schema`: as JSON, as YAML, and as a page."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from jwt_pizza.kernel.wire import Wire
from jwt_pizza.web.address import Address
from jwt_pizza.web.reference import Endpoint, ReferencePage, endpoints


class Docs(Wire, frozen=True):
    version: str
    endpoints: Sequence[Endpoint]
    config: dict[str, str]


def answers(kind: Any) -> dict[int, ResponseSpec]:  # noqa: ANN401 - any type that the schema can describe
    """For a handler that returns bytes: what they hold."""
    return {200: ResponseSpec(data_container=kind, description="OK", generate_examples=False)}


def config(title: str, version: str, description: str, address: Address, home: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=title,
        version=version,
        description=description,
        path="/schema",
        render_plugins=[ReferencePage(address, home), _Json(), _Yaml()],
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
    )


class _Json(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _with_errors(openapi_schema))


class _Yaml(YamlRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _with_errors(openapi_schema))


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
