# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy between host and device that injects faults: damaged bytes, resets, vanished ports.

Faults are placed by bytes and clips, never by seconds, so that the outcome is the same on a slow computer. The host
opens the proxy through `ProxyPort`, whose clock jumps over the time in which nothing can come: while a fault silences
the device, while it babbles, and while its port is gone. So every time limit of the host can be longer than any delay
of a busy computer, and no test waits for one.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinykws.boards.rows import Board, SerialLine
from tinykws.device.line_checksum import with_check
from tinykws.device.transport.emulator import emulator_command, emulator_environment, free_port
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_transport import SerialTransport, open_transport

CHUNK_BYTES = 65536
ARRIVAL_S = 0.02
"""What the proxy has sent is there by then; if not, it comes with a later read."""
BABBLE_S = 0.1
"""Simulated time that a portion of babble takes."""


class DeviceProcess:
    """An emulated board's program, which can be restarted."""

    def __init__(self, board: Board, program: Path) -> None:
        self._board = board
        self._program = program
        self.starts = 0

    def start(self) -> socket.socket:
        """Starts or restarts it, and returns its serial connection."""
        self.stop()
        self.starts += 1
        port = free_port()
        environment = {**os.environ, **emulator_environment(self._board, self._program, port)}
        command = emulator_command(self._board, self._program, port)
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                assert self._process.poll() is None, "the device ended before it listened"
                time.sleep(0.005)

    def stop(self) -> None:
        if self.starts:
            self._process.kill()
            self._process.wait()


class Fault:
    """No fault. Subclasses override what goes wrong; `clips` counts the announced clips."""

    def __init__(self) -> None:
        self.clips = 0
        self.happened = 0
        """How often the fault happened."""
        self.proxy: FaultProxy

    @property
    def is_quiet(self) -> bool:
        """Whether nothing comes to the host until the host sends something."""
        return False

    @property
    def babble(self) -> bytes:
        """What comes to the host again and again until the host sends something."""
        return b""

    def to_device(self, data: bytes) -> bytes:
        """Returns the bytes that reach the device instead of these."""
        return data

    def to_host(self, data: bytes) -> bytes:
        """Returns the bytes that reach the host instead of these."""
        return data


class Worn(Fault):
    """Random bytes are changed, lost or doubled, in both directions.

    Args:
        rate: share of the bytes that are damaged.
        kinds: any of "turned" (changed), "lost", "doubled".
        seed: of the random choice.
    """

    def __init__(self, rate: float, *kinds: str, seed: int = 1) -> None:
        super().__init__()
        self._ways = [_Way(rate, kinds, random.Random(f"{seed} {way}")) for way in ("out", "back")]

    def to_device(self, data: bytes) -> bytes:
        return self._wear(self._ways[0], data)

    def to_host(self, data: bytes) -> bytes:
        return self._wear(self._ways[1], data)

    def _wear(self, way: _Way, data: bytes) -> bytes:
        before = way.hits
        worn = way.wear(data)
        self.happened += way.hits - before
        return worn


class _Way:
    """One direction of a worn line."""

    def __init__(self, rate: float, kinds: tuple[str, ...], rng: random.Random) -> None:
        self._rate = rate
        self._kinds = kinds
        self._rng = rng
        self._next = self._distance()
        self.hits = 0

    def _distance(self) -> int:
        return int(self._rng.expovariate(self._rate))

    def wear(self, data: bytes) -> bytes:
        out = bytearray()
        at = 0
        while at + self._next < len(data):
            hit = at + self._next
            out += data[at:hit] + self._damaged(data[hit])
            at = hit + 1
            self._next = self._distance()
            self.hits += 1
        out += data[at:]
        self._next -= len(data) - at
        return bytes(out)

    def _damaged(self, byte: int) -> bytes:
        kind = self._rng.choice(self._kinds)
        if kind == "turned":
            return bytes([byte ^ 1 << self._rng.randrange(8)])
        return bytes([byte, byte]) if kind == "doubled" else b""


