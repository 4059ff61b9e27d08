"""Reports, wired."""

from collections.abc import Callable, Sequence
from datetime import datetime

from litestar.di import Provide

from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.incidents import Response
from jwt_pizza.apps.ops.people import Crew, site_pages
from jwt_pizza.kernel.wallclock import zone_of
from jwt_pizza.ops.incidents.remote import BY_ITSELF, Minute, Shop
from jwt_pizza.ops.reports import pages, routes
from jwt_pizza.ops.reports.model import Publisher
from jwt_pizza.ops.reports.service import ReportDesk, Shelf
from jwt_pizza.ops.reports.store import PostgresReports


class _Orders:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def read(self, since: datetime, until: datetime) -> Sequence[Minute]:
        return await self._shop.minutes(BY_ITSELF, since, until)


def desk(base: Base, crew: Crew, response: Response, publisher: Publisher, published: Callable[[], None]) -> ReportDesk:
    """Raises Invalid for a time zone that is none."""
    zone = base.settings.report_zone
    zone_of(zone)
    shelf = Shelf(response.incidents, crew.book, _Orders(response.shop), base.clock)
    return ReportDesk(PostgresReports(base.postgres), shelf, publisher, base.clock, zone=zone, published=published)


def part(base: Base, crew: Crew, response: Response, publisher: Publisher, published: Callable[[], None]) -> Part:
    """`published` is called when the status page is to show a report."""
    made = desk(base, crew, response, publisher, published)
    return Part(
        handlers=[routes.router, site_pages(crew.site, [pages.router])],
        dependencies={"report_desk": Provide(lambda: made, sync_to_thread=False)},
    )
