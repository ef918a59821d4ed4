# SPDX-License-Identifier: Apache-2.0
"""Spellings of `verify` from before it became several commands: they still work, with a notice on stderr."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tinykws.cli.terminal import echo

OWN_COMMANDS = {"--stream": "verify-stream", "--replay": "replay"}
"""Options of `verify` that are commands of their own today; the option's value is the command's first argument."""
OPTIONS = {"--wire": "--transport"}
STREAM_OPTIONS = ("--events", "--seconds")


def current_spelling(arguments: Sequence[str]) -> list[str]:
    """Returns a command line's arguments as they are spelt today, and prints a notice if that differs.

    Args:
        arguments: the command's name, then its arguments.
    """
    name, *rest = arguments
    if name != "verify":
        return [name, *rest]
    rest = [_renamed_option(argument) for argument in rest]
    for option, command in OWN_COMMANDS.items():
        value, others = _taken_out(option, rest)
        if value is not None:
            if not {"-q", "--quiet"} & set(others):
                echo(f"tinykws: notice: `verify {option} FILE` is now `{command} FILE`", err=True)
            return [command, value, *others]
    return [name, *rest]


def moved_option(error: click.NoSuchOption) -> str | None:
    """Returns a hint if `verify` was given an option that only `verify-stream` has; None otherwise."""
    is_verify = error.ctx is not None and error.ctx.info_name == "verify"
    return (
        f"did you mean verify-stream {error.option_name}?"
        if is_verify and error.option_name in STREAM_OPTIONS
        else None
    )


def _renamed_option(argument: str) -> str:
    option, equals, value = argument.partition("=")
    return f"{OPTIONS.get(option, option)}{equals}{value}"


def _taken_out(option: str, arguments: list[str]) -> tuple[str | None, list[str]]:
    """Returns an option's value, None if the option is not given, and the other arguments."""
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2], arguments[:at] + arguments[at + 1 :]
        if argument == option and at + 1 < len(arguments):
            return arguments[at + 1], arguments[:at] + arguments[at + 2 :]
    return None, arguments
