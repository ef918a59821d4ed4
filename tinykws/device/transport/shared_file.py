# SPDX-License-Identifier: Apache-2.0
"""The fast transport to an emulated machine: text goes into blocks of a file that the machine reads, and one byte per
block, its mark, over the UART (firmware/ports/semihosting/kws_fast_transport.h).

An emulated UART carries about 50,000 bytes a second, too slow for audio. Everything else stays the same: the same
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
"""Mark of block 0; block n has MARK + n."""
BLOCK_BYTES = 512
BLOCKS = 128
"""Used as a ring, several times larger than the transmit window."""


@contextlib.contextmanager
def open_shared_file() -> Iterator[FileIO]:
    """Creates the file in a temporary folder; the emulator must run in that folder. Leaving the `with` removes both."""
    with tempfile.TemporaryDirectory(prefix="tinykws-") as folder:
        path = Path(folder) / FILE_NAME
        path.write_bytes(bytes(BLOCKS * BLOCK_BYTES))
        with FileIO(str(path), "r+") as file:
            yield file


class SharedFileTransport:
    """A transport that sends lines to the device through a shared file.

    Args:
        transport: the machine's UART.
        file: of open_shared_file().
    """

    def __init__(self, transport: SerialTransport, file: FileIO) -> None:
        self._transport = transport
        self._file = file
        self._next = 0

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one write. Raises TransportLostError if the device is gone."""
        text = "".join(f"{text}\n" for text in texts).encode("ascii")
        pieces = [text[at : at + BLOCK_BYTES] for at in range(0, len(text), BLOCK_BYTES)]
        self._transport.send_bytes(bytes(map(self._put, pieces)))

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line without its newline, or None after the timeout. Raises DeviceError."""
        return self._transport.read_line(timeout_s)

    def _put(self, piece: bytes) -> int:
        """Writes the next block, padded with empty lines, which are ignored; returns its mark."""
        block = self._next
        self._next = (block + 1) % BLOCKS
        self._file.seek(block * BLOCK_BYTES)
        self._file.write(piece.ljust(BLOCK_BYTES, b"\n"))
        return MARK + block
