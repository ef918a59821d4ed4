# SPDX-License-Identifier: Apache-2.0
"""Microphones' curves: pass the middle, cut the ends, differ by no more than the equalizer is told."""

from __future__ import annotations

import numpy as np

from tinykws.training_data.augmentation.microphone_responses import EQUALIZER_HZ, LOW_CUT_HZ, random_responses

HZ = np.linspace(0, 8000, 801)


def curves(equalizer_db: float, seed: int = 0) -> np.ndarray:
    return random_responses(300, HZ, equalizer_db, np.random.default_rng(seed))


def test_without_equalizer_the_middle_passes_and_the_ends_are_cut() -> None:
    flat = curves(0.0)
    assert (flat[:, HZ == 1000.0] > 0.95).all()
    assert (flat <= 1.0).all()
    assert (flat[:, 0] < 1e-2).all()
    at_low = flat[:, np.searchsorted(HZ, LOW_CUT_HZ[1])]
    assert at_low.min() < 0.75  # some microphones have lost half the power there
    assert at_low.max() > 0.99
    assert flat[:, -1].min() < 0.2
    assert flat[:, -1].max() > 0.95


def test_the_equalizer_goes_both_ways_and_no_further() -> None:
    ratio_db = 20 * np.log10(curves(6.0)[:, [list(HZ).index(knob) for knob in EQUALIZER_HZ if knob in HZ]])
    assert ratio_db[:, 2].max() > 5
    assert ratio_db[:, 2].min() < -5
    assert ratio_db.max() <= 6.0


def test_reproducible_and_finite_at_frequency_0() -> None:
    np.testing.assert_array_equal(curves(6.0, 4), curves(6.0, 4))
    assert (curves(6.0, 4) != curves(6.0, 5)).any()
    assert np.isfinite(curves(6.0)).all()
