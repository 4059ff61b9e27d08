"""Each deployable has a schema of its own and a chain of Alembic revisions for it."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade(url: str, package: str, schema: str) -> None:
    """Brings `schema` to the newest revision of `package`. Two processes may do so at once: one waits for the other."""
    command.upgrade(_config(package, schema, url), "head")


def _config(package: str, schema: str, url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files(__package__)))))
    config.set_main_option("version_locations", str(Path(str(files(package)))))
    config.set_main_option("path_separator", "newline")
    config.attributes["schema"] = schema
    config.attributes["url"] = url
    return config
