"""``dray apt``: publishes in an apt repository, and looks after it. Each command is imported when it is used."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "init": ("dray.cli.apt_init", "Make a key and an empty repository, and say what hosts need."),
    "publish": ("dray.cli.apt_publish", "Publish Debian packages."),
    "keyring": ("dray.cli.apt_keyring", "Publish the keys of a repository as a package."),
    "list": ("dray.cli.apt_list", "List the packages of a repository, or its generations."),
    "remove": ("dray.cli.apt_change", "Take a package out of a repository."),
    "rollback": ("dray.cli.apt_change", "Publish an earlier generation again."),
    "refresh": ("dray.cli.apt_change", "Sign a repository anew, with the date of today."),
    "check": ("dray.cli.apt_check", "Look for damage."),
    "serve": ("dray.cli.apt_serve", "Serve a repository to hosts."),
}


class _AptCommands(click.Group):
    """The commands of ``dray apt``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(_COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group("apt", cls=_AptCommands)
def apt_command() -> None:
    """Publish in an apt repository, and look after it.

    A repository is a folder, ssh://HOST/PATH or s3://BUCKET/FOLDER. Without --to it is the one that the project in
    the current folder publishes to.
    """
