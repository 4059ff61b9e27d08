"""The shop: web pages, the JWT Pizza Service API, and the factory under `/factory`."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp

from jwt_pizza.apps import database, making_good, pages, parts, zeros
from jwt_pizza.apps import factory as factory_app
from jwt_pizza.factory.pizzas.service import Bakery
from jwt_pizza.factory.vendors.model import SHOP
from jwt_pizza.kernel.clock import Clock, SystemClock
from jwt_pizza.kernel.errors import Unauthorized
from jwt_pizza.kernel.vitals import Notes, Ovens, Vitals
from jwt_pizza.kernel.wire import BakeRequest
from jwt_pizza.kit import metrics
from jwt_pizza.kit.jwt import SharedSecret
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.passwords import Passwords
from jwt_pizza.kit.periodic import every
from jwt_pizza.kit.postgres import Postgres, Reserve, trace_id
from jwt_pizza.kit.settings import Settings
from jwt_pizza.kit.telemetry import Telemetry
from jwt_pizza.shop.accounts import routes as accounts
from jwt_pizza.shop.accounts.attendance import Attendance
from jwt_pizza.shop.accounts.model import Caller, Limits, Seal, caller_at_ops
from jwt_pizza.shop.accounts.service import Accountant, Sessions
from jwt_pizza.shop.accounts.store import PostgresAccounts, PostgresAttendances, PostgresThrottle
from jwt_pizza.shop.amends import routes as amends
from jwt_pizza.shop.amends.service import AmendsDesk
from jwt_pizza.shop.connections import routes as connections
from jwt_pizza.shop.connections.model import Process
from jwt_pizza.shop.connections.service import ConnectionDesk, Leak, Recall, Reporter
from jwt_pizza.shop.connections.store import ForgetfulStore, PostgresLeaks, PostgresRecalls, PostgresSnapshots
from jwt_pizza.shop.franchises import routes as franchises
from jwt_pizza.shop.franchises.service import Franchising
from jwt_pizza.shop.franchises.store import PostgresFranchises
from jwt_pizza.shop.ledger.store import PostgresLedger
from jwt_pizza.shop.letters.service import Postman
from jwt_pizza.shop.menu import pictures
from jwt_pizza.shop.menu import routes as menu
from jwt_pizza.shop.menu.service import MenuKeeper
from jwt_pizza.shop.menu.store import PostgresMenu
from jwt_pizza.shop.orders import routes as orders
from jwt_pizza.shop.orders.service import OrderDesk
from jwt_pizza.shop.orders.store import PostgresOrders
from jwt_pizza.shop.ovens import routes as ovens
from jwt_pizza.shop.ovens.gateway import HttpFactory
from jwt_pizza.shop.ovens.model import Breaker, BreakerState, Oven, ReportLink, Tuning
from jwt_pizza.shop.ovens.service import Inspection, Kitchen, OvenSwitch
from jwt_pizza.shop.ovens.store import PostgresAttempts, PostgresForcing
from jwt_pizza.shop.payouts import routes as payouts
from jwt_pizza.shop.payouts.model import PaymentGateway
from jwt_pizza.shop.payouts.service import Paymaster
from jwt_pizza.web import assets, health, openapi, templates
from jwt_pizza.web.api import AnyRequest, bearer_token
from jwt_pizza.web.express import Lane
from jwt_pizza.web.operators import Operators

_RESERVE: Final = Reserve(
    3,
    frozenset(
        {
            "accounts.credentials",
            "bakes.record",
            "bakes.record_calm",
            "chaos.admit",
            "chaos.end",
            "chaos.end_all",
            "chaos.recent",
            "chaos.start",
            "franchises.page",
            "franchises.store_names",
            "keepsakes.shares_of",
            "keys.load",
            "leak.current",
            "leak.end",
            "menu.items",
            "menu.version",
            "orders.by_key",
            "orders.catalogue",
            "orders.get",
            "orders.numbers",
            "orders.place",
            "orders.place_again",
            "orders.resolve",
            "orders.resolve_again",
            "orders.status",
            "orders.take_over",
            "ovens.force",
            "ovens.forced",
            "ovens.get",
            "ovens.recent",
            "readyz",
            "recalls.number",
            "recalls.recall",
            "sessions.live",
            "sessions.open",
            "telemetry.ping",
            "throttle.charge",
            "vendors.by_keys",
            "throttle.clear",
            "throttle.failures",
            "vitals.backends",
            "vitals.read",
            "vitals.write",
        }
    ),
)
"""Whatever others hold or leak: people log in, see the menu and order, and an attack can be seen and ended. Nearly all
of these are collected, so that each has at most one statement under way in a process; logins wait for their hash."""
_ORDER, _HISTORY, _MENU = ("POST", "/api/order"), ("GET", "/api/order"), ("GET", "/api/order/menu")
"""The calls with an express lane."""
_LOG_IN, _REGISTER = ("PUT", "/api/auth"), ("POST", "/api/auth")
"""The calls with a gate."""
_OPERATING: Final = "/api/ops/"
"""Below this ops may call, for its people."""
_REPORT_EVERY: Final = 0.5
_ATTENDANCE_EVERY: Final = 5.0
_LEAK_EVERY: Final = 0.5
"""Seconds until a process follows an attack that was started or ended through another one."""


class InHouseOven:
    """The factory's code in the shop's process, baking as the shop's own vendor."""

    def __init__(self, bakery: Bakery) -> None:
        self._bakery = bakery

    async def bake(self, request: BakeRequest) -> str:
        return self._bakery.sign(SHOP, request)


