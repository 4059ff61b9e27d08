"""The roster, wired: who is it that calls, and how are people reached?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from jwt_pizza.apps.ops import demo
from jwt_pizza.apps.ops.base import Base, Part
from jwt_pizza.apps.ops.couriers import Couriers
from jwt_pizza.kernel.errors import Unauthorized
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.people import gateway, pages, routes
from jwt_pizza.ops.people.contact_store import PostgresContacts
from jwt_pizza.ops.people.contacts import ContactDesk
from jwt_pizza.ops.people.login import Door
from jwt_pizza.ops.people.model import Limits, Person
from jwt_pizza.ops.people.service import PeopleDesk
from jwt_pizza.ops.people.store import PostgresPeople, PostgresSessions, PostgresThrottle
from jwt_pizza.web.api import AnyRequest, bearer_token
from jwt_pizza.web.site import Site

_FORM = "application/x-www-form-urlencoded"


class Crew(msgspec.Struct, frozen=True):
    """What further parts need: `book` is the port `People`, `couriers` learn from them how to send."""

    book: PostgresPeople
    sessions: PostgresSessions
    passwords: Passwords
    door: Door
    desk: PeopleDesk
    contact_desk: ContactDesk
    site: Site
    couriers: Couriers


def crew(base: Base) -> Crew:
    settings, clock = base.settings, base.clock
    limits = limits_of(settings)
    book = PostgresPeople(base.postgres, clock)
    sessions = PostgresSessions(base.postgres)
    throttle = PostgresThrottle(base.postgres)
    passwords = Passwords(threads=settings.hash_threads, waiting=settings.hash_waiting)
    couriers = Couriers()
    return Crew(
        book=book,
        sessions=sessions,
        passwords=passwords,
        door=Door(book, sessions, throttle, passwords, limits, clock),
        desk=PeopleDesk(book, passwords, limits, clock),
        contact_desk=ContactDesk(
            PostgresContacts(base.postgres), throttle, couriers, gateway.understands, limits, clock
        ),
        site=Site(settings.ops_public_url, settings.session_hours * 3600, "ops"),
        couriers=couriers,
    )


def part(base: Base, made: Crew) -> Part:
    async def maybe_person(request: AnyRequest) -> Person | None:
        token = await _token(request, made.site)
        if token is None:
            return None
        try:
            person = await made.door.identify(token)
        except Unauthorized:
            return None
        request.state["viewer"] = person.name
        return person

    async def person(maybe_person: Given[Person | None]) -> Person:
        if maybe_person is None:
            raise Unauthorized
        return maybe_person

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async def prune() -> None:
            await made.sessions.prune(base.clock.now())

        pruning = asyncio.create_task(every(600, "prune sessions of ops", prune, base.clock, base.log))
        try:
            yield
        finally:
            pruning.cancel()
            made.passwords.close()

    demo_login = pages.DemoLogin(demo.NAME, demo.EMAIL, demo.PASSWORD) if base.settings.demo else None
    return Part(
        handlers=[routes.router, site_pages(made.site, [pages.router])],
        dependencies={
            "demo_login": Provide(lambda: demo_login, sync_to_thread=False),
            "site": Provide(lambda: made.site, sync_to_thread=False),
            "door": Provide(lambda: made.door, sync_to_thread=False),
            "people_desk": Provide(lambda: made.desk, sync_to_thread=False),
            "contact_desk": Provide(lambda: made.contact_desk, sync_to_thread=False),
            "maybe_person": Provide(maybe_person),
            "person": Provide(person),
        },
        running=running,
    )


def site_pages(site: Site, handlers: Sequence[ControllerRouterHandler]) -> Router:
    """Pages of ops: forms come from our own pages only, nothing is kept by browsers, none is in the API's schema."""
    return Router(
        "/",
        route_handlers=list(handlers),
        before_request=site.refuse_forgeries,
        cache_control=CacheControlHeader(no_store=True),
        include_in_schema=False,
    )


def limits_of(settings: Settings) -> Limits:
    return Limits(
        shortest_password=settings.shortest_password,
        session=settings.session_hours * 3600,
        window=settings.login_window_seconds,
        failures_per_account=settings.login_failures_per_account,
        failures_per_address=settings.login_failures_per_address,
    )


async def _token(request: AnyRequest, site: Site) -> str | None:
    """Of the header; or of the cookie, which a browser sends by itself, so that a change takes one of our forms too."""
    try:
        return bearer_token(request)
    except Unauthorized:
        pass
    token = site.session_token(request)
    if token is None or request.method in {"GET", "HEAD"}:
        return token
    if not request.headers.get("content-type", "").lower().startswith(_FORM):
        return None
    await site.refuse_forgeries(request)
    return token
