"""`jwt-pizza oncall routes`"""

import click
from rich.console import Console
from rich.table import Table

from jwt_pizza.cli.oncall.asking import ask
from jwt_pizza.kernel.errors import NotFound
from jwt_pizza.ops.routing.matching import parsed
from jwt_pizza.ops.routing.model import Route
from jwt_pizza.web.api import Message

_CHAIN = click.option("--chain", type=click.IntRange(min=1), help="The escalation chain; without one nobody is paged.")
_BY = click.option("--group-by", multiple=True, metavar="LABEL", help="Of each group all alerts have the same values.")


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Which alerts go to which escalation chain. The first route that fits takes an alert; the default one fits all.

    \b
    Examples:
      jwt-pizza oncall routes
      jwt-pizza oncall routes add shop 'service="shop"' --chain 1 --group-by alertname
      jwt-pizza oncall routes change default --chain 1
    """
    if context.invoked_subcommand is not None:
        return
    table = Table("id", "name", "matchers", "groups by", "chain")
    for route in ask("GET", "/api/routes", list[Route]):
        table.add_row(
            str(route.id),
            route.name,
            ", ".join(map(str, route.matchers)) or "everything",
            ", ".join(route.group_by) or "all in one",
            str(route.chain_id) if route.chain_id else "nobody is paged",
        )
    Console(markup=False).print(table)


@command.command()
@click.argument("name")
@click.argument("matchers")
@_CHAIN
@_BY
def add(name: str, matchers: str, chain: int | None, group_by: tuple[str, ...]) -> None:
    """Add a route, the last before the default one.

    \b
    Example:
      jwt-pizza oncall routes add shop 'service="shop",severity=~"critical|warning"' --chain 1
    """
    plan = {"name": name, "matchers": parsed(matchers), "chainId": chain, "groupBy": group_by or ("alertname",)}
    made = ask("POST", "/api/routes", Route, plan)
    click.echo(f"route {made.id} {made.name} is tried as number {made.position}")


@command.command()
@click.argument("name")
@_CHAIN
@_BY
def change(name: str, chain: int | None, group_by: tuple[str, ...]) -> None:
    """Give a route another chain, or let it group by other labels.

    \b
    Example:
      jwt-pizza oncall routes change default --chain 1 --group-by alertname --group-by service
    """
    route = _called(name)
    plan = {
        "name": route.name,
        "matchers": route.matchers,
        "chainId": chain or route.chain_id,
        "groupBy": group_by or route.group_by,
        "remindSeconds": route.remind_seconds,
        "unacknowledgeSeconds": route.unacknowledge_seconds,
    }
    changed = ask("PUT", f"/api/routes/{route.id}", Route, plan)
    click.echo(f"route {changed.id} {changed.name} is changed")


@command.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a route.

    \b
    Example:
      jwt-pizza oncall routes remove shop
    """
    click.echo(ask("DELETE", f"/api/routes/{_called(name).id}", Message).message)


def _called(name: str) -> Route:
    for route in ask("GET", "/api/routes", list[Route]):
        if name in {route.name, str(route.id)}:
            return route
    raise NotFound(f"no route is called {name}: see `jwt-pizza oncall routes`")
