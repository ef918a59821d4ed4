# SPDX-License-Identifier: Apache-2.0
"""How loud samples are, and what makes a recording unfit for training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples

SILENT_PEAK = 64
"""A recording whose largest sample, without its mean, is below this (-54 dBFS) holds nothing to learn from."""


CLIPPED_FRACTION = 0.05
"""Part of the samples that may stand at the limit; ordinary loud speech has under 1 %."""


SHORTEST_MS = 50


def defect_of(samples: Samples, sample_rate_hz: int = SAMPLE_RATE_HZ) -> str | None:
    """Returns why int16 [n] is no good recording of a word (empty, too short, silent, clipped), or None."""
    if samples.size == 0:
        return "empty"
    if samples.size * 1000 < SHORTEST_MS * sample_rate_hz:
        return f"only {samples.size * 1000 / sample_rate_hz:.0f} ms long"
    wide = samples.astype(np.int32)
    if np.abs(wide - round(float(wide.mean()))).max() < SILENT_PEAK:
        return "silent"
    at_limit = np.count_nonzero((wide >= FULL_SCALE - 2) | (wide <= 1 - FULL_SCALE)) / samples.size
    if at_limit > CLIPPED_FRACTION:
        return f"clipped: {at_limit:.0%} of the samples stand at full scale"
    return None


def dbfs(magnitude: float) -> float:
    """Returns a sample value's or a root mean square's level in dB of full scale; -100 for nothing."""
    return float(20 * np.log10(max(magnitude / FULL_SCALE, 1e-5)))


def levels_dbfs(samples: Samples, step: int) -> npt.NDArray[np.float64]:
    """Returns the level of each whole step without the recording's mean, float [n // step]; -100 for nothing."""
    whole = samples[: samples.size // step * step].astype(np.float64)
    steps = (whole - (whole.mean() if whole.size else 0)).reshape(-1, step)
    rms = np.sqrt(np.square(steps).mean(axis=1))
    levels: npt.NDArray[np.float64] = 20 * np.log10(np.maximum(rms / FULL_SCALE, 1e-5))
    return levels
