# SPDX-License-Identifier: Apache-2.0
"""The verdict on a stream: a function of its log, which is read once and never held in memory.

The log has the entries of a single clip (verdict.py), and two kinds of its own: `stream` gives the file's name and
length, each `event` a word that is said and when. If a stream was interrupted and sent again, the log contains both
attempts, with the host's expected lines for each.
"""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from tinykws.device.clip_results import ClipResultReader
from tinykws.device.protocol import ClipFigures, Heard, Line, Ok, Scores, parse_line
from tinykws.device.session_log import EVENT, EXPECTED, FAULT, RECEIVED, SENT, STREAM, LogEntry
from tinykws.evaluation.timeline import Event, StreamDetection, StreamScore, event_of, score_stream
from tinykws.project.labels import RESERVED, Label
from tinykws.support.dataclass_reader import require_at_least, short_repr
from tinykws.support.errors import ConfigError
from tinykws.support.json_text import read_json_object

Result: TypeAlias = Scores | Heard | ClipFigures


@dataclasses.dataclass(frozen=True)
class StreamAttempt:
    """One attempt to send the stream from its start."""

    number: int
    """From 1."""
    heard_ms: int
    """How far into the stream the device's results reach; the stream's length if they are complete."""
    inferences: int
    """Number of inferences on the device."""
    difference: str
    """The first difference in the results that arrived; empty if they are equal."""
    fault: str
    """Why it was interrupted; empty if it was not."""
    ended_s: float
    """When it ended, in seconds since the log began."""

    def describe_fault(self) -> str:
        """Returns where in the stream the attempt was interrupted, and why."""
        return f"attempt {self.number} was interrupted {self.heard_ms / 1000:.2f} s into the stream: {self.fault}"


@dataclasses.dataclass(frozen=True)
class StreamVerdict:
    """The verdict on a stream.

    It is taken from the attempt that reached the end. If none did, it is taken from the one that got furthest: both
    sides are compared and counted up to there, and the stream is not equal. It is not equal either if results of any
    attempt differ: they arrived with valid checks, so the device did compute them.
    """

    file: str
    duration_ms: int
    equal: bool
    """Features, scores and detections equal the host's, bit for bit, to the end and in all attempts."""
    reason: str
    """Why it is not equal; empty if it is."""
    difference: str
    """The first difference of the first attempt that has one; empty if none has."""
    first_difference_ms: int | None
    """Time of that difference in the stream; None if there is none, or it has no time."""
    heard_ms: int
    """How far into the stream the device's results reach."""
    attempts: tuple[StreamAttempt, ...]
    """All attempts, in order."""
    inferences: int
    """Number of inferences on the device."""
    events: tuple[Event, ...]
    """The words said in it; empty if they are unknown."""
    device_detections: tuple[Heard, ...]
    host_detections: tuple[Heard, ...]
    """Up to where the device's results reach."""
    device: StreamScore | None
    """Score of the device on the events that begin before `heard_ms`; None if it processed nothing."""
    host: StreamScore | None
    """Score of the host on the same events."""
    figures: ClipFigures | None
    """The device's totals; None if it did not reach the end."""


@dataclasses.dataclass(frozen=True)
class StreamFacts:
    """A `stream` entry: facts about the stream that no line from the device contains."""

    file: str
    duration_ms: int
    labels: tuple[Label, ...]
    """The model's labels."""
    lead_in_ms: int = 0
    """What the device heard before the recording; times in its lines count from there, all others from the recording's
    start. 0 in logs from before there was a lead-in."""
    refused: str = ""
    """Why no device was asked: the bundle is wrong. Empty if one was."""
    board: str = ""
    """The board's id; empty in older logs."""
    model_id: str = ""
    """Identifies the bundle's model; empty in older logs."""
    identity: str = ""
    """Of the bundle that the run was made with (tinykws/project/identity.py); empty in older logs."""

    def to_text(self) -> str:
        """Returns the text of a `stream` entry."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> StreamFacts:
        """Parses the text that `to_text` wrote. Raises ConfigError."""
        try:
            facts = read_json_object(cls, text)
            require_at_least("lead_in_ms", facts.lead_in_ms, 0)
        except ConfigError as error:
            raise ConfigError(f"the log's entry about its stream is damaged: {error.message}") from error
        if facts.duration_ms <= 0:
            raise ConfigError(f"the log's entry about its stream is damaged: it is {facts.duration_ms} ms long")
        return facts


def event_text(event: Event) -> str:
    """Returns the text of an `event` entry: the event's line in the CSV of a timeline."""
    return f"{event.start_ms},{event.end_ms},{event.label}"


