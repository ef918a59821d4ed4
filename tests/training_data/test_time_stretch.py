# SPDX-License-Identifier: Apache-2.0
"""Stretching changes how long speech takes, and nothing else; speaking rates are drawn as wide as was asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tinykws.training_data.augmentation.speaking_rate import SpeakingRates, spoken_at
from tinykws.training_data.augmentation.time_stretch import stretched


def tone(hz: float, count: int) -> npt.NDArray[np.float32]:
    return (3000 * np.sin(2 * np.pi * hz * np.arange(count) / 16_000)).astype(np.float32)


def pitch_hz(sound: npt.NDArray[np.float32]) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax() * 16_000 / len(sound))


@pytest.mark.parametrize("factor", [0.85, 1.3, 1.55])
def test_it_takes_longer_at_the_same_pitch_and_level(factor: float) -> None:
    made = stretched(tone(200, 16_000), factor)
    assert len(made) == round(16_000 * factor)
    assert pitch_hz(made) == pytest.approx(200, abs=2)
    inside = made[2000:-2000]
    assert np.sqrt(np.mean(inside**2)) == pytest.approx(3000 / np.sqrt(2), rel=0.02)


def test_a_change_is_where_it_was_times_the_factor() -> None:
    speech = np.concatenate([tone(200, 6000), np.zeros(4000, np.float32), tone(1000, 6000)])
    made = stretched(speech, 1.5)
    assert np.abs(made[9400:14_600]).max() < 1
    assert pitch_hz(made[500:8500]) == pytest.approx(200, abs=3)
    assert pitch_hz(made[15_500:23_500]) == pytest.approx(1000, abs=3)


def test_a_factor_of_one_and_short_sounds() -> None:
    sound = np.random.default_rng(1).standard_normal(8000).astype(np.float32) * 1000
    np.testing.assert_allclose(stretched(sound, 1.0), sound, atol=1)
    for length in (0, 1, 100, 700):
        assert len(stretched(sound[:length], 1.4)) == round(1.4 * length)


def test_rates_are_as_wide_as_the_settings() -> None:
    rng = np.random.default_rng(2)
    drawn = np.array([SpeakingRates(10, 55).draw(rng) for _ in range(2000)])
    speeds, factors = drawn.T
    assert 0.8 <= speeds.min() < 0.81
    assert 1.19 < speeds.max() <= 1.2
    assert 0.87 < factors.min() < 0.89
    assert 1.52 < factors.max() <= 1.55
    assert 0.2 < np.mean(factors == 1) < 0.3
    assert {SpeakingRates(0, 0).draw(rng) for _ in range(20)} == {(1.0, 1.0)}


def test_played_faster_it_is_higher_and_stretched_it_is_not() -> None:
    made = spoken_at(tone(300, 16_000), 1.2, 1.5)
    assert len(made) == pytest.approx(16_000 / 1.2 * 1.5, abs=2)
    assert pitch_hz(made) == pytest.approx(360, abs=3)
