# SPDX-License-Identifier: Apache-2.0
"""Lines over pyserial: long, split, strange and late ones; ports that are not there, and ports that go away."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st
from tcp_device import device, sends, wait_for_end

from tinykws.boards.rows import SerialLine
from tinykws.device.transport import serial_transport
from tinykws.device.transport.serial_transport import SerialTransport, TransportLostError, open_transport
from tinykws.support.errors import DeviceError


def lines_from(transport: SerialTransport, count: int) -> list[str | None]:
    transport.send_lines(["go"])
    return [transport.read_line(60.0) for _ in range(count)]


def test_lines_come_one_by_one_without_their_ends() -> None:
    with device(sends(b"one\ntwo\r\n\nfo", b"ur\n")) as url, open_transport(url) as transport:
        assert lines_from(transport, 4) == ["one", "two", "", "four"]


def test_a_line_of_60_kilobytes_comes_whole() -> None:
    text = "x" * 60_000
    with device(sends(text.encode() + b"\nnext\n")) as url, open_transport(url) as transport:
        assert lines_from(transport, 2) == [text, "next"]


def test_100_kilobytes_without_a_line_end_are_an_error_that_shows_some() -> None:
    with device(sends(b"\xffgarbage" + b"x" * 100_000)) as url, open_transport(url, SerialLine(baud=9600)) as transport:
        transport.send_lines(["go"])
        with pytest.raises(DeviceError, match=r"bytes without a newline, beginning with .*xffgarbagexxx") as caught:
            transport.read_line(60.0)
        assert not isinstance(caught.value, TransportLostError)
        assert caught.value.exit_code == 4
        assert "baud rate 9600" in str(caught.value.hint)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r")), max_size=20))
@pytest.mark.slow
def test_any_bytes_come_as_text_that_tells_them(lines: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    with device(sends(data[: len(data) // 2], data[len(data) // 2 :])) as url, open_transport(url) as transport:
        assert lines_from(transport, len(lines)) == [line.decode("ascii", errors="backslashreplace") for line in lines]


def test_a_time_out_loses_nothing() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"first ha")
        begun.set()
        go_on.wait()
        connection.sendall(b"lf\n")
        wait_for_end(connection)

    with device(behave) as url, open_transport(url) as transport:
        transport.send_lines(["go"])
        begun.wait()
        assert transport.read_line(0.1) is None
        go_on.set()
        assert transport.read_line(60.0) == "first half"


class SlowPort(serial.SerialBase):
    """A port whose reads take simulated time: `pieces` arrive one after the other, each after `pace_s`."""

    def __init__(self, *pieces: bytes, pace_s: float = 0.0) -> None:
        super().__init__()
        self.pieces = list(pieces)
        self.pace_s = pace_s
        self.clock = 0.0
        self.in_waiting = 0

    def open(self) -> None:
        raise NotImplementedError

    def read(self, size: int = 1, /) -> bytes:
        timeout_s = self.timeout or 0.0
        self.clock += min(self.pace_s, timeout_s) if self.pieces else timeout_s
        return self.pieces.pop(0) if self.pieces and self.pace_s <= timeout_s else b""

    def write(self, b: object, /) -> int | None:
        raise NotImplementedError

    def _reconfigure_port(self) -> None:
        pass


def test_a_silent_port_is_left_after_the_timeout_exactly() -> None:
    port = SlowPort()
    assert SerialTransport(port, "port", lambda: port.clock).read_line(0.2) is None
    assert port.clock == 0.2


def test_a_chatterer_without_line_ends_does_not_hold_us() -> None:
    port = SlowPort(*[b"x"] * 1000, pace_s=0.01)
    assert SerialTransport(port, "port", lambda: port.clock).read_line(0.2) is None
    assert port.clock == pytest.approx(0.2, abs=0.02)


def test_what_has_arrived_is_read_however_late_we_come() -> None:
    """As a process that is not scheduled until its time is over, or a caller that only looks."""
    now = iter(range(0, 1000, 100))
    assert SerialTransport(SlowPort(b"here\n"), "port", lambda: next(now)).read_line(0.0) == "here"
    assert SerialTransport(SlowPort(b"here\n"), "port", lambda: next(now)).read_line(60.0) == "here"


def test_what_we_send_arrives_at_once() -> None:
    """Small packets are not held back, which would take 40 ms for each question and answer."""

    def behave(connection: socket.socket) -> None:
        while data := connection.recv(4096):
            connection.sendall(data)

    with device(behave) as url, open_transport(url) as transport:
        transport.send_lines(["line"])
        transport.send_lines(["again"])
        assert [transport.read_line(60.0) for _ in range(2)] == ["line", "again"]
        connection = serial_transport._socket_of(transport._port)
        assert connection is not None
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_device_that_goes_away_is_an_error_that_says_so() -> None:
    with device(lambda connection: None) as url, open_transport(url) as transport:
        with pytest.raises(TransportLostError, match=r"connection to socket://.* was lost"):
            transport.read_line(60.0)
        transport.close()
        with pytest.raises(DeviceError, match="was lost"):
            transport.send_lines(["anybody there?"])


@pytest.mark.parametrize("url", ["/dev/no_such_port", "socket://127.0.0.1:1", "nonsense://x", "COM999"])
def test_a_port_that_is_not_there_is_an_error_with_a_hint(url: str) -> None:
    with pytest.raises(DeviceError, match="cannot open") as caught:
        open_transport(url)
    assert caught.value.hint is not None
    assert "connected" in caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_real_serial_port() -> None:
    ours, theirs = os.openpty()
    try:
        with open_transport(os.ttyname(theirs), SerialLine(baud=115200)) as transport:
            transport.send_lines(["!INFO"])
            assert os.read(ours, 100) == b"!INFO\n"
            os.write(ours, b"kws ready\r\nrest")
            assert transport.read_line(60.0) == "kws ready"
            assert transport.read_line(0.05) is None
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_serial_port_that_goes_away() -> None:
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    os.close(theirs)
    with open_transport(name) as transport:
        os.close(ours)
        with pytest.raises(TransportLostError, match=f"connection to {name} was lost"):
            transport.read_line(60.0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_port_that_is_open_already_is_busy() -> None:
    ours, theirs = os.openpty()
    try:
        with open_transport(os.ttyname(theirs)), pytest.raises(DeviceError, match=r"/dev/\S+ is busy") as caught:
            open_transport(os.ttyname(theirs))
        assert "close the other program" in str(caught.value.hint)
        assert ("ModemManager" in str(caught.value.hint)) == (sys.platform == "linux")
        assert caught.value.exit_code == 4
    finally:
        os.close(ours)
        os.close(theirs)


class PortOfATest(serial.SerialBase):
    """A port without a device: tests say what opening and closing do."""

    def open(self) -> None:
        raise NotImplementedError

    def read(self, size: int = 1, /) -> bytes:
        raise NotImplementedError

    def write(self, b: object, /) -> int | None:
        raise NotImplementedError

    def _reconfigure_port(self) -> None:
        pass


class ForbiddenPort(PortOfATest):
    """A port that only its group may open."""

    def open(self) -> None:
        raise serial.SerialException(errno.EACCES, f"could not open port {self.port}: Permission denied")


@pytest.mark.skipif(sys.platform == "win32", reason="there it means busy")
def test_a_port_that_we_may_not_open_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: ForbiddenPort())
    with pytest.raises(DeviceError, match="no permission to open /dev/ttyACM9") as caught:
        open_transport("/dev/ttyACM9")
    assert "sudo usermod -aG dialout $USER" in str(caught.value.hint)


class RecordingPort(PortOfATest):
    """A port that notes in which order it is opened, closed, and its control lines move."""

    _dtr_state: bool
    _rts_state: bool

    def __init__(self) -> None:
        self.events: list[str] = []
        super().__init__()

    def open(self) -> None:
        self.events.append(f"open baud={self.baudrate} dtr={self._dtr_state} rts={self._rts_state}")
        self.is_open = True

    def close(self) -> None:
        self.events.append("close")
        self.is_open = False

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
    with open_transport("/dev/ttyUSB0", SerialLine(baud=460800, reset_by_dtr_rts=True)):
        pass
    assert port.events == ["open baud=460800 dtr=True rts=True", "rts=False", "dtr=False", "close"]
