# SPDX-License-Identifier: Apache-2.0
"""The `tinykws` command: the group, and the one place where errors become messages and exit codes.

Commands parse and print; the work is in tinykws/stages/. Stages and all heavy packages are imported inside the
commands, so that `tinykws --help` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from typing import TextIO

import click

from tinykws import __version__
from tinykws.cli import (
    cable_commands,
    data_commands,
    device_commands,
    doctor_command,
    fetch_command,
    mic_check_command,
    mine_command,
    model_commands,
    record_command,
    verify_command,
)
from tinykws.support.dataclass_reader import RenamedSettingWarning
from tinykws.support.errors import TinykwsError

INTERRUPTED = 130
"""What shells expect of a program ended by Ctrl-C."""

EPILOG = """\b
From words to a verified detector, without a board on the desk:
  tinykws init hello --words yes,no
  tinykws build  --project hello --board qemu-cortex-m4
  tinykws verify --project hello --board qemu-cortex-m4
"""


class Group(click.Group):
    """Lists commands in the order of the pipeline."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Returns the names in the order they were added."""
        return list(self.commands)


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tinykws")
def tinykws() -> None:
    """Say which words, get firmware that hears them, with proof that the chip does what the laptop measured."""


for commands in (
    data_commands.BEGINNING,
    fetch_command.COMMANDS,
    record_command.COMMANDS,
    data_commands.COMMANDS,
    model_commands.COMMANDS,
    mine_command.COMMANDS,
    device_commands.COMMANDS,
    verify_command.COMMANDS,
    cable_commands.COMMANDS,
    mic_check_command.COMMANDS,
    doctor_command.COMMANDS,
):
    for command in commands:
        tinykws.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and ends the process with the contract's exit code."""
    code = run(arguments)
    # A KeyboardInterrupt that passed through an exec (any dataclass being made) leaves CPython a mark by which
    # `python -m` dies of SIGINT whatever the exit code; the next exec clears it.
    exec("")
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 1 FAIL, 2 wrong use, 3 outside tool, 4 device."""
    warnings.showwarning = _show_notice
    warnings.simplefilter("once", RenamedSettingWarning)
    try:
        result = tinykws.main(args=arguments, prog_name="tinykws", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TinykwsError as error:
        _show(error.message, error.hint)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("tinykws: interrupted; nothing is left half-written, run the same command to go on", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return INTERRUPTED
    except OSError as error:
        _show(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), "check permissions and free space")
        return TinykwsError.exit_code
    return result if isinstance(result, int) else 0


def _show_notice(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,  # noqa: ARG001 - Python's signature
    line: str | None = None,
) -> None:  # fmt: skip
    """Python's warnings, of which ours are notices to the user."""
    if issubclass(category, RenamedSettingWarning):
        click.echo(f"tinykws: notice: {message}", err=True)
    else:
        click.echo(warnings.formatwarning(message, category, filename, lineno, line), err=True, nl=False)


def _show(message: str, hint: str | None) -> None:
    click.echo(f"tinykws: {message}", err=True)
    if hint:
        for line in hint.splitlines():
            click.echo(f"  try: {line}" if line else "", err=True)
