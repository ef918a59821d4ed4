# SPDX-License-Identifier: Apache-2.0
"""The door to a device, whatever it is: a board on a port, or an emulated one that is started for the occasion."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from tinykws.boards.rows import FAST, Board
from tinykws.device.protocol import DeviceTrouble, parse_line
from tinykws.device.session_log import RECEIVED, SessionLog
from tinykws.device.transport.emulator import Emulator, emulated
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.reconnecting import reconnecting_transport
from tinykws.support.errors import ConfigError, DeviceError

RETURN_S = 30.0
"""A board that starts anew and a cable that is put back take less."""


@dataclasses.dataclass(frozen=True)
class OpenDevice:
    """A device's serial line, and the emulator behind it where there is one."""

    transport: LineTransport
    emulator: Emulator | None = None
    reconnect: Callable[[], LineTransport] | None = None
    """Waits until a lost line is there again, and returns it; raises DeviceError. None: what is lost is gone."""

    @property
    def started_here(self) -> bool:
        """Whether the device was started for us, so that nobody needs it afterwards."""
        return self.emulator is not None


@contextlib.contextmanager
def open_device(
    board: Board,
    target: Path | str,
    emulator_transport: str | None = None,
    port_access: PortAccess | None = None,
    return_s: float = RETURN_S,
) -> Iterator[OpenDevice]:
    """Opens a device; the `with` closes it, and ends it where it was started here.

    Args:
        board: its row of boards.yaml.
        target: the program of an emulated board, or the port (or pyserial URL) of a real one.
        emulator_transport: how sound gets into an emulated board: `uart`, as into a real one, or `fast`, if its
            row names a faster transport; None: fast if there is one.
        port_access: where ports are looked for; None: this computer's.
        return_s: how long a lost port is waited for.

    Raises:
        ConfigError: the target does not fit the board, or there is no program.
        ToolError: the emulator is missing.
        DeviceError: no device there, or it ended at once.
    """
    if board.emulator is not None and isinstance(target, Path):
        fast = board.fast_transport is not None if emulator_transport is None else emulator_transport == FAST
        with emulated(board, target, fast=fast) as (emulator, transport):
            yield OpenDevice(transport, emulator)
    elif isinstance(target, str):
        if emulator_transport == FAST:
            raise ConfigError("a device on a port has its serial line alone", hint="omit --transport fast")
        with reconnecting_transport(target, board.serial, port_access or PortAccess()) as line:
            yield OpenDevice(line.transport, reconnect=lambda: line.reconnect(return_s))
    else:
        raise ConfigError(f"{board.name} is no emulated board", hint="name the port it is on: --port …")


@contextlib.contextmanager
def add_device_details(device: OpenDevice, log: SessionLog, *, of_clips: bool = True) -> Iterator[None]:
    """Adds to a DeviceError what is known of the device's end: its last words, its exit code, the clip, if it is one
    `of_clips` and not of a stream."""
    try:
        yield
    except DeviceError as error:
        reason = device.emulator.exit_reason(wait_s=1.0) if device.emulator is not None else None
        message = error.message if reason is None else f"the device ended: {reason}"
        received = (parse_line(entry.text) for entry in log.entries if entry.kind == RECEIVED)
        words = [line.to_line() for line in received if isinstance(line, DeviceTrouble)]
        said = f"; it said: {words[-1]}" if words and words[-1] not in message else ""
        where = f" (at clip {log.clip})" if log.clip and of_clips else ""
        raise DeviceError(f"{message}{said}{where}", hint=error.hint) from error
