# SPDX-License-Identifier: Apache-2.0
"""The report on a stream, made from its log alone, so that a log read back gives the same report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tinykws.device.banner_checks import self_test_failure
from tinykws.device.protocol import Ready, read_line
from tinykws.device.session_log import END, RECEIVED, STREAM, LogEntry
from tinykws.evaluation.timeline import StreamScore
from tinykws.project.labels import Label
from tinykws.support.errors import ConfigError
from tinykws.verification.clip_report import RunEnd
from tinykws.verification.mismatch_search import FoundMismatch
from tinykws.verification.stream_verdict import StreamFacts, StreamVerdict, judge_stream


@dataclasses.dataclass(frozen=True)
class StreamReport:
    """What the device made of a stream."""

    board: str
    engine: str
    model_id: str
    self_test: str
    """What the device said of its self-test at boot: ok, features, scores, engine; none: it has none."""
    passed: bool
    reason: str
    """Why it did not pass; empty where it did."""
    ended: str
    """Why the run ended before its time, such as a device that was lost for good; empty where it did not."""
    verdict: StreamVerdict
    labels: tuple[Label, ...]
    seconds: float
    """From the start of the emulator, or the opening of the port, to the last result."""
    log_path: Path | None
    mismatches: tuple[FoundMismatch, ...] = ()
    """Where device and host first part, where they do."""

    @property
    def audio_seconds(self) -> float:
        """Length of the stream."""
        return self.verdict.duration_ms / 1000

    def header(self) -> tuple[str, ...]:
        """Returns the titles of `rows`."""
        return ("word", "said", "found", "confused", "missed", "false", "on the host")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yields a row of a table for each word; `on the host` are the same four numbers."""
        if self.verdict.device is None or self.verdict.host is None:
            return
        texts = {label.name: label.text for label in self.labels}
        for device, host in zip(self.verdict.device.words, self.verdict.host.words, strict=True):
            numbers = (device.found, device.confused, device.missed, device.false_accepts)
            theirs = (host.found, host.confused, host.missed, host.false_accepts)
            same = "the same" if numbers == theirs else " ".join(map(str, theirs))
            yield (texts.get(device.label, device.label), str(device.utterances), *map(str, numbers), same)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON-ready values."""
        values = dataclasses.asdict(self)
        values["log_path"] = None if self.log_path is None else str(self.log_path)
        values["audio_seconds"] = self.audio_seconds
        for side, score in (("device", self.verdict.device), ("host", self.verdict.host)):
            if score is not None:
                values["verdict"][side] |= _numbers(score)
        values["stream"] = values.pop("verdict")
        values["verdict"] = "PASS" if self.passed else "FAIL"
        return values


def stream_report_of(entries: Iterable[LogEntry], log_path: Path | None = None) -> StreamReport:
    """Returns the report on a stream's log, which is read once.

    A log that was cut short is FAIL.

    Raises:
        ConfigError: it is no log of a stream, or no device ever introduced itself.
    """
    around = _RunDetails()
    verdict = judge_stream(around.collecting(entries))
    if around.ready is None or around.facts is None:
        raise ConfigError("no device says in this log who it is")
    ended = "" if around.end.ended in verdict.reason else around.end.ended
    reason = "; ".join(filter(None, [verdict.reason, ended, around.complaint]))
    return StreamReport(
        board=around.ready.board,
        engine=around.ready.engine,
        model_id=around.ready.model,
        self_test=around.ready.self_test,
        passed=not reason,
        reason=reason,
        ended=around.end.ended,
        verdict=verdict,
        labels=around.facts.labels,
        seconds=around.last_ms / 1000,
        log_path=log_path,
        mismatches=around.end.mismatches,
    )


class _RunDetails:
    """What a log says beside the stream itself."""

    def __init__(self) -> None:
        self.ready: Ready | None = None
        self.facts: StreamFacts | None = None
        self.complaint: str | None = None
        self.end = RunEnd("the log ends in the middle of the run")
        self.last_ms = 0.0

    def collecting(self, entries: Iterable[LogEntry]) -> Iterator[LogEntry]:
        """Yields the entries, and takes what is wanted of them."""
        for entry in entries:
            if entry.kind == STREAM:
                self.facts = StreamFacts.from_text(entry.text)
            elif entry.kind == END:
                self.end = RunEnd.from_text(entry.text)
            elif entry.kind == RECEIVED:
                received = read_line(entry.text)
                if received.intact and isinstance(received.line, Ready):
                    self._meet(received.line)
            self.last_ms = entry.ms
            yield entry

    def _meet(self, ready: Ready) -> None:
        """The first banner says who it is; any may complain: the device may have started anew."""
        self.ready = self.ready or ready
        self.complaint = self.complaint or self_test_failure(ready)


def _numbers(score: StreamScore) -> dict[str, Any]:
    """The score's sums and rates, which are no fields of it."""
    return {
        "utterances": score.utterances,
        "found": score.found,
        "confused": score.confused,
        "missed": score.missed,
        "false_accepts": score.false_accepts,
        "false_accepts_per_hour": score.false_accepts_per_hour,
        "latency_median_ms": score.latency_ms(50),
        "latency_95th_ms": score.latency_ms(95),
    }
