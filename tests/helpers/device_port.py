# SPDX-License-Identifier: Apache-2.0
"""A port with a device in Python. Its clock is the device's own, so a test of a time limit takes no time and cannot
depend on how busy the computer is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fake_device import FakeDevice

from tinykws.boards.rows import SerialLine
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port
from tinykws.device.transport.serial_transport import TransportLostError
from tinykws.support.errors import DeviceError

NAME = "/dev/ttyACM0"


class DevicePort(PortAccess):
    """One port. A DeviceError in the device closes it for good, as a crash would."""

    def __init__(self, device: FakeDevice) -> None:
        self.device = device
        self.crashed = False

    def ports(self) -> Sequence[Port]:
        return () if self.crashed else (Port(NAME),)

    @contextmanager
    def open(self, device: str, line: SerialLine) -> Iterator[LineTransport]:
        if self.crashed:
            raise DeviceError(f"cannot open {device}")
        yield _Link(self)

    def now(self) -> float:
        return self.device.time

    def sleep(self, seconds: float) -> None:
        self.device.time += seconds


class _Link:
    """The open port."""

    def __init__(self, port: DevicePort) -> None:
        self._port = port

    def send_lines(self, texts: list[str]) -> None:
        try:
            self._port.device.send_lines(texts)
        except DeviceError as error:
            self._port.crashed = True
            raise TransportLostError(f"the connection to {NAME} was lost: {error.message}") from error

    def read_line(self, timeout_s: float) -> str | None:
        """Bytes that are not ASCII come as the real transport brings them."""
        line = self._port.device.read_line(timeout_s)
        return None if line is None else line.encode("latin-1").decode("ascii", errors="backslashreplace")
