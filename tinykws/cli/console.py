# SPDX-License-Identifier: Apache-2.0
"""What the command line prints: progress on stderr, results on stdout, tables, JSON."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from tinykws.cli.suggestions import completed
from tinykws.cli.terminal import clear_line, echo, progress_bar
from tinykws.cli.verbosity import current_verbosity
from tinykws.support.dataclass_reader import former_keys_of
from tinykws.support.progress import Progress
from tinykws.support.safe_text import safe_json, visible_line

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

T = TypeVar("T")
PLAIN_SECONDS = 15.0
"""How often to print progress as a line if stderr is not a terminal."""
DRAW_SECONDS = 0.1
"""How often to redraw a bar."""


class ConsoleProgress(Progress):
    """Shows bars on a terminal, otherwise a line every 15 s; always on stderr, so that stdout can be parsed.

    With --quiet it shows nothing; results are printed still.
    """

    def __init__(self) -> None:
        self._bar_is_drawn = False
        self._quiet = current_verbosity().quiet

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yields the items, drawing how many are done."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        if self._quiet:
            yield from items
        elif sys.stderr.isatty():
            with progress_bar(items, total, label) as bar:
                self._bar_is_drawn = True
                try:
                    yield from bar
                finally:
                    self._bar_is_drawn = False
        else:
            yield from _plain_lines(items, label, total)

    @contextlib.contextmanager
    def track_bytes(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Yields a function that takes the bytes done, and shows them with the rate and the time left."""
        pace = _Pace(total)
        if self._quiet:
            yield lambda _: None
        elif sys.stderr.isatty():
            # click's own estimate would count bytes that an earlier run fetched as fetched by this one.
            bar: ProgressBar[int | None]
            with progress_bar(None, total or 0, label, show_eta=False, item_show_func=pace.text) as bar:
                yield _drawing(bar, total)
        else:
            yield _plain_bytes(label, pace)

    def say(self, text: str) -> None:
        """Prints a line; a bar continues below it."""
        if self._quiet:
            return
        self._clear_bar()
        echo(completed(text), err=True)

    def result(self, text: str) -> None:
        """Prints a line of the command's result on stdout while work continues."""
        self._clear_bar()
        echo(text)

    def _clear_bar(self) -> None:
        if self._bar_is_drawn:
            clear_line(err=True)


class _Pace:
    """The rate of bytes, measured from where this run began."""

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._first: tuple[float, int] | None = None

    def text(self, done: int | None) -> str:
        """Returns text such as "1,200 of 2,429 MB, 11.5 MB/s, 107 s left", as far as it is known."""
        if done is None:
            return ""
        now = time.monotonic()
        if self._first is None or done < self._first[1]:
            self._first = (now, done)
        seconds, got = now - self._first[0], done - self._first[1]
        parts = [f"{_megabytes(done)}" + (f" of {_megabytes(self._total)}" if self._total else "") + " MB"]
        if seconds >= 1 and got:
            parts.append(f"{got / seconds / 1e6:.1f} MB/s")
            parts += [f"{(self._total - done) * seconds / got:.0f} s left"] if self._total else []
        return ", ".join(parts)


def _drawing(bar: ProgressBar[int | None], total: int | None) -> Callable[[int], None]:
    """Returns a function that moves a bar; it redraws ten times a second, and at the end."""
    last = 0.0

    def show(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= DRAW_SECONDS or done == total:
            bar.update(done - bar.pos, done)
            last = time.monotonic()

    return show


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f}" if count >= 10_000_000 else f"{count / 1e6:.1f}"


def _plain_bytes(label: str, pace: _Pace) -> Callable[[int], None]:
    last = time.monotonic()

    def show(done: int) -> None:
        nonlocal last
        text = pace.text(done)
        if time.monotonic() - last > PLAIN_SECONDS:
            echo(f"{label}: {text}", err=True)
            last = time.monotonic()

    return show


def _plain_lines(items: Iterable[T], label: str, total: int | None) -> Iterator[T]:
    last = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - last > PLAIN_SECONDS:
            echo(f"{label}: {done}" + (f" of {total}" if total else ""), err=True)
            last = time.monotonic()
        yield item


def print_json(value: Any) -> None:
    """Prints JSON for machines."""
    echo(safe_json(value))


def to_json(report: Any, *, former_keys: bool = True) -> Any:
    """Returns a report as values that JSON has: dataclasses become objects, paths strings, tuples lists.

    Args:
        report: what to convert.
        former_keys: also give renamed settings under their former names, for existing scripts.
    """
    if dataclasses.is_dataclass(report) and not isinstance(report, type):
        values = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
        return to_json({**(former_keys_of(report) if former_keys else {}), **values}, former_keys=former_keys)
    if isinstance(report, Mapping):
        return {str(key): to_json(value, former_keys=former_keys) for key, value in report.items()}
    if isinstance(report, (list, tuple)):
        return [to_json(value, former_keys=former_keys) for value in report]
    return str(report) if isinstance(report, PurePath) else report


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a text table. Columns of numbers, and of "-" for a missing number, are aligned to the right."""
    cells = [[visible_line(str(cell)) for cell in row] for row in rows]
    columns = list(zip(*cells, strict=True)) or [()] * len(header)
    widths = [max(map(_width, (title, *column))) for title, column in zip(header, columns, strict=True)]
    numeric = [_is_numeric(column) for column in columns]

    def line(row: Sequence[str]) -> str:
        parts = []
        for text, width, right in zip(row, widths, numeric, strict=True):
            space = " " * (width - _width(text))
            parts.append(space + text if right else text + space)
        return "  ".join(parts).rstrip()

    return "\n".join([line(list(header)), *(line(row) for row in cells)])


def _width(text: str) -> int:
    """Returns the width of a text in terminal columns: Chinese characters take two, combining accents none."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def _is_numeric(column: Sequence[str]) -> bool:
    return all(text == "-" or _is_number(text) for text in column) and any(map(_is_number, column))


def _is_number(text: str) -> bool:
    return bool(text) and text.replace(",", "").replace(".", "").replace("%", "").strip("+- ").isdigit()
