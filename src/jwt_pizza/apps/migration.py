"""Every schema at this version. Apart from `database`, as Alembic takes half a second and 20 MB to load."""

from jwt_pizza.apps.database import SCHEMAS
from jwt_pizza.kit import migrations


def migrate(url: str) -> None:
    for schema, package in SCHEMAS.items():
        migrations.upgrade(url, package, schema)
