"""Alembic runs this file for every upgrade."""

from alembic import context
from sqlalchemy import NullPool, create_engine, text

schema = context.config.attributes["schema"]
url = context.config.attributes["url"].replace("postgres://", "postgresql://", 1)
engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)

with engine.begin() as connection:
    # Held until the commit, so that of two upgrades at once the second finds everything done.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('jwt-pizza migrations'))"))
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    context.configure(connection=connection, version_table_schema=schema, version_table="schema_version")
    with context.begin_transaction():
        context.run_migrations()
