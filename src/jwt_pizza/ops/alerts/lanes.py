"""Where alerts come in: every format, 2xx only after the commit."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from jwt_pizza.kernel.clock import Clock, iso
from jwt_pizza.kernel.errors import Invalid, Unauthorized
from jwt_pizza.ops.alerts import formats
from jwt_pizza.ops.alerts.formats import AlertEvent, Hook, PostedAlert
from jwt_pizza.ops.alerts.model import Alert, Groups, Incoming, Intake
from jwt_pizza.ops.events.model import Event, Events, Happening
from jwt_pizza.ops.events.refusals import Refusals
from jwt_pizza.web.api import BEARER, AnyRequest, Message
from jwt_pizza.web.errors import readable
from jwt_pizza.web.express import Call, Lane, Reply, through
from jwt_pizza.web.openapi import answers
from jwt_pizza.web.senders import Senders, address_of

Source = Literal["alertmanager", "grafana"]
_TAKEN: Final = Reply(b'{"message":"taken"}')
_LONGEST: Final = 300
_MOST_SHOWN: Final = 5000


class Gate:
    """The ways in, made of what they all need."""

    def __init__(
        self,
        intake: Intake,
        groups: Groups,
        events: Events,
        refusals: Refusals,
        senders: Senders,
        clock: Clock,
        *,
        stale: float,
        grafana_secret: str | None,
    ) -> None:
        """`stale` seconds an alert of a webhook or an event is believed."""
        self._intake = intake
        self._groups = groups
        self._events = events
        self._refusals = refusals
        self._senders = senders
        self._clock = clock
        self._stale = stale
        self._secret = grafana_secret
        self.started_at = clock.now()
        grafana = self._lane("alerts of Grafana", self._grafana)
        self.lanes: dict[tuple[str, str], Lane] = {
            ("POST", "/api/v2/alerts"): self._lane("alerts of Prometheus", self._posted),
            ("POST", "/api/alerts/alertmanager"): self._lane("alerts of Alertmanager", self._alertmanager),
            ("POST", "/api/alerts/grafana"): grafana,
            ("PUT", "/api/alerts/grafana"): grafana,
            ("POST", "/api/alerts"): self._lane("an alert event", self._event),
        }

    def _lane(self, what: str, take: Callable[[Call], Awaitable[Reply]]) -> Lane:
        """Whoever is not believed, or sends what cannot be understood, is answered and noted."""

        async def guarded(call: Call) -> Reply:
            try:
                return await take(call)
            except (Unauthorized, Invalid) as refusal:
                await self._refusals.note(what, refusal.message, address_of(call.scope))
                raise type(refusal)(refusal.message[:_LONGEST]) from None
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                await self._refusals.note(what, readable(str(error)), address_of(call.scope))
                raise

        return guarded

    async def admit(self, request: AnyRequest) -> None:
        """For what senders may also read. Raises Unauthorized."""
        try:
            self._senders.admit(request.scope)
        except Unauthorized as refusal:
            await self._refusals.note("a read of alerts", refusal.message, address_of(request.scope))
            raise

    async def firing(self) -> Sequence[Alert]:
        return await self._groups.firing(_MOST_SHOWN)

    async def ready(self) -> None:
        """Raises Unavailable."""
        await self._groups.firing(1)

    async def _posted(self, call: Call) -> Reply:
        self._senders.admit(call.scope)
        return await self._take(formats.posted(call.body))

    async def _alertmanager(self, call: Call) -> Reply:
        self._senders.admit(call.scope)
        return await self._hook(call, "alertmanager")

    async def _grafana(self, call: Call) -> Reply:
        if self._secret is None:
            self._senders.admit(call.scope)
        else:
            signature = call.header(b"x-grafana-alerting-signature")
            if signature is None:
                raise Unauthorized("Grafana must sign: set the HMAC secret in its contact point")
            timestamp = call.header(b"x-grafana-alerting-timestamp")
            formats.signed(call.body, self._secret, signature, timestamp, self._clock.now())
        return await self._hook(call, "grafana")

    async def _hook(self, call: Call, source: Source) -> Reply:
        found = formats.hook(call.body, source)
        now = self._clock.now()
        reply = await self._take(formats.hooked(found, source, now, self._stale))
        if found.truncated_alerts > 0:
            about = {"count": str(found.truncated_alerts), "groupKey": found.group_key[:_LONGEST].replace("\0", "")}
            fact = Happening(what="alerts.truncated", source=source, about=about)
            about_whom = hashlib.blake2b(found.group_key.encode(), digest_size=8).hexdigest()
            key = f"truncated:{source}:{about_whom}:{now:%Y%m%d%H%M}"
            await self._events.record([Event(at=now, fact=fact, actor=f"source:{source}", key=key)])
        return reply

    async def _event(self, call: Call) -> Reply:
        self._senders.admit(call.scope)
        return await self._take(formats.events(call.body, self._clock.now(), self._stale))

    async def _take(self, alerts: tuple[Incoming, ...]) -> Reply:
        if alerts:
            await self._intake.take(alerts)
        return _TAKEN


_ANSWERS: Final = answers(Message)


@post(
    "/api/v2/alerts",
    status_code=200,
    security=BEARER,
    summary="Alerts as Prometheus sends them to an Alertmanager",
    responses=_ANSWERS,
)
async def posted(data: JSONBody[list[PostedAlert]], request: AnyRequest, alert_gate: Given[Gate]) -> Response[bytes]:  # noqa: ARG001
    return await through(alert_gate.lanes["POST", "/api/v2/alerts"], request)


@post(
    "/api/alerts/alertmanager",
    status_code=200,
    security=BEARER,
    summary="Alerts of an Alertmanager's webhook, version 4",
    responses=_ANSWERS,
)
async def alertmanager(data: JSONBody[Hook], request: AnyRequest, alert_gate: Given[Gate]) -> Response[bytes]:  # noqa: ARG001
    return await through(alert_gate.lanes["POST", "/api/alerts/alertmanager"], request)


@post(
    "/api/alerts/grafana",
    status_code=200,
    security=BEARER,
    summary="Alerts of Grafana's webhook",
    responses=_ANSWERS,
)
async def grafana(data: JSONBody[Hook], request: AnyRequest, alert_gate: Given[Gate]) -> Response[bytes]:  # noqa: ARG001
    return await through(alert_gate.lanes["POST", "/api/alerts/grafana"], request)


@put("/api/alerts/grafana", security=BEARER, summary="The same with PUT", responses=_ANSWERS)
async def grafana_put(data: JSONBody[Hook], request: AnyRequest, alert_gate: Given[Gate]) -> Response[bytes]:  # noqa: ARG001
    return await through(alert_gate.lanes["PUT", "/api/alerts/grafana"], request)


@post(
    "/api/alerts",
    status_code=200,
    security=BEARER,
    summary="An alert in our own words, or several",
    responses=_ANSWERS,
)
async def event(
    data: JSONBody[AlertEvent | list[AlertEvent]],  # noqa: ARG001 - for the schema; the lane reads the body itself
    request: AnyRequest,
    alert_gate: Given[Gate],
) -> Response[bytes]:
    return await through(alert_gate.lanes["POST", "/api/alerts"], request)


class Receiver(msgspec.Struct, frozen=True):
    name: str


class AlertState(msgspec.Struct, frozen=True, rename="camel"):
    state: Literal["active", "suppressed"]
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    muted_by: tuple[str, ...] = ()


class ShownAlert(msgspec.Struct, frozen=True, rename="camel"):
    """As Alertmanager shows it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    updated_at: str
    fingerprint: str
    receivers: tuple[Receiver, ...]
    status: AlertState
    generator_url: Annotated[str, msgspec.Meta(description="Where it comes from")] = msgspec.field(
        name="generatorURL", default=""
    )


