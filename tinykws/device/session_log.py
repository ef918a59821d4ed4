# SPDX-License-Identifier: Apache-2.0
"""The log of a session: every line with its time, and the clip and attempt it belongs to.

tinykws.verification reads it and judges. Each entry is written at once, so an interrupted run leaves a complete log up
to the interruption.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tinykws.device.protocol import Received
from tinykws.support.dataclass_reader import short_repr
from tinykws.support.errors import ConfigError
from tinykws.support.files import not_writable
from tinykws.support.json_text import LARGEST_INTEGER, parse_json
from tinykws.support.safe_text import visible_line

RUN, SENT, RECEIVED, EXPECTED = "run", "sent", "received", "expected"
CLIP, LABEL, FAULT, LINK, END = "clip", "label", "fault", "link", "end"
STREAM, EVENT, MISMATCH = "stream", "event", "mismatch"
KINDS = (RUN, SENT, RECEIVED, EXPECTED, CLIP, LABEL, FAULT, LINK, END, STREAM, EVENT, MISMATCH)
MOST_SHOWN = 200
"""Characters of a damaged line in an error."""
MAX_NOISE_LINES = 200
"""Damaged lines of one attempt that are logged one by one; a noisy device must not fill the disk."""
MAX_COMMANDS = 2000
"""Commands of one attempt that are logged one by one: noise makes the host repeat `!SYNC`."""
MAX_FAULT_CHARACTERS = 1000
SPARE_CHARACTERS = 16_000_000
"""Room in a log for lines from the device, however little audio is sent; a talkative device must not fill the disk."""
ROOM_PER_CHARACTER = 4
"""Further room for each character of audio that is sent: results and acknowledgements take less than half of it."""
ENTRY_CHARACTERS = 100
"""What an entry takes besides its text."""
_LEFT_OUT = re.compile(r"([0-9]+) more lines ")


@dataclasses.dataclass(frozen=True)
class LogEntry:
    """One line of a log.

    Kinds: `run` comes first and describes the run, as JSON; `sent` and `received` are lines of the transport (of audio
    only its position and length); `expected` is a line that the device should print according to the host's pipeline;
    `clip` begins a clip with its file's name; `label` is the label expected of it; `fault` says why an attempt failed;
    `link` reports a lost connection, a reconnection, or a count of lines that were left out; `end` comes last, as JSON,
    with the reason if not all clips were sent. `stream` and `event`: see tinykws.verification.stream_verdict;
    `mismatch`: where device and host first differ, see tinykws.verification.mismatch_search.
    """

    ms: float
    """Since the log began."""
    clip: int
    """From 1; 0 before the first clip."""
    attempt: int
    kind: str
    text: str

    def to_line(self) -> str:
        """Returns the entry as a line of JSON."""
        return json.dumps(dataclasses.asdict(self)) + "\n"


def lines_left_out(entry: LogEntry) -> int:
    """Returns how many lines an entry stands for, which were not logged: damaged, or more than there is room for."""
    match = _LEFT_OUT.match(entry.text) if entry.kind == LINK else None
    return int(match[1]) if match else 0


class SessionLog:
    """Every line of a session, as far as there is room: it depends on how much is sent, not on the device.

    Args:
        clock: a clock in seconds.
        stream: where each entry is written at once; None: entries are only kept in memory.
        kept: at least this many of the newest entries are kept in memory; None: all.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        stream: IO[str] | None = None,
        kept: int | None = None,
    ) -> None:
        self.clock = clock
        self._began = clock()
        self._stream = stream
        self._kept = kept
        self._noise_lines = self._commands = self._lines_too_many = 0
        self._room = SPARE_CHARACTERS
        self.entries: list[LogEntry] = []
        self.clip = 0
        self.attempt = 0

    def add(self, kind: str, text: str) -> None:
        """Adds an entry."""
        if kind in (FAULT, END):
            self._tell_left_out()
        self._write(kind, text[:MAX_FAULT_CHARACTERS] if kind == FAULT else text)

    def add_command(self, line: str) -> None:
        """Adds a command to the device; at most MAX_COMMANDS per attempt, then their count."""
        self._commands += 1
        if self._commands <= MAX_COMMANDS:
            self._write(SENT, line)

    def add_audio(self, lines: Sequence[str]) -> None:
        """Adds where lines of audio begin and how many there are. They make room for the device's results."""
        first, characters = lines[0].split(" ", 1)[0], sum(map(len, lines))
        self._room += ROOM_PER_CHARACTER * characters
        self._write(SENT, f"({first}…: {len(lines)} lines, {characters} characters of audio)")

    def add_received(self, received: Received) -> None:
        """Adds a line from the device, if there is room; without a valid check, at most MAX_NOISE_LINES per attempt.

        The lines that are left out are counted; lines_left_out() reads the count.
        """
        self._noise_lines += not received.intact
        if not received.intact and self._noise_lines > MAX_NOISE_LINES:
            return
        size = len(received.text) + ENTRY_CHARACTERS
        if size > self._room:
            self._lines_too_many += 1
            return
        self._room -= size
        self._write(RECEIVED, received.text)

    def begin_attempt(self, clip: int, attempt: int) -> None:
        """Assigns the entries that follow to this attempt."""
        self._tell_left_out()
        self.clip = clip
        self.attempt = attempt

    def _tell_left_out(self) -> None:
        noise, commands = self._noise_lines - MAX_NOISE_LINES, self._commands - MAX_COMMANDS
        too_many = self._lines_too_many
        self._noise_lines = self._commands = self._lines_too_many = 0
        if noise > 0:
            self._write(LINK, f"{noise} more lines without a valid check")
        if commands > 0:
            self._write(LINK, f"{commands} more commands were sent")
        if too_many > 0:
            self._write(LINK, f"{too_many} more lines from the device than the log has room for")

    def _write(self, kind: str, text: str) -> None:
        ms = round((self.clock() - self._began) * 1000, 3)
        entry = LogEntry(ms, self.clip, self.attempt, kind, text)
        self.entries.append(entry)
        if self._stream is not None:
            self._stream.write(entry.to_line())
            self._stream.flush()
        if self._kept is not None and len(self.entries) >= 2 * self._kept:
            del self.entries[: -self._kept]


