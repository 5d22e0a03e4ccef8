"""``dray completion``: the script by which a shell completes commands, options and pipelines."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import click

from dray.config.reader import open_configuration

_WHERE = {
    "bash": 'eval "$(dray completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(dray completion zsh)" in ~/.zshrc',
    "fish": "dray completion fish > ~/.config/fish/completions/dray.fish",
}


def complete_pipelines(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the pipelines of the current folder's ``rel/config.py`` that begin with what was typed.

    What is wrong with the file, and what it prints, is of no interest while somebody types.
    """
    del param
    env = ctx.params.get("env") or os.environ.get("MIX_ENV") or "prod"
    names: tuple[str, ...] = ()
    with (
        contextlib.suppress(Exception),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        open_configuration(Path.cwd(), env) as configuration,
    ):
        names = tuple(configuration.pipelines) if configuration.file else ("build",)
    return [name for name in names if name.startswith(incomplete)]


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_WHERE)))
def completion_command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash:  eval "$(dray completion bash)" in ~/.bashrc
    zsh:   eval "$(dray completion zsh)" in ~/.zshrc
    fish:  dray completion fish > ~/.config/fish/completions/dray.fish
    """  # noqa: D301 - click wants the character itself
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - every command imports this module

    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(root, {}, "dray", "_DRAY_COMPLETE").source())
