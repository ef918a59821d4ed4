# SPDX-License-Identifier: Apache-2.0
"""How long work tells how far it is: stages ask for a bar, the command line decides how it looks.

Stages print nothing themselves; they take a `Progress` and wrap their loops in `track`, and say what a person
should know in `say`. `SILENT` is for tests and for use as a library.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """The silent form; the command line has one that draws (tinykws/cli/console.py)."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:  # noqa: ARG002
        """Yields the items, showing how many of `total` (default: len(items)) are done."""
        yield from items

    @contextlib.contextmanager
    def track_bytes(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Yields a function that takes how many of `total` bytes are done by now; the count may fall again."""
        yield lambda _: None

    def say(self, text: str) -> None:
        """Tells one line that a person should know, once."""


SILENT = Progress()
