"""Calls to the running factory's chaos API, as an admin."""

from pathlib import Path

from jwt_pizza.apps import up
from jwt_pizza.cli import running
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit.settings import Settings


class NoKey(Refusal):
    """There is no key to call the factory with."""


def call(loaded: Settings, method: str, kind: type[running.Answer], body: object = None) -> running.Answer:
    """Raises NoKey, NotRunning or Refused."""
    return running.call(method, f"{loaded.factory_address}/api/admin/chaos", kind, key=_key(loaded), body=body)


def _key(loaded: Settings) -> str:
    if loaded.factory_api_key:
        return loaded.factory_api_key
    file: Path = up.operator_key_file(loaded)
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise NoKey(
            "set JWT_PIZZA_FACTORY_API_KEY to an admin's key (`jwt-pizza vendor add ID --admin` makes one), "
            f"or start the system on this machine with `jwt-pizza up`, which leaves one in {file}"
        ) from None
