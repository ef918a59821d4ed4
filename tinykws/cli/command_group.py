# SPDX-License-Identifier: Apache-2.0
"""The group of all commands: imports one when it runs, lists them by section, and rewrites old spellings."""

from __future__ import annotations

import importlib
from typing import Any

import click

from tinykws.cli.command_list import COMMANDS, SECTIONS
from tinykws.cli.former_spellings import current_spelling
from tinykws.cli.verbosity import verbosity_options


class NoSuchCommandError(click.UsageError):
    """A command that does not exist."""

    def __init__(self, name: str, ctx: click.Context) -> None:
        super().__init__(f"No such command {name!r}", ctx)
        self.name = name


class CommandGroup(click.Group):
    """Knows all commands by name; imports the module of one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Returns the names, section by section."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Returns a command, with the options that every command has; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            module = importlib.import_module(f"tinykws.cli.{COMMANDS[cmd_name].module}")
            command: click.Command = getattr(module, cmd_name.replace("-", "_"))
            command.context_settings["help_option_names"] = ["-h", "--help"]
            command.params += verbosity_options()
            self.commands[cmd_name] = command
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that the arguments name, and the rest of them.

        Raises:
            NoSuchCommandError: no command has this name.
        """
        name, *rest = current_spelling(args)
        if name not in COMMANDS and not ctx.resilient_parsing:
            raise NoSuchCommandError(name, ctx)
        return name, self.get_command(ctx, name), rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Writes the sections of commands."""
        width = max(map(len, COMMANDS))
        for section, entries in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(f"{entry.name:{width}}", entry.help) for entry in entries])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Returns the names that begin as what was typed, with their lines of help; imports no command."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=entry.help) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]