class ForgetfulOven:
    """Under the attack `leak`, an order that was baked here may leave a database connection behind."""

    def __init__(self, oven: Oven, leak: Leak) -> None:
        self._oven = oven
        self._leak = leak

    async def bake(self, request: BakeRequest) -> str:
        pizza = await self._oven.bake(request)
        await self._leak.forget(request.order.id)
        return pizza


class NotedLink:
    """A report link, and a word of its having been followed: the link itself carries a key."""

    def __init__(self, link: ReportLink, notes: Notes) -> None:
        self._link = link
        self._notes = notes

    async def follow(self, url: str) -> tuple[int, str]:
        status, message = await self._link.follow(url)
        self._notes.note("report.followed", status=status, answer=message)
        return status, message


class LateSeal:
    """The secret comes from the database, which is reachable only once the server starts."""

    def __init__(self) -> None:
        self.seal: Seal | None = None

    def sign(self, payload: bytes) -> str:
        return self._ready().sign(payload)

    def check(self, token: str) -> bytes:
        return self._ready().check(token)

    def _ready(self) -> Seal:
        if self.seal is None:
            raise LookupError("the sessions' secret is not loaded")
        return self.seal


class Shop(msgspec.Struct, frozen=True):
    """The wired shop."""

    accounts: PostgresAccounts
    passwords: Passwords
    seal: LateSeal
    sessions: Sessions
    accountant: Accountant
    menu_keeper: MenuKeeper
    franchising: Franchising
    ledger: PostgresLedger
    orders: PostgresOrders
    desk: OrderDesk
    remote: HttpFactory
    kitchen: Kitchen
    inspection: Inspection
    oven_switch: OvenSwitch
    recall: Recall
    operators: Operators
    reporter: Reporter
    connection_desk: ConnectionDesk
    leak: Leak
    attendance: Attendance
    payment_gateway: PaymentGateway
    amends_desk: AmendsDesk
    paymaster: Paymaster
    postman: Postman


