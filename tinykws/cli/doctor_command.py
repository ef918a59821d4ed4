# SPDX-License-Identifier: Apache-2.0
"""doctor: checks this computer for what tinykws needs."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import print_json, to_json
from tinykws.cli.options import BoardId, json_option, project_option
from tinykws.cli.suggestions import completed
from tinykws.cli.terminal import echo, style

if TYPE_CHECKING:
    from tinykws.doctor.finding import Finding
    from tinykws.stages.doctor import DoctorReport

COLOURS = {"ok": "green", "warning": "yellow", "missing": "red"}


@click.command()
@project_option
@click.option("--board", "board_id", type=BoardId(), default=None, metavar="BOARD", show_default="the emulated boards",
              help="Check only what this board needs.")  # fmt: skip
@click.option("--boards", "each_board", is_flag=True,
              help="Also say of each board whether its platform is installed or can be had.")  # fmt: skip
@json_option
def doctor(project_dir: Path, board_id: str | None, each_board: bool, as_json: bool) -> int:
    """Check what this computer has and lacks.

    Checks Python, packages, compilers, emulators, PlatformIO, disk space, and access to serial ports. It shows the
    command that installs what is missing, and changes nothing. The exit code is 0 if nothing is missing for the board
    or, without --board, for every emulated board; otherwise it is 1. Warnings do not affect it.

    \b
    Examples:
      tinykws doctor
      tinykws doctor --board nano33ble
      tinykws doctor --boards
      tinykws doctor --json
    """
    from tinykws.boards.rows import find_board, load_boards
    from tinykws.stages.doctor import doctor as look

    boards = load_boards(project_dir / "boards.yaml")
    board = None if board_id is None else find_board(board_id, boards)
    report = look(board, boards, project_dir / "build" / "firmware", each_board=each_board or as_json)
    if as_json:
        print_json({"ready": report.ready, **to_json(report)})
    else:
        # None: click omits colours if stdout is not a terminal.
        more = "" if board or each_board else "\nfor the boards: tinykws doctor --boards, or --board BOARD"
        more = completed(more)
        echo(_describe(report) + more, color=False if os.environ.get("NO_COLOR") else None)
    return 0 if report.ready else 1


def _describe(report: DoctorReport) -> str:
    width = max(len(finding.name) for finding in report.findings)
    lines = []
    for area, findings in groupby(report.findings, lambda finding: finding.area):
        lines.append(style(area, "bold"))
        lines += [line for finding in findings for line in _lines(finding, width)]
    return "\n".join([*lines, "", _conclusion(report)])


def _lines(finding: Finding, width: int) -> list[str]:
    state = style(f"{finding.state:7}", COLOURS[finding.state])
    lines = [f"  {state}  {finding.name:{width}}  {finding.found}"]
    if finding.mend:
        lines.append(f"  {'':7}  {'':{width}}  try: {completed(finding.mend)}")
    return lines


def _conclusion(report: DoctorReport) -> str:
    count = {state: sum(finding.state == state for finding in report.findings) for state in COLOURS}
    whom = report.board or "the emulated boards"
    counted = ", ".join(f"{number} {state}" for state, number in count.items())
    return f"{'ready' if report.ready else 'not ready'} for {whom}: {counted}"
