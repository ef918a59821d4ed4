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
from tinykws.cost.size_choice import choose_size, size_cost
from tinykws.cost.stream_graph import macs_of, macs_per_row_of, stream_graph
from tinykws.model.bundle import Bundle
from tinykws.project.config import Config, parse_config
from tinykws.support.attribute_docstrings import attribute_docstrings
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import STREAM_WIDTHS
from tinykws.training_data.public_datasets import PUBLIC_DATASETS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
STREAM_PROJECT = (
    "words: [computer]\nfeatures: {clip_ms: 1500}\nmodel: {size: auto}\ndetector: {inference_stride_ms: 80}\n"
)
"""The project for which the sizes of networks for streams are shown."""
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


def network_sizes_table() -> str:
    """What the sizes of the networks for streams are."""
    config = parse_config(STREAM_PROJECT)
    rows = []
    for name, width in STREAM_WIDTHS.items():
        graph = stream_graph(*config.frontend.features_shape, len(config.labels), width)
        cost = size_cost(name, config, load_boards()["nano33ble"], "tflm")
        weights = macs_per_row_of(graph)
        aot = sum(tensor.data.nbytes for tensor in graph.tensors if tensor.data is not None)
        figures = (width, weights, cost.flash_bytes, aot, weights, macs_of(graph))
        rows.append((f"`{name}`", *(f"{figure:,}" for figure in figures)))
    heads = (
        "size",
        "channels",
        "weights",
        ".tflite, bytes",
        "flash, aot",
        "MAC per row of 40 ms",
        "MAC per whole input",
    )
    return _table(heads, rows)


def sizes_on_boards_table() -> str:
    """What the sizes take on the rows of boards.yaml, and which `size: auto` takes."""
    config = parse_config(STREAM_PROJECT)
    boards = [board for board in load_boards().values() if board.core]
    rows = [_sizes_row(config, board, engine) for board in boards for engine in board.engines]
    return _table(("board, engine", *STREAM_WIDTHS, "RAM of each", "`auto`"), rows)


def _sizes_row(config: Config, board: Board, engine: str) -> tuple[str, ...]:
    try:
        choice = choose_size(config, board, engine)
        sizes, chosen = choice.sizes, choice.architecture.removeprefix("stream_")
    except ConfigError:
        sizes, chosen = tuple(size_cost(name, config, board, engine) for name in STREAM_WIDTHS), "none fits"
    clock = ["" if size.share_of_clock is None else f", {size.share_of_clock:.0%}" for size in sizes]
    loads = [f"{size.instructions_per_second / 1e6:.1f}{share}" for size, share in zip(sizes, clock, strict=True)]
    return (f"`{board.id}`, {engine}", *loads, ", ".join(f"{size.ram_bytes:,}" for size in sizes), chosen)


def public_datasets_table() -> str:
    """What `tinykws fetch` can download."""
    rows = [
        (f"`{each.name}`", each.contents, each.used_for, each.size_text, f"[{each.licence}]({each.page})")
        for each in PUBLIC_DATASETS.values()
    ]
    return _table(("name", "contents", "used for", "download", "licence"), rows)


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
    "network_sizes": network_sizes_table,
    "sizes_on_boards": sizes_on_boards_table,
    "public_datasets": public_datasets_table,
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
