"""The verdict on a device: a pure function of the log, so a log can be judged again without a board.

A log holds every line that went over the serial line, and beside them what the host's own pipeline made of the same
samples, written as the lines that the device should print. Judging is comparing the two.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Any

from tinykws.device.protocol import ClipFigures, Heard, Line, Ready, Scores, parse_line
from tinykws.device.self_test import complaint_of
from tinykws.errors import ConfigError

SENT, RECEIVED, EXPECTED = "sent", "received", "expected"
CLIP, LABEL, FAULT = "clip", "label", "fault"
STREAM, EVENT, MISMATCH = "stream", "event", "mismatch"
KINDS = (SENT, RECEIVED, EXPECTED, CLIP, LABEL, FAULT, STREAM, EVENT, MISMATCH)


@dataclasses.dataclass(frozen=True)
class LogEntry:
    """One line of a log.

    Kinds: `sent` and `received` went over the serial line (audio as its length only); `expected` is what the host's
    pipeline says the device should print; `clip` begins a clip with its file's name, `label` says what it should be
    heard as, `fault` why an attempt was given up. `stream` and `event`: see stream_verdict.py;
    `mismatch`: where device and host part, see mismatch_search.py.
    """

    ms: float
    """Since the log began."""
    clip: int
    """Counted from 1; 0 before the first."""
    attempt: int
    kind: str
    text: str


@dataclasses.dataclass(frozen=True)
class ClipResult:
    """What became of one clip."""

    file: str
    expected_label: str | None
    """None where nobody said what the clip holds."""
    predicted_label: str | None
    """The device's highest score in the first full window; None where it gave none."""
    equal: bool
    """Features, scores and detections are the host's, bit for bit."""
    reason: str
    """Why it is not equal; empty where it is."""
    attempts: int
    scores: tuple[int, ...]
    """The device's, of the first full window."""
    detections: tuple[str, ...]
    """The device's, as `yes (201) @1290ms`."""
    figures: ClipFigures | None
    mismatch: str = ""
    """Where device and host first part, if that was looked into."""

    @property
    def correct(self) -> bool | None:
        """Whether the device heard what the clip holds; None where nobody said."""
        return None if self.expected_label is None else self.predicted_label == self.expected_label


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the log comes to."""

    passed: bool
    reason: str
    """Why it did not pass; empty where it did."""
    clips: tuple[ClipResult, ...]
    accuracy: float | None
    """Share of right labels among the clips whose label is known."""


def judge(entries: Sequence[LogEntry], min_accuracy: float | None = None) -> Verdict:
    """Returns the verdict on a log: PASS where every clip is equal and, if asked for, enough labels are right.

    A device whose own self-test failed is FAIL, though all clips of this log be equal.
    """
    labels = _labels(entries)
    by_clip = groupby((entry for entry in entries if entry.clip > 0), key=lambda entry: entry.clip)
    clips = tuple(_judge_clip(list(of_clip), labels) for _, of_clip in by_clip)
    known = [clip.correct for clip in clips if clip.correct is not None]
    accuracy = sum(known) / len(known) if known else None
    reason = "; ".join(filter(None, [_reason(clips, accuracy, min_accuracy), _self_test_complaint(entries)]))
    return Verdict(not reason, reason, clips, accuracy)


def write_entries(entries: Iterable[LogEntry]) -> str:
    """Returns a log as JSONL."""
    return "".join(json.dumps(dataclasses.asdict(entry)) + "\n" for entry in entries)


def read_entries(text: str) -> tuple[LogEntry, ...]:
    """Reads what `write_entries` wrote. Raises ConfigError, naming the line."""
    return tuple(entries_of(text.splitlines()))


def entries_of(lines: Iterable[str]) -> Iterator[LogEntry]:
    """Reads a log line by line, such as from an open file. Raises ConfigError, naming the line."""
    for number, line in enumerate(lines, start=1):
        try:
            entry = LogEntry(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise ConfigError(f"line {number} of the log is damaged: {error}") from error
        if entry.kind not in KINDS:
            raise ConfigError(f"line {number} of the log has kind {entry.kind!r}")
        yield entry


def _labels(entries: Sequence[LogEntry]) -> tuple[str, ...]:
    """The device's labels, of its last banner."""
    banners = [line for line in _lines(entries, RECEIVED) if isinstance(line, Ready)]
    return banners[-1].labels if banners else ()


