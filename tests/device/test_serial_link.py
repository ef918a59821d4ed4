"""Lines over pyserial: long, split, strange and late ones; ports that are not there, and ports that go away."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.boards.rows import SerialLine
from tinykws.device.transport.serial_transport import LinkLostError, SerialLink, open_link
from tinykws.support.errors import DeviceError


@contextmanager
def device(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP server that behaves as told towards the first who comes; yields its pyserial URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def wait_for_end(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def sends(*pieces: bytes) -> Callable[[socket.socket], None]:
    """Waits for a first line, since pyserial drops what is there when it opens; then sends the pieces."""

    def behave(connection: socket.socket) -> None:
        connection.recv(100)
        for piece in pieces:
            connection.sendall(piece)
        wait_for_end(connection)

    return behave


def lines_from(link: SerialLink, count: int) -> list[str | None]:
    link.send_lines(["go"])
    return [link.read_line(5.0) for _ in range(count)]


def test_lines_come_one_by_one_without_their_ends() -> None:
    with device(sends(b"one\ntwo\r\n\nfo", b"ur\n")) as url, open_link(url) as link:
        assert lines_from(link, 4) == ["one", "two", "", "four"]


def test_a_line_of_60_kilobytes_comes_whole() -> None:
    text = "x" * 60_000
    with device(sends(text.encode() + b"\nnext\n")) as url, open_link(url) as link:
        assert lines_from(link, 2) == [text, "next"]


def test_100_kilobytes_without_a_line_end_are_an_error_that_shows_some() -> None:
    with device(sends(b"\xffgarbage" + b"x" * 100_000)) as url, open_link(url, SerialLine(baud=9600)) as link:
        link.send_lines(["go"])
        with pytest.raises(DeviceError, match=r"bytes without a line's end, beginning with .*xffgarbagexxx") as caught:
            link.read_line(5.0)
        assert not isinstance(caught.value, LinkLostError)
        assert caught.value.exit_code == 4
        assert "9600 baud" in str(caught.value.hint)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r")), max_size=20))
def test_any_bytes_come_as_text_that_tells_them(lines: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    with device(sends(data[: len(data) // 2], data[len(data) // 2 :])) as url, open_link(url) as link:
        assert lines_from(link, len(lines)) == [line.decode("ascii", errors="backslashreplace") for line in lines]


def test_a_time_out_loses_nothing() -> None:
    go_on = threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"first ha")
        go_on.wait(5)
        connection.sendall(b"lf\n")
        wait_for_end(connection)

    with device(behave) as url, open_link(url) as link:
        link.send_lines(["go"])
        began = time.monotonic()
        assert link.read_line(0.1) is None
        assert 0.1 <= time.monotonic() - began < 1.0
        go_on.set()
        assert link.read_line(5.0) == "first half"


def test_a_chatterer_without_line_ends_does_not_hold_us() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(100)
        try:
            while True:
                connection.sendall(b"x" * 1000)
                time.sleep(0.01)
        except OSError:
            pass

    with device(behave) as url, open_link(url) as link:
        link.send_lines(["go"])
        began = time.monotonic()
        assert link.read_line(0.2) is None
        assert time.monotonic() - began < 2.0


def test_what_we_send_arrives_at_once() -> None:
    """A hundred questions and answers: 40 ms each where small packets are held back."""

    def behave(connection: socket.socket) -> None:
        while data := connection.recv(4096):
            connection.sendall(data)

    with device(behave) as url, open_link(url) as link:
        began = time.monotonic()
        for number in range(100):
            link.send_lines([f"line {number}"])
            link.send_lines(["again"])
            assert link.read_line(5.0) == f"line {number}"
            assert link.read_line(5.0) == "again"
        assert time.monotonic() - began < 2.0


def test_a_device_that_goes_away_is_an_error_that_says_so() -> None:
    with device(lambda connection: None) as url, open_link(url) as link:
        with pytest.raises(LinkLostError, match=r"connection to socket://.* was lost"):
            link.read_line(5.0)
        link.close()
        with pytest.raises(DeviceError, match="was lost"):
            link.send_lines(["anybody there?"])


@pytest.mark.parametrize("url", ["/dev/no_such_port", "socket://127.0.0.1:1", "nonsense://x", "COM999"])
def test_a_port_that_is_not_there_is_an_error_with_a_hint(url: str) -> None:
    with pytest.raises(DeviceError, match="cannot open") as caught:
        open_link(url)
    assert caught.value.hint is not None
    assert "connected" in caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_real_serial_port() -> None:
    ours, theirs = os.openpty()
    try:
        with open_link(os.ttyname(theirs), SerialLine(baud=115200)) as link:
            link.send_lines(["!INFO"])
            assert os.read(ours, 100) == b"!INFO\n"
            os.write(ours, b"kws ready\r\nrest")
            assert link.read_line(5.0) == "kws ready"
            assert link.read_line(0.05) is None
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_serial_port_that_goes_away() -> None:
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    os.close(theirs)
    with open_link(name) as link:
        os.close(ours)
        with pytest.raises(LinkLostError, match=f"connection to {name} was lost"):
            link.read_line(5.0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_port_that_is_open_already_is_busy() -> None:
    ours, theirs = os.openpty()
    try:
        with open_link(os.ttyname(theirs)), pytest.raises(DeviceError, match=r"/dev/\S+ is busy") as caught:
            open_link(os.ttyname(theirs))
        assert "close the other program" in str(caught.value.hint)
        assert ("ModemManager" in str(caught.value.hint)) == (sys.platform == "linux")
        assert caught.value.exit_code == 4
    finally:
        os.close(ours)
        os.close(theirs)


class ForbiddenPort(serial.SerialBase):
    """A port that only its group may open."""

    def open(self) -> None:
        raise serial.SerialException(errno.EACCES, f"could not open port {self.port}: Permission denied")

    def _reconfigure_port(self) -> None:
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there it means busy")
def test_a_port_that_we_may_not_open_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: ForbiddenPort())
    with pytest.raises(DeviceError, match="you may not open /dev/ttyACM9") as caught:
        open_link("/dev/ttyACM9")
    assert "sudo usermod -aG dialout $USER" in str(caught.value.hint)


class RecordingPort(serial.SerialBase):
    """A port that notes in which order it is opened, closed, and its control lines move."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.events: list[str] = []
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        self.events.append(f"open baud={self.baudrate} dtr={self._dtr_state} rts={self._rts_state}")
        self.is_open = True

    def close(self) -> None:
        self.events.append("close")
        self.is_open = False

    def _reconfigure_port(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        self.events.append(f"dtr={self._dtr_state}")

    def _update_rts_state(self) -> None:
        self.events.append(f"rts={self._rts_state}")


def test_control_lines_are_set_before_opening_and_rts_falls_before_dtr(monkeypatch: pytest.MonkeyPatch) -> None:
    port = RecordingPort()

    def ports(url: str, baudrate: int, **_: object) -> RecordingPort:
        port.baudrate = baudrate
        return port

    monkeypatch.setattr(serial, "serial_for_url", ports)
    with open_link("/dev/ttyUSB0", SerialLine(baud=460800, reset_by_dtr_rts=True)):
        pass
    assert port.events == ["open baud=460800 dtr=True rts=True", "rts=False", "dtr=False", "close"]
