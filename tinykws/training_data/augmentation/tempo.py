# SPDX-License-Identifier: Apache-2.0
"""Changes the tempo of speech without its pitch, by stretching features in time.

Playing a recording slower, as clip_augmenter.py does, lowers its pitch too. Repeating frames of features does not.
"""

from __future__ import annotations

import numpy as np

from tinykws.native.features import Features


def change_tempo(features: Features, tempo_percent: float, rng: np.random.Generator) -> Features:
    """Returns int8 [n, n_frames, n_mels]: each clip stretched or squeezed about its middle by a random factor.

    The factor is up to 1 + tempo_percent / 100, or down to its reciprocal. Frames are interpolated linearly; squeezed
    clips are padded with their first and last frame.
    """
    if not tempo_percent or not len(features):
        return features
    n_clips, n_frames, _ = features.shape
    most = np.log1p(tempo_percent / 100)
    factors = np.exp(rng.uniform(-most, most, (n_clips, 1)))
    middle = (n_frames - 1) / 2
    places = np.clip((np.arange(n_frames) - middle) / factors + middle, 0, n_frames - 1)
    before = np.minimum(places.astype(np.int64), n_frames - 2)
    share = (places - before).astype(np.float32)[:, :, None]
    clip = np.arange(n_clips)[:, None]
    mixed = features[clip, before] * (1 - share) + features[clip, before + 1] * share
    return np.asarray(np.rint(mixed), np.int8)
