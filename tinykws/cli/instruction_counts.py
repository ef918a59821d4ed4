# SPDX-License-Identifier: Apache-2.0
"""Counts instructions in emulation, for a board whose core an emulated board has."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tinykws.cli.console import ConsoleProgress
from tinykws.cli.firmware_steps import build_firmware, generate_firmware
from tinykws.cli.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinykws.boards.rows import Board
    from tinykws.cost.latency import Speed
    from tinykws.stages.build import BuildReport


def with_counts(report: BuildReport, place: Workplace, board: Board, rows: Mapping[str, Board]) -> BuildReport:
    """Returns a build's report with counted instead of estimated instructions, for the aot engine.

    The same model is built for an emulated board with the same core, which processes the bundle's first golden clip.

    Raises:
        ConfigError: no emulated board has the core.
        ToolError: its compiler or QEMU is missing.
    """
    from tinykws.cost.latency import counting_board
    from tinykws.support.errors import ConfigError

    counter = counting_board(board, rows.values())
    if report.speed is None or counter is None:
        raise ConfigError(
            f"no emulated board has the core of {board.name}, so its instructions cannot be counted",
            hint="omit --count: the estimate is shown",
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
    progress = ConsoleProgress()
    progress.say(f"count: QEMU runs {program}")
    clip = ClipFile(place.bundle.path / place.bundle.golden[0].file)
    heard = verify_clips(place.bundle, counter, program, [clip], progress)
    per_inference, per_frame = heard.invoke_us_per_inference, heard.frontend_us_per_frame
    if per_inference is None or per_frame is None:
        return speed
    factor = INSTRUCTIONS_PER_US
    return speed_from_counts(speed, place.bundle, board, per_inference * factor, per_frame * factor)
