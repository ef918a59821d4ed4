# SPDX-License-Identifier: Apache-2.0
"""Instructions of the front-end per frame: counted in emulation (benchmarks/firmware.md), scaled by its settings."""

from __future__ import annotations

import dataclasses
import math

from tinykws.project.frontend_settings import FrontendSettings


@dataclasses.dataclass(frozen=True)
class _Costs:
    """Instructions per unit of work; GCC -O2."""

    sample: float
    """Windowing and copying: per sample of the analysis window."""
    butterfly: float
    """FFT of size N: per N * log2(N)."""
    channel: float
    """Filter bank with its bins, square roots, noise reduction, gain control, logarithm: per channel."""


_COSTS = {
    "armv7e-m": _Costs(8.28, 3.50, 219.8),
    "armv7-m": _Costs(12.9, 7.86, 230.6),
    "armv6-m": _Costs(21.8, 13.45, 1589.0),
    "rv32imc": _Costs(28.1, 9.80, 394.8),
}
"""By instruction set (`counted_as` of boards/cores.py); tests/cost/test_instructions.py checks them."""


def frame_instructions(settings: FrontendSettings, instruction_set: str) -> int:
    """Returns the estimated instructions of the front-end per frame.

    Args:
        settings: the front-end's settings.
        instruction_set: `counted_as` of boards/cores.py.
    """
    costs = _COSTS[instruction_set]
    fft_size = settings.fft_size
    return round(
        costs.sample * settings.window_samples
        + costs.butterfly * fft_size * math.log2(fft_size)
        + costs.channel * settings.n_mels
    )