def _read_event(text: str) -> Event:
    try:
        return event_of(text.split(","))
    except ValueError as error:
        raise ConfigError(f"the log's entry about an event is damaged: {short_repr(text)}") from error


def judge_stream(entries: Iterable[LogEntry]) -> StreamVerdict:
    """Returns the verdict on a stream's log. Raises ConfigError if it is not one."""
    reader = _Reader()
    for entry in entries:
        reader.take(entry)
    return reader.verdict()


class _Reader:
    """Reads a log, entry by entry."""

    def __init__(self) -> None:
        self._facts: StreamFacts | None = None
        self._events: list[Event] = []
        self._attempts: list[_Attempt] = []

    def take(self, entry: LogEntry) -> None:
        """Reads the next entry."""
        if entry.kind == STREAM:
            self._facts = StreamFacts.from_text(entry.text)
        elif entry.kind == EVENT:
            self._events.append(_read_event(entry.text))
        elif entry.clip > 0:  # entries of clip 0 are the banner and the search for mismatches
            self._attempt_of(entry).take(entry)

    def _attempt_of(self, entry: LogEntry) -> _Attempt:
        if not self._attempts or self._attempts[-1].number != entry.attempt:
            self._attempts.append(_Attempt(entry.attempt, self._facts.lead_in_ms if self._facts else 0))
        return self._attempts[-1]

    def verdict(self) -> StreamVerdict:
        """Returns the verdict on all entries. Raises ConfigError if they are not those of a stream."""
        if self._facts is None:
            raise ConfigError("this is not a log of a stream")
        facts, attempts = self._facts, self._attempts or [_Attempt(1)]
        summaries = tuple(each.result(facts.duration_ms) for each in attempts)
        best = max(range(len(summaries)), key=lambda at: (not summaries[at].fault, summaries[at].heard_ms, at))
        attempt, summary = attempts[best], summaries[best]
        difference = _first_difference(attempts, attempt)
        faults = [each.describe_fault() for each in summaries if summary.fault]
        until_ms = summary.heard_ms if summary.fault else None
        device, host = attempt.device.detections_until(until_ms), attempt.host.detections_until(until_ms)
        words = difference.words if difference else ""
        reason = "; ".join(filter(None, [words, *faults]))
        return StreamVerdict(
            file=facts.file,
            duration_ms=facts.duration_ms,
            equal=not reason,
            reason=reason,
            difference=words,
            first_difference_ms=difference.time_ms if difference else None,
            heard_ms=summary.heard_ms,
            attempts=summaries,
            inferences=summary.inferences,
            events=tuple(self._events),
            device_detections=device,
            host_detections=host,
            device=self._score(device, facts, summary.heard_ms),
            host=self._score(host, facts, summary.heard_ms),
            figures=attempt.device.figures,
        )

    def _score(self, heard: Iterable[Heard], facts: StreamFacts, until_ms: int) -> StreamScore | None:
        if until_ms <= 0:
            return None
        words = [label.name for label in facts.labels if label.name not in RESERVED]
        events = [event for event in self._events if event.start_ms < until_ms]
        detections = [StreamDetection(line.time_ms, line.label) for line in heard if line.label in words]
        return score_stream(events, detections, until_ms, words)


