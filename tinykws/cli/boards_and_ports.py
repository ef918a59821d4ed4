# SPDX-License-Identifier: Apache-2.0
"""Looks up what a command names: the board by its id, and the port it is on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.terminal import echo, prompt

if TYPE_CHECKING:
    from tinykws.boards.rows import Board
    from tinykws.device.transport.serial_ports import Port


def load_board_rows(project_dir: Path) -> dict[str, Board]:
    """Returns the rows of boards.yaml by id, with those of the project's own boards.yaml. Raises ConfigError."""
    from tinykws.boards.rows import load_boards

    return load_boards(project_dir / "boards.yaml")


def board_of(project_dir: Path, board_id: str) -> Board:
    """Returns a row by its id. Raises ConfigError, with the nearest ids."""
    from tinykws.boards.rows import find_board

    return find_board(board_id, load_board_rows(project_dir))


def port_of(project_dir: Path, board: Board, name: str | None) -> Port:
    """Returns the port that was named, or the one the board is on; asks if there are several candidates.

    Raises:
        DeviceError: no port has the board's USB ids, or the named port has another board's.
        ConfigError: several ports may be the board, and stdin is not a terminal.
    """
    from tinykws.device.transport.serial_ports import find_port, list_ports, named_port

    if name is not None:
        return named_port(name, board, list_ports(), load_board_rows(project_dir).values())
    return find_port(board, list_ports(), ask_which)


def any_port(project_dir: Path, name: str | None) -> tuple[Port, list[Board]]:
    """Returns the port to use if no board was named, and the boards that its USB ids fit.

    Raises:
        DeviceError: no port looks like a board.
        ConfigError: several do, and stdin is not a terminal.
    """
    from tinykws.device.transport.serial_ports import Port, boards_on, find_any_port, list_ports

    rows, ports = load_board_rows(project_dir).values(), list_ports()
    if name is None:
        found = find_any_port(rows, ports, ask_which)
    else:
        found = next((port for port in ports if port.device == name), Port(name))
    return found, boards_on(found, rows)


def ask_which(ports: Sequence[Port]) -> Port:
    """Asks on the terminal which port is meant. Raises ConfigError if stdin is not a terminal."""
    from tinykws.device.transport.serial_ports import describe
    from tinykws.support.errors import ConfigError

    if not sys.stdin.isatty():
        names = "\n".join(f"--port {describe(port)}" for port in ports)
        raise ConfigError(f"{len(ports)} ports may be the board: name one", hint=names)
    for number, port in enumerate(ports, start=1):
        echo(f"  {number}  {describe(port)}", err=True)
    chosen: int = prompt("which port", type=click.IntRange(1, len(ports)))
    return ports[chosen - 1]
