"""The verdict on a stream: a function of its log, which is read once from front to end and never held.

The log of a stream has the entries of a clip's (verdict.py), one clip long, and two kinds of its own: `stream` says how
long it is and what its file was called, each `event` what is said in it and when.
"""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from tinykws.device.clip_results import ResultReader
from tinykws.device.protocol import ClipFigures, Heard, Line, Ok, Scores, parse_line
from tinykws.device.session_log import EVENT, EXPECTED, FAULT, RECEIVED, SENT, STREAM, LogEntry
from tinykws.errors import ConfigError
from tinykws.labels import RESERVED, Label
from tinykws.timeline import Event, StreamDetection, StreamScore, score_stream

Result: TypeAlias = Scores | Heard | ClipFigures


@dataclasses.dataclass(frozen=True)
class StreamVerdict:
    """What became of a stream."""

    file: str
    duration_ms: int
    equal: bool
    """Features, scores and detections are the host's, bit for bit."""
    reason: str
    """Why they are not; empty where they are."""
    first_difference_ms: int | None
    """Where in the stream results are first unequal; None: nowhere, or in nothing that has a time."""
    inferences: int
    """Of the device."""
    events: tuple[Event, ...]
    """What is said in it; empty where nobody said."""
    device_detections: tuple[Heard, ...]
    host_detections: tuple[Heard, ...]
    device: StreamScore
    """How the device did by the events."""
    host: StreamScore
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
            return cls(str(values["file"]), int(values["duration_ms"]), labels)
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"the log's entry about its stream is damaged: {error}") from error


def event_text(event: Event) -> str:
    """Returns the text of an `event` entry: its line of a timeline's CSV."""
    return f"{event.start_ms},{event.end_ms},{event.label}"


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
        self._fault = ""
        self._reader = ResultReader()
        self._ended = False
        self._device = _Side()
        self._host = _Side()
        self._difference: _Difference | None = None

    def take(self, entry: LogEntry) -> None:
        """Takes the next entry."""
        if entry.kind == STREAM:
            self._facts = StreamFacts.from_text(entry.text)
        elif entry.kind == EVENT:
            start, end, label = entry.text.split(",")
            self._events.append(Event(int(start), int(end), label))
        elif entry.kind == FAULT:
            self._fault = entry.text
        elif entry.clip == 0:
            return  # who is there, and the search for where both sides part
        elif entry.kind == EXPECTED:
            self._take_result(self._host, parse_line(entry.text))
        elif entry.kind == SENT:
            self._reader.sent(entry.text)
        elif entry.kind == RECEIVED:
            self._take_received(entry.text)

    def _take_received(self, text: str) -> None:
        line = self._reader.received(text)
        if line is not None:
            self._ended = isinstance(line, Ok)
            self._take_result(self._device, line)

    def _take_result(self, side: _Side, line: Line) -> None:
        if isinstance(line, (Scores, Heard, ClipFigures)):
            side.take(line)
            self._compare()

    def _compare(self) -> None:
        """Takes off both sides what both have."""
        while self._device.waiting and self._host.waiting:
            self._note(self._device.waiting.popleft(), self._host.waiting.popleft())

    def _note(self, device: Result | None, host: Result | None) -> None:
        if self._difference is None:
            self._difference = _difference(device, host)

    def verdict(self) -> StreamVerdict:
        """Returns what all entries come to. Raises ConfigError where they are no stream's."""
        if self._facts is None or self._host.figures is None:
            raise ConfigError("this log is none of a whole stream")
        for device, host in ((self._device.waiting, None), (None, self._host.waiting)):
            if device or host:
                self._note(device[0] if device else None, host[0] if host else None)
        unfinished = "" if self._ended else "the device did not get to the end"
        reason = self._fault or (self._difference.words if self._difference else unfinished)
        return StreamVerdict(
            file=self._facts.file,
            duration_ms=self._facts.duration_ms,
            equal=not reason,
            reason=reason,
            first_difference_ms=self._difference.time_ms if self._difference else None,
            inferences=self._device.inferences,
            events=tuple(self._events),
            device_detections=tuple(self._device.heard),
            host_detections=tuple(self._host.heard),
            device=self._score(self._device, self._facts),
            host=self._score(self._host, self._facts),
            figures=self._device.figures,
        )

    def _score(self, side: _Side, facts: StreamFacts) -> StreamScore:
        words = [label.name for label in facts.labels if label.name not in RESERVED]
        detections = [StreamDetection(line.time_ms, line.label) for line in side.heard if line.label in words]
        return score_stream(self._events, detections, facts.duration_ms, words)


class _Side:
    """What one side made of the stream; only what was heard is kept."""

    def __init__(self) -> None:
        self.waiting: deque[Result] = deque()
        """Not yet compared; as long as one side is ahead of the other."""
        self.heard: list[Heard] = []
        self.inferences = 0
        self.figures: ClipFigures | None = None

    def take(self, line: Result) -> None:
        """Takes a result."""
        self.waiting.append(line)
        if isinstance(line, Heard):
            self.heard.append(line)
        elif isinstance(line, Scores):
            self.inferences += 1
        else:
            self.figures = line


@dataclasses.dataclass(frozen=True)
class _Difference:
    words: str
    time_ms: int | None


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
