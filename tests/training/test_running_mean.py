# SPDX-License-Identifier: Apache-2.0
"""The running mean of weights: where it lies, what it forgets, and that it is a copy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.training.running_mean import RunningMean


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_the_first_values_count_alike(values: list[float]) -> None:
    mean = RunningMean(0.01)
    for value in values:
        mean.add([np.array([value])])
    assert mean.weights[0][0] == pytest.approx(np.mean(values), abs=1e-9)


def test_old_values_are_forgotten_with_its_time_constant() -> None:
    mean = RunningMean(0.05)
    for value in [1.0] * 100 + [0.0] * 20:
        mean.add([np.array([value])])
    assert mean.weights[0][0] == pytest.approx(0.95**20, rel=1e-9)


def test_with_a_share_of_1_it_is_the_last_value() -> None:
    mean = RunningMean(1.0)
    for value in (3.0, 7.0):
        mean.add([np.array([value], np.float32)])
    assert mean.weights[0] == [7.0]
    assert mean.weights[0].dtype == np.float32


def test_it_neither_keeps_nor_gives_away_arrays() -> None:
    mean, given_to_it = RunningMean(0.5), np.array([1.0])
    assert mean.weights == []
    mean.add([given_to_it])
    given_to_it[0] = 9
    mean.weights[0][0] = 9
    assert mean.weights[0] == [1.0]
