# SPDX-License-Identifier: Apache-2.0
"""Simulated serial ports and boards: ports vanish and return on schedule. Time is simulated.

Nothing waits: reading and sleeping advance the clock, and scheduled events happen on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tinykws.boards.rows import SerialLine
from tinykws.device.line_checksum import with_check
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port
from tinykws.device.transport.serial_transport import TransportLostError
from tinykws.support.errors import DeviceError

BANNER = "kws ready proto=2 board={board} engine=tflm model={model} line=768 window=4 labels=_silence_,_unknown_,yes"


class FakeBoard:
    """A board on a port: sends its greeting at start, and its answers to `!INFO`."""

    def __init__(self, *answers: str, greeting: Sequence[str] = ()) -> None:
        self.answers = answers
        self.heard: list[str] = []
        self.out: list[str] = list(greeting)

    def hear(self, line: str) -> None:
        self.heard.append(line)
        if line == "!INFO":
            self.out += self.answers
        elif line == with_check("!INFO"):  # tinykws firmware answers with checks, other firmware does not
            self.out += [with_check(text) if text.startswith("kws ") else text for text in self.answers]


class FakePortAccess(PortAccess):
    """Ports, and the boards on them."""

    def __init__(self, *ports: Port) -> None:
        self.clock = 0.0
        self.listed = {port.device: port for port in ports}
        self.boards: dict[str, FakeBoard] = {}
        self.opened: list[str] = []
        self.refused: dict[str, DeviceError] = {}
        """Ports that exist but cannot be opened."""
        self._plan: list[tuple[float, Callable[[], None]]] = []

    def plug(self, port: Port, board: FakeBoard | None = None) -> None:
        self.listed[port.device] = port
        self.boards[port.device] = board or FakeBoard()

    def unplug(self, device: str) -> None:
        self.listed.pop(device, None)
        self.boards.pop(device, None)

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedules an action for so many seconds from now."""
        self._plan.append((self.clock + seconds, action))
        self._plan.sort(key=lambda planned: planned[0])

    def say(self, seconds: float, device: str, *lines: str) -> None:
        """Schedules lines from the board on a port."""
        self.at(seconds, lambda: self.boards[device].out.extend(lines))

    # The methods of PortAccess.

    def ports(self) -> Sequence[Port]:
        return tuple(self.listed.values())

    @contextmanager
    def open(self, device: str, line: SerialLine) -> Iterator[LineTransport]:
        self.opened.append(device)
        if device in self.refused:
            raise self.refused[device]
        if device not in self.boards:
            raise DeviceError(f"cannot open {device}")
        yield FakeLink(self, device)

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        end = self.clock + seconds
        while self._plan and self._plan[0][0] <= end:
            self.clock, action = self._plan.pop(0)
            action()
        self.clock = end

    def next_event(self, end: float) -> None:
        """Advances the clock to the next scheduled event, but not beyond `end`."""
        self.sleep(max(0.0, min([end, *(when for when, _ in self._plan[:1])]) - self.clock))


class FakeLink:
    """An open port; lost for good when its board is unplugged."""

    def __init__(self, port_access: FakePortAccess, device: str) -> None:
        self._port_access = port_access
        self._device = device
        self._board = port_access.boards[device]

    def send_lines(self, texts: list[str]) -> None:
        self._check()
        for text in texts:
            self._board.hear(text)

    def read_line(self, timeout_s: float) -> str | None:
        end = self._port_access.clock + timeout_s
        while True:
            self._check()
            if self._board.out:
                return self._board.out.pop(0)
            if self._port_access.clock >= end:
                return None
            self._port_access.next_event(end)

    def _check(self) -> None:
        if self._port_access.boards.get(self._device) is not self._board:
            raise TransportLostError(f"the connection to {self._device} was lost: unplugged")
