# SPDX-License-Identifier: Apache-2.0
"""The options that verify, verify-stream and replay share, and the device that they name."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykws.boards.rows import TRANSPORTS
from tinykws.cli.boards_and_ports import board_of, port_of
from tinykws.cli.console import ConsoleProgress
from tinykws.cli.firmware_steps import emulated_program
from tinykws.cli.options import (
    FiniteRange,
    board_option,
    bundle_option,
    engine_option,
    port_option,
    project_option,
    rebuild_option,
)
from tinykws.cli.workplace import Workplace, workplace

if TYPE_CHECKING:
    from tinykws.boards.rows import Board

Command = Callable[..., int]


@dataclasses.dataclass(frozen=True)
class DeviceUnderTest:
    """The options that say which device to verify, and with which bundle."""

    project_dir: Path
    board_id: str
    engine: str | None
    bundle_dir: Path | None
    port: str | None
    emulator_transport: str | None
    rebuild: bool


@dataclasses.dataclass(frozen=True)
class ReportFiles:
    """The options that say where the report goes."""

    json: Path | None
    """None: print the text only; `-`: print JSON instead of the text."""
    junit: Path | None


@dataclasses.dataclass(frozen=True)
class ReadyDevice:
    """A device that was found or, if it is emulated, can be built; and the bundle it must run."""

    board: Board
    place: Workplace
    port: str | None
    """None: an emulated board."""
    engine: str | None

    @property
    def log_path(self) -> Path:
        """Where the log of the session goes."""
        return self.place.firmware_dir(self.board.id) / "verify.jsonl"

    def target(self) -> Path | str:
        """Returns the port, or the program of an emulated board, built if it is out of date."""
        return self.port or emulated_program(self.place, self.board, self.engine)


def device_options(function: Command) -> Command:
    """Adds the options of DeviceUnderTest, and passes them as one argument."""

    @functools.wraps(function)
    def collected(
        project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, port: str | None,
        emulator_transport: str | None, rebuild: bool, **others: Any,
    ) -> int:  # fmt: skip
        device = DeviceUnderTest(project_dir, board_id, engine, bundle_dir, port, emulator_transport, rebuild)
        return function(device=device, **others)

    transport_option = click.option(
        "--transport", "emulator_transport", type=click.Choice(TRANSPORTS), default=None,
        show_default="fast if the board has it",
        help="How audio reaches an emulated board: byte by byte over its serial port, as on a physical board, or"
        " faster. Results always come over the serial port.",
    )  # fmt: skip
    options = [
        project_option,
        board_option,
        engine_option,
        bundle_option,
        port_option,
        rebuild_option,
        transport_option,
    ]
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), collected)


def report_options(function: Command) -> Command:
    """Adds the options of ReportFiles, and passes them as one argument."""

    @functools.wraps(function)
    def collected(json_path: Path | None, junit_path: Path | None, **others: Any) -> int:
        return function(reports=ReportFiles(json_path, junit_path), **others)

    json_option = click.option(
        "--json", "json_path", type=click.Path(path_type=Path, dir_okay=False, writable=True, allow_dash=True),
        default=None, callback=_refuse_option_name, metavar="FILE",
        help="Write the report as JSON to this file; - prints it instead of the text.",
    )  # fmt: skip
    junit_option = click.option(
        "--junit", "junit_path", type=click.Path(path_type=Path, dir_okay=False, writable=True),
        default=None, callback=_refuse_option_name, metavar="FILE",
        help="Write a JUnit XML file for a CI system: one test case per clip, or one for a stream.",
    )  # fmt: skip
    return json_option(junit_option(collected))


def _refuse_option_name(_: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuses the next option as a file name: the name was forgotten."""
    if path is not None and str(path).startswith("--"):
        raise click.UsageError(f"{parameter.opts[0]} wants a file name, or - for stdout, before {path}")
    return path


min_accuracy_option = click.option(
    "--min-accuracy", type=FiniteRange(0, 1), default=None, metavar="SHARE", show_default="not judged",
    help="FAIL if a lower share of the clips gets the expected label (0 to 1).",
)  # fmt: skip


def find_device(device: DeviceUnderTest) -> ReadyDevice:
    """Finds the device, then makes or loads the bundle. Raises DeviceError before anything is built."""
    board = board_of(device.project_dir, device.board_id)
    is_emulated = board.emulator is not None and device.port is None
    port = None if is_emulated else port_of(device.project_dir, board, device.port).device
    place = workplace(device.project_dir, device.bundle_dir, ConsoleProgress(), rebuild=device.rebuild, hold=True)
    return ReadyDevice(board, place, port, device.engine)
