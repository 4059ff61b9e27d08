"""Where a drill takes place: the running system, a phone and a mailbox, and how to speak to them."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

import aiohttp
import msgspec

from jwt_pizza.drill.mailbox import Mailbox
from jwt_pizza.drill.phone import Phone
from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kit.embedded import Cluster

Kind = TypeVar("Kind")

ENGINEER: Final = "oncall@jwt.com"
ENGINEERS_PASSWORD: Final = "oncall"  # noqa: S105 - it is the demo's, and says so
ADMINISTRATOR: Final = "a@jwt.com"
ADMINISTRATORS_PASSWORD: Final = "admin"  # noqa: S105 - the same
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_BEFORE: Final = 0.2


class Failed(Exception):
    """The message says which call was answered how."""


class Token(msgspec.Struct, frozen=True):
    token: str


class _Incident(msgspec.Struct):
    id: int


class _Incidents(msgspec.Struct):
    incidents: tuple[_Incident, ...]


class Stage:
    """`told` turns a moment of the databases into one of the scenario, `real` the other way; `speed`: seconds of the
    scenario in one of theirs."""

    def __init__(
        self,
        *,
        shop: str,
        factory: str,
        ops: str,
        operator_key: str,
        database_url: str,
        cluster: Cluster,
        phone: Phone,
        mailbox: Mailbox,
        clock: Clock,
        client: aiohttp.ClientSession,
        told: Callable[[datetime], datetime] = lambda moment: moment,
        real: Callable[[datetime], datetime] = lambda moment: moment,
        speed: float = 1.0,
        stir: Callable[[], None] | None = None,
    ) -> None:
        self.shop = shop
        self.factory = factory
        self.ops = ops
        self.operator_key = operator_key
        self.database_url = database_url
        self.cluster = cluster
        self.phone = phone
        self.mailbox = mailbox
        self.clock = clock
        self.told = told
        self.real = real
        self.speed = speed
        self._stir = stir
        self._client = client
        self._tokens: dict[tuple[str, str], str] = {}

    def expect(self, seconds: float) -> None:
        """After so long something is due: the system's short sleeps are over by then."""
        if self._stir is not None:
            asyncio.get_running_loop().call_later(max(0.0, seconds - _BEFORE), self._stir)

    async def call(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] = _NOTHING,
        form: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body; 0 when nobody answers."""
        if self._stir is not None:
            self._stir()
        sent = dict(headers)
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data: bytes | Mapping[str, str] | None = form
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = msgspec.json.encode(body)
        try:
            async with self._client.request(method, url, data=data, headers=sent, allow_redirects=False) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, b""

    async def ask(
        self, kind: type[Kind], method: str, url: str, body: object = None, *, token: str | None = None
    ) -> Kind:
        """Raises Failed for anything but the answer that is wanted."""
        status, text = await self.call(method, url, body, token=token)
        if status not in {200, 201}:
            raise Failed(f"{method} {url} was answered {status}: {text[:300].decode(errors='replace')}")
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.MsgspecError as error:
            raise Failed(f"{method} {url} was answered with something else: {error}") from error

    async def engineer(self, where: str) -> str:
        """The token of the engineer's login at the shop or at ops."""
        return await self._login(where, ENGINEER, ENGINEERS_PASSWORD)

    async def administrator(self) -> str:
        return await self._login(self.shop, ADMINISTRATOR, ADMINISTRATORS_PASSWORD)

    async def incident(self) -> int | None:
        """The last one."""
        token = await self.engineer(self.ops)
        found = (await self.ask(_Incidents, "GET", f"{self.ops}/api/incidents?limit=1", token=token)).incidents
        return found[0].id if found else None

    async def report(self) -> str | None:
        """Of the last incident, if there was one."""
        incident = await self.incident()
        if incident is None:
            return None
        token = await self.engineer(self.ops)
        status, text = await self.call("GET", f"{self.ops}/api/incidents/{incident}/report.md", token=token)
        if status != 200:
            raise Failed(f"the report of incident {incident} was answered {status}")
        return text.decode()

    async def _login(self, where: str, email: str, password: str) -> str:
        known = self._tokens.get((where, email))
        if known is None:
            body = {"email": email, "password": password}
            known = (await self.ask(Token, "PUT", f"{where}/api/auth", body)).token
            self._tokens[where, email] = known
        return known


async def until(stage: Stage, moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - stage.clock.now()).total_seconds()) / stage.speed)