class Delayed(Fault):
    """Bytes arrive late, and in pieces that do not end at line ends."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self._rng = random.Random(seed)

    def to_host(self, data: bytes) -> bytes:
        half = self._rng.randrange(len(data) + 1)
        self.proxy.send_to_host(data[:half])
        time.sleep(self._rng.random() * 0.02)
        self.happened += 1
        return data[half:]


class InClip(Fault):
    """A fault in the middle of a clip, which ends when the host sends `!INFO`.

    Args:
        clip: which one, counted from 1.
        after_bytes: of the clip's lines.
        times: in how many attempts.
    """

    def __init__(self, clip: int = 2, after_bytes: int = 15000, times: int = 1) -> None:
        super().__init__()
        self._clip = clip
        self._after_bytes = after_bytes
        self._times = times
        self._left = 0
        self.going_on = False

    def to_device(self, data: bytes) -> bytes:
        if b"!INFO" in data and self.going_on:
            self.going_on = False
            self.ends()
        if b"!DATA " in data:
            self.clips += 1
            self._left = self._after_bytes
        elif self.clips >= self._clip and self.happened < self._times and self._left > 0:
            self._left -= len(data)
            if self._left <= 0:
                self.happened += 1
                self.going_on = True
                return self.happens(data)
        return self.meanwhile(data) if self.going_on else data

    def happens(self, data: bytes) -> bytes:
        """Starts the fault; returns the bytes that still reach the device."""
        return data

    def meanwhile(self, data: bytes) -> bytes:
        return data

    def ends(self) -> None:
        """Called when the host sends `!INFO`."""


class Reset(InClip):
    """The device resets, as by a watchdog or a loose power supply."""

    def happens(self, data: bytes) -> bytes:
        self.proxy.restart_device()
        return b""


class Gone(InClip):
    """The port vanishes, for so many seconds of the host's clock or for good."""

    def __init__(self, seconds: float | None, **where: int) -> None:
        super().__init__(**where)
        self._seconds = seconds

    def happens(self, data: bytes) -> bytes:
        self.proxy.vanish(self._seconds)
        return b""


class Silent(InClip):
    """The device falls silent: until `!INFO`, or for good."""

    def __init__(self, *, for_good: bool = False, **where: int) -> None:
        super().__init__(**where)
        self._for_good = for_good
        self._silent = False

    @property
    def is_quiet(self) -> bool:
        return self._silent

    def happens(self, data: bytes) -> bytes:
        self._silent = True
        return data

    def ends(self) -> None:
        self._silent = self._for_good

    def to_host(self, data: bytes) -> bytes:
        return b"" if self._silent else data


class Babbling(InClip):
    """The device ignores its input and sends garbage, whenever the host has read what there was."""

    def __init__(self, babble: bytes, **where: int) -> None:
        super().__init__(**where)
        self._babble = babble

    @property
    def babble(self) -> bytes:
        return self._babble if self.going_on else b""

    def happens(self, data: bytes) -> bytes:
        return b""

    def meanwhile(self, data: bytes) -> bytes:
        return b""

    def ends(self) -> None:
        self.proxy.send_to_host(b"\n")


class Replaced(InClip):
    """Another board takes its place: it answers `!INFO` with another banner."""

    def __init__(self, banner: str, **where: int) -> None:
        super().__init__(**where)
        self._banner = banner
        self._there = False

    @property
    def is_quiet(self) -> bool:
        return self._there

    def happens(self, data: bytes) -> bytes:
        self._there = True
        self.going_on = False
        return b""

    def to_device(self, data: bytes) -> bytes:
        if not self._there:
            return super().to_device(data)
        if b"!INFO" in data:
            self.proxy.send_to_host(f"{with_check(self._banner)}\n".encode())
        return b""

    def to_host(self, data: bytes) -> bytes:
        return b"" if self._there else data


