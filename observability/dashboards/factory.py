"""Can the factory be trusted, and who bakes instead?"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from observability.dashboards import panels as p
from observability.dashboards.panels import Query

_TRIES = 'pizza_bake_attempts_total{oven="factory"}'
_GOOD_TRIES = 'pizza_bake_attempts_total{oven="factory", reason="good"}'
_BREAKER = {"0": ("trusted", p.GOOD), "0.5": ("on probation", p.WARNING), "1": ("not trusted", p.BAD)}


def dashboard() -> Dashboard:
    board = p.board("Factory", "factory", "How the factory behaves, and how the in-house oven stands in for it.")
    _first_look(board)
    _seen_from_the_shop(board)
    _seen_from_inside(board)
    return board


def _first_look(board: Dashboard) -> None:
    board.with_row(p.row("Can the factory be trusted?"))
    board.with_panel(
        p.stat_panel(
            "Good pizzas, 5 min",
            "Of the tries that the shop gave the factory, how many came back as a good pizza: signed by it, of "
            "this order, "
            "of this diner, fresh. No tries: policy in-house, or the breaker is open.",
            f"(sum(rate({_GOOD_TRIES}[5m])) or vector(0)) / (sum(rate({_TRIES}[5m])) > 0)",
            unit=p.PERCENT,
            steps=((None, p.BAD), (0.9, p.WARNING), (0.99, p.GOOD)),
            none="no tries",
            decimals=1,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Breaker",
            "Not trusted: the shop no longer asks the factory, and probes it now and then.",
            "max(pizza_factory_breaker_open)",
            steps=((None, p.GOOD), (0.5, p.WARNING), (1, p.BAD)),
            words=_BREAKER,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Baked in-house, 5 min",
            "The share of delivered orders that the in-house oven baked. Under policy factory about 2 % while "
            "all is well "
            "(exercise), all of them while the factory is not trusted.",
            '(sum(rate(pizza_orders_total{outcome="fulfilled", oven="in-house"}[5m])) or vector(0)) '
            '/ (sum(rate(pizza_orders_total{outcome="fulfilled"}[5m])) > 0)',
            unit=p.PERCENT,
            none="no orders",
            decimals=1,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Orders struck by an attack, 5 min",
            "Counted by our own factory. Not zero: somebody started a chaos attack; `jwt-pizza chaos stop`, or "
            "follow the "
            "report link of a failed attempt.",
            'sum(increase(pizza_bakes_total{chaos!=""}[5m])) or vector(0)',
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "Lies, 1 h",
            "Pizzas that came with a 200 and were not good: signature, order, diner or time is wrong.",
            'sum(increase(pizza_bake_attempts_total{oven="factory", reason="bad pizza"}[1h])) or vector(0)',
            steps=p.NONE_IS_GOOD,
            decimals=0,
        )
    )
    board.with_panel(
        p.stat_panel(
            "95 of 100 tries within",
            "Seconds that the factory took, good or not. An order's deadline over all tries is 1.5 s.",
            "histogram_quantile(0.95, sum by (le) "
            '(rate(pizza_bake_attempt_duration_seconds_bucket{oven="factory"}[5m])))',
            unit=p.SECONDS,
            steps=((None, p.GOOD), (0.5, p.WARNING), (1, p.BAD)),
            none="no tries",
        )
    )


def _seen_from_the_shop(board: Dashboard) -> None:
    board.with_row(p.row("Seen from the shop"))
    board.with_panel(
        p.series_panel(
            "Tries by how they ended",
            "error: an answer that is none. timeout: too slow. unreachable: no connection. bad pizza: a lie.",
            Query(f"sum by (reason) (rate({_TRIES}[$__rate_interval]))", "{{reason}}"),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "How long tries take",
            "Good and bad ones.",
            *p.quantiles("pizza_bake_attempt_duration_seconds", 'oven="factory"'),
            unit=p.SECONDS,
            steps=((None, p.GOOD), (1, p.BAD)),
        )
    )
    board.with_panel(
        p.series_panel(
            "Delivered orders by oven",
            "The in-house oven takes over when the factory fails.",
            Query(
                'sum by (oven) (rate(pizza_orders_total{outcome="fulfilled"}[$__rate_interval]))',
                "{{oven}}",
            ),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.states_panel(
            "Breaker over time",
            "One line for each shop that is scraped; the worst of its processes.",
            Query("pizza_factory_breaker_open", "{{instance}}"),
            words=_BREAKER,
            span=24,
        )
    )


def _seen_from_inside(board: Dashboard) -> None:
    board.with_row(p.row("Seen from inside (our own factory)"))
    board.with_panel(
        p.series_panel(
            "Orders at the oven by outcome",
            "Counted by the factory itself, before an attack twists the answer.",
            Query("sum by (outcome) (rate(pizza_bakes_total[$__rate_interval]))", "{{outcome}}"),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "Orders struck by attack",
            "By kind of attack.",
            Query('sum by (chaos) (rate(pizza_bakes_total{chaos!=""}[$__rate_interval]))', "{{chaos}}"),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
    board.with_panel(
        p.series_panel(
            "Answers of the factory by status",
            "All routes under /factory.",
            Query(
                'sum by (status) (rate(http_request_duration_seconds_count{route=~"/factory.*|/api/order",'
                ' service=~"factory|shop", method="POST"}[$__rate_interval]))',
                "{{status}}",
            ),
            unit=p.PER_SECOND,
            stacked=True,
        )
    )
