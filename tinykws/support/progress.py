# SPDX-License-Identifier: Apache-2.0
"""How long-running work reports progress: stages ask for a progress bar, the command line decides how it looks.

Stages never print; they take a `Progress`, wrap their loops in `track`, and report messages with `say`. `SILENT` is for
tests and for use as a library.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Reports nothing; the command line has a subclass that draws bars (tinykws/cli/console.py)."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:  # noqa: ARG002
        """Yields the items, showing how many of `total` (default: len(items)) are done."""
        yield from items

    @contextlib.contextmanager
    def track_bytes(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Yields a function to call with the number of bytes that are done, of `total`; the number may decrease."""
        yield lambda _: None

    def say(self, text: str) -> None:
        """Reports a message, one line."""


SILENT = Progress()
