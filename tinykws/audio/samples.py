# SPDX-License-Identifier: Apache-2.0
"""Samples: int16 [n], mono, 16 kHz; rounding, padding and cutting."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.int16]


SAMPLE_RATE_HZ = 16000


FULL_SCALE = 32768


LOUDEST_STEP = 160
"""Step in samples with which the loudest section is searched: 10 ms at 16 kHz."""


def saturated(values: npt.NDArray[Any]) -> Samples:
    """Rounds sample values (full scale 32768) to int16; values out of range are clamped, not wrapped."""
    samples: Samples = np.clip(np.rint(values), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return samples


def fit_length(samples: Samples, length: int) -> Samples:
    """Returns exactly `length` samples.

    A shorter recording gets zeros at its end, as TensorFlow's decode_wav pads Speech Commands; a longer one is cut
    to the part with the most energy (the earliest of equals, in steps of 10 ms).
    """
    if samples.size <= length:
        return np.pad(samples, (0, length - samples.size))
    start = loudest_start(samples, length)
    return samples[start : start + length]


def loudest_start(samples: Samples, length: int) -> int:
    """Returns the start of the `length` samples with the most energy."""
    energy = np.concatenate(([0], np.cumsum(np.square(samples.astype(np.int64)))))
    starts = np.arange(0, samples.size - length + 1, LOUDEST_STEP)
    return int(starts[np.argmax(energy[starts + length] - energy[starts])])
