# SPDX-License-Identifier: Apache-2.0
"""Background sounds to mix into training clips: recorded noise, computed noise, and babble of several speakers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.noise import BROWN, WHITE, coloured_noise
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples

COMPUTED_NOISE_SHARE = 0.3
"""Share of computed noise even if there are recordings."""
COMPUTED_NOISES = 24
COMPUTED_SECONDS = 4
"""Length of each computed noise; clips get pieces of it."""
TALKERS = (2, 6)
"""Least and greatest number of speakers in babble."""
SILENT_RMS = 1.0
"""Below this RMS a clip counts as silent and gets no noise: a signal-to-noise ratio is undefined."""

Floats = npt.NDArray[np.float32]


class Backgrounds:
    """A source of random noise and babble.

    Args:
        recordings: noise, int16 [m]; those shorter than a clip are not used.
        clips: int16 [n, s].
        talker_rows: int [k], the clips of unknown words, used for babble; if there are none, babble is noise.
        rng: for the computed noises.
    """

    def __init__(
        self,
        recordings: Sequence[Samples],
        clips: Samples,
        talker_rows: npt.NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        self._clip_samples = clips.shape[1]
        self._recordings = [recording for recording in recordings if recording.size >= self._clip_samples]
        self._clips = clips
        self._talker_rows = talker_rows
        length = max(COMPUTED_SECONDS * SAMPLE_RATE_HZ, self._clip_samples)
        self._computed = [coloured_noise((length,), rng.uniform(WHITE, BROWN), rng) for _ in range(COMPUTED_NOISES)]

    def noise(self, count: int, rng: np.random.Generator) -> Floats:
        """Returns float32 [count, s]: pieces of recordings, and of computed noise between white and brown."""
        is_computed = rng.random(count) < (COMPUTED_NOISE_SHARE if self._recordings else 1.0)
        drawn = np.empty((count, self._clip_samples), np.float32)
        for row, computed in zip(drawn, is_computed, strict=True):
            pool: Sequence[npt.NDArray[Any]] = self._computed if computed else self._recordings
            source = pool[int(rng.integers(len(pool)))]
            start = int(rng.integers(source.size - self._clip_samples + 1))
            row[:] = source[start : start + self._clip_samples]
        return drawn

    def babble(self, count: int, rng: np.random.Generator) -> Floats:
        """Returns float32 [count, s]: words of several speakers at once, all equally loud."""
        if not len(self._talker_rows):
            return self.noise(count, rng)
        return np.array([self._babble_clip(rng) for _ in range(count)], np.float32).reshape(count, self._clip_samples)

    def _babble_clip(self, rng: np.random.Generator) -> Floats:
        words = self._clips[rng.choice(self._talker_rows, int(rng.integers(*TALKERS, endpoint=True)))].astype(
            np.float32
        )
        words /= np.maximum(rms(words), SILENT_RMS).astype(np.float32)[:, None]
        starts = rng.integers(self._clip_samples, size=len(words))
        moved = [np.roll(word, start) for word, start in zip(words, starts, strict=True)]
        return np.asarray(np.sum(moved, axis=0), np.float32)


def add_noise(sound: npt.NDArray[Any], noise: npt.NDArray[Any], snr_db: npt.NDArray[Any]) -> Floats:
    """Returns float32 [n, s]: sound plus noise, scaled to each row's signal-to-noise ratio in dB (of RMS values).

    Rows with silent sound or silent noise stay unchanged.
    """
    signal_rms = rms(sound)
    wanted_rms = np.where(signal_rms < SILENT_RMS, 0.0, signal_rms / 10 ** (snr_db / 20))
    gains = wanted_rms / np.maximum(rms(noise), 1e-9)
    return np.asarray(sound + noise * gains[:, None].astype(np.float32), np.float32)


def rms(sound: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Returns the RMS of each row: float [n] for [n, s]."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", sound, sound, dtype=np.float64) / sound.shape[1]))
