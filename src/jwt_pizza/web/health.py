"""Is it alive, is it ready, what does it count."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from litestar import MediaType, Response, Router, get

from jwt_pizza.kit import exposition
from jwt_pizza.kit.logs import Log

Check = Callable[[], Awaitable[object]]


def router(checks: Mapping[str, Check], log: Log, flush: Callable[[], None]) -> Router:
    """Ready means that every check returns something true; one that raises has failed. `flush` brings the metrics of
    this process up to date."""

    @get("/healthz", include_in_schema=False)
    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    @get("/readyz", include_in_schema=False)
    async def ready() -> Response[bytes]:
        results: dict[str, Any] = {}
        for name, check in checks.items():
            try:
                results[name] = "ok" if await check() else "not ready"
            except Exception as error:  # noqa: BLE001 - whatever it is, this process is not ready
                log.warning("not ready", check=name, reason=type(error).__name__)
                results[name] = "not ready"
        good = all(result == "ok" for result in results.values())
        answer = msgspec.json.encode({"status": "ready" if good else "not ready", "checks": results})
        return Response(answer, status_code=200 if good else 503, media_type=MediaType.JSON)

    @get("/metrics", include_in_schema=False)
    async def counted() -> Response[bytes]:
        flush()
        return Response(exposition.exposition(), headers={"content-type": exposition.CONTENT_TYPE})

    return Router("/", route_handlers=[alive, ready, counted])
