# SPDX-License-Identifier: Apache-2.0
"""Where the speech lies in a clip of the dataset: as it was recorded, or at the clip's end.

A network that is made for streams says a word when it has just ended (training/segments.py). Clips for it end shortly
after their speech, so that the figures on clips are about the moment that counts.
"""

from __future__ import annotations

import numpy as np

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples, fit_length
from tinykws.training_data.augmentation.word_position import LEVEL_SAMPLES, speech_edges

AS_RECORDED, AT_END = PLACEMENTS = ("as recorded", "at the end")
AFTER_SPEECH_MS = 150
"""Sound that is kept after the speech: the middle of the rows that must say the word."""


def placed(samples: Samples, length: int, placement: str) -> Samples:
    """Returns a clip of `length` samples of a recording, int16 [n]; zeros where the recording has nothing."""
    if placement == AS_RECORDED or samples.size < LEVEL_SAMPLES:
        return fit_length(samples, length)
    _, ends = speech_edges(samples.astype(np.float32)[None])
    end = int(ends[0]) + AFTER_SPEECH_MS * SAMPLE_RATE_HZ // 1000
    padded = np.pad(samples, (length, max(0, end - samples.size)))
    return padded[end : end + length]
