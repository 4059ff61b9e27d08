"""Who is on call, wired."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from litestar.di import Provide

from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.people import Crew
from jwt_pizza.kit.periodic import every
from jwt_pizza.ops.schedules import routes
from jwt_pizza.ops.schedules.gateway import HttpCalendars
from jwt_pizza.ops.schedules.jobs import CalendarReader, Historian
from jwt_pizza.ops.schedules.service import ScheduleDesk
from jwt_pizza.ops.schedules.store import PostgresSchedules

_EVERY: Final = 5.0


class Watchbill(msgspec.Struct, frozen=True):
    """What further parts need: `desk` is the port `OnCall`."""

    desk: ScheduleDesk
    historian: Historian
    reader: CalendarReader


def watchbill(base: Base, crew: Crew) -> Watchbill:
    settings = base.settings
    book = PostgresSchedules(base.postgres)
    source = HttpCalendars(deadline=settings.calendar_seconds, private=settings.calendar_private)
    return Watchbill(
        desk=ScheduleDesk(book, crew.book, source, base.clock),
        historian=Historian(book, base.clock),
        reader=CalendarReader(book, source, base.clock, every=settings.calendar_every_minutes * 60),
    )


def part(base: Base, made: Watchbill) -> Part:
    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        chores = [
            asyncio.create_task(every(_EVERY, "write on-call history", made.historian.step, base.clock, base.log)),
            asyncio.create_task(every(_EVERY, "read calendars", made.reader.step, base.clock, base.log)),
        ]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()

    return Part(
        handlers=[routes.router],
        dependencies={
            "schedule_desk": Provide(lambda: made.desk, sync_to_thread=False),
            "names": Provide(routes.names_of),
        },
        running=running,
    )
