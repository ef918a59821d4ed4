# SPDX-License-Identifier: Apache-2.0
"""The one place through which the command line prints and asks: no escape sequence in a text reaches the terminal.

Everything else in tinykws/cli/ must use it instead of click.echo, click.style, click.prompt and print; a test checks
that. Colours made by `style` pass, those in the text itself do not: `style` leaves marks with a random number, which
no device, bundle or file can guess.
"""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinykws.support.safe_text import visible, visible_line

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

T = TypeVar("T")
CLEAR_LINE = "\r\x1b[K"
_NONCE = secrets.token_hex(8)
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
"""Noncharacters: outside of a mark with the right number they become escapes like any other unsafe character."""
_MARK = re.compile(f"{_OPEN}{_NONCE}([0-9;]*){_CLOSE}")
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def echo(text: str = "", *, err: bool = False, nl: bool = True, color: bool | None = None) -> None:
    """Prints a text of one or more lines on stdout or, with `err`, on stderr.

    Args:
        text: what to print; it may hold text in colours by `style`.
        err: print on stderr.
        nl: end with a newline.
        color: None: colours only on a terminal.
    """
    click.echo(_shown(text), err=err, nl=nl, color=color)


def style(text: str, *names: str) -> str:
    """Returns a text to be printed by `echo` in a style: bold, dim, red, green, yellow."""
    codes = ";".join(_CODES[name] for name in names)
    return f"{_mark(codes)}{text}{_mark('0')}"


def redraw(text: str, *, err: bool = False) -> None:
    """Prints a line over the one that the cursor is in, without a newline: a level meter, a status."""
    click.echo(CLEAR_LINE + visible_line(text), nl=False, err=err, color=True)


def clear_line(*, err: bool = False) -> None:
    """Clears the line that the cursor is in."""
    click.echo(CLEAR_LINE, nl=False, err=err, color=True)


def prompt(text: str, **options: Any) -> Any:
    """Asks a question on stderr, as click.prompt does."""
    return click.prompt(_shown(text), err=True, **options)


def confirm(question: str) -> None:
    """Asks on stderr whether to go on; raises click.Abort if not."""
    click.confirm(_shown(question), abort=True, err=True)


def progress_bar(items: Iterable[T] | None, length: int | None, label: str, **options: Any) -> ProgressBar[T]:
    """Returns click's progress bar, on stderr."""
    return click.progressbar(items, length=length, label=f"{visible_line(label):24}", file=sys.stderr, **options)


def _mark(codes: str) -> str:
    return f"{_OPEN}{_NONCE}{codes}{_CLOSE}"


def _shown(text: str) -> str:
    """Returns the text with escapes, and with the terminal's codes for the marks of `style`."""
    parts = _MARK.split(text)
    return "".join(f"\x1b[{part}m" if at % 2 else visible(part) for at, part in enumerate(parts))
