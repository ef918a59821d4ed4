# SPDX-License-Identifier: Apache-2.0
"""completion: prints the script by which a shell completes commands, options and board ids with the Tab key."""

from __future__ import annotations

import click

from tinykws.cli.terminal import echo

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script for completion with the Tab key.

    SHELL is bash (4.4 or later), zsh or fish. The script completes commands, options, file names and board ids.
    Load it in the shell's startup file, then open a new terminal.

    \b
    Examples:
      echo 'eval "$(tinykws completion bash)"' >> ~/.bashrc
      echo 'eval "$(tinykws completion zsh)"' >> ~/.zshrc
      tinykws completion fish > ~/.config/fish/completions/tinykws.fish
    """
    from click.shell_completion import get_completion_class

    shell_class = get_completion_class(shell)
    assert shell_class is not None
    group = context.find_root().command
    echo(shell_class(group, {}, "tinykws", "_TINYKWS_COMPLETE").source())
