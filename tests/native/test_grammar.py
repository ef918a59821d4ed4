# SPDX-License-Identifier: Apache-2.0
"""The grammar in the firmware's detector: deaf words are as if they were not said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.native.detector import Detector
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import DetectorSettings, temporal_filter_settings
from tinykws.project.grammar import OpenAfter

WAKE, ON, STOP, N_LABELS = 2, 3, 4, 5
STRIDE_MS = 100
COMMANDS = DetectorSettings(average_window_ms=300, threshold=150, suppression_ms=500, minimum_count=1)
FILTER = dataclasses.replace(
    temporal_filter_settings(temporal_filter.DEFAULT_WEIGHTS, temporal_filter.DEFAULT_BIAS, STRIDE_MS), threshold=130
)
RULES = (COMMANDS, FILTER)
GRAMMAR = (OpenAfter(ON, WAKE, 4000), OpenAfter(STOP, WAKE, 4000))


def said(*words: tuple[int, int], seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of silence with words of half a second: (time in ms, label)."""
    times = np.arange(STRIDE_MS, int(seconds * 1000) + 1, STRIDE_MS, dtype=np.uint32)
    scores = np.full((len(times), N_LABELS), -128, np.int8)
    scores[:, 0] = 127
    for time_ms, label in words:
        rows = slice(time_ms // STRIDE_MS, time_ms // STRIDE_MS + 5)
        scores[rows, 0], scores[rows, label] = -128, 127
    return scores, times


def heard(
    settings: DetectorSettings, grammar: tuple[OpenAfter, ...], *words: tuple[int, int], seconds: float = 20
) -> list[tuple[int, int]]:
    detector = Detector(dataclasses.replace(settings, grammar=grammar), N_LABELS)
    return [(one.time_ms, one.label_index) for one in detector.run(*said(*words, seconds=seconds))]


def labels(events: list[tuple[int, int]]) -> list[int]:
    return [label for _, label in events]


@pytest.mark.parametrize("settings", RULES, ids=lambda one: one.kind)
def test_commands_are_deaf_until_the_wake_word_and_after_the_window(settings: DetectorSettings) -> None:
    words = [(2000, ON), (5000, WAKE), (7000, STOP), (12000, ON)]
    assert labels(heard(settings, (), *words)) == [ON, WAKE, STOP, ON]
    assert labels(heard(settings, GRAMMAR, *words)) == [WAKE, STOP]


@pytest.mark.parametrize("settings", RULES, ids=lambda one: one.kind)
def test_the_window_is_open_to_its_last_millisecond(settings: DetectorSettings) -> None:
    events = heard(settings, (), (2000, WAKE), (5000, STOP))
    (wake_ms, _), (stop_ms, _) = events
    for window_ms, expected in ((stop_ms - wake_ms, events), (stop_ms - wake_ms - 1, events[:1])):
        later = heard(settings, (OpenAfter(STOP, WAKE, window_ms),), (2000, WAKE), (5000, STOP))
        assert later[: len(expected)] == expected
        assert labels(later) == labels(expected)


@pytest.mark.parametrize("settings", RULES, ids=lambda one: one.kind)
def test_the_wake_word_opens_it_again_and_commands_do_not_close_it(settings: DetectorSettings) -> None:
    words = [(2000, WAKE), (4000, ON), (5500, STOP), (7500, WAKE), (10000, ON)]
    assert labels(heard(settings, GRAMMAR, *words)) == [WAKE, ON, STOP, WAKE, ON]


@pytest.mark.parametrize("settings", RULES, ids=lambda one: one.kind)
def test_a_deaf_word_suppresses_nothing(settings: DetectorSettings) -> None:
    """The wake word is heard at the same time as if the deaf word before it had been silence."""
    alone = heard(settings, GRAMMAR, (3000, WAKE))
    assert heard(settings, GRAMMAR, (2300, ON), (3000, WAKE)) == alone
    assert labels(alone) == [WAKE]


@pytest.mark.parametrize("settings", RULES, ids=lambda one: one.kind)
def test_a_chain_is_opened_link_by_link(settings: DetectorSettings) -> None:
    chain = (OpenAfter(ON, WAKE, 3000), OpenAfter(STOP, ON, 3000))
    assert labels(heard(settings, chain, (2000, WAKE), (4000, STOP))) == [WAKE]
    assert labels(heard(settings, chain, (2000, WAKE), (4000, ON), (6000, STOP))) == [WAKE, ON, STOP]


@pytest.mark.parametrize("settings", RULES, ids=lambda one: one.kind)
def test_a_reset_closes_everything(settings: DetectorSettings) -> None:
    detector = Detector(dataclasses.replace(settings, grammar=GRAMMAR), N_LABELS)
    assert labels([(one.time_ms, one.label_index) for one in detector.run(*said((2000, WAKE), seconds=4))]) == [WAKE]
    detector.reset()
    assert detector.run(*said((2000, ON), seconds=4)) == []


@pytest.mark.parametrize("settings", RULES, ids=lambda one: one.kind)
def test_nothing_is_open_at_the_start_even_of_the_longest_window(settings: DetectorSettings) -> None:
    assert heard(settings, (OpenAfter(STOP, WAKE, 60_000),), (200, STOP), (2000, STOP)) == []


@given(st.lists(st.tuples(st.integers(0, 170), st.integers(WAKE, STOP)), max_size=8), st.integers(1, 60))
def test_whatever_is_said_a_command_follows_its_wake_word_within_the_window(
    words: list[tuple[int, int]], window: int
) -> None:
    grammar = (OpenAfter(ON, WAKE, window * 100), OpenAfter(STOP, ON, window * 100))
    opened_by = {ON: WAKE, STOP: ON}
    for settings in RULES:
        events = heard(settings, grammar, *[(at * STRIDE_MS, label) for at, label in words])
        last: dict[int, int] = {}
        for time_ms, label in events:
            if label in opened_by:
                assert time_ms - last.get(opened_by[label], -(10**9)) <= window * 100
            last[label] = time_ms
        without = heard(settings, (), *[(at * STRIDE_MS, label) for at, label in words])
        if not any(label in opened_by for label in labels(without)):
            assert events == without
