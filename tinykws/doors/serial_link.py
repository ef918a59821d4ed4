"""The door to a device: lines over pyserial, whether its URL is a board's port or an emulator's socket."""

from __future__ import annotations

import contextlib
import socket
import time
from types import TracebackType

import serial

from tinykws.boards import SerialLine
from tinykws.errors import DeviceError

PEEK_BYTES = 65536
WRITE_TIMEOUT_S = 10.0


class SerialLink:
    """A device's serial line. Close it, or use it in a `with`."""

    def __init__(self, port: serial.SerialBase, url: str) -> None:
        self._port = port
        self._url = url
        self._received = bytearray()
        self._searched = 0

    def send_line(self, text: str) -> None:
        """Sends a line of ASCII. Raises DeviceError where the port is gone or takes nothing."""
        self.send_lines([text])

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one piece. Raises DeviceError where the port is gone or takes nothing."""
        try:
            self._port.write("".join(f"{text}\n" for text in texts).encode("ascii"))
        except serial.SerialTimeoutException as error:
            raise DeviceError(f"{self._url} takes no data for {WRITE_TIMEOUT_S:.0f} s") from error
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line without its end, or None where none is complete in time; what came of it is kept.

        Bytes that are not ASCII come as backslash escapes, such as \\xff.

        Raises:
            DeviceError: the port is gone.
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

    def __enter__(self) -> SerialLink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_line(self) -> str | None:
        end = self._received.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._received)
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

    def _gone(self, error: Exception) -> DeviceError:
        return DeviceError(f"the connection to {self._url} was lost: {error}")


def open_link(url: str, line: SerialLine | None = None) -> SerialLink:
    """Opens a serial port or a pyserial URL such as socket://127.0.0.1:5555.

    DTR and RTS are set before the port opens: boards with USB of their own send nothing without DTR, and on a
    bridge with auto-reset both together mean "run".

    Raises:
        DeviceError: there is no such port, or it cannot be opened.
    """
    line = line or SerialLine()
    try:
        port = serial.serial_for_url(
            url, baudrate=line.baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, do_not_open=True
        )
        port.dtr = True
        port.rts = True
        port.open()
    except (serial.SerialException, OSError, ValueError) as error:
        raise DeviceError(
            f"cannot open {url}: {error}", hint="is the board connected, and no other program (a monitor) on its port?"
        ) from error
    connection = _socket_of(port)
    if connection is not None:  # or TCP holds small lines back for 40 ms (Nagle)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SerialLink(port, url)


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
