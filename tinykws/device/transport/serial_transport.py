# SPDX-License-Identifier: Apache-2.0
"""The door to a device: lines over pyserial, whether its URL is a board's port or an emulator's socket."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
import time
from pathlib import Path
from types import TracebackType

import serial

from tinykws.boards.rows import SerialLine
from tinykws.support.errors import DeviceError

PEEK_BYTES = 65536
WRITE_TIMEOUT_S = 10.0
MAX_LINE_BYTES = 65536
"""Sixty times the longest line of ours."""

MODEM_MANAGER_HINT = (
    "wait half a minute: ModemManager tries new ports for modems (for good: sudo systemctl disable --now ModemManager)"
)


class TransportLostError(DeviceError):
    """The port was there and is gone: a cable pulled, a board that reset itself."""


class SerialTransport:
    """A device's serial line. Close it, or use it in a `with`."""

    def __init__(self, port: serial.SerialBase, url: str) -> None:
        self._port = port
        self._url = url
        self._received = bytearray()
        self._searched = 0

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one piece. Raises TransportLostError if the port is gone, DeviceError if it takes nothing."""
        self.send_bytes("".join(f"{text}\n" for text in texts).encode("ascii"))

    def send_bytes(self, data: bytes) -> None:
        """Sends bytes as they are. Raises TransportLostError if the port is gone, DeviceError if it takes nothing."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceError(f"{self._url} takes no data for {WRITE_TIMEOUT_S:.0f} s") from error
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line without its end, or None where none is complete in time; what came of it is kept.

        Bytes that are not ASCII come as backslash escapes, such as \\xff.

        Raises:
            TransportLostError: the port is gone.
            DeviceError: MAX_LINE_BYTES came without a line's end.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            line = self._take_line()
            left = deadline - time.monotonic()
            if line is not None or left < 0:
                return line
            self._read_more(left)

    def close(self) -> None:
        """Closes the port; a port that is gone already is no error."""
        with contextlib.suppress(serial.SerialException, OSError):
            if self._port.is_open:
                # A bridge with auto-reset resets the chip where DTR falls before RTS.
                self._port.rts = False
                self._port.dtr = False
        connection = _socket_of(self._port)
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.close()
        if connection is not None:  # pyserial leaves it open where the other side was faster
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
        """Waits for one byte, then takes all that is there: neither byte by byte nor waiting for more than comes."""
        try:
            self._port.timeout = timeout_s
            self._received += self._port.read(1)
            waiting = _waiting(self._port)
            if waiting:
                self._received += self._port.read(waiting)
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: closed in the middle of a read
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> TransportLostError:
        said = "unplugged, or reset" if "returned no data" in str(error) else str(error)  # pyserial's is a riddle
        return TransportLostError(f"the connection to {self._url} was lost: {said}")

    def _no_line_ends(self) -> DeviceError:
        beginning = bytes(self._received[:40]).decode("ascii", errors="backslashreplace")
        count = len(self._received)
        self._received.clear()
        self._searched = 0
        return DeviceError(
            f"{self._url} sent {count:,} bytes without a line's end, beginning with {beginning!r}",
            hint=f"is {self._port.baudrate} baud right for it, and is it a board with firmware that tinykws made?",
        )


def open_transport(url: str, line: SerialLine | None = None) -> SerialTransport:
    """Opens a serial port or a pyserial URL such as socket://127.0.0.1:5555.

    DTR and RTS are set before the port opens: boards with USB of their own send nothing without DTR, and on a
    bridge with auto-reset both together mean "run". The port is ours alone, as far as the system can see to it: two
    readers would take each other's bytes.

    Raises:
        DeviceError: there is no such port, or it cannot be opened; the hint says why.
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
    if connection is not None:  # or TCP holds small lines back for 40 ms (Nagle)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SerialTransport(port, url)


def _cannot_open(url: str, error: Exception) -> DeviceError:
    number = getattr(error, "errno", None)
    if number in (errno.EBUSY, errno.EAGAIN):
        return DeviceError(f"{url} is busy: another program has it open", hint="\n".join(busy_port_advice()))
    if number == errno.EACCES or "PermissionError" in str(error):
        return _forbidden(url)
    return DeviceError(f"cannot open {url}: {error}", hint="is the board connected, and its port's name right?")


def _forbidden(url: str) -> DeviceError:
    """Windows says so of a port that another program has; elsewhere it is the user's rights."""
    if sys.platform == "win32":
        return DeviceError(f"{url} is busy: another program has it open", hint="\n".join(busy_port_advice()))
    return DeviceError(
        f"you may not open {url}",
        hint=f"join its group: sudo usermod -aG {_group_of(url)} $USER; then log out and in again",
    )


def busy_port_advice() -> list[str]:
    """Returns what to do about a port that something else uses."""
    close = "close the other program: a serial monitor, an IDE, another tinykws"
    return [close, MODEM_MANAGER_HINT] if sys.platform == "linux" else [close]


def _group_of(device: str) -> str:
    """Returns the group that may use a port: dialout on Debian, uucp on Arch."""
    with contextlib.suppress(OSError, KeyError, NotImplementedError):
        group = Path(device).group()
        if group != "root":
            return group
    return "dialout"


def _socket_of(port: serial.SerialBase) -> socket.socket | None:
    """Returns what a socket:// port stands on. pyserial does not tell, and its socket ports lack three things: sending
    small lines at once, knowing how much waits, and keeping what came before the other side closed."""
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
