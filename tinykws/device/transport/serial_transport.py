# SPDX-License-Identifier: Apache-2.0
"""The transport over pyserial: a board's serial port, or an emulator's socket, by URL."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import serial

from tinykws.boards.rows import SerialLine
from tinykws.support.errors import DeviceError

PEEK_BYTES = 65536
WRITE_TIMEOUT_S = 10.0
MAX_LINE_BYTES = 65536
"""About sixty times the longest line of the protocol."""

MODEM_MANAGER_HINT = (
    "wait half a minute: ModemManager probes new ports (to disable it: sudo systemctl disable --now ModemManager)"
)


class TransportLostError(DeviceError):
    """An open port disappeared: the cable was pulled, or the board reset itself."""


class SerialTransport:
    """A transport over a serial port or socket. Close it, or use it in a `with`.

    Args:
        port: the open port.
        url: its name, for messages.
        clock: a clock in seconds.
    """

    def __init__(self, port: serial.SerialBase, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._url = url
        self._clock = clock
        self._received = bytearray()
        self._searched = 0

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one write. Raises TransportLostError if the port is gone, DeviceError if it takes no data."""
        self.send_bytes("".join(f"{text}\n" for text in texts).encode("ascii"))

    def send_bytes(self, data: bytes) -> None:
        """Sends raw bytes. Raises TransportLostError if the port is gone, DeviceError if it accepts no data."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceError(f"{self._url} accepted no data for {WRITE_TIMEOUT_S:.0f} s") from error
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line without its newline, or None after the timeout; an incomplete line is kept for later.

        Bytes that are not ASCII become backslash escapes such as \\xff. The port is read at least once, also with a
        timeout of 0: a line that has arrived is not missed because this process was not scheduled in time.

        Raises:
            TransportLostError: the port is gone.
            DeviceError: MAX_LINE_BYTES arrived without a newline.
        """
        deadline = self._clock() + timeout_s
        is_over = False
        while (line := self._take_line()) is None and not is_over:
            self._read_more(max(0.0, deadline - self._clock()))
            is_over = self._clock() >= deadline
        return line

    def close(self) -> None:
        """Closes the port; a port that is already gone is not an error."""
        with contextlib.suppress(serial.SerialException, OSError):
            if self._port.is_open:
                # A bridge with auto-reset resets the chip if DTR falls before RTS.
                self._port.rts = False
                self._port.dtr = False
        connection = _socket_of(self._port)
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.close()
        if connection is not None:  # pyserial leaves it open if the other side closed first
            connection.close()

    def __enter__(self) -> SerialTransport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_line(self) -> str | None:
        end = self._received.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._received)
            if self._searched > MAX_LINE_BYTES:
                raise self._no_line_ends()
            return None
        line = bytes(self._received[:end]).rstrip(b"\r")
        del self._received[: end + 1]
        self._searched = 0
        return line.decode("ascii", errors="backslashreplace")

    def _read_more(self, timeout_s: float) -> None:
        """Waits for one byte, then reads everything that is available without waiting."""
        try:
            self._port.timeout = timeout_s
            self._received += self._port.read(1)
            waiting = _waiting(self._port)
            if waiting:
                self._received += self._port.read(waiting)
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: closed in the middle of a read
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> TransportLostError:
        said = "unplugged, or reset" if "returned no data" in str(error) else str(error)  # pyserial's text misleads
        return TransportLostError(f"the connection to {self._url} was lost: {said}")

    def _no_line_ends(self) -> DeviceError:
        beginning = bytes(self._received[:40]).decode("ascii", errors="backslashreplace")
        count = len(self._received)
        self._received.clear()
        self._searched = 0
        return DeviceError(
            f"{self._url} sent {count:,} bytes without a newline, beginning with {beginning!r}",
            hint=f"is its baud rate {self._port.baudrate}, and does the board run firmware that tinykws made?",
        )


def open_transport(
    url: str, line: SerialLine | None = None, clock: Callable[[], float] = time.monotonic
) -> SerialTransport:
    """Opens a serial port or a pyserial URL such as socket://127.0.0.1:5555.

    DTR and RTS are set before the port opens: boards with native USB send nothing without DTR, and on a bridge with
    auto-reset both together mean "run". The port is opened exclusively, as far as the system supports it: two readers
    would take bytes from each other.

    Raises:
        DeviceError: the port does not exist or cannot be opened; the hint says why.
    """
    line = line or SerialLine()
    try:
        port = serial.serial_for_url(
            url, baudrate=line.baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True, do_not_open=True
        )
        port.dtr = True
        port.rts = True
        port.open()
    except (serial.SerialException, OSError, ValueError) as error:
        raise _cannot_open(url, error) from error
    connection = _socket_of(port)
    if connection is not None:  # or TCP delays small lines for 40 ms (Nagle's algorithm)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SerialTransport(port, url, clock)


def _cannot_open(url: str, error: Exception) -> DeviceError:
    number = getattr(error, "errno", None)
    if number in (errno.EBUSY, errno.EAGAIN):
        return DeviceError(f"{url} is busy: another program has it open", hint="\n".join(busy_port_advice()))
    if number == errno.EACCES or "PermissionError" in str(error):
        return _forbidden(url)
    return DeviceError(f"cannot open {url}: {error}", hint="is the board connected, and is the port's name correct?")


def _forbidden(url: str) -> DeviceError:
    """On Windows this error means that another program uses the port; elsewhere the user lacks permission."""
    if sys.platform == "win32":
        return DeviceError(f"{url} is busy: another program has it open", hint="\n".join(busy_port_advice()))
    return DeviceError(
        f"no permission to open {url}",
        hint=f"join the group that owns it: sudo usermod -aG {_group_of(url)} $USER; then log out and in again",
    )


def busy_port_advice() -> list[str]:
    """Returns hints for a port that another program uses."""
    close = "close the other program: a serial monitor, an IDE, another tinykws"
    return [close, MODEM_MANAGER_HINT] if sys.platform == "linux" else [close]


def _group_of(device: str) -> str:
    """Returns the group that owns a port: dialout on Debian, uucp on Arch."""
    with contextlib.suppress(OSError, KeyError, NotImplementedError):
        group = Path(device).group()
        if group != "root":
            return group
    return "dialout"


def _socket_of(port: serial.SerialBase) -> socket.socket | None:
    """Returns the socket of a socket:// port, which pyserial keeps private. It is needed to send small lines at once,
    to know how many bytes are available, and to read what arrived before the other side closed."""
    connection = getattr(port, "_socket", None)
    return connection if isinstance(connection, socket.socket) else None


def _waiting(port: serial.SerialBase) -> int:
    """Returns how many bytes can be read without waiting."""
    connection = _socket_of(port)
    if connection is None:
        return int(port.in_waiting)  # type: ignore[attr-defined]
    try:
        return len(connection.recv(PEEK_BYTES, socket.MSG_PEEK))
    except BlockingIOError:
        return 0
