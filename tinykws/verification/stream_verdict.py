# SPDX-License-Identifier: Apache-2.0
"""The verdict on a stream: a function of its log, which is read once from front to end and never held.

The log of a stream has the entries of a clip's (verdict.py), one clip long, and two kinds of its own: `stream` says how
long it is and what its file was called, each `event` what is said in it and when. A stream that broke off and was sent
again is there twice, what the host expects too.
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
from tinykws.evaluation.timeline import Event, StreamDetection, StreamScore, score_stream
from tinykws.project.labels import RESERVED, Label
from tinykws.support.errors import ConfigError

Result: TypeAlias = Scores | Heard | ClipFigures


@dataclasses.dataclass(frozen=True)
class StreamAttempt:
    """One time that the stream was sent, from its start."""

    number: int
    """Counted from 1."""
    heard_ms: int
    """How far into the stream the device's results go; its length where they go to the end."""
    inferences: int
    """Of the device."""
    difference: str
    """The first difference in what was heard; empty where device and host are equal as far as that goes."""
    fault: str
    """Why it broke off; empty where it did not."""
    ended_s: float
    """When it was over, in seconds since the log began."""

    def describe_fault(self) -> str:
        """Returns in words where it broke off, when, and why."""
        return f"attempt {self.number} broke off {self.heard_ms / 1000:.2f} s into the stream: {self.fault}"


@dataclasses.dataclass(frozen=True)
class StreamVerdict:
    """What became of a stream.

    It is that of the attempt that came to the end. Where none did, of the one that came furthest: as far as it came,
    both sides are compared and counted, and the stream is not equal. Nor is it where results of any attempt differ:
    they came with right checks, so the device did compute them.
    """

    file: str
    duration_ms: int
    equal: bool
    """Features, scores and detections are the host's, bit for bit, to the end, and in no attempt anything else."""
    reason: str
    """Why they are not; empty where they are."""
    difference: str
    """Where device and host first differ in what was heard, in the first attempt in which they do; empty: nowhere."""
    first_difference_ms: int | None
    """Where in the stream that is; None: nowhere, or in nothing that has a time."""
    heard_ms: int
    """How far the device came."""
    attempts: tuple[StreamAttempt, ...]
    """All of them, in order."""
    inferences: int
    """Of the device."""
    events: tuple[Event, ...]
    """What is said in it; empty where nobody said."""
    device_detections: tuple[Heard, ...]
    host_detections: tuple[Heard, ...]
    """As far as the device came."""
    device: StreamScore | None
    """How the device did by the events that begin in what it heard; None where it heard nothing."""
    host: StreamScore | None
    """How the host did in the same part."""
    figures: ClipFigures | None
    """The device's; None where it did not get to the end."""


@dataclasses.dataclass(frozen=True)
class StreamFacts:
    """What a `stream` entry says: what no line of the device tells."""

    file: str
    duration_ms: int
    labels: tuple[Label, ...]
    """The model's."""

    def to_text(self) -> str:
        """Returns the text of a `stream` entry."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> StreamFacts:
        """Reads what `to_text` wrote. Raises ConfigError."""
        try:
            values = json.loads(text)
            labels = tuple(Label(**label) for label in values["labels"])
            facts = cls(str(values["file"]), int(values["duration_ms"]), labels)
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"the log's entry about its stream is damaged: {error}") from error
        if facts.duration_ms <= 0:
            raise ConfigError(f"the log's entry about its stream is damaged: it is {facts.duration_ms} ms long")
        return facts


def event_text(event: Event) -> str:
    """Returns the text of an `event` entry: its line of a timeline's CSV."""
    return f"{event.start_ms},{event.end_ms},{event.label}"


def _read_event(text: str) -> Event:
    try:
        start, end, label = text.split(",")
        return Event(int(start), int(end), label)
    except ValueError as error:
        raise ConfigError(f"the log's entry about an event is damaged: {error}") from error


def judge_stream(entries: Iterable[LogEntry]) -> StreamVerdict:
    """Returns the verdict on a stream's log. Raises ConfigError where it is none."""
    reader = _Reader()
    for entry in entries:
        reader.take(entry)
    return reader.verdict()


