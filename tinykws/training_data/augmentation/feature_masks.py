# SPDX-License-Identifier: Apache-2.0
"""SpecAugment: masks parts of the features, so that a model does not rely on a single frame or channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.project.training_settings import AugmentationSettings

FEATURE_FLOOR = -128
"""Value of masked features: the front-end's zero."""


def mask_features(
    features: npt.NDArray[np.int8], settings: AugmentationSettings, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Masks a run of frames and a band of channels, of random width, in each of int8 [n, n_frames, n_mels].

    Source: SpecAugment (Park et al. 2019), one time and one frequency mask.
    """
    n_clips, n_frames, n_mels = features.shape
    masked = (
        _runs(n_clips, n_frames, settings.time_mask_frames, rng)[:, :, None]
        | _runs(n_clips, n_mels, settings.mel_mask_channels, rng)[:, None, :]
    )
    return np.where(masked, np.int8(FEATURE_FLOOR), features)


def _runs(n_clips: int, length: int, longest: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Returns bool [n_clips, length] with one run of true in each row, 0 to `longest` long."""
    widths = rng.integers(0, min(longest, length), n_clips, endpoint=True)[:, None]
    starts = np.floor(rng.random((n_clips, 1)) * (length - widths + 1))
    at = np.arange(length)
    return np.asarray((at >= starts) & (at < starts + widths))
