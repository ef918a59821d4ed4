# SPDX-License-Identifier: Apache-2.0
"""Epochs of training data: features of the training clips, augmented differently and reordered in each epoch.

On a device, sound before the word has already set the front-end's noise estimate and gain. So a share of the clips gets
a lead-in of noise before the front-end; the others start from a reset front-end, as validation clips do.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Generator
from concurrent.futures import CancelledError

import numpy as np
import numpy.typing as npt

from tinykws.native.features import Features, Samples, features_of_clips
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.training_settings import AugmentationSettings
from tinykws.training.epoch_order import epoch_order
from tinykws.training.prepared_ahead import prepared_ahead
from tinykws.training_data.augmentation.clip_augmenter import Augmenter
from tinykws.training_data.augmentation.feature_masks import mask_features
from tinykws.training_data.augmentation.tempo import change_tempo
from tinykws.training_data.dataset import Dataset, is_recording

CHUNK_CLIPS = 512
"""Clips augmented at a time; limits memory to about 50 MB per thread."""
STEP_CLIPS = 64
"""Clips between two checks whether to stop, about 50 ms."""
LEAD_IN_LEVELS = (0.01, 1.0)
"""Range of amplitude factors for lead-in noise, drawn evenly in decibels."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """One epoch's clips in training order."""

    features: Features
    """int8 [n, n_frames, n_mels]."""
    label_ids: npt.NDArray[np.int64]
    """int [n]; a word that was cut off has the label unknown."""
    rows: npt.NDArray[np.int64]
    """int [n]: row of each clip among the dataset's training clips."""


class Epochs:
    """Makes epochs from a dataset's training clips; the same seed and number give the same epoch."""

    def __init__(self, dataset: Dataset, settings: AugmentationSettings, seed: int) -> None:
        self._dataset = dataset
        self._settings = settings
        self._seed = seed
        self._clips = dataset.clips("training")
        self._label_ids = np.asarray(dataset.label_ids("training"), np.int64)
        self._recorded = np.array([is_recording(source) for source in dataset.sources("training")], np.bool_)
        self._augmenter = Augmenter(
            settings, self._clips, self._label_ids, dataset.noise, np.random.default_rng([seed, 1])
        )
        self._stopped = threading.Event()

    def first(self, count: int) -> Generator[Epoch, None, None]:
        """Returns a generator of epochs 0 to count - 1; other threads prepare the next ones while the caller trains.

        Close the generator to stop early: the epochs in preparation are then cancelled.
        """
        return prepared_ahead(self.make, count, self._stopped)

    def make(self, number: int) -> Epoch:
        """Returns epoch `number`."""
        rng = np.random.default_rng([self._seed, number])
        settings = self._settings
        share = settings.recordings_share or 0.0
        order = epoch_order(self._label_ids, self._recorded, share, settings.clips_per_epoch, rng)
        features = np.empty((len(order), *self._dataset.frontend.features_shape), np.int8)
        label_ids = np.empty(len(order), np.int64)
        for start in range(0, len(order), CHUNK_CLIPS):
            chosen = order[start : start + CHUNK_CLIPS]
            rng = np.random.default_rng([self._seed, number, start + 1])
            here = slice(start, start + len(chosen))
            clips, label_ids[here] = self._augmenter.augment(self._clips[chosen], self._label_ids[chosen], rng)
            features[here] = self._augmented_features(clips, rng)
        return Epoch(features, label_ids, order)

    def _augmented_features(self, clips: Samples, rng: np.random.Generator) -> Features:
        led_in = rng.random(len(clips)) < (self._settings.lead_in_probability if self._dataset.noise else 0.0)
        features = np.empty((len(clips), *self._dataset.frontend.features_shape), np.int8)
        features[led_in] = self._after_lead_in(clips[led_in], rng)
        features[~led_in] = self._features(clips[~led_in], self._dataset.frontend)
        features = change_tempo(features, self._settings.tempo_percent or 0.0, rng)
        return mask_features(features, self._settings, rng)

    def _after_lead_in(self, clips: Samples, rng: np.random.Generator) -> Features:
        """Returns the clips' features after a lead-in of noise; frames start at the same samples as without."""
        frontend = self._dataset.frontend
        lead_frames = self._settings.lead_in_ms // frontend.stride_ms
        noise = lead_in_noise(self._dataset.noise, len(clips), lead_frames * frontend.stride_samples, rng)
        long = dataclasses.replace(frontend, clip_ms=frontend.clip_ms + lead_frames * frontend.stride_ms)
        return self._features(np.concatenate([noise, clips], axis=1), long)[:, lead_frames:]

    def _features(self, clips: Samples, frontend: FrontendSettings) -> Features:
        """Returns the clips' features. Raises CancelledError if the epochs were closed."""
        features = np.empty((len(clips), *frontend.features_shape), np.int8)
        for start in range(0, len(clips), STEP_CLIPS):
            if self._stopped.is_set():
                raise CancelledError
            features[start : start + STEP_CLIPS] = features_of_clips(clips[start : start + STEP_CLIPS], frontend)
        return features


def lead_in_noise(noise: list[Samples], n_clips: int, length: int, rng: np.random.Generator) -> Samples:
    """Returns int16 [n_clips, length]: random pieces of noise recordings at random levels."""
    low, high = np.log10(LEAD_IN_LEVELS)
    pieces = np.empty((n_clips, length), np.int16)
    for piece in pieces:
        recording = noise[rng.integers(len(noise))]
        start = rng.integers(max(1, recording.size - length + 1))
        noise_piece = np.resize(recording[start : start + length], length)
        piece[:] = noise_piece * 10 ** rng.uniform(low, high)
    return pieces
