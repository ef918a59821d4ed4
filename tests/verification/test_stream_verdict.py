# SPDX-License-Identifier: Apache-2.0
"""The verdict on a stream, from logs written here."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.cli.verify_view import describe_stream
from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import ClipFigures, Heard, Line, Ok, Ready, Scores
from tinykws.device.session_log import END, EVENT, EXPECTED, FAULT, KINDS, RECEIVED, SENT, STREAM, LogEntry
from tinykws.evaluation.timeline import Event
from tinykws.project.labels import labels_of_words
from tinykws.support.errors import ConfigError
from tinykws.verification.junit import junit_of_stream
from tinykws.verification.stream_report import stream_report_of
from tinykws.verification.stream_verdict import StreamAttempt, StreamFacts, StreamVerdict, event_text, judge_stream

READY = Ready(2, "host", "aot", "0123456789ab", 768, 15, ("_silence_", "_unknown_", "yes", "no"))
FIGURES = ClipFigures(0xABCD, 3000, 3, 0, 0, 0)
RESULTS: list[Line] = [
    Scores(990, (0, 0, 100, 0)),
    Heard("yes", 201, 990),
    Scores(1090, (0, 1, 2, 3)),
    Heard("no", 190, 5000),
    Scores(5090, (3, 1, 2, 3)),
    FIGURES,
]
FACTS = StreamFacts("an hour.flac", 60_000, labels_of_words(["yes", "no"]))
EVENTS = (Event(500, 900, "yes"), Event(9000, 9500, "no"))


def entry(kind: str, text: str) -> LogEntry:
    return LogEntry(0.0, 1, 1, kind, text)


def judged(device: list[Line], host: list[Line], *more: LogEntry, host_first: bool = True) -> StreamVerdict:
    """The verdict on a log in which one side says all before the other says anything."""
    said = (
        [*device, Ok("DATA", "audio-pcm-16khz-mono-s16 1920000")]
        if any(isinstance(line, ClipFigures) for line in device)
        else device
    )
    numbered = [with_check(f"{line.to_line()} #{number}") for number, line in enumerate(said, start=1)]
    sides = [[entry(EXPECTED, line.to_line()) for line in host], [entry(RECEIVED, text) for text in numbered]]
    return judge_stream(
        [
            LogEntry(0.0, 0, 0, RECEIVED, with_check(READY.to_line())),
            entry(STREAM, FACTS.to_text()),
            *(entry(EVENT, event_text(event)) for event in EVENTS),
            entry(SENT, with_check("!SYNC 1 0")),
            entry(RECEIVED, with_check("!OK SYNC 1 bytes=0 results=0")),
            entry(RECEIVED, with_check("!DATA_ACK 768")),
            *(sides[0] + sides[1] if host_first else sides[1] + sides[0]),
            *more,
        ]
    )


@pytest.mark.parametrize("host_first", [True, False])
def test_equal_results_are_equal_whoever_was_first(host_first: bool) -> None:
    slower = [*RESULTS[:-1], dataclasses.replace(FIGURES, frontend_us=5, invoke_us=6, arena_bytes=7)]
    verdict = judged(slower, RESULTS, host_first=host_first)
    assert verdict.equal
    assert (verdict.file, verdict.duration_ms, verdict.reason) == ("an hour.flac", 60_000, "")
    assert verdict.first_difference_ms is None
    assert verdict.inferences == 3
    assert verdict.device_detections == verdict.host_detections == (RESULTS[1], RESULTS[3])
    assert verdict.events == EVENTS
    assert verdict.figures == slower[-1]
    assert verdict.device == verdict.host
    assert verdict.device is not None
    assert (verdict.device.found, verdict.device.missed, verdict.device.false_accepts) == (1, 1, 1)
    assert verdict.device.false_accepts_per_hour == 60
    assert verdict.device.latencies_ms == (90,)


@pytest.mark.parametrize(
    ("change", "reason", "at"),
    [
        (lambda r: [r[0], *r[2:]], "detections differ: 0 1 2 3 at 1090 ms on the device, yes (201) @990ms on the", 990),
        (lambda r: [r[0], r[1], Heard("yes", 5, 995), *r[2:]], "detections differ: yes (5) @995ms on the device", 995),
        (lambda r: [r[0], Heard("yes", 200, 990), *r[2:]], "detections differ: yes (200) @990ms on the device", 990),
        (lambda r: [*r[:2], Scores(1090, (0, 1, 2, 4)), *r[3:]], "scores differ: 0 1 2 4 at 1090 ms on the dev", 1090),
        (lambda r: [*r[:4], r[5]], "scores differ: nothing on the device, 3 1 2 3 at 5090 ms on the host", 5090),
        (lambda r: [*r[:5], dataclasses.replace(FIGURES, features_crc=1)], "features differ: CRC 00000001 over", None),
        (lambda r: [*r[:5], dataclasses.replace(FIGURES, frames=2999)], "over 2999 frames on the device", None),
    ],
)
def test_the_first_difference_is_told(change: Callable[[list[Line]], list[Line]], reason: str, at: int | None) -> None:
    verdict = judged(change(RESULTS), RESULTS)
    assert not verdict.equal
    assert reason in verdict.reason
    assert verdict.first_difference_ms == at


TIMED_OUT = "timed out: the transfer made no progress"


@pytest.mark.parametrize("host_first", [True, False])
def test_a_stream_that_broke_off_is_judged_as_far_as_it_came(host_first: bool) -> None:
    verdict = judged(RESULTS[:3], RESULTS, entry(FAULT, TIMED_OUT), host_first=host_first)
    assert not verdict.equal
    assert verdict.reason == f"attempt 1 was interrupted 1.09 s into the stream: {TIMED_OUT}"
    assert (verdict.difference, verdict.first_difference_ms, verdict.figures) == ("", None, None)
    assert (verdict.heard_ms, verdict.duration_ms, verdict.inferences) == (1090, 60_000, 2)
    assert verdict.device_detections == verdict.host_detections == (RESULTS[1],), "the host's second came later"
    assert verdict.device == verdict.host
    assert verdict.device is not None
    assert (verdict.device.utterances, verdict.device.found, verdict.device.duration_ms) == (1, 1, 1090)


def test_of_a_stream_that_broke_off_what_differs_is_told_too() -> None:
    verdict = judged([Scores(990, (0, 0, 99, 0)), RESULTS[1]], RESULTS, entry(FAULT, TIMED_OUT))
    differs, broke_off = verdict.reason.split("; ")
    assert differs == "scores differ: 0 0 99 0 at 990 ms on the device, 0 0 100 0 at 990 ms on the host"
    assert broke_off == f"attempt 1 was interrupted 0.99 s into the stream: {TIMED_OUT}"
    assert (verdict.difference, verdict.first_difference_ms) == (differs, 990)


def test_a_stream_without_an_end_and_without_a_fault_does_not_pass() -> None:
    assert judged(RESULTS[:5], RESULTS).reason.endswith("5.09 s into the stream: the device did not reach the end")
    nothing = judged([], RESULTS)
    assert (nothing.heard_ms, nothing.device, nothing.host, nothing.equal) == (0, None, None, False)


def test_two_faults_of_one_attempt_are_both_told_and_the_same_one_once() -> None:
    faults = [entry(FAULT, text) for text in ("the line was lost", "the line was lost", "it did not come back")]
    assert judged(RESULTS[:1], RESULTS, *faults).reason.endswith("the line was lost; it did not come back")


def attempt(number: int, device: list[Line], *faults: str, host: list[Line] = RESULTS) -> list[LogEntry]:
    """What an attempt puts into a log."""
    end = [] if faults else [Ok("DATA", "audio-pcm-16khz-mono-s16 1920000")]
    said = [with_check(f"{line.to_line()} #{at}") for at, line in enumerate([*device, *end], start=1)]
    return [
        LogEntry(1000.0 * number, 1, number, kind, text)
        for kind, text in [
            (SENT, with_check(f"!SYNC {number} 0")),
            (RECEIVED, with_check(f"!OK SYNC {number} bytes=0 results=0")),
            *((EXPECTED, line.to_line()) for line in host),
            *((RECEIVED, text) for text in said),
            *((FAULT, text) for text in faults),
        ]
    ]


def test_a_second_attempt_that_comes_to_the_end_counts() -> None:
    verdict = judge_stream([entry(STREAM, FACTS.to_text()), *attempt(1, RESULTS[:1], "reset"), *attempt(2, RESULTS)])
    assert verdict.equal
    assert (verdict.reason, verdict.heard_ms, verdict.inferences) == ("", 60_000, 3)
    assert verdict.attempts == (
        StreamAttempt(1, 990, 1, "", "reset", 1.0),
        StreamAttempt(2, 60_000, 3, "", "", 2.0),
    )


def test_a_wrong_result_before_the_fault_is_not_forgotten() -> None:
    """It had a right check: the device did compute it."""
    log = [*attempt(1, [Scores(990, (0, 0, 99, 0))], "a reset"), *attempt(2, RESULTS)]
    verdict = judge_stream([entry(STREAM, FACTS.to_text()), *log])
    assert not verdict.equal
    assert verdict.reason.startswith("attempt 1: scores differ: 0 0 99 0 at 990 ms on the device")
    assert (verdict.first_difference_ms, verdict.heard_ms) == (990, 60_000)


@pytest.mark.parametrize(("first", "second"), [(3, 1), (1, 3), (3, 0)])
def test_of_two_that_broke_off_the_one_that_came_further_counts(first: int, second: int) -> None:
    log = [*attempt(1, RESULTS[:first], "a reset"), *attempt(2, RESULTS[:second], "silence")]
    verdict = judge_stream([entry(STREAM, FACTS.to_text()), *log])
    assert (verdict.heard_ms, verdict.inferences) == (1090, 2)
    assert re.fullmatch(r"attempt 1 was interrupted .*: a reset; attempt 2 was interrupted .*: silence", verdict.reason)


def test_another_log_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a log of a stream"):
        judge_stream([entry(RECEIVED, READY.to_line())])


def test_a_log_that_lacks_what_the_host_expects_does_not_pass() -> None:
    assert judged(RESULTS, RESULTS[:-1]).reason == "the log lacks the host's expected results"


@pytest.mark.parametrize(
    ("kind", "text"),
    [(STREAM, "{}"), (STREAM, FACTS.to_text().replace("60000", "0")), (EVENT, "1,2"), (EVENT, "a,2,yes")],
)
def test_a_damaged_entry_is_refused_in_words(kind: str, text: str) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        judged(RESULTS, RESULTS, entry(kind, text))


ENTRIES = st.builds(
    LogEntry,
    st.floats(0, 1e9),
    st.integers(0, 2),
    st.integers(0, 3),
    st.sampled_from(KINDS),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from([line.to_line() for line in RESULTS]),
        st.sampled_from(['{"ended": "", "mismatches": []}', "{}", "[]", "3", "1,2,yes", "-5,2,no", FACTS.to_text()]),
        st.builds(lambda line, n: with_check(f"{line.to_line()} #{n}"), st.sampled_from(RESULTS), st.integers(1, 7)),
    ),
)


@given(st.lists(ENTRIES, max_size=30), st.data())
def test_any_log_gives_a_report_or_is_refused_in_words(entries: list[LogEntry], data: st.DataObject) -> None:
    """Entries of a good log, some lost, with others in between."""
    banner = LogEntry(0.0, 0, 0, RECEIVED, with_check(READY.to_line()))
    end = LogEntry(9000.0, 0, 0, END, '{"ended": "", "mismatches": []}')
    attempts = [*attempt(1, RESULTS[:2], "a reset"), *attempt(2, RESULTS)]
    log = [banner, entry(STREAM, FACTS.to_text()), *attempts, end]
    for one in entries:
        at = data.draw(st.integers(0, len(log)))
        log[at : at + data.draw(st.integers(0, 3))] = [one]
    try:
        report = stream_report_of(log)
    except ConfigError as error:
        assert error.message
    else:
        assert report.passed == (not report.reason)
        assert report.passed or not report.verdict.equal or report.ended or report.self_test != "ok"
        ElementTree.fromstring(junit_of_stream(report))
        describe_stream(report)


def test_a_log_without_times_is_shown_without_a_speed() -> None:
    banner = LogEntry(0.0, 0, 0, RECEIVED, with_check(READY.to_line()))
    report = stream_report_of([banner, entry(STREAM, FACTS.to_text())])
    assert "0 of 60 s of sound, 0 inferences in 0.0 s on host, aot" in describe_stream(report).splitlines()
