"""What every deployable is built from."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final

from litestar import Litestar
from litestar.types import ASGIApp, ControllerRouterHandler, ExceptionHandlersMap

from jwt_pizza.kernel.clock import Clock, SystemClock
from jwt_pizza.kit import leasewatch, tracing
from jwt_pizza.kit.leasewatch import LeaseWatch
from jwt_pizza.kit.logs import Log, capture_library_logs
from jwt_pizza.kit.mail import Outbox, Smtp
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.postgres import Postgres, Reserve
from jwt_pizza.kit.reporting import OpsDoor, Reporter
from jwt_pizza.kit.settings import Settings
from jwt_pizza.kit.telemetry import Telemetry
from jwt_pizza.web import errors, openapi
from jwt_pizza.web.address import Address
from jwt_pizza.web.edge import Edge, Origins
from jwt_pizza.web.error_pages import ErrorPages
from jwt_pizza.web.express import Express, Gate, Lane
from jwt_pizza.web.operators import Operators

VERSION: Final = version("jwt-pizza")


def log_of(service: str, settings: Settings) -> Log:
    log = Log(service, level=settings.log_level)
    capture_library_logs(log)
    return log


def pool(
    settings: Settings,
    url: str,
    name: str,
    reserve: Reserve = Reserve(),  # noqa: B008 - frozen
    clock: Clock = SystemClock(),  # noqa: B008 - has no state
    least: int = 2,
    *,
    replan: bool = False,
) -> Postgres:
    """`clock` must be the one of the watch: leases are timed by both."""
    return Postgres(
        url,
        name=name,
        size=settings.pool_size,
        wait=settings.pool_wait_seconds,
        statement=settings.statement_seconds,
        reserve=reserve,
        clock=clock,
        least=least,
        replan=replan,
    )


def mail(settings: Settings) -> Smtp | Outbox:
    if settings.smtp_url:
        return Smtp(settings.smtp_url, sender=settings.mail_from, deadline=settings.mail_seconds)
    return Outbox(settings.data_home / "outbox", sender=settings.mail_from)


def operators(settings: Settings, token: str | None) -> Operators:
    """Whether ops, which shows this token, may act here for its people."""
    alone = settings.public_url is None and not settings.trusted_proxies
    return Operators(token, alone=alone)


def build(
    telemetry: Telemetry,
    *,
    settings: Settings,
    log: Log,
    title: str,
    description: str,
    public_url: str | None,
    home: str = "/",
    handlers: list[ControllerRouterHandler],
    dependencies: dict[str, Any],
    lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]],
    page: ErrorPages | None = None,
    lanes: Mapping[tuple[str, str], Lane] = MappingProxyType({}),
    gates: Mapping[tuple[str, str], Gate] = MappingProxyType({}),
    **more: Any,  # noqa: ANN401 - further arguments of Litestar
) -> ASGIApp:
    exception_handlers: ExceptionHandlersMap = errors.handlers(log, page)
    app = Litestar(
        route_handlers=handlers,
        dependencies=dependencies,
        exception_handlers=exception_handlers,
        lifespan=[lifespan],
        on_shutdown=[log.flush],
        openapi_config=openapi.config(title, VERSION, description, Address(public_url), home),
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
        debug=False,
        **more,
    )
    https = (public_url or "").startswith("https://")
    origins = Origins(settings.allowed_origins)
    express = Express(app, lanes, gates, log=log, most_bytes=settings.max_body_bytes, deadline=settings.request_seconds)
    last_page = page.draw if page else None
    return Edge(
        express,
        service=telemetry.service,
        log=log,
        origins=origins,
        https=https,
        page=last_page,
        count=telemetry.tally.request,
    )


@asynccontextmanager
async def opened(postgres: Postgres) -> AsyncIterator[Postgres]:
    await postgres.open()
    try:
        yield postgres
    finally:
        await postgres.close()


@asynccontextmanager
async def traced(settings: Settings, telemetry: Telemetry) -> AsyncIterator[None]:
    exporting = tracing.exporting(settings, telemetry.service, telemetry.version)
    exporting.__enter__()
    try:
        yield
    finally:
        # It sends what is left, and waits for the answer.
        await asyncio.to_thread(exporting.__exit__, None, None, None)


@asynccontextmanager
async def watched(
    postgres: Postgres, settings: Settings, clock: Clock, log: Log, telemetry: Telemetry
) -> AsyncIterator[None]:
    """The pool, open; its leases are watched, and everything is counted."""
    watch = LeaseWatch(
        postgres,
        clock,
        log,
        leak_after=settings.lease_leak_seconds,
        reclaim_after=settings.lease_reclaim_seconds,
        notes=telemetry.happenings,
    )
    async with opened(postgres), traced(settings, telemetry), telemetry.running():
        looking = asyncio.create_task(every(leasewatch.EVERY, "watch database connections", watch.look, clock, log))
        try:
            yield
        finally:
            looking.cancel()


@asynccontextmanager
async def reported(telemetry: Telemetry, settings: Settings, clock: Clock, log: Log) -> AsyncIterator[None]:
    """Ops hears how this process is, if there is an ops."""
    if settings.ops_url is None:
        yield
        return
    door = OpsDoor(settings.ops_url, settings.ops_token)
    try:
        async with Reporter(telemetry, door.push, clock, log).running():
            yield
    finally:
        await door.close()
