# SPDX-License-Identifier: Apache-2.0
"""The entry point: runs a command, and is the one place where errors become messages and exit codes."""

from __future__ import annotations

import io
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

import click

from tinykws import __version__
from tinykws.cli.command_group import CommandGroup, NoSuchCommandError
from tinykws.cli.command_list import COMMANDS
from tinykws.cli.former_spellings import moved_option
from tinykws.cli.suggestions import completed, forget
from tinykws.cli.terminal import echo
from tinykws.cli.verbosity import Verbosity, verbosity_options
from tinykws.support.dataclass_reader import RenamedSettingWarning
from tinykws.support.errors import TinykwsError, did_you_mean
from tinykws.support.files import os_error_hint

INTERRUPTED = 130
"""The exit code that shells expect of a program that Ctrl-C ended."""
HELP_SHOWN: tuple[type[click.ClickException], ...] = tuple(
    [click.exceptions.NoArgsIsHelpError] if hasattr(click.exceptions, "NoArgsIsHelpError") else []
)
"""What click 8.2 and later raise for `tinykws` without arguments: its message is the help."""
NEAR, ALL = "did you mean ", "known: "
"""How hints begin that are names, not something to type (support/errors.py)."""
VERSIONED = ("numpy", "tflite-micro", "platformio", "tensorflow")
"""Packages that `--version` lists: results and firmware depend on their versions."""

EPILOG = """\b
From words to a verified detector, without a physical board:
  tinykws init hello --words yes,no
  tinykws build  --project hello --board qemu-cortex-m4
  tinykws verify --project hello --board qemu-cortex-m4
\b
tinykws COMMAND --help explains a command and shows examples. Exit codes: 0 success, 1 the result is FAIL,
2 wrong use or configuration, 3 an outside tool failed, 4 the device failed, 130 interrupted by Ctrl-C.
"""


def _print_version(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given and not context.resilient_parsing:
        echo(version_text())
        context.exit()


def version_text() -> str:
    """Returns the versions of tinykws, Python, the platform, and the packages that results depend on."""
    import importlib.metadata
    import platform

    lines = [
        f"tinykws, version {__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}",
    ]
    for package in VERSIONED:
        try:
            lines.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{package} (not installed)")
    return "\n".join(lines)


@click.group(
    cls=CommandGroup, epilog=EPILOG, params=verbosity_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)  # fmt: skip
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
              help="Show the versions of tinykws, Python, the platform and key packages.")  # fmt: skip
def tinykws() -> None:
    """Put keyword spotting on microcontrollers: from a list of words to verified firmware.

    The commands are listed in the order of the pipeline. `build` runs the stages before it that are out of date, so
    few of them need to be run by hand.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit code."""
    sys.excepthook = _show_traceback
    code = run(arguments)
    # A KeyboardInterrupt that passed through an exec (any dataclass being made) leaves CPython a mark by which
    # `python -m` dies of SIGINT whatever the exit code; the next exec clears it.
    exec("")
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 1 FAIL, 2 wrong use, 3 outside tool, 4 device, 130 Ctrl-C."""
    verbosity = Verbosity()
    forget()
    _print_any_file_name()
    warnings.showwarning = _notices_to(verbosity)
    warnings.simplefilter("once", RenamedSettingWarning)
    try:
        _refuse_null_characters(sys.argv[1:] if arguments is None else arguments)
        result = tinykws.main(args=arguments, prog_name="tinykws", standalone_mode=False, obj=verbosity)
    except (click.ClickException, TinykwsError, OSError, KeyboardInterrupt, click.Abort) as error:
        if verbosity.verbose:
            echo("".join(traceback.format_exception(error)), err=True, nl=False)
        return _explain(error)
    return result if isinstance(result, int) else 0


def _refuse_null_characters(arguments: list[str]) -> None:
    """Raises click's error for an argument that no file's name can hold; the shell cannot pass one, scripts can."""
    for argument in arguments:
        if "\0" in argument:
            raise click.UsageError(f"an argument holds a null character: {argument!r}")


def _show_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints the traceback of a fault of ours: its text may hold what a device or a file sent."""
    echo("".join(traceback.format_exception(kind, error, trace)), err=True, nl=False)


def _print_any_file_name() -> None:
    """Lets file names be printed that are not text: bytes that are not UTF-8 become `\\udcXX`, in JSON too."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")


def _explain(error: BaseException) -> int:
    """Prints what is wrong and what to try; returns the exit code."""
    if isinstance(error, HELP_SHOWN):
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        _show(_message_of(error), _hint_of(error))
        return error.exit_code
    if isinstance(error, TinykwsError):
        _show(error.message, error.hint)
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        sys.stderr.close()
        return INTERRUPTED
    if isinstance(error, OSError):
        _show(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), os_error_hint(error))
        return TinykwsError.exit_code
    echo("tinykws: interrupted; no file is half-written, run the same command to continue", err=True)
    return INTERRUPTED


def _message_of(error: click.ClickException) -> str:
    """Returns click's message in the style of ours: without a full stop and without suggestions."""
    if isinstance(error, click.NoSuchOption):
        return f"No such option {error.option_name!r}"
    return error.format_message().rstrip(".")


def _hint_of(error: click.ClickException) -> str | None:
    """Returns the nearest names, and where to look the others up."""
    if not isinstance(error, click.UsageError):
        return None
    near = None
    if isinstance(error, NoSuchCommandError):
        near = did_you_mean(error.name, COMMANDS)
    elif isinstance(error, click.NoSuchOption):
        near = moved_option(error) or did_you_mean(error.option_name, error.possibilities or ())
    elif isinstance(error, click.BadParameter) and error.param is not None:
        near = _near_choice(error.message, error.param.type)
    if near is not None and not near.startswith(NEAR):
        near = None  # a list of all names is in the help
    command = error.ctx.command_path if error.ctx is not None else "tinykws"
    return "\n".join(filter(None, [near, f"{command} --help"]))


def _near_choice(message: str, kind: object) -> str | None:
    """Returns the nearest of the values that a parameter takes; click's error holds the wrong one in its text only."""
    wrong = re.match(r"'([^']*)' is not ", message)
    if wrong is None or not isinstance(kind, click.Choice):
        return None
    return did_you_mean(wrong[1], map(str, kind.choices))


def _notices_to(verbosity: Verbosity) -> Callable[..., None]:
    """Returns what replaces warnings.showwarning: our own warnings are notices to the user."""

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,  # noqa: ARG001 - Python's signature
    ) -> None:  # fmt: skip
        if not issubclass(category, RenamedSettingWarning):
            echo(warnings.formatwarning(message, category, filename, lineno, line), err=True, nl=False)
        elif not verbosity.quiet:
            echo(f"tinykws: notice: {message}", err=True)

    return show


def _show(message: str, hint: str | None) -> None:
    """Prints an error: what is wrong, then what to try."""
    echo(f"tinykws: {completed(message)}", err=True)
    for line in completed(hint or "").splitlines():
        if line.startswith((NEAR, ALL)) or not line:
            echo(f"  {line}".rstrip(), err=True)
        else:
            echo(f"  try: {line}", err=True)
