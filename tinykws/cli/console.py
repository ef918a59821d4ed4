"""How the command line looks: progress on stderr, results on stdout, tables, JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import PurePath
from typing import Any, TypeVar

import click

from tinykws.progress import Progress

T = TypeVar("T")
PLAIN_SECONDS = 15.0
"""Where no terminal shows a bar, a line this often tells that work goes on."""


class ConsoleProgress(Progress):
    """Bars on a terminal, a plain line now and then elsewhere; always on stderr, so that stdout stays parseable."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yields the items, drawing how many are done."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        if sys.stderr.isatty():
            with click.progressbar(items, length=total, label=f"{label:24}", file=sys.stderr) as bar:
                yield from bar
        else:
            yield from _plain_lines(items, label, total)

    def say(self, text: str) -> None:
        """Prints the line."""
        click.echo(text, err=True)


def _plain_lines(items: Iterable[T], label: str, total: int | None) -> Iterator[T]:
    last = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - last > PLAIN_SECONDS:
            click.echo(f"{label}: {done}" + (f" of {total}" if total else ""), err=True)
            last = time.monotonic()
        yield item


def print_json(value: Any) -> None:
    """Prints JSON for machines."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def to_json(report: Any) -> Any:
    """Returns a report (dataclasses, paths and containers, however nested) as values that JSON has."""
    if dataclasses.is_dataclass(report) and not isinstance(report, type):
        return {field.name: to_json(getattr(report, field.name)) for field in dataclasses.fields(report)}
    if isinstance(report, Mapping):
        return {str(key): to_json(value) for key, value in report.items()}
    if isinstance(report, (list, tuple)):
        return [to_json(value) for value in report]
    return str(report) if isinstance(report, PurePath) else report


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a text table; columns of numbers are aligned to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [list(header), *cells]) for at in range(len(header))]
    numeric = [bool(cells) and all(_is_number(row[at]) for row in cells) for at in range(len(header))]

    def line(row: Sequence[str]) -> str:
        parts = (text.rjust(w) if right else text.ljust(w) for text, w, right in zip(row, widths, numeric, strict=True))
        return "  ".join(parts).rstrip()

    return "\n".join([line(list(header)), *(line(row) for row in cells)])


def _is_number(text: str) -> bool:
    return bool(text) and text.replace(",", "").replace(".", "").replace("%", "").strip("+- ").isdigit()
