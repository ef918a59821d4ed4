# SPDX-License-Identifier: Apache-2.0
"""Weights are learned: on made scores, where it is known what tells words from other speech."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tinykws.evaluation.stream_measure import score_detector
from tinykws.evaluation.stream_scores import ScoredStream
from tinykws.evaluation.temporal_filter_fit import fit_temporal_filter, log_odds_features, logistic_regression
from tinykws.evaluation.timeline import Event
from tinykws.project.detector_settings import TEMPORAL_FILTER, DetectorSettings
from tinykws.project.temporal_filter import EVEN_ODDS, N_AGES, SCORE_STEPS

WORDS = ("yes", "no")
SILENCE, UNKNOWN, YES = 0, 1, 2
COUNT = 40


def stream(around: int, *, said: bool) -> ScoredStream:
    """Every 6 s half a second of sure yes or no, alone or in the midst of other speech."""
    labels = np.full(60 * COUNT, SILENCE)
    events = []
    for at in range(COUNT):
        begin = 60 * at + 20
        labels[begin - 10 : begin + 15] = around
        labels[begin : begin + 5] = YES + at % 2
        if said:
            events.append(Event(100 * begin - 500, 100 * begin, WORDS[at % 2]))
    scores = np.full((len(labels), 4), -118, np.int8)
    scores[np.arange(len(labels)), labels] = 118
    times = np.arange(1, len(labels) + 1, dtype=np.uint32) * 100
    return ScoredStream("made", int(times[-1]), tuple(events), times, scores)


def learned(said: list[ScoredStream], unsaid: list[ScoredStream]) -> DetectorSettings:
    """Returns a filter that hears what it takes for a word at odds of 50 to 1."""
    return dataclasses.replace(fit_temporal_filter(said, unsaid, WORDS, 100), threshold=EVEN_ODDS + 4 * SCORE_STEPS)


def test_it_learns_that_words_stand_between_pauses() -> None:
    alone, in_speech = stream(SILENCE, said=True), stream(UNKNOWN, said=False)
    detector = learned([alone], [in_speech])
    assert detector.kind == TEMPORAL_FILTER
    found, false = score_detector([alone, in_speech], detector, WORDS)
    assert sum(word.found for word in found.words) == COUNT
    assert sum(word.false_accepts for word in false.words) == 0


def test_it_learns_the_contrary_too() -> None:
    in_speech, alone = stream(UNKNOWN, said=True), stream(SILENCE, said=False)
    found, false = score_detector([in_speech, alone], learned([in_speech], [alone]), WORDS)
    assert sum(word.found for word in found.words) == COUNT
    assert sum(word.false_accepts for word in false.words) == 0


@pytest.mark.slow
def test_what_is_said_after_all_is_no_example_of_other_speech() -> None:
    """The same words stand in both: unlisted they make the filter doubt, listed they do not."""
    said, unlisted = stream(SILENCE, said=True), stream(SILENCE, said=False)
    speech = stream(UNKNOWN, said=False)
    doubtful = learned([said], [unlisted, speech])
    sure = learned([said], [said, speech])
    found = [sum(word.found for word in score_detector([said], each, WORDS)[0].words) for each in (doubtful, sure)]
    assert found[0] < found[1] == COUNT


def test_evidence_is_averaged_by_age_and_silence_was_before() -> None:
    rng = np.random.default_rng(2)
    scores = rng.integers(-128, 128, (40, 4)).astype(np.int8)
    means = log_odds_features(scores, 100)
    assert means.shape == (40, 4, 2, N_AGES)
    bits = np.log2((scores.astype(float) + 129) / (128 - scores.astype(float)))
    for side, heard in enumerate([np.where(bits < 0, bits, 0), np.where(bits > 0, bits, 0)]):
        assert means[30, :, side, 0] == pytest.approx(heard[[30, 29]].mean(axis=0))
        assert means[30, :, side, -1] == pytest.approx(heard[30 - 24 : 30 - 16].mean(axis=0))
    assert means[0, :, :, -1] == pytest.approx(np.array([[0, 8], [-8, 0], [-8, 0], [-8, 0]]))


def test_logistic_regression_finds_the_logarithm_of_odds() -> None:
    """Two normal distributions of variance 1, 2 apart: the odds are e^(2 x - 2)."""
    rng = np.random.default_rng(3)
    positive, negative = rng.normal(2, 1, (20_000, 1)), rng.normal(0, 1, (5_000, 1))
    weights, bias = logistic_regression(positive, negative, penalty=0)
    assert weights[0] == pytest.approx(2, abs=0.1)
    assert bias == pytest.approx(-2, abs=0.15)


def test_inputs_that_tell_all_or_nothing_do_not_break_it() -> None:
    weights, bias = logistic_regression(np.array([[1.0, 5.0]] * 9), np.array([[0.0, 5.0]] * 9))
    assert np.isfinite(weights).all()
    assert weights[0] + bias > 0 > bias
    assert weights[1] == 0
