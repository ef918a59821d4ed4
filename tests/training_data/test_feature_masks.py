# SPDX-License-Identifier: Apache-2.0
"""SpecAugment's masks: one run of frames and one band of channels, bounded, reaching every place."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.project.training_settings import AugmentationSettings
from tinykws.training_data.augmentation.feature_masks import FEATURE_FLOOR, mask_features

DEFAULT = AugmentationSettings()


def test_masks_of_no_width_change_nothing() -> None:
    features = np.random.default_rng(2).integers(-128, 128, (3, 49, 40)).astype(np.int8)
    none = dataclasses.replace(DEFAULT, time_mask_frames=0, mel_mask_channels=0)
    np.testing.assert_array_equal(mask_features(features, none, np.random.default_rng(1)), features)


@settings(max_examples=50)
@given(st.integers(0, 12), st.integers(0, 45), st.integers(0, 2**32))
def test_masks_are_one_run_of_frames_and_one_band(frames: int, channels: int, seed: int) -> None:
    how = dataclasses.replace(DEFAULT, time_mask_frames=frames, mel_mask_channels=channels)
    features = np.full((5, 49, 40), 3, np.int8)
    masked = mask_features(features, how, np.random.default_rng(seed))
    for blank in masked == FEATURE_FLOOR:
        rows, columns = blank.all(axis=1), blank.all(axis=0)
        whole = rows.all()
        assert whole or rows.sum() <= frames
        assert whole or columns.sum() <= channels
        assert (blank == (rows[:, None] | columns[None, :])).all()
        for line in (rows, columns):
            assert np.count_nonzero(np.diff(np.concatenate(([0], line.astype(int), [0])))) <= 2
    assert (features == 3).all()


def test_masks_reach_their_full_width_and_every_place() -> None:
    how = dataclasses.replace(DEFAULT, time_mask_frames=5, mel_mask_channels=4)
    masked = mask_features(np.zeros((2000, 49, 40), np.int8), how, np.random.default_rng(0)) == FEATURE_FLOOR
    assert masked.all(axis=2).sum(axis=1).max() == 5
    assert masked.all(axis=1).sum(axis=1).max() == 4
    assert masked.any(axis=0).all()
