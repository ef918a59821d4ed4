# SPDX-License-Identifier: Apache-2.0
"""Dataclasses as a schema: turns a mapping into a frozen dataclass, whose annotations determine keys and types."""

from __future__ import annotations

import dataclasses
import types
import typing
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tinykws.support.errors import ConfigError, did_you_mean
from tinykws.support.safe_text import visible_line

S = TypeVar("S")
_FORMER_KEY = "former_key"
_FORMER_VALUES = "former_values"
_ONE_OR_SEVERAL = "one_or_several"


class RenamedSettingWarning(UserWarning):
    """A file uses a setting's former name; it is still read."""


def renamed(default: Any, *, former_key: str = "", former_values: Mapping[str, str] | None = None) -> Any:
    """Returns a dataclass field whose key, or some of whose values, had other names; both are read.

    Args:
        default: the field's default.
        former_key: the key that older files have.
        former_values: former values to the values that replaced them.
    """
    metadata = {_FORMER_KEY: former_key, _FORMER_VALUES: former_values or {}}
    return dataclasses.field(default=default, metadata=metadata)


def one_or_several(default: tuple[str, ...]) -> Any:
    """Returns a dataclass field that is a list of words; a file may give one word instead of a list of it."""
    return dataclasses.field(default=default, metadata={_ONE_OR_SEVERAL: True})


def with_current_names(kind: Any, values: Mapping[str, Any], where: str = "") -> tuple[dict[str, Any], list[str]]:
    """Returns the mapping with the current names of a dataclass's keys and values, and a notice for each change.

    Raises:
        ConfigError: a key is given under both names.
    """
    current, notices = dict(values), []
    for field in dataclasses.fields(kind):
        former_key = field.metadata.get(_FORMER_KEY)
        if former_key and former_key in current:
            if field.name in current:
                raise ConfigError(f"{where}{former_key} is the former name of {field.name}, and both are given")
            current[field.name] = current.pop(former_key)
            notices.append(f"{where}{former_key} is now called {field.name}")
        value = current.get(field.name)
        new_value = field.metadata.get(_FORMER_VALUES, {}).get(value) if isinstance(value, str) else None
        if new_value is not None:
            current[field.name] = new_value
            notices.append(f"{where}{field.name}: {value} is now called {new_value}")
    return current, notices


def former_keys_of(settings: Any) -> dict[str, Any]:
    """Returns the values of a dataclass's renamed fields, by their former keys."""
    renamed_fields = [field for field in dataclasses.fields(settings) if field.metadata.get(_FORMER_KEY)]
    return {field.metadata[_FORMER_KEY]: getattr(settings, field.name) for field in renamed_fields}


def read_dataclass(kind: type[S], values: Any, where: str = "") -> S:
    """Turns a mapping into a dataclass and checks keys and types by the dataclass's annotations.

    Former names of settings are read, with a RenamedSettingWarning.

    Raises:
        ConfigError: an unknown or missing key, or a value of another type.
    """
    if not isinstance(values, dict):
        raise ConfigError(
            f"{where or 'the file'} must hold keys, not {short_repr(values)}", hint="write `key: value` lines"
        )
    values, notices = with_current_names(kind, values, where)
    for notice in notices:
        warnings.warn(f"{notice}; the old name is still read", RenamedSettingWarning, stacklevel=2)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise ConfigError(f"unknown key {short_repr(where + str(key))}", hint=did_you_mean(str(key), fields))
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ConfigError(f"key {where + name!r} is missing")
        if field.metadata.get(_ONE_OR_SEVERAL) and isinstance(values.get(name), str):
            values[name] = [values[name]]
    return kind(**{key: _read_value(hints[key], value, f"{where}{key}") for key, value in values.items()})


def short_repr(value: Any) -> str:
    """Returns a value as an error shows it: a large one is cut."""
    return visible_line(repr(value), 200)


def read_mapping(value: Any, where: str) -> dict[str, Any]:
    """Returns the value if it is a mapping whose keys the schema leaves open. Raises ConfigError."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must hold keys, not {short_repr(value)}")
    return value


def require_one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """Raises ConfigError unless value is one of the choices."""
    if value not in choices:
        raise ConfigError(f"{name} is {short_repr(value)}", hint=did_you_mean(value, choices))


def require_at_least(name: str, value: float, low: float) -> None:
    """Raises ConfigError if value is below low."""
    if value < low:
        raise ConfigError(f"{name} is {value}", hint=f"use {low} or more")


def require_in_range(name: str, value: float, low: float, high: float) -> None:
    """Raises ConfigError if value is outside low to high."""
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value}", hint=f"use a value from {low} to {high}")


def _read_value(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return _read_one_of(typing.get_args(kind), value, where)
    if dataclasses.is_dataclass(kind):
        return read_dataclass(kind, value, f"{where}: ")  # type: ignore[arg-type]
    if typing.get_origin(kind) is tuple:
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} must be a list, such as [yes, no]; it is {short_repr(value)}")
        element = typing.get_args(kind)[0]
        return tuple(_read_value(element, item, where) for item in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return _read_float(value, where)
    if typing.get_origin(kind) is dict:
        return read_mapping(value, where)
    if (kind in (int, float) and isinstance(value, bool)) or not isinstance(value, kind):
        raise ConfigError(f"{where} must be {_KIND_NAMES[kind]}, not {short_repr(value)}")
    return value


def _read_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ConfigError(f"{where} is {short_repr(value)}, which is too large for a number") from error


def _read_one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    """Reads a value whose type is X | None or int | str."""
    others = [kind for kind in kinds if kind is not types.NoneType]
    if value is None and len(others) < len(kinds):
        return None
    if len(others) == 1:
        return _read_value(others[0], value, where)
    if type(value) not in others:
        raise ConfigError(
            f"{where} must be {' or '.join(_KIND_NAMES[kind] for kind in others)}, not {short_repr(value)}"
        )
    return value


_KIND_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false", Path: "a path"}
