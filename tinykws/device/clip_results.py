# SPDX-License-Identifier: Apache-2.0
"""The results of one clip, put together from numbered lines that may come damaged, twice, or not at all.

Both the session (what is still missing?) and the verdict (what did the device say?) read a device's lines through this,
so that a damaged line can be neither asked for too little nor believed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from tinykws.device.protocol import Fail, Line, Ok, Received, Synced, read_line
from tinykws.device.session_log import RECEIVED, SENT, LogEntry


@dataclasses.dataclass
class ClipResults:
    """How far the results have arrived, in the device's order and without a gap."""

    count: int = 0
    """The number of the newest result that is here with all before it."""
    end: Ok | Fail | None = None
    """The last line of a clip, once it is here."""

    def has(self, received: Received) -> bool:
        """Whether this result is here already."""
        return received.number is not None and received.number <= self.count

    def take(self, received: Received) -> bool:
        """Takes a line of the device; returns whether it was the next result."""
        if not received.intact or received.number != self.count + 1 or self.end is not None:
            return False
        self.count += 1
        if isinstance(received.line, (Ok, Fail)):
            self.end = received.line
        return True


class ClipResultReader:
    """Reads the results of one attempt out of its log, line by line, as the session read them off the wire.

    What comes before the answer to the attempt's first `!SYNC` may still be about the clip before it.
    """

    def __init__(self) -> None:
        self._results = ClipResults()
        self._first_token: int | None = None
        self._begun = False

    def sent(self, text: str) -> None:
        """Takes a line that went to the device."""
        match = _SYNC.match(text)
        if match and self._first_token is None:
            self._first_token = int(match[1])

    def received(self, text: str) -> Line | None:
        """Takes a line of the device; returns the result that it is, if it is the next one."""
        received = read_line(text)
        line = received.line
        if isinstance(line, Synced) and received.intact and self._first_token is not None:
            self._begun |= line.token >= self._first_token and line.bytes == line.results == 0
        return line if self._begun and self._results.take(received) else None


def results_of(entries: Iterable[LogEntry]) -> list[Line]:
    """Returns the results in the entries of one attempt; where all are there, the last is `Ok` or `Fail`."""
    reader = ClipResultReader()
    results = []
    for entry in entries:
        if entry.kind == SENT:
            reader.sent(entry.text)
        elif entry.kind == RECEIVED and (line := reader.received(entry.text)) is not None:
            results.append(line)
    return results


_SYNC = re.compile(r"!SYNC ([0-9]+) ")
