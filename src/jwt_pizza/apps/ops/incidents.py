"""Incidents, wired."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from litestar.di import Provide

from jwt_pizza.apps.ops.alerts import Alerting
from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.people import Crew, site_pages
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.incidents import amends_routes, pages, routes
from jwt_pizza.ops.incidents.amends import AmendsOffice
from jwt_pizza.ops.incidents.gateway import HttpShop
from jwt_pizza.ops.incidents.lookout import IncidentLookout
from jwt_pizza.ops.incidents.remote import Shop
from jwt_pizza.ops.incidents.runbooks import Runbooks
from jwt_pizza.ops.incidents.service import IncidentDesk
from jwt_pizza.ops.incidents.store import PostgresIncidents
from jwt_pizza.ops.incidents.watching import PostgresWatching
from jwt_pizza.ops.telemetry import rules
from jwt_pizza.ops.telemetry.model import Action, Thresholds

_EVERY: Final = 1.0
_SEVERITIES: Final = {"critical": ("critical",), "warning": ("critical", "warning"), "never": ()}


class Response(msgspec.Struct, frozen=True):
    """What further parts need of incidents."""

    incidents: PostgresIncidents
    desk: IncidentDesk
    lookout: IncidentLookout
    runbooks: Runbooks
    office: AmendsOffice
    shop: HttpShop


def response(base: Base, alerting: Alerting) -> Response:
    settings, clock = base.settings, base.clock
    incidents, watching = PostgresIncidents(base.postgres), PostgresWatching(base.postgres)
    shop = http_shop(settings)
    runbooks = _runbooks(base, incidents, watching, shop)
    lookout = IncidentLookout(
        incidents,
        watching,
        shop,
        clock,
        severities=_SEVERITIES[settings.incident_severity],
        act=runbooks.by_themselves,
        trouble=_Trouble(base).tell,
    )
    return Response(
        incidents=incidents,
        desk=IncidentDesk(incidents, lookout, alerting.desk, clock),
        lookout=lookout,
        runbooks=runbooks,
        office=AmendsOffice(incidents, watching, lookout, shop, clock),
        shop=shop,
    )


def http_shop(settings: Settings) -> HttpShop:
    return HttpShop(settings.url, settings.factory_address, settings.ops_token)


class _Trouble:
    """Says once what keeps an incident from being looked at, until it is something else."""

    def __init__(self, base: Base) -> None:
        self._log = base.log
        self._last: dict[int, str] = {}

    def tell(self, incident_id: int, reason: str) -> None:
        if self._last.get(incident_id) != reason:
            self._last[incident_id] = reason
            self._log.warning("an incident was not looked at", incident=incident_id, reason=reason)


def _runbooks(base: Base, incidents: PostgresIncidents, watching: PostgresWatching, shop: Shop) -> Runbooks:
    of_rules: dict[str, tuple[Action, ...]] = {rule.name: rule.actions for rule in rules.built_in(Thresholds())}
    automatic = frozenset(base.settings.runbook_actions)
    return Runbooks(incidents, watching, shop, base.events, base.clock, of_rules=of_rules, automatic=automatic)


def part(base: Base, crew: Crew, made: Response) -> Part:
    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        chore = asyncio.create_task(every(_EVERY, "look after incidents", made.lookout.step, base.clock, base.log))
        try:
            yield
        finally:
            chore.cancel()
            await made.shop.close()

    return Part(
        handlers=[routes.router, amends_routes.router, site_pages(crew.site, [pages.router])],
        dependencies={
            "incident_desk": Provide(lambda: made.desk, sync_to_thread=False),
            "incident_lookout": Provide(lambda: made.lookout, sync_to_thread=False),
            "runbooks": Provide(lambda: made.runbooks, sync_to_thread=False),
            "office": Provide(pages.office, sync_to_thread=False),
            "amends_office": Provide(lambda: made.office, sync_to_thread=False),
        },
        running=running,
    )
