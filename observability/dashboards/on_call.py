"""Does the pager work, and what does it say?"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from observability.dashboards import panels as p
from observability.dashboards.panels import Query


def dashboard() -> Dashboard:
    board = p.board(
        "On-call", "oncall", "Whether somebody is told when something breaks: the watch, the alerts, the pager."
    )
    _first_look(board)
    _alerts(board)
    _pages(board)
    _watch(board)
    return board


def _first_look(board: Dashboard) -> None:
    board.with_row(p.row("Does somebody know?"))
    board.with_panel(
        p.stat_panel(
            "Nobody has acknowledged",
            "Alert groups that fire and that nobody has taken. Each of them is paged about again and again.",
            'max(ops_alert_groups{status="firing"}) or vector(0)',
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Somebody is at it",
            "Alert groups that fire and are acknowledged: quiet until they are resolved.",
            'max(ops_alert_groups{status="acknowledged"}) or vector(0)',
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "95 of 100 pages within",
            "Seconds from a step that was due to the provider having taken the message, over an hour.",
            "histogram_quantile(0.95, sum by (le) (rate(ops_page_latency_seconds_bucket[1h])))",
            unit=p.SECONDS,
            steps=((None, p.GOOD), (1, p.WARNING), (5, p.BAD)),
            none="no pages",
        )
    )
    board.with_panel(
        p.stat_panel(
            "Messages that failed, 1 h",
            "The next channel, then the next person is tried. If all of them fail, the provider is down: ring "
            "people up.",
            'sum(increase(ops_notifications_total{result="failed"}[1h])) or vector(0)',
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Most delayed step",
            "By how much the escalation step that is due longest is late. Over 10 s nobody may be told: see "
            "that ops runs.",
            "max(ops_escalation_late_seconds)",
            unit=p.SECONDS,
            steps=((None, p.GOOD), (2, p.WARNING), (10, p.BAD)),
        )
    )
    board.with_panel(
        p.stat_panel(
            "Watches that lead",
            "Exactly one process of ops evaluates the built-in rules. None: nobody watches.",
            "sum(ops_watch_leads)",
            steps=((None, p.BAD), (1, p.GOOD), (2, p.BAD)),
            decimals=0,
        )
    )


def _alerts(board: Dashboard) -> None:
    board.with_row(p.row("Alerts"))
    board.with_panel(
        p.series_panel(
            "Alert groups",
            "Not yet resolved.",
            Query("max by (status) (ops_alert_groups)", "{{status}}"),
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "Alerts received",
            "By source, repeated ones too.",
            Query("sum by (source) (rate(ops_alerts_received_total[$__rate_interval]))", "{{source}}"),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.states_panel(
            "What the built-in watch finds",
            "By rule.",
            Query("max by (rule) (clamp_max(ops_watch_firing, 1))", "{{rule}}"),
            words={"0": ("quiet", p.GOOD), "1": ("fires", p.BAD)},
        )
    )


def _pages(board: Dashboard) -> None:
    board.with_row(p.row("Pages"))
    board.with_panel(
        p.series_panel(
            "Messages by channel and result",
            "void: the group was acknowledged or resolved before the message left.",
            Query(
                "sum by (channel, result) (rate(ops_notifications_total[$__rate_interval])) * 60",
                "{{channel}} {{result}}",
            ),
            unit=p.PER_MINUTE,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "How long a page takes",
            "By channel, from due to taken by the provider; 95 of 100.",
            *p.quantiles("ops_page_latency_seconds", of=(0.95,), by="channel"),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (1, p.WARNING), (5, p.BAD)),
        )
    )
    board.with_panel(
        p.series_panel(
            "Oldest message that waits",
            "In each outbox.",
            Query("max by (outbox) (outbox_oldest_seconds)", "{{outbox}}"),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (10, p.BAD)),
        )
    )


def _watch(board: Dashboard) -> None:
    board.with_row(p.row("The watch and what feeds it"))
    board.with_panel(
        p.series_panel(
            "Snapshots",
            "That processes push to ops, by result: each does it twice a second. taken: ops' database is away.",
            Query(
                "sum by (service, result) (rate(telemetry_pushes_total[$__rate_interval]))", "{{service}} {{result}}"
            ),
            unit=p.PER_SECOND,
            span=8,
        )
    )
    board.with_panel(
        p.series_panel(
            "From snapshot to evaluation",
            "Seconds: this long a failure stays unseen at most, besides the half second between snapshots.",
            *p.quantiles("ops_watch_lag_seconds", of=(0.5, 0.99)),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (2, p.BAD)),
            span=8,
        )
    )
    board.with_panel(
        p.series_panel(
            "Evaluations",
            "A second; one is right.",
            Query("sum(rate(ops_watch_evaluation_seconds_count[$__rate_interval]))", "evaluations"),
            unit=p.PER_SECOND,
            span=8,
        )
    )
