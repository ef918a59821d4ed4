# SPDX-License-Identifier: Apache-2.0
"""The audio of a clip while it is sent: read from the front, and again from an earlier place after a loss."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from tinykws.audio.samples import Samples


def pcm_bytes(samples: Samples) -> bytes:
    """Returns int16 [n] as bytes, little-endian."""
    return samples.astype("<i2").tobytes()


class ClipAudio(Protocol):
    """int16 samples, little-endian, readable from any offset that may still have to be sent."""

    size: int
    """Total number of bytes."""
    crc: int
    """CRC-32 of all bytes."""

    def piece(self, offset: int, count: int) -> bytes:
        """Returns up to `count` bytes starting at `offset`; fewer at the end."""


class AudioInMemory:
    """The audio of a clip that is held in memory as a whole."""

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm
        self.size = len(pcm)
        self.crc = zlib.crc32(pcm)

    def piece(self, offset: int, count: int) -> bytes:
        """Returns up to `count` bytes starting at `offset`; fewer at the end."""
        return self._pcm[offset : offset + count]


class StreamedAudio:
    """Audio of any length; only the newest bytes are kept in memory.

    Args:
        pieces: the audio in order, in pieces of any size.
        size: total number of bytes.
        crc: CRC-32 of all bytes.
        held_bytes: how many bytes are kept, so that they can be sent again.
    """

    def __init__(self, pieces: Iterator[bytes], size: int, crc: int, held_bytes: int = 1 << 18) -> None:
        self.size = size
        self.crc = crc
        self._pieces = pieces
        self._held_bytes = held_bytes
        self._held = bytearray()
        self._begin = 0

    def piece(self, offset: int, count: int) -> bytes:
        """Returns up to `count` bytes starting at `offset`; fewer at the end.

        Raises:
            ValueError: the bytes are no longer kept, or the pieces end before `size`.
        """
        end = min(offset + count, self.size)
        while self._begin + len(self._held) < end:
            self._hold(next(self._pieces, b""), end)
        if offset < self._begin:
            raise ValueError(f"byte {offset} of the stream is no longer kept: the oldest is {self._begin}")
        return bytes(self._held[offset - self._begin : end - self._begin])

    def _hold(self, piece: bytes, end: int) -> None:
        """Appends a piece and drops the bytes that lie more than `held_bytes` before `end`."""
        if not piece:
            raise ValueError(f"the audio ends after {self._begin + len(self._held)} bytes, not {self.size}")
        self._held += piece
        surplus = min(end - self._held_bytes - self._begin, len(self._held))
        if surplus > 0:
            del self._held[:surplus]
            self._begin += surplus
