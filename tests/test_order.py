"""An epoch shows every clip once; where few recordings stand beside many spoken clips, those come more often."""

from __future__ import annotations

import numpy as np

from tinykws.clips.order import epoch_order

LABELS = np.array([0] * 10 + [1] * 50 + [2] * 100 + [3] * 40)


def order(recorded: np.ndarray, part: float, seed: int = 0) -> np.ndarray:
    return epoch_order(LABELS, recorded, part, np.random.default_rng(seed))


def test_every_clip_once_where_labels_are_all_recorded_or_all_spoken() -> None:
    for recorded in (np.ones(200, bool), np.zeros(200, bool), LABELS < 2):
        rows = order(recorded, 0.5)
        assert sorted(rows) == list(range(200))
        assert (np.diff(rows) != 1).any()


def test_few_recordings_get_their_part_and_all_come_as_often() -> None:
    recorded = np.zeros(200, bool)
    recorded[60:64] = True  # four of the hundred clips of label 2
    rows = order(recorded, 0.3)
    assert np.bincount(LABELS[rows], minlength=4).tolist() == [10, 50, 100, 40]
    times = np.bincount(rows, minlength=200)
    assert times[60:64].sum() == 30
    assert set(times[60:64]) == {7, 8}
    assert times[64:160].sum() == 70
    assert times[64:160].max() == 1
    others = np.setdiff1d(np.arange(200), np.arange(60, 160))
    assert set(times[others]) == {1}


def test_enough_recordings_come_once() -> None:
    recorded = np.zeros(200, bool)
    recorded[60:100] = True
    assert sorted(order(recorded, 0.3)) == list(range(200))
    assert sorted(order(recorded, 0.0)) == list(range(200))


def test_all_turns_may_go_to_recordings() -> None:
    recorded = np.zeros(200, bool)
    recorded[60] = True
    assert np.count_nonzero(order(recorded, 1.0) == 60) == 100


def test_the_spoken_ones_that_stand_back_change() -> None:
    recorded = np.zeros(200, bool)
    recorded[60:64] = True
    left_out = [frozenset(range(64, 160)) - set(order(recorded, 0.3, seed)) for seed in range(2)]
    assert left_out[0] != left_out[1]
    np.testing.assert_array_equal(order(recorded, 0.3, 1), order(recorded, 0.3, 1))
