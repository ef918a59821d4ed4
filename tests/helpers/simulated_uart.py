# SPDX-License-Identifier: Apache-2.0
"""The firmware's application on a simulated serial port, in simulated time.

Bytes take time to transmit, the device is busy while it computes, and bytes that do not fit into its receive buffer are
lost.
"""

from __future__ import annotations

import ctypes
import itertools
import shutil
import subprocess
from pathlib import Path

from firmware_application import FRONTEND, LABELS_C, SETTINGS_H, STRICT
from firmware_sources import APPLICATION_INCLUDES, portable_sources

from tinykws.native.frontend_tables import c_source
from tinykws.support.resources import FIRMWARE

NATIVE = Path(__file__).parent.parent / "c"
_copies = itertools.count()
POLL_S = 0.0002
"""One turn of the application's loop, without an inference."""


def build_library(folder: Path) -> Path:
    """Compiles the application with the simulated port; returns the library."""
    (folder / "kws_settings.h").write_text(SETTINGS_H)
    (folder / "tables.c").write_text(c_source(FRONTEND))
    (folder / "labels.c").write_text(LABELS_C)
    sources = [
        *(FIRMWARE / "src").glob("kws_*.c"),
        *portable_sources(),
        *(NATIVE / "summing_engine.c", NATIVE / "uart_port.c", NATIVE / "on_word_lines.c"),
        FIRMWARE / "ports" / "no_microphone" / "kws_no_microphone.c",
        *(folder / "tables.c", folder / "labels.c"),
    ]
    includes = [f"-I{folder}", *APPLICATION_INCLUDES]
    library = folder / "uart_app.so"
    subprocess.run(["gcc", *STRICT, "-O2", "-shared", "-fPIC", *includes, *sources, "-o", library], check=True)
    return library


class Wire:
    """One direction of the serial connection."""

    def __init__(self, bytes_per_s: float) -> None:
        self._step_s = 1 / bytes_per_s
        self._waiting = bytearray()
        self._next_s = 0.0
        self.busy_s = 0.0

    def put(self, data: bytes, now: float) -> None:
        if not self._waiting:
            self._next_s = now + self._step_s
        self._waiting += data

    def arrived(self, now: float) -> bytes:
        """Returns the bytes that have arrived since the last call."""
        if not self._waiting or self._next_s > now:
            return b""
        count = min(len(self._waiting), int((now - self._next_s) / self._step_s) + 1)
        data = bytes(self._waiting[:count])
        del self._waiting[:count]
        self._next_s += count * self._step_s
        self.busy_s += count * self._step_s
        return data


class SimulatedUart:
    """A transport to the device; its `time` is the clock.

    Args:
        library: of build_library(); a copy is loaded, since a device has its state in static memory.
        bytes_per_s: in each direction.
        buffer_bytes: of the device's receive buffer.
        told_bytes: the size that its port reports.
        inference_s: how long an inference takes.
    """

    def __init__(
        self, library: Path, bytes_per_s: float, buffer_bytes: int, told_bytes: int, inference_s: float
    ) -> None:
        copy = library.with_name(f"copy-{next(_copies)}.so")  # never the name of one that is loaded
        shutil.copy(library, copy)
        self._app = ctypes.CDLL(str(copy))
        self._app.uart_arrive.restype = self._app.uart_take.restype = ctypes.c_size_t
        self._app.uart_begin(ctypes.c_size_t(buffer_bytes), ctypes.c_size_t(told_bytes))
        self._inference_s = inference_s
        self._out, self._back = Wire(bytes_per_s), Wire(bytes_per_s)
        self._said = ctypes.create_string_buffer(65536)
        self._heard = bytearray()
        self.time = 0.0
        self.lost = 0
        """Bytes that were lost because the buffer was full."""
        self._app.kws_app_start()

    @property
    def out_busy_s(self) -> float:
        """Seconds in which bytes were being sent to the device."""
        return self._out.busy_s

    def send_lines(self, texts: list[str]) -> None:
        self._out.put("".join(f"{text}\n" for text in texts).encode("ascii"), self.time)

    def read_line(self, timeout_s: float) -> str | None:
        deadline = self.time + timeout_s
        while b"\n" not in self._heard:
            if self.time >= deadline:
                return None
            self._turn()
        line, _, rest = self._heard.partition(b"\n")
        self._heard = bytearray(rest)
        return line.decode("ascii")

    def _turn(self) -> None:
        """One turn of the device's loop, and the time that it takes."""
        self._app.uart_set_time(ctypes.c_uint32(int(self.time * 1e6) & 0xFFFFFFFF))
        self._app.kws_app_poll()
        count = self._app.uart_take(self._said)
        said = self._said.raw[:count] if count else b""
        self.time += POLL_S + self._inference_s * said.count(b"kws scores")
        data = self._out.arrived(self.time)
        self.lost += self._app.uart_arrive(data, ctypes.c_size_t(len(data)))
        self._back.put(said, self.time)
        self._heard += self._back.arrived(self.time)
