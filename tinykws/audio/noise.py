# SPDX-License-Identifier: Apache-2.0
"""Synthetic noise of rooms and circuits: float32, RMS 1, from a seeded numpy Generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykws.audio.filters import fast_length
from tinykws.audio.samples import SAMPLE_RATE_HZ

Floats: TypeAlias = npt.NDArray[np.floating[Any]]

WHITE, PINK, BROWN = 0.0, 1.0, 2.0
"""Exponents of coloured noise: power is proportional to 1 / frequency ** exponent."""
LOWEST_HZ = 20.0
"""Below this frequency the spectrum is flat; otherwise brown noise would be mostly rumble."""


def coloured_noise(shape: tuple[int, ...], exponent: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Returns float32 [..., n] noise whose power spectrum falls as 1 / frequency ** exponent, each row RMS 1.

    Of an n at which an FFT is slow, it is the beginning of longer noise.
    """
    samples, length = shape[-1], fast_length(shape[-1])
    spectrum = np.fft.rfft(rng.standard_normal((*shape[:-1], length), dtype=np.float32))
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    spectrum *= np.maximum(frequencies, LOWEST_HZ) ** (-exponent / 2)
    spectrum[..., 0] = 0
    return with_rms_1(np.fft.irfft(spectrum, length)[..., :samples].astype(np.float32))


def hum(samples: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Returns mains hum of 50 or 60 Hz with harmonics that fall off at random, and a little hiss."""
    base_hz = rng.choice([50.0, 60.0]) * rng.uniform(0.995, 1.005)
    seconds = np.arange(samples) / SAMPLE_RATE_HZ
    harmonics = np.arange(1, 21)
    levels = rng.uniform(0.2, 1.0, len(harmonics)) / harmonics ** rng.uniform(0.3, 1.5)
    phases = rng.uniform(0, 2 * np.pi, len(harmonics))
    tones = levels[:, None] * np.sin(2 * np.pi * base_hz * harmonics[:, None] * seconds + phases[:, None])
    return with_rms_1(with_rms_1(tones.sum(axis=0)) + 0.05 * coloured_noise((samples,), PINK, rng))


def crackle(samples: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Returns clicks at random times, each a burst that rings off within milliseconds, over faint hiss."""
    clicks = np.zeros(samples)
    times = rng.integers(0, samples, max(2, int(samples / SAMPLE_RATE_HZ * rng.uniform(4, 40))))
    clicks[times] = rng.standard_normal(len(times)) * rng.exponential(1.0, len(times))
    decay = np.exp(-np.arange(160) / rng.uniform(4, 40))
    ringing = np.convolve(clicks, decay * rng.standard_normal(160))[:samples]
    return with_rms_1(with_rms_1(ringing) + 0.02 * coloured_noise((samples,), WHITE, rng))


def tone(samples: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Returns a whistle or beep: one sine whose pitch wavers."""
    seconds = np.arange(samples) / SAMPLE_RATE_HZ
    pitch_hz = np.exp(rng.uniform(np.log(150), np.log(5000)))
    waver = rng.uniform(0, 0.03) * np.sin(2 * np.pi * rng.uniform(0.5, 8) * seconds)
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + waver)) / SAMPLE_RATE_HZ
    return with_rms_1(np.sin(phase) + 0.01 * coloured_noise((samples,), PINK, rng))


NOISES: dict[str, Callable[[int, np.random.Generator], npt.NDArray[np.float32]]] = {
    "white": lambda samples, rng: coloured_noise((samples,), WHITE, rng),
    "pink": lambda samples, rng: coloured_noise((samples,), PINK, rng),
    "brown": lambda samples, rng: coloured_noise((samples,), BROWN, rng),
    "hum": hum,
    "crackle": crackle,
    "tone": tone,
}


def with_rms_1(sound: Floats) -> npt.NDArray[np.float32]:
    """Scales each row of [..., n] to an RMS of 1; a row of zeros stays unchanged."""
    rms = np.sqrt(np.mean(np.square(sound, dtype=np.float64), axis=-1, keepdims=True))
    return np.asarray(sound / np.maximum(rms, 1e-12), np.float32)


def decibels(level_db: float) -> float:
    """Returns the amplitude factor of a level in dB."""
    return float(10.0 ** (level_db / 20.0))
