"""Operations, in a process of its own: a saturated or dead shop does not take it along."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp

from jwt_pizza.apps import database, parts
from jwt_pizza.apps.ops import (
    alerts,
    console,
    coverage,
    drills,
    incidents,
    paging,
    people,
    reports,
    schedules,
    status,
    telemetry,
)
from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.kernel.clock import Clock, SystemClock
from jwt_pizza.kit.settings import Settings
from jwt_pizza.kit.telemetry import Telemetry
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.ops.status.gateway import HttpProbe
from jwt_pizza.ops.status.service import Lookout
from jwt_pizza.ops.telemetry.fleet import Fleet
from jwt_pizza.web import assets, health, templates
from jwt_pizza.web.error_pages import ErrorPages

_LARGEST_POST: Final = 4 * 1024 * 1024
"""Alertmanager sends a group as one post, however large: refusing it would lose its alerts."""


def app(settings: Settings, database_url: str, clock: Clock | None = None) -> ASGIApp:
    settings = msgspec.structs.replace(settings, max_body_bytes=max(settings.max_body_bytes, _LARGEST_POST))
    log = parts.log_of("ops", settings)
    clock = clock or SystemClock()
    # It starts without a database, too: that is when somebody must be paged.
    postgres = parts.pool(settings, database_url, "jwt-pizza ops", clock=clock, least=0, replan=True)
    own = Telemetry("ops", parts.VERSION, postgres, clock, log)
    base = Base(settings, postgres, clock, log, PostgresEvents(postgres), database_url)
    lookout = Lookout(
        [
            HttpProbe("shop", f"{settings.url}/readyz"),
            HttpProbe("factory", f"{settings.factory_address}/.well-known/jwks.json"),
        ]
    )
    together = wired(base, own, lookout)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(parts.watched(postgres, settings, clock, log, own))
            for part in together:
                if part.running is not None:
                    await stack.enter_async_context(part.running())
            yield

    template_config = templates.engine(parts.VERSION)
    checks = {"ops schema": database.schema_check(postgres, "ops")}
    for part in together:
        checks |= part.checks
    return parts.build(
        own,
        settings=settings,
        log=log,
        title="JWT Pizza Ops",
        description="Alerts, on-call, paging, and whether each part of the system is up.",
        public_url=settings.ops_public_url,
        handlers=[
            *(handler for part in together for handler in part.handlers),
            health.router(checks, log, own.flush),
            assets.router,
        ],
        dependencies={
            "lookout": Provide(lambda: lookout, sync_to_thread=False),
            "version": Provide(lambda: parts.VERSION, sync_to_thread=False),
            **{name: given for part in together for name, given in part.dependencies.items()},
        },
        lifespan=lifespan,
        lanes={place: lane for part in together for place, lane in part.lanes.items()},
        page=ErrorPages(template_config.engine_instance, layout="ops.html", login="/login", aside=lambda *_: ""),
        template_config=template_config,
    )


def wired(base: Base, own: Telemetry, lookout: Lookout) -> Sequence[Part]:
    """Each part knows the ones before it."""
    alerting = alerts.Alerting(base, base.bell.ring)
    crew = people.crew(base)
    watchbill = schedules.watchbill(base, crew)
    response = incidents.response(base, alerting)
    public = status.public(base, lookout)
    fleet = Fleet()
    return [
        people.part(base, crew),
        schedules.part(base, watchbill),
        coverage.part(base, crew, watchbill),
        alerts.part(base, alerting),
        paging.part(base, crew, watchbill.desk, alerting),
        telemetry.part(base, own, alerting.intake, fleet),
        incidents.part(base, crew, response),
        reports.part(base, crew, response, public.book, public.changed.ring),
        status.part(base, crew, public),
        drills.part(base, crew),
        console.part(base, crew, alerting, response, fleet),
    ]
