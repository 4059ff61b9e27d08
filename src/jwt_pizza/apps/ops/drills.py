"""Drills from the console, wired."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from litestar.di import Provide

from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.people import Crew, site_pages
from jwt_pizza.kit import process
from jwt_pizza.kit.bell import Bell, whenever
from jwt_pizza.ops.drills import pages, routes
from jwt_pizza.ops.drills.gateway import DrillPlayhouse
from jwt_pizza.ops.drills.jobs import Stagehand
from jwt_pizza.ops.drills.service import DrillDesk
from jwt_pizza.ops.drills.store import PostgresDrills

_EVERY: Final = 1.0


def part(base: Base, crew: Crew) -> Part:
    bell = Bell()
    drills, playhouse = PostgresDrills(base.postgres), DrillPlayhouse()
    desk = DrillDesk(drills, playhouse, base.clock, asked=bell.ring)
    stagehand = Stagehand(drills, playhouse, process.identity("ops", base.clock), base.clock, bell.ring)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        playing = asyncio.create_task(whenever(bell, _EVERY, "drills", stagehand.step, base.clock, base.log))
        try:
            yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await stagehand.close()

    return Part(
        handlers=[routes.router, site_pages(crew.site, [pages.router])],
        dependencies={"drill_desk": Provide(lambda: desk, sync_to_thread=False)},
        running=running,
    )
