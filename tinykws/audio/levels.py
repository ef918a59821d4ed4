# SPDX-License-Identifier: Apache-2.0
"""Levels of samples, and the defects that make a recording unfit for training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples

SILENT_PEAK = 64
"""A recording whose peak, without its mean, is below this (-54 dBFS) is silent."""
CLIPPED_FRACTION = 0.05
"""Largest share of samples at full scale; ordinary loud speech has less than 1 %."""
SHORTEST_MS = 50
"""A shorter recording cannot hold a word."""


def defect_of(samples: Samples, sample_rate_hz: int = SAMPLE_RATE_HZ) -> str | None:
    """Returns why int16 [n] is unfit as a recording of a word (empty, too short, silent, clipped), or None."""
    if samples.size == 0:
        return "empty"
    if samples.size * 1000 < SHORTEST_MS * sample_rate_hz:
        return f"only {samples.size * 1000 / sample_rate_hz:.0f} ms long"
    wide = samples.astype(np.int32)
    if np.abs(wide - round(float(wide.mean()))).max() < SILENT_PEAK:
        return "silent"
    at_limit = np.count_nonzero((wide >= FULL_SCALE - 2) | (wide <= 1 - FULL_SCALE)) / samples.size
    if at_limit > CLIPPED_FRACTION:
        return f"clipped: {at_limit:.0%} of the samples are at full scale"
    return None


def dbfs(magnitude: float) -> float:
    """Returns the level of a sample value or an RMS in dB of full scale; -100 for zero."""
    return float(20 * np.log10(max(magnitude / FULL_SCALE, 1e-5)))


def levels_dbfs(samples: Samples, step: int) -> npt.NDArray[np.float64]:
    """Returns float [n // step]: the RMS level of each step in dB of full scale, without the mean; -100 for zero."""
    whole = samples[: samples.size // step * step].astype(np.float64)
    steps = (whole - (whole.mean() if whole.size else 0)).reshape(-1, step)
    rms = np.sqrt(np.square(steps).mean(axis=1))
    levels: npt.NDArray[np.float64] = 20 * np.log10(np.maximum(rms / FULL_SCALE, 1e-5))
    return levels
