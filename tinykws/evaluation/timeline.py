# SPDX-License-Identifier: Apache-2.0
"""Timelines: which words are said in a stream and when, and how detections are scored against them.

A detection counts for an utterance from its start to one second after its end. Every utterance is found (a true
positive), confused (another word was detected) or missed. Every other detection is a false accept, including a second
detection of the same utterance.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from tinykws.support.dataclass_reader import short_repr
from tinykws.support.errors import ConfigError
from tinykws.support.files import write_text_if_changed

GRACE_MS = 1000
"""A detector averages over about a second, so a detection may come this long after the end of a word."""
HEADER = ("start_ms", "end_ms", "label")
LATEST_MS = 2**53
"""More than any recording has; floating-point numbers are exact up to here."""
MS_PER_HOUR = 3_600_000


@dataclasses.dataclass(frozen=True, order=True)
class Event:
    """An utterance of a word."""

    start_ms: int
    end_ms: int
    label: str


@dataclasses.dataclass(frozen=True)
class StreamDetection:
    """A detected word, by its label's name."""

    time_ms: int
    label: str


@dataclasses.dataclass(frozen=True)
class WordCounts:
    """Counts of one word's utterances and false accepts."""

    label: str
    utterances: int
    found: int
    confused: int
    """Utterances that were not found, but for which another word was detected."""
    missed: int
    false_accepts: int
    """Detections of this word that match no utterance."""

    @property
    def recall(self) -> float | None:
        """Share of utterances that were found; None without utterances."""
        return self.found / self.utterances if self.utterances else None


@dataclasses.dataclass(frozen=True)
class StreamScore:
    """Scores of a detector on a stream."""

    duration_ms: int
    words: tuple[WordCounts, ...]
    latencies_ms: tuple[int, ...]
    """Time from the end of each found utterance to its detection, in order; negative if detected before its end."""

    @property
    def utterances(self) -> int:
        """Utterances of all words."""
        return sum(word.utterances for word in self.words)

    @property
    def found(self) -> int:
        """Utterances that were found."""
        return sum(word.found for word in self.words)

    @property
    def confused(self) -> int:
        """Utterances for which another word was detected."""
        return sum(word.confused for word in self.words)

    @property
    def missed(self) -> int:
        """Utterances without any detection."""
        return sum(word.missed for word in self.words)

    @property
    def false_accepts(self) -> int:
        """Detections that match no utterance."""
        return sum(word.false_accepts for word in self.words)

    @property
    def recall(self) -> float | None:
        """Share of utterances that were found; None without utterances."""
        return self.found / self.utterances if self.utterances else None

    @property
    def false_accepts_per_hour(self) -> float:
        """False accepts divided by the length of the whole stream."""
        return self.false_accepts * MS_PER_HOUR / self.duration_ms

    def latency_ms(self, percentile: float) -> float | None:
        """Returns a percentile (0 to 100, interpolated) of the latencies; None if nothing was found."""
        return float(np.percentile(self.latencies_ms, percentile)) if self.latencies_ms else None


def score_stream(
    events: Iterable[Event], detections: Iterable[StreamDetection], duration_ms: int, words: Sequence[str]
) -> StreamScore:
    """Counts found, confused and missed utterances, and false accepts.

    Args:
        events: the utterances; those with other labels than `words` are ignored.
        detections: the detector's detections.
        duration_ms: length of the stream.
        words: labels of the words, in the order of the result.

    Raises:
        ValueError: the stream has no length, or a detection has an unknown label.
    """
    if duration_ms <= 0:
        raise ValueError(f"a stream of {duration_ms} ms")
    # Each detection takes the utterance that ends first: no other choice leaves more utterances for later detections.
    utterances = sorted((event for event in events if event.label in words), key=lambda event: event.end_ms)
    heard = sorted(detections, key=lambda detection: detection.time_ms)
    unknown = {detection.label for detection in heard} - set(words)
    if unknown:
        raise ValueError(f"detections of {sorted(unknown)}, which are not among {list(words)}")
    found, left = _assign(utterances, heard, range(len(utterances)), same_label=True)
    open_ones = [at for at in range(len(utterances)) if at not in found]
    confused, false = _assign(utterances, left, open_ones, same_label=False)
    return StreamScore(
        duration_ms=duration_ms,
        words=tuple(_count(word, utterances, found, confused, false) for word in words),
        latencies_ms=tuple(
            detection.time_ms - utterances[at].end_ms
            for at, detection in sorted(found.items(), key=lambda item: item[1].time_ms)
        ),
    )


