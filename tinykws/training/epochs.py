# SPDX-License-Identifier: Apache-2.0
"""What the network is shown in an epoch: the training clips, each time altered anew, in a new order.

What a device heard before a word is not in the clip, but it has set the front-end's noise estimate and gain. So part
of the clips are heard after a lead-in of noise, the others from a fresh start (as validation clips are).
"""

from __future__ import annotations

import collections
import dataclasses
import threading
from collections.abc import Generator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from tinykws.native.features import Features, Samples, features_of_clips
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.training_settings import AugmentationSettings
from tinykws.training.epoch_order import epoch_order
from tinykws.training_data.augmentation.clip_augmenter import Augmenter
from tinykws.training_data.augmentation.feature_masks import mask_features
from tinykws.training_data.augmentation.tempo import at_other_tempo
from tinykws.training_data.dataset import Dataset, is_recording

CHUNK_CLIPS = 512
"""Clips altered at a time; bounds memory at some 50 MB a thread."""
STEP_CLIPS = 64
"""Clips between two looks at whether anybody still waits: a twentieth of a second."""
THREADS = 2
"""Epochs in the making: the front-end takes longer than a step of these small networks, and leaves Python's lock."""
LEAD_IN_LEVELS = (0.01, 1.0)
"""Lead-in noise is played at a loudness between these parts of its own, evenly in decibels."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """One epoch's clips in the order to learn from."""

    features: Features
    """int8 [n, n_frames, n_mels]."""
    label_ids: npt.NDArray[np.int64]
    """int [n]; a word that was cut is unknown here."""
    rows: npt.NDArray[np.int64]
    """int [n]: which of the dataset's training clips each is."""


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
        """Yields epochs 0 to count - 1; coming ones are made in other threads while the caller learns from one.

        Close it where it is left early: then the coming ones are given up at once.
        """
        executor = ThreadPoolExecutor(THREADS)
        try:
            coming = collections.deque(executor.submit(self.make, number) for number in range(min(THREADS, count)))
            for number in range(THREADS, THREADS + count):
                epoch = coming.popleft().result()
                if number < count:
                    coming.append(executor.submit(self.make, number))
                yield epoch
        finally:
            self._stopped.set()
            executor.shutdown(wait=True, cancel_futures=True)
            self._stopped.clear()

    def make(self, number: int) -> Epoch:
        """Returns epoch `number`."""
        rng = np.random.default_rng([self._seed, number])
        settings = self._settings
        part = settings.recordings_share or 0.0
        order = epoch_order(self._label_ids, self._recorded, part, settings.clips_per_epoch, rng)
        features = np.empty((len(order), *self._dataset.frontend.features_shape), np.int8)
        label_ids = np.empty(len(order), np.int64)
        for start in range(0, len(order), CHUNK_CLIPS):
            chosen = order[start : start + CHUNK_CLIPS]
            rng = np.random.default_rng([self._seed, number, start + 1])
            here = slice(start, start + len(chosen))
            clips, label_ids[here] = self._augmenter.altered(self._clips[chosen], self._label_ids[chosen], rng)
            features[here] = self._heard(clips, rng)
        return Epoch(features, label_ids, order)

    def _heard(self, clips: Samples, rng: np.random.Generator) -> Features:
        led_in = rng.random(len(clips)) < (self._settings.lead_in_probability if self._dataset.noise else 0.0)
        features = np.empty((len(clips), *self._dataset.frontend.features_shape), np.int8)
        features[led_in] = self._after_lead_in(clips[led_in], rng)
        features[~led_in] = self._features(clips[~led_in], self._dataset.frontend)
        features = at_other_tempo(features, self._settings.tempo_percent or 0.0, rng)
        return mask_features(features, self._settings, rng)

    def _after_lead_in(self, clips: Samples, rng: np.random.Generator) -> Features:
        """Returns the clips' features when noise was heard before; frames fall on the same samples as without."""
        frontend = self._dataset.frontend
        lead_frames = self._settings.lead_in_ms // frontend.stride_ms
        noise = lead_in_noise(self._dataset.noise, len(clips), lead_frames * frontend.stride_samples, rng)
        long = dataclasses.replace(frontend, clip_ms=frontend.clip_ms + lead_frames * frontend.stride_ms)
        return self._features(np.concatenate([noise, clips], axis=1), long)[:, lead_frames:]

    def _features(self, clips: Samples, frontend: FrontendSettings) -> Features:
        """Returns the clips' features. Raises CancelledError where nobody waits for them any more."""
        features = np.empty((len(clips), *frontend.features_shape), np.int8)
        for start in range(0, len(clips), STEP_CLIPS):
            if self._stopped.is_set():
                raise CancelledError
            features[start : start + STEP_CLIPS] = features_of_clips(clips[start : start + STEP_CLIPS], frontend)
        return features


def lead_in_noise(noise: list[Samples], n_clips: int, length: int, rng: np.random.Generator) -> Samples:
    """Returns int16 [n_clips, length]: stretches of the noise recordings, each at a loudness of its own."""
    low, high = np.log10(LEAD_IN_LEVELS)
    stretches = np.empty((n_clips, length), np.int16)
    for stretch in stretches:
        recording = noise[rng.integers(len(noise))]
        start = rng.integers(max(1, recording.size - length + 1))
        piece = np.resize(recording[start : start + length], length)
        stretch[:] = piece * 10 ** rng.uniform(low, high)
    return stretches


def class_weights(label_ids: npt.NDArray[np.int64], n_labels: int, balance: float = 1.0) -> npt.NDArray[np.float32]:
    """Returns float [n_labels]: how much a clip of each label counts.

    With a balance of 1 every label counts the same in all, with 0 every clip; between them it is between. The mean
    over all clips is 1; labels without a clip get 0.
    """
    counts = np.bincount(label_ids, minlength=n_labels)
    present = counts > 0
    weights = np.zeros(n_labels)
    weights[present] = (1 / counts[present]) ** balance
    return np.asarray(weights * len(label_ids) / (weights @ counts), np.float32)
