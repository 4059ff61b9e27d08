"""Prometheus metrics, correct also when several worker processes serve one port (docs/metrics.md says what each means).

With `PROMETHEUS_MULTIPROC_DIR` set (by the supervisor, before this module is imported) each process writes its values
to files there and any of them can answer for all. Counters of all processes are added up, of dead ones too. A gauge is
of the processes that live: added up, the largest of them, or with a label `pid` one of each.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from jwt_pizza.kit.durations import BOUNDS

REGISTRY: Final = CollectorRegistry(auto_describe=True)

_Together: TypeAlias = Literal["livesum", "livemax", "liveall"]


class Tallied(Histogram):
    """Takes observations that were counted elsewhere, many at once."""

    def tally(self, counts: Sequence[int], total: float) -> None:
        """`counts`: one a bucket, the last for what is beyond the bounds; `total`: the sum of the values."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        if total:
            self._sum.inc(total)


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(name, meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str, together: _Together) -> Gauge:
    return Gauge(name, meaning, labels, multiprocess_mode=together, registry=REGISTRY)


def _durations(name: str, meaning: str, *labels: str) -> Tallied:
    return Tallied(name, meaning, labels, buckets=BOUNDS, registry=REGISTRY)


# Requests

REQUESTS: Final = Histogram(
    "http_request_duration_seconds",
    "Requests answered, and seconds from taking one up to having answered it.",
    ["service", "route", "method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
LOGINS: Final = _counter("auth_attempts_total", "Attempts to log in or register by result.", "service", "result")
ACTIVE_USERS: Final = _gauge(
    "pizza_active_users", "Signed-in users of the shop seen within the last five minutes.", together="livemax"
)

# Orders and ovens

ORDERS: Final = _counter("pizza_orders_total", "Orders by what they came to and the oven.", "outcome", "oven")
FAILED_ORDERS: Final = _counter("pizza_orders_failed_total", "Orders that failed by reason.", "reason")
ORDER_TIME: Final = _durations(
    "pizza_order_duration_seconds", "Seconds from taking up an order to its outcome.", "outcome"
)
PIZZAS: Final = _counter("pizza_sold_total", "Pizzas delivered.")
REVENUE: Final = _counter("pizza_revenue_satoshis_total", "Satoshis captured for delivered orders.")
ATTEMPTS: Final = _counter("pizza_bake_attempts_total", "Tries of an oven by how they ended.", "oven", "reason")
ATTEMPT_TIME: Final = _durations("pizza_bake_attempt_duration_seconds", "Seconds that a try took.", "oven", "reason")
BREAKER: Final = _gauge(
    "pizza_factory_breaker_open",
    "1 while a process does not trust the factory, 0.5 while it probes.",
    together="livemax",
)
BAKES: Final = _counter("pizza_bakes_total", "Orders at the factory's oven by outcome and attack.", "outcome", "chaos")

# Database connections: OpenTelemetry's names (semantic conventions, db.client.connection.*) in Prometheus's form.

CONNECTIONS: Final = _gauge(
    "db_client_connection_count", "Database connections by state.", "pool", "state", together="livesum"
)
CONNECTIONS_MAX: Final = _gauge(
    "db_client_connection_max", "Most database connections that may be open.", "pool", together="livesum"
)
CONNECTIONS_PENDING: Final = _gauge(
    "db_client_connection_pending_requests",
    "Requests that wait for a database connection.",
    "pool",
    together="livesum",
)
CONNECTION_TIMEOUTS: Final = _counter(
    "db_client_connection_timeouts_total", "Requests that got no database connection.", "pool"
)
CONNECTIONS_LEAKED: Final = _counter(
    "db_client_connection_leaked_total", "Connections held past the first threshold.", "pool"
)
CONNECTIONS_RECLAIMED: Final = _counter(
    "db_client_connection_reclaimed_total", "Connections held past the second threshold, and taken back.", "pool"
)
CONNECTION_WAIT: Final = _durations(
    "db_client_connection_wait_time_seconds", "Seconds until a request had its database connection.", "pool"
)
CONNECTION_USE: Final = _durations(
    "db_client_connection_use_time_seconds", "Seconds that a database connection was held.", "pool"
)
CONNECTION_CREATE: Final = _durations(
    "db_client_connection_create_time_seconds", "Seconds that opening a database connection took.", "pool"
)
DATABASE_UP: Final = _gauge(
    "database_reachable", "1 while the process reaches PostgreSQL, 0 while it does not.", "service", together="liveall"
)

# The process itself

BUILD: Final = _gauge("jwt_pizza_build_info", "Always 1.", "service", "version", together="livemax")
CPU: Final = _counter("process_cpu_seconds_total", "Seconds of processor time, of user and system.", "service")
MEMORY: Final = _gauge("process_resident_memory_bytes", "Memory that is resident.", "service", together="liveall")
DESCRIPTORS: Final = _gauge("process_open_fds", "Open file descriptors.", "service", together="liveall")
LOOP_LAG: Final = _durations(
    "event_loop_lag_seconds", "Seconds by which a timer of the event loop was late, ten times a second.", "service"
)
RUNS: Final = _counter("background_runs_total", "Runs of periodic work by result.", "service", "work", "result")
LAST_SUCCESS: Final = _gauge(
    "background_last_success_timestamp_seconds",
    "When periodic work last succeeded in any process.",
    "service",
    "work",
    together="livemax",
)
OUTBOX_AGE: Final = _gauge(
    "outbox_oldest_seconds", "Age of the oldest message that still has to leave.", "outbox", together="livemax"
)

# Ops

SNAPSHOTS: Final = _counter("ops_snapshots_total", "Snapshots that processes pushed.", "service")
PUSHES: Final = _counter("telemetry_pushes_total", "Snapshots pushed to ops by result.", "service", "result")
DROPPED: Final = _counter(
    "telemetry_happenings_dropped_total", "Happenings given up because ops was away for too long.", "service"
)
ALERTS: Final = _counter("ops_alerts_received_total", "Alerts received, repeated ones too.", "source")
GROUPS: Final = _gauge(
    "ops_alert_groups", "Alert groups by status, resolved ones left out.", "status", together="livemax"
)
NOTIFICATIONS: Final = _counter(
    "ops_notifications_total", "Attempts to notify somebody by result.", "channel", "provider", "result"
)
PAGE_LATENCY: Final = Histogram(
    "ops_page_latency_seconds",
    "Seconds from a step that was due to the provider having taken its message.",
    ["channel"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
STEPS_LATE: Final = _gauge(
    "ops_escalation_late_seconds", "By how much the escalation step that is due longest is late.", together="livemax"
)
WATCH_TIME: Final = _durations("ops_watch_evaluation_seconds", "Seconds that an evaluation of the watch took.")
WATCH_LAG: Final = _durations(
    "ops_watch_lag_seconds", "Seconds from a process's snapshot to the evaluation that saw it."
)
WATCH_FIRING: Final = _gauge("ops_watch_firing", "Findings of the watch that fire.", "rule", together="livemax")
WATCH_LEADS: Final = _gauge("ops_watch_leads", "1 in the process whose watch leads.", together="liveall")
ESCALATIONS_DELAYED: Final = _counter(
    "oncall_escalations_delayed_total", "Escalations that did not go on, and that the auditor made go on."
)
DATABASE_AWAY: Final = _gauge(
    "oncall_database_away", "1 while the pager works without its database.", together="livemax"
)
