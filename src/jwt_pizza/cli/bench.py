"""`jwt-pizza bench`"""

import asyncio
import os
import platform
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from jwt_pizza.bench import amends, attacks, cases, diners, firstpage, pages, system

WORKERS = 2
UNDER_ATTACK = ("factory", "attacks")
FIRST_PAGE = "first-page"
AMENDS = "amends"
PAGES = "pages"
ON_REQUEST = (*UNDER_ATTACK, FIRST_PAGE, AMENDS, PAGES)
"""Measured on request alone, on systems of their own: they take minutes."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice([*cases.CASES, *ON_REQUEST]))
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option("--seconds", type=click.FloatRange(min=2), default=10, show_default=True, help="Of each measurement.")
def command(names: tuple[str, ...], json_file: Path | None, seconds: float) -> None:
    """Start a scratch system, load it with wrk, and compare with pgbench on the same statement in the same run.

    Two workers, 64 connections; PostgreSQL and the load generator share the machine. Ratios are worth more than rates.

    \b
    Examples:
      jwt-pizza bench
      jwt-pizza bench orders menu --seconds 5 --json bench.json
      jwt-pizza bench factory attacks --seconds 20
      jwt-pizza bench first-page amends
      jwt-pizza bench pages
    """
    console = Console()
    results: dict[str, cases.Figures] = {}
    healthy = [name for name in names if name in cases.CASES] or ([] if names else list(cases.CASES))
    with system.running(WORKERS) as running:
        guests = asyncio.run(
            diners.invite(running.database_url, diners=32, pizzas=20_000 if "verify" in healthy else 0)
        )
        bench = cases.Bench(running, guests, seconds)
        for name in healthy:
            with console.status(f"measuring {name}"):
                results[name] = cases.CASES[name](bench)
        if PAGES in names:
            with console.status("measuring pages"):
                results |= pages.figures(running, seconds=seconds)
        results["system"] = {
            "ready_seconds": running.ready_seconds,
            "memory_mb": round(running.memory_mb(), 1),
            "workers": WORKERS,
            "cores": os.cpu_count() or 0,
        }
    if set(names) & set(UNDER_ATTACK):
        with system.running(WORKERS, "factory") as remote, console.status("measuring policy factory"):
            if "factory" in names:
                with system.running(WORKERS) as plain:
                    results["factory"] = attacks.against_in_house(plain, remote, seconds=seconds)
            if "attacks" in names:
                results |= attacks.under_attack(remote, seconds=seconds)
    if FIRST_PAGE in names:
        with console.status(f"measuring {FIRST_PAGE}, {firstpage.RUNS} times"):
            results[FIRST_PAGE] = firstpage.figures(firstpage.RUNS)
    if AMENDS in names:
        with console.status(f"making amends to {amends.DINERS} diners"):
            results[AMENDS] = amends.figures()
    console.print(_table(results))
    if json_file:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def _table(results: dict[str, cases.Figures]) -> Table:
    about = results["system"]
    table = Table(
        title=f"{about['cores']:.0f} cores, Python {platform.python_version()}, {about['workers']:.0f} workers; "
        f"ready in {about['ready_seconds']} s, {about['memory_mb']} MB without PostgreSQL"
    )
    table.add_column("call")
    for column in ("per second", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right")
    table.add_column("besides")
    for name, figures in results.items():
        if name != "system":
            besides = {key: value for key, value in figures.items() if key not in {"per_s", "p50_ms", "p99_ms"}}
            table.add_row(
                name,
                f"{figures['per_s']:,.0f}" if "per_s" in figures else "",
                f"{figures['p50_ms']:.1f}" if "p50_ms" in figures else "",
                f"{figures['p99_ms']:.1f}" if "p99_ms" in figures else "",
                ", ".join(f"{key} {value:,.2f}".rstrip("0").rstrip(".") for key, value in besides.items()),
            )
    return table
