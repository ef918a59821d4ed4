# SPDX-License-Identifier: Apache-2.0
"""mic-check: measures the signal of a board's microphone, and says what to change in boards.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.board_microphone import board_microphone
from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import (
    FiniteRange,
    connected_board_option,
    json_option,
    port_option,
    project_option,
    rebuild_option,
)
from tinykws.cli.terminal import echo

if TYPE_CHECKING:
    from tinykws.stages.mic_check import MicCheckReport


@click.command("mic-check")
@project_option
@connected_board_option
@port_option
@click.option("--seconds", type=FiniteRange(0.5, 60), default=5.0, show_default=True,
              metavar="SECONDS", help="How long to record; over a slow serial port, less is recorded.")  # fmt: skip
@click.option("--plot", "plot_path", type=click.Path(path_type=Path, dir_okay=False), default=None, metavar="FILE",
              help="Draw waveform and spectrum to this file (PNG).")  # fmt: skip
@rebuild_option
@json_option
def mic_check(
    project_dir: Path,
    board_id: str | None,
    port: str | None,
    seconds: float,
    plot_path: Path | None,
    rebuild: bool,
    as_json: bool,
) -> int:
    """Measure the signal of a board's microphone.

    Measures level, noise floor, DC offset, clipping, hum, gaps, lost blocks, and the true sample rate, and says what to
    change in boards.yaml. Speak while it records, as you would speak to the finished device. The exit code is 1 if the
    signal is not the sound of the room.

    \b
    Examples:
      tinykws mic-check
      tinykws mic-check --port /dev/ttyACM0 --plot mic.png
      tinykws mic-check --board esp32 --seconds 2 --json
    """
    from tinykws.cli.recording_prompts import AutomaticPrompts
    from tinykws.stages.mic_check import mic_check as check_microphone

    prompts = AutomaticPrompts()
    with board_microphone(project_dir, board_id, port, rebuild=rebuild) as microphone:
        report = check_microphone(
            microphone, microphone.board.id, microphone.board.microphone, seconds=seconds,
            on_sound=prompts.show_level, plot_path=plot_path, progress=ConsoleProgress(),
        )  # fmt: skip
        prompts.recording_ended()
    if as_json:
        print_json(to_json(report))
    else:
        echo(_describe(report))
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
