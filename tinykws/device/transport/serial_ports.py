# SPDX-License-Identifier: Apache-2.0
"""The serial ports of this computer: which one a board is on, and where it is after a reset.

USB reports a port's vendor and product (column `usb` of boards.yaml) and usually a serial number. The name
(/dev/ttyACM0) is assigned by the system and may change after a reset.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from serial.tools import list_ports as pyserial_ports

from tinykws.boards.rows import Board
from tinykws.support.errors import ConfigError, DeviceError

NOTHING_FOUND_HINT = """\
use a cable that carries data (many only charge), and try another USB socket
press the board's reset button once: it may hang
name the port yourself: --port …"""


@dataclasses.dataclass(frozen=True)
class Port:
    """A serial port as the system lists it, or a name or URL that it does not list."""

    device: str
    """What to open: /dev/ttyACM0, COM5, or a pyserial URL."""
    usb_id: str | None = None
    """`vendor:product` in lower-case hex; None if it is not a USB device."""
    serial_number: str | None = None
    location: str | None = None
    """The USB socket it is in."""
    description: str = ""

    def is_same_device(self, other: Port) -> bool:
        """Whether both are the same piece of hardware, as far as USB can tell.

        Boot loaders may add leading zeros to the serial number that programs report: a Nano 33 BLE is
        768275C7726D618B, and 0000000000000000768275C7726D618B while it waits for an upload.
        """
        ours, theirs = _bare(self.serial_number), _bare(other.serial_number)
        if ours and theirs:
            return ours == theirs
        if self.location and other.location:
            return self.location == other.location
        return self.device == other.device


ListPorts = Callable[[], Sequence[Port]]
Choose = Callable[[Sequence[Port]], Port]
"""Asks the user which of several ports to use."""


def list_ports() -> tuple[Port, ...]:
    """Returns the serial ports that exist now, sorted by name."""
    return tuple(
        Port(
            device=info.device,
            usb_id=None if info.vid is None or info.pid is None else f"{info.vid:04x}:{info.pid:04x}",
            serial_number=info.serial_number or None,
            location=info.location or None,
            description=info.description if info.description != "n/a" else "",
        )
        for info in sorted(pyserial_ports.comports())
    )


def boards_on(port: Port, boards: Iterable[Board]) -> list[Board]:
    """Returns the boards that may be on a port: one if the board has native USB, several for a common USB bridge."""
    return [board for board in boards if port.usb_id in board.serial.usb]


def find_port(board: Board, ports: Sequence[Port], choose: Choose) -> Port:
    """Returns the port that a board is on; if several match, the one that `choose` returns.

    Raises:
        ConfigError: the board's row has no USB ids, so its port cannot be found.
        DeviceError: no port matches the board.
    """
    if not board.serial.usb:
        raise ConfigError(f"boards.yaml has no USB ids for {board.id}", hint="name its serial port: --port …")
    fitting = [port for port in ports if port.usb_id in board.serial.usb]
    if not fitting:
        raise DeviceError(
            f"no port matches {board.name} (USB {', '.join(board.serial.usb)}); {_listing(ports)}",
            hint="\n".join([NOTHING_FOUND_HINT, *board.serial.upload_advice]),
        )
    return fitting[0] if len(fitting) == 1 else choose(fitting)


def named_port(name: str, board: Board, ports: Sequence[Port], boards: Iterable[Board]) -> Port:
    """Returns the port that the user named. Raises DeviceError if a different board is on it.

    A port whose USB ids no board has is accepted: there are many USB bridges.
    """
    port = next((port for port in ports if port.device == name), Port(name))
    others = boards_on(port, boards)
    if others and board.serial.usb and port.usb_id not in board.serial.usb:
        raise DeviceError(
            f"{others[0].name} (USB {port.usb_id}) is on {name}, not {board.name}",
            hint=f"name that board: --board {' or '.join(other.id for other in others)}; or another port: --port …",
        )
    return port


def find_any_port(boards: Iterable[Board], ports: Sequence[Port], choose: Choose) -> Port:
    """Returns the port that any of the boards is on; if several match, the one that `choose` returns.

    Raises:
        DeviceError: no port matches a board.
    """
    known = list(boards)
    fitting = [port for port in ports if boards_on(port, known)]
    if not fitting:
        raise DeviceError(f"no port matches a board of boards.yaml; {_listing(ports)}", hint=NOTHING_FOUND_HINT)
    return fitting[0] if len(fitting) == 1 else choose(fitting)


def find_again(lost: Port, usb_ids: Sequence[str], before: Sequence[Port], now: Sequence[Port]) -> Port | None:
    """Returns the port of a board that left its port (a reset, an upload, a pulled cable); None while it is away.

    Args:
        lost: the port it was on.
        usb_ids: the USB ids it may have now; those of boot loader and program may differ.
        before: all ports that existed then, so that a second board of the same kind is not mistaken for the lost one.
        now: the ports that exist now.

    A port that the system never listed (a URL, a pseudo terminal) is assumed to stay the same.
    """
    if not any(port.device == lost.device for port in before):
        return lost
    same = [port for port in now if port.is_same_device(lost)]
    if same:  # of a board with two ports, prefer the one with the same name
        return min(same, key=lambda port: (port.device != lost.device, port.usb_id != lost.usb_id))
    known = [port for port in before if not port.is_same_device(lost)]
    new = [port for port in now if not any(port.is_same_device(other) for other in known)]
    return next((port for port in new if port.usb_id in usb_ids), None)


def describe(port: Port) -> str:
    """Returns a one-line description of a port."""
    return " ".join(filter(None, [port.device, port.usb_id, port.description]))


def _listing(ports: Sequence[Port]) -> str:
    usb = [port for port in ports if port.usb_id is not None]
    if not usb:
        return "no USB serial port is connected"
    return "connected: " + "; ".join(describe(port) for port in usb)


def _bare(serial_number: str | None) -> str:
    return (serial_number or "").upper().lstrip("0")
