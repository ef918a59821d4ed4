"""A board's serial line that is opened again where it was lost: a cable pulled and put back, a reset, a busy hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tinykws.boards.rows import SerialLine
from tinykws.device.transport.hardware import Cable
from tinykws.device.transport.line_transport import LineLink
from tinykws.device.transport.serial_ports import Port, find_again
from tinykws.support.errors import DeviceError

LOOK_EVERY_S = 0.5


class ReturningLink:
    """The line of a board on a port, or behind a URL; `link` is the one that is open now."""

    def __init__(self, name: str, line: SerialLine, cable: Cable, stack: ExitStack) -> None:
        self._line = line
        self._cable = cable
        self._stack = stack
        self._before = cable.ports()
        self._port = next((port for port in self._before if port.device == name), Port(name))
        self.link = self._open(self._port)

    def come_back(self, wait_s: float) -> LineLink:
        """Closes the lost line and opens it again where the board is now, waiting for it.

        Raises:
            DeviceError: it did not come back in time.
        """
        self._stack.close()
        deadline = self._cable.now() + wait_s
        trouble = "its port is not there"
        while self._cable.now() < deadline:
            self._cable.sleep(LOOK_EVERY_S)
            now = self._cable.ports()
            found = find_again(self._port, self._usb_ids(), self._before, now)
            if found is None:
                continue
            try:
                self.link = self._open(found)
            except DeviceError as error:  # a port that has just come may not be opened for a moment
                trouble = error.message
                continue
            self._port, self._before = found, now
            return self.link
        raise DeviceError(f"the device on {self._port.device} did not come back in {wait_s:.0f} s: {trouble}")

    def _open(self, port: Port) -> LineLink:
        return self._stack.enter_context(self._cable.open(port.device, self._line))

    def _usb_ids(self) -> tuple[str, ...]:
        own = self._port.usb_id
        return tuple(self._line.usb) or ((own,) if own else ())


@contextmanager
def returning_link(name: str, line: SerialLine, cable: Cable) -> Iterator[ReturningLink]:
    """Opens a port or pyserial URL; the `with` closes what is open then. Raises DeviceError."""
    with ExitStack() as stack:
        yield ReturningLink(name, line, cable, stack)
