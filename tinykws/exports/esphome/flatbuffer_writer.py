# SPDX-License-Identifier: Apache-2.0
"""Writes FlatBuffers, without TensorFlow: the counterpart of tinykws/aot/reader/flatbuffer.py.

Layout: https://flatbuffers.dev/internals. Every table comes after its vtable, and what its fields point to after the
table, so that all offsets are forward. The same content gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Scalar:
    """A number in a field."""

    code: str
    """As in the struct module: b, B, ?, H, i, I, f."""
    value: Any


@dataclasses.dataclass(frozen=True)
class Vector:
    """A list of numbers, [n], stored in the array's type."""

    values: npt.NDArray[Any]
    alignment: int = 4
    """Of the first number, in bytes."""


@dataclasses.dataclass(frozen=True)
class Text:
    """A string."""

    value: bytes


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; fields by slot."""

    fields: Mapping[int, Scalar | Vector | Text | Table | Sequence[Table]]


def serialized(root: Table, identifier: bytes) -> bytes:
    """Returns the file of a root table; `identifier` is its bytes 5 to 8."""
    writer = _Writer(identifier)
    writer.point(0, root)
    return bytes(writer.data)


class _Writer:
    def __init__(self, identifier: bytes) -> None:
        self.data = bytearray(4) + identifier

    def point(self, at: int, value: Vector | Text | Table | Sequence[Table]) -> None:
        """Writes a value at the end, and its offset at a place."""
        struct.pack_into("<I", self.data, at, self._write(value) - at)

    def _write(self, value: Vector | Text | Table | Sequence[Table]) -> int:
        if isinstance(value, Table):
            return self._table(value)
        if isinstance(value, Vector):
            little = value.values.astype(value.values.dtype.newbyteorder("<"), copy=False)
            return self._list(len(little), little.tobytes(), max(4, value.alignment))
        if isinstance(value, Text):
            return self._list(len(value.value), value.value + b"\0", 4)
        start = self._list(len(value), bytes(4 * len(value)), 4)
        for number, table in enumerate(value):
            self.point(start + 4 + 4 * number, table)
        return start

    def _list(self, length: int, content: bytes, alignment: int) -> int:
        self._pad(alignment, ahead=4)
        start = len(self.data)
        self.data += struct.pack("<I", length) + content
        return start

    def _table(self, table: Table) -> int:
        sizes = {
            slot: struct.calcsize(value.code) if isinstance(value, Scalar) else 4
            for slot, value in table.fields.items()
        }
        offsets, end = {}, 4
        for slot in sorted(sizes, key=lambda slot: (-sizes[slot], slot)):  # the largest first: all are aligned
            offsets[slot] = end
            end += sizes[slot]
        entries = [offsets.get(slot, 0) for slot in range(max(offsets, default=-1) + 1)]
        vtable = struct.pack(f"<{2 + len(entries)}H", 4 + 2 * len(entries), end, *entries)
        self._pad(4, ahead=len(vtable))
        start = len(self.data) + len(vtable)
        self.data += vtable + struct.pack("<i", len(vtable)) + bytes(end - 4)
        for slot, value in sorted(table.fields.items()):
            if isinstance(value, Scalar):
                struct.pack_into(f"<{value.code}", self.data, start + offsets[slot], value.value)
            else:
                self.point(start + offsets[slot], value)
        return start

    def _pad(self, alignment: int, ahead: int) -> None:
        """Makes what follows after `ahead` more bytes aligned."""
        self.data += bytes(-(len(self.data) + ahead) % alignment)
