"""A group of commands that knows their names; each is a module that is imported when it is called."""

import importlib
from collections.abc import Mapping
from typing import Any

import click


class Lazy(click.Group):
    def __init__(self, *args: Any, package: str, lines: Mapping[str, str], **options: Any) -> None:  # noqa: ANN401 - click's
        """`lines`: of each module in `package` its line in the help. The module's `command` is what runs; `-` in a name
        is `_` in the module's."""
        super().__init__(*args, **options)
        self._package = package
        self._lines = lines

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._lines:
            return None
        command = importlib.import_module(f"{self._package}.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lines.items()))
