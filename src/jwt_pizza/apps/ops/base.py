"""What each part of ops is built from, and what it gives to the whole."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.bell import Bell
from jwt_pizza.kit.logs import Log
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.ops.events.store import PostgresEvents
from jwt_pizza.web import health
from jwt_pizza.web.express import Lane


class Base(msgspec.Struct, frozen=True):
    settings: Settings
    postgres: Postgres
    clock: Clock
    log: Log
    events: PostgresEvents
    database_url: str = ""
    bell: Bell = msgspec.field(default_factory=Bell)
    """Wakes the pager of this process; rung after a commit."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """`running` is entered when the process starts to serve, after the parts before it, and left before them."""

    handlers: Sequence[ControllerRouterHandler] = ()
    dependencies: Mapping[str, Provide] = {}
    lanes: Mapping[tuple[str, str], Lane] = {}
    checks: Mapping[str, health.Check] = {}
    running: Callable[[], AbstractAsyncContextManager[None]] | None = None
