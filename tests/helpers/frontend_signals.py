# SPDX-License-Identifier: Apache-2.0
"""Generated sound of all kinds, more than an hour, to compare the front-end with its references."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

RATE_HZ = 16000
Samples = npt.NDArray[np.int16]


def to_int16(signal: npt.NDArray[np.floating]) -> Samples:
    samples: Samples = np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
    return samples


@functools.lru_cache(maxsize=4)  # seconds of computing, and several tests use each
def voice(seconds: int, seed: int = 1) -> npt.NDArray[np.float64]:
    """A buzzing voice, peak 1: harmonics of a gliding pitch under three gliding formants, in syllables with pauses.

    Read-only.
    """
    rng = np.random.default_rng(seed)
    n = seconds * RATE_HZ

    def glide(low: float, high: float, every_ms: int) -> npt.NDArray[np.float64]:
        knots = rng.uniform(low, high, seconds * 1000 // every_ms + 2)
        return np.interp(np.arange(n) * 1000 / RATE_HZ / every_ms, np.arange(len(knots)), knots)

    pitch = glide(80, 300, 250)
    phase = np.cumsum(pitch) * 2 * np.pi / RATE_HZ
    formants = [glide(*band, 90) for band in ((250, 900), (700, 2400), (1800, 3600))]
    sound = np.zeros(n)
    for harmonic in range(1, 25):
        frequency = harmonic * pitch
        level = sum(1 / (1 + ((frequency - formant) / 120) ** 2) for formant in formants)
        sound += np.sin(harmonic * phase) * level * (frequency < 7600)
    syllables = np.clip(glide(-0.6, 1.0, 110), 0, 1)
    breath = rng.normal(0, 0.3, n) * np.clip(glide(-1.5, 1.0, 70), 0, 1)
    sound = sound * syllables + breath
    sound /= np.abs(sound).max()
    sound.flags.writeable = False
    return sound


def voices() -> Iterator[Samples]:
    """Speech-like sound from inaudible to clipped: 15 minutes."""
    sound = voice(60)
    for level in (1, 5, 30, 100, 300, 1000, 3000, 6000, 9000, 14000, 20000, 28000, 32767, 60000, 300000):
        yield to_int16(sound * level)


def noises() -> Iterator[Samples]:
    """White and brown noise from under one unit to clipped: 16 minutes."""
    rng = np.random.default_rng(2)
    white = rng.normal(0, 1, 60 * RATE_HZ)
    brown = np.cumsum(white) - np.linspace(0, white.sum(), len(white))
    for sound in (white, brown / brown.std()):
        for level in (0.4, 1, 3, 20, 100, 700, 5000, 30000):
            yield to_int16(sound * level)


def random_int16() -> Iterator[Samples]:
    """All values equally often: 6 minutes."""
    yield np.random.default_rng(3).integers(-32768, 32768, 360 * RATE_HZ).astype(np.int16)


def silences() -> Iterator[Samples]:
    """Nothing, and silence after sound: 6 minutes."""
    quiet = np.zeros(30 * RATE_HZ, np.int16)
    yield np.zeros(180 * RATE_HZ, np.int16)
    for level in (10, 1000, 32767):
        yield np.concatenate([to_int16(voice(30, seed=4) * level), quiet])


def constants() -> Iterator[Samples]:
    """DC of every size: 4 minutes."""
    levels = (-32768, -32767, -20000, -300, -1, 1, 2, 100, 5000, 16384, 32766, 32767)
    yield np.repeat(np.array(levels, np.int16), 20 * RATE_HZ)


def square_waves() -> Iterator[Samples]:
    """Full scale, every period from 2 to 241 samples and some longer ones: 8 minutes."""
    for period in [*range(2, 242), *range(242, 4000, 16)][:480]:
        half = np.arange(RATE_HZ) % period * 2 < period
        yield np.where(half, 32767, -32768).astype(np.int16)


def impulses() -> Iterator[Samples]:
    """Single samples, one at each place of the window, at many heights: 5 minutes."""
    samples = np.zeros(300 * RATE_HZ, np.int16)
    places = np.arange(500, len(samples) - 1, 1601)  # more than an analysis window apart, each at another offset in it
    heights = np.array([32767, -32768, 20000, -7, 1000, 1, 150, -32767, 4096, -16384, 60])
    samples[places] = np.resize(heights, len(places))
    yield samples


def sweeps() -> Iterator[Samples]:
    """Sines from 20 Hz to beyond the band: 5 minutes."""
    frequency = np.geomspace(20, 7999, 60 * RATE_HZ)
    sound = np.sin(np.cumsum(frequency) * 2 * np.pi / RATE_HZ)
    for level in (2, 50, 1000, 32767, 200000):
        yield to_int16(sound * level)


KINDS = {
    "voice": voices,
    "noise": noises,
    "random": random_int16,
    "silence": silences,
    "constant": constants,
    "square": square_waves,
    "impulse": impulses,
    "sweep": sweeps,
}


def samples_of_kind(kind: str) -> Samples:
    """All of one kind, one after the other."""
    return np.concatenate(list(KINDS[kind]()))
