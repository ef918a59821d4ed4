# SPDX-License-Identifier: Apache-2.0
"""Instructions counted in emulation, for a board whose core an emulated board has."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from tinykws.cli.board_work import build_firmware, generate_firmware
from tinykws.cli.console import ConsoleProgress
from tinykws.cli.pipeline import Workplace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinykws.boards.rows import Board
    from tinykws.cost.latency import Speed
    from tinykws.stages.build import BuildReport


def with_counts(report: BuildReport, place: Workplace, board: Board, rows: Mapping[str, Board]) -> BuildReport:
    """Returns the report of a build for the aot engine with the speed counted: the same model, built for an emulated
    board, hears the bundle's first clip.

    Raises:
        ConfigError: no emulated board has the core.
        ToolError: its compiler or QEMU is missing.
    """
    from tinykws.cost.latency import counting_board
    from tinykws.support.errors import ConfigError

    counter = counting_board(board, rows.values())
    if report.speed is None or counter is None:
        raise ConfigError(
            f"nothing here emulates what {board.name} executes", hint="without --count the estimate is shown"
        )
    return dataclasses.replace(report, speed=_counted(report, report.speed, place, board, counter))


def _counted(report: BuildReport, speed: Speed, place: Workplace, board: Board, counter: Board) -> Speed:
    from tinykws.cost.latency import speed_from_counts
    from tinykws.device.transport.emulator import INSTRUCTIONS_PER_US
    from tinykws.stages.verify import ClipFile
    from tinykws.stages.verify import verify as verify_clips
    from tinykws.support.programs import find_programs

    find_programs(counter.emulator_programs)
    program = report.program
    if counter.id != board.id:
        program = build_firmware(place, generate_firmware(place, counter, "aot"), counter, force=True).program
    click.echo(f"count: QEMU runs {program}", err=True)
    clip = ClipFile(place.bundle.path / place.bundle.golden[0].file)
    heard = verify_clips(place.bundle, counter, program, [clip], ConsoleProgress())
    per_inference, per_frame = heard.invoke_us_per_inference, heard.frontend_us_per_frame
    if per_inference is None or per_frame is None:
        return speed
    factor = INSTRUCTIONS_PER_US
    return speed_from_counts(speed, place.bundle, board, per_inference * factor, per_frame * factor)
