"""A scenario, played on a stage: traffic, attacks and the responder, each in its time."""

import asyncio
from contextlib import suppress

from jwt_pizza.drill import attacks
from jwt_pizza.drill.diners import Diners
from jwt_pizza.drill.figures import Measured, measure
from jwt_pizza.drill.responder import Pages, Responder
from jwt_pizza.drill.scenario import Scenario, Way
from jwt_pizza.drill.stage import Stage, until
from jwt_pizza.kit.postgres import Postgres

_PATIENCE = 60.0
"""Seconds of the scenario for which what was begun may go on after its end."""


async def play(stage: Stage, scenario: Scenario, way: Way, pages: Pages) -> Measured:
    pages.watch(stage)
    diners, responder = Diners(stage, scenario.setup(way).alert_after or 0.0), Responder(stage, scenario, way, pages)
    attacking = [asyncio.create_task(attacks.attack(stage, scenario, plan)) for plan in scenario.attacks]
    parts = [asyncio.create_task(diners.come(scenario)), asyncio.create_task(responder.respond()), *attacking]
    try:
        await until(stage, scenario.at(scenario.ends))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE / stage.speed):
                await asyncio.wait(parts)
    finally:
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
