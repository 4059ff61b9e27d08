"""Which failures of a command are the user's to mend, and how to say so in one line."""

import asyncpg

from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit.embedded import EmbeddedError
from jwt_pizza.kit.settings import SettingError
from jwt_pizza.kit.supervisor import PortTaken


def explain(error: BaseException) -> str | None:
    if isinstance(error, Refusal):
        return error.message
    if isinstance(error, EmbeddedError | SettingError | PortTaken):
        return str(error)
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.InvalidSchemaNameError):
        return "the database is not migrated: run `jwt-pizza migrate` first"
    # Not at the top: only `migrate` needs SQLAlchemy, which takes a seventh of a second of every command's start.
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    if isinstance(error, DBAPIError):
        return f"the database cannot be used: {str(error.orig).splitlines()[0]}"
    if isinstance(error, OSError | asyncpg.PostgresError):
        return f"the database cannot be used: {error}"
    return None
