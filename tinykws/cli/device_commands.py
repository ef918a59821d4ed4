# SPDX-License-Identifier: Apache-2.0
"""generate, build, boards: from a bundle to firmware."""

from __future__ import annotations

from pathlib import Path

import click

from tinykws.cli.board_work import board_of, build_firmware, generate_firmware, rows_of
from tinykws.cli.build_view import describe_build
from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.counting import with_counts
from tinykws.cli.options import board_option, bundle_option, engine_option, json_option, project_option, slow_too_option
from tinykws.cli.pipeline import workplace


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
def generate(project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None) -> None:
    """Render the PlatformIO project for a board, without compiling it.

    \b
    Example: tinykws generate --board nano33ble --project hello
    """
    board = board_of(project_dir, board_id)
    place = workplace(project_dir, bundle_dir, ConsoleProgress())
    click.echo(f"project: {generate_firmware(place, board, engine)}")
    if board.chosen_engine(engine) == "aot":
        from tinykws.cost.execution_mode import choose_mode_for_board

        click.echo(f"stream: {choose_mode_for_board(place.bundle, board).report.in_words()}")


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@json_option
@click.option("--no-compile", is_flag=True, help="Stop before PlatformIO: render the project only.")
@click.option("--count", is_flag=True, help="Count instructions in emulation, with QEMU, instead of estimating them.")
@slow_too_option
def build(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, as_json: bool, no_compile: bool,
    count: bool, slow_too: bool,
) -> None:  # fmt: skip
    """Make firmware for a board: runs whatever is missing, from speaking the words to compiling.

    Says what it takes of flash and RAM by part, and about how long listening takes; a model that cannot keep up with
    the sound on the board is refused.

    \b
    Examples:
      tinykws build --board qemu-cortex-m4
      tinykws build --board nano33ble --engine aot
      tinykws build --board nano33ble --no-compile
      tinykws build --board xiao_nrf52840 --count
    """
    board = board_of(project_dir, board_id)
    if count and board.chosen_engine(engine) != "aot":
        raise click.UsageError("--count counts what the aot engine executes: --engine aot")
    place = workplace(project_dir, bundle_dir, ConsoleProgress())
    folder = generate_firmware(place, board, engine)
    if no_compile:
        if as_json:
            print_json({"project": str(folder)})
        else:
            click.echo(f"project: {folder}")
        return
    report = build_firmware(place, folder, board, force=slow_too)
    if count:
        report = with_counts(report, place, board, rows_of(project_dir))
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(describe_build(report))


@click.command()
@project_option
@json_option
def boards(project_dir: Path, as_json: bool) -> None:
    """List the boards: the rows of boards.yaml, with those of the project's own boards.yaml.

    \b
    Example: tinykws boards --json
    """
    import dataclasses

    rows = rows_of(project_dir)
    if as_json:
        print_json([dataclasses.asdict(board) for board in rows.values()])
        return
    cells = ([b.id, b.name, b.mcu, b.engine, b.microphone.part or b.microphone.kind] for b in rows.values())
    click.echo(table(["board", "name", "chip", "engine", "microphone"], cells))


COMMANDS = [generate, build, boards]