def event_of(values: Sequence[str]) -> Event:
    """Returns an event of its three values as text. Raises ValueError if it has others, or its times are wrong."""
    start, end, label = values
    event = Event(int(start), int(end), label)
    if not 0 <= event.start_ms < event.end_ms <= LATEST_MS or not label:
        raise ValueError(f"{start} to {end} ms")
    return event


def read_timeline(path: Path, words: Collection[str] = ()) -> tuple[Event, ...]:
    """Reads a CSV of start_ms, end_ms, label (a header is allowed, so are empty lines), in order of time.

    Args:
        path: the file, UTF-8.
        words: labels of which at least one must occur, to detect a file of another set of words.

    Raises:
        ConfigError: the file is missing, a line is invalid, an end is not after its start, or no word occurs.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"cannot read {path}: {error}", hint=f"a CSV file: {','.join(HEADER)}") from error
    if rows and tuple(cell.strip() for cell in rows[0][1]) == HEADER:
        del rows[0]
    events = tuple(sorted(_read_event(path, number, row) for number, row in rows))
    if words and events and not any(event.label in words for event in events):
        labels = ", ".join(sorted({event.label for event in events})[:5])
        raise ConfigError(f"{path} has none of the words {', '.join(words)}", hint=f"its labels are {labels}")
    return events


def write_timeline(path: Path, events: Iterable[Event]) -> None:
    """Writes a CSV for `read_timeline`, in order of time."""
    rows = [HEADER, *(dataclasses.astuple(event) for event in sorted(events))]
    write_text_if_changed(path, "".join(",".join(map(str, row)) + "\n" for row in rows))


def _assign(
    utterances: Sequence[Event], heard: Iterable[StreamDetection], candidates: Iterable[int], *, same_label: bool
) -> tuple[dict[int, StreamDetection], list[StreamDetection]]:
    """Assigns each detection to the first free utterance that it matches; returns these, and the other detections."""
    taken: dict[int, StreamDetection] = {}
    left = []
    waiting = list(candidates)
    for detection in heard:
        waiting = [at for at in waiting if at not in taken and detection.time_ms <= utterances[at].end_ms + GRACE_MS]
        fitting = (
            at
            for at in waiting
            if utterances[at].start_ms <= detection.time_ms and (utterances[at].label == detection.label) == same_label
        )
        at = next(fitting, None)
        if at is None:
            left.append(detection)
        else:
            taken[at] = detection
    return taken, left


def _count(
    word: str,
    utterances: Sequence[Event],
    found: Collection[int],
    confused: Collection[int],
    false: Iterable[StreamDetection],
) -> WordCounts:
    of_word = {at for at, event in enumerate(utterances) if event.label == word}
    n_found, n_confused = len(of_word & set(found)), len(of_word & set(confused))
    return WordCounts(
        label=word,
        utterances=len(of_word),
        found=n_found,
        confused=n_confused,
        missed=len(of_word) - n_found - n_confused,
        false_accepts=sum(detection.label == word for detection in false),
    )


def _read_event(path: Path, number: int, row: list[str]) -> Event:
    try:
        return event_of([cell.strip() for cell in row])
    except ValueError as error:
        hint = (
            f"expected three values: {','.join(HEADER)}, with 0 <= start_ms < end_ms and a label"
            "\na list of speakers instead needs a header with a column named speaker"
        )
        raise ConfigError(f"{path}, line {number} is {short_repr(','.join(row))}", hint=hint) from error
