# SPDX-License-Identifier: Apache-2.0
"""Mixes the channels of a recording to one, unless they cancel each other.

Some cables, adapters and sound cards give the second channel upside down: the mean of both is silence, and one channel
alone is the recording.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

CANCELLED = 0.1
"""Channels cancel each other if their mean has less than this share of the loudest channel's RMS. A recording in which
one of eight channels has sound stays above it."""
JUDGED_SECONDS = 60
"""The start of a recording that decides how its channels are mixed."""


def cancelled_channel(file: soundfile.SoundFile) -> int | None:
    """Returns the loudest channel if the mean of all would be almost silent, otherwise None.

    Reads up to a minute from the file's start, one second at a time; the caller's file is then at another place.
    """
    if file.channels == 1:
        return None
    sums = np.zeros(file.channels + 1)
    squares, count = sums.copy(), 0
    for _ in range(JUDGED_SECONDS):
        block = np.asarray(file.read(file.samplerate, dtype="float64", always_2d=True))
        if not len(block):
            break
        both = np.nan_to_num(np.column_stack([block, block.mean(axis=1)]), posinf=0, neginf=0)
        sums, squares, count = sums + both.sum(axis=0), squares + np.square(both).sum(axis=0), count + len(block)
    power = np.maximum(squares / max(count, 1) - np.square(sums / max(count, 1)), 0)
    loudest = int(power[:-1].argmax())
    return loudest if power[-1] < CANCELLED**2 * power[loudest] else None


def mixed(block: npt.NDArray[Any], channel: int | None) -> npt.NDArray[np.float64]:
    """Returns float [n] of float [n, channels]: one channel, or the mean of all."""
    samples: npt.NDArray[np.float64] = block.mean(axis=1) if channel is None else block[:, channel]
    return samples
