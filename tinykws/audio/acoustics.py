# SPDX-License-Identifier: Apache-2.0
"""Room acoustics: impulse responses from a speaker to a microphone, by the image-source model.

The walls mirror the speaker, and mirror the mirror images again; each image arrives later and softer. Source: Allen and
Berkley, Image method for efficiently simulating small-room acoustics, JASA 65 (1979). The walls' absorption for a given
reverberation time follows from Eyring's formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ

SPEED_OF_SOUND_M_S = 343.0
SIZES_M = ((2.5, 8.0), (2.0, 6.0), (2.2, 3.5))
"""Ranges of length, width and height, from a bathroom to a hall."""
DISTANCES_M = (0.1, 3.0)
"""Range of the distance from mouth to microphone, uniform in decibels."""
REVERBERATION_S = (0.1, 0.7)
"""Range of the time in which sound falls by 60 dB (RT60), uniform in its logarithm."""
LONGEST_S = 0.4
"""Length of a response. Later echoes are left out: even with the longest reverberation they have fallen by 34 dB."""
FROM_WALL_M = 0.2
"""Smallest distance between microphone and wall; a mouth may be half as far."""
RUMBLE_POLE = 0.98
"""Pole of a 50 Hz high-pass filter: all images have the same sign, so the lowest frequencies add up too much."""

Floats = npt.NDArray[np.float64]


def random_impulse_responses(count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Returns float32 [count, LONGEST_S * rate], one per room, starting with the direct sound, energy 1."""
    return np.array([_random_room(rng) for _ in range(count)], np.float32)


def impulse_response(size: Floats, mouth: Floats, microphone: Floats, reverberation_s: float) -> Floats:
    """Returns float [LONGEST_S * rate]: the impulse response of a room, starting with the direct sound.

    Args:
        size: the room's edges, metres [3].
        mouth: position of the source, metres [3].
        microphone: position of the microphone, metres [3].
        reverberation_s: time in which the sound falls by 60 dB.
    """
    direct_m = float(np.linalg.norm(mouth - microphone))
    (x, in_x), (y, in_y), (z, in_z) = (_images(*axis) for axis in zip(size, mouth, microphone, strict=True))
    ways_m = np.sqrt(x[:, None, None] ** 2 + y[:, None] ** 2 + z**2)
    walls = in_x[:, None, None] + in_y[:, None] + in_z
    samples = np.rint((ways_m - direct_m) / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ).astype(np.int64)
    length = round(LONGEST_S * SAMPLE_RATE_HZ)
    heard = samples < length
    loudness = reflection(size, reverberation_s) ** walls[heard] / ways_m[heard]
    return _without_rumble(np.bincount(samples[heard], loudness, minlength=length))


def reflection(size: Floats, reverberation_s: float) -> float:
    """Returns the walls' reflection coefficient for sound pressure, 0 to 1, for a reverberation time (Eyring)."""
    volume = float(np.prod(size))
    surface = 2 * float(size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
    kept_energy = np.exp(-24 * np.log(10) * volume / (SPEED_OF_SOUND_M_S * surface * reverberation_s))
    return float(np.sqrt(kept_energy))


def _images(edge: float, mouth: float, microphone: float) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Returns, along one axis, the distance to each image in metres, and how many walls reflect it."""
    most = int(np.ceil((SPEED_OF_SOUND_M_S * LONGEST_S / edge + 2) / 2))
    rooms = np.arange(-most, most + 1)
    ways = np.concatenate([2 * rooms * edge + mouth - microphone, 2 * rooms * edge - mouth - microphone])
    walls = np.concatenate([2 * np.abs(rooms), np.abs(2 * rooms - 1)])
    return ways, walls


def _random_room(rng: np.random.Generator) -> Floats:
    size = np.array([rng.uniform(*edges) for edges in SIZES_M])
    microphone = rng.uniform(FROM_WALL_M, size - FROM_WALL_M)
    direction = rng.standard_normal(3)
    way = direction / np.linalg.norm(direction) * np.exp(rng.uniform(*np.log(DISTANCES_M)))
    mouth = np.clip(microphone + way, FROM_WALL_M / 2, size - FROM_WALL_M / 2)
    reverberation_s = float(np.exp(rng.uniform(*np.log(REVERBERATION_S))))
    response = impulse_response(size, mouth, microphone, reverberation_s)
    return np.asarray(response / np.sqrt(np.sum(response**2)))


def _without_rumble(response: npt.NDArray[Any]) -> Floats:
    """Subtracts a running mean: a high-pass filter."""
    length = 2 * len(response)
    decay = (1 - RUMBLE_POLE) * RUMBLE_POLE ** np.arange(len(response))
    mean = np.fft.irfft(np.fft.rfft(response, length) * np.fft.rfft(decay, length), length)[: len(response)]
    return np.asarray(response - mean)
