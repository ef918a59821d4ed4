# SPDX-License-Identifier: Apache-2.0
"""Says a clip's speech again at another rate: played faster or slower as by another vocal tract, and stretched in time.

To a device, people speak more slowly than synthesizers do.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import soxr

from tinykws.audio.samples import SAMPLE_RATE_HZ
from tinykws.training_data.augmentation.time_stretch import stretched

PLAYED_SHARE = 0.7
"""Share of the clips that are played faster or slower, pitch and formants with it …"""
SPEEDS_TIMES = 2.0
"""… by up to twice `speed_percent`: there is time for a word that is longer than a clip."""
STRETCHED_SHARE = 0.75
"""Share of the clips that take longer at the same pitch, by up to `tempo_percent` …"""
QUICKER = 0.25
"""… or less long, by up to so much of that."""

Floats = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class SpeakingRates:
    """How much speech is changed."""

    speed_percent: float
    tempo_percent: float

    def draw(self, rng: np.random.Generator) -> tuple[float, float]:
        """Returns a random speed of playing, and how many times as long it takes after that; 1 is as it is."""
        most = SPEEDS_TIMES * self.speed_percent / 100
        speed = float(rng.uniform(1 - most, 1 + most)) if rng.random() < PLAYED_SHARE else 1.0
        if not self.tempo_percent:
            return speed, 1.0
        tempo = self.tempo_percent / 100
        factor = float(np.exp(rng.uniform(-np.log1p(QUICKER * tempo), np.log1p(tempo))))
        return speed, factor if rng.random() < STRETCHED_SHARE else 1.0


def spoken_at(speech: Floats, speed: float, factor: float) -> Floats:
    """Returns speech, float32 [n], played `speed` times as fast, then stretched: float32 [about n * factor / speed]."""
    played = speech if speed == 1 else soxr.resample(speech, SAMPLE_RATE_HZ * speed, SAMPLE_RATE_HZ, quality="MQ")
    return played if factor == 1 else stretched(played, factor)
