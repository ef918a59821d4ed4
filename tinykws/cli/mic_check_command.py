# SPDX-License-Identifier: Apache-2.0
"""mic-check: measure what a board's microphone delivers, and say what to change in its row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.board_work import board_microphone
from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import json_option, port_option, project_option

if TYPE_CHECKING:
    from tinykws.stages.mic_check import MicCheckReport


@click.command("mic-check")
@project_option
@click.option("--board", "board_id", default=None, metavar="BOARD", show_default="whatever is on the port",
              help="A row of `tinykws boards`; another board is refused.")  # fmt: skip
@port_option
@click.option("--seconds", type=click.FloatRange(0.5, 60), default=5.0, show_default=True,
              help="How long to record; behind a slow line less.")  # fmt: skip
@click.option("--plot", "plot_path", type=click.Path(path_type=Path, dir_okay=False), default=None, metavar="FILE",
              help="Draw waveform and spectrum (PNG).")  # fmt: skip
@json_option
def mic_check(
    project_dir: Path, board_id: str | None, port: str | None, seconds: float, plot_path: Path | None, as_json: bool
) -> int:
    """Measure what a board's microphone delivers, and say what to change in boards.yaml.

    Level, noise floor, offset, clipping, hum, gaps, lost blocks, and how many samples a second really come. Speak
    while it records, as you would to the finished thing. The exit code is 1 where what comes is not the room's sound.

    \b
    Examples:
      tinykws mic-check
      tinykws mic-check --port /dev/ttyACM0 --plot mic.png
      tinykws mic-check --board esp32 --seconds 2 --json
    """
    from tinykws.cli.recording_desk import PlainDesk
    from tinykws.stages.mic_check import mic_check as check_microphone

    desk = PlainDesk()
    with board_microphone(project_dir, board_id, port) as ear:
        report = check_microphone(
            ear, ear.board.id, ear.board.microphone, seconds=seconds, on_sound=desk.show_level, plot_path=plot_path,
            progress=ConsoleProgress(),
        )  # fmt: skip
        desk.recording_ended()
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(_describe(report))
    return 0 if report.good else 1


def _describe(report: MicCheckReport) -> str:
    lines = [table(["", "", report.board], [(one.name, one.state, one.found) for one in report.findings])]
    for finding in report.findings:
        if finding.mend:
            lines += ["", f"{finding.name}: in boards.yaml, or on the desk:", *_indented(finding.mend)]
    if report.plot is not None:
        lines += ["", f"picture: {report.plot}"]
    lines += ["", "GOOD" if report.good else "FAIL: what comes is not the sound of the room"]
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


COMMANDS = [mic_check]
