# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes a network that learned a word from synthetic clips on a few recordings of it.

A few hundred steps on segments in which half of the words are the recordings and the others synthetic, as before.
Twenty recordings raise the recall on other people by a third to a half (docs/notebook/hearing_people.md). Without the
synthetic clips, the network would learn the recordings by heart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.native.features import Features
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import FIRST_WORD
from tinykws.project.training_settings import TrainingSettings
from tinykws.training.architectures.stream_tcn import STRIDE, shape_for
from tinykws.training.running_mean import Weights
from tinykws.training.segments import SegmentMaker
from tinykws.training.stream_trainer import StreamTrainer
from tinykws.training.trainer import EpochResult
from tinykws.training_data.dataset import Dataset, is_recording
from tinykws.training_data.folders import SILENCE_INDEX, TRAINING, UNKNOWN_INDEX

EPOCHS = 4
CLIPS_PER_EPOCH = 4000
PASSES = 3
"""With batches of 64 segments, 252 steps: less than a minute on two cores."""
LEARNING_RATE = 0.001
RECORDINGS_SHARE = 0.5
"""Share of the recordings among the clips of a word."""
CLIPS_PER_WORD = 1200
"""Clips of all words together, recordings repeated …"""
OTHER_CLIPS = 1500
"""… and of other words, drawn at random: more would hardly be used in so few steps."""

Rows = npt.NDArray[np.int64]


def recordings_for_fine_tuning(dataset: Dataset) -> Rows:
    """Returns the training rows of words' recordings that are fewer than the word's synthetic clips.

    There are none for words without synthetic clips: a network learns those from the recordings from the beginning.
    """
    label_ids = np.asarray(dataset.label_ids(TRAINING))
    recorded = np.array([is_recording(source) for source in dataset.sources(TRAINING)], np.bool_)
    few = []
    for label_id in range(FIRST_WORD, len(dataset.labels)):
        rows = np.flatnonzero((label_ids == label_id) & recorded)
        if len(rows) < np.sum((label_ids == label_id) & ~recorded):
            few.append(rows)
    return np.concatenate(few) if few else np.zeros(0, np.int64)


def without(dataset: Dataset, rows: Rows) -> Dataset:
    """Returns the dataset for a training on segments that does not use some training clips: they get another label."""
    label_ids = np.array(dataset.all_label_ids)
    label_ids[rows] = SILENCE_INDEX  # training clips come first, and segments have no clips of silence
    return dataclasses.replace(dataset, all_label_ids=label_ids)


def mixed(dataset: Dataset, recordings: Rows, share: float, seed: int) -> Dataset:
    """Returns a dataset of training clips in which recordings have a share of the clips of their words.

    Args:
        dataset: all clips.
        recordings: training rows of the recordings to use; those of other recordings are not used.
        share: 0 to 1.
        seed: decides which other clips are used.
    """
    rng = np.random.default_rng([seed, *b"mixed"])
    label_ids = np.asarray(dataset.label_ids(TRAINING))
    fewer = without(dataset, recordings_for_fine_tuning(dataset))
    synthetic_ids = np.asarray(fewer.label_ids(TRAINING))
    words = range(FIRST_WORD, len(dataset.labels))
    count = CLIPS_PER_WORD // len(words)
    rows = []
    for label_id in words:
        own = recordings[label_ids[recordings] == label_id]
        repeated = np.resize(own, round(share * count)) if len(own) else own
        rows += [repeated, _drawn(np.flatnonzero(synthetic_ids == label_id), count - len(repeated), rng)]
    rows.append(_drawn(np.flatnonzero(synthetic_ids == UNKNOWN_INDEX), OTHER_CLIPS, rng))
    chosen = np.concatenate(rows).astype(np.int64)
    return dataclasses.replace(
        dataset,
        split_sizes={split: len(chosen) if split == TRAINING else 0 for split in dataset.split_sizes},
        all_sources=[dataset.all_sources[row] for row in chosen],
        keys=[dataset.keys[row] for row in chosen],
        all_label_ids=dataset.all_label_ids[chosen],
        all_clips=dataset.all_clips[chosen],
        all_features=dataset.all_features[chosen],
    )


def _drawn(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    return np.sort(rng.choice(rows, min(most, len(rows)), replace=False))


class FineTuner:
    """Fine-tunes one network several times, each time from the same weights."""

    def __init__(
        self,
        dataset: Dataset,
        talk: Sequence[Samples],
        architecture: str,
        settings: TrainingSettings,
        weights: Weights,
    ) -> None:
        """Prepares the network.

        Args:
            dataset: the clips.
            talk: recordings without the words, int16 [m].
            architecture: a name of STREAM_WIDTHS.
            settings: with all defaults filled in; epochs and clips of an epoch do not apply.
            weights: what StreamTrainer.weights returned after the training on synthetic clips.
        """
        augmentation = dataclasses.replace(settings.augmentation, clips_per_epoch=CLIPS_PER_EPOCH)
        self._settings = dataclasses.replace(settings, epochs=EPOCHS, augmentation=augmentation)
        self._dataset, self._talk, self._weights = dataset, talk, weights
        share = settings.augmentation.recordings_share
        self.share = RECORDINGS_SHARE if share is None else share
        maker = self._maker(dataset)
        n_frames = maker.n_frames
        self.frontend: FrontendSettings = dataclasses.replace(
            dataset.frontend, clip_ms=dataset.frontend.window_ms + (n_frames - 1) * dataset.frontend.stride_ms
        )
        """The front-end for sound as long as a segment."""
        self.row_ms = STRIDE * dataset.frontend.stride_ms
        self._trainer = StreamTrainer(
            architecture,
            dataset.frontend.features_shape,
            len(dataset.labels),
            maker,
            self._settings,
            learning_rate=LEARNING_RATE,
            passes=PASSES,
        )
        self._trainer.restore(weights)

    def tune(self, recordings: Rows) -> EpochResult:
        """Trains on these recordings from the weights of the beginning; returns how the last epoch went."""
        self._trainer.restore(self._weights)
        self._trainer.begin(EPOCHS, LEARNING_RATE)
        made = self._maker(mixed(self._dataset, recordings, self.share, self._settings.seed)).first(EPOCHS)
        try:
            results = [self._trainer.train_epoch(segments) for segments in made]
        finally:
            made.close()
        self._trainer.restore(self._trainer.weights())
        return results[-1]

    def weights(self) -> Weights:
        """Returns a copy of the present weights."""
        return self._trainer.weights()

    def logits(self, features: Features) -> npt.NDArray[np.float32]:
        """Returns float [n, rows, n_labels] of int8 [n, n_frames, n_mels] of `frontend`, by the present weights."""
        return self._trainer.logits(features)

    def _maker(self, dataset: Dataset) -> SegmentMaker:
        shape = shape_for(dataset.frontend.n_frames)
        return SegmentMaker(dataset, self._talk, self._settings.augmentation, shape, self._settings.seed)
