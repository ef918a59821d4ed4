# SPDX-License-Identifier: Apache-2.0
"""flash: writes firmware to a board."""

from __future__ import annotations

from pathlib import Path

import click

from tinykws.cli.boards_and_ports import board_of, port_of
from tinykws.cli.console import ConsoleProgress, print_json, to_json
from tinykws.cli.firmware_steps import build_firmware, check_can_build, generate_firmware
from tinykws.cli.options import (
    allow_slow_option,
    board_option,
    bundle_option,
    engine_option,
    json_option,
    port_option,
    project_option,
    rebuild_option,
)
from tinykws.cli.terminal import echo
from tinykws.cli.workplace import workplace


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@port_option
@rebuild_option
@click.option("--model-only", is_flag=True, help="Write only the model, into the board's model slot.")
@json_option
@allow_slow_option
def flash(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, port: str | None, rebuild: bool,
    model_only: bool, as_json: bool, allow_slow: bool,
) -> None:  # fmt: skip
    """Write the firmware to a board.

    Compiles the firmware first, from the last bundle; if that is out of date, this says so. The board is found by its
    USB ids. After the upload, the board reports its model, engine and labels; the last line shows them.

    With --model-only nothing is compiled: the bundle's model, labels and detector go into the model slot of a board
    whose firmware was flashed before, of the tflm engine and with the same front-end. A firmware that finds its slot
    damaged runs the model that it was built with.

    \b
    Examples:
      tinykws flash --board nano33ble
      tinykws flash --board esp32 --port /dev/ttyUSB0
      tinykws flash --board esp32 --model-only
    """
    if model_only:
        _flash_model(project_dir, board_id, engine, bundle_dir, port, rebuild, as_json, allow_slow)
        return
    from tinykws.stages.flash import flash as flash_board
    from tinykws.stages.flash import refuse_emulated

    board = board_of(project_dir, board_id)
    refuse_emulated(board)
    on = port_of(project_dir, board, port)
    progress = ConsoleProgress()
    place = workplace(
        project_dir, bundle_dir, progress, rebuild=rebuild, hold=True,
        before_stages=lambda: check_can_build(project_dir, board, engine),
    )  # fmt: skip
    folder = generate_firmware(place, board, engine)
    build_firmware(place, folder, board, force=allow_slow)
    report = flash_board(place.bundle, board, folder, on, progress)
    if as_json:
        print_json(to_json(report))
        return
    echo(
        f"{board.name} on {report.port} runs model {report.model_id}, engine {report.engine}:"
        f" {', '.join(report.labels)}"
    )


def _flash_model(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, port: str | None, rebuild: bool,
    as_json: bool, allow_slow: bool,
) -> None:  # fmt: skip
    from tinykws.stages.build import program_of
    from tinykws.stages.flash_model import ENGINE, flash_model, flash_model_of_emulator, refuse_without_slot

    board = board_of(project_dir, board_id)
    refuse_without_slot(board, engine)
    on = port_of(project_dir, board, port) if board.emulator is None else None
    progress = ConsoleProgress()
    place = workplace(project_dir, bundle_dir, progress, rebuild=rebuild, hold=True)
    if on is None:
        program = program_of(place.firmware_dir(board.id), board)
        report = flash_model_of_emulator(place.bundle, board, program, progress)
    else:
        folder = generate_firmware(place, board, ENGINE)
        report = flash_model(place.bundle, board, folder, on, progress, force=allow_slow)
    if as_json:
        print_json(to_json(report))
        return
    where = f" on {report.port}" if report.port else ""
    echo(f"{board.name}{where} runs model {report.model_id} from its model slot: {', '.join(report.labels)}")
