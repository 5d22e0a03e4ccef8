"""``dray completion``: the script by which a shell completes commands, options and pipelines."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_WHERE = {
    "bash": 'eval "$(dray completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(dray completion zsh)" in ~/.zshrc',
    "fish": "dray completion fish > ~/.config/fish/completions/dray.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_WHERE)))
def completion_command(shell: str) -> None:
    r"""Print the completion script of SHELL.

    \b
    bash:  eval "$(dray completion bash)" in ~/.bashrc
    zsh:   eval "$(dray completion zsh)" in ~/.zshrc
    fish:  dray completion fish > ~/.config/fish/completions/dray.fish
    """
    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(root, {}, "dray", "_DRAY_COMPLETE").source())
