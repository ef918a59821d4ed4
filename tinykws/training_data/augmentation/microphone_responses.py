# SPDX-License-Identifier: Apache-2.0
"""Microphones: what they, their cases and their amplifiers do to the spectrum.

A curve is a high-pass, which every small microphone has, a low-pass, from holes, cases and dust, and between them a
line through the knobs of an equalizer, each turned at random.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LOW_CUT_HZ = (20.0, 300.0)
HIGH_CUT_HZ = (3000.0, 16000.0)
"""Both evenly in the logarithm; 12 dB an octave beyond."""
KNOBS_HZ = (60.0, 150.0, 400.0, 1000.0, 2000.0, 4000.0, 8000.0)
LOWEST_HZ = 1.0
"""Frequency 0 counts as this."""


def random_curves(
    count: int, frequencies_hz: npt.NDArray[np.float64], equalizer_db: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Returns float32 [count, bins]: how much a microphone passes at each frequency; no phase is turned.

    Args:
        count: microphones.
        frequencies_hz: float [bins].
        equalizer_db: each knob is turned up or down by up to this.
        rng: of all choices.
    """
    at_hz = np.maximum(frequencies_hz, LOWEST_HZ)
    curves = np.empty((count, len(at_hz)), np.float32)
    for curve in curves:
        knobs_db = rng.uniform(-equalizer_db, equalizer_db, len(KNOBS_HZ))
        low_cut_hz, high_cut_hz = (np.exp(rng.uniform(*np.log(cut_hz))) for cut_hz in (LOW_CUT_HZ, HIGH_CUT_HZ))
        equalizer = 10 ** (np.interp(np.log(at_hz), np.log(KNOBS_HZ), knobs_db) / 20)
        curve[:] = equalizer / np.sqrt((1 + (low_cut_hz / at_hz) ** 4) * (1 + (at_hz / high_cut_hz) ** 4))
    return curves
