# SPDX-License-Identifier: Apache-2.0
"""generate, build, boards: from a bundle to firmware."""

from __future__ import annotations

from pathlib import Path

import click

from tinykws.cli.boards_and_ports import board_of, load_board_rows
from tinykws.cli.build_view import describe_build
from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.firmware_steps import build_firmware, check_can_build, generate_firmware
from tinykws.cli.instruction_counts import with_counts
from tinykws.cli.network_size import choose_for_board, keep_choice
from tinykws.cli.options import (
    allow_slow_option,
    board_option,
    bundle_option,
    engine_option,
    json_option,
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
@rebuild_option
def generate(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, rebuild: bool
) -> None:  # fmt: skip
    """Generate the PlatformIO project for a board.

    Compiles nothing. The project goes to build/firmware/BOARD/ and can be built without tinykws. It is made from the
    last bundle; if that is out of date, this says so.

    \b
    Example:
      tinykws generate --board nano33ble --project hello
    """
    board = board_of(project_dir, board_id)
    place = workplace(project_dir, bundle_dir, ConsoleProgress(), rebuild=rebuild, hold=True)
    echo(f"project: {generate_firmware(place, board, engine)}")
    if board.chosen_engine(engine) == "aot":
        from tinykws.cost.execution_mode import choose_mode_for_board

        echo(f"stream: {choose_mode_for_board(place.bundle, board).report.in_words()}")


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@json_option
@click.option("--no-compile", is_flag=True, help="Only generate the project; do not run PlatformIO.")
@click.option("--count", is_flag=True,
              help="Count instructions in emulation (QEMU) instead of estimating them; aot engine only.")  # fmt: skip
@allow_slow_option
def build(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, as_json: bool, no_compile: bool,
    count: bool, allow_slow: bool,
) -> None:  # fmt: skip
    """Build firmware for a board, from the words to the program.

    Runs only the stages that are out of date: synth, prepare, train, quantize, tune, generate, then PlatformIO.
    Prints flash and RAM in bytes by component, and an estimate of the time that each inference takes. With `model:
    {size: auto}` in kws.yaml it first chooses the largest network for streams that the board allows. A model that is
    too slow for real time on the board is refused; --force builds it anyway. At the end it says how good the detector
    is, on the data that it was chosen on, and what would help if it is poor.

    \b
    Examples:
      tinykws build --board qemu-cortex-m4
      tinykws build --board nano33ble --engine aot
      tinykws build --board nano33ble --no-compile
      tinykws build --board xiao_nrf52840 --count
    """
    from tinykws.cli.build_quality import build_quality, describe_quality

    board = board_of(project_dir, board_id)
    if count and board.chosen_engine(engine) != "aot":
        raise click.UsageError("--count works with the aot engine only: add --engine aot")
    check = (lambda: None) if no_compile else (lambda: check_can_build(project_dir, board, engine))
    choice = choose_for_board(project_dir, bundle_dir, board, engine, ConsoleProgress())
    keep_choice(project_dir, choice, board, ConsoleProgress(), before=check)
    place = workplace(project_dir, bundle_dir, ConsoleProgress(), rebuild=True, hold=True, before_stages=check)
    folder = generate_firmware(place, board, engine)
    quality = build_quality(place, board)
    if no_compile:
        results, text = {"project": str(folder)}, f"project: {folder}"
    else:
        report = build_firmware(place, folder, board, force=allow_slow)
        if count:
            report = with_counts(report, place, board, load_board_rows(project_dir))
        results, text = to_json(report), describe_build(report)
    if as_json:
        size = {} if choice is None else {"network_size": to_json(choice)}
        print_json({**results, **size, "detector_quality": quality.to_dict()})
    else:
        if choice is not None:
            text = f"{text}\n\n{choice.in_words()}"
        echo(f"{text}\n\n{describe_quality(quality)}")
        if board.note and not no_compile:
            echo(f"\n{board.id}: {board.note}")


@click.command()
@project_option
@json_option
def boards(project_dir: Path, as_json: bool) -> None:
    """List the boards.

    Shows the boards that tinykws knows, and those in the project's own boards.yaml.

    \b
    Examples:
      tinykws boards
      tinykws boards --json
    """
    import dataclasses

    rows = load_board_rows(project_dir)
    if as_json:
        print_json([dataclasses.asdict(board) for board in rows.values()])
        return
    cells = ([b.id, b.name, b.mcu, b.engine, b.microphone.part or b.microphone.kind] for b in rows.values())
    echo(table(["board", "name", "chip", "engine", "microphone"], cells))
    for board in rows.values():
        if board.note:
            echo(f"{board.id}: {board.note}")
