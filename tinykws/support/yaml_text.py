# SPDX-License-Identifier: Apache-2.0
"""Reads YAML as people expect it: `yes`, `no`, `on`, `off` are text (as in YAML 1.2), and a key may occur only once.

A file may come from anywhere, so it is bounded before it is built: size, depth, number of values with aliases expanded,
digits of a number. The values are plain: text, finite numbers, booleans, lists, and mappings whose keys are text.
"""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from tinykws.support.errors import ConfigError
from tinykws.support.safe_text import visible_line

MOST_BYTES = 500_000
MOST_DEPTH = 12
MOST_VALUES = 50_000
MOST_NUMBER_CHARACTERS = 40
LARGEST_INTEGER = 2**53
"""Larger ones have no meaning in any setting, and JSON readers lose their last digits."""


class _Loader(yaml.SafeLoader):
    """SafeLoader, but only true and false are booleans, and a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {_short(key)} is not text: write it in quotes", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {_short(key)} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF"))


def read_yaml_file(path: Path) -> str:
    """Returns the text of a YAML file.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is not a plain file, is too large, cannot be read, or is not UTF-8.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"cannot read {path}: it is not a file", hint="save it as a text file in UTF-8")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ConfigError(f"cannot read {path}: more than {MOST_BYTES:,} bytes", hint="is it the right file?")
        return data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path with a null character
        raise ConfigError(f"cannot read {path}: {error}", hint="save it as a text file in UTF-8") from error


def load_yaml(text: str, *, source: str, free_text: Collection[str] = ()) -> dict[str, Any]:
    """Reads a YAML mapping.

    Args:
        text: the YAML.
        source: names it in errors.
        free_text: keys below which text may have several lines; elsewhere it may not.

    Raises:
        ConfigError: it is not YAML, not a mapping, larger or deeper than any settings, or has values of other kinds.
    """
    try:
        _check_bounds(text)
        values = yaml.load(text, Loader=_Loader)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", hint=error.hint) from error
    except Exception as error:  # PyYAML's own functions fail with almost anything: !!bool x is a KeyError
        raise ConfigError(f"{source} is not valid YAML: {_reason(error)}", hint=_hint(error)) from error
    if not isinstance(values, dict):
        raise ConfigError(f"{source} holds no keys", hint="write lines such as `words: [yes, no]`")
    try:
        _check_values(values, "", frozenset(free_text), several_lines=False)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", hint=error.hint) from error
    return values


def _reason(error: Exception) -> str:
    known = isinstance(error, (yaml.YAMLError, TypeError))
    return visible_line(" ".join(str(error).split()) if known else "a value does not fit its tag", 400)


def _hint(error: Exception) -> str | None:
    return "indent with spaces, not with tabs" if "'\\t'" in str(error) else None


def _check_bounds(text: str) -> None:
    """Raises ConfigError if the text is too large or too deep; builds nothing and follows no alias."""
    if len(text) > MOST_BYTES:
        raise ConfigError(f"it has more than {MOST_BYTES:,} characters", hint="is it the right file?")
    count = 0
    open_at: list[tuple[str | None, int]] = []  # anchor, and the count before it, of each open list or mapping
    sizes: dict[str, int] = {}
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor not in sizes:
                raise ConfigError(f"line {line}: *{anchor} refers to nothing before it, or to itself")
            count += sizes[anchor]
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            _check_number(event, line)
            sizes |= {anchor: 1} if anchor else {}
        elif isinstance(event, yaml.CollectionStartEvent):
            open_at.append((anchor, count))
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = open_at.pop()
            sizes |= {name: count - before} if name else {}
        if len(open_at) > MOST_DEPTH:
            raise ConfigError(f"line {line}: more than {MOST_DEPTH} lists or keys inside each other")
        if count > MOST_VALUES:
            raise ConfigError(f"line {line}: more than {MOST_VALUES:,} values, with every alias written out")


def _check_number(event: yaml.ScalarEvent, line: int) -> None:
    """Raises ConfigError for a number of thousands of digits, before it is converted."""
    text = event.value
    if len(text) <= MOST_NUMBER_CHARACTERS:
        return
    resolvers = _Loader.yaml_implicit_resolvers.get(text[0], []) if event.implicit[0] else []
    tags = [event.tag or "", *(tag for tag, pattern in resolvers if pattern.match(text))]
    if any(tag.endswith((":int", ":float")) for tag in tags):
        raise ConfigError(f"line {line}: a number of {len(text):,} characters", hint="write text in quotes")


def _check_values(value: Any, where: str, free_text: frozenset[str], *, several_lines: bool) -> None:
    """Raises ConfigError if a value is not plain, with its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key, f"{where}a key", several_lines=False)
            free = several_lines or key in free_text
            _check_values(inner, f"{where}{key}: ", free_text, several_lines=free)
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            _check_values(inner, f"{where}entry {number}: ", free_text, several_lines=several_lines)
    elif isinstance(value, str):
        _check_text(value, where.removesuffix(": "), several_lines=several_lines)
    elif isinstance(value, (int, float)):
        if not math.isfinite(value) or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
            raise ConfigError(f"{where.removesuffix(': ')} is {_short(value)}", hint="write a smaller number")
    elif value is not None:
        raise ConfigError(
            f"{where.removesuffix(': ')} is {_short(value)}, which is neither text nor a number",
            hint="write text in quotes, and no YAML tags",
        )


def _check_text(text: str, where: str, *, several_lines: bool) -> None:
    checked = text.replace("\n", "").replace("\t", "") if several_lines else text
    if visible_line(checked) != checked:
        raise ConfigError(
            f"{where} holds a control character or a line break: '{visible_line(text, 80)}'",
            hint="write it as plain text, in one line",
        )


def _short(value: Any) -> str:
    return visible_line(repr(value), 80)
