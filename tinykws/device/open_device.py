# SPDX-License-Identifier: Apache-2.0
"""Opens a device: a board on a serial port, or an emulated board that is started here."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from tinykws.boards.rows import FAST, Board
from tinykws.device.banner_checks import EngineRefusedError
from tinykws.device.protocol import DeviceTrouble, parse_line
from tinykws.device.session_log import RECEIVED, SessionLog
from tinykws.device.transport.emulator import Emulator, emulated
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.reconnecting import reconnecting_transport
from tinykws.device.transport.serial_transport import TransportLostError
from tinykws.support.errors import ConfigError, DeviceError

EXIT_S, LOST_EXIT_S = 1.0, 30.0
"""How long to wait for an emulator's exit code after an error, and after its connection was closed."""
RETURN_S = 30.0
"""How long to wait for a lost device: a restart, or plugging the cable in again, takes less."""
KEPT_ENTRIES = 200
"""How many of a log's newest entries explain how a session ended."""


@dataclasses.dataclass(frozen=True)
class OpenDevice:
    """The transport to a device, and the emulator, if it runs in one."""

    transport: LineTransport
    emulator: Emulator | None = None
    reconnect: Callable[[], LineTransport] | None = None
    """Waits for a lost device and returns a new transport; raises DeviceError. None: reconnecting is impossible."""

    @property
    def started_here(self) -> bool:
        """Whether the device is an emulator that this process started, so nobody needs it afterwards."""
        return self.emulator is not None


@contextlib.contextmanager
def open_device(
    board: Board,
    target: Path | str,
    emulator_transport: str | None = None,
    port_access: PortAccess | None = None,
    return_s: float = RETURN_S,
) -> Iterator[OpenDevice]:
    """Opens a device; leaving the `with` closes it, and stops it if it was started here.

    Args:
        board: its row of boards.yaml.
        target: the program of an emulated board, or the port (or pyserial URL) of a physical one.
        emulator_transport: what carries audio to an emulated board: `uart`, as on a physical one, or `fast`, if its
            row names a faster transport; None: fast if there is one.
        port_access: lists and opens serial ports, and has the clock; None: those of this computer.
        return_s: how long to wait for a lost port.

    Raises:
        ConfigError: the target does not fit the board, or there is no program.
        ToolError: the emulator is missing.
        DeviceError: there is no device, or it exited at once.
    """
    port_access = port_access or PortAccess()
    if board.emulator is not None and isinstance(target, Path):
        fast = board.fast_transport is not None if emulator_transport is None else emulator_transport == FAST
        with emulated(board, target, fast=fast, clock=port_access.now) as (emulator, transport):
            yield OpenDevice(transport, emulator)
    elif isinstance(target, str):
        if emulator_transport == FAST:
            raise ConfigError("a device on a serial port has no faster transport", hint="omit --transport fast")
        with reconnecting_transport(target, board.serial, port_access) as line:
            yield OpenDevice(line.transport, reconnect=lambda: line.reconnect(return_s))
    else:
        raise ConfigError(f"{board.name} is not an emulated board", hint="name its serial port: --port …")


@contextlib.contextmanager
def add_device_details(device: OpenDevice, log: SessionLog, *, of_clips: bool = True) -> Iterator[None]:
    """Adds what is known of the failure to a DeviceError that leaves the `with`: the device's last error line, its exit
    code and, with `of_clips` (not for a stream), the number of the clip. An EngineRefusedError already says all."""
    try:
        yield
    except EngineRefusedError:
        raise
    except DeviceError as error:
        wait_s = LOST_EXIT_S if isinstance(error, TransportLostError) else EXIT_S
        reason = device.emulator.exit_reason(wait_s) if device.emulator is not None else None
        message = error.message if reason is None else f"the device exited: {reason}"
        received = (parse_line(entry.text) for entry in log.entries if entry.kind == RECEIVED)
        words = [line.to_line() for line in received if isinstance(line, DeviceTrouble)]
        said = f"; its last error: {words[-1]}" if words and words[-1] not in message else ""
        where = f" (at clip {log.clip})" if log.clip and of_clips else ""
        raise DeviceError(f"{message}{said}{where}", hint=error.hint) from error
