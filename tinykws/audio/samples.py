# SPDX-License-Identifier: Apache-2.0
"""Samples: int16 [n], mono, and what is done to them without a file."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.int16]


SAMPLE_RATE_HZ = 16000


FULL_SCALE = 32768


LOUDEST_STEP = 160
"""Steps in which the loudest part is looked for: 10 ms at 16 kHz."""


def saturated(values: npt.NDArray[Any]) -> Samples:
    """Rounds sample values (full scale 32768) to int16; what is too large stays at the limit instead of wrapping."""
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
    """Returns where the stretch of `length` samples with the most energy begins."""
    energy = np.concatenate(([0], np.cumsum(np.square(samples.astype(np.int64)))))
    starts = np.arange(0, samples.size - length + 1, LOUDEST_STEP)
    return int(starts[np.argmax(energy[starts + length] - energy[starts])])
