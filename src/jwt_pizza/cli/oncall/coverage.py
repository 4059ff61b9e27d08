"""`jwt-pizza oncall coverage`"""

import sys

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.cli.oncall.moments import shown
from jwt_pizza.ops.coverage.model import Finding, Report


@click.command()
@click.option("--days", type=click.IntRange(1, 90), default=14, show_default=True)
@click.option("--strict", is_flag=True, help="Warnings count too.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
def command(days: int, strict: bool, as_json: bool) -> None:
    """Whether somebody would be paged at every moment of the coming days. Exits with 1 when not.

    \b
    Examples:
      jwt-pizza oncall coverage
      jwt-pizza oncall coverage --days 30 --strict || mail -s "on-call has gaps" team@example.com
    """
    report = ask("GET", f"/api/coverage?days={days}", Report)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    elif not report.findings:
        click.echo(f"somebody is reached at every moment of the next {days} days")
    else:
        table = Table("", "what", "finding", "from", "until")
        for finding in report.findings:
            table.add_row(*_row(finding), style="red" if finding.severity == "problem" else None)
        Console(markup=False).print(table)
    if not report.covered or (strict and report.findings):
        sys.exit(1)


def _row(finding: Finding) -> tuple[Text | str, ...]:
    moments = [shown(moment, "UTC") if moment else "" for moment in (finding.starts, finding.ends)]
    return finding.severity, finding.about, finding.message, *moments
