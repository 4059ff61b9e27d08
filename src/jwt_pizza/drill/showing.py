"""The comparison of a drill: as it was against as built, and what was expected."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.table import Table

from jwt_pizza.drill.figures import Figures
from jwt_pizza.drill.scenario import Scenario, Way
from jwt_pizza.drill.verdict import Verdict
from jwt_pizza.ops.drills.said import Expectation, Result, Row

HEADS: Final[Mapping[Way, str]] = {"as-it-was": "as it was", "as-built": "as built"}
Cell = Callable[[Figures], str]


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.1f} s"


def _clock(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%H:%M") if moment else "–"


def _pages(figures: Figures) -> str:
    return ", ".join(map(_clock, figures.pages_at)) or "none"


def _amends(figures: Figures) -> str:
    if not figures.refunded and not figures.mailed:
        return "nobody to make whole"
    given = f"{figures.refunded} refunded, {figures.mailed} emailed, {figures.vouchers} vouchers"
    return f"{_seconds(figures.amends_seconds)} ({given})"


_ROWS: Final[Sequence[tuple[str, Cell]]] = (
    ("orders placed", lambda figures: str(figures.orders_placed)),
    ("orders failed", lambda figures: str(figures.orders_failed)),
    ("pizzas not delivered", lambda figures: str(figures.pizzas_not_delivered)),
    ("charged and not delivered", lambda figures: str(figures.charged_not_delivered)),
    ("diners affected", lambda figures: str(figures.diners_affected)),
    ("minutes of impact", lambda figures: str(figures.impact_minutes)),
    ("first failing call", lambda figures: _clock(figures.first_bad_call_at)),
    ("alert", lambda figures: _clock(figures.alert_at)),
    ("first failing call → alert", lambda figures: _seconds(figures.alert_seconds)),
    ("alert → page handed to the provider", lambda figures: _seconds(figures.page_seconds)),
    ("pages", _pages),
    ("engineer starts to look", lambda figures: _clock(figures.engineer_started_at)),
    ("acknowledged", lambda figures: _clock(figures.acknowledged_at)),
    ("cause ended", lambda figures: _clock(figures.mitigated_at)),
    ("alert resolved", lambda figures: _clock(figures.resolved_at)),
    ("confirmed by the metrics", lambda figures: _clock(figures.confirmed_at)),
    ("pages after somebody acknowledged", lambda figures: str(figures.pages_after_acknowledgement)),
    ("pages after the cause was ended", lambda figures: str(figures.pages_after_resolution)),
    ("resolution → everybody made whole", _amends),
    ("faults in the ledger", lambda figures: str(figures.ledger_faults)),
)


def result(
    scenario: Scenario,
    figures: Mapping[Way, Figures],
    judged: Mapping[Way, Sequence[Verdict]],
    *,
    report: str,
    score: str = "",
) -> Result:
    return Result(
        title=f"{scenario.title} · {scenario.day}, times in UTC",
        ways=tuple(HEADS[way] for way in figures),
        rows=tuple(Row(measure, tuple(cell(found) for found in figures.values())) for measure, cell in _ROWS),
        expectations=tuple(
            Expectation(HEADS[way], verdict.figure, verdict.expected, verdict.found, verdict.good)
            for way, found in judged.items()
            for verdict in found
        ),
        report=report,
        score=score,
    )


def comparison(result: Result) -> Table:
    table = Table(title=result.title)
    table.add_column("measure")
    for way in result.ways:
        table.add_column(way, justify="right")
    for row in result.rows:
        table.add_row(row.measure, *row.values)
    return table


def expectations(result: Result) -> Table:
    """What was expected and is not so; the rest as a count."""
    table = Table(title="Expectations")
    for name in ("", "figure", "expected", "found"):
        table.add_column(name)
    for way in result.ways:
        found = [each for each in result.expectations if each.way == way]
        bad = [each for each in found if not each.good]
        for each in bad:
            table.add_row(way, each.figure, each.expected, f"[red]{each.found}[/red]")
        table.add_row(way, f"{len(found) - len(bad)} of {len(found)} hold", "", "")
    return table
