# SPDX-License-Identifier: Apache-2.0
"""A small network on top of a teacher's rows: learns the project's words from 1.3 s of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ
from tinykws.support.progress import Progress
from tinykws.training.lessons import Logits
from tinykws.training.segments import NOT_COUNTED
from tinykws.training.teachers.kept_embeddings import Half
from tinykws.training.teachers.tracks import Track
from tinykws.training.tensorflow_import import import_tensorflow

SEEN_S = 1.28
"""The head sees so much, beside what each row is of; measured with rows of 0.78 s."""
WIDTH = 64
DROPOUT = 0.3
PASSES = 4
"""How often it learns each row …"""
LEAST_STEPS = 300
"""… or more often, if there are few."""
MOST_ROWS = 400_000
"""It learns at most so many rows of each pass, at random."""
BATCH = 512
LEARNING_RATE = 0.001


class Head:
    """The head of a teacher."""

    def __init__(self, size: int, n_labels: int, hop_samples: int, silence: Half, seed: int) -> None:
        """Creates an untrained head.

        Args:
            size: numbers in a row.
            n_labels: number of outputs.
            hop_samples: from one row to the next.
            silence: a row of silence, [size], heard before every sound.
            seed: for all random choices.
        """
        import_tensorflow()
        import keras
        from keras import layers

        keras.utils.set_random_seed(seed)
        self._seen = max(1, round(SEEN_S * SAMPLE_RATE_HZ / hop_samples))
        self._silence = np.repeat(silence[None], self._seen - 1, axis=0)
        self._rng = np.random.default_rng([seed, 7])
        hidden = [layers.Dense(WIDTH, "relu"), layers.Dropout(DROPOUT), layers.Dense(WIDTH, "relu")]
        self._model: Any = keras.Sequential(
            [keras.Input((self._seen * size,)), layers.LayerNormalization(), *hidden, layers.Dense(n_labels)]
        )

    def learn(self, tracks: Sequence[Track], progress: Progress) -> None:
        """Learns all rows that have a target."""
        import keras

        rows = self._after_silence([track.rows for track in tracks])
        before = np.full(self._seen - 1, NOT_COUNTED, np.int8)
        targets = np.concatenate([part for track in tracks for part in (before, track.targets)])
        self._model.compile(
            keras.optimizers.Adam(LEARNING_RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        )
        counted = np.flatnonzero(targets != NOT_COUNTED)
        steps = -(-min(len(counted), MOST_ROWS) // BATCH)
        for _ in progress.track(range(max(PASSES, -(-LEAST_STEPS // steps))), "teacher learns the words"):
            order = self._rng.permutation(counted)[:MOST_ROWS]
            for start in range(0, len(order), BATCH):
                ends = order[start : start + BATCH]
                self._model.train_on_batch(self._windows(rows, ends), targets[ends].astype(np.int32))

    def logits(self, sounds: Sequence[Half]) -> list[Logits]:
        """Returns float32 [n, n_labels] for each sound's rows [n, size]."""
        rows = self._after_silence(sounds)
        lengths = np.array([len(each) for each in sounds])
        first = np.cumsum(lengths + self._seen - 1) - lengths
        ends = np.concatenate([start + np.arange(length) for start, length in zip(first, lengths, strict=True)])
        starts = range(0, len(ends), BATCH)
        parts = [self._model(self._windows(rows, ends[at : at + BATCH]), training=False) for at in starts]
        return np.split(np.concatenate([np.asarray(part, np.float32) for part in parts]), np.cumsum(lengths)[:-1])

    def _after_silence(self, sounds: Sequence[Half]) -> Half:
        """Returns the rows of sounds one after another, [n, size], each after as much silence as the head sees."""
        return np.concatenate([part for each in sounds for part in (self._silence, each)])

    def _windows(self, rows: Half, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Returns float32 [n, seen * size]: the last rows up to each of `ends`."""
        seen = rows[ends[:, None] + np.arange(1 - self._seen, 1)]
        return np.asarray(seen.reshape(len(ends), -1), np.float32)
