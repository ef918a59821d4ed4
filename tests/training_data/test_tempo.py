# SPDX-License-Identifier: Apache-2.0
"""Tempo: the same frames for longer or for less long, about the clip's middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.training_data.augmentation.tempo import change_tempo

RAMP = np.broadcast_to(np.arange(-98, 98, 4, dtype=np.int8)[None, :, None], (64, 49, 40))


def stretches(features: np.ndarray, *, percent: float, seed: int = 1) -> np.ndarray:
    return change_tempo(features, percent, np.random.default_rng(seed))


def test_no_percent_changes_nothing() -> None:
    assert np.array_equal(stretches(RAMP, percent=0), RAMP)
    assert stretches(RAMP[:0], percent=20).shape == (0, 49, 40)


def test_a_ramp_gets_as_much_steeper_or_flatter() -> None:
    slopes = np.diff(stretches(RAMP, percent=25)[:, 20:29, 0].astype(float), axis=1).mean(axis=1) / 4
    assert slopes.min() == pytest.approx(1 / 1.25, abs=0.05)
    assert slopes.max() == pytest.approx(1.25, abs=0.05)
    assert np.median(slopes) == pytest.approx(1, abs=0.1)


def test_the_middle_stays_and_edges_go_on() -> None:
    stretched = stretches(RAMP, percent=50)
    assert (stretched[:, 24] == RAMP[0, 24]).all()
    squeezed = stretched[stretched[:, 25, 0] > RAMP[0, 25, 0] + 1]
    assert len(squeezed)
    assert (squeezed[:, 0] == RAMP[0, 0]).all()
    assert (squeezed[:, -1] == RAMP[0, -1]).all()


@given(st.integers(0, 2**32), st.floats(0, 100))
def test_nothing_is_louder_or_softer_than_it_was(seed: int, percent: float) -> None:
    clips = np.random.default_rng(seed).integers(-128, 128, (5, 49, 40)).astype(np.int8)
    stretched = stretches(clips, percent=percent, seed=seed)
    assert (stretched.max(axis=1) <= clips.max(axis=1)).all()
    assert (stretched.min(axis=1) >= clips.min(axis=1)).all()
