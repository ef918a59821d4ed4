# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def project_option(function: F) -> F:
    """--project DIR, default: here."""
    return click.option(
        "--project", "project_dir", type=click.Path(path_type=Path, file_okay=False), default=Path(),
        show_default="here", help="The folder with kws.yaml.",
    )(function)  # fmt: skip


def force_option(function: F) -> F:
    """--force: run although everything is up to date."""
    return click.option("--force", is_flag=True, help="Run again although everything is up to date.")(function)


def json_option(function: F) -> F:
    """--json: the same numbers for machines, on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(function)


def board_option(function: F) -> F:
    """--board B."""
    return click.option("--board", "board_id", required=True, metavar="BOARD", help="A row of `tinykws boards`.")(
        function
    )


def engine_option(function: F) -> F:
    """--engine tflm|aot, default: the board's."""
    return click.option(
        "--engine", type=click.Choice(["tflm", "aot"]), default=None, show_default="the board's",
        help="What runs the model: TensorFlow Lite Micro or C generated ahead of time.",
    )(function)  # fmt: skip


def bundle_option(function: F) -> F:
    """--bundle DIR: use this bundle instead of the project's."""
    return click.option(
        "--bundle", "bundle_dir", type=click.Path(path_type=Path, file_okay=False), default=None,
        show_default="the project's", help="Use this bundle; nothing is trained.",
    )(function)  # fmt: skip


def port_option(function: F) -> F:
    """--port P: where the board is; default: found by its USB ids."""
    return click.option(
        "--port", default=None, metavar="PORT", show_default="found by its USB ids",
        help="The board's serial port, or a pyserial URL such as socket://127.0.0.1:5555.",
    )(function)  # fmt: skip


def slow_too_option(function: F) -> F:
    """--force: build even what cannot keep up with the sound."""
    return click.option(
        "--force", "slow_too", is_flag=True, help="Build even a model too slow to keep up with the sound on this board."
    )(function)
