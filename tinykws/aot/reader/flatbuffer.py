# SPDX-License-Identifier: Apache-2.0
"""Reads FlatBuffers from untrusted bytes: every offset is checked before it is followed.

Layout: https://flatbuffers.dev/internals. A table starts with a signed offset back to its vtable, which gives for each
field slot an offset into the table, 0 if the field is absent. Strings, vectors and tables in fields are forward
offsets; a vector starts with its length.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from tinykws.support.errors import ConfigError

_SCALARS = {
    name: struct.Struct(f"<{code}")
    for name, code in {
        "int8": "b",
        "uint8": "B",
        "bool": "?",
        "uint16": "H",
        "int32": "i",
        "uint32": "I",
        "float32": "f",
        "uint64": "Q",
    }.items()
}


def corrupt(detail: str) -> ConfigError:
    """Returns the error for a damaged file."""
    return ConfigError(f"the .tflite model is damaged or truncated: {detail}", hint="copy or convert it again")


MAX_OVERLAP = 4
"""How many times the bytes of the file all lists together may have. A converter stores each list once; a crafted file
could repeat one list of a million numbers in a million tables."""


class _Work:
    """How many bytes of lists were read from a file."""

    def __init__(self, data: bytes) -> None:
        self._left = MAX_OVERLAP * len(data)

    def count(self, n_bytes: int) -> None:
        """Raises ConfigError if the file makes its reader do more work than its size explains."""
        self._left -= n_bytes
        if self._left < 0:
            raise corrupt("its lists overlap")


class Table:
    """One FlatBuffers table inside `data`."""

    def __init__(self, data: bytes, position: int, work: _Work) -> None:
        self._data = data
        self._work = work
        self._position = position
        self._vtable = position - self._scalar_at("int32", position)
        self._vtable_bytes = self._scalar_at("uint16", self._vtable)

    @classmethod
    def root(cls, data: bytes) -> Table:
        """Returns the root table. Raises ConfigError, like all methods, if an offset leads outside the file."""
        if len(data) < 8:
            raise corrupt(f"it has {len(data)} bytes")
        return cls(data, _SCALARS["uint32"].unpack_from(data, 0)[0], _Work(data))

    def scalar(self, slot: int, kind: str, default: Any = 0) -> Any:
        """Returns the number in a field, or `default` if the field is absent."""
        at = self._field(slot)
        return default if at is None else self._scalar_at(kind, at)

    def table(self, slot: int) -> Table | None:
        """Returns the table a field points to."""
        at = self._field(slot)
        return None if at is None else Table(self._data, self._follow(at), self._work)

    def tables(self, slot: int) -> list[Table]:
        """Returns a vector of tables; empty if the field is absent."""
        start, length = self._vector(slot, 4)
        self._work.count(4 * length)
        return [Table(self._data, self._follow(start + 4 * index), self._work) for index in range(length)]

    def numbers(self, slot: int, dtype: str) -> np.ndarray[Any, Any]:
        """Returns a vector of numbers as a read-only view of the file; empty if the field is absent."""
        numbers = self.shared_numbers(slot, dtype)
        self._work.count(numbers.nbytes)
        return numbers

    def shared_numbers(self, slot: int, dtype: str) -> np.ndarray[Any, Any]:
        """Like `numbers`, for content that many tables may share and that is not copied."""
        kind = np.dtype(dtype).newbyteorder("<")
        start, length = self._vector(slot, kind.itemsize)
        return np.frombuffer(self._data, kind, length, start)

    def text(self, slot: int, limit: int = 200) -> str:
        """Returns a string, cut at `limit` bytes; bytes that are not UTF-8 become replacement characters."""
        return self.shared_numbers(slot, "uint8")[:limit].tobytes().decode(errors="replace")

    def _field(self, slot: int) -> int | None:
        entry = 4 + 2 * slot
        if entry + 2 > self._vtable_bytes:
            return None
        offset = self._scalar_at("uint16", self._vtable + entry)
        return self._position + offset if offset else None

    def _vector(self, slot: int, item_bytes: int) -> tuple[int, int]:
        at = self._field(slot)
        if at is None:
            return 0, 0
        start = self._follow(at)
        length = self._scalar_at("uint32", start)
        if start + 4 + length * item_bytes > len(self._data):
            raise corrupt(f"a list at byte {start} extends beyond the end of the file")
        return start + 4, length

    def _follow(self, at: int) -> int:
        return at + int(self._scalar_at("uint32", at))

    def _scalar_at(self, kind: str, at: int) -> Any:
        scalar = _SCALARS[kind]
        if at < 0 or at + scalar.size > len(self._data):
            raise corrupt(f"an offset leads to byte {at} of {len(self._data)}")
        return scalar.unpack_from(self._data, at)[0]
