# SPDX-License-Identifier: Apache-2.0
"""The serial ports of this computer: which one a board is on, and where it went after a reset.

USB tells a port's vendor and product (the rows' `usb` column) and mostly a serial number; the name (/dev/ttyACM0) is
only where the system put it this time, and may be another one after a reset.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from serial.tools import list_ports as pyserial_ports

from tinykws.boards.rows import Board
from tinykws.support.errors import ConfigError, DeviceError

NOTHING_FOUND_HINT = """\
a cable that carries data (many only charge), and another USB socket
pressing the board's reset button once: it may hang
naming the port yourself: --port …"""


@dataclasses.dataclass(frozen=True)
class Port:
    """One serial port, as the system lists it; or a name or URL that it does not list."""

    device: str
    """What to open: /dev/ttyACM0, COM5, or a pyserial URL."""
    usb_id: str | None = None
    """`vendor:product` in lower-case hex; None where it is no USB device."""
    serial_number: str | None = None
    location: str | None = None
    """The USB socket it is in."""
    description: str = ""

    def is_same_device(self, other: Port) -> bool:
        """Whether both are one piece of hardware, as far as USB tells.

        Boot loaders write the chip's number with zeros before it where programs do not: a Nano 33 BLE is
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
"""Asks a person which of several ports is meant."""


def list_ports() -> tuple[Port, ...]:
    """Returns the serial ports there are now, sorted by name."""
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
    """Returns the rows that a port may be: one for a board with USB of its own, several for a common bridge."""
    return [board for board in boards if port.usb_id in board.serial.usb]


def find_port(board: Board, ports: Sequence[Port], choose: Choose) -> Port:
    """Returns the port that a board is on; where several may be it, what `choose` says.

    Raises:
        ConfigError: the row names no USB ids, so it cannot be known.
        DeviceError: no port looks like the board.
    """
    if not board.serial.usb:
        raise ConfigError(f"boards.yaml has no USB ids for {board.id}", hint="name the port it is on: --port …")
    fitting = [port for port in ports if port.usb_id in board.serial.usb]
    if not fitting:
        raise DeviceError(
            f"no port looks like {board.name} (USB {', '.join(board.serial.usb)}); {_there_is(ports)}",
            hint="\n".join([NOTHING_FOUND_HINT, *board.serial.upload_advice]),
        )
    return fitting[0] if len(fitting) == 1 else choose(fitting)


def named_port(name: str, board: Board, ports: Sequence[Port], boards: Iterable[Board]) -> Port:
    """Returns the port a person named, with what is known of it. Raises DeviceError where another board is on it.

    A port with USB ids that no row knows is believed: bridges are many.
    """
    port = next((port for port in ports if port.device == name), Port(name))
    others = boards_on(port, boards)
    if others and board.serial.usb and port.usb_id not in board.serial.usb:
        raise DeviceError(
            f"on {name} is {others[0].name} (USB {port.usb_id}), not {board.name}",
            hint=f"name its board: --board {' or '.join(other.id for other in others)}; or the right port: --port …",
        )
    return port


def find_any_port(boards: Iterable[Board], ports: Sequence[Port], choose: Choose) -> Port:
    """Returns the port that any of the boards is on. Raises DeviceError where there is none."""
    known = list(boards)
    fitting = [port for port in ports if boards_on(port, known)]
    if not fitting:
        raise DeviceError(f"no port looks like a board of boards.yaml; {_there_is(ports)}", hint=NOTHING_FOUND_HINT)
    return fitting[0] if len(fitting) == 1 else choose(fitting)


def find_again(lost: Port, usb_ids: Sequence[str], before: Sequence[Port], now: Sequence[Port]) -> Port | None:
    """Returns where a board is that has left its port (a reset, an upload, its port_access), or None while it is away.

    Args:
        lost: the port it was on.
        usb_ids: what it may show up as; a boot loader and a program may differ.
        before: all ports there were then: a second board of the same kind is not taken for the lost one.
        now: the ports there are now.

    A port that the system never listed (a URL, a pseudo terminal) is taken to stay where it was.
    """
    if not any(port.device == lost.device for port in before):
        return lost
    same = [port for port in now if port.is_same_device(lost)]
    if same:  # of a board with two ports, the one that has not moved
        return min(same, key=lambda port: (port.device != lost.device, port.usb_id != lost.usb_id))
    known = [port for port in before if not port.is_same_device(lost)]
    strangers = [port for port in now if not any(port.is_same_device(other) for other in known)]
    return next((port for port in strangers if port.usb_id in usb_ids), None)


def describe(port: Port) -> str:
    """Returns a port in one line."""
    return " ".join(filter(None, [port.device, port.usb_id, port.description]))


def _there_is(ports: Sequence[Port]) -> str:
    usb = [port for port in ports if port.usb_id is not None]
    if not usb:
        return "no USB serial port is there at all"
    return "there is: " + "; ".join(describe(port) for port in usb)


def _bare(serial_number: str | None) -> str:
    return (serial_number or "").upper().lstrip("0")