def shop(settings: Settings, postgres: Postgres, bakery: Bakery, clock: Clock, telemetry: Telemetry) -> Shop:
    def more(vitals: Vitals) -> Vitals:
        ovens = Ovens(policy=settings.policy, breaker=breaker.state, forced_until=kitchen.forced())
        return msgspec.structs.replace(vitals, clients=(remote.connections(),), ovens=ovens)

    def show_breaker(state: BreakerState) -> None:
        metrics.BREAKER.set({"closed": 0.0, "half-open": 0.5, "open": 1.0}[state])
        telemetry.happenings.note("breaker.changed", state=state)

    telemetry.more = more
    tally = telemetry.tally
    limits = Limits(
        shortest_password=settings.shortest_password,
        session=settings.session_hours * 3600,
        window=settings.login_window_seconds,
        failures_per_account=settings.login_failures_per_account,
        failures_per_address=settings.login_failures_per_address,
    )
    stored_accounts = PostgresAccounts(postgres)
    passwords = Passwords(threads=settings.hash_threads, waiting=settings.hash_waiting)
    seal = LateSeal()
    sessions = Sessions(stored_accounts, seal, limits, clock)
    ledger = PostgresLedger(postgres)
    stored_orders = PostgresOrders(postgres, held_first=settings.policy != "in-house")
    throttle = PostgresThrottle(postgres)
    snapshots = PostgresSnapshots(postgres)
    leak = Leak(PostgresLeaks(postgres), ForgetfulStore(postgres), throttle, clock, random.random, telemetry.happenings)
    oven = ForgetfulOven(InHouseOven(bakery), leak)
    remote = HttpFactory(settings.factory_address, settings.factory_api_key or "none was configured", clock)
    tuning = Tuning(
        deadline=settings.order_seconds, exercise=settings.exercise_share, open_for=settings.breaker_seconds
    )
    breaker = Breaker(tuning, changed=show_breaker)
    kitchen = Kitchen(settings.policy, oven, remote, breaker, tuning, clock, random.random, tally)
    payment_gateway = making_good.payment_gateway(settings)
    return Shop(
        accounts=stored_accounts,
        passwords=passwords,
        seal=seal,
        sessions=sessions,
        accountant=Accountant(stored_accounts, throttle, passwords, sessions, limits, clock, tally.login),
        menu_keeper=MenuKeeper(PostgresMenu(postgres), clock),
        franchising=Franchising(PostgresFranchises(postgres), ledger, clock),
        ledger=ledger,
        orders=stored_orders,
        desk=OrderDesk(
            stored_orders, kitchen, clock, random.random, trace_id.get, timedelta(seconds=settings.hold_seconds), tally
        ),
        remote=remote,
        kitchen=kitchen,
        inspection=Inspection(PostgresAttempts(postgres), NotedLink(remote, telemetry.happenings)),
        oven_switch=OvenSwitch(PostgresForcing(postgres), kitchen, clock),
        recall=Recall(PostgresRecalls(postgres), snapshots, clock, postgres.recall),
        operators=parts.operators(settings, settings.ops_token),
        reporter=Reporter(Process(telemetry.process, "shop"), telemetry.vitals, snapshots, clock),
        connection_desk=ConnectionDesk(snapshots, clock),
        leak=leak,
        attendance=Attendance(sessions.seen, PostgresAttendances(postgres), clock, metrics.ACTIVE_USERS.set),
        payment_gateway=payment_gateway,
        amends_desk=making_good.amends_desk(settings, postgres, payment_gateway, clock),
        paymaster=making_good.paymaster(postgres, payment_gateway, clock),
        postman=making_good.postman(settings, postgres, clock),
    )


@asynccontextmanager
async def running(made: Shop, clock: Clock, log: Log) -> AsyncIterator[None]:
    made.seal.seal = SharedSecret(await made.accounts.secret("sessions"))
    await made.remote.open()

    async def prune() -> None:
        await made.accounts.prune(clock.now() - timedelta(days=1))

    chores = [
        asyncio.create_task(every(1, "fold balances", made.ledger.fold, clock, log)),
        asyncio.create_task(every(1, "void expired holds", made.desk.reap, clock, log)),
        asyncio.create_task(every(_REPORT_EVERY, "report vitals", made.reporter.report, clock, log)),
        asyncio.create_task(every(_LEAK_EVERY, "follow the leak", made.leak.refresh, clock, log)),
        asyncio.create_task(every(_LEAK_EVERY, "follow the oven switch", made.oven_switch.refresh, clock, log)),
        asyncio.create_task(every(_LEAK_EVERY, "follow recalls", made.recall.refresh, clock, log)),
        asyncio.create_task(every(_ATTENDANCE_EVERY, "count active users", made.attendance.note, clock, log)),
        asyncio.create_task(every(1, "give amends", made.amends_desk.give, clock, log)),
        asyncio.create_task(every(1, "pay refunds out", made.paymaster.step, clock, log)),
        asyncio.create_task(every(1, "send letters", made.postman.step, clock, log)),
        asyncio.create_task(every(600, "prune sessions", prune, clock, log)),
    ]
    try:
        yield
    finally:
        for chore in chores:
            chore.cancel()
        await made.orders.close()
        await made.remote.close()
        await made.payment_gateway.close()
        made.passwords.close()


