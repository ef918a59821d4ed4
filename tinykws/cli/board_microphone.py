# SPDX-License-Identifier: Apache-2.0
"""Opens the microphone of a board, for the commands that record through it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tinykws.cli.boards_and_ports import any_port, board_of, load_board_rows, port_of
from tinykws.cli.console import ConsoleProgress
from tinykws.cli.firmware_steps import build_firmware, generate_firmware
from tinykws.cli.workplace import workplace

if TYPE_CHECKING:
    from tinykws.boards.rows import Board
    from tinykws.recording.device_microphone import DeviceMicrophone


@contextlib.contextmanager
def board_microphone(
    project_dir: Path, board_id: str | None, port: str | None, *, rebuild: bool = False
) -> Iterator[DeviceMicrophone]:
    """Opens the microphone of the named board, or of the one on the port; builds and runs an emulated board."""
    from tinykws.boards.rows import SerialLine
    from tinykws.recording.device_microphone import device_microphone, microphone_on

    if board_id is None:
        found, rows = any_port(project_dir, port)
        line = rows[0].serial if rows else SerialLine()
        opened = microphone_on(found.device, line, load_board_rows(project_dir))
    else:
        board = board_of(project_dir, board_id)
        opened = device_microphone(board, _port_or_program(project_dir, board, port, rebuild=rebuild))
    with opened as microphone:
        yield microphone


def _port_or_program(project_dir: Path, board: Board, port: str | None, *, rebuild: bool) -> Path | str:
    """Returns the board's port or, for an emulated board, its program, built if it is out of date."""
    if board.emulator is None or port is not None:
        return port_of(project_dir, board, port).device
    place = workplace(project_dir, None, ConsoleProgress(), rebuild=rebuild)
    return build_firmware(place, generate_firmware(place, board, None), board, force=False).program
