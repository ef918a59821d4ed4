# SPDX-License-Identifier: Apache-2.0
"""Noise and babble: drawn from what is there, and as loud as asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.training_data.augmentation.backgrounds import Backgrounds, add_noise, rms

LENGTH = 1600
NO_TALK = np.zeros(0, np.int64)


def clips(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-8000, 8000, (count, LENGTH)).astype(np.int16)


@settings(max_examples=50)
@given(st.lists(st.floats(-20, 60), min_size=1, max_size=8), st.integers(0, 2**32))
def test_the_snr_measured_is_the_snr_asked(snr_db: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = clips(len(snr_db), seed).astype(np.float64)
    noise = rng.standard_normal(sound.shape) * rng.uniform(0.01, 1000)
    added = add_noise(sound, noise, np.array(snr_db)) - sound
    measured = 20 * np.log10(rms(sound) / rms(added))
    np.testing.assert_allclose(measured, snr_db, atol=0.05)


def test_silent_clips_and_silent_noise_stay_as_they_are() -> None:
    silent = np.zeros((1, LENGTH))
    snr_db = np.array([10.0])
    np.testing.assert_array_equal(add_noise(silent, clips(1), snr_db), silent)
    np.testing.assert_array_equal(add_noise(clips(1), silent, snr_db), clips(1))


def test_noise_comes_from_the_recordings_and_is_made() -> None:
    recording = np.full(LENGTH * 2, 7, np.int16)
    source = Backgrounds([recording, recording[:10]], clips(1), NO_TALK, np.random.default_rng(0))
    drawn = source.noise(200, np.random.default_rng(0))
    from_recording = (drawn == 7).all(axis=1)
    assert 0.6 < from_recording.mean() < 0.8
    assert (rms(drawn[~from_recording]) > 0.1).all()
    without = Backgrounds([recording[:10]], clips(1), NO_TALK, np.random.default_rng(0))
    assert not (without.noise(50, np.random.default_rng(0)) == 7).any()


def test_babble_is_several_of_the_words_each_as_loud() -> None:
    """Word k is a sine of 10 + k waves a clip, wherever it is moved, and k times as loud."""
    words = np.array([100 * k * np.sin(2 * np.pi * (10 + k) * np.arange(LENGTH) / LENGTH) for k in range(1, 9)])
    keyword = np.full((1, LENGTH), 20000)
    source = Backgrounds(
        [], np.concatenate([keyword, words]).astype(np.int16), np.arange(1, 9), np.random.default_rng(0)
    )
    counts = set()
    for babble in source.babble(60, np.random.default_rng(1)):
        levels = np.abs(np.fft.rfft(babble)) / LENGTH * np.sqrt(2)
        heard = np.flatnonzero(levels > 0.3)
        assert set(heard) <= set(range(11, 19))
        counts.add(len(heard))
        if len(heard) == 6:
            np.testing.assert_allclose(levels[heard], 1, atol=0.02)
    assert max(counts) == 6
    assert min(counts) <= 2


def test_without_other_words_babble_is_noise() -> None:
    source = Backgrounds([], clips(3), NO_TALK, np.random.default_rng(0))
    babble = source.babble(4, np.random.default_rng(1))
    assert babble.shape == (4, LENGTH)
    assert (rms(babble) > 0.1).all()


@pytest.mark.parametrize("count", [0, 1])
def test_few(count: int) -> None:
    source = Backgrounds([], clips(3), np.array([1]), np.random.default_rng(0))
    assert source.babble(count, np.random.default_rng(0)).shape == (count, LENGTH)
    assert source.noise(count, np.random.default_rng(0)).shape == (count, LENGTH)
