"""``dray apt``: publishes in an apt repository, and looks after it. Each command is imported when it is used."""

from __future__ import annotations

import click

from dray.cli.commands import CommandGroup

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


@click.group("apt", cls=CommandGroup, table=_COMMANDS)
def apt_command() -> None:
    """Publish in an apt repository, and look after it.

    A repository is a folder, ssh://HOST/PATH or s3://BUCKET/FOLDER. Without --to it is the one that the project in
    the current folder publishes to.
    """
