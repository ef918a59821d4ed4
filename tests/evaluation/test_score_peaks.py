# SPDX-License-Identifier: Apache-2.0
"""Peaks of scores: they are those that the firmware's detector would detect, and tell rates too low to be counted."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from tinykws.evaluation.score_peaks import TAIL, Peaks, bits_of_threshold, find_peaks
from tinykws.evaluation.stream_measure import score_detector
from tinykws.evaluation.stream_scores import ScoredStream
from tinykws.evaluation.timeline import Event
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import DetectorSettings, temporal_filter_settings

WORDS = ("yes", "no")
AVERAGES = DetectorSettings(average_window_ms=400, threshold=200, suppression_ms=500, minimum_count=1)
FILTER = dataclasses.replace(
    temporal_filter_settings(temporal_filter.DEFAULT_WEIGHTS, temporal_filter.DEFAULT_BIAS, 100), suppression_ms=500
)


def stream(scores: npt.NDArray[np.int8], events: tuple[Event, ...] = ()) -> ScoredStream:
    times = (np.arange(len(scores), dtype=np.uint32) + 1) * 100
    return ScoredStream("talk", 100 * len(scores), events, times, scores)


def scores_of(seed: int) -> npt.NDArray[np.int8]:
    """Ten seconds of silence with a few seconds in which words are more or less likely: int8 [100, 4]."""
    rng = np.random.default_rng(seed)
    words = np.zeros((100, 2))
    words[40:46] = rng.dirichlet([3, 1]) * rng.uniform(0.6, 1)
    rest = 1 - words.sum(axis=1)
    unknown = rest * (rng.random(100) < 0.2)
    scores = np.round(256 * np.column_stack([rest - unknown, unknown, words])) - 128
    return np.asarray(np.clip(scores, -128, 127), np.int8)


@pytest.mark.parametrize(("settings", "rounding"), [(AVERAGES, 1), (FILTER, 2)])
@pytest.mark.parametrize("seed", range(8))
def test_the_highest_peak_is_what_the_detector_in_c_detects(
    settings: DetectorSettings, rounding: int, seed: int
) -> None:
    heard = stream(scores_of(seed))
    highest = find_peaks([heard], settings, WORDS).bits[0]
    detecting = [
        threshold
        for threshold in range(130, 255)
        if sum(
            word.false_accepts
            for word in score_detector([heard], dataclasses.replace(settings, threshold=threshold), WORDS)[0].words
        )
    ]
    last = max(detecting, default=129)
    assert highest < bits_of_threshold(settings, min(255, last + 1 + rounding)) or last == 254
    if detecting:
        assert highest > bits_of_threshold(settings, last - rounding)


def test_words_that_are_listed_and_the_lead_in_make_no_peak() -> None:
    scores = scores_of(1)
    assert find_peaks([stream(scores)], AVERAGES, WORDS).bits[0] > -2
    listed = stream(scores, (Event(3900, 4500, "yes"),))
    assert find_peaks([listed], AVERAGES, WORDS).bits[0] < -2
    after_lead_in = dataclasses.replace(stream(scores), lead_in_ms=5500)
    assert find_peaks([after_lead_in], AVERAGES, WORDS).bits[0] < -2


def test_a_rate_is_told_that_was_never_counted() -> None:
    """Peaks whose number falls by e^-1 a bit: 600 an hour above -3 bits are 0.5 an hour above 4.09 bits."""
    rates = []
    for seed in range(30):
        bits = np.sort(np.random.default_rng(seed).exponential(1.0, 600) - 3)[::-1]
        peaks = Peaks(bits, 1.0)
        assert peaks.expected_per_hour(-2.5) == np.sum(bits > -2.5)
        rates.append(peaks.expected_per_hour(-3 + np.log(1200)))
    # sixty heights tell the fall to within 13 %, over 4.8 falls: a factor of two in most cases
    assert 0.35 < np.median(rates) < 0.7
    assert np.mean((np.array(rates) > 0.5 / 3) & (np.array(rates) < 0.5 * 3)) > 0.9


def test_no_loud_sound_is_no_proof() -> None:
    """Half an hour whose loudest peak lies below the threshold: the rate expected above is not 0."""
    bits = np.linspace(-0.5, -5, 300)
    assert 0 < Peaks(bits, 0.5).expected_per_hour(0.0) < 60
    assert Peaks(bits, 0.5).expected_per_hour(0.0) > Peaks(bits, 0.5).expected_per_hour(3.0) > 0


@pytest.mark.parametrize("count", [0, 1, TAIL - 1])
def test_hardly_any_sound(count: int) -> None:
    peaks = Peaks(np.full(count, -8.0), 0.1)
    rates = [peaks.expected_per_hour(bits) for bits in (-4.0, 0.0, 4.0)]
    assert all(np.isfinite(rates))
    assert rates == sorted(rates, reverse=True)
    assert rates[1] < 0.1
