# SPDX-License-Identifier: Apache-2.0
"""Streams: how found, confused, missed and false detections are counted."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.evaluation.timeline import GRACE_MS, Event, StreamDetection, read_timeline, score_stream, write_timeline
from tinykws.support.errors import ConfigError

WORDS = ("yes", "no")
EVENTS = st.lists(
    st.builds(
        lambda start, length, label: Event(start, start + length, label),
        st.integers(0, 8000), st.integers(1, 1500), st.sampled_from([*WORDS, "other"]),
    ),
    max_size=4,
)  # fmt: skip
DETECTIONS = st.lists(st.builds(StreamDetection, st.integers(0, 12_000), st.sampled_from(WORDS)), max_size=4)


@pytest.mark.parametrize(
    ("time_ms", "found"),
    [(999, 0), (1000, 1), (1500, 1), (1800, 1), (1800 + GRACE_MS, 1), (1801 + GRACE_MS, 0)],
)
def test_a_detection_counts_from_the_start_to_a_second_after_the_end(time_ms: int, found: int) -> None:
    score = score_stream([Event(1000, 1800, "yes")], [StreamDetection(time_ms, "yes")], 7_200_000, WORDS)
    assert (score.found, score.missed, score.false_accepts) == (found, 1 - found, 1 - found)
    assert score.false_accepts_per_hour == (1 - found) / 2
    assert score.latencies_ms == ((time_ms - 1800,) if found else ())


def test_confused_repeated_and_false() -> None:
    events = [Event(0, 500, "yes"), Event(5000, 5500, "no"), Event(9000, 9500, "no"), Event(20000, 20500, "other")]
    heard = [
        StreamDetection(600, "yes"), StreamDetection(900, "yes"), StreamDetection(5600, "yes"),
        StreamDetection(20600, "no"),
    ]  # fmt: skip
    score = score_stream(events, heard, 3_600_000, WORDS)
    yes, no = score.words
    assert (yes.utterances, yes.found, yes.confused, yes.missed, yes.false_accepts) == (1, 1, 0, 0, 1)
    assert (no.utterances, no.found, no.confused, no.missed, no.false_accepts) == (2, 0, 1, 1, 1)
    assert (score.recall, yes.recall, no.recall) == (1 / 3, 1.0, 0.0)
    assert score.false_accepts_per_hour == 2
    assert score.latency_ms(50) == 100


def test_a_word_found_after_a_wrong_one_is_found_and_the_wrong_one_false() -> None:
    heard = [StreamDetection(600, "no"), StreamDetection(700, "yes")]
    score = score_stream([Event(0, 500, "yes")], heard, 1000, WORDS)
    assert (score.found, score.confused, score.false_accepts) == (1, 0, 1)


def test_nothing_said_nothing_heard() -> None:
    score = score_stream([], [], 1000, WORDS)
    assert (score.recall, score.latency_ms(50), score.false_accepts_per_hour) == (None, None, 0.0)


def test_what_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="0 ms"):
        score_stream([], [], 0, WORDS)
    with pytest.raises(ValueError, match="maybe"):
        score_stream([], [StreamDetection(1, "maybe")], 1000, WORDS)


@given(EVENTS, DETECTIONS)
def test_all_is_counted_once_and_no_assignment_finds_more(
    events: list[Event], detections: list[StreamDetection]
) -> None:
    score = score_stream(events, detections, 20_000, WORDS)
    said = [event for event in events if event.label in WORDS]
    assert score.utterances == len(said) == score.found + score.confused + score.missed
    assert score.found + score.confused + score.false_accepts == len(detections)
    assert len(score.latencies_ms) == score.found
    assert all(latency <= GRACE_MS for latency in score.latencies_ms)
    assert score.found == most_matches(said, detections)


def most_matches(events: list[Event], detections: list[StreamDetection]) -> int:
    """Tries every assignment."""
    slots: list[StreamDetection | None] = [*detections, *[None] * len(events)]
    return max(
        sum(
            heard is not None and heard.label == event.label and event.start_ms <= heard.time_ms <= event.end_ms + 1000
            for event, heard in zip(events, order, strict=False)
        )
        for order in itertools.permutations(slots, len(events))
    )


def test_a_timeline_is_read_as_it_was_written(tmp_path: Path) -> None:
    events = (Event(5, 500, "yes"), Event(700, 900, "no"))
    write_timeline(tmp_path / "a.csv", reversed(events))
    assert (tmp_path / "a.csv").read_text() == "start_ms,end_ms,label\n5,500,yes\n700,900,no\n"
    assert read_timeline(tmp_path / "a.csv", WORDS) == events


def test_a_timeline_made_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\ufeff700, 900, no\r\n\r\n5,500,yes\r\n", encoding="utf-8")
    assert read_timeline(tmp_path / "a.csv") == (Event(5, 500, "yes"), Event(700, 900, "no"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2", "line 1"),
        ("1,2,yes\nx,3,no", "line 2"),
        ("9,9,yes", "start_ms < end_ms"),
        ("-1,9,yes", "start_ms"),
        (f"0,{10**400},yes", "start_ms < end_ms"),
        ("0,1e9,yes", "line 1"),
        ("0," + "9" * 5000 + ",yes", "line 1"),
        ("1,9,", "label"),
        ("1,9,up", "its labels are up"),
    ],
)
def test_a_bad_timeline_is_told(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ConfigError) as error:
        read_timeline(tmp_path / "a.csv", WORDS)
    assert says in f"{error.value.message} {error.value.hint}"


def test_no_timeline(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_timeline(tmp_path / "none.csv")
