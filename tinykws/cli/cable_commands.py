# SPDX-License-Identifier: Apache-2.0
"""flash, monitor: what a person does with a board in hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.board_work import any_port, board_of, build_firmware, generate_firmware, port_of
from tinykws.cli.console import ConsoleProgress, print_json, to_json
from tinykws.cli.monitor_view import LiveView, PlainView
from tinykws.cli.options import (
    board_option,
    bundle_option,
    engine_option,
    json_option,
    port_option,
    project_option,
    slow_too_option,
)
from tinykws.cli.pipeline import workplace
from tinykws.support.errors import DeviceError

if TYPE_CHECKING:
    from tinykws.stages.monitor import MonitorReport, Target


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@port_option
@json_option
@slow_too_option
def flash(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, port: str | None, as_json: bool,
    slow_too: bool,
) -> None:  # fmt: skip
    """Put the firmware on a board; build it first where it is missing or stale.

    The board is found by its USB ids. The last line says which model it runs then, in its own words.

    \b
    Examples:
      tinykws flash --board nano33ble
      tinykws flash --board esp32 --port /dev/ttyUSB0
    """
    from tinykws.stages.flash import flash as flash_board
    from tinykws.stages.flash import refuse_emulated

    board = board_of(project_dir, board_id)
    refuse_emulated(board)
    on = port_of(project_dir, board, port)
    progress = ConsoleProgress()
    place = workplace(project_dir, bundle_dir, progress)
    folder = generate_firmware(place, board, engine)
    build_firmware(place, folder, board, force=slow_too)
    report = flash_board(place.bundle, board, folder, on, progress)
    if as_json:
        print_json(to_json(report))
        return
    click.echo(
        f"{board.name} on {report.port} runs model {report.model_id}, engine {report.engine}:"
        f" {', '.join(report.labels)}"
    )


@click.command()
@project_option
@click.option("--board", "board_id", default=None, metavar="BOARD", show_default="whatever is there",
              help="A row of `tinykws boards`; another board is refused.")  # fmt: skip
@port_option
@click.option("--on", "commands", type=(str, str), multiple=True, metavar="WORD COMMAND",
              help="Run a command whenever the word is heard; may be repeated. It finds KWS_WORD, KWS_SCORE and"
              " KWS_TIME_MS in its environment.")  # fmt: skip
@click.option("--shell", is_flag=True, help="Let a shell run the commands of --on.")
@click.option("--on-every", type=click.FloatRange(min=0), default=1.0, show_default=True, metavar="SECONDS",
              help="Least time between two starts for the same word.")  # fmt: skip
@click.option("--on-timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, metavar="SECONDS",
              help="A command that runs longer is ended.")  # fmt: skip
@click.option("--log", "log_file", type=click.Path(path_type=Path, dir_okay=False), default=None,
              show_default="build/monitor.jsonl", help="Append everything, with the host's time (JSONL).")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(min=0), default=None, show_default="until Ctrl-C", help="End after.")
def monitor(
    project_dir: Path, board_id: str | None, port: str | None, commands: tuple[tuple[str, str], ...], shell: bool,
    on_every: float, on_timeout: float, log_file: Path | None, seconds: float | None,
) -> None:  # fmt: skip
    """Show what a board hears, live; survives its reset and its port_access.

    Ctrl-C ends it. On a terminal, the lowest line shows level, load and counts; elsewhere there are plain lines.
    Firmware of TensorFlow's micro_speech examples is understood too.

    \b
    Examples:
      tinykws monitor
      tinykws monitor --board esp32 --port /dev/ttyUSB0
      tinykws monitor --port socket://127.0.0.1:5555
      tinykws monitor --on yes 'notify-send yes' --on no 'python lamp.py off'
    """
    from tinykws.device.reactions import Reactions, parse_reaction
    from tinykws.stages.monitor import monitor as monitor_board
    from tinykws.stages.monitor import open_log

    reactions = Reactions(
        [parse_reaction(word, command, shell=shell) for word, command in commands],
        every_s=on_every, timeout_s=on_timeout,
    )  # fmt: skip
    target = _target(project_dir, board_id, port)
    view = LiveView() if sys.stdout.isatty() else PlainView()
    log_path = log_file or project_dir / "build" / "monitor.jsonl"
    try:
        with open_log(log_path) as log:
            report = monitor_board(target, view, log, reactions, seconds=seconds)
    finally:
        view.erase()
    click.echo(_describe_session(report, log_path), err=True)
    if not report.connected:
        raise DeviceError("the board is away at the end")


def _target(project_dir: Path, board_id: str | None, port: str | None) -> Target:
    """Whom to listen to: the board named, or what the port's USB ids say."""
    from tinykws.boards.rows import SerialLine
    from tinykws.device.monitoring import ExpectedDevice
    from tinykws.stages.monitor import Target

    if board_id is not None:
        board = board_of(project_dir, board_id)
        expected = ExpectedDevice(board.id, _model_here(project_dir))
        return Target(port_of(project_dir, board, port), board.serial, expected)
    found, rows = any_port(project_dir, port)
    return Target(found, rows[0].serial if rows else SerialLine(), ExpectedDevice(None, _model_here(project_dir)))


def _model_here(project_dir: Path) -> str | None:
    """The model of the bundle in the project's folder, if there is one."""
    from tinykws.model.bundle import load_bundle

    folder = project_dir / "build" / "bundle"
    return load_bundle(folder).model_id if folder.is_dir() else None


def _describe_session(report: MonitorReport, log_path: Path) -> str:
    heard = ", ".join(f"{label} {count}" for label, count in sorted(report.detections.items())) or "nothing"
    lost = f"; connections lost: {report.lost}" if report.lost else ""
    return f"heard in {report.seconds:.0f} s: {heard}; overruns: {report.overruns}{lost}\nlog: {log_path}"


COMMANDS = [flash, monitor]
