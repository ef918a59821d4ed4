# SPDX-License-Identifier: Apache-2.0
"""Mutations of .tflite files that change only fields that the reader reads."""

from __future__ import annotations

import contextlib
import random
import struct
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np

from tinykws.aot.reader import flatbuffer
from tinykws.aot.reader.tflite import read_model
from tinykws.support.errors import ConfigError

Field = tuple[str, int]
"""The code of struct for a number, and where it stands."""
_CODES = {name: scalar.format[1:] for name, scalar in flatbuffer._SCALARS.items()}
_EXTREMES = {
    "b": (-128, -1, 0, 1, 127),
    "B": (0, 1, 2, 127, 255),
    "?": (0, 1),
    "H": (0, 1, 4, 6, 0x7FFF, 0xFFFF),
    "i": (-(2**31), -2, -1, 0, 1, 2, 2**15, 2**22, 2**31 - 1),
    "I": (0, 1, 2, 2**15, 2**22, 2**31, 2**32 - 1),
    "q": (-(2**63), -128, -1, 0, 1, 127, 2**63 - 1),
    "Q": (0, 1, 2, 2**64 - 1),
    "f": (0.0, -1.0, 1e-38, 1e-9, 1 / 256, 1.0, 37.0, 1e9, 3e38, float("inf"), float("nan")),
}
MOST_NUMBERS_OF_A_LIST = 16
"""Kinds of arrays to change; of long ones (weights) only a few elements."""


def fields_of(tflite: bytes) -> list[Field]:
    """Returns the numbers that the reader reads, with offsets and lengths; of a bad file, those before the refusal."""
    found: dict[Field, None] = {}

    def scalar_at(table: flatbuffer.Table, kind: str, at: int) -> Any:
        value = read_scalar(table, kind, at)
        found[(_CODES[kind], at)] = None
        return value

    def numbers(table: flatbuffer.Table, slot: int, dtype: str) -> Any:
        values = read_numbers(table, slot, dtype)
        kind = np.dtype(dtype)
        start = values.__array_interface__["data"][0] - whole.__array_interface__["data"][0] if len(values) else 0
        for index in range(min(len(values), MOST_NUMBERS_OF_A_LIST)):
            found[(kind.char if kind.char != "l" else "q", start + index * kind.itemsize)] = None
        return values

    whole = np.frombuffer(tflite, np.uint8)
    read_scalar, read_numbers = flatbuffer.Table._scalar_at, flatbuffer.Table.numbers
    with (
        mock.patch.object(flatbuffer.Table, "_scalar_at", scalar_at),
        mock.patch.object(flatbuffer.Table, "numbers", numbers),
        contextlib.suppress(ConfigError),
    ):
        read_model(tflite)
    return list(found)


def mutate(tflite: bytes, source: random.Random) -> bytes:
    """Returns the file with one to four fields changed."""
    fields = fields_of(tflite)
    if not fields:
        return tflite
    changed = bytearray(tflite)
    for _ in range(source.choice([1, 1, 1, 2, 2, 4])):
        code, at = source.choice(fields)
        source.choice(_CHANGES)(changed, code, at, fields, source)
    return bytes(changed)


def _to_extreme(data: bytearray, code: str, at: int, _: list[Field], source: random.Random) -> None:
    struct.pack_into(f"<{code}", data, at, source.choice(_EXTREMES[code]))


def _to_neighbour(data: bytearray, code: str, at: int, _: list[Field], source: random.Random) -> None:
    (value,) = struct.unpack_from(f"<{code}", data, at)
    near = value * source.choice([0.5, 2.0, 1.001]) if code == "f" else value + source.choice([-4, -2, -1, 1, 2, 4])
    _put_if_it_fits(data, code, at, near)


def _to_anothers(data: bytearray, code: str, at: int, fields: list[Field], source: random.Random) -> None:
    """A value from another field: another shape's size, another tensor's scale, another table's offset."""
    other = source.choice([place for kind, place in fields if kind == code])
    size = struct.calcsize(f"<{code}")
    data[at : at + size] = data[other : other + size]


def _to_random(data: bytearray, code: str, at: int, _: list[Field], source: random.Random) -> None:
    for index in range(struct.calcsize(f"<{code}")):
        data[at + index] = source.randrange(256)


def _put_if_it_fits(data: bytearray, code: str, at: int, value: float) -> None:
    try:
        struct.pack_into(f"<{code}", data, at, value)
    except (struct.error, OverflowError):
        return


_CHANGES: list[Callable[[bytearray, str, int, list[Field], random.Random], None]] = [
    _to_extreme,
    _to_neighbour,
    _to_neighbour,
    _to_anothers,
    _to_anothers,
    _to_random,
]
