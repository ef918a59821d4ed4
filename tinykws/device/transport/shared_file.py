# SPDX-License-Identifier: Apache-2.0
"""The door to an emulated machine's quicker road: text goes into blocks of a file that the machine reads, and a mark
for each block over the serial line (firmware/ports/semihosting/kws_fast_transport.h).

An emulator hands over a UART's bytes one by one, about 50,000 a second. Everything else about the line stays: the same
lines in the same order to the same application, and all answers over the UART.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from tinykws.device.transport.serial_transport import SerialTransport

FILE_NAME = "kws_wire"
"""In the emulator's working folder."""
MARK = 0x80
"""Of block 0."""
BLOCK_BYTES = 512
BLOCKS = 128
"""After the last comes the first: several times as much as may be under way."""


@contextlib.contextmanager
def open_shared_file() -> Iterator[FileIO]:
    """Creates the file, in a folder of its own that the emulator must be started in; both are gone after the `with`."""
    with tempfile.TemporaryDirectory(prefix="tinykws-") as folder:
        path = Path(folder) / FILE_NAME
        path.write_bytes(bytes(BLOCKS * BLOCK_BYTES))
        with FileIO(str(path), "r+") as file:
            yield file


class SharedFileTransport:
    """A serial line whose lines to the device take the quicker road.

    Args:
        transport: the machine's UART.
        file: of open_shared_file().
    """

    def __init__(self, transport: SerialTransport, file: FileIO) -> None:
        self._transport = transport
        self._file = file
        self._next = 0

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one piece. Raises TransportLostError where the device is gone."""
        text = "".join(f"{text}\n" for text in texts).encode("ascii")
        pieces = [text[at : at + BLOCK_BYTES] for at in range(0, len(text), BLOCK_BYTES)]
        self._transport.send_bytes(bytes(map(self._put, pieces)))

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line without its end, or None where none is complete in time. Raises DeviceError."""
        return self._transport.read_line(timeout_s)

    def _put(self, piece: bytes) -> int:
        """Fills the next block, to its end with empty lines, which say nothing; returns its mark."""
        block = self._next
        self._next = (block + 1) % BLOCKS
        self._file.seek(block * BLOCK_BYTES)
        self._file.write(piece.ljust(BLOCK_BYTES, b"\n"))
        return MARK + block
