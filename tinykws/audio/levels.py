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
    meter = DefectMeter(sample_rate_hz)
    meter.add(samples)
    return meter.defect


class DefectMeter:
    """Finds the defects of a recording that comes in pieces."""

    def __init__(self, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._count = self._sum = self._at_limit = 0
        self._lowest, self._highest = FULL_SCALE, -FULL_SCALE

    def add(self, samples: Samples) -> None:
        """Takes the next piece, int16 [n]."""
        if samples.size == 0:
            return
        self._count += samples.size
        self._sum += int(samples.sum(dtype=np.int64))
        self._at_limit += int(np.count_nonzero((samples >= FULL_SCALE - 2) | (samples <= 1 - FULL_SCALE)))
        self._lowest, self._highest = min(self._lowest, int(samples.min())), max(self._highest, int(samples.max()))

    @property
    def defect(self) -> str | None:
        """Why the recording is unfit (empty, too short, silent, clipped), or None."""
        if self._count == 0:
            return "empty"
        if self._count * 1000 < SHORTEST_MS * self._sample_rate_hz:
            return f"only {self._count * 1000 / self._sample_rate_hz:.0f} ms long"
        mean = round(self._sum / self._count)
        if max(self._highest - mean, mean - self._lowest) < SILENT_PEAK:
            return "silent"
        if self._at_limit / self._count > CLIPPED_FRACTION:
            return f"clipped: {self._at_limit / self._count:.0%} of the samples are at full scale"
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
