# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinykws.cli.suggestions import remember_board, remember_bundle, remember_project
from tinykws.support.errors import ConfigError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


class FiniteRange(click.FloatRange):
    """A range of numbers: unlike click's, nan and inf are outside it, though nan compares with nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the number. Raises BadParameter for one that is not in the range, or is none."""
        number = click.FLOAT.convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return super().convert(value, param, ctx)


class BoardId(click.types.StringParamType):
    """A board's id, as `tinykws boards` lists them. The Tab key completes it; commands look it up."""

    name = "BOARD"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str  # noqa: ARG002 - click's signature
    ) -> list[CompletionItem]:  # fmt: skip
        """Returns the ids that begin as what was typed, of tinykws's boards and of the project's own."""
        from click.shell_completion import CompletionItem

        from tinykws.cli.boards_and_ports import load_board_rows
        from tinykws.support.errors import TinykwsError

        try:
            rows = load_board_rows(Path(ctx.params.get("project_dir") or "."))
        except (TinykwsError, OSError):
            return []
        return [CompletionItem(board.id, help=board.name) for board in rows.values() if board.id.startswith(incomplete)]


MAY_MAKE_A_PROJECT = ("quantize",)
"""Commands that may begin in a new folder: quantize --from makes it; without --from it wants kws.yaml."""


def _existing_folder(context: click.Context, _: click.Parameter, folder: Path) -> Path:
    """Refuses a project's folder that does not exist: commands that need no kws.yaml would make it, or ignore it."""
    may_be_new = context.resilient_parsing or context.command.name in MAY_MAKE_A_PROJECT
    if not may_be_new and not folder.is_dir():
        raise ConfigError(
            f"there is no folder {folder}",
            hint=f"create a project there: tinykws init {shlex.quote(str(folder))} --words yes,no\n"
            "or name your project's folder: --project DIR",
        )
    if not context.resilient_parsing:
        remember_project(folder)
    return folder


def _remembered_board(context: click.Context, _: click.Parameter, board_id: str | None) -> str | None:
    """Keeps the board for the commands that are suggested."""
    if not context.resilient_parsing:
        remember_board(board_id)
    return board_id


def _remembered_bundle(context: click.Context, _: click.Parameter, folder: Path | None) -> Path | None:
    """Keeps the bundle for the commands that are suggested."""
    if not context.resilient_parsing:
        remember_bundle(folder)
    return folder


def project_option(function: F) -> F:
    """--project DIR, default: the current folder; it must exist."""
    return click.option(
        "--project", "project_dir", type=click.Path(path_type=Path, file_okay=False), default=Path(),
        callback=_existing_folder, show_default="the current folder",
        help="The project's folder, which holds kws.yaml.",
    )(function)  # fmt: skip


def force_option(function: F) -> F:
    """--force: run even if everything is up to date."""
    return click.option("--force", is_flag=True, help="Run again even if everything is up to date.")(function)


def rebuild_option(function: F) -> F:
    """--rebuild: run the stages that are out of date, instead of using the last bundle."""
    return click.option(
        "--rebuild", is_flag=True, help="Run the stages that are out of date first, instead of using the last bundle."
    )(function)


def json_option(function: F) -> F:
    """--json: the same numbers for machines, on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(function)


def board_option(function: F) -> F:
    """--board B, required."""
    return click.option(
        "--board", "board_id", required=True, type=BoardId(), metavar="BOARD", callback=_remembered_board,
        help="The board's id, as `tinykws boards` lists them.",
    )(function)  # fmt: skip


def connected_board_option(function: F) -> F:
    """--board B; without it, any board on the port will do."""
    return click.option(
        "--board", "board_id", type=BoardId(), default=None, metavar="BOARD", show_default="any board on the port",
        callback=_remembered_board,
        help="The board's id, as `tinykws boards` lists them; any other board is refused.",
    )(function)  # fmt: skip


def engine_option(function: F) -> F:
    """--engine tflm|aot, default: the board's."""
    return click.option(
        "--engine", type=click.Choice(["tflm", "aot"]), default=None, show_default="the board's",
        help="What runs the model: TensorFlow Lite Micro (tflm), or C code compiled ahead of time (aot).",
    )(function)  # fmt: skip


def bundle_option(function: F) -> F:
    """--bundle DIR: use this bundle instead of the project's."""
    return click.option(
        "--bundle", "bundle_dir", type=click.Path(path_type=Path, file_okay=False), default=None, metavar="FOLDER",
        callback=_remembered_bundle, show_default="the project's", help="Use this bundle.",
    )(function)  # fmt: skip


def model_option(function: F) -> F:
    """--model FILE: use a microWakeWord model instead of a bundle."""
    return click.option(
        "--model", "manifest", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
        metavar="FILE", help="Use this microWakeWord model: its manifest (.json), with the .tflite beside it.",
    )(function)  # fmt: skip


def port_option(function: F) -> F:
    """--port P: where the board is; default: found by its USB ids."""
    return click.option(
        "--port", default=None, metavar="PORT", show_default="found by the board's USB ids",
        help="The board's serial port, or a pyserial URL such as socket://127.0.0.1:5555.",
    )(function)  # fmt: skip


def negatives_option(function: F) -> F:
    """--negatives FILE: recordings in which every detection is a false accept."""
    return click.option(
        "--negatives", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="FILE",
        help="A long recording without the words, or a folder of them. Repeatable.",
    )(function)  # fmt: skip


def allow_slow_option(function: F) -> F:
    """--force: build even a model that cannot run in real time."""
    return click.option(
        "--force", "allow_slow", is_flag=True, help="Build even a model that is too slow for real time on this board."
    )(function)
