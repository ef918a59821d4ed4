# SPDX-License-Identifier: Apache-2.0
"""The temporal filter's whole numbers stand for what they were made of."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.evaluation.temporal_filter_fit import WEIGHTS_SHAPE, log_odds_features
from tinykws.native.detector import Detector
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import temporal_filter_settings
from tinykws.project.temporal_filter import AGE_ENDS_MS, EVEN_ODDS, LARGEST_WEIGHT, N_AGES, ROLES, SCORE_STEPS, SIDES


def test_a_score_is_of_the_age_it_has() -> None:
    ages = temporal_filter.ages(100)
    assert len(ages) == temporal_filter.taps(100) == 25
    for lag, age in enumerate(ages):
        assert lag * 100 < AGE_ENDS_MS[age]
        assert age == 0 or lag * 100 >= AGE_ENDS_MS[age - 1]
    assert temporal_filter.taps(3000) == 1
    assert temporal_filter.ages(3000) == (0,)


def test_each_score_has_the_weight_of_its_age() -> None:
    rows = len(ROLES) * len(SIDES)
    of_taps = np.array(temporal_filter.tap_weights(tuple(range(rows * N_AGES)), 100)).reshape(rows, -1)
    ages = np.array(temporal_filter.ages(100))
    assert (of_taps == ages + N_AGES * np.arange(rows)[:, None]).all()


@pytest.mark.parametrize("largest", [1e-6, 0.01, 1.0, 30.0])
def test_weights_fill_eight_bits_and_are_not_cut(largest: float) -> None:
    weights = np.random.default_rng(1).uniform(-largest, largest, WEIGHTS_SHAPE)
    whole = temporal_filter.quantized(weights.tolist(), -3.0, 100)
    assert max(map(abs, whole.weights)) <= LARGEST_WEIGHT
    if 0.01 <= largest <= 1:
        assert max(map(abs, whole.weights)) > LARGEST_WEIGHT / 2
    assert whole.bias / 2**whole.shift == pytest.approx(EVEN_ODDS - 3 * SCORE_STEPS, abs=0.5)


@given(seed=st.integers(0, 2**32 - 1), inference_stride_ms=st.sampled_from([20, 100, 400]))
def test_the_chip_computes_the_sum(seed: int, inference_stride_ms: int) -> None:
    """Whole weights, sixteenths of bits and straight lines for logarithms: within two steps of 255."""
    rng = np.random.default_rng(seed)
    weights, bias = rng.uniform(-0.25, 0.25, WEIGHTS_SHAPE), float(rng.uniform(-3, 3))
    settings = temporal_filter_settings(weights.tolist(), bias, inference_stride_ms)
    settings = dataclasses.replace(settings, threshold=0, minimum_count=settings.taps)
    scores = rng.integers(-128, 128, (settings.taps, 3)).astype(np.int8)
    inputs = log_odds_features(scores, inference_stride_ms)[-1, [2, 0, 1]]
    used = np.isin(np.arange(N_AGES), temporal_filter.ages(inference_stride_ms))
    expected = EVEN_ODDS + SCORE_STEPS * (bias + float((weights * inputs)[..., used].sum()))
    times = np.arange(1, settings.taps + 1, dtype=np.uint32) * inference_stride_ms
    heard = Detector(settings, 3).run(scores, times)
    assert abs((heard[0].score if heard else 0) - np.clip(expected, 0, 255)) <= 2
