# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy between host and device that injects faults: damaged bytes, resets, vanished ports.

Faults are placed by bytes and clips, never by seconds, so that the outcome is the same on a slow computer; only a fault
that is a duration (a port gone for 5 s) takes real time.
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

from tinykws.boards.rows import Board
from tinykws.device.line_checksum import with_check
from tinykws.device.transport.emulator import emulator_command, emulator_environment, free_port

CHUNK_BYTES = 65536


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
        environment = {**os.environ, **emulator_environment(self._board, port)}
        command = emulator_command(self._board, self._program, port)
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
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
    """The port vanishes, for so many seconds or for good."""

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

    def happens(self, data: bytes) -> bytes:
        self._silent = True
        return data

    def ends(self) -> None:
        self._silent = self._for_good

    def to_host(self, data: bytes) -> bytes:
        return b"" if self._silent else data


class Babbling(InClip):
    """The device ignores its input and sends garbage, as fast as it is read."""

    def __init__(self, babble: bytes, **where: int) -> None:
        super().__init__(**where)
        self._babble = babble

    def happens(self, data: bytes) -> bytes:
        threading.Thread(target=self._go_on, daemon=True).start()
        return b""

    def meanwhile(self, data: bytes) -> bytes:
        return b""

    def _go_on(self) -> None:
        while self.going_on and self.proxy.send_to_host(self._babble):
            time.sleep(0.001)
        self.proxy.send_to_host(b"\n")


class Replaced(InClip):
    """Another board takes its place: it answers `!INFO` with another banner."""

    def __init__(self, banner: str, **where: int) -> None:
        super().__init__(**where)
        self._banner = banner
        self._there = False

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
        self._fault = fault
        fault.proxy = self
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
        """Closes the port; it is back after so many seconds, or never."""
        self._server.close()
        if self._host is not None:
            self._host.close()
        self._host = None
        if seconds is not None:
            threading.Timer(seconds, self._return).start()

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
                worn = self._fault.to_device(data)
                with contextlib.suppress(OSError):
                    self._line.sendall(worn)

    def _pump_back(self) -> None:
        while not self._closed:
            line = self._line
            try:
                data = line.recv(CHUNK_BYTES)
            except OSError:
                data = b""
            if data:
                worn = self._fault.to_host(data)
                if worn:
                    self.send_to_host(worn)
            elif not self._is_replaced(line):
                self.vanish(None)  # the device has ended
                return

    def _is_replaced(self, line: socket.socket) -> bool:
        with self._swap:
            return line is not self._line


@contextmanager
def faulty(board: Board, program: Path, fault: Fault) -> Iterator[str]:
    """Runs an emulated board's program behind a proxy; yields the URL."""
    device = DeviceProcess(board, program)
    proxy = FaultProxy(device, fault)
    try:
        yield proxy.url
    finally:
        proxy.close()
