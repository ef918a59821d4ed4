# SPDX-License-Identifier: Apache-2.0
"""The verdict on clips: a pure function of the log, so a log can be judged again without a board.

A log (tinykws.device.session_log) contains every line of the session, and what the host's pipeline computed from the
same samples, written as the lines that the device should print. The verdict compares the two; lines from the device
count only if their check is valid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, zip_longest
from typing import Any

from tinykws.device.banner_checks import engine_refusal, self_test_failure
from tinykws.device.clip_results import results_of
from tinykws.device.protocol import (
    ClipFigures,
    DeviceTrouble,
    Fail,
    Heard,
    Line,
    Ok,
    Ready,
    Scores,
    parse_line,
    read_line,
)
from tinykws.device.session_log import CLIP, END, EXPECTED, FAULT, LABEL, MISMATCH, RECEIVED, LogEntry
from tinykws.support.errors import ConfigError
from tinykws.verification.run_facts import RunFacts, run_facts_of


@dataclasses.dataclass(frozen=True)
class ClipResult:
    """The result of one clip."""

    file: str
    expected_label: str | None
    """None if it is unknown."""
    predicted_label: str | None
    """The device's highest-scoring label for the model input that begins where the clip does; None if there is none."""
    equal: bool
    """Features, scores and detections equal the host's, bit for bit."""
    reason: str
    """Why it is not equal; empty if it is."""
    attempts: int
    faults: tuple[str, ...]
    """Why attempts failed, in order."""
    scores: tuple[int, ...]
    """The device's scores for that model input, int8."""
    detections: tuple[str, ...]
    """The device's detections, such as `yes (201) @1290ms`; the time is from the clip's start. Those in the lead-in
    are compared, but are not of the clip."""
    figures: ClipFigures | None
    seconds: float = 0.0
    """Time from its first log entry to its last, with the host's computation."""
    mismatch: str = ""
    """Where device and host first differ, if that was searched for."""

    @property
    def correct(self) -> bool | None:
        """Whether the device's label is the expected one; None if no label is expected."""
        return None if self.expected_label is None else self.predicted_label == self.expected_label


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The verdict on a log."""

    passed: bool
    reason: str
    """Why it did not pass; empty if it passed."""
    clips: tuple[ClipResult, ...]
    accuracy: float | None
    """Share of correct labels among the clips with a known label."""


def judge(entries: Sequence[LogEntry], min_accuracy: float | None = None, ended: str = "") -> Verdict:
    """Returns the verdict on a log: PASS if every clip is equal and the required accuracy, if any, is reached.

    FAIL, even if all clips of the log are equal: a run that ended before all clips were sent, for the reason `ended`;
    a log without some of the planned clips, or with a damaged `run` entry; a device whose self-test failed, or whose
    engine did not start, so that no clip was sent.
    """
    labels, (facts, damage) = _labels(entries), _run_facts(entries)
    lead_in_ms = facts.lead_in_ms if facts else 0
    of_clips = (entry for entry in entries if entry.clip > 0 and entry.kind != END)
    by_clip = groupby(of_clips, key=lambda entry: entry.clip)
    numbered = [(number, _judge_clip(list(of_clip), labels, lead_in_ms)) for number, of_clip in by_clip]
    clips = tuple(clip for _, clip in numbered)
    known = [clip.correct for clip in clips if clip.correct is not None]
    accuracy = sum(known) / len(known) if known else None
    refused = (facts.refused if facts else "") or ("" if clips else _engine_complaint(entries))
    if refused:
        return Verdict(False, refused, clips, accuracy)
    plan = facts.plan_complaint([number for number, _ in numbered]) if facts and not ended else ""
    complaints = [damage, ended, plan, _reason(clips, accuracy, min_accuracy), _self_test_complaint(entries)]
    reason = "; ".join(filter(None, complaints))
    return Verdict(not reason, reason, clips, accuracy)


def _run_facts(entries: Iterable[LogEntry]) -> tuple[RunFacts | None, str]:
    """Returns what the log says about its run, if it does; and why it cannot be read, or ""."""
    try:
        return run_facts_of(entries), ""
    except ConfigError as error:
        return None, error.message


def _labels(entries: Sequence[LogEntry]) -> tuple[str, ...]:
    """The device's labels, from its last banner."""
    banners = _banners(entries)
    return banners[-1].labels if banners else ()


