"""Which database: the one that `DATABASE_URL` names, or the embedded one of the data directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.kit import embedded, revisions
from jwt_pizza.kit.postgres import Postgres
from jwt_pizza.kit.settings import Settings
from jwt_pizza.web import health

SCHEMAS: Final = {
    "shop": "jwt_pizza.shop.migrations",
    "factory": "jwt_pizza.factory.migrations",
    "ops": "jwt_pizza.ops.migrations",
}


@contextmanager
def at_hand(settings: Settings) -> Iterator[str]:
    """Its URL. The embedded one is started for the length of the block if it does not run."""
    if settings.database_url:
        yield settings.database_url
        return
    with embedded.attached(settings.data_home) as cluster:
        yield cluster.url()


def running(settings: Settings) -> str:
    """The URL of the one that the system runs on; raises Unavailable when an embedded one does not run."""
    if settings.database_url:
        return settings.database_url
    cluster = embedded.running(settings.data_home)
    if cluster is None:
        raise Unavailable(
            f"the database in {settings.data_home} does not run: set JWT_PIZZA_DATA_DIR or DATABASE_URL as the "
            "system has it, or give the command a login's token (JWT_PIZZA_TOKEN, for on-call JWT_PIZZA_ONCALL_TOKEN)"
        )
    return cluster.url()


def schema_check(postgres: Postgres, schema: str) -> health.Check:
    """For `/readyz`: the schema is at the version that this code needs."""
    newest = revisions.newest(SCHEMAS[schema])

    async def migrated() -> bool:
        query = f"SELECT version_num = $1 FROM {schema}.schema_version"  # noqa: S608 - a name of ours
        return bool(await postgres.fetchval("readyz", query, newest))

    return migrated
