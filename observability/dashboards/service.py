"""Are people getting pizza? The first dashboard to open at three in the morning."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from observability.dashboards import panels as p
from observability.dashboards.panels import Query

_DELIVERED = (
    '(sum(rate(pizza_orders_total{outcome="fulfilled"}[5m])) or vector(0)) / (sum(rate(pizza_orders_total[5m])) > 0)'
)


def dashboard() -> Dashboard:
    board = p.board("Service", "service", "Are people getting pizza, how fast, and what stands in the way.")
    board.with_variable(p.variable("service", "Deployable", "label_values(jwt_pizza_build_info, service)"))
    _first_look(board)
    _orders(board)
    _requests(board)
    return board


def _first_look(board: Dashboard) -> None:
    board.with_row(p.row("Are people getting pizza?"))
    board.with_panel(
        p.stat_panel(
            "Orders delivered, 5 min",
            "Of 100 orders, how many were delivered. Below 99.9 % the month's budget is being spent; red: page "
            "whoever can "
            "end it. Look at “Why orders fail” below.",
            _DELIVERED,
            unit=p.PERCENT,
            steps=((None, p.BAD), (0.99, p.WARNING), (0.999, p.GOOD)),
            none="no orders",
            decimals=2,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Pizzas a minute",
            "Delivered over the last five minutes. Zero in opening hours means that nobody can order, or nobody tries: "
            "compare with the requests below.",
            "sum(rate(pizza_sold_total[5m])) * 60",
            decimals=1,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Orders lost, 1 h",
            "Orders that were not delivered in the last hour, whatever the reason.",
            'sum(increase(pizza_orders_total{outcome!="fulfilled"}[1h])) or vector(0)',
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "95 of 100 orders within",
            "Seconds from taking an order up to having delivered it.",
            "histogram_quantile(0.95, sum by (le) "
            '(rate(pizza_order_duration_seconds_bucket{outcome="fulfilled"}[5m])))',
            unit=p.SECONDS,
            steps=((None, p.GOOD), (0.5, p.WARNING), (1, p.BAD)),
            none="no orders",
        )
    )
    board.with_panel(
        p.stat_panel(
            "Factory",
            "What the circuit breaker thinks of the factory. While it is open the in-house oven bakes and "
            "diners notice "
            "nothing; details in the dashboard Factory.",
            "max(pizza_factory_breaker_open)",
            steps=((None, p.GOOD), (0.5, p.WARNING), (1, p.BAD)),
            words={"0": ("trusted", p.GOOD), "0.5": ("on probation", p.WARNING), "1": ("not trusted", p.BAD)},
        )
    )
    board.with_panel(
        p.stat_panel(
            "Database",
            "Whether every process reaches PostgreSQL. If not, nothing is sold until it is back.",
            "min(database_reachable)",
            steps=((None, p.BAD), (1, p.GOOD)),
            words={"0": ("unreachable", p.BAD), "1": ("reachable", p.GOOD)},
        )
    )


def _orders(board: Dashboard) -> None:
    board.with_row(p.row("Orders"))
    board.with_panel(
        p.series_panel(
            "Orders by what they came to",
            "fulfilled: delivered and paid. voided: nothing charged. charged: paid and not delivered (drill only). "
            "expired: its process died, the money was given back. failed: it never came to the books.",
            Query("sum by (outcome) (rate(pizza_orders_total[$__rate_interval]))", "{{outcome}}"),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "Why orders fail",
            "By reason. timeout, error, unreachable, bad pizza: the factory. unavailable: connections or the database. "
            "defect: a bug, its stack is in the log.",
            Query("sum by (reason) (rate(pizza_orders_failed_total[$__rate_interval]))", "{{reason}}"),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "How long orders take",
            "Delivered ones, from taking up to answered.",
            *p.quantiles("pizza_order_duration_seconds", 'outcome="fulfilled"'),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (1, p.BAD)),
        )
    )
    board.with_panel(
        p.series_panel(
            "How fast the budget burns",
            "1: the month's budget of 0.1 % lost orders would last exactly the month. 14.4 on both windows pages.",
            Query("pizza:orders_lost:ratio_rate5m / 0.001", "5 min"),
            Query("pizza:orders_lost:ratio_rate1h / 0.001", "1 h"),
            Query("pizza:orders_lost:ratio_rate6h / 0.001", "6 h"),
            steps=((None, p.GOOD), (1, p.WARNING), (14.4, p.BAD)),
        )
    )
    board.with_panel(
        p.series_panel(
            "Logins and registrations",
            "By result. Many “wrong” or “limited” at once: somebody tries passwords.",
            Query('sum by (result) (rate(auth_attempts_total{service="shop"}[$__rate_interval]))', "{{result}}"),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "People in the shop",
            "Signed-in users seen within five minutes.",
            Query("max(pizza_active_users)", "users"),
        )
    )


def _requests(board: Dashboard) -> None:
    board.with_row(p.row("Requests"))
    board.with_panel(
        p.series_panel(
            "Requests by status",
            "5xx: we failed. 429: limits hold somebody back. 503 comes with Retry-After: a resource was exhausted.",
            Query(
                'sum by (status) (rate(http_request_duration_seconds_count{service=~"$service"}[$__rate_interval]))',
                "{{status}}",
            ),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "Failing routes",
            "The ten routes with the most 5xx.",
            Query(
                "topk(10, sum by (service, method, route) (rate(http_request_duration_seconds_count"
                '{service=~"$service", status=~"5.."}[$__rate_interval])))',
                "{{service}} {{method}} {{route}}",
            ),
            unit=p.PER_SECOND,
        )
    )
    board.with_panel(
        p.series_panel(
            "Slow routes",
            "The ten routes whose slowest 5 % are slowest.",
            Query(
                "topk(10, histogram_quantile(0.95, sum by (le, service, method, route) "
                '(rate(http_request_duration_seconds_bucket{service=~"$service"}[$__rate_interval]))))',
                "{{service}} {{method}} {{route}}",
            ),
            unit=p.SECONDS,
        )
    )
