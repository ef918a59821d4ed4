# SPDX-License-Identifier: Apache-2.0
"""--quiet and --verbose, which every command has: how much goes to stderr. Results on stdout are the same always."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import click


@dataclasses.dataclass
class Verbosity:
    """How much a run of the command line writes to stderr. The command's options set it."""

    quiet: bool = False
    """No progress and no notices; errors and results remain."""
    verbose: bool = False
    """The lines of outside tools (PlatformIO, compilers), and the traceback of an error."""


def current_verbosity() -> Verbosity:
    """Returns the verbosity of the command that is running in this thread; the default outside of a command."""
    context = click.get_current_context(silent=True)
    found = context.find_object(Verbosity) if context is not None else None
    return found or Verbosity()


def verbosity_options() -> list[click.Option]:
    """Returns the options -v and -q, to be added to a command."""
    return [
        click.Option(
            ["-v", "--verbose"], is_flag=True, expose_value=False, callback=_set_verbose,
            help="Also show the output of outside tools, and the traceback of an error.",
        ),
        click.Option(
            ["-q", "--quiet"], is_flag=True, expose_value=False, callback=_set_quiet,
            help="Show no progress; results and errors remain.",
        ),
    ]  # fmt: skip


def _set_verbose(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given:
        context.ensure_object(Verbosity).verbose = True
        context.with_resource(showing_tool_output())


def _set_quiet(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given:
        context.ensure_object(Verbosity).quiet = True


@contextlib.contextmanager
def showing_tool_output() -> Iterator[None]:
    """Shows what outside tools print, as they print it, while the context lasts."""
    import logging

    from tinykws.support.run_command import TOOL_OUTPUT
    from tinykws.support.safe_text import visible_line

    handler = logging.StreamHandler()
    handler.format = lambda record: f"  | {visible_line(record.getMessage())}"  # type: ignore[method-assign]
    logger = logging.getLogger(TOOL_OUTPUT)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates
