# SPDX-License-Identifier: Apache-2.0
"""The results of one clip, assembled from numbered lines that may arrive damaged, twice, or not at all.

The session (which result is still missing?) and the verdict (what did the device compute?) both read a device's lines
through this module, so they always agree on which lines are valid.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from tinykws.device.protocol import Fail, Line, Ok, Received, Synced, read_line
from tinykws.device.session_log import RECEIVED, SENT, LogEntry


@dataclasses.dataclass
class ClipResults:
    """How many results have arrived, in the device's order and without a gap."""

    count: int = 0
    """The number of the newest result that arrived together with all results before it."""
    end: Ok | Fail | None = None
    """The last line of a clip, once it has arrived."""

    def has(self, received: Received) -> bool:
        """Whether this result arrived before."""
        return received.number is not None and received.number <= self.count

    def take(self, received: Received) -> bool:
        """Adds a line from the device; returns whether it was the next result."""
        if not received.intact or received.number != self.count + 1 or self.end is not None:
            return False
        self.count += 1
        if isinstance(received.line, (Ok, Fail)):
            self.end = received.line
        return True


class ClipResultReader:
    """Reads the results of one attempt from its log, line by line, with the rules by which the session read them.

    Lines before the answer to the attempt's first `!SYNC` may still belong to the previous clip and are ignored.
    """

    def __init__(self) -> None:
        self._results = ClipResults()
        self._first_token: int | None = None
        self._begun = False

    def sent(self, text: str) -> None:
        """Adds a line that was sent to the device."""
        match = _SYNC.match(text)
        if match and self._first_token is None:
            self._first_token = int(match[1])

    def received(self, text: str) -> Line | None:
        """Adds a line from the device; returns its result if it is the next one, else None."""
        received = read_line(text)
        line = received.line
        if isinstance(line, Synced) and received.intact and self._first_token is not None:
            self._begun |= line.token >= self._first_token and line.bytes == line.results == 0
        return line if self._begun and self._results.take(received) else None


def results_of(entries: Iterable[LogEntry]) -> list[Line]:
    """Returns the results in the log entries of one attempt; if they are complete, the last is `Ok` or `Fail`."""
    reader = ClipResultReader()
    results = []
    for entry in entries:
        if entry.kind == SENT:
            reader.sent(entry.text)
        elif entry.kind == RECEIVED and (line := reader.received(entry.text)) is not None:
            results.append(line)
    return results


_SYNC = re.compile(r"!SYNC ([0-9]+) ")