class Cluster(msgspec.Struct, frozen=True):
    status: str = "disabled"
    peers: tuple[str, ...] = ()


class Config(msgspec.Struct, frozen=True):
    original: str = ""


class ApiStatus(msgspec.Struct, frozen=True, rename="camel"):
    cluster: Cluster
    config: Config
    uptime: str
    version_info: dict[str, str]


@get("/api/v2/alerts", security=BEARER, summary="What fires, as Alertmanager shows it")
async def shown(request: AnyRequest, alert_gate: Given[Gate]) -> Sequence[ShownAlert]:
    await alert_gate.admit(request)
    return [_shown(alert) for alert in await alert_gate.firing()]


@get("/api/v2/status", security=BEARER, summary="As Alertmanager answers it")
async def status(request: AnyRequest, alert_gate: Given[Gate], version: Given[str]) -> ApiStatus:
    await alert_gate.admit(request)
    empty = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), "")
    return ApiStatus(Cluster(), Config(), iso(alert_gate.started_at), {"version": f"jwt-pizza {version}", **empty})


@get("/-/healthy", summary="This process runs")
async def healthy() -> Message:
    return Message("ok")


@get("/-/ready", summary="It can store what it is sent; otherwise 503")
async def ready(alert_gate: Given[Gate]) -> Message:
    await alert_gate.ready()
    return Message("ok")


def _shown(alert: Alert) -> ShownAlert:
    silenced = (alert.muted,) if alert.muted and not alert.muted.startswith("inhibition") else ()
    inhibited = (alert.muted,) if alert.muted and not silenced else ()
    return ShownAlert(
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=iso(alert.starts_at),
        ends_at=iso(alert.stale_at),
        updated_at=iso(alert.last_seen_at),
        fingerprint=alert.fingerprint,
        receivers=(Receiver(f"group {alert.group_id}"),),
        status=AlertState("suppressed" if alert.muted else "active", silenced, inhibited),
        generator_url=alert.generator_url,
    )


router = Router(
    "/",
    route_handlers=[posted, alertmanager, grafana, grafana_put, event, shown, status, healthy, ready],
    tags=["alerts"],
)
