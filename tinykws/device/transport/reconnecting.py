# SPDX-License-Identifier: Apache-2.0
"""A transport that can be opened again after it was lost: a cable pulled and plugged in, a reset, a busy hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tinykws.boards.rows import SerialLine
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port, find_again
from tinykws.support.errors import DeviceError

POLL_INTERVAL_S = 0.5


class ReconnectingTransport:
    """The transport to a board on a port, or behind a URL; `transport` is the one that is open now."""

    def __init__(self, name: str, line: SerialLine, port_access: PortAccess, stack: ExitStack) -> None:
        self._line = line
        self._port_access = port_access
        self._stack = stack
        self._before = port_access.ports()
        self._port = next((port for port in self._before if port.device == name), Port(name))
        self.transport = self._open(self._port)

    def reconnect(self, wait_s: float) -> LineTransport:
        """Closes the lost transport, waits for the board, and opens the port where it is now.

        Raises:
            DeviceError: the board did not come back in time.
        """
        self._stack.close()
        deadline = self._port_access.now() + wait_s
        trouble = "its port did not appear"
        while self._port_access.now() < deadline:
            self._port_access.sleep(POLL_INTERVAL_S)
            now = self._port_access.ports()
            found = find_again(self._port, self._usb_ids(), self._before, now)
            if found is None:
                continue
            try:
                self.transport = self._open(found)
            except DeviceError as error:  # a port that just appeared may not be ready yet
                trouble = error.message
                continue
            self._port, self._before = found, now
            return self.transport
        raise DeviceError(f"the device on {self._port.device} did not come back within {wait_s:.0f} s: {trouble}")

    def _open(self, port: Port) -> LineTransport:
        return self._stack.enter_context(self._port_access.open(port.device, self._line))

    def _usb_ids(self) -> tuple[str, ...]:
        own = self._port.usb_id
        return tuple(self._line.usb) or ((own,) if own else ())


@contextmanager
def reconnecting_transport(name: str, line: SerialLine, port_access: PortAccess) -> Iterator[ReconnectingTransport]:
    """Opens a port or pyserial URL; leaving the `with` closes it. Raises DeviceError."""
    with ExitStack() as stack:
        yield ReconnectingTransport(name, line, port_access, stack)
