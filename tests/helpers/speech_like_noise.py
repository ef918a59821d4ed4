# SPDX-License-Identifier: Apache-2.0
"""Noise that replaces speech in tests: loud stretches over the noise of a room."""

from __future__ import annotations

import numpy as np

RATE = 16000


def recording(*parts: tuple[int, float], room: float = 20.0, seed: int = 1) -> np.ndarray:
    """Noise of so many milliseconds at so many units of root mean square, over a room's noise."""
    rng = np.random.default_rng(seed)
    pieces = [rng.normal(0, np.hypot(rms, room), milliseconds * RATE // 1000) for milliseconds, rms in parts]
    return np.concatenate(pieces).clip(-32768, 32767).astype(np.int16)
