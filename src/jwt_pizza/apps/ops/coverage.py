"""The coverage report, wired."""

from litestar.di import Provide

from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.people import Crew
from jwt_pizza.apps.ops.schedules import Watchbill
from jwt_pizza.ops.coverage import routes
from jwt_pizza.ops.coverage.service import CoverageDesk
from jwt_pizza.ops.coverage.store import PostgresPlans


def part(base: Base, crew: Crew, watchbill: Watchbill) -> Part:
    desk = CoverageDesk(crew.book, watchbill.desk, PostgresPlans(base.postgres), base.clock)
    return Part(handlers=[routes.router], dependencies={"coverage_desk": Provide(lambda: desk, sync_to_thread=False)})
