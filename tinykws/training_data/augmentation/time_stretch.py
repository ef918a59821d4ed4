# SPDX-License-Identifier: Apache-2.0
"""Makes speech slower or faster without changing its pitch, sample by sample: WSOLA.

Verhelst, Roelands: An Overlap-Add Technique Based on Waveform Similarity (WSOLA) for High Quality Time-Scale
Modification of Speech, ICASSP 1993. The output is a sum of windowed pieces of the input; each piece is taken where it
continues the one before it best.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WINDOW = 480
"""Samples of a piece, 30 ms at 16 kHz: two periods of a low voice."""
HOP = WINDOW // 2
TOLERANCE = 160
"""A piece may begin up to so many samples before or after its place: a period of a voice of 100 Hz."""

Floats = npt.NDArray[np.float32]


def stretched(speech: Floats, factor: float) -> Floats:
    """Returns speech, float32 [n], that takes `factor` times as long at the same pitch, float32 [about n * factor]."""
    length = round(len(speech) * factor)
    padded = np.pad(np.asarray(speech, np.float32), (TOLERANCE + HOP, 2 * WINDOW + 2 * TOLERANCE))
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    out = np.zeros(length + WINDOW + HOP, np.float32)
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    place = TOLERANCE
    for at in range(0, length + HOP, HOP):
        if at:
            first = min(int((at - HOP) / factor), len(speech)) + HOP
            place = first + _best_continuation(padded, energy, first, place + HOP)
        out[at : at + WINDOW] += window * padded[place : place + WINDOW]
    return out[HOP : HOP + length]


def _best_continuation(padded: Floats, energy: npt.NDArray[np.float64], first: int, wanted: int) -> int:
    """Returns which of the pieces that begin at `first` and later is most like the one at `wanted`."""
    searched = padded[first : first + WINDOW + 2 * TOLERANCE]
    likeness = np.correlate(searched, padded[wanted : wanted + WINDOW], "valid")
    ends = np.arange(first, first + len(likeness))
    loudness = np.sqrt(energy[ends + WINDOW] - energy[ends] + 1)
    return int(np.argmax(likeness / loudness))
