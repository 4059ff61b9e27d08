"""`jwt-pizza up`"""

import ipaddress
import sys
from pathlib import Path

import click
import msgspec

from jwt_pizza.apps import up
from jwt_pizza.kit import settings


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="The shop's port.")
@click.option("--ops-port", type=click.IntRange(0, 65535), default=3001, show_default=True)
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Where the data lives.")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Demo users, menu, franchise and store.")
@click.option(
    "--force-demo", is_flag=True, help="Allow demo data beyond the loopback address. Its passwords are public!"
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes of the shop.")
def command(port: int, ops_port: int, data_dir: Path | None, demo: bool, force_demo: bool, workers: int) -> None:
    """Run everything on this machine, on an embedded PostgreSQL.

    The data is kept in the data directory; Ctrl-C stops everything cleanly.

    \b
    Examples:
      jwt-pizza up
      jwt-pizza up --port 8080 --data-dir /srv/pizza --no-demo
    """
    loaded = settings.load()
    if demo and not force_demo and not _loopback(loaded.host):
        raise click.UsageError(
            f"demo data has public passwords and {loaded.host} is not a loopback address: use --no-demo"
        )
    loaded = msgspec.structs.replace(loaded, demo=demo, data_dir=data_dir or loaded.data_dir)

    def ready(addresses: up.Addresses) -> None:
        click.echo(f"ready: shop {addresses.shop} ops {addresses.ops}")
        click.echo(_welcome(addresses, demo=demo))
        sys.stdout.flush()

    sys.exit(up.run(loaded, port=port, ops_port=ops_port, workers=workers, on_ready=ready))


def _welcome(addresses: up.Addresses, *, demo: bool) -> str:
    lines = [
        "",
        f"  Order a pizza     {addresses.shop}",
        f"  Try the API       {addresses.shop}/schema",
        f"  The factory       {addresses.shop}/factory/api/docs",
        f"  Who is on call    {addresses.ops}",
        f"  The texts sent    {addresses.ops}/phone",
        f"  Data and logs     {addresses.data}",
        "",
    ]
    if demo:
        lines += [
            "  Log in as         d@jwt.com / diner        (orders pizza)",
            "                    f@jwt.com / franchisee   (runs pizzaPocket)",
            "                    a@jwt.com / admin        (runs everything)",
            "                    oncall@jwt.com / oncall  (on call, at the second address)",
        ]
    else:
        lines.append("  First of all      jwt-pizza admin create --email you@example.com")
    return "\n".join([*lines, "", "  Ctrl-C stops it.", ""])


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