def app(settings: Settings, database_url: str, clock: Clock | None = None) -> ASGIApp:
    log = parts.log_of("shop", settings)
    clock = clock or SystemClock()
    postgres = parts.pool(settings, database_url, "jwt-pizza shop", _RESERVE, clock)
    telemetry = Telemetry("shop", parts.VERSION, postgres, clock, log)
    zeros.shop()
    zeros.factory()
    own_factory = factory_app.factory(settings, postgres, clock, telemetry.tally.login, telemetry.happenings)
    made = shop(settings, postgres, own_factory.bakery, clock, telemetry)
    front = pages.front(settings, postgres, made.accountant, made.desk, clock)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with (
            parts.watched(postgres, settings, clock, log, telemetry),
            factory_app.running(own_factory, clock, log),
            running(made, clock, log),
            pages.running(front, clock, log),
            parts.reported(telemetry, settings, clock, log),
        ):
            yield

    lanes = {
        _ORDER: orders.order_lane(made.sessions, made.desk),
        _HISTORY: orders.history_lane(made.sessions, made.desk),
        _MENU: menu.menu_lane(made.menu_keeper),
        **factory_app.lanes(own_factory, settings, "/factory", clock),
    }
    template_config = templates.engine(parts.VERSION)
    factory_url = f"{settings.public_url or settings.url}/factory"
    return parts.build(
        telemetry,
        settings=settings,
        log=log,
        title="JWT Pizza Service",
        description="Order pizzas, pay in bitcoin, and receive each one as a signed JWT.",
        public_url=settings.public_url,
        handlers=[
            accounts.router,
            menu.router,
            franchises.router,
            orders.router,
            ovens.router,
            connections.router,
            amends.router,
            payouts.router,
            pages.router(front, settings, made.sessions, own_factory.bakery, made.remote),
            assets.router,
            pictures.router,
            factory_app.routes(own_factory, settings, "/factory", clock),
            openapi.docs_route("/api/docs", "/api/", parts.VERSION, {"factory": factory_url, "db": "PostgreSQL"}),
            health.router(
                {"shop schema": database.schema_check(postgres, "shop"), **factory_app.checks(own_factory, postgres)},
                log,
                telemetry.flush,
            ),
        ],
        dependencies=dependencies(made, lanes),
        lifespan=lifespan,
        page=pages.errors(template_config.engine_instance),
        template_config=template_config,
        lanes=lanes,
        gates={_LOG_IN: made.passwords.admit, _REGISTER: made.passwords.admit},
    )


def dependencies(made: Shop, lanes: Mapping[tuple[str, str], Lane]) -> dict[str, Provide]:
    async def caller(request: AnyRequest) -> Caller:
        if request.scope["path"].startswith(_OPERATING) and (acting := made.operators.acting(request.scope)):
            return caller_at_ops(acting.actor, administrator=acting.role == "administrator")
        return await made.sessions.identify(bearer_token(request))

    async def visitor(request: AnyRequest) -> Caller | None:
        try:
            return await made.sessions.identify(bearer_token(request))
        except Unauthorized:
            return None

    return {
        "look_back": Provide(lambda: lanes[_HISTORY], sync_to_thread=False),
        "take_order": Provide(lambda: lanes[_ORDER], sync_to_thread=False),
        "show_menu": Provide(lambda: lanes[_MENU], sync_to_thread=False),
        "caller": Provide(caller),
        "visitor": Provide(visitor),
        "sessions": Provide(lambda: made.sessions, sync_to_thread=False),
        "accountant": Provide(lambda: made.accountant, sync_to_thread=False),
        "menu_keeper": Provide(lambda: made.menu_keeper, sync_to_thread=False),
        "franchising": Provide(lambda: made.franchising, sync_to_thread=False),
        "inspection": Provide(lambda: made.inspection, sync_to_thread=False),
        "oven_switch": Provide(lambda: made.oven_switch, sync_to_thread=False),
        "recall": Provide(lambda: made.recall, sync_to_thread=False),
        "connection_desk": Provide(lambda: made.connection_desk, sync_to_thread=False),
        "leak": Provide(lambda: made.leak, sync_to_thread=False),
        "amends_desk": Provide(lambda: made.amends_desk, sync_to_thread=False),
        "paymaster": Provide(lambda: made.paymaster, sync_to_thread=False),
        "desk": Provide(lambda: made.desk, sync_to_thread=False),
    }
