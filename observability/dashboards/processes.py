"""Do the processes live, and do they do their work?"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from observability.dashboards import panels as p
from observability.dashboards.panels import Query


def dashboard() -> Dashboard:
    board = p.board(
        "Processes", "processes", "What the processes of every deployable cost, and whether they do their work."
    )
    board.with_variable(p.variable("service", "Deployable", "label_values(jwt_pizza_build_info, service)"))
    _first_look(board)
    _over_time(board)
    return board


def _first_look(board: Dashboard) -> None:
    board.with_row(p.row("Do the processes live and work?"))
    board.with_panel(
        p.stat_panel(
            "Targets that answer",
            "Of the addresses that Prometheus scrapes, how many answer.",
            'sum(up{job=~"jwt-pizza.*"}) / count(up{job=~"jwt-pizza.*"})',
            unit=p.PERCENT,
            steps=((None, p.BAD), (1, p.GOOD)),
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Work that failed, 5 min",
            "Runs of periodic work that ended in a defect; their stacks are in the log.",
            'sum(increase(background_runs_total{service=~"$service", result="failed"}[5m]))',
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Busiest deployable",
            "Seconds of processor time a second: 1 is one core.",
            'max(sum by (service) (rate(process_cpu_seconds_total{service=~"$service"}[1m])))',
            decimals=2,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Largest process",
            "Resident memory. The watch warns from 1 GiB on.",
            'max(process_resident_memory_bytes{service=~"$service"})',
            unit=p.BYTES,
            steps=((None, p.GOOD), (2**29, p.WARNING), (2**30, p.BAD)),
        )
    )
    board.with_panel(
        p.stat_panel(
            "Latest event loop",
            "How late the event loop of the worst deployable is, 99 of 100 times.",
            "max(histogram_quantile(0.99, sum by (le, service) "
            '(rate(event_loop_lag_seconds_bucket{service=~"$service"}[1m]))))',
            unit=p.SECONDS,
            steps=((None, p.GOOD), (0.1, p.WARNING), (0.5, p.BAD)),
        )
    )
    board.with_panel(
        p.stat_panel(
            "Versions",
            "How many run at a time. More than one for long: an upgrade is stuck half-way.",
            "count(count by (version) (jwt_pizza_build_info))",
            steps=((None, p.GOOD), (2, p.WARNING)),
            decimals=0,
        )
    )


def _over_time(board: Dashboard) -> None:
    board.with_row(p.row("Over time"))
    board.with_panel(
        p.series_panel(
            "Processor",
            "Seconds of processor time a second, all processes of a deployable together: 1 is one core.",
            Query(
                'sum by (service) (rate(process_cpu_seconds_total{service=~"$service"}[$__rate_interval]))',
                "{{service}}",
            ),
        )
    )
    board.with_panel(
        p.series_panel(
            "Memory",
            "Resident, of each process. A line that only climbs is a leak.",
            Query('process_resident_memory_bytes{service=~"$service"}', "{{service}} {{pid}}"),
            unit=p.BYTES,
        )
    )
    board.with_panel(
        p.series_panel(
            "How late the event loop is",
            "Something blocks a process that is late by more than 0.1 s: every request in it waits.",
            *p.quantiles("event_loop_lag_seconds", 'service=~"$service"', of=(0.99,), by="service"),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (0.1, p.WARNING), (0.5, p.BAD)),
        )
    )
    board.with_panel(
        p.series_panel(
            "Open files",
            "Descriptors of each process, sockets included.",
            Query('process_open_fds{service=~"$service"}', "{{service}} {{pid}}"),
        )
    )
    board.with_panel(
        p.series_panel(
            "Periodic work",
            "Seconds since it last succeeded. A line that climbs is work that died.",
            Query(
                "max by (service, work) (time() - background_last_success_timestamp_seconds)", "{{service}}: {{work}}"
            ),
            unit=p.SECONDS,
        )
    )
