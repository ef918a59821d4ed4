# SPDX-License-Identifier: Apache-2.0
"""Random frequency responses of microphones with their cases and amplifiers.

A response is a high-pass (every small microphone has one), a low-pass (sound holes, cases, dust), and between them a
graphic equalizer with random gains.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LOW_CUT_HZ = (20.0, 300.0)
HIGH_CUT_HZ = (3000.0, 16000.0)
"""Cut-off frequencies are drawn evenly on a logarithmic scale; the slope beyond is 12 dB per octave."""
EQUALIZER_HZ = (60.0, 150.0, 400.0, 1000.0, 2000.0, 4000.0, 8000.0)
LOWEST_HZ = 1.0
"""Frequency 0 is treated as this, since it has no logarithm."""


def random_responses(
    count: int, frequencies_hz: npt.NDArray[np.float64], equalizer_db: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Returns float32 [count, bins], amplitude factors at each frequency; the phase is zero.

    Args:
        count: number of microphones.
        frequencies_hz: float [bins].
        equalizer_db: greatest gain or attenuation of each equalizer band.
        rng: for all random choices.
    """
    at_hz = np.maximum(frequencies_hz, LOWEST_HZ)
    responses = np.empty((count, len(at_hz)), np.float32)
    for response in responses:
        gains_db = rng.uniform(-equalizer_db, equalizer_db, len(EQUALIZER_HZ))
        low_cut_hz, high_cut_hz = (np.exp(rng.uniform(*np.log(cut_hz))) for cut_hz in (LOW_CUT_HZ, HIGH_CUT_HZ))
        equalizer = 10 ** (np.interp(np.log(at_hz), np.log(EQUALIZER_HZ), gains_db) / 20)
        response[:] = equalizer / np.sqrt((1 + (low_cut_hz / at_hz) ** 4) * (1 + (at_hz / high_cut_hz) ** 4))
    return responses
