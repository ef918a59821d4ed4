# SPDX-License-Identifier: Apache-2.0
"""Filtering and speed by one transform: equal to convolution, and to sound that was made at that pitch."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.audio.filters import fast_length, fast_speeds, filtered, frequencies_hz, transform_length
from tinykws.evaluation.word_stream import reverberated

N = 4000
FLAT = np.ones((1, len(frequencies_hz(N))), np.complex64)


def test_flat_at_speed_1_is_the_same_sound() -> None:
    sound = np.random.default_rng(0).standard_normal((1, N)).astype(np.float32)
    np.testing.assert_allclose(filtered(sound, FLAT, np.array([1.0])), sound, atol=1e-5)


def test_a_filter_is_a_convolution() -> None:
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((3, N)).astype(np.float32)
    impulses = rng.standard_normal((3, 700)) * np.exp(-np.arange(700) / 100)
    responses = np.fft.rfft(impulses, transform_length(N), axis=1).astype(np.complex64)
    expected = [np.convolve(row, impulse)[:N] for row, impulse in zip(sound, impulses, strict=True)]
    np.testing.assert_allclose(filtered(sound, responses, np.ones(3)), expected, atol=1e-3)


@pytest.mark.parametrize("percent", [0, 5, 12.5, 30])
@pytest.mark.parametrize("clip_samples", [480, 16000, 24000])
def test_speeds_are_in_range_ascending_and_both_ways(clip_samples: int, percent: float) -> None:
    speeds = fast_speeds(clip_samples, percent)
    assert 1.0 in speeds
    assert (np.diff(speeds) > 0).all()
    assert speeds.min() >= 1 - percent / 100 - 1e-3
    assert speeds.max() <= 1 + percent / 100 + 1e-3
    if percent >= 12.5:
        assert len(speeds[speeds < 1]) >= 2
        assert len(speeds[speeds > 1]) >= 2


@pytest.mark.parametrize("faster", [False, True])
def test_a_tone_comes_out_at_its_new_pitch_with_its_loudness_around_the_middle(faster: bool) -> None:
    speed = fast_speeds(N, 20)[-1 if faster else 0]
    seconds = (np.arange(N) - N / 2) / 16000
    sound = np.cos(2 * np.pi * 100 * seconds)[None].astype(np.float32)
    expected = np.cos(2 * np.pi * 100 * speed * seconds)
    result = filtered(sound, FLAT, np.array([speed]))[0]
    middle = slice(N // 4, -N // 4)
    np.testing.assert_allclose(
        result[middle], expected[middle], atol=0.05
    )  # a sample, 0.047 of the tone, is as exact as the middle is
    if faster:  # what is before the sound and behind it is silence, but for the filter's ringing
        outside = round(N * (1 - 1 / speed) / 2) - 20
        assert np.abs(result[:outside]).max() < 0.1


def test_each_row_has_its_own_speed() -> None:
    sound = np.random.default_rng(0).standard_normal((4, N)).astype(np.float32)
    speeds = np.array([1.0, fast_speeds(N, 20)[0], 1.0, fast_speeds(N, 20)[-1]])
    together = filtered(sound, np.repeat(FLAT, 4, axis=0), speeds)
    for row in range(4):
        alone = filtered(sound[row : row + 1], FLAT, speeds[row : row + 1])
        np.testing.assert_allclose(together[row], alone[0], atol=1e-5)


def test_fast_lengths() -> None:
    assert [fast_length(wanted) for wanted in (1, 7, 16_000, 3_000_017)] == [2, 8, 16_000, 3_037_500]


@pytest.mark.parametrize("samples", [10, 997, 4000])
def test_reverberation_is_a_convolution_at_any_length(samples: int) -> None:
    rng = np.random.default_rng(1)
    sound, response = (rng.standard_normal(size).astype(np.float32) for size in (samples, 301))
    np.testing.assert_allclose(reverberated(sound, response), np.convolve(sound, response)[:samples], atol=1e-3)
