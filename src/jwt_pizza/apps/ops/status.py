"""The public status page, wired."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from litestar.di import Provide

from jwt_pizza.apps import parts
from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.channels import public_address
from jwt_pizza.apps.ops.people import Crew, site_pages
from jwt_pizza.kit.bell import Bell, whenever
from jwt_pizza.kit.periodic import every
from jwt_pizza.ops.people.store import PostgresThrottle
from jwt_pizza.ops.status import folder, pages, routes
from jwt_pizza.ops.status.board import Board
from jwt_pizza.ops.status.mailing import Postman
from jwt_pizza.ops.status.press import Press
from jwt_pizza.ops.status.rack import Rack
from jwt_pizza.ops.status.service import Gauge, Lookout, StatusDesk
from jwt_pizza.ops.status.store import PostgresMeasurements, PostgresStatus
from jwt_pizza.ops.status.subscriber_store import PostgresSubscribers
from jwt_pizza.ops.status.subscribers import Seals, SubscriberDesk
from jwt_pizza.web import assets, templates

_MEASURE_EVERY: Final = 10.0
_LOOK_EVERY: Final = 3.0
"""After which a process sees what another one has changed, at the latest."""
_SEND_EVERY: Final = 5.0
_FORGET_EVERY: Final = 3600.0


class Public(msgspec.Struct, frozen=True):
    """`changed` is rung when the page is to be drawn anew, `queued` when there are letters."""

    book: PostgresStatus
    measurements: PostgresMeasurements
    gauge: Gauge
    press: Press
    rack: Rack
    subscribers: SubscriberDesk
    postman: Postman
    changed: Bell
    queued: Bell


def public(base: Base, lookout: Lookout) -> Public:
    settings, postgres, clock = base.settings, base.postgres, base.clock
    address, name = public_address(settings), settings.status_name
    environment = templates.engine(parts.VERSION).engine_instance.engine
    press = Press(
        environment.get_template,
        address=address,
        style=assets.address("status.css"),
        name=name,
        objective=settings.status_objective,
    )
    style = assets.load("status.css").body.decode()

    def printed(board: Board) -> None:
        if settings.status_dir is None:
            return
        try:
            folder.write(settings.status_dir, press.folder(board, style))
        except OSError as error:
            base.log.error("the status page was not written", error, folder=str(settings.status_dir))

    book, measurements = PostgresStatus(postgres), PostgresMeasurements(postgres)
    subscribers = PostgresSubscribers(postgres)
    seals, queued = Seals(subscribers), Bell()
    return Public(
        book=book,
        measurements=measurements,
        gauge=Gauge(measurements, lookout, clock),
        press=press,
        rack=Rack(book, press, clock, printed=printed),
        subscribers=SubscriberDesk(subscribers, seals, PostgresThrottle(postgres), clock, queued=queued.ring),
        postman=Postman(subscribers, seals, parts.mail(settings), clock, address=address, name=name),
        changed=Bell(),
        queued=queued,
    )


def part(base: Base, crew: Crew, made: Public) -> Part:
    clock, log = base.clock, base.log

    def told() -> None:
        made.changed.ring()
        made.queued.ring()

    async def forget() -> None:
        await made.subscribers.forget()
        await made.measurements.forget(clock.now())

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        chores = [
            asyncio.create_task(chore)
            for chore in (
                every(_MEASURE_EVERY, "measure for the status page", made.gauge.step, clock, log),
                whenever(made.changed, _LOOK_EVERY, "draw the status page", made.rack.step, clock, log),
                whenever(made.queued, _SEND_EVERY, "mail subscribers", made.postman.step, clock, log),
                every(_FORGET_EVERY, "forget old subscriptions", forget, clock, log),
            )
        ]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()

    given: dict[str, object] = {
        "status_desk": StatusDesk(made.book, clock, changed=told),
        "status_rack": made.rack,
        "status_press": made.press,
        "subscriber_desk": made.subscribers,
    }
    return Part(
        handlers=[routes.router, pages.public, site_pages(crew.site, [pages.router])],
        dependencies={name: _provided(value) for name, value in given.items()},
        lanes=made.rack.lanes(),
        running=running,
    )


def _provided(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
