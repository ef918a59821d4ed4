# SPDX-License-Identifier: Apache-2.0
"""Made noise has the level, the colour and the reproducibility it is asked for; silence is cut where it may be."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.audio.noise import BROWN, NOISES, PINK, WHITE, coloured_noise, decibels, with_rms_1
from tinykws.training_data.silence_clips import silence_clips, split_noise


@pytest.mark.parametrize("kind", NOISES)
def test_every_noise_has_rms_1_and_follows_its_seed(kind: str) -> None:
    one, two, other = (NOISES[kind](8000, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.isfinite(one).all()
    assert np.sqrt(np.mean(np.square(one))) == pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


@pytest.mark.parametrize("exponent", [WHITE, PINK, BROWN])
def test_power_falls_with_frequency_as_asked(exponent: float) -> None:
    sound = coloured_noise((40, 16000), exponent, np.random.default_rng(0))
    power = np.square(np.abs(np.fft.rfft(sound))).mean(axis=0)
    octaves = [power[low : 2 * low].mean() for low in (50, 100, 200, 400, 800, 1600, 3200)]
    np.testing.assert_allclose(np.diff(10 * np.log10(octaves)), -10 * np.log10(2) * exponent, atol=1)


def test_zeros_stay_zeros() -> None:
    np.testing.assert_array_equal(with_rms_1(np.zeros((2, 5))), np.zeros((2, 5)))


def test_decibels() -> None:
    assert decibels(0) == 1
    assert decibels(-20) == pytest.approx(0.1)


def test_noise_is_shared_out_in_time() -> None:
    pieces = split_noise([np.arange(1000, dtype=np.int16)])
    assert [len(pieces[split][0]) for split in ("training", "validation", "testing")] == [800, 100, 100]
    np.testing.assert_array_equal(np.concatenate([piece[0] for piece in pieces.values()]), np.arange(1000))


@pytest.mark.parametrize("noise", [[], [np.arange(50, dtype=np.int16)]])
def test_silence_is_made_where_no_noise_is_long_enough(noise: list[np.ndarray]) -> None:
    clips = silence_clips(noise, 30, 1600, (1,))
    assert clips.shape == (30, 1600)
    assert (np.abs(clips.astype(int)).max(axis=1) == 0).sum() >= 3
    assert np.abs(clips.astype(int)).max() > 1000
    np.testing.assert_array_equal(clips, silence_clips(noise, 30, 1600, (1,)))
    np.testing.assert_array_equal(clips[:10], silence_clips(noise, 10, 1600, (1,)))


@pytest.mark.parametrize("samples", [16_000, 15_991, 31_337])
def test_noise_of_any_length_has_its_spectrum(samples: int) -> None:
    noise = coloured_noise((8, samples), PINK, np.random.default_rng(2))
    assert noise.shape == (8, samples)
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(noise, dtype=np.float64), axis=1)), 1, atol=1e-4)
    power = np.square(np.abs(np.fft.rfft(noise))).mean(axis=0)
    hz = np.fft.rfftfreq(samples, 1 / 16_000)
    low, high = (power[(hz >= begin) & (hz < 2 * begin)].mean() for begin in (200, 3200))
    assert low / high == pytest.approx(16, rel=0.25)
