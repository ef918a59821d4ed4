"""The verdict on a stream, from logs written here."""

from __future__ import annotations

import dataclasses

import pytest

from tinykws.device.line_check import with_check
from tinykws.device.protocol import ClipFigures, Heard, Line, Ok, Ready, Scores
from tinykws.device.session_log import EVENT, EXPECTED, FAULT, RECEIVED, SENT, STREAM, LogEntry
from tinykws.device.stream_verdict import StreamFacts, StreamVerdict, event_text, judge_stream
from tinykws.errors import ConfigError
from tinykws.labels import labels_of_words
from tinykws.timeline import Event

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
        (lambda r: r[:5], "the device gave no result for the stream", None),
        (lambda r: r[:2], "scores differ: nothing on the device, 0 1 2 3 at 1090 ms on the host", 1090),
        (lambda r: [*r[:5], dataclasses.replace(FIGURES, features_crc=1)], "features differ: CRC 00000001 over", None),
        (lambda r: [*r[:5], dataclasses.replace(FIGURES, frames=2999)], "over 2999 frames on the device", None),
    ],
)
def test_the_first_difference_is_told(change, reason: str, at: int | None) -> None:
    verdict = judged(change(RESULTS), RESULTS)
    assert not verdict.equal
    assert reason in verdict.reason
    assert verdict.first_difference_ms == at


def test_a_fault_is_the_reason(tmp_path) -> None:
    verdict = judged(RESULTS[:2], RESULTS, entry(FAULT, "time-out: the device said nothing of use"))
    assert not verdict.equal
    assert verdict.reason == "time-out: the device said nothing of use"
    assert verdict.figures is None


def test_another_log_is_refused() -> None:
    with pytest.raises(ConfigError, match="none of a whole stream"):
        judge_stream([entry(RECEIVED, READY.to_line())])
    with pytest.raises(ConfigError, match="none of a whole stream"):
        judged(RESULTS, RESULTS[:-1])
