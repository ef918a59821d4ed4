# SPDX-License-Identifier: Apache-2.0
"""Instructions of the front-end for a frame: counted in emulation (benchmarks/firmware.md), scaled by its settings."""

from __future__ import annotations

import dataclasses
import math

from tinykws.project.frontend_settings import FrontendSettings


@dataclasses.dataclass(frozen=True)
class _Costs:
    """Instructions for a unit of each step's work; GCC -O2."""

    sample: float
    """Window and moving: for each sample of the window."""
    butterfly: float
    """FFT: for each of its N values and log2(N) rounds."""
    channel: float
    """Filter bank with its bins, roots, noise reduction, gain, logarithm: for each channel."""


_COSTS = {
    "armv7e-m": _Costs(8.28, 3.50, 219.8),
    "armv7-m": _Costs(12.9, 7.86, 230.6),
    "armv6-m": _Costs(21.8, 13.45, 1589.0),
    "rv32imc": _Costs(28.1, 9.80, 394.8),
}
"""By instruction set (cores.py); a test holds them to the counts."""


def frame_instructions(settings: FrontendSettings, instruction_set: str) -> int:
    """Returns about how many instructions the front-end takes for a frame."""
    costs = _COSTS[instruction_set]
    fft_size = settings.fft_size
    return round(
        costs.sample * settings.window_samples
        + costs.butterfly * fft_size * math.log2(fft_size)
        + costs.channel * settings.n_mels
    )