class _Reader:
    """What has been read of a log."""

    def __init__(self) -> None:
        self._facts: StreamFacts | None = None
        self._events: list[Event] = []
        self._attempts: list[_Attempt] = []

    def take(self, entry: LogEntry) -> None:
        """Takes the next entry."""
        if entry.kind == STREAM:
            self._facts = StreamFacts.from_text(entry.text)
        elif entry.kind == EVENT:
            self._events.append(_read_event(entry.text))
        elif entry.clip > 0:  # else: who is there, and the search for where both sides part
            self._attempt_of(entry).take(entry)

    def _attempt_of(self, entry: LogEntry) -> _Attempt:
        if not self._attempts or self._attempts[-1].number != entry.attempt:
            self._attempts.append(_Attempt(entry.attempt))
        return self._attempts[-1]

    def verdict(self) -> StreamVerdict:
        """Returns what all entries come to. Raises ConfigError where they are no stream's."""
        if self._facts is None:
            raise ConfigError("this log is none of a stream")
        facts, attempts = self._facts, self._attempts or [_Attempt(1)]
        told = tuple(attempt.result(facts.duration_ms) for attempt in attempts)
        best = max(range(len(told)), key=lambda at: (not told[at].fault, told[at].heard_ms, at))
        tried, one = attempts[best], told[best]
        difference = _first_difference(attempts, tried)
        broken_off = [attempt.describe_fault() for attempt in told if one.fault]
        until_ms = one.heard_ms if one.fault else None
        device, host = tried.device.detections_until(until_ms), tried.host.detections_until(until_ms)
        words = difference.words if difference else ""
        reason = "; ".join(filter(None, [words, *broken_off]))
        return StreamVerdict(
            file=facts.file,
            duration_ms=facts.duration_ms,
            equal=not reason,
            reason=reason,
            difference=words,
            first_difference_ms=difference.time_ms if difference else None,
            heard_ms=one.heard_ms,
            attempts=told,
            inferences=one.inferences,
            events=tuple(self._events),
            device_detections=device,
            host_detections=host,
            device=self._score(device, facts, one.heard_ms),
            host=self._score(host, facts, one.heard_ms),
            figures=tried.device.figures,
        )

    def _score(self, heard: Iterable[Heard], facts: StreamFacts, until_ms: int) -> StreamScore | None:
        if until_ms <= 0:
            return None
        words = [label.name for label in facts.labels if label.name not in RESERVED]
        events = [event for event in self._events if event.start_ms < until_ms]
        detections = [StreamDetection(line.time_ms, line.label) for line in heard if line.label in words]
        return score_stream(events, detections, until_ms, words)


class _Attempt:
    """What has been read of one attempt; the two sides are compared as they come."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.device = _Side()
        self.host = _Side()
        self.difference: _Difference | None = None
        self._reader = ClipResultReader()
        self._faults: list[str] = []
        self._ended = False
        self._last_ms = 0.0

    def take(self, entry: LogEntry) -> None:
        """Takes the next entry."""
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
        """Returns what it comes to, when all of it is read."""
        is_whole = self._ended and not self._faults
        if is_whole:
            self._compare_rest()
        faults = list(dict.fromkeys(self._faults)) or ["the device did not get to the end"]
        return StreamAttempt(
            number=self.number,
            heard_ms=duration_ms if is_whole else min(self.device.newest_ms, duration_ms),
            inferences=self.device.inferences,
            difference=self.difference.words if self.difference else "",
            fault="" if is_whole else "; ".join(faults),
            ended_s=round(self._last_ms / 1000, 3),
        )

    def _take_result(self, side: _Side, line: Line) -> None:
        if isinstance(line, (Scores, Heard, ClipFigures)):
            side.take(line)
            self._compare()

    def _compare(self) -> None:
        """Takes off both sides what both have."""
        while self.device.waiting and self.host.waiting:
            self._note(self.device.waiting.popleft(), self.host.waiting.popleft())

    def _compare_rest(self) -> None:
        """Nothing more comes: what one side has alone is a difference."""
        if self.host.figures is None:
            self.difference = self.difference or _Difference("the log does not hold all that the host expects", None)
        for device, host in ((self.device.waiting, None), (None, self.host.waiting)):
            if device or host:
                self._note(device[0] if device else None, host[0] if host else None)

    def _note(self, device: Result | None, host: Result | None) -> None:
        self.difference = self.difference or _difference(device, host)


class _Side:
    """What one side made of the stream; only what was heard is kept."""

    def __init__(self) -> None:
        self.waiting: deque[Result] = deque()
        """Not yet compared; as long as one side is ahead of the other."""
        self.heard: list[Heard] = []
        self.newest_ms = 0
        """Where in the stream the newest result with a time is."""
        self.inferences = 0
        self.figures: ClipFigures | None = None

    def take(self, line: Result) -> None:
        """Takes a result."""
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
        """Returns what was heard up to then; None: all."""
        return tuple(line for line in self.heard if until_ms is None or line.time_ms <= until_ms)


@dataclasses.dataclass(frozen=True)
class _Difference:
    words: str
    time_ms: int | None


def _first_difference(attempts: Iterable[_Attempt], counting: _Attempt) -> _Difference | None:
    """Returns that of the first attempt that has one, naming the attempt where it is not the one that counts."""
    for attempt in attempts:
        if attempt.difference is not None:
            where = "" if attempt is counting else f"attempt {attempt.number}: "
            return dataclasses.replace(attempt.difference, words=where + attempt.difference.words)
    return None


def _difference(device: Result | None, host: Result | None) -> _Difference | None:
    """Compares two results of the same place; None where they are equal."""
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
