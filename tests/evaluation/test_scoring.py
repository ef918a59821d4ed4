# SPDX-License-Identifier: Apache-2.0
"""scoring: figures checked by hand, and against their definitions on random predictions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.evaluation.scoring import agreement, confusion_matrix, probability_of_score, score

LABELS = ("_silence_", "_unknown_", "yes")


def test_figures_worked_out_by_hand() -> None:
    figures = score(np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, 1, 2, 2]), LABELS)
    assert figures.confusion == ((1, 1, 0), (0, 2, 1), (0, 0, 1))
    assert figures.accuracy == pytest.approx(4 / 6)
    assert figures.mean_recall == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)
    silence, unknown, yes = figures.labels
    assert (silence.precision, silence.recall, silence.clips) == (1.0, 0.5, 2)
    assert unknown.f1 == pytest.approx(2 / 3)
    assert (yes.precision, yes.recall) == (0.5, 1.0)


def test_nothing_is_made_up_for_labels_without_clips() -> None:
    figures = score(np.array([2, 2]), np.array([2, 2]), LABELS)
    assert figures.labels[0].recall is None
    assert figures.labels[0].precision is None
    assert figures.labels[0].f1 is None
    assert figures.mean_recall == 1.0


def test_a_label_that_is_never_found_scores_zero_not_nothing() -> None:
    (_, unknown, yes) = score(np.array([1, 2]), np.array([2, 1]), LABELS).labels
    assert (unknown.recall, unknown.precision, unknown.f1) == (0.0, 0.0, 0.0)
    assert yes.f1 == 0.0


@pytest.mark.parametrize(("true", "predicted"), [([], []), ([1], [1, 2])])
def test_no_clips_and_unequal_lengths_are_refused(true: list[int], predicted: list[int]) -> None:
    with pytest.raises(ValueError, match="clip"):
        score(np.array(true, int), np.array(predicted, int), LABELS)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_confusion_counts_every_pair_once(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.array(pairs).T
    confusion = confusion_matrix(true, predicted, 5)
    for row in range(5):
        for column in range(5):
            assert confusion[row, column] == pairs.count((row, column))
    figures = score(true, predicted, [str(label) for label in range(5)])
    assert figures.accuracy == pytest.approx(np.mean(true == predicted))
    for label in figures.labels:
        if label.precision and label.recall:
            assert label.f1 == pytest.approx(2 / (1 / label.precision + 1 / label.recall))


def test_agreement_of_float_and_int8() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.45, 0.55]], np.float32)
    scores = np.array([[102, -102], [-26, 26], [10, -10]], np.int8)
    found = agreement(np.array([0, 1, 1]), probabilities, scores)
    assert (found.clips, found.agreeing_clips) == (3, 2)
    assert found.accuracy_difference == pytest.approx(-1 / 3)
    assert found.largest_score_difference == pytest.approx(138 / 256 - 0.45, abs=1e-6)


def test_scores_stand_for_256ths() -> None:
    assert probability_of_score(np.array([-128, 0, 127], np.int8)).tolist() == [0.0, 0.5, 255 / 256]
