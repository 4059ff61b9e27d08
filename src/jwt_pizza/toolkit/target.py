"""The running system that an experiment names in its `configuration`."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from jwt_pizza.cli.operator import Operator, operating
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit import settings
from jwt_pizza.kit.settings import Settings

Result = TypeVar("Result")
Configuration = Mapping[str, str]
"""`url`, which must be given, and `data_dir`, which otherwise is as for `jwt-pizza`'s commands."""

_VARIABLES = {"url": "JWT_PIZZA_URL", "data_dir": "JWT_PIZZA_DATA_DIR"}


class NoTarget(Refusal):
    """The experiment does not say what to attack."""


def named(configuration: Configuration | None) -> Settings:
    """Raises NoTarget without a URL: what happens to run at the usual address may be somebody else's."""
    given = {_VARIABLES[name]: text for name, text in (configuration or {}).items() if name in _VARIABLES and text}
    if "JWT_PIZZA_URL" not in given:
        raise NoTarget("set JWT_PIZZA_URL to the shop that the experiment may attack")
    return settings.load(os.environ | given)


def as_operator(configuration: Configuration | None, work: Callable[[Operator], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with operating(named(configuration)) as operator:
            return await work(operator)

    return asyncio.run(run())
