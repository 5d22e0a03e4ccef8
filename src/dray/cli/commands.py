"""A group of commands, each of which is imported when it is used: to list them loads none."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from dray.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


class CommandGroup(click.Group):
    """Commands by their names.

    Args:
        table: For each name the module, whose ``NAME_command`` it is, and its line in the list of commands.
        settings: What click takes besides.
    """

    def __init__(self, *, table: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(**settings)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        del ctx
        if cmd_name not in self.table:
            return None
        module = importlib.import_module(self.table[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was typed, with a suggestion where there is none."""
        if args and not args[0].startswith("-") and args[0] not in self.table:
            raise UsageError(
                f"there is no command {args[0]}; there are: {', '.join(self.table)}",
                got=args[0],
                choices=tuple(self.table),
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])
