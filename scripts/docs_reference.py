# SPDX-License-Identifier: Apache-2.0
"""Reference tables of the documentation, generated from the code that they describe.

    .venv/bin/python scripts/docs_reference.py            # says which committed pages are out of date
    .venv/bin/python scripts/docs_reference.py --write    # brings them up to date

A page holds a table between `<!-- generated: NAME -->` and `<!-- end of NAME -->`, so that it can be read on GitHub;
building the site generates it again.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tinykws.boards.rows import Board, load_boards
from tinykws.model.bundle import Bundle
from tinykws.project.config import Config
from tinykws.support.attribute_docstrings import attribute_docstrings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
EMULATED = ROOT / "benchmarks" / "emulated_boards.json"
"""Figures of micro_speech on emulated boards, for every page that shows them."""
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)


def settings_table() -> str:
    """Every key of kws.yaml, with its default and its field's docstring."""
    rows = [(f"`{key}`", _shown(default), text) for key, default, text in _settings(Config, "")]
    return _table(("key (dots for nesting)", "default", "meaning"), rows)


def boards_table() -> str:
    """Every row of boards.yaml: what it is and how it is built."""
    rows = [_board_row(board) for board in load_boards().values()]
    return _table(("board", "name", "chip", "clock", "engines, default first", "PlatformIO platform"), rows)


def board_columns_table() -> str:
    """Every column of boards.yaml."""
    rows = [(f"`{key}`", _shown(default), text) for key, default, text in _settings(Board, "", skip=("id",))]
    return _table(("column", "default", "meaning"), rows)


def bundle_table() -> str:
    """Every key of bundle.json."""
    rows = [("`format_version`", "int", "Version of this format."), *_keys(Bundle, "", skip=("path",))]
    return _table(("key (dots for nesting, [] for lists)", "type", "meaning"), rows)


def emulated_boards_table() -> str:
    """What micro_speech takes on each emulated board with the aot engine."""
    measured = json.loads(EMULATED.read_text(encoding="utf-8"))["aot"]
    rows = [(f"`{board}`", *(_number(row, key) for key in _FIGURES)) for board, row in measured.items()]
    return _table(("board", *_FIGURES.values()), rows)


def engines_table() -> str:
    """What micro_speech takes on the emulated Cortex-M4F with each engine, and with each kind of TFLM's kernels."""
    measured = json.loads(EMULATED.read_text(encoding="utf-8"))
    columns = {
        "tflm, reference kernels": measured["tflm"]["reference"],
        "tflm, CMSIS-NN": measured["tflm"]["cmsis_nn"],
        "aot": measured["aot"]["qemu-cortex-m4"],
    }
    rows = [(words, *(_number(row, key) for row in columns.values())) for key, words in _FIGURES.items()]
    return _table(("micro_speech on the Cortex-M4F", *columns), rows)


def _number(row: dict[str, int], key: str) -> str:
    """Returns a measured figure; nothing if it was not measured."""
    return f"{row[key]:,}" if key in row else ""


_FIGURES = {
    "flash_bytes": "flash",
    "ram_bytes": "RAM, including 16 kB of stack and 16 kB of serial buffer",
    "per_inference": "instructions per inference, inference stride of five frames",
    "per_frame": "instructions per frame of the front-end",
}
"""Keys of EMULATED and what they are."""

TABLES: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "boards": boards_table,
    "board_columns": board_columns_table,
    "bundle": bundle_table,
    "emulated_boards": emulated_boards_table,
    "engines": engines_table,
}


def with_tables(text: str) -> str:
    """Returns a page with its generated tables as they must be now."""
    return _BLOCK.sub(lambda block: f"{block[1]}\n{TABLES[block[2]]()}\n\n{block[3]}", text)


def main() -> int:
    """Returns 1 if a page was out of date and is not written."""
    stale = []
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        current = with_tables(text)
        if text != current:
            stale.append(page)
            if "--write" in sys.argv:
                page.write_text(current, encoding="utf-8")
    for page in stale:
        print(f"{'written' if '--write' in sys.argv else 'out of date'}: {page.relative_to(ROOT)}")
    return int(bool(stale) and "--write" not in sys.argv)


def _settings(kind: Any, prefix: str, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, str]]:
    hints, docstrings = typing.get_type_hints(kind), attribute_docstrings(kind)
    for field in dataclasses.fields(kind):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        nested = [
            one for one in (hints[field.name], *typing.get_args(hints[field.name])) if dataclasses.is_dataclass(one)
        ]
        if nested and isinstance(default, tuple):
            yield f"{prefix}{field.name}", default, docstrings.get(field.name, "")
            yield from _settings(nested[0], f"{prefix}{field.name}[].")
        elif nested:
            yield from _settings(nested[0], f"{prefix}{field.name}.")
        elif field.name not in skip:
            yield f"{prefix}{field.name}", default, docstrings.get(field.name, "")


def _keys(kind: Any, prefix: str, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, str, str]]:
    hints, docstrings = typing.get_type_hints(kind), attribute_docstrings(kind)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        if field.name in skip:
            continue
        listed = typing.get_origin(hint) is tuple
        inner = typing.get_args(hint)[0] if listed else hint
        key = f"{prefix}{field.name}{'[]' if listed else ''}"
        if dataclasses.is_dataclass(inner):
            yield from _keys(inner, f"{key}.")
        else:
            origin = typing.get_origin(inner)
            name = "object" if origin is dict else getattr(inner, "__name__", str(inner)).replace(" | ", " or ")
            yield f"`{key}`", name, docstrings.get(field.name, "")


def _board_row(board: Board) -> tuple[str, ...]:
    engines = [board.engine, *(name for name in board.engines if name != board.engine)]
    clock = f"{board.clock_hz / 1e6:g} MHz" if board.clock_hz else ""
    platform = "tinykws's own" if board.platform.startswith("symlink:") else f"`{board.platform}`"
    return (f"`{board.id}`", board.name, board.mcu, clock, ", ".join(engines), platform)


def _shown(default: Any) -> str:
    if default is dataclasses.MISSING:
        return "(required)"
    return str(list(default) if isinstance(default, tuple) else default)


def _table(head: tuple[str, ...], rows: Any) -> str:
    cells = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)


if __name__ == "__main__":
    sys.exit(main())
