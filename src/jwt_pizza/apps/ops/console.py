"""The console, wired: pages over what the other parts can do."""

from jwt_pizza.apps.ops.base import Part
from jwt_pizza.apps.ops.people import Crew, site_pages
from jwt_pizza.ops.console import charts, overview, pages


def part(crew: Crew) -> Part:
    return Part(handlers=[overview.router, site_pages(crew.site, [pages.router, charts.router])])
