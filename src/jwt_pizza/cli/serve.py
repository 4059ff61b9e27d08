"""`jwt-pizza serve`"""

import os
import sys
from tempfile import TemporaryDirectory

import click

from jwt_pizza.kit import settings
from jwt_pizza.kit.supervisor import Supervisor, Worker, listen

_PORTS = {"shop": 3000, "ops": 3001, "factory": 3002}


@click.command()
@click.argument("deployable", type=click.Choice(list(_PORTS)))
@click.option("--port", type=click.IntRange(0, 65535), help="Default: shop 3000, ops 3001, factory 3002.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes on the port.")
def command(deployable: str, port: int | None, workers: int) -> None:
    """Run one deployable on the PostgreSQL of DATABASE_URL (or the embedded one of the data directory).

    Logs go to standard output, one JSON object a line. SIGINT and SIGTERM finish what is under way and stop.

    \b
    Examples:
      DATABASE_URL=postgresql://pizza@db/pizza jwt-pizza serve shop --workers 2
      DATABASE_URL=postgresql://pizza@db/pizza jwt-pizza serve ops
    """
    loaded = settings.load()
    port = _PORTS[deployable] if port is None else port
    if inherited_socket_given():
        _serve(deployable, loaded, port)
        return
    from jwt_pizza.apps import database, migration  # noqa: PLC0415 - a worker that is started by the supervisor needs none of it

    with database.at_hand(loaded) as url, TemporaryDirectory(prefix="jwt-pizza-metrics-") as counts:
        migration.migrate(url)
        sockets = listen(loaded.host, port, workers)
        environment = os.environ | {"DATABASE_URL": url}
        if workers > 1:
            # Any of them answers for all.
            environment.setdefault("PROMETHEUS_MULTIPROC_DIR", counts)
        argv = [sys.executable, "-m", "jwt_pizza", "serve", deployable, "--port", str(sockets[0].getsockname()[1])]
        address = f"http://{loaded.host}:{sockets[0].getsockname()[1]}"
        children = [
            Worker(f"{deployable}-{number}", argv, environment, sock, None)
            for number, sock in enumerate(sockets, start=1)
        ]
        supervisor = Supervisor(children, on_ready=lambda: click.echo(f"ready: {deployable} {address}", err=True))
        sys.exit(supervisor.run())


def inherited_socket_given() -> bool:
    return "JWT_PIZZA_LISTEN_FD" in os.environ


def _serve(deployable: str, loaded: settings.Settings, port: int) -> None:
    import importlib  # noqa: PLC0415

    from jwt_pizza.kit import http  # noqa: PLC0415

    if loaded.database_url is None:
        raise settings.SettingError("DATABASE_URL is not set")
    app = importlib.import_module(f"jwt_pizza.apps.{deployable}").app(loaded, loaded.database_url)
    http.serve(app, loaded, host=loaded.host, port=port)
