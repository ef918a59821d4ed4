# SPDX-License-Identifier: Apache-2.0
"""The report on a stream, computed from the log alone, so that a log read again gives the same report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tinykws.device.banner_checks import engine_refusal, self_test_failure
from tinykws.device.protocol import DeviceTrouble, Ready, read_line
from tinykws.device.session_log import END, RECEIVED, STREAM, LogEntry, lines_left_out
from tinykws.evaluation.timeline import StreamScore
from tinykws.model.bundle import Bundle
from tinykws.project.labels import Label
from tinykws.support.errors import ConfigError
from tinykws.verification.clip_report import RunEnd
from tinykws.verification.mismatch_search import FoundMismatch
from tinykws.verification.run_facts import banner_of_refused, with_left_out
from tinykws.verification.same_bundle import banner_complaint, bundle_complaint
from tinykws.verification.stream_verdict import StreamFacts, StreamVerdict, judge_stream


@dataclasses.dataclass(frozen=True)
class StreamReport:
    """How the device did on a stream."""

    board: str
    engine: str
    model_id: str
    self_test: str
    """Result of the device's self-test at boot: ok, features, scores or engine; none: it has no self-test."""
    passed: bool
    reason: str
    """Why it did not pass; empty if it passed."""
    ended: str
    """Why the run ended early, such as a device that did not come back; empty if it did not."""
    verdict: StreamVerdict
    labels: tuple[Label, ...]
    seconds: float
    """Time from starting the emulator, or opening the port, to the last result."""
    log_path: Path | None
    mismatches: tuple[FoundMismatch, ...] = ()
    """Where device and host first differ, if they do."""
    lines_left_out: int = 0
    """Lines from the device that are not in the log: damaged, or more than there is room for."""

    @property
    def audio_seconds(self) -> float:
        """Length of the stream."""
        return self.verdict.duration_ms / 1000

    def header(self) -> tuple[str, ...]:
        """Returns the titles of `rows`."""
        return ("word", "said", "found", "confused", "missed", "false", "on the host")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yields a table row for each word; `on the host` shows the same four numbers for the host."""
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


def stream_report_of(
    entries: Iterable[LogEntry], log_path: Path | None = None, bundle: Bundle | None = None
) -> StreamReport:
    """Returns the report on a stream's log, which is read once. A truncated log is FAIL.

    Args:
        entries: the whole log.
        log_path: where it is.
        bundle: the bundle that the log should be of: a log of a run with other settings is FAIL. None: any will do.

    Raises:
        ConfigError: it is not a log of a stream, or it contains no banner.
    """
    details = _RunDetails()
    verdict = judge_stream(details.collecting(entries))
    facts, ready = details.facts, details.ready
    if facts is not None and facts.refused:
        ready = banner_of_refused(facts.board, facts.model_id, facts.labels)
    if ready is None or facts is None:
        raise ConfigError("the log contains no banner of a device")
    ended = "" if details.end.ended in verdict.reason else details.end.ended
    other = (banner_complaint(facts.identity, ready), bundle_complaint(bundle, facts.identity, ready, facts.labels))
    refused = facts.refused or details.refusal
    of_run = [refused] if refused else [verdict.reason, ended, details.complaint]
    reason = "; ".join(filter(None, [*other, *of_run]))
    return StreamReport(
        board=ready.board,
        engine=ready.engine,
        model_id=ready.model,
        self_test=ready.self_test,
        passed=not reason,
        reason=with_left_out(reason, details.lines_left_out),
        ended=details.end.ended,
        verdict=verdict,
        labels=facts.labels,
        seconds=details.last_ms / 1000,
        log_path=log_path,
        mismatches=details.end.mismatches,
        lines_left_out=details.lines_left_out,
    )


class _RunDetails:
    """Facts of a run that are not part of the stream's verdict, collected while the log is read."""

    def __init__(self) -> None:
        self.ready: Ready | None = None
        self.facts: StreamFacts | None = None
        self.complaint: str | None = None
        self.refusal = ""
        self.end = RunEnd("the log ends in the middle of the run")
        self.last_ms = 0.0
        self.lines_left_out = 0

    def collecting(self, entries: Iterable[LogEntry]) -> Iterator[LogEntry]:
        """Yields the entries, and collects facts from them."""
        for entry in entries:
            if entry.kind == STREAM:
                self.facts = StreamFacts.from_text(entry.text)
            elif entry.kind == END:
                self.end = RunEnd.from_text(entry.text)
            elif entry.kind == RECEIVED:
                received = read_line(entry.text)
                if received.intact and isinstance(received.line, Ready):
                    self._take_banner(received.line)
                if received.intact and isinstance(received.line, DeviceTrouble) and received.line.what == "engine":
                    self.refusal = self.refusal or engine_refusal(received.line)
            self.last_ms = entry.ms
            self.lines_left_out += lines_left_out(entry)
            yield entry

    def _take_banner(self, ready: Ready) -> None:
        """Keeps the first banner, and the first self-test failure of any banner: the device may have restarted."""
        self.ready = self.ready or ready
        self.complaint = self.complaint or self_test_failure(ready)


def _numbers(score: StreamScore) -> dict[str, Any]:
    """Returns the score's totals and rates, which are properties, not fields."""
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
