# SPDX-License-Identifier: Apache-2.0
"""A clip's audio as a session sends it: asked for piece by piece, from the front, and again where a piece got lost."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from tinykws.audio.samples import Samples


def pcm_bytes(samples: Samples) -> bytes:
    """Returns int16 [n] as bytes, little-endian."""
    return samples.astype("<i2").tobytes()


class ClipAudio(Protocol):
    """int16 samples, little-endian."""

    size: int
    """Bytes in all."""
    crc: int
    """CRC-32 of them all."""

    def piece(self, offset: int, count: int) -> bytes:
        """Returns up to `count` bytes from `offset` on; fewer at the end."""


class AudioInMemory:
    """Audio that is all there."""

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm
        self.size = len(pcm)
        self.crc = zlib.crc32(pcm)

    def piece(self, offset: int, count: int) -> bytes:
        """Returns up to `count` bytes from `offset` on; fewer at the end."""
        return self._pcm[offset : offset + count]


class StreamedAudio:
    """Audio of any length, of which only the newest part is held.

    Args:
        pieces: the audio in order, in pieces of any size.
        size: bytes that they have in all.
        crc: CRC-32 of them all.
        held_bytes: how far back a piece may be asked for again.
    """

    def __init__(self, pieces: Iterator[bytes], size: int, crc: int, held_bytes: int = 1 << 18) -> None:
        self.size = size
        self.crc = crc
        self._pieces = pieces
        self._held_bytes = held_bytes
        self._held = bytearray()
        self._begin = 0

    def piece(self, offset: int, count: int) -> bytes:
        """Returns up to `count` bytes from `offset` on; fewer at the end.

        Raises:
            ValueError: they are no longer held, or the pieces end before `size`.
        """
        end = min(offset + count, self.size)
        while self._begin + len(self._held) < end:
            self._hold(next(self._pieces, b""), end)
        if offset < self._begin:
            raise ValueError(f"byte {offset} of the stream is no longer held: it begins at {self._begin}")
        return bytes(self._held[offset - self._begin : end - self._begin])

    def _hold(self, piece: bytes, end: int) -> None:
        """Adds a piece, and lets go of what lies too far before `end`."""
        if not piece:
            raise ValueError(f"the audio ends after {self._begin + len(self._held)} bytes, not {self.size}")
        self._held += piece
        surplus = min(end - self._held_bytes - self._begin, len(self._held))
        if surplus > 0:
            del self._held[:surplus]
            self._begin += surplus
