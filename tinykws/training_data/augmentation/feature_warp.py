# SPDX-License-Identifier: Apache-2.0
"""Other vocal tracts, made from features: the mel channels are stretched, and parts are masked.

A longer vocal tract lowers all formants by about the same factor, which on the mel scale is nearly a stretch (Jaitly
and Hinton 2013, "Vocal Tract Length Perturbation"). On features this costs almost nothing, so that the same segment
can be learned several times with other voices.
"""

from __future__ import annotations

import numpy as np

from tinykws.native.features import Features
from tinykws.project.training_settings import AugmentationSettings
from tinykws.training_data.augmentation.feature_masks import mask_features

WARPED_SHARE = 0.5
FACTORS = (0.88, 1.14)
MOST_SHIFT = 1.0
"""Channels by which a warped clip is moved, up or down."""


def warped(features: Features, settings: AugmentationSettings, rng: np.random.Generator) -> Features:
    """Returns int8 [n, n_frames, n_mels]: some clips with stretched channels, all with masks (SpecAugment)."""
    n_mels = features.shape[2]
    chosen = np.flatnonzero(rng.random(len(features)) < WARPED_SHARE)
    places = np.arange(n_mels) * rng.uniform(*FACTORS, (len(chosen), 1)) + rng.uniform(
        -MOST_SHIFT, MOST_SHIFT, (len(chosen), 1)
    )
    places = np.clip(places, 0, n_mels - 1)
    low = np.minimum(places.astype(np.int64), n_mels - 2)
    share = (places - low).astype(np.float32)[:, None, :]
    index = np.broadcast_to(low[:, None, :], (len(chosen), *features.shape[1:]))
    lower = np.take_along_axis(features[chosen], index, axis=2)
    upper = np.take_along_axis(features[chosen], index + 1, axis=2)
    result: Features = features.copy()
    result[chosen] = np.rint(lower * (1 - share) + upper * share).astype(np.int8)
    return mask_features(result, settings, rng)
