"""Are there database connections left, and who keeps them?"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from observability.dashboards import panels as p
from observability.dashboards.panels import Query

_POOL = 'pool=~"$pool"'
_USED = f'db_client_connection_count{{state="used", {_POOL}}}'


def dashboard() -> Dashboard:
    board = p.board(
        "Connections",
        "connections",
        "The database connections of every pool. Who holds which, since when and from which line of code, is shown by "
        "`jwt-pizza connections` and by the console.",
    )
    board.with_variable(p.variable("pool", "Pool", "label_values(db_client_connection_max, pool)"))
    _first_look(board)
    _over_time(board)
    return board


def _first_look(board: Dashboard) -> None:
    board.with_row(p.row("Are there connections left?"))
    board.with_panel(
        p.stat_panel(
            "Fullest pool",
            "Used connections of all that may be open. From 80 % on requests begin to wait, at 100 % they are "
            "answered 503.",
            f"max(sum by (pool) ({_USED}) / sum by (pool) (db_client_connection_max{{{_POOL}}}))",
            unit=p.PERCENT,
            steps=((None, p.GOOD), (0.8, p.WARNING), (0.95, p.BAD)),
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Requests that wait",
            "For a connection, now.",
            f"sum(db_client_connection_pending_requests{{{_POOL}}})",
            steps=((None, p.GOOD), (1, p.WARNING), (10, p.BAD)),
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Turned away, 5 min",
            "Requests that got no connection within their deadline and were answered 503.",
            f"sum(increase(db_client_connection_timeouts_total{{{_POOL}}}[5m]))",
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Leaked, 1 h",
            "Held past the first threshold. The log has the stack that took each of them.",
            f"sum(increase(db_client_connection_leaked_total{{{_POOL}}}[1h]))",
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Taken back, 1 h",
            "Held past the second threshold, broken off and replaced.",
            f"sum(increase(db_client_connection_reclaimed_total{{{_POOL}}}[1h]))",
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Database",
            "Whether every process reaches PostgreSQL.",
            "min(database_reachable)",
            steps=((None, p.BAD), (1, p.GOOD)),
            words={"0": ("unreachable", p.BAD), "1": ("reachable", p.GOOD)},
        )
    )


def _over_time(board: Dashboard) -> None:
    board.with_row(p.row("Over time"))
    board.with_panel(
        p.series_panel(
            "Connections",
            "Used ones, and the most that may be open, of all processes that live.",
            Query(f"sum by (pool) ({_USED})", "{{pool}}: used"),
            Query(f"sum by (pool) (db_client_connection_max{{{_POOL}}})", "{{pool}}: most"),
        )
    )
    board.with_panel(
        p.series_panel(
            "Requests that wait",
            "For a connection.",
            Query(f"sum by (pool) (db_client_connection_pending_requests{{{_POOL}}})", "{{pool}}"),
        )
    )
    board.with_panel(
        p.series_panel(
            "Waiting for a connection",
            "Seconds until a request had one. Climbs before requests are turned away.",
            *p.quantiles("db_client_connection_wait_time_seconds", _POOL, of=(0.95, 0.99), by="pool"),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (1, p.BAD)),
        )
    )
    board.with_panel(
        p.series_panel(
            "Holding a connection",
            "Seconds. Work that holds one for long starves the others.",
            *p.quantiles("db_client_connection_use_time_seconds", _POOL, of=(0.95, 0.99), by="pool"),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (2, p.BAD)),
        )
    )
    board.with_panel(
        p.series_panel(
            "Leaked, taken back, turned away",
            "A minute.",
            Query(
                f"sum by (pool) (rate(db_client_connection_leaked_total{{{_POOL}}}[$__rate_interval])) * 60",
                "{{pool}}: leaked",
            ),
            Query(
                f"sum by (pool) (rate(db_client_connection_reclaimed_total{{{_POOL}}}[$__rate_interval])) * 60",
                "{{pool}}: taken back",
            ),
            Query(
                f"sum by (pool) (rate(db_client_connection_timeouts_total{{{_POOL}}}[$__rate_interval])) * 60",
                "{{pool}}: turned away",
            ),
            unit=p.PER_MINUTE,
        )
    )
    board.with_panel(
        p.series_panel(
            "Opening connections",
            "A second. Many at once: connections break, or processes come and go.",
            Query(
                f"sum by (pool) (rate(db_client_connection_create_time_seconds_count{{{_POOL}}}[$__rate_interval]))",
                "{{pool}}",
            ),
            unit=p.PER_SECOND,
        )
    )
