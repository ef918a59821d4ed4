# SPDX-License-Identifier: Apache-2.0
"""monitor: shows live what a board detects, and runs commands on detections."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.boards_and_ports import any_port, board_of, port_of
from tinykws.cli.monitor_view import LiveView, PlainView
from tinykws.cli.options import FiniteRange, connected_board_option, port_option, project_option
from tinykws.cli.terminal import echo
from tinykws.support.errors import DeviceError

if TYPE_CHECKING:
    from tinykws.stages.monitor import MonitorReport, Target


@click.command()
@project_option
@connected_board_option
@port_option
@click.option("--on", "commands", type=(str, str), multiple=True, metavar="WORD COMMAND",
              help="Run COMMAND at every detection of WORD. Repeatable. KWS_WORD, KWS_SCORE (0 to 255) and KWS_TIME_MS"
              " are in its environment.")  # fmt: skip
@click.option("--shell", is_flag=True, help="Run the commands of --on in a shell.")
@click.option("--on-every", type=FiniteRange(min=0), default=1.0, show_default=True, metavar="SECONDS",
              help="Shortest time between two runs for the same word.")  # fmt: skip
@click.option("--on-timeout", type=FiniteRange(min=0.1), default=60.0, show_default=True, metavar="SECONDS",
              help="Stop a command that runs longer.")  # fmt: skip
@click.option("--log", "log_file", type=click.Path(path_type=Path, dir_okay=False), default=None,
              show_default="build/monitor.jsonl", metavar="FILE",
              help="Append every line to this file, with the host's time (JSON Lines).")  # fmt: skip
@click.option("--log-mb", type=FiniteRange(min=1), default=100.0, show_default=True, metavar="MEGABYTES",
              help="Largest size of the log; when half of that is full, it becomes FILE.1.")  # fmt: skip
@click.option("--seconds", type=FiniteRange(min=0), default=None, show_default="until Ctrl-C",
              metavar="SECONDS", help="Stop after this time.")  # fmt: skip
def monitor(
    project_dir: Path, board_id: str | None, port: str | None, commands: tuple[tuple[str, str], ...], shell: bool,
    on_every: float, on_timeout: float, log_file: Path | None, log_mb: float, seconds: float | None,
) -> None:  # fmt: skip
    """Show live what a board detects.

    Ctrl-C ends it. It goes on when the board is reset, or unplugged and plugged in again. On a terminal, the bottom
    line shows a bar for each word (its score, next to the threshold), the sound level, the load and the number of
    detections. A word that was nearly detected is a line of its own: nearly yes: 141 of 163. It
    also understands the output of TensorFlow's micro_speech example.

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
        with open_log(log_path, round(log_mb * 1e6)) as log:
            report = monitor_board(target, view, log, reactions, seconds=seconds)
    finally:
        view.erase()
    echo(_describe_session(report, log_path), err=True)
    if not report.connected:
        raise DeviceError(
            "the board was not connected when monitoring ended", hint="check the USB cable, then: tinykws monitor"
        )


def _target(project_dir: Path, board_id: str | None, port: str | None) -> Target:
    """Returns the port to read, and the board and model to expect there."""
    from tinykws.boards.rows import SerialLine
    from tinykws.device.monitoring import ExpectedDevice
    from tinykws.stages.monitor import Target

    if board_id is not None:
        board = board_of(project_dir, board_id)
        expected = ExpectedDevice(board.id, *_model_here(project_dir))
        return Target(port_of(project_dir, board, port), board.serial, expected)
    found, rows = any_port(project_dir, port)
    return Target(found, rows[0].serial if rows else SerialLine(), ExpectedDevice(None, *_model_here(project_dir)))


def _model_here(project_dir: Path) -> tuple[str | None, str]:
    """Returns model id and identity of the project's bundle; (None, "") if there is no bundle."""
    from tinykws.model.bundle import load_bundle

    folder = project_dir / "build" / "bundle"
    if not folder.is_dir():
        return None, ""
    bundle = load_bundle(folder)
    return bundle.model_id, bundle.identity


def _describe_session(report: MonitorReport, log_path: Path) -> str:
    heard = ", ".join(f"{label} {count}" for label, count in sorted(report.detections.items())) or "nothing"
    lost = f"; connections lost: {report.lost}" if report.lost else ""
    return f"heard in {report.seconds:.0f} s: {heard}; overruns: {report.overruns}{lost}\nlog: {log_path}"
