"""The console, wired: pages over what the other parts can do."""

from litestar.di import Provide

from jwt_pizza.apps import parts
from jwt_pizza.apps.ops.alerts import Alerting
from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.incidents import Response
from jwt_pizza.apps.ops.people import Crew, site_pages
from jwt_pizza.ops.console import attempts, charts, connections, coverage, following, keys, on_call, overview, pages
from jwt_pizza.ops.console.board import Board, Situation, situation
from jwt_pizza.ops.console.following import Following
from jwt_pizza.ops.console.setup import audit, chains, heartbeats, people, routes, schedule, silences, statistics
from jwt_pizza.ops.console.setup.visit import visit_of
from jwt_pizza.ops.console.store import PostgresMarks
from jwt_pizza.ops.telemetry.fleet import Fleet, View
from jwt_pizza.web import templates


def part(base: Base, crew: Crew, alerting: Alerting, response: Response, fleet: Fleet) -> Part:
    drawing = templates.engine(parts.VERSION).engine_instance.engine.get_template("console/live.html")

    async def look() -> Situation:
        return await situation(View(fleet, base.clock.monotonic()), response.desk, alerting.desk)

    def draw(now: Situation) -> str:
        return drawing.render(now=now)

    board = Board(look, draw, base.clock, longest=base.settings.request_seconds * 0.8)
    follow = Following(PostgresMarks(base.postgres), base.clock, longest=base.settings.request_seconds * 0.8)
    looking = (pages, following, attempts, charts, connections, coverage, on_call, keys)
    setting_up = (people, schedule, chains, routes, silences, heartbeats, statistics, audit)
    handlers = [each.router for each in (*looking, *setting_up)]
    return Part(
        handlers=[overview.router, site_pages(crew.site, handlers)],
        dependencies={
            "visit": Provide(visit_of),
            "clock": Provide(lambda: base.clock, sync_to_thread=False),
            "board": Provide(lambda: board, sync_to_thread=False),
            "following": Provide(lambda: follow, sync_to_thread=False),
        },
    )
