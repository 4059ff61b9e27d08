"""A scenario, played on a stage: traffic, attacks and the responder, each in its time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from jwt_pizza.drill import attacks
from jwt_pizza.drill.diners import Diners
from jwt_pizza.drill.figures import Measured, measure
from jwt_pizza.drill.responder import Pages, Responder
from jwt_pizza.drill.scenario import Scenario, Way
from jwt_pizza.drill.stage import Stage, until
from jwt_pizza.kit.postgres import Postgres

_PATIENCE: Final = 60.0
"""Seconds of the scenario for which what was begun may go on after its end."""

Respond = Callable[[Responder], Awaitable[bool]]
"""Returns when the responder has done everything; whether the drill is over with that."""


async def scripted(responder: Responder) -> bool:
    """As the scenario says."""
    await responder.respond()
    return False


async def play(stage: Stage, scenario: Scenario, way: Way, pages: Pages, respond: Respond = scripted) -> Measured:
    pages.watch(stage)
    diners = Diners(stage, scenario.setup(way).alert_after or 0.0)
    responder = Responder(stage, scenario, way, pages)
    end = asyncio.create_task(until(stage, scenario.at(scenario.ends)))
    responding = asyncio.create_task(_until_over(respond(responder), end))
    playing = [asyncio.create_task(attacks.attack(stage, scenario, plan)) for plan in scenario.attacks]
    playing.append(asyncio.create_task(diners.come(scenario)))
    try:
        await asyncio.wait([end])
        if not end.cancelled():
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE / stage.speed):
                    await asyncio.wait([*playing, responding])
    finally:
        parts = [end, responding, *playing]
        for part in parts:
            part.cancel()
        results = await asyncio.gather(*parts, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    postgres = Postgres(stage.database_url, name="jwt-pizza drill", size=2)
    await postgres.open()
    try:
        return await measure(stage, diners, responder.done, pages, postgres)
    finally:
        await postgres.close()


async def _until_over(responding: Awaitable[bool], end: "asyncio.Task[None]") -> None:
    if await responding:
        end.cancel()
