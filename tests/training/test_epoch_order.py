# SPDX-License-Identifier: Apache-2.0
"""An epoch shows every clip once, or as many as wanted; among spoken clips, recordings have one part of all labels."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.training.epoch_order import epoch_order

LABELS = np.array([0] * 10 + [1] * 50 + [2] * 100 + [3] * 40)
ALL = np.ones(200, bool)


def order(recorded: np.ndarray, part: float, seed: int = 0, most: int = 1000) -> np.ndarray:
    return epoch_order(LABELS, recorded, part, most, np.random.default_rng(seed))


def some_recorded(**counts: int) -> np.ndarray:
    """So many of each label's clips, such as l2=4, are recorded."""
    recorded = np.zeros(200, bool)
    for label, count in counts.items():
        recorded[np.flatnonzero(int(label[1:]) == LABELS)[:count]] = True
    return recorded


def parts(rows: np.ndarray, recorded: np.ndarray) -> list[float]:
    return [float(recorded[rows][LABELS[rows] == label].mean()) for label in range(4)]


@pytest.mark.parametrize("recorded", [ALL, ~ALL, LABELS < 2])
def test_every_clip_once_where_labels_are_all_recorded_or_all_spoken(recorded: np.ndarray) -> None:
    rows = order(recorded, 0.5)
    assert sorted(rows) == list(range(200))
    assert (np.diff(rows) != 1).any()
    assert (rows != order(recorded, 0.5, seed=1)).any()


def test_few_recordings_get_their_part_and_all_come_as_often() -> None:
    recorded = some_recorded(l2=4)
    rows = order(recorded, 0.3)
    assert np.bincount(LABELS[rows]).tolist() == [10, 50, 100, 40]
    times = np.bincount(rows, minlength=200)
    assert times[60:64].sum() == 30
    assert set(times[60:64]) == {7, 8}
    assert times[64:160].sum() == 70
    assert times[64:160].max() == 1
    assert set(times[LABELS != 2]) == {1}


def test_many_recordings_of_unknown_words_tell_nothing_about_the_label() -> None:
    recorded = some_recorded(l1=40, l2=4, l3=4)
    assert parts(order(recorded, 0.3), recorded) == pytest.approx([0, 0.3, 0.3, 0.3])
    recorded = some_recorded(l1=40)
    assert parts(order(recorded, 0.3), recorded) == pytest.approx([0, 0.3, 0, 0])


def test_where_every_label_has_more_recordings_they_get_more() -> None:
    recorded = some_recorded(l1=40, l2=50, l3=30)
    assert parts(order(recorded, 0.3), recorded) == pytest.approx([0, 0.5, 0.5, 0.5])


def test_all_turns_may_go_to_recordings() -> None:
    recorded = some_recorded(l2=1)
    assert np.count_nonzero(order(recorded, 1.0) == 60) == 100


def test_an_epoch_shows_no_more_than_wanted_and_each_label_keeps_its_part() -> None:
    rows = order(ALL, 0.3, most=100)
    assert np.bincount(LABELS[rows]).tolist() == [5, 25, 50, 20]
    assert len(set(rows)) == 100
    assert len(order(ALL, 0.3, most=57)) <= 57
    seen = set().union(*(order(ALL, 0.3, seed, most=100) for seed in range(12)))
    assert seen == set(range(200))


def test_same_generator_same_order() -> None:
    recorded = some_recorded(l1=20, l2=4)
    np.testing.assert_array_equal(order(recorded, 0.3, 1, 90), order(recorded, 0.3, 1, 90))
