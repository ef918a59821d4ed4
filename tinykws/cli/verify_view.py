# SPDX-License-Identifier: Apache-2.0
"""The reports of `verify`, `verify-stream` and `replay` as text; the last line is PASS or FAIL."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from tinykws.cli.console import table

if TYPE_CHECKING:
    from tinykws.device.protocol import Heard
    from tinykws.evaluation.timeline import StreamScore
    from tinykws.verification.clip_report import VerifyReport
    from tinykws.verification.mismatch_search import FoundMismatch
    from tinykws.verification.stream_report import StreamReport

WIDTH = 110
MOST_TRIED_AGAIN = 5
MOST_DETECTIONS = 20
"""How many detections of a stream are shown; the report holds all of them."""


def describe_clips(report: VerifyReport) -> str:
    """Returns the report on clips as text."""
    lines = [table(report.header(), report.rows()), ""]
    lines.append(f"device = host on {report.equal_clips} of {len(report.clips)} clips: features, scores and detections")
    lines += _tried_again(report)
    if report.accuracy is not None:
        lines.append(f"accuracy: {report.accuracy:.1%}")
    lines.append(f"{report.audio_seconds:.0f} s of sound in {report.seconds:.1f} s on {report.board}, {report.engine}")
    return "\n".join([*lines, *_ending(report)])


def _tried_again(report: VerifyReport) -> list[str]:
    """Returns lines about the clips that were sent more than once, with the reasons."""
    again = [clip for clip in report.clips if clip.attempts > 1]
    lines = [f"sent {clip.attempts} times: {clip.file}: {'; '.join(clip.faults)}" for clip in again[:MOST_TRIED_AGAIN]]
    return lines if len(again) <= MOST_TRIED_AGAIN else [*lines, f"… and {len(again) - MOST_TRIED_AGAIN} more"]


def describe_stream(report: StreamReport) -> str:
    """Returns the report on a stream as text."""
    verdict = report.verdict
    lines = []
    if verdict.device is not None and verdict.host is not None:
        lines += [table(report.header(), report.rows()), ""]
        lines += _scores(verdict.device, verdict.host)
        lines += ["", *_detections(verdict.device_detections, verdict.host_detections), ""]
    lines += _attempts(report)
    heard_s = verdict.heard_ms / 1000
    part = "" if verdict.heard_ms == verdict.duration_ms else f" of {report.audio_seconds:.0f}"
    speed = f": {heard_s / report.seconds:.1f} times real time" if report.seconds else ""
    lines.append(
        f"{heard_s:.0f}{part} s of sound, {verdict.inferences:,} inferences in {report.seconds:.1f} s"
        f" on {report.board}, {report.engine}{speed}"
    )
    return "\n".join([*lines, *_ending(report)])


def _attempts(report: StreamReport) -> Iterator[str]:
    """Yields lines about the attempts that broke off."""
    for attempt in report.verdict.attempts:
        if not attempt.fault:
            continue
        agreed = f"until then {attempt.difference or 'device and host are equal'}"
        words = (
            f"{attempt.describe_fault()} (after {attempt.ended_s:.1f} s); {agreed}: {attempt.inferences:,} inferences"
        )
        yield from textwrap.wrap(words, WIDTH, subsequent_indent="  ", break_long_words=False)


def _ending(report: VerifyReport | StreamReport) -> Iterator[str]:
    """Yields the lines that end both kinds of report; the last one is the verdict."""
    if report.self_test != "none":
        yield f"the device's self-test at boot: {report.self_test}"
    yield from _mismatches(report.mismatches)
    if report.lines_left_out:
        yield f"{report.lines_left_out:,} lines from the device are not in the log: damaged, or too many for it"
    if report.log_path is not None:
        yield f"log: {report.log_path}"
    yield "PASS" if report.passed else f"FAIL: {report.reason}"


def _mismatches(found: Sequence[FoundMismatch]) -> Iterator[str]:
    """Yields where device and host first differ, and what that means."""
    for mismatch in found:
        yield ""
        yield f"{mismatch.clip}: device and host part at {mismatch.stage}"
        yield f"  {mismatch.where}"
        yield from textwrap.wrap(mismatch.advice, WIDTH, initial_indent="  ", subsequent_indent="  ")
        if mismatch.folder is not None:
            yield f"  both sides: {mismatch.folder}"
    if found:
        yield ""


def _scores(device: StreamScore, host: StreamScore) -> list[str]:
    rows = [
        (what, _number(ours), _number(theirs))
        for what, ours, theirs in (
            ("false accepts per hour", device.false_accepts_per_hour, host.false_accepts_per_hour),
            ("latency, median, ms", device.latency_ms(50), host.latency_ms(50)),
            ("latency, 95th, ms", device.latency_ms(95), host.latency_ms(95)),
        )
    ]
    return table(["", "device", "host"], rows).split("\n")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _detections(device: tuple[Heard, ...], host: tuple[Heard, ...]) -> list[str]:
    if device == host:
        return [f"{len(device)} detections, the same on device and host, one by one"]
    rows = [
        (_words(ours), _words(theirs), "" if ours == theirs else "differ") for ours, theirs in zip_longest(device, host)
    ]
    lines = table(["detections of the device", "of the host", ""], rows[:MOST_DETECTIONS]).split("\n")
    return lines if len(rows) <= MOST_DETECTIONS else [*lines, f"… {len(rows) - MOST_DETECTIONS} more"]


def _words(line: Heard | None) -> str:
    return "-" if line is None else f"{line.label} ({line.score}) @{line.time_ms / 1000:.2f} s"