@contextmanager
def open_log(
    path: Path | None, kept: int | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[SessionLog]:
    """Opens a new log; without a path, it is kept in memory only. Raises ConfigError if the file cannot be created.

    `kept`: how many of the newest entries to keep in memory at least; None: all. `clock`: a clock in seconds.
    """
    if path is None:
        yield SessionLog(clock, kept=kept)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        raise not_writable(path.parent, error) from error
    with stream:
        yield SessionLog(clock, stream, kept)


def read_entries(text: str) -> tuple[LogEntry, ...]:
    """Reads the text of a log. Raises ConfigError, naming the damaged line."""
    return tuple(entries_of(text.split("\n")))


def entries_of(lines: Iterable[str]) -> Iterator[LogEntry]:
    """Reads a log line by line, such as from an open file. Raises ConfigError, naming the damaged line."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read_entry(line, number)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "ms": (int, float),
    "clip": int,
    "attempt": int,
    "kind": str,
    "text": str,
}


def _read_entry(line: str, number: int) -> LogEntry:
    try:
        values = parse_json(line)
    except ValueError as error:
        raise _damaged(number, f"not JSON: {visible_line(str(error), MOST_SHOWN)}") from error
    if not isinstance(values, dict) or values.keys() != _TYPES.keys():
        raise _damaged(number, f"it must have exactly the keys {', '.join(_TYPES)}")
    for key, kind in _TYPES.items():
        if not isinstance(values[key], kind) or isinstance(values[key], bool):
            raise _damaged(number, f"its {key} is {short_repr(values[key])}")
        if kind is not str and not 0 <= values[key] <= LARGEST_INTEGER:
            raise _damaged(number, f"its {key} is {short_repr(values[key])}")
    if values["kind"] not in KINDS:
        raise _damaged(number, f"unknown kind {short_repr(values['kind'])}")
    return LogEntry(**values)


def _damaged(number: int, what: str) -> ConfigError:
    return ConfigError(f"line {number} of the log is damaged: {what}", hint="is this a complete log of tinykws verify?")
