# SPDX-License-Identifier: Apache-2.0
"""What is heard beside the word: recorded noise, made noise, and people who talk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.noise import BROWN, WHITE, coloured_noise
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples

MADE_NOISE_PART = 0.3
"""Part of the noises that is made though there are recordings."""
MADE_NOISES = 24
MADE_SECONDS = 4
"""Of each made noise; clips get stretches of it."""
TALKERS = (2, 6)
"""So many people talk at the same time in babble."""
SILENT_RMS = 1.0
"""A clip below this RMS has no level that noise could be measured against; it gets none."""

Floats = npt.NDArray[np.float32]


class Backgrounds:
    """Where noise and babble are drawn from.

    Args:
        recordings: of noise, int16 [m]; those shorter than a clip are not used.
        clips: int16 [n, s].
        talk: int [k], which of the clips are words that are no keywords; where there are none, babble is noise.
        rng: of the noises made.
    """

    def __init__(
        self, recordings: Sequence[Samples], clips: Samples, talk: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        self._clip_samples = clips.shape[1]
        self._recordings = [recording for recording in recordings if recording.size >= self._clip_samples]
        self._clips = clips
        self._talk = talk
        length = max(MADE_SECONDS * SAMPLE_RATE_HZ, self._clip_samples)
        self._made = [coloured_noise((length,), rng.uniform(WHITE, BROWN), rng) for _ in range(MADE_NOISES)]

    def noise(self, count: int, rng: np.random.Generator) -> Floats:
        """Returns float32 [count, s]: stretches of the recordings, and of made noise between white and brown."""
        made = rng.random(count) < (MADE_NOISE_PART if self._recordings else 1.0)
        drawn = np.empty((count, self._clip_samples), np.float32)
        for row, is_made in zip(drawn, made, strict=True):
            pool: Sequence[npt.NDArray[Any]] = self._made if is_made else self._recordings
            source = pool[int(rng.integers(len(pool)))]
            start = int(rng.integers(source.size - self._clip_samples + 1))
            row[:] = source[start : start + self._clip_samples]
        return drawn

    def babble(self, count: int, rng: np.random.Generator) -> Floats:
        """Returns float32 [count, s]: words of several people at the same time, one as loud as the other."""
        if not len(self._talk):
            return self.noise(count, rng)
        return np.array([self._talkers(rng) for _ in range(count)], np.float32).reshape(count, self._clip_samples)

    def _talkers(self, rng: np.random.Generator) -> Floats:
        words = self._clips[rng.choice(self._talk, int(rng.integers(*TALKERS, endpoint=True)))].astype(np.float32)
        words /= np.maximum(rms(words), SILENT_RMS).astype(np.float32)[:, None]
        starts = rng.integers(self._clip_samples, size=len(words))
        moved = [np.roll(word, start) for word, start in zip(words, starts, strict=True)]
        return np.asarray(np.sum(moved, axis=0), np.float32)


def add_noise(sound: npt.NDArray[Any], noise: npt.NDArray[Any], snr_db: npt.NDArray[Any]) -> Floats:
    """Returns float32 [n, s]: sound plus noise, scaled so that each row has its SNR in dB (RMS against RMS).

    Rows of sound that are silent, and rows of noise that are, stay as they are.
    """
    signal_rms = rms(sound)
    wanted_rms = np.where(signal_rms < SILENT_RMS, 0.0, signal_rms / 10 ** (snr_db / 20))
    gains = wanted_rms / np.maximum(rms(noise), 1e-9)
    return np.asarray(sound + noise * gains[:, None].astype(np.float32), np.float32)


def rms(sound: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Returns float [n] of [n, s]."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", sound, sound, dtype=np.float64) / sound.shape[1]))
