"""Prometheus metrics, correct also when several worker processes serve one port.

With `PROMETHEUS_MULTIPROC_DIR` set (by the supervisor, before this module is imported) each process writes its values
to files there and any of them can answer for all.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from jwt_pizza.kit.durations import BOUNDS

REGISTRY: Final = CollectorRegistry(auto_describe=True)
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_LIVE: Final = re.compile(r"gauge_live[a-z]*_(\d+)\.db")


class Tallied(Histogram):
    """Takes observations that were counted elsewhere, many at once."""

    def tally(self, counts: Sequence[int], total: float) -> None:
        """`counts`: one a bucket, the last for what is beyond the bounds; `total`: the sum of the values."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        if total:
            self._sum.inc(total)


REQUESTS: Final = Histogram(
    "http_request_duration_seconds",
    "Requests answered, and seconds from taking one up to having answered it.",
    ["service", "route", "method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
# OpenTelemetry's names (semantic conventions, db.client.connection.*) in Prometheus's form.
CONNECTIONS: Final = Gauge(
    "db_client_connection_count",
    "Database connections by state.",
    ["pool", "state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CONNECTIONS_MAX: Final = Gauge(
    "db_client_connection_max",
    "Most database connections that may be open.",
    ["pool"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CONNECTIONS_PENDING: Final = Gauge(
    "db_client_connection_pending_requests",
    "Requests that wait for a database connection.",
    ["pool"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CONNECTION_TIMEOUTS: Final = Counter(
    "db_client_connection_timeouts_total", "Requests that got no database connection.", ["pool"], registry=REGISTRY
)
ORDERS: Final = Counter("pizza_orders_total", "Orders by the status that they came to.", ["outcome"], registry=REGISTRY)
ATTEMPTS: Final = Counter(
    "pizza_bake_attempts_total", "Calls of the remote factory by how they ended.", ["oven", "reason"], registry=REGISTRY
)
BREAKER: Final = Gauge(
    "pizza_factory_breaker_open",
    "1 while this process does not trust the factory, 0.5 while it probes.",
    multiprocess_mode="max",
    registry=REGISTRY,
)
BAKES: Final = Counter(
    "pizza_bakes_total", "Orders at the factory's oven by outcome and attack.", ["outcome", "chaos"], registry=REGISTRY
)
CONNECTIONS_LEAKED: Final = Counter(
    "db_client_connection_leaked_total", "Connections held past the first threshold.", ["pool"], registry=REGISTRY
)
CONNECTIONS_RECLAIMED: Final = Counter(
    "db_client_connection_reclaimed_total",
    "Connections held past the second threshold, and taken back.",
    ["pool"],
    registry=REGISTRY,
)
CONNECTION_WAIT: Final = Tallied(
    "db_client_connection_wait_time_seconds",
    "Seconds until a request had its database connection.",
    ["pool"],
    buckets=BOUNDS,
    registry=REGISTRY,
)
CONNECTION_USE: Final = Tallied(
    "db_client_connection_use_time_seconds",
    "Seconds that a database connection was held.",
    ["pool"],
    buckets=BOUNDS,
    registry=REGISTRY,
)
CONNECTION_CREATE: Final = Tallied(
    "db_client_connection_create_time_seconds",
    "Seconds that opening a database connection took.",
    ["pool"],
    buckets=BOUNDS,
    registry=REGISTRY,
)
PAGES: Final = Counter(
    "oncall_messages_total", "Messages to people by channel and outcome.", ["channel", "outcome"], registry=REGISTRY
)
OUTBOX_OLDEST: Final = Gauge(
    "oncall_outbox_oldest_seconds",
    "How long the oldest notification that is due has waited to be sent.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
ESCALATIONS_DELAYED: Final = Counter(
    "oncall_escalations_delayed_total",
    "Escalations that did not go on, and that the auditor made go on.",
    registry=REGISTRY,
)
DATABASE_AWAY: Final = Gauge(
    "oncall_database_away",
    "1 while the pager works without its database.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)


def exposition() -> bytes:
    """Everything, in Prometheus's text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    _forget_the_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """The gauges of a process that was killed no longer count. Whoever answers sees to it, however the other ended."""
    for file in folder.glob("gauge_live*.db"):
        found = _LIVE.fullmatch(file.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            with suppress(OSError):
                file.unlink()