class _Attempt:
    """Reads one attempt; results of the two sides are compared as they arrive."""

    def __init__(self, number: int, lead_in_ms: int = 0) -> None:
        self.number = number
        self._lead_in_ms = lead_in_ms
        self.device = _Side()
        self.host = _Side()
        self.difference: _Difference | None = None
        self._reader = ClipResultReader()
        self._faults: list[str] = []
        self._ended = False
        self._last_ms = 0.0

    def take(self, entry: LogEntry) -> None:
        """Reads the next entry."""
        self._last_ms = entry.ms
        if entry.kind == FAULT:
            self._faults.append(entry.text)
        elif entry.kind == EXPECTED:
            self._take_result(self.host, parse_line(entry.text))
        elif entry.kind == SENT:
            self._reader.sent(entry.text)
        elif entry.kind == RECEIVED:
            line = self._reader.received(entry.text)
            if line is not None:
                self._ended = isinstance(line, Ok)
                self._take_result(self.device, line)

    def result(self, duration_ms: int) -> StreamAttempt:
        """Returns the attempt's summary, once all of it is read."""
        is_whole = self._ended and not self._faults
        if is_whole:
            self._compare_rest()
        faults = list(dict.fromkeys(self._faults)) or ["the device did not reach the end"]
        return StreamAttempt(
            number=self.number,
            heard_ms=duration_ms if is_whole else min(max(0, self.device.newest_ms), duration_ms),
            inferences=self.device.inferences,
            difference=self.difference.words if self.difference else "",
            fault="" if is_whole else "; ".join(faults),
            ended_s=round(self._last_ms / 1000, 3),
        )

    def _take_result(self, side: _Side, line: Line) -> None:
        if isinstance(line, (Scores, Heard)):
            line = dataclasses.replace(line, time_ms=line.time_ms - self._lead_in_ms)
        if isinstance(line, (Scores, Heard, ClipFigures)):
            side.take(line)
            self._compare()

    def _compare(self) -> None:
        """Compares and removes the results that both sides have."""
        while self.device.waiting and self.host.waiting:
            self._note(self.device.waiting.popleft(), self.host.waiting.popleft())

    def _compare_rest(self) -> None:
        """Compares at the end of the attempt: a result that only one side has is a difference."""
        if self.host.figures is None:
            self.difference = self.difference or _Difference("the log lacks the host's expected results", None)
        for device, host in ((self.device.waiting, None), (None, self.host.waiting)):
            if device or host:
                self._note(device[0] if device else None, host[0] if host else None)

    def _note(self, device: Result | None, host: Result | None) -> None:
        self.difference = self.difference or _difference(device, host)


class _Side:
    """The results of one side; only detections are kept."""

    def __init__(self) -> None:
        self.waiting: deque[Result] = deque()
        """Results not yet compared, because the other side is behind."""
        self.heard: list[Heard] = []
        self.newest_ms = 0
        """Time in the stream of the newest result that has one."""
        self.inferences = 0
        self.figures: ClipFigures | None = None

    def take(self, line: Result) -> None:
        """Adds a result."""
        self.waiting.append(line)
        if isinstance(line, ClipFigures):
            self.figures = line
            return
        self.newest_ms = line.time_ms
        if isinstance(line, Heard):
            self.heard.append(line)
        else:
            self.inferences += 1

    def detections_until(self, until_ms: int | None) -> tuple[Heard, ...]:
        """Returns the detections in the stream up to a time; None: all. Those in the lead-in are not in the stream."""
        return tuple(
            line for line in self.heard if line.time_ms >= 0 and (until_ms is None or line.time_ms <= until_ms)
        )


@dataclasses.dataclass(frozen=True)
class _Difference:
    words: str
    time_ms: int | None


def _first_difference(attempts: Iterable[_Attempt], counting: _Attempt) -> _Difference | None:
    """Returns the difference of the first attempt that has one, naming the attempt if it is not the one that counts."""
    for attempt in attempts:
        if attempt.difference is not None:
            where = "" if attempt is counting else f"attempt {attempt.number}: "
            return dataclasses.replace(attempt.difference, words=where + attempt.difference.words)
    return None


def _difference(device: Result | None, host: Result | None) -> _Difference | None:
    """Compares two results at the same position; None if they are equal."""
    if isinstance(device, ClipFigures) and isinstance(host, ClipFigures):
        if (device.features_crc, device.frames) == (host.features_crc, host.frames):
            return None
        return _Difference(
            f"features differ: CRC {device.features_crc:08x} over {device.frames} frames on the device,"
            f" {host.features_crc:08x} over {host.frames} on the host",
            None,
        )
    if device is None and isinstance(host, ClipFigures):
        return _Difference("the device gave no result for the stream", None)
    if device == host:
        return None
    times = [line.time_ms for line in (device, host) if isinstance(line, (Scores, Heard))]
    what = "detections" if isinstance(device, Heard) or isinstance(host, Heard) else "scores"
    return _Difference(
        f"{what} differ: {_words(device)} on the device, {_words(host)} on the host", min(times, default=None)
    )


def _words(line: Result | None) -> str:
    if isinstance(line, Scores):
        return f"{' '.join(map(str, line.scores))} at {line.time_ms} ms"
    if isinstance(line, Heard):
        return line.to_line().removeprefix("Heard ")
    return "nothing"
