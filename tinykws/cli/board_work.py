# SPDX-License-Identifier: Apache-2.0
"""What several commands do with a board: look it up, find its port, make its firmware."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress
from tinykws.cli.pipeline import Workplace, workplace

if TYPE_CHECKING:
    from tinykws.boards.rows import Board
    from tinykws.device.transport.serial_ports import Port
    from tinykws.recording.device_microphone import DeviceMicrophone
    from tinykws.stages.build import BuildReport


def rows_of(project_dir: Path) -> dict[str, Board]:
    """Returns the rows of boards.yaml, with those of the project's own."""
    from tinykws.boards.rows import load_boards

    return load_boards(project_dir / "boards.yaml")


def board_of(project_dir: Path, board_id: str) -> Board:
    """Returns a row by its id. Raises ConfigError with near names."""
    from tinykws.boards.rows import find_board

    return find_board(board_id, rows_of(project_dir))


def generate_firmware(place: Workplace, board: Board, engine: str | None) -> Path:
    """Renders the PlatformIO project and says what changed; returns its folder."""
    from tinykws.stages.generate import generate as generate_project

    folder = place.firmware_dir(board.id)
    project = generate_project(place.bundle, board, engine, folder, ConsoleProgress())
    changed = len(project.changes.written) + len(project.changes.removed)
    state = f"{changed} of {len(project.files)} files new or changed" if changed else "up to date"
    click.echo(f"generate: {state}, engine {project.engine}, model {place.bundle.model_id}", err=True)
    return folder


def build_firmware(place: Workplace, folder: Path, board: Board, *, force: bool) -> BuildReport:
    """Compiles a project rendered from the workplace's bundle; `force`: even one that cannot keep up with the sound."""
    from tinykws.stages.build import build as build_project

    click.echo(f"build: PlatformIO compiles {folder}", err=True)
    return build_project(folder, board, ConsoleProgress(), place.bundle, force=force)


def port_of(project_dir: Path, board: Board, name: str | None) -> Port:
    """Returns the port a person named, or the one the board is on; asks where several may be it."""
    from tinykws.device.transport.serial_ports import find_port, list_ports, named_port

    if name is not None:
        return named_port(name, board, list_ports(), rows_of(project_dir).values())
    return find_port(board, list_ports(), ask_which)


def any_port(project_dir: Path, name: str | None) -> tuple[Port, list[Board]]:
    """Returns a port where no board was named, and the rows that it may be."""
    from tinykws.device.transport.serial_ports import Port, boards_on, find_any_port, list_ports

    rows, ports = rows_of(project_dir).values(), list_ports()
    if name is None:
        found = find_any_port(rows, ports, ask_which)
    else:
        found = next((port for port in ports if port.device == name), Port(name))
    return found, boards_on(found, rows)


def ask_which(ports: Sequence[Port]) -> Port:
    """Asks on the terminal which port is meant. Raises ConfigError where nobody can be asked."""
    from tinykws.device.transport.serial_ports import describe
    from tinykws.support.errors import ConfigError

    if not sys.stdin.isatty():
        names = "\n".join(f"--port {describe(port)}" for port in ports)
        raise ConfigError(f"{len(ports)} ports may be the board: name one", hint=names)
    for number, port in enumerate(ports, start=1):
        click.echo(f"  {number}  {describe(port)}", err=True)
    chosen: int = click.prompt("which port", type=click.IntRange(1, len(ports)), err=True)
    return ports[chosen - 1]


@contextlib.contextmanager
def board_microphone(project_dir: Path, board_id: str | None, port: str | None) -> Iterator[DeviceMicrophone]:
    """Opens the microphone of the board named, or of the one that is on the port; an emulated one is built and run."""
    from tinykws.boards.rows import SerialLine
    from tinykws.recording.device_microphone import device_microphone, microphone_on

    if board_id is None:
        found, rows = any_port(project_dir, port)
        line = rows[0].serial if rows else SerialLine()
        opened = microphone_on(found.device, line, rows_of(project_dir))
    else:
        board = board_of(project_dir, board_id)
        opened = device_microphone(board, _target(project_dir, board, port))
    with opened as microphone:
        yield microphone


def _target(project_dir: Path, board: Board, port: str | None) -> Path | str:
    """The port, or the program of an emulated board, which is built where it is not up to date."""
    if board.emulator is None or port is not None:
        return port_of(project_dir, board, port).device
    place = workplace(project_dir, None, ConsoleProgress())
    return build_firmware(place, generate_firmware(place, board, None), board, force=False).program
