# SPDX-License-Identifier: Apache-2.0
"""Generates and builds firmware for the commands that need it, and tells what happens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tinykws.cli.build_lock import build_lock
from tinykws.cli.console import ConsoleProgress
from tinykws.cli.network_size import tell_other_choice
from tinykws.cli.workplace import Workplace

if TYPE_CHECKING:
    from tinykws.boards.rows import Board
    from tinykws.stages.build import BuildReport


def check_can_build(project_dir: Path, board: Board, engine: str | None) -> None:
    """Raises an error if what the board's firmware needs cannot be had: before minutes of training, not after them."""
    from tinykws.stages.build import check_can_build as check

    check(project_dir / "build" / "firmware" / board.id, board, board.chosen_engine(engine))


def generate_firmware(place: Workplace, board: Board, engine: str | None) -> Path:
    """Generates the PlatformIO project, and says how many files changed; returns its folder."""
    from tinykws.stages.generate import generate as generate_project

    folder, progress = place.firmware_dir(board.id), ConsoleProgress()
    tell_other_choice(place.project_dir, place.bundle.path, board, engine, progress)
    with build_lock(place.build_dir, progress):
        project = generate_project(place.bundle, board, engine, folder, progress)
    changed = len(project.changes.written) + len(project.changes.removed)
    state = f"{changed} of {len(project.files)} files new or changed" if changed else "up to date"
    progress.say(f"generate: {state}, engine {project.engine}, model {place.bundle.model_id}")
    return folder


def build_firmware(place: Workplace, folder: Path, board: Board, *, force: bool) -> BuildReport:
    """Compiles a generated project.

    Args:
        place: the bundle that the project was generated from.
        folder: the project.
        board: the board that it is for.
        force: build even a model that is too slow for real time.
    """
    from tinykws.stages.build import build as build_project

    progress = ConsoleProgress()
    progress.say(f"build: PlatformIO compiles {folder}")
    with build_lock(place.build_dir, progress):
        return build_project(folder, board, progress, place.bundle, force=force)


def emulated_program(place: Workplace, board: Board, engine: str | None) -> Path:
    """Returns the program of an emulated board, built if it is out of date.

    Raises:
        ToolError: the emulator or the compiler is missing.
    """
    from tinykws.support.programs import find_programs

    find_programs(board.emulator_programs)
    return build_firmware(place, generate_firmware(place, board, engine), board, force=True).program
