"""Is the money right?"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from observability.dashboards import panels as p
from observability.dashboards.panels import Query


def dashboard() -> Dashboard:
    board = p.board("Money", "money", "What is sold, what it brings, and whether anybody paid for nothing.")
    _first_look(board)
    _sales(board)
    _losses(board)
    return board


def _first_look(board: Dashboard) -> None:
    board.with_row(p.row("Did anybody pay for nothing?"))
    board.with_panel(
        p.stat_panel(
            "Charged and not delivered, 24 h",
            "Must be zero under every policy but factory-only, which exists for the drill. Otherwise: refund, "
            "then find out.",
            'sum(increase(pizza_orders_total{outcome="charged"}[24h])) or vector(0)',
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Holds given back late, 24 h",
            "Orders whose process died between hold and capture. Nobody was charged; many of them mean that "
            "processes die.",
            'sum(increase(pizza_orders_total{outcome="expired"}[24h])) or vector(0)',
            steps=((None, p.GOOD), (1, p.WARNING), (20, p.BAD)),
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Ledger last folded",
            "Seconds since the balances were last brought up to date. Orders do not wait for it, statements do.",
            'time() - max(background_last_success_timestamp_seconds{work="fold balances"})',
            unit=p.SECONDS,
            steps=((None, p.GOOD), (30, p.WARNING), (120, p.BAD)),
        )
    )
    board.with_panel(
        p.stat_panel(
            "Revenue, 24 h",
            "Captured for delivered orders. 100,000,000 satoshis are one bitcoin.",
            "sum(increase(pizza_revenue_satoshis_total[24h]))",
            unit=p.SATOSHIS,
            decimals=0,
        )
    )
    board.with_panel(p.stat_panel("Pizzas, 24 h", "Delivered.", "sum(increase(pizza_sold_total[24h]))", decimals=0))
    board.with_panel(
        p.stat_panel(
            "An order brings, 24 h",
            "Revenue divided by delivered orders.",
            "sum(increase(pizza_revenue_satoshis_total[24h])) "
            '/ (sum(increase(pizza_orders_total{outcome="fulfilled"}[24h])) > 0)',
            unit=p.SATOSHIS,
            none="no orders",
            decimals=0,
        )
    )


def _sales(board: Dashboard) -> None:
    board.with_row(p.row("Sales"))
    board.with_panel(
        p.series_panel(
            "Revenue",
            "What an hour at this pace brings. The second line is the same time yesterday.",
            Query("sum(rate(pizza_revenue_satoshis_total[$__rate_interval])) * 3600", "now"),
            Query("sum(rate(pizza_revenue_satoshis_total[$__rate_interval] offset 1d)) * 3600", "a day before"),
            unit=p.SATOSHIS_PER_HOUR,
            span=12,
        )
    )
    board.with_panel(
        p.series_panel(
            "Pizzas and orders",
            "Delivered, a minute.",
            Query("sum(rate(pizza_sold_total[$__rate_interval])) * 60", "pizzas"),
            Query('sum(rate(pizza_orders_total{outcome="fulfilled"}[$__rate_interval])) * 60', "orders"),
            unit=p.PER_MINUTE,
            span=12,
        )
    )


def _losses(board: Dashboard) -> None:
    board.with_row(p.row("Losses"))
    board.with_panel(
        p.series_panel(
            "Orders not delivered",
            "By what became of the money: voided and failed cost nobody anything, charged did, expired was given back.",
            Query(
                'sum by (outcome) (rate(pizza_orders_total{outcome!="fulfilled"}[$__rate_interval])) * 60',
                "{{outcome}}",
            ),
            unit=p.PER_MINUTE,
            stacked=True,
            span=12,
        )
    )
    board.with_panel(
        p.series_panel(
            "Revenue that lost orders would have brought",
            "An estimate: lost orders times what an order brings on average over the day.",
            Query(
                'sum(rate(pizza_orders_total{outcome!="fulfilled"}[$__rate_interval])) * 3600'
                " * sum(increase(pizza_revenue_satoshis_total[24h]))"
                ' / (sum(increase(pizza_orders_total{outcome="fulfilled"}[24h])) > 0)',
                "lost",
            ),
            unit=p.SATOSHIS_PER_HOUR,
            span=12,
        )
    )