def _banners(entries: Iterable[LogEntry]) -> list[Ready]:
    """The device's banners that arrived undamaged."""
    received = (read_line(entry.text) for entry in entries if entry.kind == RECEIVED)
    return [line.line for line in received if line.intact and isinstance(line.line, Ready)]


def _judge_clip(entries: list[LogEntry], labels: tuple[str, ...], lead_in_ms: int) -> ClipResult:
    attempt = max(entry.attempt for entry in entries)
    expected = [_from_start(parse_line(entry.text), lead_in_ms) for entry in entries if entry.kind == EXPECTED]
    received = [
        _from_start(line, lead_in_ms) for line in results_of(entry for entry in entries if entry.attempt == attempt)
    ]
    fault = _text(entries, FAULT, attempt)
    scores = _scores_of_clip([line for line in received if isinstance(line, Scores)], lead_in_ms)
    reason = fault or _unfinished(received) or _difference(received, expected)
    return ClipResult(
        file=_text(entries, CLIP) or "",
        expected_label=_text(entries, LABEL),
        predicted_label=_label_of(scores, labels),
        equal=reason is None,
        reason=reason or "",
        attempts=attempt,
        faults=tuple(entry.text for entry in entries if entry.kind == FAULT),
        scores=scores,
        detections=tuple(_words(line) for line in received if isinstance(line, Heard) and line.time_ms >= 0),
        figures=_figures(received),
        seconds=round((entries[-1].ms - entries[0].ms) / 1000, 3),
        mismatch=_text(entries, MISMATCH) or "",
    )


def _from_start(line: Line, lead_in_ms: int) -> Line:
    """Returns a line with its time counted from the clip's start; negative if it is in the lead-in."""
    if isinstance(line, (Scores, Heard)):
        return dataclasses.replace(line, time_ms=line.time_ms - lead_in_ms)
    return line


def _scores_of_clip(inferences: Sequence[Scores], lead_in_ms: int) -> tuple[int, ...]:
    """Returns the scores of the model input that begins where the clip does: the first one without a lead-in."""
    time_ms = inferences[0].time_ms + lead_in_ms if inferences else 0
    return next((inference.scores for inference in inferences if inference.time_ms == time_ms), ())


def _unfinished(received: Sequence[Line]) -> str | None:
    """Returns why the results are incomplete: without the last line, some may be missing."""
    end = received[-1] if received else None
    if isinstance(end, Fail):
        return f"the device refused: {end.code} {end.words}"
    return None if isinstance(end, Ok) else "the device gave no result"


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
    """Returns the first difference along the pipeline, or None if there is none."""
    return (
        _features_difference(_figures(device), _figures(host))
        or _scores_difference(device, host)
        or _detections_difference(device, host)
    )


def _features_difference(device: ClipFigures | None, host: ClipFigures | None) -> str | None:
    if host is None:
        return "the log lacks the host's expected results"
    if device is None:
        return "the device gave no result"
    if None not in (device.audio_crc, host.audio_crc) and device.audio_crc != host.audio_crc:
        return f"audio differs: CRC {device.audio_crc:08x} on the device, {host.audio_crc:08x} on the host"
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


def _engine_complaint(entries: Iterable[LogEntry]) -> str:
    """Returns what the device said about an engine that did not start; "" if it did."""
    received = (read_line(entry.text) for entry in entries if entry.kind == RECEIVED)
    troubles = (line.line for line in received if line.intact and isinstance(line.line, DeviceTrouble))
    return next((engine_refusal(line) for line in troubles if line.what == "engine"), "")


def _self_test_complaint(entries: Sequence[LogEntry]) -> str | None:
    """The first self-test failure in any of the device's banners: it may have restarted."""
    return next((complaint for ready in _banners(entries) if (complaint := self_test_failure(ready))), None)


def _reason(clips: Sequence[ClipResult], accuracy: float | None, min_accuracy: float | None) -> str:
    unequal = [clip for clip in clips if not clip.equal]
    if not clips:
        return "no clip was sent"
    if unequal:
        return f"{len(unequal)} of {len(clips)} clips failed; {unequal[0].file}: {unequal[0].reason}"
    if min_accuracy and accuracy is None:
        return f"an accuracy of {min_accuracy:.1%} is required, but no clip has a known label"
    if min_accuracy and accuracy is not None and accuracy < min_accuracy:
        return f"device and host agree, but the accuracy is {accuracy:.1%}, less than the required {min_accuracy:.1%}"
    return ""
