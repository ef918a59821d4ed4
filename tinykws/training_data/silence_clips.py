# SPDX-License-Identifier: Apache-2.0
"""Makes silence clips: pieces of noise recordings at random levels (computed noise if there are none), and zeros."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinykws.audio.noise import NOISES, decibels
from tinykws.audio.samples import FULL_SCALE, Samples, saturated
from tinykws.training_data.folders import SPLITS, TESTING, TRAINING, VALIDATION

SPLIT_ENDS = {TRAINING: 0.8, VALIDATION: 0.9, TESTING: 1.0}
"""Where each split's share of a noise recording ends: splits never share noise."""
ZEROS_EVERY = 10
"""Every tenth clip is digital silence."""
GAIN_DB = (-40.0, 3.0)
"""Range of gains applied to recorded noise."""
GENERATED_DB = (-80.0, -20.0)
"""Level range of computed noise, RMS in dB of full scale."""


def split_noise(recordings: Sequence[Samples]) -> dict[str, list[Samples]]:
    """Cuts each noise recording into three pieces, one per split."""
    pieces: dict[str, list[Samples]] = {split: [] for split in SPLITS}
    for recording in recordings:
        start = 0
        for split, share in SPLIT_ENDS.items():
            end = round(share * recording.size)
            pieces[split].append(recording[start:end])
            start = end
    return pieces


def silence_clips(noise: Sequence[Samples], count: int, clip_samples: int, seeds: Sequence[int]) -> Samples:
    """Returns int16 [count, clip_samples]: pieces of the noise at random gains, or computed noise, and zeros.

    Args:
        noise: recordings int16 [m]; those shorter than a clip are not used.
        count: how many clips.
        clip_samples: length of each.
        seeds: seed of all random choices, together with each clip's number.
    """
    long_enough = [recording for recording in noise if recording.size >= clip_samples]
    clips = np.zeros((count, clip_samples), np.int16)
    for index in range(count):
        if index % ZEROS_EVERY:
            rng = np.random.default_rng([*seeds, index])
            clips[index] = _cut(long_enough, clip_samples, rng) if long_enough else _generated(clip_samples, rng)
    return clips


def _cut(noise: Sequence[Samples], clip_samples: int, rng: np.random.Generator) -> Samples:
    recording = noise[int(rng.integers(len(noise)))]
    start = int(rng.integers(recording.size - clip_samples + 1))
    return saturated(recording[start : start + clip_samples] * decibels(float(rng.uniform(*GAIN_DB))))


def _generated(clip_samples: int, rng: np.random.Generator) -> Samples:
    kinds = tuple(NOISES)
    sound = NOISES[kinds[int(rng.integers(len(kinds)))]](clip_samples, rng)
    return saturated(sound * FULL_SCALE * decibels(float(rng.uniform(*GENERATED_DB))))
