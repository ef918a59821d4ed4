"""flash, monitor: what a person does with a board in hand."""

from __future__ import annotations

from pathlib import Path

import click

from tinykws.cli.board_work import board_of, build_firmware, generate_firmware, port_of
from tinykws.cli.console import ConsoleProgress, print_json, to_json
from tinykws.cli.options import board_option, bundle_option, engine_option, json_option, port_option, project_option
from tinykws.cli.pipeline import workplace


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@port_option
@json_option
def flash(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, port: str | None, as_json: bool
) -> None:
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
    build_firmware(folder, board)
    report = flash_board(place.bundle, board, folder, on, progress)
    if as_json:
        print_json(to_json(report))
        return
    click.echo(
        f"{board.name} on {report.port} runs model {report.model_id}, engine {report.engine}:"
        f" {', '.join(report.labels)}"
    )


COMMANDS = [flash]