def _judge_clip(entries: list[LogEntry], labels: tuple[str, ...]) -> ClipResult:
    attempt = max(entry.attempt for entry in entries)
    expected = _lines(entries, EXPECTED)
    received = _lines([entry for entry in entries if entry.attempt == attempt], RECEIVED)
    fault = _text(entries, FAULT, attempt)
    first = next((line.scores for line in received if isinstance(line, Scores)), ())
    reason = fault or _difference(received, expected)
    return ClipResult(
        file=_text(entries, CLIP) or "",
        expected_label=_text(entries, LABEL),
        predicted_label=_label_of(first, labels),
        equal=reason is None,
        reason=reason or "",
        attempts=attempt,
        scores=first,
        detections=tuple(_words(line) for line in received if isinstance(line, Heard)),
        figures=_figures(received),
        mismatch=_text(entries, MISMATCH) or "",
    )


def _lines(entries: Iterable[LogEntry], kind: str) -> list[Line]:
    return [parse_line(entry.text) for entry in entries if entry.kind == kind]


def _text(entries: Iterable[LogEntry], kind: str, attempt: int | None = None) -> str | None:
    texts = [entry.text for entry in entries if entry.kind == kind and attempt in (None, entry.attempt)]
    return texts[-1] if texts else None


def _label_of(scores: tuple[int, ...], labels: tuple[str, ...]) -> str | None:
    if not scores or len(scores) != len(labels):
        return None
    return labels[scores.index(max(scores))]


def _figures(lines: Iterable[Line]) -> ClipFigures | None:
    return next((line for line in lines if isinstance(line, ClipFigures)), None)


def _difference(device: Sequence[Line], host: Sequence[Line]) -> str | None:
    """Returns the first difference along the pipeline, or None where there is none."""
    return (
        _features_difference(_figures(device), _figures(host))
        or _scores_difference(device, host)
        or _detections_difference(device, host)
    )


def _features_difference(device: ClipFigures | None, host: ClipFigures | None) -> str | None:
    if host is None:
        return "the log does not hold what the host expects"
    if device is None:
        return "the device gave no result"
    if device.frames != host.frames:
        return f"features differ: {device.frames} frames on the device, {host.frames} on the host"
    if device.features_crc != host.features_crc:
        return f"features differ: CRC {device.features_crc:08x} on the device, {host.features_crc:08x} on the host"
    return None


def _scores_difference(device: Sequence[Line], host: Sequence[Line]) -> str | None:
    def words(line: Scores | None) -> str:
        return "none" if line is None else f"{' '.join(map(str, line.scores))} at {line.time_ms} ms"

    return _first_unequal("scores", _of(Scores, device), _of(Scores, host), words)


def _detections_difference(device: Sequence[Line], host: Sequence[Line]) -> str | None:
    def words(line: Heard | None) -> str:
        return "none" if line is None else _words(line)

    return _first_unequal("detections", _of(Heard, device), _of(Heard, host), words)


def _of(kind: type[Any], lines: Iterable[Line]) -> list[Any]:
    return [line for line in lines if isinstance(line, kind)]


def _first_unequal(what: str, device: list[Any], host: list[Any], words: Callable[[Any], str]) -> str | None:
    for ours, theirs in zip_longest(device, host):
        if ours != theirs:
            return f"{what} differ: {words(ours)} on the device, {words(theirs)} on the host"
    return None


def _words(heard: Heard) -> str:
    return heard.to_line().removeprefix("Heard ")


def _self_test_complaint(entries: Sequence[LogEntry]) -> str | None:
    """What any of the device's banners tells: it may have started anew."""
    banners = [line for line in _lines(entries, RECEIVED) if isinstance(line, Ready)]
    return next((complaint for ready in banners if (complaint := complaint_of(ready))), None)


def _reason(clips: Sequence[ClipResult], accuracy: float | None, min_accuracy: float | None) -> str:
    unequal = [clip for clip in clips if not clip.equal]
    if not clips:
        return "no clip was sent"
    if unequal:
        return f"{len(unequal)} of {len(clips)} clips failed; {unequal[0].file}: {unequal[0].reason}"
    if min_accuracy and accuracy is None:
        return f"an accuracy of {min_accuracy:.1%} was asked for, but no clip's label is known"
    if min_accuracy and accuracy is not None and accuracy < min_accuracy:
        return (
            f"device and host agree, but only {accuracy:.1%} of the labels are right, {min_accuracy:.1%} were asked for"
        )
    return ""
