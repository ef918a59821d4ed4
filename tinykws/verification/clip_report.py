# SPDX-License-Identifier: Apache-2.0
"""The report on clips, computed from the log alone, so that a log read again gives the same report."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinykws.device.protocol import AUDIO_TYPE, Ready, read_line
from tinykws.device.session_log import END, RECEIVED, SENT, LogEntry, lines_left_out
from tinykws.model.bundle import Bundle
from tinykws.project.labels import Label
from tinykws.support.errors import ConfigError
from tinykws.support.json_text import read_json_object
from tinykws.verification.mismatch_search import FoundMismatch
from tinykws.verification.run_facts import banner_of_refused, facts_of, with_left_out
from tinykws.verification.same_bundle import banner_complaint, bundle_complaint
from tinykws.verification.verdict import ClipResult, judge

_ANNOUNCED = re.compile(rf"!DATA {AUDIO_TYPE} ([0-9]+) .*tail=([0-9]+)")


@dataclasses.dataclass(frozen=True)
class RunEnd:
    """The last entry of a log."""

    ended: str
    """Why the run ended before all clips were sent; empty if all were."""
    mismatches: tuple[FoundMismatch, ...] = ()

    def to_text(self) -> str:
        """Returns the text of an `end` entry."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> RunEnd:
        """Parses the text that `to_text` wrote. Raises ConfigError."""
        try:
            return read_json_object(cls, text)
        except ConfigError as error:
            raise ConfigError(f"the log's last entry is damaged: {error.message}") from error


@dataclasses.dataclass(frozen=True)
class VerifyReport:
    """How the device did on all clips."""

    board: str
    engine: str
    model_id: str
    self_test: str
    """Result of the device's self-test at boot: ok, features, scores or engine; none: it has no self-test."""
    passed: bool
    reason: str
    """Why it did not pass; empty if it passed."""
    ended: str
    """Why the run ended before all clips were sent; empty if all were."""
    accuracy: float | None
    """Share of correct labels among the clips with a known label."""
    labels: tuple[Label, ...]
    """The model's labels. Clips refer to them by name; tables show their text."""
    clips: tuple[ClipResult, ...]
    audio_seconds: float
    """Length of all sound that the device processed, with the lead-in before and the silence after each clip."""
    seconds: float
    """Time from starting the emulator, or opening the port, to the last result."""
    frontend_us_per_frame: float | None
    """By the device's clock; on an emulated machine it counts instructions (docs/reference/serial_protocol.md)."""
    invoke_us_per_inference: float | None
    arena_bytes: int | None
    log_path: Path | None
    mismatches: tuple[FoundMismatch, ...] = ()
    """Where device and host first differ, for the first few unequal clips."""
    lines_left_out: int = 0
    """Lines from the device that are not in the log: damaged, or more than there is room for."""

    @property
    def equal_clips(self) -> int:
        """Number of clips on which device and host are equal."""
        return sum(clip.equal for clip in self.clips)

    def header(self) -> tuple[str, ...]:
        """Returns the titles of `rows`."""
        return ("clip", "expected", "device says", "heard", "device = host")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yields a row of a table for each clip."""
        texts = {label.name: label.text for label in self.labels} | {None: "-"}
        for clip in self.clips:
            heard = ", ".join(_with_text(detection, texts) for detection in clip.detections) or "-"
            verdict = "equal" if clip.equal else f"NO: {clip.reason}"
            expected, predicted = clip.expected_label, clip.predicted_label
            yield (clip.file, texts.get(expected, str(expected)), texts.get(predicted, str(predicted)), heard, verdict)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON-ready values."""
        values = dataclasses.asdict(self)
        values["log_path"] = None if self.log_path is None else str(self.log_path)
        values["equal_clips"] = self.equal_clips
        values["verdict"] = "PASS" if self.passed else "FAIL"
        return values


def report_of(
    entries: Sequence[LogEntry],
    log_path: Path | None = None,
    min_accuracy: float | None = None,
    bundle: Bundle | None = None,
) -> VerifyReport:
    """Returns the report on a log.

    Args:
        entries: the whole log.
        log_path: where it is.
        min_accuracy: replaces the required accuracy in the log.
        bundle: the bundle that the log should be of: a log of a run with other settings is FAIL. None: any will do.

    Raises:
        ConfigError: it is not a log of clips, or a device was asked and it contains no banner.
    """
    facts = facts_of(entries)
    ready = banner_of_refused(facts.board, facts.model_id, facts.labels) if facts.refused else _last_banner(entries)
    end = _end_of(entries, facts.clips)
    verdict = judge(entries, facts.min_accuracy if min_accuracy is None else min_accuracy, end.ended)
    complaints = (
        banner_complaint(facts.identity, ready),
        bundle_complaint(bundle, facts.identity, ready, facts.labels),
    )
    left_out = sum(map(lines_left_out, entries))
    reason = "; ".join(filter(None, [*complaints, verdict.reason]))
    figures = [clip.figures for clip in verdict.clips if clip.figures is not None]
    frames = sum(figure.frames for figure in figures)
    inferences = sum(figure.inferences for figure in figures)
    return VerifyReport(
        board=ready.board,
        engine=ready.engine,
        model_id=ready.model,
        self_test=ready.self_test,
        passed=not reason,
        reason=with_left_out(reason, left_out),
        ended=end.ended,
        accuracy=verdict.accuracy,
        labels=facts.labels,
        clips=verdict.clips,
        audio_seconds=_samples(entries) / facts.sample_rate_hz,
        seconds=entries[-1].ms / 1000,
        frontend_us_per_frame=sum(figure.frontend_us for figure in figures) / frames if frames else None,
        invoke_us_per_inference=sum(figure.invoke_us for figure in figures) / inferences if inferences else None,
        arena_bytes=max((figure.arena_bytes for figure in figures), default=None),
        log_path=log_path,
        mismatches=end.mismatches,
        lines_left_out=left_out,
    )


def _end_of(entries: Sequence[LogEntry], planned_clips: int) -> RunEnd:
    """Parses a log's `end` entry; if there is none, the log is truncated, and the reason says so."""
    text = next((entry.text for entry in entries if entry.kind == END), None)
    clips = len({entry.clip for entry in entries if entry.clip > 0})
    if text is None:
        return RunEnd(f"the log ends in the middle of the run, after {clips} of {planned_clips} clips")
    return RunEnd.from_text(text)


def _last_banner(entries: Sequence[LogEntry]) -> Ready:
    received = (read_line(entry.text) for entry in entries if entry.kind == RECEIVED)
    banners = [line.line for line in received if line.intact and isinstance(line.line, Ready)]
    if not banners:
        raise ConfigError("the log contains no banner of a device")
    return banners[0]


def _samples(entries: Sequence[LogEntry]) -> int:
    """Number of samples that were announced, with the silence after them; each clip counts once."""
    announced: dict[int, int] = {}
    for entry in entries:
        match = _ANNOUNCED.match(entry.text) if entry.kind == SENT and entry.clip > 0 else None
        if match:
            announced[entry.clip] = int(match[1]) // 2 + int(match[2])
    return sum(announced.values())


def _with_text(detection: str, texts: Mapping[str | None, str]) -> str:
    """Returns a detection such as `da (201) @1290ms` with the label's text instead of its name."""
    name, space, rest = detection.partition(" ")
    return texts.get(name, name) + space + rest
