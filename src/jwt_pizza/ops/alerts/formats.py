"""What Prometheus, Alertmanager, Grafana and scripts send, and the one shape that it becomes.

Sources of the formats: Alertmanager's `api/v2` and `template` packages, Grafana's webhook notifier. Members that we do
not know are ignored there: newer versions add some. Our own event is strict, so that a typing error is told.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec

from jwt_pizza.kernel.errors import Invalid, Unauthorized
from jwt_pizza.kernel.wire import Wire
from jwt_pizza.ops.alerts.model import RESOLVE_TIMEOUT, Incoming

_Strings = dict[str, str]
_FRESH: Final = timedelta(minutes=5)
"""How old a signed message with a time in it may be."""


class PostedAlert(msgspec.Struct, frozen=True, rename="camel"):
    """Of `POST /api/v2/alerts`."""

    labels: _Strings
    annotations: _Strings | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = msgspec.field(name="generatorURL", default=None)


class HookAlert(msgspec.Struct, frozen=True, rename="camel"):
    labels: _Strings
    status: Literal["firing", "resolved"] = "firing"
    annotations: _Strings | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = msgspec.field(name="generatorURL", default=None)
    dashboard_url: str | None = msgspec.field(name="dashboardURL", default=None)
    panel_url: str | None = msgspec.field(name="panelURL", default=None)


class Hook(msgspec.Struct, frozen=True, rename="camel"):
    """Version 4 of Alertmanager's webhook, 1 of Grafana's. `truncated_alerts` were left out by who sent it."""

    version: str
    alerts: Sequence[HookAlert]
    truncated_alerts: int = 0
    group_key: str = ""


class AlertEvent(Wire, frozen=True, forbid_unknown_fields=True):
    """An alert in our own words. What resolves it has the same name, severity and labels.

    `stale_seconds` after it was told last it counts as resolved.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    status: Literal["firing", "resolved"] = "firing"
    severity: Annotated[str, msgspec.Meta(max_length=50)] = ""
    summary: str = ""
    description: str = ""
    runbook_url: str = ""
    dashboard_url: str = ""
    url: str = ""
    labels: _Strings = msgspec.field(default_factory=dict)
    annotations: _Strings = msgspec.field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    stale_seconds: Annotated[float, msgspec.Meta(ge=1, le=2_592_000)] | None = None


_posted: Final = msgspec.json.Decoder(list[PostedAlert]).decode
_hook: Final = msgspec.json.Decoder(Hook).decode
_events: Final = msgspec.json.Decoder(AlertEvent | list[AlertEvent]).decode


def posted(body: bytes) -> tuple[Incoming, ...]:
    return tuple(
        [
            Incoming(
                source="prometheus",
                labels=alert.labels,
                annotations=alert.annotations or {},
                generator_url=alert.generator_url or "",
                starts_at=alert.starts_at,
                ends_at=alert.ends_at,
                stale_after=RESOLVE_TIMEOUT,
            )
            for alert in _posted(body)
        ]
    )


def hook(body: bytes, source: Literal["alertmanager", "grafana"]) -> Hook:
    """Raises Invalid for a version that is not understood."""
    found = _hook(body)
    understood = "4" if source == "alertmanager" else "1"
    if found.version != understood:
        raise Invalid(f'version: "{understood}" of the webhook is understood, not "{found.version[:20]}"')
    return found


def hooked(
    found: Hook, source: Literal["alertmanager", "grafana"], now: datetime, stale: float
) -> tuple[Incoming, ...]:
    """What fires, fires until it is told otherwise, or for `stale` seconds: `endsAt` is no promise there."""
    return tuple(
        [
            Incoming(
                source=source,
                labels=alert.labels,
                annotations=_with_dashboard(alert),
                generator_url=alert.generator_url or "",
                starts_at=alert.starts_at,
                ends_at=None if alert.status == "firing" else _ended(alert.ends_at, now),
                stale_after=stale,
            )
            for alert in found.alerts
        ]
    )


def events(body: bytes, now: datetime, stale: float) -> tuple[Incoming, ...]:
    found = _events(body)
    return tuple([_event(event, now, stale) for event in (found if isinstance(found, list) else [found])])


def signed(body: bytes, secret: str, signature: str, timestamp: str | None, now: datetime) -> None:
    """Grafana's HMAC-SHA256 in hex, over the body, or over `timestamp:body`. Raises Unauthorized."""
    message = body if timestamp is None else timestamp.encode("latin-1", "replace") + b":" + body
    wanted = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.strip().lower().encode("latin-1", "replace")):
        raise Unauthorized(
            "the signature does not fit: Grafana's HMAC secret and JWT_PIZZA_GRAFANA_SECRET must be the same"
        )
    if timestamp is not None:
        age = now.timestamp() - float(timestamp) if timestamp.isascii() and timestamp.isdigit() else None
        if age is None or abs(age) > _FRESH.total_seconds():
            raise Unauthorized("the signed time is more than five minutes away from now: this is an old message")


def _event(event: AlertEvent, now: datetime, stale: float) -> Incoming:
    labels = {**event.labels, "alertname": event.name}
    if event.severity:
        labels["severity"] = event.severity
    annotations = {
        **event.annotations,
        "summary": event.summary,
        "description": event.description,
        "runbook_url": event.runbook_url,
        "dashboard_url": event.dashboard_url,
    }
    ends_at = event.ends_at
    if event.status == "resolved":
        ends_at = _ended(event.ends_at, now)
    return Incoming(
        source="event",
        labels=labels,
        annotations={name: value for name, value in annotations.items() if value or name in event.annotations},
        generator_url=event.url,
        starts_at=event.starts_at,
        ends_at=ends_at,
        stale_after=event.stale_seconds or stale,
    )


def _ended(ends_at: datetime | None, now: datetime) -> datetime:
    """Of what is resolved: now, where its end is missing, zero, or in the future."""
    if ends_at is None:
        return now
    aware = ends_at if ends_at.tzinfo is not None else ends_at.replace(tzinfo=UTC)
    return aware if aware.year > 1 and aware <= now else now


def _with_dashboard(alert: HookAlert) -> _Strings:
    annotations = alert.annotations or {}
    link = alert.panel_url or alert.dashboard_url
    if link and "dashboard_url" not in annotations:
        return {**annotations, "dashboard_url": link}
    return annotations