class FaultProxy:
    """Serves one host at a time on `url`; the device stays connected when the host is not."""

    def __init__(self, device: DeviceProcess, fault: Fault) -> None:
        self._device = device
        self.fault = fault
        fault.proxy = self
        self.connections_lost = 0
        self._taken = 0
        self._progress = threading.Condition()
        self._back_in_s: float | None = None
        self._lock = threading.Lock()
        self._swap = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._port = self._server.getsockname()[1]
        self.url = f"socket://127.0.0.1:{self._port}"
        self._host: socket.socket | None = None
        self._line = device.start()
        self._closed = False
        for work in (self._serve, self._pump_back):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        self._closed = True
        self._device.stop()
        for connection in (self._server, self._line, self._host):
            if connection is not None:
                connection.close()

    def send_to_host(self, data: bytes) -> bool:
        """Returns whether a host is connected."""
        host = self._host
        if host is None:
            return False
        try:
            with self._lock:
                host.sendall(data)
        except OSError:
            return False
        return True

    def restart_device(self) -> None:
        with self._swap:
            old, self._line = self._line, self._device.start()
        old.close()

    def vanish(self, seconds: float | None) -> None:
        """Closes the port; it is back after so many seconds of the host's clock, or never."""
        self._server.close()
        if self._host is not None:
            self._host.close()
        self._back_in_s = seconds
        with self._progress:
            self._host = None
            self._taken = 0
            self.connections_lost += 1
            self._progress.notify_all()

    def time_passes(self, seconds: float) -> None:
        """Called when the host sleeps."""
        if self._back_in_s is not None:
            self._back_in_s -= seconds
            if self._back_in_s <= 0:
                self._back_in_s = None
                self._return()

    def wait_until_taken(self, count: int, connection: int) -> None:
        """Waits until so many bytes of the host have got to the fault, or the host's connection is lost."""
        with self._progress:
            self._progress.wait_for(lambda: self._taken >= count or self.connections_lost > connection)

    def _return(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        server = self._server
        while not self._closed:
            try:
                host, _ = server.accept()
            except OSError:
                return
            host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._host = host
            self._pump_out(host)

    def _pump_out(self, host: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := host.recv(CHUNK_BYTES):
                worn = self.fault.to_device(data)
                with contextlib.suppress(OSError):
                    self._line.sendall(worn)
                with self._progress:
                    self._taken += len(data) if self._host is host else 0
                    self._progress.notify_all()

    def _pump_back(self) -> None:
        while not self._closed:
            line = self._line
            try:
                data = line.recv(CHUNK_BYTES)
            except OSError:
                data = b""
            if data:
                worn = self.fault.to_host(data)
                if worn:
                    self.send_to_host(worn)
            elif not self._is_replaced(line):
                self.vanish(None)  # the device has ended
                return

    def _is_replaced(self, line: socket.socket) -> bool:
        with self._swap:
            return line is not self._line


class ProxyPort(PortAccess):
    """The proxy's port, with a clock that jumps over the time in which nothing can come."""

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self.url = proxy.url
        self._skipped_s = 0.0

    @contextmanager
    def open(self, device: str, line: SerialLine) -> Iterator[LineTransport]:
        with open_transport(device, line, self.now) as transport:
            yield _ProxyTransport(transport, self)

    def now(self) -> float:
        return time.monotonic() + self._skipped_s

    def sleep(self, seconds: float) -> None:
        self.skip(seconds)
        self.proxy.time_passes(seconds)

    def skip(self, seconds: float) -> None:
        """Moves the clock forward."""
        self._skipped_s += seconds


class _ProxyTransport:
    """The host's end of one connection."""

    def __init__(self, transport: SerialTransport, port: ProxyPort) -> None:
        self._transport = transport
        self._port = port
        self._number = port.proxy.connections_lost
        self._sent = 0

    def send_lines(self, texts: list[str]) -> None:
        self._sent += sum(len(text) + 1 for text in texts)
        self._transport.send_lines(texts)

    def read_line(self, timeout_s: float) -> str | None:
        proxy = self._port.proxy
        proxy.wait_until_taken(self._sent, self._number)
        if proxy.fault.babble:
            return self._read_babble(timeout_s)
        if not proxy.fault.is_quiet:
            return self._transport.read_line(timeout_s)
        line = self._transport.read_line(min(ARRIVAL_S, timeout_s))
        if line is None:
            self._port.skip(timeout_s)
        return line

    def _read_babble(self, timeout_s: float) -> str | None:
        end = self._port.now() + timeout_s
        while (line := self._transport.read_line(0)) is None and self._port.now() < end:
            self._port.proxy.send_to_host(self._port.proxy.fault.babble)
            self._port.skip(BABBLE_S)
        self._port.skip(BABBLE_S)
        return line


@contextmanager
def faulty(board: Board, program: Path, fault: Fault) -> Iterator[ProxyPort]:
    """Runs an emulated board's program behind a proxy; yields its port."""
    device = DeviceProcess(board, program)
    proxy = FaultProxy(device, fault)
    try:
        yield ProxyPort(proxy)
    finally:
        proxy.close()
