"""A session's log that goes to a file as it comes, for sessions of any length."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from tinykws.device.session import SessionLog
from tinykws.device.verdict import write_entries

KEPT_ENTRIES = 200
"""The newest, for whoever must explain how a session ended."""


class StreamLog(SessionLog):
    """Writes each entry at once; `entries` are the newest only.

    Args:
        file: gets the log, as JSONL.
        clock: seconds, from any beginning.
    """

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._file = file

    def add(self, kind: str, text: str) -> None:
        """Writes a line."""
        super().add(kind, text)
        self._file.write(write_entries(self.entries[-1:]))
        if len(self.entries) >= 2 * KEPT_ENTRIES:
            del self.entries[:-KEPT_ENTRIES]
