# SPDX-License-Identifier: Apache-2.0
"""The report on a run of verify, made from its log alone, so that a log read back gives the same report."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinykws.device.protocol import AUDIO_TYPE, Ready, read_line
from tinykws.device.session_log import END, RECEIVED, RUN, SENT, LogEntry
from tinykws.project.labels import Label
from tinykws.support.errors import ConfigError
from tinykws.verification.mismatch_search import FoundMismatch
from tinykws.verification.verdict import ClipResult, judge

_ANNOUNCED = re.compile(rf"!DATA {AUDIO_TYPE} ([0-9]+) .*tail=([0-9]+)")


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What a log's first entry says: what no line of the device tells."""

    clips: int
    """How many there are to verify."""
    labels: tuple[Label, ...]
    """The model's."""
    sample_rate_hz: int
    min_accuracy: float | None
    """The accuracy that was asked for."""

    def to_text(self) -> str:
        """Returns the text of a `run` entry."""
        return json.dumps(dataclasses.asdict(self))


@dataclasses.dataclass(frozen=True)
class RunEnd:
    """What a log's last entry says."""

    ended: str
    """Why not all clips had their turn; empty where they had."""
    mismatches: tuple[FoundMismatch, ...] = ()

    def to_text(self) -> str:
        """Returns the text of an `end` entry."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_text(cls, text: str) -> RunEnd:
        """Reads what `to_text` wrote. Raises ConfigError."""
        try:
            values = json.loads(text)
            return cls(str(values["ended"]), tuple(FoundMismatch(**found) for found in values["mismatches"]))
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"the log's last entry is damaged: {error}") from error


@dataclasses.dataclass(frozen=True)
class VerifyReport:
    """What the device made of the clips."""

    board: str
    engine: str
    model_id: str
    self_test: str
    """What the device said of its self-test at boot: ok, features, scores, engine; none: it has none."""
    passed: bool
    reason: str
    """Why it did not pass; empty where it did."""
    ended: str
    """Why not all clips had their turn; empty where they had."""
    accuracy: float | None
    """Share of right labels among the clips whose label is known."""
    labels: tuple[Label, ...]
    """The model's: clips name them as machines do, people are shown what they wrote."""
    clips: tuple[ClipResult, ...]
    audio_seconds: float
    """Sound that the device worked through, silence after the clips included."""
    seconds: float
    """From the start of the emulator, or the opening of the port, to the last result."""
    frontend_us_per_frame: float | None
    """Of the device's clock; an emulated machine's counts instructions (docs/serial_protocol.md)."""
    invoke_us_per_inference: float | None
    arena_bytes: int | None
    log_path: Path | None
    mismatches: tuple[FoundMismatch, ...] = ()
    """Where device and host first part, of the first few clips that are not equal."""

    @property
    def equal_clips(self) -> int:
        """Clips on which device and host are equal."""
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


def facts_of(entries: Sequence[LogEntry]) -> RunFacts:
    """Reads a log's `run` entry. Raises ConfigError where there is none, or it is damaged."""
    text = next((entry.text for entry in entries if entry.kind == RUN), None)
    if text is None:
        raise ConfigError("this is no log of clips: it does not say what was to be done")
    try:
        values = json.loads(text)
        labels = tuple(Label(**label) for label in values["labels"])
        return RunFacts(int(values["clips"]), labels, int(values["sample_rate_hz"]), values["min_accuracy"])
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"the log's first entry is damaged: {error}") from error


def report_of(
    entries: Sequence[LogEntry], log_path: Path | None = None, min_accuracy: float | None = None
) -> VerifyReport:
    """Returns the report on a log.

    Args:
        entries: the whole log.
        log_path: where it is.
        min_accuracy: in the place of what the log says was asked for.

    Raises:
        ConfigError: it is no log of clips, or no device ever introduced itself.
    """
    facts = facts_of(entries)
    ready = _last_banner(entries)
    end = _end_of(entries, facts.clips)
    verdict = judge(entries, facts.min_accuracy if min_accuracy is None else min_accuracy, end.ended)
    figures = [clip.figures for clip in verdict.clips if clip.figures is not None]
    frames = sum(figure.frames for figure in figures)
    inferences = sum(figure.inferences for figure in figures)
    return VerifyReport(
        board=ready.board,
        engine=ready.engine,
        model_id=ready.model,
        self_test=ready.self_test,
        passed=verdict.passed,
        reason=verdict.reason,
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
    )


def _end_of(entries: Sequence[LogEntry], planned_clips: int) -> RunEnd:
    """Reads a log's `end` entry; where there is none, the log was cut short, and so says the reason."""
    text = next((entry.text for entry in entries if entry.kind == END), None)
    clips = len({entry.clip for entry in entries if entry.clip > 0})
    if text is None:
        return RunEnd(f"the log ends in the middle of the run, with {clips} of {planned_clips} clips")
    return RunEnd.from_text(text)


def _last_banner(entries: Sequence[LogEntry]) -> Ready:
    received = (read_line(entry.text) for entry in entries if entry.kind == RECEIVED)
    banners = [line.line for line in received if line.intact and isinstance(line.line, Ready)]
    if not banners:
        raise ConfigError("no device says in this log who it is")
    return banners[0]


def _samples(entries: Sequence[LogEntry]) -> int:
    """Sound that was announced, silence after it included, each clip once."""
    announced: dict[int, int] = {}
    for entry in entries:
        match = _ANNOUNCED.match(entry.text) if entry.kind == SENT and entry.clip > 0 else None
        if match:
            announced[entry.clip] = int(match[1]) // 2 + int(match[2])
    return sum(announced.values())


def _with_text(detection: str, texts: Mapping[str | None, str]) -> str:
    """`da (201) @1290ms` with what people wrote in the place of the label."""
    name, space, rest = detection.partition(" ")
    return texts.get(name, name) + space + rest
