"""`jwt-pizza incident report`"""

import asyncio
from pathlib import Path

import click

from jwt_pizza.cli.oncall.asking import asking
from jwt_pizza.kit import settings


@click.command()
@click.argument("incident", type=click.IntRange(min=1))
@click.option("--public", is_flag=True, help="Without names, keys or customers' data.")
@click.option("--html", is_flag=True, help="One HTML file for print, instead of Markdown.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; otherwise standard output.")
def command(incident: int, public: bool, html: bool, output: Path | None) -> None:
    """The report of an incident, made now from the log.

    \b
    Examples:
      jwt-pizza incident report 1
      jwt-pizza incident report 1 --html --output incident.html
      jwt-pizza incident report 1 --public --output postmortem.md
    """
    path = f"/api/incidents/{incident}/report.{'html' if html else 'md'}{'?public=true' if public else ''}"
    text = asyncio.run(_read(path))
    if output is None:
        click.echo(text.decode(), nl=False)
        return
    try:
        output.write_bytes(text)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error
    click.echo(f"{output}: {len(text):,} bytes")


async def _read(path: str) -> bytes:
    async with asking(settings.load()) as ops:
        return await ops.read("GET", path)
