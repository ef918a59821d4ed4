# SPDX-License-Identifier: Apache-2.0
"""Reads JSON from anywhere: within limits, and as other readers of JSON understand it.

Python's own reader takes NaN and Infinity, makes an infinite number of 1e999, keeps the last of two equal keys, takes
integers of any size, and ends with a RecursionError for deeply nested text.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections import Counter
from typing import Any, NoReturn, TypeVar

from tinykws.support.dataclass_reader import read_dataclass
from tinykws.support.errors import ConfigError
from tinykws.support.safe_text import visible_line

S = TypeVar("S")
MOST_DEPTH = 32
MOST_DIGITS = 400
"""Of an integer; more take long to convert. Whether it is too large for its place is for the place to say."""
LARGEST_INTEGER = 2**53
"""In a dataclass. Readers whose numbers are all floating-point lose the last digits of larger ones."""
_SHOWN = 200


def parse_json(text: str) -> Any:
    """Returns the value of a JSON text.

    Raises:
        ValueError: it is not JSON, nested more than MOST_DEPTH levels deep, has a key twice in one object, or a number
            that is not finite or has too many digits.
    """
    _refuse_depth(text)
    return json.loads(
        text, parse_constant=_refuse_constant, parse_float=_float, parse_int=_int, object_pairs_hook=_object_of
    )


def read_json_object(kind: type[S], text: str) -> S:
    """Returns a JSON object as a dataclass, checked by its annotations like settings.

    Keys that the dataclass does not have are left out: a later version may have written them.

    Raises:
        ConfigError: it is not a JSON object, a key is missing, a value is of another type, or a number is too large.
    """
    try:
        values = parse_json(text)
    except ValueError as error:
        raise ConfigError(f"not JSON: {visible_line(str(error), _SHOWN)}") from error
    if not isinstance(values, dict):
        raise ConfigError("it is not a JSON object")
    _refuse_large_numbers(values)
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return read_dataclass(kind, {key: value for key, value in values.items() if key in names})


def _refuse_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= MOST_DEPTH:
        return
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested more than {MOST_DEPTH} levels deep")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:_SHOWN]} is too large a number")
    return value


def _int(text: str) -> int:
    if len(text) > MOST_DIGITS + 1:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"key {key[:_SHOWN]!r} is given twice")
    return values


def _refuse_large_numbers(value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _refuse_large_numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_large_numbers(inner)
    elif isinstance(value, (int, float)) and abs(value) > LARGEST_INTEGER:
        raise ConfigError(f"{visible_line(repr(value), 40)} is too large a number")
